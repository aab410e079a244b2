"""How plans, outings, contact records, guidance and suggestions are shown."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

from app.core import clock, identity
from app.core.fields import Field, writable
from app.core.flags import flag
from app.core.i18n import gettext as _
from app.core.i18n import lazy_gettext as _l
from app.core.i18n import lazy_pgettext
from app.core.web.view import Done, EntityView, Part, Reading, RecordAction, RecordLink, Related, Sheet
from app.domains.activities import actual, panels, services, story
from app.domains.activities.models import (
    OPEN_WHEN_SUBMITTED,
    ContactRecord,
    Outing,
    Review,
    Suggestion,
    WeeklyPlan,
)
from app.domains.activities.models.outings import OUT, PLANNED

LAST_DAY_OF_THIS_WEEK = 2  # Wednesday: from Thursday on a new plan is for the week to come


def _said(name: str, label: Any, kind: str = "text", choices: Mapping[str, Any] | None = None) -> Field:
    return Field(
        WeeklyPlan, name, name, kind, label, stored=False, choices=choices, tones=actual.TONES if choices else None
    )


def _actual(plan: Any, _values: Mapping[str, Any], part: Part) -> Sheet:
    found = actual.of([plan])[plan.id]
    fields = (
        _said("day", _l("Day"), "date"),
        _said("what", _l("What"), "choice", actual.WHAT),
        _said("customer", _l("Customer")),
        _said("planned", _l("Planned")),
        _said("came", _l("What came of it")),
    )
    counted = actual.counts(found)
    facts = tuple((_said(name, label, "integer"), counted[name]) for name, label in actual.WHAT.items())
    return Sheet(fields, found[part.offset : part.offset + part.size], len(found), facts)


class WeeklyPlanView(EntityView, model=WeeklyPlan):
    icon = "calendar"
    columns = ("number", "owner", "week", "state", "plan")
    fieldsets = (
        ("", ("number", "owner", "week", "date")),
        (_l("Before the week"), ("plan",)),
        (_l("After the week"), ("summary", "suggestion", "review_comment", "note")),
    )
    line_columns = ("planned_on", "kind", "customer", "goal", "done", "result")
    line_hint = ("customer", "/weekly-plans/guidance")
    sort = "-week"
    readings = (
        Reading(
            "actual",
            _l("Planned and actual"),
            _actual,
            of_row=True,
            operation="show",
            help=_l("What was planned and done, what was missed, and what was done without a plan."),
        ),
    )
    help = _l("Plan before the week, submit, and fill in the results as they come. Your superior reviews it.")
    empty = _l("Write your first plan: what the week is for, and a line for each visit or call.")

    @classmethod
    def defaults(cls) -> Mapping[str, Any]:
        today = clock.today()
        monday = clock.monday_of(today)
        return {"week": monday if today.weekday() <= LAST_DAY_OF_THIS_WEEK else monday + timedelta(days=7)}

    @classmethod
    def still_open(cls, row: Any) -> frozenset[str] | None:
        return OPEN_WHEN_SUBMITTED if row.state == "submitted" else None


def _at() -> Field:
    return Field(Outing, "at", "at", "datetime", _l("When"), stored=False)


def _record() -> Field:
    help = _l("The fields of the contact record that tells of it")
    return Field(Outing, "record", "record", "json", _l("Contact record"), help, stored=False)


def _reason() -> Field:
    return Field(Outing, "reason", "reason", "longtext", _l("Reason"), stored=False)


def _leave(outing: Outing, values: Mapping[str, Any]) -> Done:
    left = services.leave(outing, values["at"], values["latitude"], values["longitude"])
    return Done(left, _("You are out: %(outing)s", outing=left))


def _back(outing: Outing, values: Mapping[str, Any]) -> Done:
    told = services.come_back(outing, values["record"], values["at"])
    return Done(outing, _("You are back."), {"contact_record": told.id} if told is not None else {})


def _call_off(outing: Outing, values: Mapping[str, Any]) -> Done:
    return Done(services.call_off(outing, values["reason"]))


def record_url(outing: Outing) -> str:
    """Where the contact record is written that ends ``outing``, with what follows from it."""
    told = {"outing": outing.id, "customer": outing.customer_id, "way": "visit", "next": f"/outings/show/{outing.id}"}
    return f"/contact-records/add?{urlencode({name: value for name, value in told.items() if value is not None})}"


def _is_mine(outing: Outing) -> bool:
    return outing.owner_id == identity.user_id()


@flag(Outing, "out_now", _l("Out now"))
def out_now() -> Any:
    """Outings that somebody is on."""
    return Outing.state == OUT


class OutingView(EntityView, model=Outing):
    icon = "map"
    columns = ("purpose", "owner", "customer", "leave_at", "return_at", "state", "place")
    fieldsets = (
        ("", ("owner", "customer", "purpose", "plan_line", "place")),
        (_l("When"), ("leave_at", "return_at", "state", "reason")),
        (_l("Position on leaving"), ("latitude", "longitude")),
    )
    sort = "-leave_at"
    related = (Related("contact-records", "outing", columns=("at", "customer", "way", "outcome", "summary")),)
    actions = (
        RecordAction(
            "leave",
            lazy_pgettext("outing", "Leave"),
            _leave,
            fields=(_at, "latitude", "longitude"),
            quiet=("at", "latitude", "longitude"),
            primary=True,
            shown=lambda outing: outing.state == PLANNED and _is_mine(outing),
        ),
        RecordAction(
            "back",
            lazy_pgettext("outing", "I am back"),
            _back,
            fields=(_record, _at),
            quiet=("record", "at"),
            primary=True,
            shown=lambda outing: outing.state == OUT and outing.customer_id is None and _is_mine(outing),
        ),
        RecordAction(
            "cancel",
            _l("Cancel outing"),
            _call_off,
            fields=(_reason,),
            tone="danger",
            shown=services.may_call_off,
        ),
    )
    links = (
        RecordLink(
            lazy_pgettext("outing", "I am back"),
            record_url,
            "back",
            shown=lambda outing: outing.state == OUT and outing.customer_id is not None and _is_mine(outing),
            rank="primary",
        ),
    )
    help = _l("Who is out, since when and with whom. One to a customer ends with its contact record.")
    empty = _l("Write down where you go and why, press “Leave”, and “I am back” afterwards.")


class ContactRecordView(EntityView, model=ContactRecord):
    icon = "chat"
    columns = ("at", "customer", "way", "outcome", "summary", "next_contact_on", "owner")
    fieldsets = (
        ("", ("customer", "contact", "way", "at", "outcome", "summary", "intent")),
        (_l("What comes next"), ("next_step", "next_contact_on")),
        (lazy_pgettext("contact", "Belongs to"), ("outing", "opportunity", "owner")),
    )
    sort = "-at"
    help = _l("Every contact with a customer: how, what came of it, and when the next is.")
    empty = _l("Write down the first: whom you met or called, and what they said.")


def _words() -> Field:
    return Field(Review, "text", "text", "longtext", _l("Answer"), stored=False)


def _answer(review: Review, values: Mapping[str, Any]) -> Done:
    return Done(services.answer_review(review, values["text"]), _("Your answer was sent."))


@flag(Review, "open", _l("Waits for an answer"))
def waits() -> Any:
    """Guidance that asks for an answer and has none."""
    return Review.requires_answer.is_(True) & Review.answered.is_(False)


class ReviewView(EntityView, model=Review):
    icon = "chat"
    importable = False
    begun_elsewhere = True
    columns = ("body", "author", "to", "customer", "requires_answer", "answered", "age")
    fieldsets = (
        ("", ("record", "body", "requires_answer")),
        ("", ("author", "to", "customer", "age")),
        (_l("Answer"), ("answer", "answered", "answered_at")),
    )
    sort = "-created_on"
    actions = (
        RecordAction(
            "answer",
            _l("Answer"),
            _answer,
            fields=(_words,),
            required=("text",),
            primary=True,
            shown=lambda review: not review.answered and review.to_id == identity.user_id(),
        ),
    )
    links = (
        RecordLink(_l("Open what it is about"), lambda review: f"/{review.record_resource}/show/{review.record_id}"),
    )
    help = _l("What superiors say of contact records, plans, outings and opportunities, and what is answered.")
    empty = _l("Open a contact record or a plan of somebody you lead, and press “Give guidance”.")

    @classmethod
    def still_open(cls, row: Any) -> frozenset[str]:
        return frozenset(writable(Review)) - {"record"}  # what it is about stays


def _suggested() -> Field:
    return Field(Suggestion, "text", "text", "longtext", _l("Answer"), stored=False)


def _and_close() -> Field:
    return Field(Suggestion, "close", "close", "bool", _l("Close it"), stored=False)


def _answer_suggestion(suggestion: Suggestion, values: Mapping[str, Any]) -> Done:
    return Done(
        services.answer_suggestion(suggestion, values["text"], bool(values["close"])), _("Your answer was sent.")
    )


class SuggestionView(EntityView, model=Suggestion):
    icon = "star"
    columns = ("body", "owner", "created_on", "answer", "answered_by", "closed")
    fieldsets = (
        ("", ("body", "owner", "plan")),
        (_l("Answer"), ("answer", "answered_by", "answered_at", "closed")),
    )
    sort = "-created_on"
    actions = (
        RecordAction(
            "answer",
            _l("Answer"),
            _answer_suggestion,
            fields=(_suggested, _and_close),
            required=("text",),
            primary=True,
            shown=lambda row: not row.closed and row.owner_id != identity.user_id(),
        ),
        RecordAction(
            "close",
            _l("Close"),
            lambda row, _values: services.close_suggestion(row),
            shown=lambda row: not row.closed and bool(row.answer) and row.owner_id != identity.user_id(),
        ),
        RecordAction(
            "reopen",
            _l("Reopen"),
            lambda row, _values: services.reopen_suggestion(row),
            shown=lambda row: row.closed and row.owner_id != identity.user_id(),
        ),
    )
    help = _l("What people suggest with their weekly plans. Management answers and closes each.")
    empty = _l("Suggestions come from weekly plans, or are written here.")


DECLARING = (panels, story)
"""The modules that declare, by being imported, what the pages of these records show besides."""
