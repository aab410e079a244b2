"""The stock book held against itself: every balance recomputed from its entries, and every difference named.

It reads whole tables, each in one statement, row by row; what is held in memory are the differences alone.  It sees
every row, whoever asks.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import sqlalchemy as sa

from app.core import db, money
from app.core.i18n import gettext as _
from app.ledger import places, triggers
from app.ledger.models import StockBalance, StockEntry

ENTRIES: sa.Table = StockEntry.__table__
BALANCES: sa.Table = StockBalance.__table__
AT_ONCE = 1000  # rows fetched at a time


def differences() -> list[str]:
    """Every difference, as a sentence for people; empty when the book is right."""
    return list(each_difference())


def each_difference() -> Iterator[str]:
    """The differences, one after the other."""
    connection = db.session.connection()
    yield from _missing_triggers(connection)
    yield from _wrong_balances(connection)
    yield from _entries_without_balance(connection)
    yield from _wrong_averages(connection)
    yield from _wrong_amounts(connection)
    yield from _wrong_mirrors(connection)
    yield from _half_reversed(connection)


def _rows(connection: sa.Connection, statement: Any) -> Iterator[Any]:
    result = connection.execute(statement, execution_options={"yield_per": AT_ONCE})
    try:
        yield from result
    finally:
        result.close()


def _missing_triggers(connection: sa.Connection) -> Iterator[str]:
    for name in triggers.missing(connection):
        yield _("The trigger %(name)s, which keeps entries as they were written, is missing.", name=name)


def _named(statement: Any, table: Any) -> Any:
    """``statement`` over ``table`` with the codes of its product and warehouse."""
    product, warehouse = places.table_of("product"), places.table_of("warehouse")
    statement = statement.add_columns(product.c.code.label("product"), warehouse.c.code.label("warehouse"))
    statement = statement.outerjoin(product, product.c.id == table.c.product_id)
    return statement.outerjoin(warehouse, warehouse.c.id == table.c.warehouse_id)


def _sums() -> Any:
    """What the entries add up to, by warehouse and product."""
    quantity, amount = sa.func.sum(ENTRIES.c.quantity), sa.func.sum(ENTRIES.c.amount)
    statement = sa.select(
        ENTRIES.c.warehouse_id, ENTRIES.c.product_id, quantity.label("quantity"), amount.label("amount")
    )
    return statement.group_by(ENTRIES.c.warehouse_id, ENTRIES.c.product_id).subquery("sums")


def _wrong_balances(connection: sa.Connection) -> Iterator[str]:
    sums = _sums()
    quantity, amount = sa.func.coalesce(sums.c.quantity, 0), sa.func.coalesce(sums.c.amount, 0)
    same = sa.and_(sums.c.warehouse_id == BALANCES.c.warehouse_id, sums.c.product_id == BALANCES.c.product_id)
    statement = (
        sa.select(BALANCES.c.on_hand, BALANCES.c.value, quantity.label("quantity"), amount.label("amount"))
        .select_from(BALANCES)
        .outerjoin(sums, same)
        .where(sa.or_(BALANCES.c.on_hand != quantity, BALANCES.c.value != amount))
        .order_by(BALANCES.c.warehouse_id, BALANCES.c.product_id)
    )
    for row in _rows(connection, _named(statement, BALANCES)):
        if row.on_hand != row.quantity:
            yield _(
                "%(product)s in %(warehouse)s: the balance says %(balance)s on hand, its entries add up to %(sum)s.",
                product=row.product,
                warehouse=row.warehouse,
                balance=row.on_hand,
                sum=row.quantity,
            )
        if row.value != row.amount:
            yield _(
                "%(product)s in %(warehouse)s: it is worth %(balance)s, the amounts of its entries add up to %(sum)s.",
                product=row.product,
                warehouse=row.warehouse,
                balance=row.value,
                sum=row.amount,
            )


def _entries_without_balance(connection: sa.Connection) -> Iterator[str]:
    sums = _sums()
    same = sa.and_(sums.c.warehouse_id == BALANCES.c.warehouse_id, sums.c.product_id == BALANCES.c.product_id)
    statement = sa.select(sums.c.quantity).select_from(sums).where(~sa.exists().where(same))
    for row in _rows(connection, _named(statement, sums)):
        yield _(
            "%(product)s in %(warehouse)s: there are entries, adding up to %(sum)s, but no balance.",
            product=row.product,
            warehouse=row.warehouse,
            sum=row.quantity,
        )


def _wrong_averages(connection: sa.Connection) -> Iterator[str]:
    """A quotient can't be reckoned in SQL: every balance is read."""
    statement = sa.select(BALANCES.c.on_hand, BALANCES.c.value, BALANCES.c.average_cost).select_from(BALANCES)
    for row in _rows(connection, _named(statement, BALANCES)):
        average = money.unit_cost(row.value, row.on_hand)
        if row.average_cost != average:
            yield _(
                "%(product)s in %(warehouse)s: the average cost is %(balance)s, by its value it should be %(should)s.",
                product=row.product,
                warehouse=row.warehouse,
                balance=row.average_cost,
                should=average,
            )


def _wrong_amounts(connection: sa.Connection) -> Iterator[str]:
    """An amount is quantity by unit cost, but for what rounding leaves in a holding and who empties it takes along."""
    quantity, unit_cost, amount = (_number(connection, ENTRIES.c[name]) for name in ("quantity", "unit_cost", "amount"))
    slack = 0.02 + sa.func.abs(quantity) * 0.000001
    if connection.dialect.name == "sqlite":
        slack += sa.func.abs(amount) * 1e-14  # these are binary fractions
    suspect = sa.select(
        ENTRIES.c.id, ENTRIES.c.document_number, ENTRIES.c.quantity, ENTRIES.c.unit_cost, ENTRIES.c.amount
    ).where(ENTRIES.c.quantity != 0, sa.func.abs(amount - quantity * unit_cost) > slack)
    for row in _rows(connection, suspect):
        yield _(
            "Entry %(id)s of %(document)s: %(quantity)s at %(unit_cost)s does not make %(amount)s.",
            id=row.id,
            document=row.document_number,
            quantity=row.quantity,
            unit_cost=row.unit_cost,
            amount=row.amount,
        )


def _number(connection: sa.Connection, column: Any) -> Any:
    """``column`` as a number that SQL may multiply: near enough to find what is wrong."""
    if connection.dialect.name != "sqlite":
        return sa.type_coerce(column, sa.Numeric())
    return sa.cast(sa.type_coerce(column, sa.BigInteger()), sa.Float()) / float(Decimal(10) ** column.type.scale)


def _wrong_mirrors(connection: sa.Connection) -> Iterator[str]:
    """A reversing entry is its original with the signs turned; only a correction of value that comes with it is not."""
    original = ENTRIES.alias("original")
    same = ("warehouse_id", "product_id", "document_kind", "document_id")
    statement = (
        sa.select(ENTRIES.c.id, ENTRIES.c.document_number, original.c.id.label("original"))
        .select_from(ENTRIES)
        .join(original, original.c.id == ENTRIES.c.reverses_id)
        .where(
            sa.or_(
                sa.or_(*(ENTRIES.c[name] != original.c[name] for name in same)),
                sa.and_(
                    sa.or_(ENTRIES.c.quantity != 0, original.c.quantity == 0),
                    sa.or_(
                        ENTRIES.c.quantity + original.c.quantity != 0,
                        ENTRIES.c.amount + original.c.amount != 0,
                        ENTRIES.c.unit_cost != original.c.unit_cost,
                        ENTRIES.c.customer_id.is_distinct_from(original.c.customer_id),
                        original.c.reverses_id.is_not(None),
                    ),
                ),
            )
        )
        .order_by(ENTRIES.c.id)
    )
    for row in _rows(connection, statement):
        yield _(
            "Entry %(id)s of %(document)s reverses entry %(original)s, but is not its mirror.",
            id=row.id,
            document=row.document_number,
            original=row.original,
        )


def _half_reversed(connection: sa.Connection) -> Iterator[str]:
    """What a document had posted when it was reversed must be reversed as a whole."""
    mirror = ENTRIES.alias("mirror")
    document = (ENTRIES.c.document_kind, ENTRIES.c.document_id)
    last = (
        sa.select(*document, sa.func.max(ENTRIES.c.id).label("id"))
        .where(ENTRIES.c.reverses_id.is_not(None))
        .group_by(*document)
        .subquery("last")
    )
    same = sa.and_(last.c.document_kind == ENTRIES.c.document_kind, last.c.document_id == ENTRIES.c.document_id)
    statement = (
        sa.select(ENTRIES.c.id, ENTRIES.c.document_number)
        .join(last, same)
        .where(
            ENTRIES.c.reverses_id.is_(None),
            ENTRIES.c.id < last.c.id,
            ~sa.exists().where(mirror.c.reverses_id == ENTRIES.c.id),
        )
        .order_by(ENTRIES.c.id)
    )
    for row in _rows(connection, statement):
        yield _(
            "Entry %(id)s of %(document)s is not reversed, though the document is.",
            id=row.id,
            document=row.document_number,
        )
