"""Opens a file that somebody wants to import, as a table: headers, and rows read one by one.

What the file is gets decided by its content.  Neither size nor shape makes a reader hold more than a few rows
and, for a workbook, its table of shared texts.
"""

from __future__ import annotations

import codecs
import csv
import re
from collections.abc import Callable, Generator, Iterator
from contextlib import closing
from datetime import date
from functools import partial
from pathlib import Path
from typing import TextIO

from app.core.exchange import vcard
from app.core.exchange.cells import (
    MAX_COLUMNS,
    MAX_TEXT,
    REASONS,
    Cell,
    CellError,
    UnreadableFile,
    clean_text,
)
from app.core.exchange.xlsx import XlsxSheet, is_workbook

__all__ = ["REASONS", "Cell", "CellError", "Table", "UnreadableFile", "open_table"]

MIB = 1024 * 1024
MAX_BYTES = 50 * MIB
# A line of a text file, in characters.
MAX_LINE = 4 * MAX_TEXT
CHUNK = MIB
# A failure after so many bytes of longer characters means broken UTF-8: read as GBK it would be a mess.
BROKEN_UTF8 = 40
SUFFIXES = {"", ".csv", ".txt", ".tsv", ".tab", ".xlsx", ".xlsm", ".xltx", ".xls", ".vcf", ".vcard"}

CARDS = {".vcf", ".vcard"}

OLE_SIGNATURE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
# A workbook before Excel 5 begins with the record BOF, without a container.
BIFF_SIGNATURES = (b"\x09\x00\x04\x00", b"\x09\x02\x06\x00", b"\x09\x04\x06\x00", b"\x09\x08\x08\x00")
ENCRYPTED_STREAM = "EncryptedPackage".encode("utf-16-le")

# First wins when several are equally frequent.
DELIMITERS = ",;\t|"
_NUMBER = re.compile(r"[-+]?[\d.,\s]*\d%?")
# Ends the lines given to the CSV parser: an unclosed quotation mark swallows it. No line holds it, as NUL is
# refused.
_END = "\0"

Rows = Generator[tuple[int, list[Cell]], None, None]

csv.field_size_limit(MAX_TEXT)


class Table:
    """A file's headers and rows.

    ``headers``: the first row that is not blank; "" for a column without one, and a repeated one is numbered:
    ``["Name", "Name (2)"]``.

    Iterating yields ``(line_number, values)``, each time from the file again.  ``line_number`` is the row
    that a person sees in a spreadsheet (the header is 1 if nothing blank precedes it): in a CSV a record
    with line breaks in quotes counts as one, and blank rows are left out but counted.  ``values`` has as
    many items as ``headers``, more only if the row holds something beyond them.  A text is stripped, freed
    of an export's guard (nobody else takes it off), and never ""; an error is a ``CellError``.  A CSV holds
    only texts.  A sheet also yields int, Decimal, bool, date, and datetime if the time is not midnight.

    Iterating raises ``UnreadableFile`` when it meets damage.  Name cards are a table too, a row for each; what one of
    them leaves out it says nothing of (``is_partial``), while an empty cell says that there is nothing.
    """

    def __init__(self, kind: str, records: Callable[[], Rows]) -> None:
        self.kind = kind
        self.is_partial = kind == "vcf"
        self._records = records
        with closing(self._filled()) as rows:
            first = next(rows, None)
        if first is None:
            raise UnreadableFile("empty")
        self.header_line, values = first
        if not any(_is_name(value) for value in values):
            raise UnreadableFile("no_header")
        self.headers = _headers(values)

    def __iter__(self) -> Iterator[tuple[int, list[Cell]]]:
        width = len(self.headers)
        with closing(self._filled()) as rows:
            next(rows)
            for line_number, values in rows:
                values.extend([None] * (width - len(values)))
                yield line_number, values

    def _filled(self) -> Rows:
        """The rows that hold something, without the empty cells at their end."""
        with closing(self._records()) as records:
            for line_number, values in records:
                while values and values[-1] is None:
                    values.pop()
                if len(values) > MAX_COLUMNS:
                    raise UnreadableFile("too_many_columns", limit=MAX_COLUMNS)
                if values:
                    yield line_number, values


def open_table(path: Path, filename: str, *, max_bytes: int = MAX_BYTES) -> Table:
    """The table in the file that its owner calls ``filename``: an XLSX's first visible sheet, a CSV, or vCards.

    A CSV may be UTF-8, UTF-16 (with a byte order mark) or GBK/GB18030, separated by comma, semicolon, tab or
    bar.  ``max_bytes`` is the file's size as it lies there.  Raises ``UnreadableFile`` when the file is
    neither, too large, encrypted, damaged or without a header.
    """
    size = path.stat().st_size
    if size == 0:
        raise UnreadableFile("empty")
    if size > max_bytes:
        raise UnreadableFile("too_large", limit=f"{max_bytes / MIB:g}")
    with path.open("rb") as file:
        start = file.read(512)
    if start.startswith(b"PK"):
        if not is_workbook(path):
            raise UnreadableFile("unknown_type")
        return Table("xlsx", XlsxSheet(path).rows)
    if start.startswith(OLE_SIGNATURE):
        raise UnreadableFile("encrypted" if ENCRYPTED_STREAM in path.read_bytes() else "old_xls")
    if start.startswith(BIFF_SIGNATURES):
        raise UnreadableFile("old_xls")
    # A web page or XML that calls itself .xls is a favourite of reporting systems.
    if Path(filename).suffix.lower() not in SUFFIXES or start.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(
        (b"<", b"%PDF")
    ):
        raise UnreadableFile("unknown_type")
    encoding = _encoding(path, start)
    if vcard.is_cards(start.decode(encoding, errors="replace")):
        return Table("vcf", partial(vcard.rows, path, encoding))
    if Path(filename).suffix.lower() in CARDS:
        raise UnreadableFile("unknown_type")
    return Table("csv", partial(_csv_records, path, encoding, *_dialect(path, encoding)))


def _is_name(value: Cell) -> bool:
    return isinstance(value, str) and not isinstance(value, CellError) and not _NUMBER.fullmatch(value)


def _headers(values: list[Cell]) -> list[str]:
    headers: list[str] = []
    taken: set[str] = set()
    for value in values:
        name = value.isoformat() if isinstance(value, date) else "" if value is None else str(value)
        name = " ".join(name.strip("\ufeff\u200b").split())
        unique, count = name, 1
        while unique and unique in taken:
            count += 1
            unique = f"{name} ({count})"
        taken.add(unique)
        headers.append(unique)
    return headers


def _encoding(path: Path, start: bytes) -> str:
    """The encoding in which the whole file is valid."""
    if start.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        candidates = ["utf-16"]
    elif start.startswith(codecs.BOM_UTF8):
        candidates = ["utf-8-sig"]
    else:
        # UTF-8 first: GBK is hardly ever valid UTF-8 by chance, the reverse is common.
        candidates = ["utf-8", "gb18030"]
    for encoding in candidates:
        decoder = codecs.getincrementaldecoder(encoding)()
        surplus = 0
        with path.open("rb") as file:
            try:
                while chunk := file.read(CHUNK):
                    text = decoder.decode(chunk)
                    if "\0" in text:
                        raise UnreadableFile("nul_bytes")
                    surplus += len(chunk) - len(text)
                decoder.decode(b"", final=True)
            except UnicodeDecodeError as error:
                valid = error.object[: error.start]
                surplus += len(valid) - len(valid.decode(encoding))
                if encoding == "utf-8" and surplus > BROKEN_UTF8:
                    break
                continue
        return encoding
    raise UnreadableFile("unknown_encoding")


def _dialect(path: Path, encoding: str) -> tuple[str, bool]:
    """The delimiter, and whether a first line ``sep=…`` (Excel's hint) states it."""
    with path.open(encoding=encoding, newline="") as file:
        text = file.read(64 * 1024)
    if hint := re.match(r"sep=([,;\t|])\r?\n", text, re.IGNORECASE):
        return hint[1], True
    counts, quoted, nonblank = dict.fromkeys(DELIMITERS, 0), False, False
    for character in text:
        if character == '"':
            quoted = not quoted
        elif quoted:
            continue
        elif character in counts:
            counts[character] += 1
        elif character in "\r\n" and nonblank:
            break
        nonblank = nonblank or not character.isspace()
    return max(DELIMITERS, key=counts.__getitem__), False


def _csv_records(path: Path, encoding: str, delimiter: str, hinted: bool) -> Rows:
    number = 0
    with path.open(encoding=encoding, newline="") as file:
        if hinted:
            file.readline()
        records = csv.reader(_lines(file), delimiter=delimiter, skipinitialspace=delimiter != "\t")
        try:
            for record in records:
                number += 1
                if record and record[-1].endswith(_END):
                    if record != [_END]:
                        raise UnreadableFile("open_quote", row=number)
                    return
                yield number, [clean_text(value) for value in record]
        except csv.Error as error:
            # A field above the limit: nobody fills a cell so far, but a quotation mark left open does.
            raise UnreadableFile("open_quote", row=number + 1) from error


def _lines(file: TextIO) -> Iterator[str]:
    # Never more of a line than is allowed: it may be as long as the file.
    while line := file.readline(MAX_LINE + 1):
        if len(line) > MAX_LINE:
            raise UnreadableFile("damaged")
        yield line
    yield _END
