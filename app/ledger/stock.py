"""The stock book's only pen: ``post`` writes what a document moves, ``reverse`` writes its mirror.

Both lock the balances in the order of their keys before they look at them, so that postings take turns and never
deadlock: the period, balances, then products, then the document's number.  They are part of the caller's transaction
and never commit; what they refuse has written nothing that a rollback does not take back.  Nothing is read or written
line by line.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from datetime import date as Date
from decimal import Decimal
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm.util import identity_key

from app.core import clock, db, identity
from app.core.document import Document
from app.core.errors import Invalid
from app.core.i18n import gettext as _
from app.core.money import cost_amount
from app.core.types import exact_decimal
from app.ledger import days, events, places, shortages
from app.ledger.costing import ZERO, Holding
from app.ledger.days import of_document, sealed
from app.ledger.figures import Key
from app.ledger.models import StockBalance, StockEntry
from app.ledger.movements import AlreadyReversed, Movement, NotEnoughStock, moved
from app.ledger.open_page import BALANCES, Balance, Page, lock_balances, open_page

__all__ = ["AlreadyReversed", "Movement", "NotEnoughStock", "lock", "moved", "post", "reverse"]

ENTRIES: sa.Table = StockEntry.__table__


def post(
    document: Document, movements: Sequence[Movement], *, date: Date, keep_reserved: bool = False
) -> list[Decimal]:
    """Write what ``document`` moves on ``date``; the signed amounts (2 decimals) of the movements, in their order.

    Movements of one product in one warehouse follow each other.  With ``keep_reserved`` nothing is taken that is
    reserved: what the document itself had reserved must be released (and flushed) before.  Raises Invalid (no
    quantity, no cost, too large, a day far ahead) and NotEnoughStock for every line together, and what a check of the day
    raises.  On an earlier day nothing is taken that a later day would then lack; the moving average follows the order
    of posting all the same (docs/decisions/0018).
    """
    _refuse_unclear(movements)
    if not movements:
        return []
    page = open_page({movement.key for movement in movements}, date)
    taken: dict[int, tuple[Decimal, Decimal]] = {}
    amounts: list[Decimal] = []
    short: list[tuple[Movement, Decimal]] = []
    for movement in movements:
        balance = page.balances[movement.key]
        if movement.quantity < 0:
            floor = page.reserved[movement.key] if keep_reserved else ZERO
            if balance.on_hand + movement.quantity < floor and not page.may_fall_below(movement.key):
                short.append((movement, max(balance.on_hand - floor, ZERO)))
                # Its goods can't arrive either; whatever is booked for them is never written.
                taken[id(movement)] = ZERO, ZERO
                continue
            cost, amount = balance.withdraw(-movement.quantity, page.costs[movement.product_id])
            amount, correction = -amount, ZERO
            taken[id(movement)] = cost, amount
        else:
            cost, amount = _worth(movement, taken)
            correction = balance.receive(movement.quantity, cost, amount)
        page.note(movement.key, movement.quantity, cost, amount, movement.customer_id)
        if correction:
            page.note(movement.key, ZERO, ZERO, correction, movement.customer_id)
        _refuse_too_large(movement, balance, amount)
        amounts.append(amount)
    if short:
        raise shortages.now(short)
    if missing := shortages.later(page):
        raise shortages.of_day(page, missing, movements)
    _write(page, document)
    return amounts


def reverse(document: Document, *, date: Date | None = None) -> None:
    """Write, on ``date`` (today, or the day of the posting if that is later), the mirror of everything that ``document``
    posted and that is not reversed yet.

    A document that posted nothing has nothing to reverse.  Raises AlreadyReversed, NotEnoughStock (what came in has
    left again, now or at the end of a day since ``date``), Invalid (a day far ahead, or before the posting) and what a
    check of the day raises.
    """
    mirror = ENTRIES.alias("mirror")
    its_own = sa.and_(
        ENTRIES.c.document_kind == document.resource,
        ENTRIES.c.document_id == document.id,
        ENTRIES.c.reverses_id.is_(None),
    )
    mirrored = sa.exists().where(mirror.c.reverses_id == ENTRIES.c.id)
    connection = db.session.connection()
    touched = connection.execute(
        sa.select(ENTRIES.c.warehouse_id, ENTRIES.c.product_id, ENTRIES.c.date).where(its_own).distinct()
    ).all()
    if not touched:
        return
    day = days.reversal(date, max(row.date for row in touched))
    page = open_page({(row.warehouse_id, row.product_id) for row in touched}, day)
    # Read only now: whoever reversed it meanwhile held the balances.
    originals = connection.execute(sa.select(ENTRIES).where(its_own, ~mirrored).order_by(ENTRIES.c.id.desc())).all()
    if not any(entry.quantity for entry in originals):
        raise AlreadyReversed(document)
    last: dict[Key, int] = {}
    for entry in originals:
        key = entry.warehouse_id, entry.product_id
        balance = page.balances[key]
        if entry.quantity > 0 and balance.on_hand < entry.quantity and not page.may_fall_below(key):
            raise shortages.gone(document, entry.product_id, balance.on_hand, entry.quantity)
        balance.undo(entry.quantity, entry.amount)
        page.note(key, -entry.quantity, entry.unit_cost, -entry.amount, entry.customer_id, entry.id)
        if entry.quantity:
            last[key] = entry.id
    for key, entry_id in last.items():
        balance = page.balances[key]
        correction = balance.settle(balance.average_before)
        if correction:
            # It names an entry that it comes with: the correction belongs to the reversal.
            page.note(key, ZERO, ZERO, correction, None, entry_id)
    if missing := shortages.later(page):
        raise shortages.gone_by_then(document, page, missing)
    _write(page, document)


def lock(keys: Collection[Key]) -> dict[Key, Holding]:
    """Lock the balances of ``keys`` (warehouse id, product id) until the transaction ends; what is on hand there.

    Whoever reserves locks first and only then, in a new statement, reads what is reserved: so nothing is promised
    twice.
    """
    db.session.flush()
    balances = lock_balances(db.session.connection(), keys)
    _forget(balances.values(), ())
    return dict(balances)


def _refuse_unclear(movements: Iterable[Movement]) -> None:
    errors: dict[str, list[str]] = {}
    for movement in movements:
        if movement.quantity == 0:
            errors |= movement.errors("quantity", _("The quantity can't be 0."))
        elif movement.quantity > 0 and movement.goods_of is None and movement.unit_cost is None:
            errors |= movement.errors("unit_cost", _("What comes in needs its unit cost."))
        elif movement.unit_cost is not None and movement.unit_cost < 0:
            errors |= movement.errors("unit_cost", _("A unit cost can't be below 0."))
    if errors:
        raise Invalid(errors)


def _worth(movement: Movement, taken: dict[int, tuple[Decimal, Decimal]]) -> tuple[Decimal, Decimal]:
    """The unit cost and the amount of what comes in."""
    if movement.goods_of is None:
        assert movement.unit_cost is not None
        return movement.unit_cost, cost_amount(movement.quantity, movement.unit_cost)
    cost, amount = taken[id(movement.goods_of)]
    return cost, -amount


def _refuse_too_large(movement: Movement, balance: Holding, amount: Decimal) -> None:
    try:
        for number, scale in ((amount, 2), (balance.value, 2), (balance.on_hand, 4), (balance.average, 6)):
            exact_decimal(number, scale)
    except ValueError:
        message = _("This is more than the books can hold.")
        raise Invalid(movement.errors("quantity", message)) from None


def _write(page: Page, document: Document) -> None:
    """Take the number, write entries, balances and costs, and tell who listens."""
    common = of_document(document, page.day)
    page.connection.execute(sa.insert(ENTRIES), sealed(ENTRIES.name, page.entries, common))
    who, moment = identity.user_id(), clock.now()
    changed = [
        {
            "this": balance.id,
            "now": balance.on_hand,
            "worth": balance.value,
            "average": balance.average,
            "latest": max(balance.moved_on or page.day, page.day),
            "who": who,
            "moment": moment,
        }
        for balance in page.balances.values()
    ]
    statement = sa.update(BALANCES).where(BALANCES.c.id == sa.bindparam("this"))
    statement = statement.values(
        on_hand=sa.bindparam("now"),
        value=sa.bindparam("worth"),
        average_cost=sa.bindparam("average"),
        moved_on=sa.bindparam("latest"),
        version=BALANCES.c.version + 1,
        changed_on=sa.bindparam("moment"),
        changed_by_id=sa.bindparam("who"),
    )
    page.connection.execute(statement, changed)
    products = (
        places.write_costs(page.connection, page.costs)
        if any(place.is_internal for place in page.places.values())
        else []
    )
    _forget(page.balances.values(), products)
    events.announce_critical(
        [
            key
            for key, balance in page.balances.items()
            if page.places[key[0]].is_internal and balance.on_hand_before > page.reserved[key] >= balance.on_hand
        ]
    )


def _forget(balances: Iterable[Balance], product_ids: Iterable[int]) -> None:
    """Let the session read again what was written behind its back."""
    session = db.session()
    product: Any = sa.inspect(StockBalance).relationships["product"].mapper.class_
    for balance in balances:
        row = session.identity_map.get(identity_key(StockBalance, balance.id))
        if row is not None:
            session.expire(row)
    for product_id in product_ids:
        row = session.identity_map.get(identity_key(product, product_id))
        if row is not None:
            session.expire(row, ["cost"])
