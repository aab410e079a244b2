"""What a list can be filtered by: the operators of each kind of field, their words, and what they are in SQL."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, time, timedelta
from typing import Any

import sqlalchemy as sa

from app.core import clock, flags, search, tags
from app.core.fields import TEXTS, Field
from app.core.i18n import lazy_gettext as _l
from app.core.web.spans import Span

OPERATORS: dict[str, tuple[Any, int]] = {
    "eq": (_l("is"), 1),
    "neq": (_l("is not"), 1),
    "ct": (_l("contains"), 1),
    "nct": (_l("does not contain"), 1),
    "sw": (_l("starts with"), 1),
    "nsw": (_l("does not start with"), 1),
    "ew": (_l("ends with"), 1),
    "new": (_l("does not end with"), 1),
    "gt": (_l("is more than"), 1),
    "ge": (_l("is at least"), 1),
    "lt": (_l("is less than"), 1),
    "le": (_l("is at most"), 1),
    "within": (_l("is between"), 1),
    "nwithin": (_l("is not between"), 1),
    "rel_o_m": (_l("is"), 1),
    "nrel_o_m": (_l("is not"), 1),
    "rel_m_m": (_l("has"), 1),
    "nrel_m_m": (_l("has not"), 1),
    "in": (_l("is one of"), 1),
    "nin": (_l("is none of"), 1),
    "empty": (_l("is empty"), 0),
    "nempty": (_l("is not empty"), 0),
}
"""Each operator's words, and how many values it takes."""

DATE_WORDS = {
    "eq": _l("is on"),
    "neq": _l("is not on"),
    "gt": _l("is after"),
    "ge": _l("is from"),
    "lt": _l("is before"),
    "le": _l("is until"),
    "within": _l("is in"),
    "nwithin": _l("is not in"),
}
SEVERAL = ("in", "nin")  # take any number of values
SPANS = ("within", "nwithin")  # take a stretch of values: see ``core.web.spans``
_TEXT = ("ct", "eq", "neq", "nct", "sw", "nsw", "ew", "new", "in", "nin", "empty", "nempty")
_ORDERED = ("eq", "neq", "gt", "ge", "lt", "le", "within", "nwithin", "in", "nin", "empty", "nempty")
BY_KIND: dict[str, tuple[str, ...]] = {
    **dict.fromkeys(TEXTS, _TEXT),
    "integer": _ORDERED,
    "decimal": _ORDERED,
    "date": _ORDERED,
    "datetime": ("gt", "ge", "lt", "le", "eq", "neq", "within", "nwithin", "empty", "nempty"),
    "bool": ("eq", "neq"),
    "choice": ("eq", "neq", "in", "nin", "empty", "nempty"),
    "relation": ("rel_o_m", "nrel_o_m", "eq", "neq", "in", "nin", "empty", "nempty"),
    "relations": ("rel_m_m", "nrel_m_m", "in", "nin", "empty", "nempty"),
    "tags": ("rel_m_m", "nrel_m_m", "in", "nin", "empty", "nempty"),
}
_PAIRS = (
    *(("eq", "neq"), ("ct", "nct"), ("sw", "nsw"), ("ew", "new"), ("gt", "le"), ("ge", "lt")),
    *(("within", "nwithin"), ("rel_o_m", "nrel_o_m"), ("rel_m_m", "nrel_m_m"), ("in", "nin"), ("empty", "nempty")),
)
OPPOSITE = {one: other for pair in _PAIRS for one, other in (pair, pair[::-1])}
"""The operator that says the contrary."""


def words(field: Field, operator: str) -> str:
    """What the operator is called with ``field``."""
    label = OPERATORS[operator][0]
    if field.kind in ("date", "datetime"):
        label = DATE_WORDS.get(operator, label)
    return str(label)


def clause(field: Field, operator: str, value: Any) -> sa.ColumnElement[bool]:
    """A condition, with its value as read, as SQL."""
    if field.kind == "tags":
        return _tagged(field.model, operator, value)
    if isinstance(field, flags.Flag):
        return field.condition() if value == (operator == "eq") else sa.not_(field.condition())
    column = getattr(field.model, field.attribute)
    if field.kind == "relations":
        return _has(field, column, operator, value)
    if operator == "empty":
        return sa.or_(column.is_(None), column == "") if field.kind in TEXTS else column.is_(None)
    if operator == "nempty":
        return sa.and_(column.is_not(None), column != "") if field.kind in TEXTS else column.is_not(None)
    if operator == "in":
        return column.in_(value)
    if operator == "nin":
        return sa.or_(column.not_in(value), column.is_(None))
    if operator in SPANS:
        inside = _within(field, column, value)
        return inside if operator == "within" else sa.or_(sa.not_(inside), column.is_(None))
    if operator in _LIKE:
        pattern, negated = _LIKE[operator]
        like = column.ilike(pattern.format(search.escaped(value)), escape="\\")
        return sa.or_(sa.not_(like), column.is_(None)) if negated else like
    if field.kind == "datetime" and isinstance(value, date) and not isinstance(value, datetime):
        return _on_day(column, operator, value)
    if operator in ("neq", "nrel_o_m"):
        return sa.or_(column != value, column.is_(None))
    return _COMPARE[operator](column, value)


def _within(field: Field, column: Any, span: Span) -> sa.ColumnElement[bool]:
    moment = field.kind == "datetime"
    first, last = span.bounds(clock.here().date() if moment else clock.today())
    parts = []
    if first is not None:
        parts.append(_on_day(column, "ge", first) if moment else column >= first)
    if last is not None:
        parts.append(_on_day(column, "le", last) if moment else column <= last)
    return sa.and_(*parts)


def _has(field: Field, column: Any, operator: str, value: Any) -> sa.ColumnElement[bool]:
    """A condition on related rows, any number of them."""
    assert field.target is not None
    if operator in ("empty", "nempty"):
        found = column.any()
        return sa.not_(found) if operator == "empty" else found
    found = column.any(field.target.id.in_(value if isinstance(value, list) else [value]))
    return sa.not_(found) if operator in ("nrel_m_m", "nin") else found


def _tagged(model: type[Any], operator: str, value: Any) -> sa.ColumnElement[bool]:
    """A condition on the tags that a row carries, by name."""
    names = None if operator in ("empty", "nempty") else value if isinstance(value, list) else [value]
    carried = tags.carried(model, names)
    return sa.not_(carried) if operator in ("nrel_m_m", "nin", "empty") else carried


_LIKE = {
    "ct": ("%{}%", False),
    "nct": ("%{}%", True),
    "sw": ("{}%", False),
    "nsw": ("{}%", True),
    "ew": ("%{}", False),
    "new": ("%{}", True),
}
_COMPARE: dict[str, Callable[[Any, Any], Any]] = {
    "eq": lambda column, value: column == value,
    "rel_o_m": lambda column, value: column == value,
    "gt": lambda column, value: column > value,
    "ge": lambda column, value: column >= value,
    "lt": lambda column, value: column < value,
    "le": lambda column, value: column <= value,
}


def _on_day(column: Any, operator: str, day: date) -> sa.ColumnElement[bool]:
    """A moment compared with a day, where whoever asks is."""
    start = datetime.combine(day, time.min, clock.reader_zone())
    end = start + timedelta(days=1)
    return {
        "eq": sa.and_(column >= start, column < end),
        "neq": sa.or_(column < start, column >= end, column.is_(None)),
        "gt": column >= end,
        "ge": column >= start,
        "lt": column < start,
        "le": column < end,
    }[operator]
