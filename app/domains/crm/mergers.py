"""What merging customers means besides moving what points at them: one primary contact, and the wider of two shares."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from app.core import db
from app.core.merging import Merging
from app.domains.crm.models import Contact, Customer, CustomerShare


def unite_customers(work: Merging, customer: Customer, other: Customer) -> None:
    """Keep one primary contact: that of the customer that stays, if it has one."""
    marked = sa.select(Contact).where(Contact.is_primary.is_(True))
    if db.session.scalars(marked.where(Contact.customer_id == customer.id)).first() is None:
        return
    for contact in db.session.scalars(marked.where(Contact.customer_id == other.id)).all():
        work.change(contact, {"is_primary": False})


def united_share(share: CustomerShare, other: CustomerShare) -> dict[str, Any]:
    """The wider access of two shares with the same person, and the later end."""
    access = "write" if "write" in (share.access, other.access) else "read"
    until = None if share.until is None or other.until is None else max(share.until, other.until)
    return {"access": access, "until": until}
