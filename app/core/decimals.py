"""How people write a number; the browser reads it the same (``static/kehu/decimal.js``).

A comma only groups thousands.  Where it stands elsewhere it may as well be meant as the point, so the text is refused:
to drop it would make a hundred and twenty-five of twelve and a half.
"""

from __future__ import annotations

import re
from decimal import Decimal

from app.core.i18n import gettext as _

# Full-width signs are the plain ones, and spaces of any kind say nothing.
_PLAIN: dict[int, int | str] = {**{0xFF01 + at: 0x21 + at for at in range(94)}, 0xFFE5: "¥"}
_NUMBER = re.compile(
    r"[+-]?[¥$€]?(?=\.?\d)(?:\d{1,3}(?:,\d{3})+|\d*)(?:\.\d*)?(?:e[+-]?\d{1,3})?", re.ASCII | re.IGNORECASE
)
_SIGNS = str.maketrans("", "", ",¥$€")


def read(text: str) -> Decimal:
    """The number that ``text`` is: «1,234.50», «１２», «￥ 12.00», «1 234.5», «-2e3».

    Raises ValueError with a message for people.
    """
    plain = re.sub(r"\s", "", text).translate(_PLAIN)
    if not _NUMBER.fullmatch(plain):
        if "," in plain and _NUMBER.fullmatch(plain.replace(",", "")):
            raise ValueError(
                _("“%(text)s”: a comma only groups thousands (1,234.50). Write decimals with a point: 12.5.", text=text)
            )
        raise ValueError(_("“%(text)s” is not a number.", text=text))
    return Decimal(plain.translate(_SIGNS))
