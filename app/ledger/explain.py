"""Where a number comes from: the entries that make up a balance, each with what it left; and the stock on any day.

One mechanism for every book: a ``Book`` says which entries a balance is the sum of.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import sqlalchemy as sa

from app.core import db
from app.core.entity import Entity
from app.ledger.models import PartyBalance, PartyEntry, StockBalance, StockEntry


@dataclass(frozen=True)
class Book:
    """``entries`` with the same values in the columns ``same`` as a balance make it up; ``sums`` maps what is added up
    to the balance's field.
    """

    entries: type[Entity]
    same: tuple[str, ...]
    sums: Mapping[str, str]


BOOKS: dict[type[Entity], Book] = {
    StockBalance: Book(StockEntry, ("warehouse_id", "product_id"), {"quantity": "on_hand", "amount": "value"}),
    PartyBalance: Book(PartyEntry, ("party",), {"amount": "balance"}),
}


def history(balance: Any, *, offset: int, limit: int) -> tuple[int, Sequence[Any]]:
    """How many entries make up ``balance`` (fetched within the scope), and some of them, the latest first.

    They are in the order of their dates, then of writing; each has the table's columns and, under the names of the
    balance's fields, what it left.
    """
    book = BOOKS[type(balance)]
    entries: Any = book.entries.__table__
    its_own = [entries.c[name] == getattr(balance, name) for name in book.same]
    connection = db.session.connection()
    count = connection.execute(sa.select(sa.func.count()).select_from(entries).where(*its_own)).scalar_one()
    order = (entries.c.date, entries.c.id)
    left = [
        sa.func.sum(entries.c[name]).over(order_by=order, rows=(None, 0)).label(f"left_{field}")
        for name, field in book.sums.items()
    ]
    running = sa.select(entries, *left).where(*its_own).subquery()
    statement = sa.select(running).order_by(running.c.date.desc(), running.c.id.desc()).offset(offset).limit(limit)
    return count, connection.execute(statement).all()


def stock_at(
    day: date, *, warehouse_id: int | None = None, product_id: int | None = None
) -> sa.Select[tuple[StockBalance, Any, Any]]:
    """Every balance with what was on hand (4 decimals) and its value (2 decimals) at the end of ``day``.

    The quantities are those of the entries dated until then.  The value is what their amounts add up to, though a
    later back-dated posting was valued at the average of its own time (docs/decisions/0018).
    """
    sums = sa.select(
        StockEntry.warehouse_id,
        StockEntry.product_id,
        sa.func.sum(StockEntry.quantity).label("quantity"),
        sa.func.sum(StockEntry.amount).label("amount"),
    ).where(StockEntry.date <= day)
    statement = sa.select(StockBalance)
    for column, of_balance, wanted in (
        (StockEntry.warehouse_id, StockBalance.warehouse_id, warehouse_id),
        (StockEntry.product_id, StockBalance.product_id, product_id),
    ):
        if wanted is not None:
            sums, statement = sums.where(column == wanted), statement.where(of_balance == wanted)
    then = sums.group_by(StockEntry.warehouse_id, StockEntry.product_id).subquery("then")
    same = sa.and_(then.c.warehouse_id == StockBalance.warehouse_id, then.c.product_id == StockBalance.product_id)
    return (
        statement.add_columns(
            sa.func.coalesce(then.c.quantity, 0).label("on_hand"), sa.func.coalesce(then.c.amount, 0).label("value")
        )
        .outerjoin(then, same)
        .order_by(StockBalance.warehouse_id, StockBalance.product_id)
    )
