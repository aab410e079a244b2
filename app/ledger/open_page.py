"""The part of the stock book that is open while a document is posted or reversed: its balances, locked and as they become,
and the entries that are to be written.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import date as Date
from decimal import Decimal
from typing import Any

import sqlalchemy as sa

from app.core import db
from app.ledger import days, figures, places
from app.ledger.costing import ZERO, Holding
from app.ledger.days import stamps
from app.ledger.figures import Key, among
from app.ledger.models import StockBalance

BALANCES: sa.Table = StockBalance.__table__


@dataclass
class Balance(Holding):
    """A locked balance as it becomes in memory, with what it was."""

    id: int
    on_hand_before: Decimal
    average_before: Decimal
    moved_on: Date | None


@dataclass
class Page:
    """The part of the book that is open, and what is to be written into it."""

    connection: sa.Connection
    balances: dict[Key, Balance]
    costs: dict[int, Decimal]
    places: dict[int, places.Place]
    reserved: dict[Key, Decimal]
    day: Date
    entries: list[dict[str, Any]] = field(default_factory=list)

    def may_fall_below(self, key: Key) -> bool:
        """Whether the warehouse lets goods leave before they came."""
        return self.places[key[0]].allow_negative

    def note(
        self,
        key: Key,
        quantity: Decimal,
        unit_cost: Decimal,
        amount: Decimal,
        customer_id: int | None = None,
        reverses_id: int | None = None,
    ) -> None:
        """An entry to be written."""
        self.entries.append(
            {
                "warehouse_id": key[0],
                "product_id": key[1],
                "customer_id": customer_id,
                "quantity": quantity,
                "unit_cost": unit_cost,
                "amount": amount,
                "reverses_id": reverses_id,
            }
        )


def open_page(keys: set[Key], day: Date) -> Page:
    """Lock what ``keys`` touch and read, after that, what it takes to post there."""
    db.session.flush()  # the document, and whatever it names, must be in the database
    connection = db.session.connection()
    days.check(connection, day)
    balances = lock_balances(connection, keys)
    costs = places.lock_costs(connection, {product_id for _warehouse_id, product_id in keys})
    where = places.places(connection, {warehouse_id for warehouse_id, _product_id in keys})
    return Page(connection, balances, costs, where, figures.totals("reserved", connection, keys), day)


def lock_balances(connection: sa.Connection, keys: Collection[Key]) -> dict[Key, Balance]:
    """The balances of ``keys``, made where there are none, locked in the order of their keys."""
    statement = (
        sa.select(
            BALANCES.c.id,
            BALANCES.c.warehouse_id,
            BALANCES.c.product_id,
            BALANCES.c.on_hand,
            BALANCES.c.value,
            BALANCES.c.moved_on,
        )
        .where(among(keys, BALANCES.c.warehouse_id, BALANCES.c.product_id))
        .order_by(BALANCES.c.warehouse_id, BALANCES.c.product_id)
    )
    rows = connection.execute(statement).all()
    missing = sorted(set(keys) - {(row.warehouse_id, row.product_id) for row in rows})
    if missing:
        places.hold_products(connection, {product_id for _warehouse_id, product_id in missing})
        _insert_balances(connection, missing)
    if missing or connection.dialect.name != "sqlite":
        rows = connection.execute(statement.with_for_update()).all()
    return {
        (row.warehouse_id, row.product_id): Balance(
            row.on_hand, row.value, row.id, row.on_hand, Holding(row.on_hand, row.value).average, row.moved_on
        )
        for row in rows
    }


def _insert_balances(connection: sa.Connection, keys: list[Key]) -> None:
    nothing = {"on_hand": ZERO, "average_cost": ZERO, "value": ZERO}
    rows = [
        {"warehouse_id": warehouse_id, "product_id": product_id, **nothing, **stamps()}
        for warehouse_id, product_id in keys
    ]
    connection.execute(
        db.insert(connection, BALANCES).on_conflict_do_nothing(index_elements=["warehouse_id", "product_id"]), rows
    )
