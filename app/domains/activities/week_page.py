"""What the page of one's own week shows: the days with what is planned, and what is offered to be planned."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any
from urllib.parse import urlencode

from babel.dates import format_date

from app.core import clock, db, identity
from app.core.errors import Invalid
from app.core.fields import Field, declared
from app.core.i18n import current_locale
from app.core.i18n import gettext as _
from app.core.web import pickers, present, record
from app.core.web.inputs import form_field
from app.core.web.page import Action, Badge, FormField, Link
from app.domains.activities import actual, week
from app.domains.activities.models import KINDS, OPEN_WHEN_SUBMITTED, WeeklyPlan
from app.domains.activities.models.plans import KIND_TONES, WeeklyPlanLine
from app.domains.activities.panels import Guided, shown
from app.domains.activities.views import WeeklyPlanView
from app.domains.crm.models import Customer

DAY = timedelta(days=1)
WORKWEEK = 5  # days that always have a column
LINE = ("planned_on", "kind", "customer", "goal", "done", "result")
TEXTS = ("plan", "summary", "suggestion")


@dataclass
class Entry:
    """A thing planned: ``what`` came of it («done» …), ``fields`` change it, none where it may be looked at only."""

    id: int
    title: str
    customer_url: str | None
    kind: Badge
    goal: str
    result: str
    done: bool
    ticked: bool
    what: str
    url: str
    fields: list[FormField]
    out_url: str | None
    guidance: list[Guided]
    removable: bool


@dataclass
class DayColumn:
    """A day with what is planned for it; ``adding`` are the inputs of a new line, none where none can come."""

    day: str
    name: str
    is_today: bool
    entries: list[Entry]
    unplanned: list[tuple[str, str, str]]
    adding: list[FormField]
    errors: list[str]


@dataclass
class Offered:
    """A customer that is due, with the day it would be planned for."""

    id: int
    name: str
    url: str
    why: str
    late: bool
    day: str
    guidance: list[Guided]


@dataclass
class WeekPage:
    """What the page shows."""

    title: str
    state: Badge | None
    days: list[DayColumn]
    left: list[tuple[int, str, str]]
    offers: list[Offered]
    texts: list[FormField]
    actions: list[Action]
    action_url: str
    prev_url: str
    next_url: str
    today_url: str
    choices: list[tuple[str, str]]
    counts: list[tuple[str, int, str]]
    is_open: bool
    may_write: bool
    breadcrumb: list[Link] = field(default_factory=list)
    text_errors: list[str] = field(default_factory=list)


def url_of(monday: date) -> str:
    """Where the week is shown."""
    return f"/week/?week={monday}"


def page(monday: date, place: str, error: Invalid | None, given: Mapping[str, Any]) -> WeekPage:
    """The week of ``monday``; ``error`` says what of the ``given`` was refused at a ``place`` of it («day-2026-11-25»)."""
    plan = week.plan_of(monday)
    found = actual.of([plan])[plan.id] if plan is not None else []
    may_write = identity.require().may("can_add", WeeklyPlan.permission_key())
    is_open = may_write and (plan is None or plan.state == "draft")
    left = week.left_over(monday, plan) if is_open else []
    offers = week.due(monday, plan) if is_open else []
    lines = list(plan.lines) if plan is not None else []
    asked = {line.customer_id for line in lines if line.customer_id} | {offer.customer.id for offer in offers}
    said = {key: [shown(each) for each in some] for key, some in week.guidance_open(asked).items()}
    building = _Building(monday, plan, is_open, may_write, place, error, given, said)
    last = monday + DAY * 6
    offered = [building.offered(offer) for offer in offers]
    beyond = {line.planned_on for line in lines} | {each.day for each in found}
    beyond |= {date.fromisoformat(each.day) for each in offered}
    outside = sorted(day for day in beyond if not monday <= day <= last)
    days = [monday + DAY * number for number in range(7)]
    days = [day for number, day in enumerate(days) if number < WORKWEEK or day in beyond or day == clock.today()]
    today = clock.monday_of(clock.today())
    counted = actual.counts(found)
    return WeekPage(
        title=_("Week of %(first)s to %(last)s", first=_day(monday, brief=True), last=_day(last, brief=True)),
        state=_state(plan),
        days=[building.column(day, lines, found) for day in (*days, *outside)],
        left=[(line.id, str(line.customer or ""), line.goal) for line in left],
        offers=offered,
        texts=building.texts(),
        actions=record.actions(WeeklyPlanView, plan) if plan is not None else [],
        action_url=f"/week/{monday}",
        prev_url=url_of(monday - DAY * 7),
        next_url=url_of(monday + DAY * 7),
        today_url=url_of(today) if monday != today else "",
        choices=[(str(day), _day(day)) for day in days],
        counts=[
            (str(label), counted[name], actual.TONES[name]) for name, label in actual.WHAT.items() if counted[name]
        ],
        is_open=is_open,
        may_write=may_write,
        breadcrumb=[Link(_("My week"))],
        text_errors=error.texts if error is not None and place == "texts" else [],
    )


def _day(day: date, *, brief: bool = False) -> str:
    if brief:
        return format_date(day, "d MMM" if not current_locale().startswith("zh") else "M月d日", locale=current_locale())
    return format_date(
        day, "EEE d MMM" if not current_locale().startswith("zh") else "M月d日 EEE", locale=current_locale()
    )


def _state(plan: WeeklyPlan | None) -> Badge | None:
    if plan is None:
        return None
    flow = WeeklyPlan.workflow
    return Badge(str(flow.states[plan.state]), flow.tones[plan.state])


@dataclass
class _Building:
    """What the parts of the page are made with."""

    monday: date
    plan: WeeklyPlan | None
    is_open: bool
    may_write: bool
    place: str
    error: Invalid | None
    given: Mapping[str, Any]
    said: Mapping[int, list[Guided]]

    def column(self, day: date, lines: list[WeeklyPlanLine], found: list[actual.Happened]) -> DayColumn:
        """A day."""
        place = f"day-{day}"
        happened = {each.line: each for each in found if each.line is not None}
        mine = [line for line in lines if line.planned_on == day]
        extra = [
            (each.customer or each.came, each.came if each.customer else "", each.url)
            for each in found
            if each.line is None and each.day == day
        ]
        adding = []
        errors: list[str] = []
        if self.is_open:
            start = {"planned_on": str(day), "kind": "visit"} | (dict(self.given) if self.place == place else {})
            adding = [self._input(place, name, start.get(name, "")) for name in ("customer", "kind", "goal")]
            errors = self._errors(place, adding)
        return DayColumn(
            str(day),
            _day(day),
            day == clock.today(),
            [self.entry(line, happened.get(line.id)) for line in mine],
            extra,
            adding,
            errors,
        )

    def entry(self, line: WeeklyPlanLine, happened: actual.Happened | None) -> Entry:
        """A line of the plan."""
        place = f"line-{line.id}"
        names = LINE if self.is_open else tuple(name for name in LINE if name in OPEN_WHEN_SUBMITTED)
        editable = self.may_write and self.plan is not None and self.plan.is_editable
        held = {
            "planned_on": str(line.planned_on),
            "kind": line.kind,
            "customer": str(line.customer_id or ""),
            "goal": line.goal,
            "done": "1" if line.done else "",
            "result": line.result or "",
        } | (dict(self.given) if self.place == place else {})
        fields = [self._input(place, name, held[name], line.customer) for name in names] if editable else []
        self._errors(place, fields)
        what = happened.what if happened is not None else actual.AHEAD
        return Entry(
            id=line.id,
            title=line.customer.name if line.customer is not None else line.goal,
            customer_url=present.record_url(line.customer) if line.customer is not None else None,
            kind=Badge(str(KINDS[line.kind]), KIND_TONES[line.kind]),
            goal=line.goal if line.customer is not None else "",
            result=line.result or (happened.came if happened is not None else ""),
            done=what == actual.DONE,
            ticked=bool(line.done),
            what=what,
            url=happened.url if happened is not None else "",
            fields=fields,
            out_url=self._out_url(line) if editable and what != actual.DONE else None,
            guidance=list(self.said.get(line.customer_id or 0, ())),
            removable=self.is_open,
        )

    def offered(self, offer: week.Offer) -> Offered:
        """A customer that is due."""
        first = max(self.monday, min(clock.today(), self.monday + DAY * (WORKWEEK - 1)))
        on = offer.on if offer.on is not None and first <= offer.on <= self.monday + DAY * 6 else first
        return Offered(
            offer.customer.id,
            offer.customer.name,
            present.record_url(offer.customer) or "",
            offer.why,
            offer.late,
            str(on),
            list(self.said.get(offer.customer.id, ())),
        )

    def texts(self) -> list[FormField]:
        """What is written of the week as a whole."""
        if not self.may_write or (self.plan is not None and not self.plan.is_editable):
            return []
        names = TEXTS if not self.is_open or (self.plan is not None and self.monday <= clock.today()) else TEXTS[:1]
        known = declared(WeeklyPlan)
        made = []
        for name in names:
            raw = self.given.get(name) if self.place == "texts" else getattr(self.plan, name, "")
            shown = form_field(known[name], name, f"texts-{name}", raw or "")
            shown.required = False
            shown.readonly = (
                self.plan is not None and self.plan.state == "submitted" and name not in OPEN_WHEN_SUBMITTED
            )
            made.append(shown)
        return made

    def _out_url(self, line: WeeklyPlanLine) -> str | None:
        if not identity.require().may("can_add", "Outing") or line.kind not in ("visit", "other"):
            return None
        told = {"customer": line.customer_id, "plan_line": line.id, "purpose": line.goal[:200]}
        return f"/outings/add?{urlencode({name: value for name, value in told.items() if value})}"

    def _input(self, place: str, name: str, raw: Any, customer: Customer | None = None) -> FormField:
        known: Mapping[str, Field] = declared(WeeklyPlanLine)
        shown = form_field(known[name], name, f"{place}-{name}", raw)
        if name in ("goal", "result"):
            shown.kind, shown.width = "text", "full"
        if name == "customer":
            pickers.offer(shown, Customer)
            if not str(raw).isdecimal():
                shown.text, shown.value = str(raw), ""
            elif customer is not None and str(customer.id) == str(raw):
                shown.text = str(customer)
            elif raw:
                row = db.session.get(Customer, int(raw)) if len(str(raw)) < 10 else None
                shown.text = str(row) if row is not None else ""
        return shown

    def _errors(self, place: str, fields: list[FormField]) -> list[str]:
        """Put what was refused at its input; what is left belongs to the whole."""
        if self.error is None or self.place != place:
            return []
        known = {each.name: each for each in fields}
        rest = []
        for name, said in self.error.errors.items():
            if name in known:
                known[name].errors = (
                    [str(self.given.get("customer-fault") or each) for each in said] if name == "customer" else said
                )
            else:
                rest += said
        return rest
