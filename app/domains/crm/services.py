"""Rules of the crm: a share lets others see a customer, or work on it, until its last day; opportunities move from stage
to stage.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from decimal import Decimal
from typing import Any

import sqlalchemy as sa

from app.core import audit, clock, db, identity, merging
from app.core.errors import Conflict, Invalid
from app.core.i18n import gettext as _
from app.core.i18n import lazy_gettext as _l
from app.core.i18n import lazy_pgettext
from app.core.identity import Actor
from app.core.numbering import PREFIXES
from app.core.scope import Condition, visibility
from app.domains.crm import measured, measures, mergers, queries, standing
from app.domains.crm.models import Customer, CustomerShare, Opportunity, Stage, StageCriterion

PREFIXES["customers"] = "C"
audit.WORDS |= {
    "assign": lazy_pgettext("deed", "Assigned"),
    "transfer": lazy_pgettext("deed", "Transferred"),
    "claim": lazy_pgettext("deed", "Claimed"),
    "release": lazy_pgettext("deed", "Released"),
    "recycle": lazy_pgettext("deed", "Returned to the pool"),
    "share": lazy_pgettext("deed", "Shared"),
    standing.MOVE: lazy_pgettext("deed", "Moved"),
    "tick": lazy_pgettext("deed", "Criteria ticked"),
}
merging.rules[Customer] = mergers.unite_customers
merging.uniting[CustomerShare] = mergers.united_share


def shared(actor: Actor, customer: Any, write: bool) -> Condition | None:
    """The condition that ``customer`` (a column of ids) is shared with the actor today."""
    if actor.user_id is None:
        return None
    return customer.in_(queries.shared_customers(actor.user_id, clock.today(), write=write))


visibility.shared = shared

MEASURED = measured.__name__
"""The module whose measures are registered by being imported."""


def move(opportunity: Opportunity, stage_id: int, reason: str | None) -> Opportunity:
    """Take ``opportunity`` to another stage.  Backwards, out of a closed stage and past what is not met it needs a
    ``reason``; to a lost stage that is why it was lost.

    Raises Invalid.
    """
    stage = db.session.get(Stage, stage_id)
    if stage is None:
        raise Invalid({"stage": [_("There is no such stage.")]})
    if stage.id == opportunity.stage_id:
        raise Invalid({"stage": [_("It is in “%(stage)s” already.", stage=stage)]})
    with identity.doing(standing.MOVE, reason or ""):
        opportunity.stage_id = stage.id
        if stage.is_lost and reason:
            opportunity.lost_reason = reason
        db.session.flush()
    db.session.expire(opportunity, ["stage"])
    opportunity.__dict__.pop("standing", None)
    return opportunity


def tick(opportunity: Opportunity, ids: Iterable[int]) -> Opportunity:
    """Say which criteria that are ticked by hand ``opportunity`` meets: those in ``ids``, and no others.

    Raises Invalid for one that is measured, or is not there.
    """
    wanted = set(ids)
    found = list(db.session.scalars(sa.select(StageCriterion).where(StageCriterion.id.in_(wanted))))
    if len(found) != len(wanted):
        raise Invalid({"criteria": [_("There is no such criterion.")]})
    for criterion in found:
        if criterion.kind == "measured":
            raise Invalid({"criteria": [_("“%(criterion)s” is measured: it can't be ticked.", criterion=criterion)]})
    opportunity.ticked = sorted(found, key=lambda each: each.id)
    db.session.flush()
    opportunity.__dict__.pop("standing", None)
    return opportunity


USUAL_STAGES: tuple[tuple[Any, str, bool, bool, int | None, tuple[tuple[Any, str, int], ...]], ...] = (
    (_l("First contact"), "0.10", False, False, 30, ()),
    (
        _l("Needs known"),
        "0.25",
        False,
        False,
        30,
        (
            (_l("At least two contact records"), "contact_records >= 2", 2),
            (_l("We know who decides"), "decision_maker_known", 2),
            (_l("The products are known"), "products_known", 1),
        ),
    ),
    (
        _l("Proposal"),
        "0.50",
        False,
        False,
        30,
        (
            (_l("A quotation was sent"), "quotation_sent", 3),
            (_l("The competitor is known"), "competitor_known", 1),
            (_l("The budget is confirmed"), "", 2),
        ),
    ),
    (
        _l("Negotiation"),
        "0.75",
        False,
        False,
        20,
        (
            (_l("The customer has agreed to an amount"), "amount_agreed", 3),
            (_l("The expected close lies ahead"), "close_date_ahead", 1),
            (_l("A contact in the last two weeks"), "days_since_contact <= 14", 1),
        ),
    ),
    (_l("Won"), "1", True, False, None, ()),
    (lazy_pgettext("stage", "Lost"), "0", False, True, None, ()),
)
"""(name, probability, won, lost, most days, criteria: (name, measure or «» for one that is ticked, weight))."""


def add_usual_stages(named: Callable[[Any], str] = str) -> list[Stage]:
    """Add the stages that most companies begin with, in the language of whoever asks, or as ``named`` writes them.
    Raises Conflict when there are stages already.
    """
    if db.session.scalars(sa.select(Stage.id).limit(1)).first() is not None:
        raise Conflict(_("There are stages already: change them as you need."))
    made = []
    for number, (name, probability, won, lost, days, criteria) in enumerate(USUAL_STAGES, start=1):
        stage = Stage(
            name=named(name),
            position=number * 10,
            probability=Decimal(probability),
            is_won=won,
            is_lost=lost,
            max_days=days,
        )
        db.session.add(stage)
        made.append(stage)
        for title, test, weight in criteria:
            # What nobody measures here is ticked by hand.
            kind = "measured" if test.split(" ")[0] in measures.MEASURES else "manual"
            db.session.add(
                StageCriterion(
                    stage=stage,
                    name=named(title),
                    kind=kind,
                    measure=test if kind == "measured" else None,
                    weight=weight,
                )
            )
    db.session.flush()
    return made
