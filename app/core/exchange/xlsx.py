"""Reads the first visible sheet of an XLSX workbook, row by row, trusting nothing in it.

The sheet is parsed as a stream and sparsely: a row or cell that is not written down costs nothing, whatever
the sheet says of its size.  Shared texts, the one part that must be held, are held as packed bytes.
Document types are refused, and with them every trick with entities.  Why no library:
docs/decisions/0004-own-xlsx-reader.md.
"""

from __future__ import annotations

import posixpath
import struct
import zipfile
import zlib
from array import array
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Protocol
from xml.parsers import expat

from app.core.exchange.cells import MAX_COLUMNS, MAX_TEXT, UNCALCULATED, Cell, CellError, UnreadableFile
from app.core.exchange.xlsx_values import date_if_midnight, date_kind, moment_value, number_value, text_value

MIB = 1024 * 1024
MAX_UNPACKED = 300 * MIB
MAX_RATIO = 200
# An entry below this may be packed as tightly as it likes.
RATIO_FROM = 10 * MIB
MAX_ENTRIES = 10_000
CHUNK = 64 * 1024
# A single tag or comment longer than this makes the parser scan it again and again.
MAX_TOKEN = 4 * MIB

WORKBOOK = "xl/workbook.xml"
# The days that a workbook counting from 1904 is behind.
DATE_1904 = 1462

WRONG_INSIDE = (
    zipfile.BadZipFile,
    zlib.error,
    struct.error,
    expat.ExpatError,
    EOFError,
    LookupError,
    ValueError,
    NotImplementedError,
)


class Handler(Protocol):
    """Who is told what a part of a workbook holds, as it is read."""

    def start(self, tag: str, attributes: dict[str, str]) -> None: ...
    def end(self, tag: str) -> None: ...
    def text(self, data: str) -> None: ...


def is_workbook(path: Path) -> bool:
    """Whether the zip at ``path`` holds an XLSX workbook.  Raises ``UnreadableFile`` for a bad zip."""
    with _opened(path) as archive:
        return WORKBOOK in _parts(archive)


class XlsxSheet:
    """The first visible sheet of the workbook at ``path``.

    Raises ``UnreadableFile``: ``zip_bomb`` (before anything is unpacked), ``encrypted``, ``damaged``.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        with _opened(path) as archive:
            workbook, links, styles = _Workbook(), _Links(), _Styles()
            self.texts = _SharedTexts()
            _read(archive, WORKBOOK, workbook)
            _read(archive, "xl/_rels/workbook.xml.rels", links)
            sheets = [links.targets[link] for link in workbook.visible if links.kinds.get(link) == "worksheet"]
            if not sheets:
                raise UnreadableFile("empty")
            self.part = sheets[0]
            for link, kind in links.kinds.items():
                if kind == "styles":
                    _read(archive, links.targets[link], styles)
                elif kind == "sharedStrings":
                    _read(archive, links.targets[link], self.texts)
        self.date_styles = styles.date_styles()
        self.days_off = DATE_1904 if workbook.is_1904 else 0

    def rows(self) -> Generator[tuple[int, list[Cell]], None, None]:
        """The rows that are written down, as ``(number, values)``; a row's values end at its last cell."""
        sheet = _Sheet(self.texts, self.date_styles, self.days_off)
        with _opened(self.path) as archive:
            for _ in _fed(archive, self.part, sheet):
                yield from sheet.rows
                sheet.rows.clear()
                if sheet.is_over:
                    return


@contextmanager
def _opened(path: Path) -> Iterator[zipfile.ZipFile]:
    """The archive, after a look at what it would unpack to; damage becomes an ``UnreadableFile``."""
    try:
        with zipfile.ZipFile(path) as archive:
            entries = archive.infolist()
            # zipfile unpacks no more of an entry than is declared here, so that a lie is of no use.
            if len(entries) > MAX_ENTRIES or sum(entry.file_size for entry in entries) > MAX_UNPACKED:
                raise UnreadableFile("zip_bomb")
            for entry in entries:
                if entry.file_size > RATIO_FROM and entry.file_size > MAX_RATIO * entry.compress_size:
                    raise UnreadableFile("zip_bomb")
                if entry.flag_bits & 1:
                    raise UnreadableFile("encrypted")
                # zipfile unpacks the other methods without a limit on each step; no spreadsheet uses them.
                if entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
                    raise UnreadableFile("damaged")
            yield archive
    except WRONG_INSIDE as error:
        raise UnreadableFile("damaged") from error


def _parts(archive: zipfile.ZipFile) -> dict[str, str]:
    """The entries by the name they should have: some producers write other capitals or backslashes."""
    return {name.replace("\\", "/").lower(): name for name in archive.namelist()}


def _read(archive: zipfile.ZipFile, part: str, handler: Handler) -> None:
    for _ in _fed(archive, part, handler):
        pass


def _fed(archive: zipfile.ZipFile, part: str, handler: Handler) -> Iterator[None]:
    """Feeds ``part`` to ``handler``, piece by piece, with a pause after each."""

    def root(tag: str, attributes: dict[str, str]) -> None:
        # Few producers put a prefix before every tag; the others need not pay for it.
        prefix = tag.rpartition(":")[0]
        skip = len(prefix) + 1
        parser.StartElementHandler = (
            (lambda tag, attributes: handler.start(tag[skip:], attributes)) if prefix else handler.start
        )
        parser.EndElementHandler = (lambda tag: handler.end(tag[skip:])) if prefix else handler.end

    def refuse(*_: object) -> None:
        raise UnreadableFile("damaged")

    parser = expat.ParserCreate()
    parser.buffer_text = True
    parser.StartElementHandler = root
    parser.CharacterDataHandler = handler.text
    parser.StartDoctypeDeclHandler = refuse
    fed = 0
    with archive.open(_parts(archive)[part.lower()]) as file:
        while chunk := file.read(CHUNK):
            parser.Parse(chunk)
            fed += len(chunk)
            if fed - parser.CurrentByteIndex > MAX_TOKEN:
                raise UnreadableFile("damaged")
            yield
        parser.Parse(b"", True)
        yield


class _Workbook:
    """Which sheets can be seen, and from when the days are counted."""

    def __init__(self) -> None:
        self.visible: list[str] = []
        self.is_1904 = False

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        if tag == "sheet" and attributes.get("state", "visible") == "visible":
            self.visible += [value for name, value in attributes.items() if name.endswith(":id")]
        elif tag == "workbookPr":
            self.is_1904 = attributes.get("date1904") in ("1", "true")

    def end(self, tag: str) -> None: ...
    def text(self, data: str) -> None: ...


class _Links:
    """The workbook's parts: kind and name by the id under which the workbook speaks of them."""

    def __init__(self) -> None:
        self.kinds: dict[str, str] = {}
        self.targets: dict[str, str] = {}

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        if tag == "Relationship" and attributes.get("TargetMode") != "External":
            target = attributes["Target"].replace("\\", "/")
            self.kinds[attributes["Id"]] = attributes["Type"].rpartition("/")[2]
            self.targets[attributes["Id"]] = posixpath.normpath(posixpath.join("/xl", target)).lstrip("/")

    def end(self, tag: str) -> None: ...
    def text(self, data: str) -> None: ...


class _Styles:
    """Which styles show a number as a date."""

    def __init__(self) -> None:
        self.codes: dict[int, str] = {}
        self.formats: list[int] = []
        self.in_cells = False

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        if tag == "numFmt":
            self.codes[int(attributes["numFmtId"])] = attributes.get("formatCode", "")
        elif tag == "cellXfs":
            self.in_cells = True
        elif tag == "xf" and self.in_cells:
            self.formats.append(int(attributes.get("numFmtId", 0)))

    def end(self, tag: str) -> None:
        if tag == "cellXfs":
            self.in_cells = False

    def text(self, data: str) -> None: ...

    def date_styles(self) -> dict[str, str]:
        """``DATE`` or ``ELAPSED`` by the number under which a cell names its style."""
        shows = {number: date_kind(number, self.codes.get(number)) for number in set(self.formats)}
        return {str(index): shown for index, number in enumerate(self.formats) if (shown := shows[number])}


class _Texts:
    """Collects the text of an element `si` or `is`: its runs, without the readings above them (`rPh`)."""

    def __init__(self) -> None:
        self.pieces: list[str] = []
        self.length = 0
        self.is_on = False
        self.readings = 0

    def text(self, data: str) -> None:
        if self.is_on:
            self.length += len(data)
            if self.length > MAX_TEXT:
                raise UnreadableFile("damaged")
            self.pieces.append(data)

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        if tag == "t" and not self.readings:
            self.is_on = True
        elif tag == "rPh":
            self.readings += 1

    def end(self, tag: str) -> None:
        if tag == "t":
            self.is_on = False
        elif tag == "rPh":
            self.readings -= 1

    def take(self) -> str:
        text = "".join(self.pieces)
        self.pieces.clear()
        self.length = 0
        return text


class _SharedTexts(_Texts):
    """The texts that cells name by number, packed: eight bytes each above their own."""

    def __init__(self) -> None:
        super().__init__()
        self.packed = bytearray()
        self.ends = array("Q", [0])

    def end(self, tag: str) -> None:
        super().end(tag)
        if tag == "si":
            self.packed += self.take().encode("utf-8", "surrogatepass")
            self.ends.append(len(self.packed))

    def __getitem__(self, index: int) -> str:
        if index < 0:
            raise IndexError(index)
        return self.packed[self.ends[index] : self.ends[index + 1]].decode("utf-8", "surrogatepass")


class _Sheet(_Texts):
    """Turns a sheet's elements into ``rows``, which whoever feeds it takes away from time to time."""

    def __init__(self, texts: _SharedTexts, date_styles: dict[str, str], days_off: int) -> None:
        super().__init__()
        self.texts, self.date_styles, self.days_off = texts, date_styles, days_off
        self.rows: list[tuple[int, list[Cell]]] = []
        self.is_over = False
        self.number = 0
        self.values: list[Cell] = []
        self.column = -1
        self.columns: dict[str, int] = {}
        self.kind, self.style = "n", "0"
        self.is_formula = self.is_empty_text = False

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        if tag == "c":
            reference = attributes.get("r")
            self.column = self.column + 1 if reference is None else self._column(reference)
            self.kind = attributes.get("t", "n")
            self.style = attributes.get("s", "0")
            self.is_formula = self.is_empty_text = False
        elif tag == "v":
            self.is_on = True
            self.is_empty_text = self.kind == "str"  # until there is some
        elif tag == "f":
            self.is_formula = True
        elif tag == "row":
            self.number = int(attributes.get("r", self.number + 1))
            self.column = -1
        else:
            super().start(tag, attributes)

    def end(self, tag: str) -> None:
        if tag == "c":
            if self.pieces:
                self._put(self._value(self.take()))
            elif self.is_formula and not self.is_empty_text:
                self._put(CellError(UNCALCULATED))
        elif tag == "v":
            self.is_on = False
        elif tag == "row":
            if self.values:
                self.rows.append((self.number, self.values))
                self.values = []
        elif tag == "sheetData":
            self.is_over = True
        else:
            super().end(tag)

    def _column(self, reference: str) -> int:
        """The column of «AB12», from 0."""
        letters = reference.rstrip("0123456789")
        if letters not in self.columns:
            if not (letters.isascii() and letters.isalpha()):
                raise ValueError(reference)
            column = 0
            for letter in letters.upper():
                column = column * 26 + ord(letter) - ord("A") + 1
            self.columns[letters] = column - 1
        return self.columns[letters]

    def _put(self, value: Cell) -> None:
        if value is None:
            return
        if self.column >= MAX_COLUMNS:
            raise UnreadableFile("too_many_columns", limit=MAX_COLUMNS)
        missing = self.column - len(self.values)
        if missing > 0:
            self.values.extend([None] * missing)
        if missing < 0:
            self.values[self.column] = value
        else:
            self.values.append(value)

    def _value(self, raw: str) -> Cell:
        if self.kind == "n":
            shown = self.date_styles.get(self.style)
            return number_value(raw) if shown is None else moment_value(raw, shown, self.days_off)
        if self.kind == "s":
            return text_value(self.texts[int(raw)])
        if self.kind == "b":
            return raw.strip() in ("1", "true")
        if self.kind == "e":
            return CellError(raw)
        if self.kind == "d":
            moment = datetime.fromisoformat(raw).replace(tzinfo=None)
            return date_if_midnight(moment)
        return text_value(raw)
