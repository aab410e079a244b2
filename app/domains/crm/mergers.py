"""What merging customers means besides moving what points at them: one primary contact, and one of two shares."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from app.core import clock, db, giving
from app.core.i18n import gettext as _
from app.core.merging import Merging
from app.domains.crm.models import Contact, Customer, CustomerShare, CustomerTransfer, PoolWarning


def unite_customers(work: Merging, customer: Customer, other: Customer) -> None:
    """Remember whose the customer was that goes, and keep one primary contact: that of the one that stays, if it has
    one.
    """
    label = _("%(other)s into %(this)s", other=other, this=customer)
    # That somebody was warned means nothing of the customer that is both.
    db.session.execute(sa.delete(PoolWarning).where(PoolWarning.customer_id == other.id))
    owners = {"from_owner_id": other.owner_id, "to_owner_id": customer.owner_id}
    work.add(CustomerTransfer(customer_id=customer.id, kind="merge", reason=label, **owners))
    if other.owner_id not in (None, customer.owner_id):
        from app.domains.crm import owning

        gone = giving.Owned(other.id, other.owner_id, other.version, str(other))
        owning.tell_of([gone], customer.owner_id, f"merge, run {other.id}")
    marked = sa.select(Contact).where(Contact.is_primary.is_(True))
    if db.session.scalars(marked.where(Contact.customer_id == customer.id)).first() is None:
        return
    for contact in db.session.scalars(marked.where(Contact.customer_id == other.id)).all():
        work.change(contact, {"is_primary": False})


def united_share(share: CustomerShare, other: CustomerShare) -> dict[str, Any]:
    """What two shares with the same person make: of the same access the later end, else writing as long as that lasts.  On
    no day does it give more than one of them did; reading that would outlast the writing ends with it, unless the writing
    is over.
    """
    first, second = sorted((share, other), key=lambda each: each.access != "write")
    if first.access == second.access:
        until = None if first.until is None or second.until is None else max(first.until, second.until)
        return {"access": first.access, "until": until}
    kept = first if first.is_open(clock.today()) else second
    return {"access": kept.access, "until": kept.until}
