"""Rules of what people do all week: plans, outings, guidance and suggestions."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

import sqlalchemy as sa

from app.core import audit, clock, crud, db, identity
from app.core.entity import User
from app.core.errors import Conflict, Invalid, NotPermitted
from app.core.i18n import gettext as _
from app.core.i18n import lazy_pgettext
from app.core.numbering import PREFIXES
from app.domains.activities import contacting, measured, telling
from app.domains.activities.models import ContactRecord, Outing, Review, Suggestion, WeeklyPlan
from app.domains.activities.models.outings import BACK, CANCELLED, OUT, PLANNED
from app.domains.activities.models.records import SLACK
from app.domains.crm.models import Customer
from app.domains.people.queries import may_lead

PREFIXES["weekly-plans"] = "WP"
audit.WORDS |= {
    "leave": lazy_pgettext("deed", "Left"),
    "back": lazy_pgettext("deed", "Came back"),
    "answer": lazy_pgettext("deed", "Answered"),
    "close": lazy_pgettext("deed", "Closed"),
    "reopen": lazy_pgettext("deed", "Reopened"),
    contacting.NEXT_CONTACT: lazy_pgettext("deed", "Next contact moved"),
}
DECLARING = (measured, contacting)
"""The modules that declare, by being imported, what contact records and outings make of others."""


@WeeklyPlan.workflow.effect("submit")
def submit(plan: WeeklyPlan) -> None:
    """Let ``plan`` go to its owner's superior.  Raises Invalid when it says nothing."""
    if not (plan.plan or "").strip() and not plan.lines:
        raise Invalid({"plan": [_("Write what the week is for, or add a line, before you submit.")]})


def leave(
    outing: Outing, at: datetime | None = None, latitude: Decimal | None = None, longitude: Decimal | None = None
) -> Outing:
    """Go out, now or at the moment ``at`` (UTC), from where ``latitude`` and ``longitude`` say.

    Raises Conflict when it is not planned any more, or when its owner is out already; NotPermitted, Invalid.
    """
    _require_own(outing)
    if outing.state != PLANNED:
        raise Conflict(_("“%(outing)s” is not planned any more: nobody can leave on it.", outing=outing))
    # Two who press at once take turns: one is out once.
    db.session.scalars(db.locked(sa.select(User).where(User.id == outing.owner_id), User)).unique().one()
    already = sa.select(Outing).where(Outing.owner_id == outing.owner_id, Outing.state == OUT)
    if (other := db.session.scalars(already.limit(1)).first()) is not None:
        raise Conflict(_("%(who)s is out already (%(outing)s): come back first.", who=outing.owner, outing=other))
    when = _so_far(at)
    if when is None:
        raise Invalid({"at": [_("This lies ahead: nobody has left yet.")]})
    outing.state, outing.leave_at = OUT, when
    outing.latitude = latitude if latitude is not None else outing.latitude
    outing.longitude = longitude if longitude is not None else outing.longitude
    db.session.flush()
    return outing


def come_back(
    outing: Outing, record: Mapping[str, Any] | None = None, at: datetime | None = None
) -> ContactRecord | None:
    """Be back from ``outing``, with the contact record that ``record`` (its fields) tells of it, which is returned: an
    outing to a customer can't end without one.

    Raises Conflict when it is over, Invalid (the record's faults under «record.…»), NotPermitted.
    """
    _require_own(outing)
    if outing.state not in (PLANNED, OUT):
        raise Conflict(_("“%(outing)s” is over.", outing=outing))
    when = _so_far(at)
    if when is None or (outing.state == OUT and when < outing.leave_at):
        raise Invalid({"at": [_("One comes back after one left, and not in the future.")]})
    if record is not None and not isinstance(record, Mapping):
        raise Invalid({"record": [_("Write the contact record as its fields.")]})
    told: ContactRecord | None = None
    if record or outing.customer_id is not None:
        # What is not said of the record follows from the outing.
        known = {"outing": outing.id, "customer": outing.customer_id}
        given = {**{name: value for name, value in known.items() if value is not None}, **(record or {})}
        if not record:
            raise Invalid({"record": [_("An outing to a customer ends with its contact record.")]})
        outing.leave_at = min(outing.leave_at, when)
        outing.returning = when
        try:
            # Its customer may have gone to somebody else meanwhile.
            with identity.pointing_at(Customer, outing.customer_id):
                told = crud.create(ContactRecord, {**given, "outing": outing.id})
        except Invalid as error:
            raise Invalid({f"record.{name}": said for name, said in error.errors.items()}, error.message) from None
    if outing.state != BACK:
        outing.back_at(when)
    db.session.flush()
    return told


def call_off(outing: Outing, reason: str | None) -> Outing:
    """Cancel ``outing``: it does not take place, or was no outing.

    Who is out says why.  Who is out with a customer comes back and tells of it instead; only a superior cancels that.
    Raises Conflict when it is over, or is to end with its contact record; Invalid without a reason.
    """
    if outing.state in (BACK, CANCELLED):
        raise Conflict(_("“%(outing)s” is over.", outing=outing))
    if not may_call_off(outing):
        raise Conflict(_("“%(outing)s” is under way: come back, and say what came of it.", outing=outing))
    if outing.state == OUT and not (reason or "").strip():
        raise Invalid({"reason": [_("Say why: %(who)s is out.", who=outing.owner)]})
    outing.state, outing.reason = CANCELLED, reason
    db.session.flush()
    return outing


def may_call_off(outing: Outing) -> bool:
    """Whether the actor may cancel ``outing`` as it stands: one to a customer that is under way ends with its contact
    record, unless a superior of whoever is out says otherwise.
    """
    if outing.state == OUT and outing.customer_id is not None:
        return may_lead(outing.owner_id, Outing.domain())
    return outing.state not in (BACK, CANCELLED)


def answer_review(review: Review, text: str) -> Review:
    """Answer guidance; it leaves both inboxes.  Raises NotPermitted unless it is for the actor, Conflict when it was
    answered before.
    """
    actor = identity.require()
    if actor.user_id != review.to_id and not actor.unlimited:
        raise NotPermitted(_("Only the one whom it is for can answer it."))
    if review.answered:
        raise Conflict(_("It is answered already."))
    review.answer, review.answered, review.answered_at = text, True, clock.now()
    db.session.flush()
    telling.tell_of_answer(review)
    return review


def answer_suggestion(suggestion: Suggestion, text: str, close: bool = False) -> Suggestion:
    """Answer a suggestion, and with ``close`` be done with it.  Raises NotPermitted unless the actor leads whoever made
    it, Conflict when it is closed.
    """
    _require_leading(suggestion)
    if suggestion.closed:
        raise Conflict(_("It is closed: reopen it first."))
    suggestion.answer, suggestion.answered_at = text, clock.now()
    suggestion.answered_by_id = identity.user_id()
    suggestion.closed = close
    db.session.flush()
    telling.tell_of_suggestion(suggestion)
    return suggestion


def close_suggestion(suggestion: Suggestion) -> Suggestion:
    """Be done with a suggestion that was answered.  Raises NotPermitted, Conflict."""
    _require_leading(suggestion)
    if suggestion.closed:
        raise Conflict(_("It is closed already."))
    if not suggestion.answer:
        raise Conflict(_("Answer it first: who made it wants to know what becomes of it."))
    suggestion.closed = True
    db.session.flush()
    return suggestion


def reopen_suggestion(suggestion: Suggestion) -> Suggestion:
    """Take a closed suggestion up again.  Raises NotPermitted, Conflict."""
    _require_leading(suggestion)
    if not suggestion.closed:
        raise Conflict(_("It is open."))
    suggestion.closed = False
    db.session.flush()
    return suggestion


def _so_far(at: datetime | None) -> datetime | None:
    """The moment ``at``, now when none is said; None if it lies ahead by more than clocks differ."""
    now = clock.now()
    if at is None:
        return now
    return min(at, now) if at <= now + SLACK else None


def _require_own(outing: Outing) -> None:
    """Raises NotPermitted when somebody else leaves or comes back in another's name, unless they may change everything."""
    actor = identity.require()
    if actor.user_id != outing.owner_id and not actor.unlimited:
        raise NotPermitted(_("Only who is out can say so."))


def _require_leading(suggestion: Suggestion) -> None:
    if suggestion.owner_id == identity.user_id():
        raise Conflict(_("It is your own: a superior answers it."))
    if not may_lead(suggestion.owner_id, Suggestion.domain()):
        raise NotPermitted(_("A suggestion is answered by a superior of whoever made it."))
