"""What the readers and writers of files share: the values of a cell, and why a file can't be read."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Any

from app.core.errors import BusinessError
from app.core.exchange.guard import unguard_text
from app.core.i18n import lazy_gettext as _l

# A `bool` is an `int` and a `datetime` is a `date`: whoever tells them apart asks for the narrower one first.
Cell = str | int | Decimal | bool | date | datetime | None

MAX_COLUMNS = 500
# Characters of one cell. A spreadsheet's own limit is 32,767; a CSV has none.
MAX_TEXT = 1_000_000
# Ends a text that was too long for a spreadsheet's cell. The reader reports such a cell, instead of taking a
# part for the whole.
CUT_MARK = "… [cut]"
CUT = "#CUT!"
# A formula whose result no spreadsheet has written into the file.
UNCALCULATED = "#FORMULA!"

ERRORS = frozenset({"#N/A", "#VALUE!", "#REF!", "#DIV/0!", "#NUM!", "#NAME?", "#NULL!", "#SPILL!", "#CALC!", CUT})

REASONS = {
    "empty": _l("The file is empty."),
    "unknown_type": _l("This is neither a spreadsheet nor a text table. Save it as XLSX or CSV and try again."),
    "old_xls": _l("This is an old Excel file (.xls). Save it as XLSX or CSV and try again."),
    "too_large": _l("The file is larger than %(limit)s MiB. Split it and import the parts."),
    "too_many_columns": _l("The file has more than %(limit)s columns. Keep only those to import."),
    "zip_bomb": _l("Unpacked, the file would be far too large. Save the sheet to import alone, as XLSX or CSV."),
    "encrypted": _l("The file is protected by a password. Save it without one and try again."),
    "unknown_encoding": _l(
        "The file's characters are neither UTF-8, UTF-16 nor GBK. Save it as XLSX or CSV UTF-8 and try again."
    ),
    "nul_bytes": _l("The file holds zero bytes, so it is no text table. Save it as XLSX or CSV and try again."),
    "no_header": _l("The first row must hold the names of the columns."),
    "no_rows": _l("There is nothing below the first row. Is this the file that you meant?"),
    "open_quote": _l("A quotation mark opened in row %(row)s is never closed."),
    "open_card": _l("Card %(row)s has no end. Export the cards once more and try again."),
    "broken_card": _l("Card %(row)s can't be read. Export the cards once more, as vCard 3.0, and try again."),
    "damaged": _l("The file is damaged, or its rows are too long. Open it, save it as XLSX or CSV and try again."),
}


class UnreadableFile(BusinessError):
    """The file as a whole can't be read.

    ``reason`` is a key of ``REASONS``, ``message`` its translated sentence.
    """

    def __init__(self, reason: str, **params: Any) -> None:
        super().__init__(str(REASONS[reason]) % params)
        self.reason = reason
        self.params = params


class CellError(str):
    """What a cell holds instead of a value: ``"#N/A"`` and the like; ``CUT`` for a text cut by an export,
    ``UNCALCULATED`` for a formula without its result.
    """

    __slots__ = ()


def clean_text(raw: str) -> str | None:
    """What a text cell says: without an export's guard and outer white space; None if nothing is left."""
    text = unguard_text(raw).strip()
    if text.startswith("#") and text in ERRORS:
        return CellError(text)
    return text or None
