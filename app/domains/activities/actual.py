"""Planned against actual: what of a weekly plan was done, what was missed, and what was done without a plan.

A line is done when it is ticked, when its owner is back from an outing on it in that week, or had contact with its
customer in that week; a day's contact counts for that day's line first, and each for one line.  Whoever asks what is
still to be done asks here (``still_open``).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
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
    """What came of each of ``plans``, by its id, in the order of days.  Three statements, however many plans."""
    lines = _lines(plans)
    came = _came({(plan.owner_id, plan.week): lines[plan.id] for plan in plans})
    return {plan.id: came[plan.owner_id, plan.week] for plan in plans}


def of_week(week: date, owners: Collection[int], plans: Sequence[WeeklyPlan]) -> dict[int, list[Happened]]:
    """What came of the week of the Monday ``week`` for each of ``owners``, by the user's id, in the order of days: whoever
    has none of ``plans`` (of that week) had planned nothing.  Three statements, however many they are.
    """
    read = _lines(plans)
    lines = {plan.owner_id: read[plan.id] for plan in plans}
    came = _came({(owner, week): lines.get(owner, []) for owner in owners})
    return {owner: came[owner, week] for owner in owners}


def planned(week: date, *columns: Any, later: bool = False) -> sa.Select[Any]:
    """What ``still_open`` reads: the lines of everybody's plans of the Monday ``week`` with ``columns`` (of them and of
    their plans), each as often as its owner had contact with its customer.  ``later`` brings the weeks after this one
    too: of those, nothing but what is ticked is done yet.

    It may be narrowed by plan, by owner and by customer, and not by what else tells lines apart: of a customer's lines in
    a week, a contact does one.
    """
    line, (first, last) = WeeklyPlanLine, _bounds([week])
    # By their tables: whoever sees a plan may know what of it is done.
    records, outings = (sa.inspect(model).local_table.c for model in (ContactRecord, Outing))
    back = sa.select(outings.plan_line_id, outings.owner_id).where(
        outings.state == BACK, outings.leave_at >= first, outings.leave_at < last, outings.plan_line_id.is_not(None)
    )
    is_back = sa.and_(WeeklyPlan.week == week, sa.tuple_(line.id, WeeklyPlan.owner_id).in_(back))
    contact = sa.and_(
        WeeklyPlan.week == week,
        records.customer_id == line.customer_id,
        records.owner_id == WeeklyPlan.owner_id,
        records.at >= first,
        records.at < last,
    )
    return (
        sa.select(
            *(line.id, line.document_id, line.customer_id, line.planned_on),
            *(sa.or_(line.done.is_(True), is_back).label("is_done"), records.id.label("record"), records.at, *columns),
        )
        .join(WeeklyPlan, WeeklyPlan.id == line.document_id)
        .outerjoin(records.id.table, contact)
        .where(WeeklyPlan.week >= week if later else WeeklyPlan.week == week)
        .order_by(line.planned_on, line.position)
    )


def still_open(rows: Iterable[Any]) -> list[Any]:
    """Of ``rows`` (what ``planned`` finds) those of the lines that are not done, each once, in the order of days."""
    lines: dict[int, Any] = {}
    records: dict[int, dict[int, Contact]] = defaultdict(dict)
    for row in rows:
        lines.setdefault(row.id, row)
        if row.record is not None:
            records[row.document_id][row.record] = Contact(row.record, row.customer_id, row.at)
    by_plan: dict[int, list[Any]] = defaultdict(list)
    for row in lines.values():
        by_plan[row.document_id].append(row)
    told = {pk for plan, mine in by_plan.items() for pk in _match(mine, records[plan].values())}
    return [row for row in lines.values() if not row.is_done and row.id not in told]


@dataclass(frozen=True)
class Contact:
    """A contact record, as far as it tells which line it does."""

    id: int
    customer_id: int
    at: datetime


Week = tuple[int, date]
"""Whose week it is, and its Monday."""


def _came(weeks: Mapping[Week, Sequence[Planned]]) -> dict[Week, list[Happened]]:
    """What came of ``weeks``, of each of which the lines are given.  Two statements."""
    record, outing = ContactRecord, Outing
    told = (record.id, record.customer_id, record.way, record.outcome, record.summary, record.outing_id)
    records = _by_week(weeks, record.at, told)
    went = (outing.id, outing.plan_line_id, outing.state, outing.purpose)
    outings = _by_week(weeks, outing.leave_at, went, outing.state.in_((OUT, BACK)))
    today = clock.today()
    return {week: _one(lines, records[week], outings[week], today) for week, lines in weeks.items()}


def _one(lines: Sequence[Any], records: Sequence[Any], outings: Sequence[Any], today: date) -> list[Happened]:
    told = _match(lines, records)
    mine = {line.id for line in lines}
    # Of several on one line the one that is back counts.
    on_line = {outing.plan_line_id: outing for outing in sorted(outings, key=lambda outing: outing.state == BACK)}
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
            clock.local(outing.at).date(),
            outing.customer or "",
            "",
            outing.purpose,
            f"/outings/show/{outing.id}",
            "outing",
        )
        for outing in outings
        if outing.plan_line_id not in mine and outing.id not in with_record
    )
    return sorted(found, key=lambda each: (each.day, each.line or 0))


def _match(lines: Iterable[Any], records: Iterable[Any]) -> dict[int, Any]:
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


def _bounds(weeks: Collection[date]) -> tuple[datetime, datetime]:
    """From when to when ``weeks`` (Mondays) last, as moments."""
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


def _by_week(weeks: Collection[Week], at: Any, columns: Sequence[Any], *where: Any) -> Mapping[Week, list[Any]]:
    """What happened in each of ``weeks``: the rows (``columns``, ``at``, ``customer``) of the model whose moment is ``at``.
    One statement.
    """
    found: dict[Week, list[Any]] = defaultdict(list)
    if not weeks:
        return found
    model = at.class_
    first, last = _bounds([monday for _owner, monday in weeks])
    owners = {owner for owner, _monday in weeks}
    statement = (
        sa.select(*columns, model.owner_id, at.label("at"), Customer.name.label("customer"))
        .outerjoin(Customer, Customer.id == model.customer_id)  # which may have gone to somebody else
        .where(model.owner_id.in_(owners), at >= first, at < last, *where)
    )
    for row in db.session.execute(statement):
        found[row.owner_id, clock.monday_of(clock.local(row.at).date())].append(row)
    return found
