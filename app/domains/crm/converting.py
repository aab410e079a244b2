"""What becomes of a lead: it is converted into a customer with a contact and, if asked, an opportunity; or discarded, and
perhaps taken up again.

Each is done to the locked lead, within the caller's transaction: what is refused leaves nothing behind.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import sqlalchemy as sa

from app.core import audit, clock, crud, db, duplicates, giving, identity, likeness, scope
from app.core.errors import Conflict, Invalid, NotPermitted, NotVisible
from app.core.fields import fields_of
from app.core.i18n import gettext as _
from app.core.i18n import lazy_pgettext
from app.domains.crm.models import Contact, Customer, Lead, Opportunity
from app.domains.crm.models.leads import CLAIM, CONVERT, DISCARD, REOPEN

EXPECTED_AFTER = timedelta(days=90)  # when an opportunity that says nothing else is expected to close
LONGEST_NAME = 100  # characters of what a lead wants that name its opportunity
audit.WORDS |= {
    CONVERT: lazy_pgettext("deed", "Converted"),
    DISCARD: lazy_pgettext("deed", "Discarded"),
    REOPEN: lazy_pgettext("deed", "Reopened"),
}


class Likely(Conflict):
    """There are customers like the lead, and nobody said which is meant, or that none is; ``more`` tells them."""

    def __init__(self, found: list[duplicates.Match]) -> None:
        self.more = {"matches": [each.told for each in found]}
        super().__init__(
            _(
                "There may be this customer already: %(matches)s. Choose it, or say that a new one is meant.",
                matches="; ".join(each.words for each in found),
            )
        )


@dataclass(frozen=True)
class Converted:
    """What a lead became."""

    customer: Customer
    contact: Contact
    opportunity: Opportunity | None
    is_new: bool  # whether the customer is


def likely(lead: Lead) -> list[duplicates.Match]:
    """The customers that the lead may be, those that the actor sees first; none for whoever may make no customers."""
    given = {"name": lead.company or lead.name, "phone": lead.mobile or "", "email": lead.email or ""}
    try:
        return duplicates.matches(Customer, given)
    except NotPermitted:
        return []


def open_to_work(found: list[duplicates.Match]) -> set[int]:
    """The ids of those of ``found`` that the actor may write: what a lead can be converted onto."""
    ids = {each.row.id for each in found if each.row is not None}
    return scope.visible_ids(db.session.connection(), Customer, ids, identity.require(), write=True)


def surely(lead: Lead, found: list[duplicates.Match]) -> Customer | None:
    """The one of ``found`` that is taken unless something else is said: the only one, of the lead's company by name.
    People share names: somebody without a company is the same by telephone or e-mail besides.
    """
    if len(found) != 1 or found[0].row is None or "name" not in found[0].fields:
        return None
    customer: Customer = found[0].row
    return customer if lead.company or len(found[0].fields) > 1 else None


def convert(
    lead: Lead, customer_id: int | None = None, opportunity: bool | Mapping[str, Any] = False, *, anew: bool = False
) -> Converted:
    """Make of ``lead`` (fetched with ``lock``) a customer, or match the one that ``customer_id`` names or that it surely
    is; a contact there; and an ``opportunity``, with the fields given, if asked.  ``anew``: there may be ones like it,
    a new one is meant.

    Raises Conflict (converted already, discarded, a customer of the pool), Likely, NotPermitted, Invalid.
    """
    _require_open(lead)
    customer = _customer(lead, customer_id, anew)
    is_new = customer is None
    if customer is None:
        customer = _new_customer(lead)
    contact = _contact(lead, customer)
    made = (
        _opportunity(lead, customer, opportunity if isinstance(opportunity, Mapping) else {}) if opportunity else None
    )
    with identity.doing(CONVERT):
        lead.status = "converted"
        lead.converted_on = clock.now()
        lead.customer_id, lead.contact_id = customer.id, contact.id
        lead.opportunity_id = made.id if made is not None else None
        crud.flush()
    return Converted(customer, contact, made, is_new)


def claim(lead: Lead) -> Lead:
    """Take a lead that nobody has.  Raises Conflict (somebody was quicker), Invalid for who is no person."""
    actor = identity.require()
    if actor.user_id is None:
        raise Invalid({"": [_("Only a person can claim a lead.")]})
    rows = giving.find(Lead, [lead.id])
    giving.refuse((row for row in rows if row.owner_id is not None), lambda _row: _("Somebody has this lead already."))
    giving.give(Lead, rows, actor.user_id, CLAIM)
    db.session.refresh(lead)
    return lead


def discard(lead: Lead, reason: str) -> Lead:
    """Say that nothing comes of ``lead``, and why.  Raises Conflict."""
    _require_open(lead)
    with identity.doing(DISCARD, reason):
        lead.status, lead.discard_reason = "discarded", reason
        crud.flush()
    return lead


def reopen(lead: Lead) -> Lead:
    """Take up a discarded ``lead`` again.  Raises Conflict."""
    if lead.status != "discarded":
        raise Conflict(_("%(what)s is not discarded.", what=lead))
    with identity.doing(REOPEN):
        lead.status, lead.discard_reason = "new", None
        crud.flush()
    return lead


def _require_open(lead: Lead) -> None:
    if lead.status == "converted":
        raise Conflict(_("%(what)s has been converted already.", what=lead))
    if lead.status == "discarded":
        raise Conflict(_("%(what)s is discarded. Reopen it first.", what=lead))


def _customer(lead: Lead, customer_id: int | None, anew: bool) -> Customer | None:
    """The customer that is meant; None for a new one."""
    if customer_id is not None and anew:
        raise Invalid({"anew": [_("Choose a customer, or say that a new one is meant: not both.")]})
    if customer_id is not None:
        try:
            return _on_hand(crud.fetch(Customer, customer_id, lock=True))
        except NotVisible:
            message = _("There is no such %(what)s, or it is not yours to see.", what=str(Customer.label).lower())
            raise Invalid({"customer": [message]}) from None
    found = [] if anew else likely(lead)
    one = surely(lead, found)
    if found and one is None:
        raise Likely(found)
    return _on_hand(crud.fetch(Customer, one.id, lock=True)) if one is not None else None


def _on_hand(customer: Customer) -> Customer:
    """Raises Conflict for a customer of the pool, Invalid for another that the actor may not write."""
    if not scope.visible_ids(db.session.connection(), Customer, [customer.id], identity.require(), write=True):
        if customer.owner_id is None:
            raise Conflict(_("%(what)s lies in the public pool. Claim it first.", what=customer))
        message = _(
            "%(what)s is not yours to change. Ask its owner to share it with you for writing, or choose another one.",
            what=customer,
        )
        raise Invalid({"customer": [message]})
    return customer


def _owner(lead: Lead) -> int | None:
    """Whose the customer becomes: the lead's owner's, as far as the actor may give it to them."""
    actor = identity.require()
    may = lead.owner_id == actor.user_id or actor.may(identity.ASSIGN, Customer.domain())
    return lead.owner_id if lead.owner_id is not None and may else actor.user_id


def _new_customer(lead: Lead) -> Customer:
    values: dict[str, Any] = {
        "name": lead.company or lead.name,
        "kind": "company" if lead.company else "person",
        "region": lead.region,
        "source": lead.source,
        "industry": lead.industry,
        "owner_id": _owner(lead),
    }
    if not lead.company:
        values |= {"phone": lead.mobile, "email": lead.email}
    return _made(Customer, values)


def _contact(lead: Lead, customer: Customer) -> Contact:
    """The customer's contact of the lead's name, number or address; else a new one."""
    mine = _signs(lead.mobile, lead.email)
    there = sa.select(Contact).where(Contact.customer_id == customer.id).order_by(Contact.id)
    contacts = list(db.session.scalars(there))
    for contact in contacts:
        if contact.name == lead.name:
            return contact
    for contact in contacts:
        if mine & (_signs(contact.mobile, contact.email) | _signs(contact.phone, None)):
            return contact
    values = {"customer_id": customer.id, "name": lead.name, "mobile": lead.mobile, "email": lead.email}
    return _made(Contact, values)


def _signs(phone: str | None, email: str | None) -> set[str]:
    return {*likeness.keys("phone", phone), *likeness.keys("email", email)}


def _opportunity(lead: Lead, customer: Customer, given: Mapping[str, Any]) -> Opportunity:
    wanted = (lead.intent or "").strip().partition("\n")[0]
    values = {
        "name": wanted[:LONGEST_NAME] or str(customer.name),
        "amount": 0,
        "expected_close_on": (clock.today() + EXPECTED_AFTER).isoformat(),
        "source": lead.source,
        "owner": _owner(lead),
        **{name: value for name, value in given.items() if value not in (None, "")},
        "customer": customer.id,
    }
    try:
        made: Opportunity = crud.create(Opportunity, values)
    except Invalid as refusal:
        known = fields_of(Opportunity)
        said = [f"{known[name].label}: {text}" if name in known else text for name, text in _each(refusal)]
        raise Invalid({"opportunity": said}, refusal.message) from refusal
    return made


def _each(refusal: Invalid) -> list[tuple[str, str]]:
    return [(name, text) for name, texts in refusal.errors.items() for text in texts]


def _made(model: Any, values: dict[str, Any]) -> Any:
    row = crud.build(model, values)
    crud.flush()
    return row
