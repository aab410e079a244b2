"""Reads of customers and of who shares them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from typing import Any

import sqlalchemy as sa

from app.core import clock, db
from app.core.flags import flag
from app.core.i18n import lazy_gettext as _l
from app.domains.crm.models import Contact, Customer, CustomerShare, Opportunity, Stage

WEEK = timedelta(days=7)


def shared_customers(user_id: int, day: date, *, write: bool) -> sa.Select[tuple[int]]:
    """The ids of the customers that others share with the user on ``day``; with ``write``, for writing.

    Core, not ORM: this becomes a part of what scopes ORM statements.
    """
    shares: Any = sa.inspect(CustomerShare).columns
    statement = sa.select(shares["customer_id"]).where(
        shares["user_id"] == user_id, sa.or_(shares["until"].is_(None), shares["until"] >= day)
    )
    return statement.where(shares["access"] == "write") if write else statement


def pool() -> sa.Select[tuple[Customer]]:
    """The customers that nobody owns."""
    return sa.select(Customer).where(Customer.owner_id.is_(None))


def contacts(customer: Customer) -> sa.Select[tuple[Contact]]:
    """The people at ``customer``, whom we call first at the head."""
    return (
        sa.select(Contact)
        .where(Contact.customer_id == customer.id)
        .order_by(Contact.is_primary.desc(), Contact.name, Contact.id)
    )


def new_by_week(mondays: Sequence[date]) -> sa.Select[Any]:
    """How many customers were added in each of the weeks that begin on ``mondays`` (the company's days): one row, a
    number for each.
    """
    begins = [datetime.combine(day, time.min, clock.zone()) for day in (*mondays, mondays[-1] + WEEK)]
    counts = [
        sa.func.count().filter(Customer.created_on >= begin, Customer.created_on < end)
        for begin, end in zip(begins, begins[1:], strict=False)
    ]
    return sa.select(*counts).select_from(Customer).where(Customer.created_on >= begins[0])


def due_for_contact(day: date) -> sa.Select[tuple[Customer]]:
    """The customers that were to be contacted by ``day``, the one that has waited longest first."""
    return (
        sa.select(Customer)
        .where(Customer.next_contact_on <= day, Customer.owner_id.is_not(None))
        .order_by(Customer.next_contact_on, Customer.id)
    )


def open_opportunities() -> sa.Select[tuple[Opportunity]]:
    """The opportunities that are neither won nor lost."""
    return sa.select(Opportunity).where(_is_open())


def _is_open() -> Any:
    closed = sa.select(Stage.id).where(sa.or_(Stage.is_won, Stage.is_lost))
    return Opportunity.stage_id.not_in(closed)


flag(Opportunity, "open", _l("Still open"), help=_l("Neither won nor lost"))(_is_open)


@flag(Opportunity, "stale", _l("Stale"), help=_l("Longer in its stage than the stage allows"))
def is_stale() -> sa.ColumnElement[bool]:
    """The condition that an opportunity has been in its open stage for longer than the stage allows.

    Asks for the stages first: each has a boundary of its own.
    """
    limited = sa.select(Stage).where(Stage.max_days.is_not(None), Stage.is_won.is_(False), Stage.is_lost.is_(False))
    parts = [
        sa.and_(Opportunity.stage_id == stage.id, Opportunity.stage_since < _day_ago(stage.max_days or 0))
        for stage in db.session.scalars(limited)
    ]
    return sa.or_(sa.false(), *parts)


def _day_ago(days: int) -> datetime:
    """The moment at which the company's day so many days ago began."""
    return datetime.combine(clock.today() - timedelta(days=days), time.min, clock.zone())
