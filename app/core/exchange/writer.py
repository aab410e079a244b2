"""Writes exports as CSV or XLSX, row by row, so that memory does not grow with their number.

What is written here reads back equal (``reader.open_table``), up to a text's outer white space; a datetime at
midnight comes back from a sheet as a date, and from a CSV everything comes back as text.
"""

from __future__ import annotations

import csv
import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import xlsxwriter

from app.core.exchange.cells import CUT_MARK, Cell
from app.core.exchange.guard import guard_text

# A sheet's rows, the header aside; further rows go to further sheets.
MAX_ROWS = 1_048_575
# UTF-16 units of a sheet's cell.
MAX_CELL = 32_767
# Significant digits of a sheet's number; longer ones are written as text.
MAX_DIGITS = 15
FIRST_DATE = date(1900, 1, 1)

DATE_FORMAT = "yyyy-mm-dd"
DATETIME_FORMAT = "yyyy-mm-dd hh:mm"

WIDTHS = {"text": 24, "number": 14, "date": 12, "datetime": 17, "bool": 8, "code": 16}
MAX_WIDTH = 60
# Room for the arrow of the filter.
ARROW = 4
SHEET_NAME_LENGTH = 31

# Zero bytes and halves of characters: no file can hold them.
_UNWRITABLE = re.compile("[\0\ud800-\udfff]")
_NOT_IN_SHEET_NAME = re.compile(r"[\[\]:*?/\\\x00-\x1f]")


@dataclass(frozen=True)
class ExportColumn:
    """A column: ``kind`` is text, number, date, datetime, bool or code (digits that are a name: always text).

    ``scale``: the decimals shown.  ``width``: in characters; by kind and label if None.
    """

    name: str
    label: str
    kind: str
    scale: int | None = None
    width: int | None = None


def write_csv(
    path: Path,
    columns: Sequence[ExportColumn],
    rows: Iterable[Sequence[Cell]],
    *,
    bool_labels: tuple[str, str] = ("true", "false"),
) -> None:
    """Writes UTF-8 with a byte order mark, commas, CRLF; ``bool_labels`` are those of true and false.

    Times must be naive.  A decimal has its column's scale, more digits only if the value has more.  Texts are
    guarded against formulas.
    """
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        # In quotes, a delimiter in a label can't be taken for the file's.
        csv.writer(file, quoting=csv.QUOTE_ALL).writerow([_safe(column.label) for column in columns])
        writer = csv.writer(file)
        for row in rows:
            writer.writerow(
                [
                    _plain(value, columns[index].scale if index < len(columns) else None, bool_labels)
                    for index, value in enumerate(row)
                ]
            )


def write_xlsx(
    path: Path,
    columns: Sequence[ExportColumn],
    rows: Iterable[Sequence[Cell]],
    *,
    sheet_name: str = "Data",
) -> None:
    """Writes typed cells under a bold, frozen header with filters.  Times must be naive.

    A number of more than 15 significant digits is written as text, as is a date before 1900.  A text longer
    than a cell holds is cut and says so, and the reader reports such a cell.  After 1,048,575 rows another
    sheet goes on, which the reader does not read: CSV has no such limit.
    """
    with _workbook(path) as book:
        sheet = _SheetWriter(book, columns, sheet_name)
        for row in rows:
            sheet.write(row)
        sheet.finish()


def write_errors(
    path: Path,
    headers: Sequence[str],
    failed_rows: Iterable[tuple[Sequence[Cell], str]],
    reason_label: str,
) -> None:
    """Writes the rows that failed, each with its reason in a last column: CSV if ``path`` ends so, else XLSX.

    ``failed_rows``: values as the reader gave them, and the reason.  What a row holds beyond its headers
    follows the reason.
    """
    width = len(headers)
    columns = [ExportColumn(f"column_{index}", header, "text") for index, header in enumerate(headers)]
    columns.append(ExportColumn("reason", reason_label, "text", width=MAX_WIDTH))
    rows = (
        [*values[:width], *[None] * (width - len(values)), reason, *values[width:]] for values, reason in failed_rows
    )
    if path.suffix.lower() == ".csv":
        write_csv(path, columns, rows)
    else:
        write_xlsx(path, columns, rows)


def _safe(text: str) -> str:
    return guard_text(_UNWRITABLE.sub("", text))


def _digits(value: int | Decimal, scale: int | None) -> str:
    """``value`` in plain digits, with ``scale`` decimals unless it has more."""
    number = Decimal(value)
    if not number.is_finite():
        return str(number)
    digits = format(number, "f")
    if scale is None:
        return digits
    whole, _, decimals = digits.partition(".")
    decimals = decimals.rstrip("0").ljust(scale, "0")
    return f"{whole}.{decimals}" if decimals else whole


def _plain(value: Cell, scale: int | None, bool_labels: tuple[str, str]) -> str:
    if value is None:
        return ""
    if isinstance(value, str):
        return _safe(value)
    if isinstance(value, bool):
        return bool_labels[0] if value else bool_labels[1]
    if isinstance(value, datetime):
        return value.isoformat(sep=" ")
    if isinstance(value, date):
        return value.isoformat()
    return _digits(value, scale)


@contextmanager
def _workbook(path: Path) -> Iterator[Any]:
    """A workbook written to ``path`` at the end of the block; nothing is left if it fails."""
    book = xlsxwriter.Workbook(
        path,
        {
            "constant_memory": True,
            "strings_to_formulas": False,
            "strings_to_urls": False,
            "strings_to_numbers": False,
        },
    )
    try:
        yield book
    except BaseException:
        # Only closing takes away the temporary files.
        book.close()
        path.unlink(missing_ok=True)
        raise
    book.close()


class _SheetWriter:
    """Writes rows to a sheet, and to a further one when it is full."""

    def __init__(self, book: Any, columns: Sequence[ExportColumn], sheet_name: str) -> None:
        self.book, self.columns = book, columns
        self.name = _NOT_IN_SHEET_NAME.sub(" ", sheet_name).strip("' ") or "Data"
        self.formats: dict[str, Any] = {}
        self.bold = book.add_format({"bold": True})
        self.sheets = 0
        self.sheet: Any = None
        self.row = 0
        self._open()

    def write(self, values: Sequence[Cell]) -> None:
        if self.row == MAX_ROWS:
            self.finish()
            self._open()
        self.row += 1
        for index, value in enumerate(values):
            if value is not None:
                self._put(index, value)

    def finish(self) -> None:
        if self.columns:
            self.sheet.autofilter(0, 0, self.row, len(self.columns) - 1)

    def _open(self) -> None:
        self.sheets += 1
        ending = "" if self.sheets == 1 else f" ({self.sheets})"
        self.sheet = self.book.add_worksheet(self.name[: SHEET_NAME_LENGTH - len(ending)] + ending)
        self.sheet.freeze_panes(1, 0)
        self.row = 0
        for index, column in enumerate(self.columns):
            self.sheet.set_column(index, index, _width(column))
            self._put_text(index, _safe(column.label), self.bold)

    def _put(self, index: int, value: str | int | Decimal | bool | date) -> None:
        column = self.columns[index] if index < len(self.columns) else None
        if isinstance(value, str):
            self._put_text(index, _safe(value))
        elif isinstance(value, bool):
            self.sheet.write_boolean(self.row, index, value)
        elif isinstance(value, date):
            is_time = isinstance(value, datetime)
            if (value.date() if isinstance(value, datetime) else value) < FIRST_DATE:
                self._put_text(index, _plain(value, None, ("", "")))
            else:
                shown = self._format(DATETIME_FORMAT if is_time else DATE_FORMAT)
                self.sheet.write_datetime(self.row, index, value, shown)
        else:
            scale = column.scale if column else None
            if column and column.kind == "code" or _is_long(value):
                self._put_text(index, _digits(value, scale))
            else:
                shown = None if scale is None else self._format(f"0.{'0' * scale}" if scale else "0")
                self.sheet.write_number(self.row, index, float(value), shown)

    def _put_text(self, index: int, text: str, shown: Any = None) -> None:
        if len(text) > MAX_CELL // 2:
            text = _cut(text)
        # XlsxWriter takes a text between these for markup of its own and would not escape it.
        if text.startswith("<r>") and text.endswith("</r>"):
            text += " "
        self.sheet.write_string(self.row, index, text, shown)

    def _format(self, code: str) -> Any:
        if code not in self.formats:
            self.formats[code] = self.book.add_format({"num_format": code})
        return self.formats[code]


def _is_long(value: int | Decimal) -> bool:
    """Whether a sheet's number would not hold every digit of ``value``."""
    number = Decimal(value)
    if not number.is_finite():
        return True
    digits = "".join(map(str, number.as_tuple().digits)).strip("0")
    return len(digits) > MAX_DIGITS or abs(number.adjusted()) > 300


def _cut(text: str) -> str:
    units = text.encode("utf-16-le")
    if len(units) <= 2 * MAX_CELL:
        return text
    return units[: 2 * (MAX_CELL - len(CUT_MARK))].decode("utf-16-le", "ignore") + CUT_MARK


def _width(column: ExportColumn) -> int:
    """In characters; a Chinese character takes two."""
    if column.width is not None:
        return column.width
    label = sum(2 if unicodedata.east_asian_width(character) in "WF" else 1 for character in column.label)
    return min(max(WIDTHS.get(column.kind, WIDTHS["text"]), label + ARROW), MAX_WIDTH)
