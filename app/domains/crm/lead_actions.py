"""The buttons of a lead: convert, discard and reopen, and what they ask for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from app.core import identity
from app.core.fields import Field, fields_of
from app.core.i18n import gettext as _
from app.core.i18n import lazy_gettext as _l
from app.core.i18n import lazy_pgettext
from app.core.web.view import Done, RecordAction, Start
from app.domains.crm import converting
from app.domains.crm.models import Customer, Lead, Opportunity


class OpportunityAsked(Field):
    """Whether an opportunity is made too: ticked on the page; over the API true, its name, or an object with its fields."""

    def parse(self, raw: Any) -> Any:
        if isinstance(raw, Mapping):
            return dict(raw)
        try:
            return super().parse(raw)
        except ValueError:
            if isinstance(raw, str):
                return {"name": raw.strip()}
            raise


def _customer() -> Field:
    help = _l("Empty: a new one is made of the lead")
    return Field(
        Lead, "customer", "customer", "relation", _l("Customer"), help, target=Customer, stored=False, to_write=True
    )


def _anew() -> Field:
    return Field(Lead, "anew", "anew", "bool", _l("A new customer, though there are ones like it"), stored=False)


def _opportunity() -> Field:
    return OpportunityAsked(Lead, "opportunity", "opportunity", "bool", _l("Make an opportunity too"), stored=False)


def _of_opportunity(name: str, label: Any) -> Field:
    kind = fields_of(Opportunity)[name]
    return Field(Lead, name, name, kind.kind, label, scale=kind.scale, minimum=kind.minimum, stored=False)


def _amount() -> Field:
    return _of_opportunity("amount", _l("Amount of the opportunity"))


def _expected() -> Field:
    return _of_opportunity("expected_close_on", _l("Expected close"))


def _reason() -> Field:
    return Field(Lead, "reason", "reason", "longtext", _l("Reason"), stored=False)


def _is_open(lead: Lead) -> bool:
    return lead.status in ("new", "working")


def _begin(lead: Lead) -> dict[str, Start]:
    """The customers that the lead may be: to choose, and of those that the actor may not write, or not see, that they exist
    and whose they are.
    """
    found = converting.likely(lead)
    mine = converting.open_to_work(found)
    offers = [(each.row, _whose(each.owner)) for each in found if each.row is not None and each.row.id in mine]
    noted = [each.words for each in found if each.row is None or each.row.id not in mine]
    sure = converting.surely(lead, found)
    taken = sure if sure is not None and sure.id in mine else None
    begun = {"customer": Start(taken, offers=offers, noted=noted)}
    return begun if found else {**begun, "anew": Start(is_asked=False)}


def _whose(owner: str) -> str:
    return _("owned by %(name)s", name=owner) if owner else _("in the pool")


def _convert(lead: Lead, values: Mapping[str, Any]) -> Done:
    asked = True if values["opportunity"] == {} else values["opportunity"] or False
    given = {name: values[name] for name in ("amount", "expected_close_on") if values[name] is not None}
    if given:
        # Who says how much, or until when, means an opportunity.
        asked = {**given, **(asked if isinstance(asked, Mapping) else {})}
    made = converting.convert(lead, values["customer"], asked, anew=bool(values["anew"]))
    data = {
        "customer": made.customer.id,
        "contact": made.contact.id,
        "opportunity": made.opportunity.id if made.opportunity is not None else None,
    }
    words = (
        _("%(what)s is a new customer now.", what=made.customer)
        if made.is_new
        else _("%(lead)s belongs to %(what)s now.", lead=lead, what=made.customer)
    )
    return Done(lead, words, data)


ACTIONS = (
    RecordAction(
        converting.CLAIM,
        _l("Claim"),
        lambda lead, _values: Done(converting.claim(lead), _("You have %(what)s now.", what=lead)),
        primary=True,
        bulk=True,
        locks=False,
        takes=True,
        shown=lambda lead: lead.owner_id is None and _is_open(lead),
    ),
    RecordAction(
        converting.CONVERT,
        _l("Convert"),
        _convert,
        fields=(_customer, _anew, _opportunity, _amount, _expected),
        primary=True,
        shown=lambda lead: _is_open(lead) and identity.require().may("can_add", Customer.permission_key()),
        begin=_begin,
    ),
    RecordAction(
        converting.DISCARD,
        _l("Discard"),
        lambda lead, values: converting.discard(lead, values["reason"]),
        fields=(_reason,),
        required=("reason",),
        shown=_is_open,
        bulk=True,
    ),
    RecordAction(
        converting.REOPEN,
        lazy_pgettext("lead", "Reopen"),
        lambda lead, _values: converting.reopen(lead),
        shown=lambda lead: lead.status == "discarded",
        primary=True,
        bulk=True,
    ),
)
