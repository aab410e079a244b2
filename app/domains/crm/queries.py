"""Reads of customers and of who shares them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from typing import Any

import sqlalchemy as sa

from app.core import clock
from app.domains.crm.models import Contact, Customer, CustomerShare

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
