"""The totals below a list: sums of money and quantities over all rows that match, in the statement that counts them.

Amounts in several currencies, and quantities in several units, make no sum: there is none then, and the reason is told.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import sqlalchemy as sa

from app.core import db
from app.core.fields import Field, fields_of
from app.core.i18n import gettext as _
from app.core.settings import settings
from app.core.types import Fraction, ScaledDecimal
from app.core.web import present
from app.core.web.line_figures import MONEY, QUANTITY
from app.core.web.page import Cell
from app.core.web.query import ListQuery

HALF = 10**6  # SQLite adds whole numbers of 64 bits: the upper and the lower half of each by themselves


@dataclass(frozen=True)
class Total:
    """The sum of a field over ``count`` rows; ``value`` is None where there is none: what they count in differs."""

    field: Field
    count: int
    value: Decimal | None = None
    currency: str = ""


def is_totalled(field: Field) -> bool:
    """Whether a list has a total of ``field``: of stored money and quantities that are not said to make none."""
    if not field.stored or field.kind != "decimal":
        return False
    if field.column is None:
        return (
            field.scale == MONEY
        )  # of what a company added, its amounts; whether a number is one of things is unknown
    kind = field.column.type
    return (
        isinstance(kind, ScaledDecimal)
        and not isinstance(kind, Fraction)
        and field.scale in (MONEY, QUANTITY)
        and field.column.info.get("summed", True)
    )


def count(asked: ListQuery, fields: Sequence[Field]) -> tuple[int, list[Total]]:
    """How many rows ``asked`` finds on all pages, and the totals of those of ``fields`` that have one.  One statement."""
    summed = [field for field in fields if is_totalled(field)]
    if not summed:
        return asked.count(), []
    connection = db.session.connection()
    halved = connection.dialect.name == "sqlite"
    statement = asked.filtered()
    model = asked.model
    columns = [model.id, *(getattr(model, field.attribute).label(f"value_{at}") for at, field in enumerate(summed))]
    for at, field in enumerate(summed):
        statement, measure = _measure(statement, field)
        columns.append((sa.null() if measure is None else measure).label(f"measure_{at}"))
    rows = statement.with_only_columns(*columns, maintain_column_froms=True).order_by(None).subquery()
    wanted: list[Any] = [sa.func.count()]
    for at, _field in enumerate(summed):
        each, measure = rows.c[f"value_{at}"], rows.c[f"measure_{at}"]
        if halved:
            whole = sa.type_coerce(each, sa.BigInteger())
            wanted += [sa.func.sum(whole // HALF), sa.func.sum(whole % HALF)]
        else:
            wanted += [sa.type_coerce(sa.func.sum(each), sa.Numeric()), sa.null()]
        wanted += [sa.func.min(measure), sa.func.max(measure)]
    found = db.session.execute(sa.select(*wanted).select_from(rows)).one()
    number: int = found[0]
    totals = []
    for at, field in enumerate(summed):
        upper, lower, least, most = found[1 + 4 * at : 5 + 4 * at]
        if upper is None:
            continue  # no row has anything there
        if least != most:
            totals.append(Total(field, number))
            continue
        if halved:
            value = Decimal(upper * HALF + lower).scaleb(-(field.scale or 0))
        elif isinstance(field.column, sa.Column):
            value = Decimal(upper)
        else:
            value = Decimal(upper).scaleb(-(field.scale or 0))  # what a company added lies there as whole numbers
        totals.append(Total(field, number, value, str(least) if field.scale == MONEY and least is not None else ""))
    return number, totals


def by(asked: ListQuery, key: Any, fields: Sequence[Field]) -> dict[Any, tuple[int, list[Decimal]]]:
    """How many rows ``asked`` finds for each value of the column ``key``, and the sums of ``fields``, which are amounts in
    the base currency.  One statement.
    """
    halved = db.session.connection().dialect.name == "sqlite"
    values = [getattr(asked.model, field.attribute).label(f"value_{at}") for at, field in enumerate(fields)]
    statement = asked.filtered().with_only_columns(key.label("key"), *values, maintain_column_froms=True)
    rows = statement.order_by(None).subquery()
    wanted: list[Any] = [rows.c.key, sa.func.count()]
    for at, _field in enumerate(fields):
        each = rows.c[f"value_{at}"]
        whole = sa.type_coerce(each, sa.BigInteger())
        wanted += (
            [sa.func.sum(whole // HALF), sa.func.sum(whole % HALF)]
            if halved
            else [sa.type_coerce(sa.func.sum(each), sa.Numeric()), sa.null()]
        )
    found: dict[Any, tuple[int, list[Decimal]]] = {}
    for row in db.session.execute(sa.select(*wanted).group_by(rows.c.key)):
        sums = [
            Decimal((row[2 + 2 * at] or 0) * HALF + (row[3 + 2 * at] or 0)).scaleb(-(field.scale or 0))
            if halved
            else Decimal(row[2 + 2 * at] or 0)
            for at, field in enumerate(fields)
        ]
        found[row[0]] = row[1], sums
    return found


def _measure(statement: sa.Select[Any], field: Field) -> tuple[sa.Select[Any], Any]:
    """What an amount is in: the currency or the unit of each row, None where all are alike; ``statement`` with what it
    takes.
    """
    model = field.model
    if field.scale == MONEY:
        named = field.column.info.get("currency") if field.column is not None else ""
        return statement, getattr(model, named) if named else None
    if hasattr(model, "unit_id"):
        return statement, model.unit_id
    for other in fields_of(model).values():
        if other.kind == "relation" and other.target is not None and hasattr(other.target, "unit_id"):
            # The units are the company's own fact: nothing of the row itself is shown.
            target = sa.inspect(other.target).local_table.alias()
            joined = statement.outerjoin(target, target.c.id == getattr(model, other.attribute))
            return joined, target.c.unit_id
    return statement, None


def cells(fields: Sequence[Field], totals: Sequence[Total]) -> list[Cell]:
    """The last row of the list, aligned with ``fields``; empty where no column has a total."""
    by_name = {total.field.name: total for total in totals}
    if not by_name:
        return []
    return [_cell(by_name[field.name]) if field.name in by_name else present.EMPTY for field in fields]


def _cell(total: Total) -> Cell:
    over = _("Over all %(count)s rows", count=f"{total.count:,}")
    if total.value is None:
        money = total.field.scale == MONEY
        why = _("Several currencies: they make no sum.") if money else _("Several units: they make no sum.")
        return Cell("mixed", "≠", title=why)
    shown = present.number(total.value, total.field.scale)
    if total.currency and total.currency != settings().currency:
        shown = f"{total.currency} {shown}"
    return Cell("money", shown, tone="negative" if total.value < 0 else "", title=over)
