"""How the values of added fields lie in the JSON column ``custom``, and how they are compared in SQL.

Numbers and amounts are whole numbers of their least unit, days are ISO 8601, yes is 1, a link is the id it points at:
so that both databases compare them exactly.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

import sqlalchemy as sa

from app.core.i18n import lazy_gettext as _l
from app.core.i18n import lazy_pgettext
from app.core.types import exact_decimal

KINDS = {
    "text": lazy_pgettext("kind", "Text"),
    "longtext": _l("Long text"),
    "number": lazy_pgettext("kind", "Number"),
    "money": _l("Money"),
    "date": _l("Date"),
    "choice": _l("Choice"),
    "bool": _l("Yes or no"),
    "link": _l("Link"),
}
ATTRIBUTE = "custom_"  # what the attributes of added fields begin with
LONGEST = 200  # characters of a text or choice


class _Scaled(sa.types.TypeDecorator[Decimal]):
    """A decimal kept as a whole number of its least unit."""

    impl = sa.BigInteger
    cache_ok = True

    def __init__(self, scale: int) -> None:
        super().__init__()
        self.scale = scale

    def process_bind_param(self, value: Any, dialect: sa.Dialect) -> int | None:
        return None if value is None else int(exact_decimal(value, self.scale).scaleb(self.scale))

    def process_result_value(self, value: Any, dialect: sa.Dialect) -> Decimal | None:
        return None if value is None else Decimal(int(value)).scaleb(-self.scale)

    def coerce_compared_value(self, op: Any, value: Any) -> sa.types.TypeEngine[Any]:
        return self


class _Day(sa.types.TypeDecorator[date]):
    """A day kept as 2026-11-24, which sorts as days do."""

    impl = sa.String
    cache_ok = True

    def process_bind_param(self, value: date | None, dialect: sa.Dialect) -> str | None:
        return None if value is None else value.isoformat()

    def process_result_value(self, value: str | None, dialect: sa.Dialect) -> date | None:
        return None if value is None else date.fromisoformat(value)

    def coerce_compared_value(self, op: Any, value: Any) -> sa.types.TypeEngine[Any]:
        return self


class _YesNo(sa.types.TypeDecorator[bool]):
    """Yes kept as 1."""

    impl = sa.BigInteger
    cache_ok = True

    def process_bind_param(self, value: bool | None, dialect: sa.Dialect) -> int | None:
        return None if value is None else int(value)

    def process_result_value(self, value: Any, dialect: sa.Dialect) -> bool:
        return bool(value)

    def coerce_compared_value(self, op: Any, value: Any) -> sa.types.TypeEngine[Any]:
        return self


@dataclass(frozen=True)
class Value:
    """One kind of value: the kind of ``Field`` it makes, how it is kept (``store``), read, and compared (``sql``)."""

    field_kind: str
    store: Callable[[Any], Any]
    read: Callable[[Any], Any]
    sql: Callable[[Any], Any]
    scale: int | None = None
    length: int | None = None


def _same(value: Any) -> Any:
    return value


def _text(element: Any) -> Any:
    return element.as_string()


def _number(type_: sa.types.TypeEngine[Any]) -> Callable[[Any], Any]:
    return lambda element: sa.type_coerce(sa.cast(element.as_string(), sa.BigInteger), type_)


def _decimal(scale: int) -> Value:
    return Value(
        "decimal",
        lambda value: None if value is None else int(exact_decimal(value, scale).scaleb(scale)),
        lambda kept: None if kept is None else Decimal(kept).scaleb(-scale),
        _number(_Scaled(scale)),
        scale,
    )


VALUES: dict[str, Value] = {
    "text": Value("text", _same, _same, _text, length=LONGEST),
    "longtext": Value("longtext", _same, _same, _text),
    "number": _decimal(4),
    "money": _decimal(2),
    "date": Value(
        "date",
        lambda value: None if value is None else value.isoformat(),
        lambda kept: None if kept is None else date.fromisoformat(kept),
        lambda element: sa.type_coerce(element.as_string(), _Day()),
    ),
    "choice": Value("choice", _same, _same, _text),
    "bool": Value(
        "bool",
        lambda value: 1 if value else None,
        bool,
        lambda element: sa.type_coerce(
            sa.func.coalesce(sa.cast(element.as_string(), sa.BigInteger), sa.literal_column("0")), _YesNo()
        ),
    ),
    "link": Value("relation", _same, _same, _number(sa.BigInteger())),
}


class CustomValue:
    """The attribute of one added field: the value in a row's ``custom``, or SQL when asked of the class."""

    def __init__(self, kind: str, name: str) -> None:
        self.kind, self.name = kind, name
        self.how = VALUES[kind]

    def __get__(self, row: Any, model: Any = None) -> Any:
        if row is None:
            return self.how.sql(model.custom[self.name])
        return self.how.read((row.custom or {}).get(self.name))

    def __set__(self, row: Any, value: Any) -> None:
        kept = self.how.store(None if value == "" else value)
        values = {name: other for name, other in (row.custom or {}).items() if name != self.name}
        if kept is not None:
            values[self.name] = kept
        # A new dictionary each time: what lies in the old one is what was there before.
        row.custom = values or None


def attribute(model: type[Any], kind: str, name: str) -> str:
    """The name of the attribute of ``model`` that holds the added field ``name``; made when it is first asked for.

    The kind is part of it: what an attribute does depends on its name alone, never on which company's database is open.
    """
    found = f"{ATTRIBUTE}{kind}_{name}"
    if found not in vars(model):
        # Past the declarative base, which would take a new attribute for a new mapping.
        type.__setattr__(model, found, CustomValue(kind, name))
    return found


def stored_before(row: Any) -> dict[str, Any]:
    """What ``row`` held of added fields before this flush, as it is kept."""
    history = sa.inspect(row).attrs.custom.history
    if history.deleted:
        return history.deleted[0] or {}
    return (history.unchanged[0] or {}) if history.unchanged else {}
