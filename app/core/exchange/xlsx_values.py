"""What the cells of a sheet mean: texts, numbers, and the numbers that are shown as dates."""

from __future__ import annotations

import re
from datetime import date, datetime, timedelta
from decimal import Decimal

from app.core.exchange.cells import CUT, CUT_MARK, Cell, CellError, clean_text

# The formats without a code that show a date; 27–36 and 50–58 do in Chinese, Japanese and Korean.
BUILTIN_DATES = frozenset([*range(14, 23), *range(27, 37), 45, 47, *range(50, 59)])
BUILTIN_ELAPSED = 46
_LITERAL = re.compile(r'"[^"]*"|\\.|_.|\*.|\[(?!h+\]|m+\]|s+\])[^\]]*\]')
_DATE_CODE = re.compile(r"[dmyhs]|aaa|^[^0#?]*e")
_ESCAPED = re.compile(r"_x([0-9A-Fa-f]{4})_")
DATE, ELAPSED = "date", "elapsed"

MILLISECONDS_A_DAY = 86_400_000
# Excel counts from here, and believes in a 29 February 1900: before it, days are one less.
EPOCH, EARLY_EPOCH = datetime(1899, 12, 30), datetime(1899, 12, 31)
LEAP_BUG = 60
SERIAL_END = 2_958_466
# A text that an export cut is at least so long, in characters.
CUT_FROM = 16_000


def date_kind(number: int, code: str | None) -> str | None:
    """``DATE`` or ``ELAPSED`` if a format shows numbers so: by its ``code``, or ``number`` if it has none."""
    if code is None:
        return DATE if number in BUILTIN_DATES else ELAPSED if number == BUILTIN_ELAPSED else None
    code = _LITERAL.sub("", code.lower()).split(";")[0]
    if "general" in code or not _DATE_CODE.search(code):
        return None
    return ELAPSED if "[" in code else DATE


def text_value(raw: str) -> Cell:
    """The text of a cell, its escapes (``_x000D_``) resolved."""
    if "_x" in raw:
        raw = _ESCAPED.sub(lambda match: chr(int(match[1], 16)), raw).replace("\0", "")
        # Halves of a character, escaped one by one, become one; a lonely half means nothing.
        raw = raw.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    if len(raw) > CUT_FROM and raw.endswith(CUT_MARK):
        return CellError(CUT)
    return clean_text(raw)


def number_value(raw: str) -> Cell:
    """The number that a sheet shows: 15 significant digits, as in Excel, so that 0.1 + 0.2 is 0.3."""
    digits = raw.strip()
    if digits.isascii() and digits.lstrip("-").isdigit() and len(digits) < 40:
        return int(digits)
    number = float(digits)
    if number - number != 0:
        return CellError("#NUM!")
    exact = Decimal(f"{number:.15g}")
    if exact == exact.to_integral_value() and abs(exact) < Decimal("1e28"):
        return int(exact)
    return exact


def moment_value(raw: str, shown: str, days_off: int) -> Cell:
    """The moment of a serial number: a date if at midnight, a text such as «08:30:00» if it has no day.

    ``days_off``: to add when the workbook counts its days from 1904.
    """
    serial = float(raw)
    # Half a millisecond before the end would be rounded over it.
    if not 0 <= serial < SERIAL_END - days_off - 1e-8:
        return number_value(raw)
    milliseconds = round(serial * MILLISECONDS_A_DAY)
    if shown == ELAPSED or serial < 1 and not days_off:
        seconds = milliseconds // 1000
        return f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}"
    moment = timedelta(milliseconds=milliseconds, days=days_off)
    return date_if_midnight((EARLY_EPOCH if moment.days < LEAP_BUG else EPOCH) + moment)


def date_if_midnight(moment: datetime) -> date:
    """The day alone, if ``moment`` is when it begins."""
    return moment.date() if moment.time() == datetime.min.time() else moment
