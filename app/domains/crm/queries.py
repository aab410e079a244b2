"""Reads of customers and of who shares them."""

from __future__ import annotations

from datetime import date
from typing import Any

import sqlalchemy as sa

from app.domains.crm.models import Contact, Customer, CustomerShare


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
