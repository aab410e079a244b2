"""Telling who must know that stock runs low: each morning what is below its safety stock, at once what is used up.

A safety stock of a warehouse is compared with what lies there, a product's own with what lies in all our warehouses
together.  Keepers are told of their warehouses; a product's own figure goes to each keeper who has the product, and
everything goes to the purchasers. Where no mail would reach any of them, the administrators are told, so that no alert
is lost.  What stays low is told again after ``low_stock_repeat_days``; what was told is remembered (``LowStockAlert``)
in the transaction that writes the mails.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from datetime import date, timedelta
from typing import Any

import sqlalchemy as sa

from app.core import clock, db, notices, outbox
from app.core.entity import User
from app.core.i18n import gettext as _
from app.core.i18n import lazy_gettext as _l
from app.core.i18n import speaking
from app.core.mail import templates
from app.core.settings import settings
from app.domains.stock.models import Warehouse
from app.jobs import recipients
from app.jobs.job import Occasion
from app.jobs.low_stock_queries import Low, below_safety_stock, used_up
from app.jobs.models import LowStockAlert
from app.jobs.recipients import ADMINISTRATORS, PURCHASERS, Recipient
from app.ledger import events

LOW_STOCK, USED_UP = "low-stock", "used-up"
notices.KINDS |= {LOW_STOCK: _l("Stock runs low"), USED_UP: _l("Stock is used up")}
SHOWN = 500  # rows in one mail; the rest is counted
CHUNK = 500  # ids in one statement

Told = dict[tuple[int, tuple[int | None, int]], list[Any]]


def tell(_occasion: Occasion) -> str:
    """Write the morning's mails; by hand as well, and then too what was told lately is not told again."""
    connection = db.session.connection()
    today = clock.today()
    low = below_safety_stock(connection)
    told = _told(connection)
    _forget(
        connection,
        [alert.id for alerts in told.values() for alert in alerts if (alert.warehouse_id, alert.product_id) not in low],
    )
    lists = {
        to: fresh
        for to, items in _by_recipient(connection, low.values()).items()
        if (fresh := [item for item in items if _is_due(told.get((to.user_id, item.key)), today)])
    }
    mails = {_key(today, to, items): (to, items) for to, items in lists.items()}
    new = notices.deliver(
        notices.News(to.user_id, LOW_STOCK, _mail(key, to, items, urgent=False)) for key, (to, items) in mails.items()
    )
    # Only for mails that are ours: another run that wrote the same ones at the same time has remembered them too.
    _remember(connection, told, [(to, item.key) for to, items in (mails[key] for key in new) for item in items], today)
    if not low:
        return _("Nothing is below its safety stock.")
    return _("%(low)s below their safety stock, %(mails)s mails written.", low=len(low), mails=len(new))


@events.on_critical
def tell_at_once(keys: Sequence[tuple[int, int]]) -> None:
    """Write a mail about each product that has just been used up in a warehouse, in the transaction that used it up.

    Once a day for each keeper and purchaser; it counts as the day's alert.  The number of statements is the same
    however much a posting uses up.
    """
    connection = db.session.connection()
    items = used_up(connection, keys)
    today = clock.today()
    mails = {
        f"used-up, {today}, warehouse {item.warehouse_id}, product {item.product_id}, user {to.user_id}": (to, item)
        for to, his in _by_recipient(connection, items).items()
        for item in his
    }
    new = notices.deliver(
        notices.News(to.user_id, USED_UP, _mail(key, to, [item], urgent=True), f"products/{item.product_id}")
        for key, (to, item) in mails.items()
    )
    alerts = dict.fromkeys(
        (to, about) for to, item in (mails[key] for key in new) for about in (item.key, (None, item.product_id))
    )
    if alerts:
        _remember(connection, _told(connection, {item.product_id for item in items}), list(alerts), today)


def _by_recipient(connection: sa.Connection, items: Iterable[Low]) -> dict[Recipient, list[Low]]:
    """What each recipient is to be told.  At most three statements."""
    items = list(items)
    if not items:
        return {}
    purchasers = recipients.read(connection, recipients.having_role(*PURCHASERS))
    chosen = sa.select(Warehouse.keeper_id).where(Warehouse.active, Warehouse.keeper_id.is_not(None))
    keepers = recipients.read(connection, User.id.in_(chosen))
    lists: dict[Recipient, list[Low]] = defaultdict(list)
    lost = []
    for item in items:
        reached = {user_id: keepers[user_id] for user_id in item.keepers if user_id in keepers} | purchasers
        for to in reached.values():
            lists[to].append(item)
        if not reached:
            lost.append(item)
    if lost:
        for to in recipients.read(connection, recipients.having_role(*ADMINISTRATORS)).values():
            lists[to].extend(lost)
    return lists


def _told(connection: sa.Connection, product_ids: Collection[int] | None = None) -> Told:
    """What has been told (of the products), by user and what it was about."""
    statement = sa.select(
        LowStockAlert.id,
        LowStockAlert.user_id,
        LowStockAlert.warehouse_id,
        LowStockAlert.product_id,
        LowStockAlert.told_on,
    )
    if product_ids is not None:
        statement = statement.where(LowStockAlert.product_id.in_(product_ids))
    told: Told = defaultdict(list)
    for alert in connection.execute(statement):
        told[alert.user_id, (alert.warehouse_id, alert.product_id)].append(alert)
    return dict(told)


def _is_due(alerts: list[Any] | None, today: date) -> bool:
    if not alerts:
        return True
    return max(alert.told_on for alert in alerts) + timedelta(days=settings().low_stock_repeat_days) <= today


def _remember(
    connection: sa.Connection, told: Told, alerts: Sequence[tuple[Recipient, tuple[int | None, int]]], today: date
) -> None:
    """Keep that ``alerts`` (recipient, what about) were told today, in place of when they were told before."""
    _forget(connection, [alert.id for to, about in alerts for alert in told.get((to.user_id, about), ())])
    rows = [
        {"user_id": to.user_id, "warehouse_id": warehouse_id, "product_id": product_id, "told_on": today}
        for to, (warehouse_id, product_id) in alerts
    ]
    if rows:
        connection.execute(sa.insert(LowStockAlert), rows)


def _forget(connection: sa.Connection, ids: list[int]) -> None:
    """Drop alerts: what is no longer low is told at once when it falls again."""
    for start in range(0, len(ids), CHUNK):
        connection.execute(sa.delete(LowStockAlert).where(LowStockAlert.id.in_(ids[start : start + CHUNK])))


def _mail(key: str, to: Recipient, items: list[Low], urgent: bool) -> outbox.Mail:
    address = settings().address
    link = f"{address}/products/show/{items[0].product_id}" if urgent else f"{address}/stock-balances/list/"
    rows = sorted(items, key=lambda item: (item.warehouse, item.code))
    about = {
        "name": to.name,
        "items": rows[:SHOWN],
        "more": max(0, len(rows) - SHOWN),
        "link": link,
        "today": clock.today(),
    }
    letter = templates.write("used_up" if urgent else "low_stock", to.locale, **about)
    with speaking(to.locale):
        if urgent:
            subject = _("Used up: %(product)s in %(warehouse)s", product=items[0].product, warehouse=items[0].warehouse)
        else:
            subject = _("Below safety stock: %(count)s", count=len(items))
    return outbox.Mail(to.address, subject, *letter, key, to.locale)


def _key(today: date, to: Recipient, items: list[Low]) -> str:
    """A key of the day, the recipient and what is told: what falls low later on the same day is another mail."""
    facts = ",".join(sorted(f"{item.warehouse_id or 0}/{item.product_id}" for item in items))
    return f"low-stock, {today}, user {to.user_id}, {hashlib.sha256(facts.encode()).hexdigest()[:12]}"
