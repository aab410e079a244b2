"""What a search finds: the rows in whose search text every word occurs, and those that are called or written to there.

A telephone number is looked for by its digits, in whatever form it was typed or stored, and by the last of them.  Only
in fields that exist for who asks: what is found would tell the others.
"""

from __future__ import annotations

import re
import unicodedata
from typing import Any

import sqlalchemy as sa

from app.core import search
from app.core.entity import Entity
from app.core.fields import readable
from app.core.settings import settings

FEWEST_DIGITS = 5  # fewer are in too many numbers
_SEPARATORS = " -()./\u00a0"
_NUMBER = re.compile(rf"\+?[\d{re.escape(_SEPARATORS)}]+", re.ASCII)


def matches(model: type[Any], text: str) -> sa.ColumnElement[bool] | None:
    """The condition that a row of ``model`` is what ``text`` asks for; None for an empty one."""
    table = model.__table__.c
    words = search.matches(table.search_text if "search_text" in table else model.search_text, text)
    if words is None or not issubclass(model, Entity):
        return words
    return sa.or_(words, *_reached(model, unicodedata.normalize("NFKC", text).strip()))


def _reached(model: type[Any], text: str) -> list[sa.ColumnElement[bool]]:
    """The conditions that one of the row's telephone numbers or e-mail addresses is ``text``, or holds it."""
    if "@" in text and " " not in text:
        return [
            sa.func.lower(column).like(f"%{search.escaped(text.lower())}%", escape="\\")
            for column in _columns(model, "email")
        ]
    digits = _national(text) if _NUMBER.fullmatch(text) else ""
    if len(digits) < FEWEST_DIGITS:
        return []
    return [_bare(column).like(f"%{digits}%") for column in _columns(model, "phone")]


def _columns(model: type[Any], kind: str) -> list[Any]:
    return [
        field.column
        for field in readable(model).values()
        if field.kind == kind and field.stored and field.column is not None
    ]


def _bare(column: Any) -> Any:
    for sign in _SEPARATORS:
        column = sa.func.replace(column, sign, "")
    return column


def _national(text: str) -> str:
    """The digits of a number that stand in it however it is written: without the country's and the 0 before the town's."""
    digits = "".join(each for each in text if each.isdigit())
    if len(digits) < FEWEST_DIGITS:
        return ""
    # Loaded when it is first needed: its tables take a while.
    import phonenumbers

    try:
        number = phonenumbers.parse(re.sub(r"^00(?=[1-9])", "+", text), settings().country)
    except phonenumbers.NumberParseException:
        return digits.lstrip("0")
    # Of a part of a number the library would take the beginning for a carrier's.
    whole = phonenumbers.national_significant_number(number) if phonenumbers.is_possible_number(number) else digits
    return whole.lstrip("0")
