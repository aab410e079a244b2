"""When goods are lacking: now, at the end of a later day, or for a reversal; and the refusals that say so."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date as Date
from decimal import Decimal

import sqlalchemy as sa

from app.core.document import Document
from app.core.i18n import gettext as _
from app.ledger import places
from app.ledger.costing import ZERO
from app.ledger.figures import Key, among
from app.ledger.models import StockEntry
from app.ledger.movements import Movement, NotEnoughStock, not_enough, plain
from app.ledger.open_page import Page

ENTRIES: sa.Table = StockEntry.__table__


def now(short: list[tuple[Movement, Decimal]]) -> NotEnoughStock:
    """The refusal of movements that take more than there is, each with what there is."""
    labels = places.product_labels({movement.product_id for movement, _on_hand in short})
    errors: dict[str, list[str]] = {}
    for movement, on_hand in short:
        message = not_enough(labels[movement.product_id], on_hand, -movement.quantity)
        for name, messages in movement.errors("quantity", message).items():
            errors.setdefault(name, []).extend(messages)
    movement, on_hand = short[0]
    return NotEnoughStock(labels[movement.product_id], on_hand, -movement.quantity, errors=errors)


def gone(document: Document, product_id: int, on_hand: Decimal, asked: Decimal) -> NotEnoughStock:
    """The refusal of a reversal whose goods have left again."""
    product = places.product_labels({product_id})[product_id]
    message = _(
        "%(document)s can't be taken back: it brought %(asked)s of %(product)s, of which only %(on_hand)s are still "
        "there. Cancel first what took them out.",
        document=document,
        product=product,
        asked=plain(asked),
        on_hand=plain(max(on_hand, ZERO)),
    )
    return NotEnoughStock(product, on_hand, asked, message)


def later(page: Page) -> dict[Key, tuple[Date, Decimal]]:
    """Where goods that leave on the page's day would be lacking at the end of it or of a later day: the first such day,
    and what was there then, by key.

    One statement for all keys, and none for those where nothing happened later.
    """
    keys = [
        key
        for key, balance in page.balances.items()
        if balance.on_hand < balance.on_hand_before
        and balance.moved_on is not None
        and balance.moved_on > page.day
        and not page.may_fall_below(key)
    ]
    if not keys:
        return {}
    statement = (
        sa.select(
            ENTRIES.c.warehouse_id, ENTRIES.c.product_id, ENTRIES.c.date, sa.func.sum(ENTRIES.c.quantity).label("moved")
        )
        .where(among(keys, ENTRIES.c.warehouse_id, ENTRIES.c.product_id), ENTRIES.c.date > page.day)
        .group_by(ENTRIES.c.warehouse_id, ENTRIES.c.product_id, ENTRIES.c.date)
        .order_by(ENTRIES.c.date.desc())
    )
    found: dict[Key, tuple[Date, Decimal]] = {}
    there = {key: page.balances[key].on_hand_before for key in keys}
    ends: dict[Key, list[tuple[Date, Decimal]]] = {key: [] for key in keys}
    for row in page.connection.execute(statement):
        key = row.warehouse_id, row.product_id
        ends[key].append((row.date, there[key]))  # at the end of that day
        there[key] -= row.moved
    for key in keys:
        change = page.balances[key].on_hand - page.balances[key].on_hand_before
        for day, on_hand in [*ends[key], (page.day, there[key])]:
            if on_hand + change < 0:
                found[key] = day, on_hand
    return found


def of_day(page: Page, missing: dict[Key, tuple[Date, Decimal]], movements: Sequence[Movement]) -> NotEnoughStock:
    """The refusal of movements that a later day would then lack."""
    labels = places.product_labels({product_id for _warehouse_id, product_id in missing})
    errors: dict[str, list[str]] = {}
    for movement in movements:
        if movement.quantity < 0 and movement.key in missing:
            day, on_hand = missing[movement.key]
            message = _(
                "There was not enough of %(product)s at the end of %(day)s: %(on_hand)s. Take a later date, or book "
                "first what had arrived by then.",
                product=labels[movement.product_id],
                day=day.isoformat(),
                on_hand=plain(on_hand),
            )
            for name, messages in movement.errors("quantity", message).items():
                errors.setdefault(name, []).extend(messages)
    key, (_day, on_hand) = next(iter(missing.items()))
    asked = page.balances[key].on_hand_before - page.balances[key].on_hand
    message = next(iter(errors.values()))[0]
    return NotEnoughStock(labels[key[1]], on_hand, asked, message, errors)


def gone_by_then(document: Document, page: Page, missing: dict[Key, tuple[Date, Decimal]]) -> NotEnoughStock:
    """The refusal of a reversal on a day at whose end its goods had left."""
    key, (day, on_hand) = next(iter(missing.items()))
    product = places.product_labels({key[1]})[key[1]]
    message = _(
        "%(document)s can't be taken back on that date: at the end of %(day)s only %(on_hand)s of %(product)s were "
        "there. Take a later date.",
        document=document,
        day=day.isoformat(),
        on_hand=plain(max(on_hand, ZERO)),
        product=product,
    )
    asked = page.balances[key].on_hand_before - page.balances[key].on_hand
    return NotEnoughStock(product, on_hand, asked, message)
