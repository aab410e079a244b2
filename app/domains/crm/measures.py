"""What can be measured of an opportunity: a registry that upper layers add to, and the little language of criteria.

A measure is a number reckoned in SQL from what the company has written down, whoever may see that; «yes or no» is 1 or 0.
A criterion says which and how much: ``contact_records >= 2``, or the name alone for «at least one».
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from app.core import db
from app.core.i18n import gettext as _

OPERATORS: dict[str, Callable[[Any, int], bool]] = {
    ">=": lambda value, number: value >= number,
    "<=": lambda value, number: value <= number,
    ">": lambda value, number: value > number,
    "<": lambda value, number: value < number,
    "=": lambda value, number: value == number,
}
FORM = re.compile(r"\s*([a-z][a-z_]*)\s*(?:(>=|<=|=|>|<)\s*(\d{1,6}))?\s*")


@dataclass(frozen=True)
class Measure:
    """``value(opportunities)`` is the SQL expression of the number for a row of the table given (None counts as not
    met); ``counts`` when it is a number, not a yes or no.  ``own`` reads the same off an opportunity whose own fields
    tell it: it may not be written yet.
    """

    name: str
    label: Any
    value: Callable[[Any], Any]
    counts: bool = False
    own: Callable[[Any], Any] | None = None


@dataclass(frozen=True)
class Test:
    """A measure and how much of it is asked for."""

    measure: str
    operator: str
    number: int

    def holds(self, value: Any) -> bool:
        """Whether ``value``, which was measured, is enough."""
        return value is not None and OPERATORS[self.operator](value, self.number)

    def __str__(self) -> str:
        return (
            self.measure
            if (self.operator, self.number) == (">=", 1)
            else f"{self.measure} {self.operator} {self.number}"
        )


MEASURES: dict[str, Measure] = {}
"""What can be measured, by name."""


def measure(
    name: str, label: Any, *, counts: bool = False, own: Callable[[Any], Any] | None = None
) -> Callable[[Callable[[Any], Any]], Callable[[Any], Any]]:
    """Register the measure ``name``: a function of the opportunities' table (or an alias) that gives its expression."""

    def register(value: Callable[[Any], Any]) -> Callable[[Any], Any]:
        MEASURES[name] = Measure(name, label, value, counts, own)
        return value

    return register


def read(text: str) -> Test:
    """The test that ``text`` writes.  Raises ValueError with a message for people."""
    found = FORM.fullmatch(text)
    if found is None:
        raise ValueError(_("Write the name of a measure, and if it counts a comparison: contact_records >= 2."))
    name, operator, number = found.groups()
    if name not in MEASURES:
        raise ValueError(
            _("“%(name)s” can't be measured. What can: %(names)s.", name=name, names=", ".join(sorted(MEASURES)))
        )
    return Test(name, operator or ">=", int(number) if number else 1)


def written(text: str) -> str:
    """``text`` in its usual form, or as it is when it can't be read."""
    try:
        return str(read(text))
    except ValueError:
        return text


def values(ids: Iterable[int], names: Iterable[str]) -> Mapping[int, Mapping[str, Any]]:
    """What is measured of the opportunities ``ids``: by id and name.  One statement; the company's own facts."""
    from app.domains.crm.models import Opportunity

    wanted = [name for name in dict.fromkeys(names) if name in MEASURES]
    keys = sorted(set(ids))
    if not keys or not wanted:
        return {key: {} for key in keys}
    table: Any = sa.inspect(Opportunity).local_table
    columns = [MEASURES[name].value(table).label(name) for name in wanted]
    statement = sa.select(table.c.id, *columns).where(table.c.id.in_(keys))
    found = db.session.connection().execute(statement)
    return {row.id: {name: getattr(row, name) for name in wanted} for row in found}


def of_customer(customer_id: int | None, names: Iterable[str]) -> Mapping[str, Any]:
    """What is measured of an opportunity with the customer that is not stored yet, by name: what its own fields say (the
    measures with ``own``) is left out.  One statement; the company's own facts.
    """
    wanted = [name for name in dict.fromkeys(names) if name in MEASURES and MEASURES[name].own is None]
    if customer_id is None or not wanted:
        return {}
    number = sa.Integer()
    ends = sa.select(sa.literal(0, number).label("id"), sa.literal(customer_id, number).label("customer_id")).subquery()
    columns = [MEASURES[name].value(ends).label(name) for name in wanted]
    row = db.session.connection().execute(sa.select(*columns).select_from(ends)).one()
    return {name: getattr(row, name) for name in wanted}
