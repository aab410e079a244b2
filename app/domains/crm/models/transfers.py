"""How a customer came to whom: one row for each time that its owner changed."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, object_session, relationship

from app.core import clock, identity, scope
from app.core.entity import Entity, User, column, reference
from app.core.i18n import lazy_gettext as _l
from app.core.i18n import lazy_pgettext
from app.core.types import Moment, Note, Word
from app.domains.crm.models.customers import Customer

TRANSFERS = {
    "assign": _l("Assigned"),
    "transfer": _l("Transferred"),
    "claim": _l("Claimed"),
    "release": _l("Released"),
    "recycle": _l("Back to the pool"),
    "merge": _l("Merged"),
}
TRANSFER_TONES = {
    "assign": "blue",
    "transfer": "blue",
    "claim": "green",
    "release": "amber",
    "recycle": "red",
    "merge": "grey",
}


class CustomerTransfer(Entity):
    """A customer that came from one owner, or from the pool, to another, or to the pool."""

    __tablename__ = "customer_transfers"
    resource = "customer-transfers"
    label, labels = _l("Customer transfer"), _l("Customer transfers")
    scope = scope.through("customer")
    searched = ("reason",)
    read_only = True
    audited = False  # it is itself the record of what was done

    customer_id: Mapped[int] = reference("customers.id", _l("Customer"), owned=True)
    from_owner_id: Mapped[int | None] = reference(
        "ab_user.id", lazy_pgettext("transfer", "From"), help=_l("Empty: from the public pool")
    )
    to_owner_id: Mapped[int | None] = reference(
        "ab_user.id", lazy_pgettext("transfer", "To"), help=_l("Empty: to the public pool")
    )
    kind: Mapped[Word] = column(_l("Kind"), choices=TRANSFERS, tones=TRANSFER_TONES)
    reason: Mapped[Note | None] = column(_l("Reason"))
    at: Mapped[Moment] = column(_l("When"), default=clock.now, index=True)

    customer: Mapped[Customer] = relationship(Customer, foreign_keys=[customer_id])
    from_owner: Mapped[User | None] = relationship(User, foreign_keys=[from_owner_id])
    to_owner: Mapped[User | None] = relationship(User, foreign_keys=[to_owner_id])

    def __str__(self) -> str:
        return f"{TRANSFERS.get(self.kind, self.kind)}: {self.from_owner or '–'} → {self.to_owner or '–'}"

    def moment(self) -> datetime:
        """When it happened (UTC)."""
        return self.at


def kind_of_transfer(before: int | None, to: int | None) -> str:
    """What it is that a customer comes from the owner ``before`` to the owner ``to`` (None: the pool)."""
    return "release" if to is None else "assign" if before is None else "transfer"


def note_transfer(customer: Customer) -> None:
    """Write down that ``customer``, about to be flushed, comes to another owner, whoever changes it and however: once for
    a flush.  What is done («merge») says of which kind it is, else from whom to whom it goes.
    """
    state: Any = sa.inspect(customer)
    session = object_session(customer)
    if session is None or not state.persistent:
        return
    history = state.attrs.owner_id.history
    known = customer.__dict__.pop("_transfer", None)
    if known is not None and known in session.new:
        session.expunge(known)
    if not history.has_changes() or not history.deleted:
        return
    before, to = history.deleted[0], customer.owner_id
    done, comment = identity.deed()
    kind = done if done in TRANSFERS else kind_of_transfer(before, to)
    known = CustomerTransfer(
        customer_id=customer.id, from_owner_id=before, to_owner_id=to, kind=kind, reason=comment or None
    )
    customer.__dict__["_transfer"] = known
    session.add(known)
