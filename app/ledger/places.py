"""The few columns above the books that a posting reads, and the one it writes, reached by the book's own relations."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from decimal import Decimal
from typing import Any, NamedTuple

import sqlalchemy as sa

from app.core import db, money
from app.ledger.models import StockBalance

INTERNAL = "internal"  # the kind of a warehouse of our own
BALANCES: sa.Table = StockBalance.__table__


class Place(NamedTuple):
    """What a posting must know of a warehouse."""

    is_internal: bool
    allow_negative: bool


def table_of(relation: str) -> sa.Table:
    """The table that a balance's ``relation`` («warehouse», «product») points at."""
    return sa.inspect(StockBalance).relationships[relation].mapper.local_table


def places(connection: sa.Connection, warehouse_ids: Collection[int]) -> dict[int, Place]:
    """The warehouses by id."""
    table = table_of("warehouse")
    statement = sa.select(table.c.id, table.c.kind, table.c.allow_negative).where(table.c.id.in_(warehouse_ids))
    return {row.id: Place(row.kind == INTERNAL, row.allow_negative) for row in connection.execute(statement)}


def hold_products(connection: sa.Connection, product_ids: Collection[int]) -> None:
    """Keep the products from being rewritten, in the order of their ids: that of whoever edits several.

    A new balance does so by its foreign key, but in the order of the balances: an import of products, locking them by
    their ids, and a posting would wait for each other.
    """
    table = table_of("product")
    statement = sa.select(table.c.id).where(table.c.id.in_(product_ids)).order_by(table.c.id)
    connection.execute(statement.with_for_update(read=True, key_share=True))


def lock_costs(connection: sa.Connection, product_ids: Collection[int]) -> dict[int, Decimal]:
    """Lock the products, in the order of their ids, and give their costs (6 decimals).

    A product's cost depends on every warehouse: of two who post in different ones, the second must see what the first
    wrote.
    """
    table = table_of("product")
    statement = (
        sa.select(table.c.id, table.c.cost)
        .where(table.c.id.in_(product_ids))
        .order_by(table.c.id)
        .with_for_update(key_share=True)
    )
    return {row.id: row.cost for row in connection.execute(statement)}


def write_costs(connection: sa.Connection, known: Mapping[int, Decimal]) -> list[int]:
    """Bring the costs of products (locked, with their ``known`` costs) up to date; the ids of those that changed.

    A cost is the moving average over all warehouses of our own; when none has the product, it stays as it was.
    """
    warehouses = table_of("warehouse")
    sums = (
        sa.select(
            BALANCES.c.product_id,
            sa.func.sum(BALANCES.c.on_hand).label("on_hand"),
            sa.func.sum(BALANCES.c.value).label("value"),
        )
        .join(warehouses, warehouses.c.id == BALANCES.c.warehouse_id)
        .where(warehouses.c.kind == INTERNAL, BALANCES.c.product_id.in_(list(known)))
        .group_by(BALANCES.c.product_id)
    )
    changed = []
    for product_id, on_hand, value in connection.execute(sums):
        if on_hand <= 0 or value < 0:
            continue
        cost = money.unit_cost(value, on_hand)
        if cost != known[product_id]:
            changed.append({"this": product_id, "new_cost": cost})
    if changed:
        table = table_of("product")
        statement = sa.update(table).where(table.c.id == sa.bindparam("this")).values(cost=sa.bindparam("new_cost"))
        connection.execute(statement, changed)
    return [int(row["this"]) for row in changed]


def product_labels(product_ids: Collection[int]) -> dict[int, str]:
    """What people call the products: for refusals."""
    model: Any = sa.inspect(StockBalance).relationships["product"].mapper.class_
    with db.session.no_autoflush:
        return {row.id: str(row) for row in db.session.scalars(sa.select(model).where(model.id.in_(product_ids)))}
