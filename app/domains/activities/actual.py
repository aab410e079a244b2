"""Planned against actual: what of a weekly plan was done, what was missed, and what was done without a plan."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

import sqlalchemy as sa

from app.core import clock, db
from app.core.i18n import lazy_pgettext
from app.domains.activities.models import ContactRecord, Outing, WeeklyPlan
from app.domains.activities.models.outings import BACK, OUT
from app.domains.activities.models.plans import WeeklyPlanLine
from app.domains.crm.models import Customer

DONE, MISSED, AHEAD, UNPLANNED = "done", "missed", "ahead", "unplanned"
WHAT = {
    DONE: lazy_pgettext("plan", "Done"),
    MISSED: lazy_pgettext("plan", "Missed"),
    AHEAD: lazy_pgettext("plan", "Still ahead"),
    UNPLANNED: lazy_pgettext("plan", "Not planned"),
}
TONES = {DONE: "green", MISSED: "red", AHEAD: "grey", UNPLANNED: "blue"}
WEEK = timedelta(days=7)
FIRST, LAST = date(2, 1, 1), date(9998, 1, 1)  # between which a moment is one in every zone


@dataclass(frozen=True)
class Happened:
    """One thing of a week: a line of the plan and what came of it, or something that was not planned.  ``url`` opens the
    contact record or outing that tells of it; ``kind`` is the line's kind, a record's way, or «outing».
    """

    what: str
    day: date
    customer: str
    planned: str
    came: str
    url: str = ""
    kind: str = ""
    line: int | None = None


def counts(found: Iterable[Happened]) -> dict[str, int]:
    """How many of ``found`` were done, missed, are still ahead or were not planned."""
    counted = dict.fromkeys(WHAT, 0)
    for each in found:
        counted[each.what] += 1
    return counted


def of(plans: Sequence[WeeklyPlan]) -> dict[int, list[Happened]]:
    """What came of each of ``plans``, by its id, in the order of days.

    A line is done when it is ticked, when an outing on it is back, or when its owner had contact with its customer in
    that week; a day's contact counts for that day's line first.  Three statements, however many plans.
    """
    if not plans:
        return {}
    week = {(plan.owner_id, plan.week): plan.id for plan in plans}
    lines = _lines(plans)
    owners, first, last = {plan.owner_id for plan in plans}, *_bounds(plans)
    records, outings = defaultdict(list), defaultdict(list)
    for record in _records(owners, first, last):
        if (plan_id := week.get((record.owner_id, clock.monday_of(clock.local(record.at).date())))) is not None:
            records[plan_id].append(record)
    for outing in _outings(owners, first, last):
        if (plan_id := week.get((outing.owner_id, clock.monday_of(clock.local(outing.leave_at).date())))) is not None:
            outings[plan_id].append(outing)
    today = clock.today()
    return {plan.id: _one(lines[plan.id], records[plan.id], outings[plan.id], today) for plan in plans}


def _one(lines: Sequence[Any], records: Sequence[Any], outings: Sequence[Any], today: date) -> list[Happened]:
    told = _match(lines, records)
    on_line = {outing.plan_line_id: outing for outing in outings if outing.plan_line_id is not None}
    found = []
    for line in lines:
        record, outing = told.get(line.id), on_line.get(line.id)
        done = line.done or record is not None or (outing is not None and outing.state == BACK)
        came = line.result or (record.outcome if record is not None else "")
        url = _url(record, outing)
        what = DONE if done else MISSED if line.planned_on < today else AHEAD
        found.append(
            Happened(what, line.planned_on, line.customer or "", line.goal, came or "", url, line.kind, line.id)
        )
    matched = {record.id for record in told.values()}
    found += (
        Happened(
            UNPLANNED,
            clock.local(record.at).date(),
            record.customer or "",
            "",
            f"{record.outcome}: {record.summary}" if record.summary else record.outcome,
            f"/contact-records/show/{record.id}",
            record.way,
        )
        for record in records
        if record.id not in matched
    )
    with_record = {record.outing_id for record in records}
    found += (
        Happened(
            UNPLANNED,
            clock.local(outing.leave_at).date(),
            outing.customer or "",
            "",
            outing.purpose,
            f"/outings/show/{outing.id}",
            "outing",
        )
        for outing in outings
        if outing.plan_line_id is None and outing.id not in with_record
    )
    return sorted(found, key=lambda each: (each.day, each.line or 0))


def _match(lines: Sequence[Any], records: Sequence[Any]) -> dict[int, Any]:
    """Which record tells of which line: of the same customer, on its day if there is one, else the earliest left."""
    left: dict[int, list[Any]] = defaultdict(list)
    for record in sorted(records, key=lambda record: (record.at, record.id)):
        left[record.customer_id].append(record)
    wanted = [line for line in lines if line.customer_id is not None]
    found = {}
    for same_day in (True, False):
        for line in wanted:
            offered = left[line.customer_id] if line.id not in found else []
            for record in offered:
                if not same_day or clock.local(record.at).date() == line.planned_on:
                    found[line.id] = record
                    offered.remove(record)
                    break
    return found


def _url(record: Any, outing: Any) -> str:
    if record is not None:
        return f"/contact-records/show/{record.id}"
    return f"/outings/show/{outing.id}" if outing is not None else ""


def _bounds(plans: Sequence[WeeklyPlan]) -> tuple[datetime, datetime]:
    """From when to when the weeks of ``plans`` last, as moments."""
    weeks = [plan.week for plan in plans]
    first, last = max(min(weeks), FIRST), min(max(weeks), LAST) + WEEK
    zone = clock.zone()
    return (
        datetime(first.year, first.month, first.day, tzinfo=zone),
        datetime(last.year, last.month, last.day, tzinfo=zone),
    )


@dataclass(frozen=True)
class Planned:
    """A line of a plan, as far as it matters here."""

    id: int
    planned_on: date
    customer_id: int | None
    kind: str
    goal: str
    done: bool
    result: str | None
    customer: str | None


def _lines(plans: Sequence[WeeklyPlan]) -> Mapping[int, list[Planned]]:
    """The lines of ``plans``; those of a plan that holds its lines already cost nothing."""
    found: dict[int, list[Planned]] = defaultdict(list)
    unread = [plan for plan in plans if "lines" in sa.inspect(plan).unloaded]
    for plan in plans:
        for line in plan.lines if plan not in unread else ():
            customer = line.customer.name if line.customer is not None else None
            found[plan.id].append(
                Planned(
                    *(line.id, line.planned_on, line.customer_id, line.kind, line.goal, line.done, line.result),
                    customer,
                )
            )
        found[plan.id].sort(key=lambda line: line.planned_on)
    plan_ids = [plan.id for plan in unread]
    if not plan_ids:
        return found
    statement = (
        sa.select(
            WeeklyPlanLine.id,
            WeeklyPlanLine.document_id,
            WeeklyPlanLine.planned_on,
            WeeklyPlanLine.customer_id,
            WeeklyPlanLine.kind,
            WeeklyPlanLine.goal,
            WeeklyPlanLine.done,
            WeeklyPlanLine.result,
            Customer.name.label("customer"),
        )
        .outerjoin(Customer, Customer.id == WeeklyPlanLine.customer_id)
        .where(WeeklyPlanLine.document_id.in_(plan_ids))
        .order_by(WeeklyPlanLine.planned_on, WeeklyPlanLine.position)
    )
    for row in db.session.execute(statement):
        about = row._mapping
        found[row.document_id].append(Planned(**{name: about[name] for name in about if name != "document_id"}))
    return found


def _records(owners: Iterable[int], first: datetime, last: datetime) -> Sequence[Any]:
    statement = (
        sa.select(
            ContactRecord.id,
            ContactRecord.owner_id,
            ContactRecord.customer_id,
            ContactRecord.at,
            ContactRecord.way,
            ContactRecord.outcome,
            ContactRecord.summary,
            ContactRecord.outing_id,
            Customer.name.label("customer"),
        )
        .outerjoin(Customer, Customer.id == ContactRecord.customer_id)  # which may have gone to somebody else
        .where(ContactRecord.owner_id.in_(owners), ContactRecord.at >= first, ContactRecord.at < last)
    )
    return db.session.execute(statement).all()


def _outings(owners: Iterable[int], first: datetime, last: datetime) -> Sequence[Any]:
    statement = (
        sa.select(
            Outing.id,
            Outing.owner_id,
            Outing.plan_line_id,
            Outing.leave_at,
            Outing.state,
            Outing.purpose,
            Customer.name.label("customer"),
        )
        .outerjoin(Customer, Customer.id == Outing.customer_id)
        .where(
            Outing.owner_id.in_(owners),
            Outing.leave_at >= first,
            Outing.leave_at < last,
            Outing.state.in_((OUT, BACK)),
        )
    )
    return db.session.execute(statement).all()
