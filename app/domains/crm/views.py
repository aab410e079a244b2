"""How customers, contacts and shares are shown."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from app.core import db
from app.core.fields import Field
from app.core.i18n import gettext as _
from app.core.i18n import lazy_gettext as _l
from app.core.i18n import lazy_pgettext
from app.core.identity import SEE_DETAILS
from app.core.web.frame import MapPage
from app.core.web.merge_pages import MERGE, MERGE_LINK
from app.core.web.view import (
    Board,
    Done,
    EntityView,
    Need,
    Part,
    Reading,
    RecordAction,
    Related,
    ResourceAction,
    Sheet,
    Start,
)
from app.domains.crm import (
    handing_out,
    lead_actions,
    measures,
    owner_actions,
    panels,
    pool,
    quality,
    services,
    standing,
    story,
)
from app.domains.crm.models import (
    Contact,
    Customer,
    CustomerShare,
    CustomerTransfer,
    Lead,
    LeadRule,
    Opportunity,
    PoolRule,
    Stage,
    StageCriterion,
    StageMove,
)


def _quality(_row: Any, _values: Mapping[str, Any], part: Part) -> Sheet:
    found = quality.by_owner()
    customers, faults = sum(each.customers for each in found), sum(sum(each.faults.values()) for each in found)

    def figure(name: str, label: Any, kind: str = "integer") -> Field:
        return Field(Customer, name, name, kind, label, needs=SEE_DETAILS, stored=False)

    fields = (
        figure("name", _l("Owner"), "text"),
        figure("score", _l("Score of 100")),
        figure("customers", _l("Customers")),
        *(figure(each.name, each.label) for each in quality.CHECKS),
    )
    facts = (
        (figure("whole", _l("Score of all")), quality.score_of(customers, faults)),
        (figure("to_mend", _l("To mend")), faults),
    )
    return Sheet(fields, found[part.offset : part.offset + part.size], len(found), facts)


class CustomerView(EntityView, model=Customer):
    icon = "users"
    columns = ("code", "name", "status", "level", "region", "phone", "owner", "next_contact_on")
    fieldsets = (
        (
            lazy_pgettext("basics", "Customer"),
            ("code", "name", "short_name", "kind", "status", "level", "industry", "source", "owner", "tags"),
        ),
        (
            lazy_pgettext("ways", "Contact"),
            ("phone", "email", "website", "last_contact_on", "next_contact_on"),
        ),
        (_l("Place"), ("region", "address", "latitude", "longitude")),
        (_l("Accounting"), ("tax_number", "bank_name", "bank_account", "credit_limit", "payment_days")),
        (_l("Note"), ("note",)),
    )
    related = (
        Related("contacts", "customer", columns=("name", "job_title", "mobile", "email", "is_primary")),
        Related("contact-records", "customer", columns=("at", "way", "outcome", "summary", "next_contact_on", "owner")),
        Related("opportunities", "customer", columns=("name", "stage", "amount", "expected_close_on", "owner")),
        Related("customer-shares", "customer", label=_l("Shared with"), columns=("user", "access", "until")),
        Related("customer-transfers", "customer", label=_l("Transfers")),
    )
    readings = (
        Reading(
            "quality",
            _l("Data quality"),
            _quality,
            help=_l("What is missing, stale, unreachable or doubtful. Each figure leads to the customers behind it."),
        ),
    )
    actions = (*owner_actions.ACTIONS, MERGE)
    resource_actions = owner_actions.RESOURCE_ACTIONS
    links = (MERGE_LINK,)
    help = _l("Yours, those of the people you lead, those shared with you, and the public pool.")
    help_of_all = _l("All customers of the company, and the public pool.")
    empty = _l("Add your first customer, or import your list from a spreadsheet.")


class ContactView(EntityView, model=Contact):
    icon = "people"
    columns = ("name", "customer", "job_title", "mobile", "phone", "email", "is_primary")
    fieldsets = (
        (lazy_pgettext("basics", "Contact"), ("customer", "name", "job_title", "decision_role", "is_primary")),
        (_l("How to reach them"), ("mobile", "phone", "email", "wechat")),
        (_l("Personal"), ("birthday",)),
    )
    sort = "name"
    help = _l("The people at your customers. The first of each is the one we call first.")
    empty = _l("Open a customer and add the people you talk to there.")


class CustomerShareView(EntityView, model=CustomerShare):
    icon = "key"
    columns = ("customer", "user", "access", "until")
    fieldsets = (("", ("customer", "user", "access", "until")),)
    help = _l("Who besides its owner may see a customer, or work on it, and until when.")
    empty = _l("Share a customer with a colleague who helps you with it, for a while or for good.")


class CustomerTransferView(EntityView, model=CustomerTransfer):
    icon = "swap"
    commentable = False
    columns = ("at", "customer", "kind", "from_owner", "to_owner", "reason", "created_by")
    fieldsets = (("", ("customer", "kind", "from_owner", "to_owner", "reason", "at", "created_by")),)
    sort = "-at"
    help = _l("Every time a customer came to another owner, or to or from the public pool.")
    empty = _l("No customer has changed its owner yet.")


class LeadView(EntityView, model=Lead):
    icon = "star"
    actions = lead_actions.ACTIONS
    columns = ("name", "company", "status", "mobile", "source", "region", "owner", "created_on")
    fieldsets = (
        ("", ("name", "company", "status", "owner", "intent")),
        (_l("How to reach them"), ("mobile", "email")),
        (_l("Where they come from"), ("source", "campaign", "region", "industry")),
        (_l("What became of it"), ("converted_on", "customer", "contact", "opportunity", "discard_reason")),
        (_l("Note"), ("note",)),
    )
    help = _l("Names from fairs, calls and forms that may become customers.")
    empty = _l("Add the first name, or import the list from your last fair.")


class LeadRuleView(EntityView, model=LeadRule):
    icon = "swap"
    columns = ("position", "region", "source", "department", "method", "last_to", "active")
    fieldsets = (("", ("position", "region", "source", "department", "method", "active", "last_to")),)
    sort = "position"
    help = _l("Who gets the leads that come without an owner: the first rule that fits hands them out in turn.")
    empty = _l("Without rules a new lead belongs to whoever adds it. Add one for each region or source.")


def _usual(_values: Mapping[str, Any]) -> Done:
    made = services.add_usual_stages()
    return Done(made[0], _("%(count)s stages were added.", count=len(made)))


class StageView(EntityView, model=Stage):
    icon = "columns"
    columns = ("name", "position", "probability", "max_days", "is_won", "is_lost")
    fieldsets = (("", ("name", "position", "probability", "max_days", "is_won", "is_lost")),)
    related = (Related("stage-criteria", "stage", columns=("name", "kind", "measure", "weight")),)
    resource_actions = (ResourceAction("usual", _l("Add the usual stages"), _usual),)
    sort = "position"
    help = _l("What an opportunity goes through, and what must be so before it stands in each.")
    empty = _l("Add your own stages, or the usual ones and change them.")


def _measures(_row: Any, _values: Mapping[str, Any], part: Part) -> Sheet:
    known = sorted(measures.MEASURES.values(), key=lambda each: each.name)
    fields = (
        Field(StageCriterion, "name", "name", "text", _l("Write it so"), stored=False),
        Field(StageCriterion, "label", "label", "text", _l("What is measured"), stored=False),
        Field(StageCriterion, "counts", "counts", kind="bool", label=_l("It is a number"), stored=False),
    )
    return Sheet(fields, known[part.offset : part.offset + part.size], len(known))


class StageCriterionView(EntityView, model=StageCriterion):
    icon = "check"
    columns = ("name", "stage", "kind", "measure", "weight")
    fieldsets = (("", ("stage", "name", "kind", "measure", "weight")),)
    sort = "stage"
    readings = (
        Reading(
            "measures",
            _l("What can be measured"),
            _measures,
            help=_l("A number is compared (contact_records >= 2); of a yes or no the name is enough."),
        ),
    )
    help = _l("What must be so before an opportunity stands in a stage: measured, or ticked by hand.")
    empty = _l("Add what must be so: two contact records, a quotation sent, a budget confirmed.")


def _reason() -> Field:
    return Field(
        Opportunity,
        "reason",
        "reason",
        "longtext",
        _l("Reason"),
        _l("Needed to go back, to move past what is not met, and for what is lost"),
        stored=False,
    )


def _stage() -> Field:
    return Field(Opportunity, "stage", "stage", "relation", _l("Stage"), target=Stage, stored=False)


def _onward(opportunity: Opportunity) -> Mapping[str, Start]:
    """Where it is moved to, unless somebody knows better."""
    stage = opportunity.standing.onward
    return {"stage": Start(row=stage)} if stage is not None else {}


def _criteria() -> Field:
    help = _l("All of those ticked by hand that are met; the others are not")
    return Field(
        Opportunity, "criteria", "criteria", "relations", _l("Criteria"), help, target=StageCriterion, stored=False
    )


def _tick(opportunity: Opportunity, values: Mapping[str, Any]) -> Done:
    return Done(services.tick(opportunity, values["criteria"] or []))


def _move(opportunity: Opportunity, values: Mapping[str, Any]) -> Done:
    moved = services.move(opportunity, values["stage"], values["reason"])
    return Done(moved, _("%(what)s is in “%(stage)s” now.", what=moved, stage=moved.stage))


class OpportunityView(EntityView, model=Opportunity):
    icon = "target"
    columns = (
        "name",
        "customer",
        "stage",
        "amount",
        "weighted",
        "expected_close_on",
        "owner",
        "score",
        "days_in_stage",
    )
    fieldsets = (
        ("", ("name", "customer", "stage", "stage_reason", "owner", "expected_close_on", "next_step")),
        (_l("How much"), ("amount", "probability", "weighted", "agreed_amount", "products")),
        (_l("Around it"), ("source", "competitor", "lost_reason", "note")),
    )
    related = (
        Related("contact-records", "opportunity", columns=("at", "way", "outcome", "summary", "owner")),
        Related("stage-moves", "opportunity", columns=("at", "from_stage", "to_stage", "days", "reason", "missing")),
    )
    actions = (
        RecordAction(
            "move",
            _l("Move"),
            _move,
            fields=(_stage, _reason),
            required=("stage",),
            primary=True,
            bulk=True,
            begin=_onward,
        ),
        RecordAction("tick", _l("Tick criteria"), _tick, fields=(_criteria,), shown=lambda _row: False),
    )
    board = Board(
        "stage",
        lambda: [stage for stage, _criteria in standing.stages_with_criteria()],
        "move",
        figures=("amount", "weighted"),
        card=("customer", "owner", "expected_close_on"),
        mark=lambda row: _("%(n)s days", n=row.days_in_stage) if row.is_stale else "",
    )
    sort = "expected_close_on"
    help = _l("What you hope to sell, to whom and when.")
    empty = _l("Add the first: whom you are talking to, about how much, until when.")
    needs = (Need("stages", _l("Opportunities go through stages, and there are none yet."), "usual"),)

    @classmethod
    def prepare(cls, rows: list[Any]) -> None:
        standing.load(rows)

    @classmethod
    def defaults(cls) -> Mapping[str, Any]:
        stages = standing.stages(db.session())
        return {"stage": stages[0]} if stages else {}


class StageMoveView(EntityView, model=StageMove):
    icon = "swap"
    commentable = False
    columns = ("at", "opportunity", "from_stage", "to_stage", "days", "reason", "missing", "created_by")
    fieldsets = (("", ("opportunity", "from_stage", "to_stage", "at", "days", "reason", "missing", "created_by")),)
    sort = "-at"
    help = _l("Every move of every opportunity.")
    empty = _l("No opportunity has moved yet.")


def _usual_pool(_values: Mapping[str, Any]) -> Done:
    return Done(pool.add_usual_rule())


class PoolRuleView(EntityView, model=PoolRule):
    icon = "filter"
    columns = ("level", "words", "idle_days", "warn_days", "claim_limit", "claim_back_days")
    fieldsets = (("", ("level", "idle_days", "warn_days", "exempt", "claim_limit", "claim_back_days", "words")),)
    resource_actions = (ResourceAction("usual", _l("Add the usual rule"), _usual_pool),)
    sort = "level"
    help = _l(
        "When customers return to the public pool, and how many of them one may claim. An open opportunity keeps them."
    )
    empty = _l("Without rules every customer stays with its owner, and everyone claims as many as they like.")


PUBLIC_POOL = MapPage(
    "customers/pool",
    _l("Public pool"),
    "filter",
    lambda actor: actor.may("can_claim", Customer.permission_key()),
    "/customers/list/?f=in_pool:eq:1",
    last=True,
    help=_l("Customers that nobody looks after: whoever claims one has it."),
)

DECLARING = (panels, story, handing_out)
"""The modules that declare, by being imported, what the pages of these records show besides."""
