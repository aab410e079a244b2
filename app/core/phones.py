"""What surely is no telephone number.  Numbers are kept as people write them: what could be one, of whichever town and
exchange, is taken.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

LEAST, MOST = 3, 15  # digits of a number: a short code of an operator, and what E.164 allows
SPLIT = re.compile(r"[/;；,，、|\n]|或|\bor\b")
"""What stands between several numbers in one text."""
# «ext. 12», «x12», «#12», «转 8012», «分机: 8012», and «;ext=12» as a vCard has it.
_EXTENSION = re.compile(
    r"[;,，]?\s*(?:ext(?:ension|n)?|x|#|转分机|转|轉|分机|分機|内线|內線)\s*[.:：=]?\s*\d{1,8}(?=\D|$)", re.IGNORECASE
)


@lru_cache(maxsize=50_000)
def is_possible(text: str) -> bool:
    """Whether ``text`` could be a telephone number, or several: digits, and what people put between them and after."""
    plain = _EXTENSION.sub(" ", unicodedata.normalize("NFKC", text).strip().removeprefix("tel:"))
    numbers = [part.strip() for part in SPLIT.split(plain) if part.strip()]
    return bool(numbers) and all(_is_number(number, is_first=not place) for place, number in enumerate(numbers))


def _is_number(text: str, *, is_first: bool) -> bool:
    digits = "".join(letter for letter in text if letter.isdecimal())
    # After «8888 1234 / 35» the end alone is said.
    if any(letter.isalpha() for letter in text) or not (LEAST if is_first else 1) <= len(digits) <= MOST:
        return False
    if not digits.strip("0"):
        return False
    return not text.startswith("+") or _is_international(text)


def _is_international(text: str) -> bool:
    """Whether ``text``, which says its country, has as many digits as a number of that country."""
    # Loaded when it is first needed: its tables take a while.
    import phonenumbers

    try:
        return phonenumbers.is_possible_number(phonenumbers.parse(text))
    except phonenumbers.NumberParseException:
        return False
