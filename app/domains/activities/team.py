"""The team now: for everyone whom the reader leads, the plan of this week, where they are, contacts against target,
opportunities moved, and guidance that waits.

What the reader does not see row by row is not counted either: every statement here goes through the scope.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

import sqlalchemy as sa

from app.core import clock, db, identity
from app.core.entity import Entity, User
from app.core.identity import Actor
from app.core.users import full_name
from app.domains.activities import actual, queries
from app.domains.activities.models import ContactRecord, Outing, Review, WeeklyPlan, WeeklyPlanLine
from app.domains.activities.models.outings import OUT, PLANNED
from app.domains.crm.models import Customer, StageMove
from app.domains.people.models import Employee, Leave, Target
from app.domains.people.queries import at_work, departments_led, users_led
from app.domains.people.working_days import Calendar

DAY, WEEK = timedelta(days=1), timedelta(days=7)
TENTH = Decimal("0.1")
HANDED_IN = ("submitted", "reviewed")


@dataclass(frozen=True)
class Place:
    """Where somebody is, or goes next: an outing, or a line of the plan.  ``customer`` is empty where there is none, or
    none that the reader sees; ``at`` is None for what is planned for a day.
    """

    kind: str
    id: int
    day: date
    at: datetime | None
    customer: str
    about: str
    document: int | None = None  # the plan, of a line


@dataclass
class Member:
    """Somebody of the team.  Targets are contacts, None without one; ``waits_since`` is when the oldest guidance that
    waits was given.
    """

    id: int
    name: str
    employee: int
    department_id: int
    department: str
    plan: int | None = None
    plan_state: str = ""
    leave: int | None = None
    leave_until: date | None = None
    out: Place | None = None
    next: Place | None = None
    today: int = 0
    week: int = 0
    target_today: Decimal | None = None
    target_week: Decimal | None = None
    moves: int = 0
    guidance: int = 0
    waits_since: date | None = None

    @property
    def waits(self) -> int | None:
        """For how many days the oldest guidance has waited."""
        return (clock.today() - self.waits_since).days if self.waits_since is not None else None

    @property
    def has_plan(self) -> bool:
        """Whether this week's plan is handed in."""
        return self.plan_state in HANDED_IN


@dataclass
class Team:
    """Everyone below the reader, by department and name; ``told`` are the kinds of rows that the reader may list."""

    day: date
    monday: date
    members: list[Member]
    told: frozenset[str] = field(default_factory=frozenset)

    def departments(self) -> Iterator[tuple[str, list[Member]]]:
        """The members of each department, in the order they have."""
        groups: dict[int, list[Member]] = {}
        for member in self.members:
            groups.setdefault(member.department_id, []).append(member)
        for group in groups.values():
            yield group[0].department, group


def may_look(actor: Actor) -> bool:
    """Whether there is a team for ``actor`` to look at: who leads a department, or sees all that people do."""
    if not actor.may("can_list", WeeklyPlan.permission_key()):
        return False
    return actor.may(identity.SEE_ALL, WeeklyPlan.domain()) or bool(departments_led(actor))


Among = Callable[[Any], Any]
"""The condition that a column of user ids is somebody's of the team."""


def _among(actor: Actor) -> Among:
    everyone = actor.may(identity.SEE_ALL, WeeklyPlan.domain())
    led = None if everyone else users_led(actor)
    if everyone:
        return lambda key: sa.true()
    return lambda key: key.in_(led) if led is not None else sa.false()


@dataclass(frozen=True)
class Brief:
    """The team in four figures: how many there are, without a plan of this week handed in, out, and what they have to
    answer.
    """

    people: int
    missing: int
    out: int
    waiting: int


def brief() -> Brief:
    """The team of whoever acts, in brief.  One statement."""
    actor = identity.require()
    among = _among(actor)
    monday = clock.monday_of(clock.today())
    handed_in = sa.and_(WeeklyPlan.owner_id == User.id, WeeklyPlan.week == monday, WeeklyPlan.state.in_(HANDED_IN))
    works = (User.active, Employee.active, User.id != (actor.user_id or 0), among(User.id))
    people = sa.select(sa.func.count(User.id), sa.func.count(WeeklyPlan.id)).join(Employee, Employee.user_id == User.id)
    out = sa.select(sa.func.count(Outing.id)).where(
        Outing.state == OUT, among(Outing.owner_id), Outing.owner_id != (actor.user_id or 0)
    )
    waiting = sa.select(sa.func.count(Review.id)).where(
        Review.requires_answer.is_(True),
        Review.answered.is_(False),
        among(Review.to_id),
        Review.to_id != (actor.user_id or 0),
    )
    asked = people.outerjoin(WeeklyPlan, handed_in).where(*works)
    found = db.session.execute(asked.add_columns(out.scalar_subquery(), waiting.scalar_subquery())).one()
    every, done, gone, owed = found
    return Brief(every, every - done, gone, owed)


def look() -> Team:
    """The team of whoever acts, now.  At most nine statements, however many people."""
    actor = identity.require()
    today = clock.today()
    monday = clock.monday_of(today)
    among = _among(actor)
    members = {member.id: member for member in _people(actor, among, monday, today)}
    parts: tuple[tuple[type[Entity], Callable[[], None]], ...] = (
        (Outing, lambda: _whereabouts(members, among, today)),
        (WeeklyPlan, lambda: _planned(members, among, monday, today)),
        (ContactRecord, lambda: _contacts(members, among, monday, today)),
        (Target, lambda: _targets(members, among, monday, today)),
        (StageMove, lambda: _moves(members, among, monday)),
        (Review, lambda: _guidance(members, among)),
    )
    told = [(model, read) for model, read in parts if actor.may("can_list", model.permission_key())]
    if members:
        for _model, read in told:
            read()
    return Team(today, monday, list(members.values()), frozenset(model.resource for model, _read in told))


def begins(day: date) -> datetime:
    """The moment at which the company's ``day`` begins."""
    return datetime(day.year, day.month, day.day, tzinfo=clock.zone())


def _people(actor: Actor, among: Among, monday: date, today: date) -> Iterator[Member]:
    """Who works here now, with this week's plan and today's leave."""
    away = sa.and_(Leave.owner_id == User.id, Leave.starts_on <= today, Leave.ends_on >= today)
    statement = (
        at_work(
            *(User.id, User.username, User.first_name, User.last_name, Employee.id.label("employee")),
            *(WeeklyPlan.id.label("plan"), WeeklyPlan.state, Leave.id.label("leave"), Leave.ends_on),
        )
        .outerjoin(WeeklyPlan, sa.and_(WeeklyPlan.owner_id == User.id, WeeklyPlan.week == monday))
        .outerjoin(Leave, away)
        .where(User.id != (actor.user_id or 0), among(User.id))
        .order_by(Leave.ends_on.desc())
    )
    seen = set()
    for row in db.session.execute(statement):
        if row.id not in seen:
            seen.add(row.id)
            plan = (row.plan, row.state or "", row.leave, row.ends_on)
            yield Member(row.id, full_name(row), row.employee, row.department_id, row.department, *plan)


def _whereabouts(members: dict[int, Member], among: Among, today: date) -> None:
    """Who is out, and the next outing of each."""
    ahead = sa.and_(Outing.state == PLANNED, Outing.leave_at >= begins(today))
    statement = (
        sa.select(
            *(Outing.id, Outing.owner_id, Outing.state, Outing.leave_at, Outing.purpose),
            Customer.name.label("customer"),
        )
        .outerjoin(Customer, Customer.id == Outing.customer_id)
        .where(sa.or_(Outing.state == OUT, ahead), Outing.leave_at < begins(today + WEEK), among(Outing.owner_id))
        .order_by(Outing.leave_at.desc(), Outing.id)
    )
    for row in db.session.execute(statement):
        member = members.get(row.owner_id)
        if member is None:
            continue
        day = clock.local(row.leave_at).date()
        place = Place("outing", row.id, day, row.leave_at, row.customer or "", row.purpose)
        if row.state == OUT:
            member.out = place
        else:
            member.next = place


def _planned(members: dict[int, Member], among: Among, monday: date, today: date) -> None:
    """The next visit of this week's plan, where no outing comes before it."""
    line = WeeklyPlanLine
    wanted = sa.and_(line.kind == "visit", line.planned_on >= today, ~queries.has_outing()).label("wanted")
    statement = (
        actual.planned(monday, WeeklyPlan.owner_id, line.goal, Customer.name.label("customer"), wanted)
        .outerjoin(Customer, Customer.id == line.customer_id)
        .where(among(WeeklyPlan.owner_id))
    )
    earliest: dict[int, Any] = {}
    for row in actual.still_open(db.session.execute(statement)):
        if row.wanted:
            earliest.setdefault(row.owner_id, row)
    for owner, row in earliest.items():
        member = members.get(owner)
        if member is not None and (member.next is None or row.planned_on < member.next.day):
            customer = row.customer or ""
            member.next = Place("line", row.id, row.planned_on, None, customer, row.goal, row.document_id)


def _contacts(members: dict[int, Member], among: Among, monday: date, today: date) -> None:
    """How many contacts each made today and this week."""
    # Not by the index of owners, who have records of years: a sum has none.
    at, owner = ContactRecord.at, ContactRecord.owner_id + sa.literal_column("0")
    statement = (
        sa.select(owner, sa.func.count(), sa.func.count().filter(at >= begins(today), at < begins(today + DAY)))
        .where(at >= begins(monday), at < begins(monday + WEEK), among(owner))
        .group_by(owner)
    )
    for owner_id, week, day in db.session.execute(statement):
        if owner_id in members:
            members[owner_id].week, members[owner_id].today = week, day


def _targets(members: dict[int, Member], among: Among, monday: date, today: date) -> None:
    """The months' targets, broken down to the days worked of this week.  Two statements."""
    months = {day.replace(day=1) for day in (monday, monday + 6 * DAY)}
    statement = sa.select(Target.owner_id, Target.month, Target.amount).where(
        Target.metric == "contacts", Target.month.in_(months), among(Target.owner_id)
    )
    amounts: dict[int, dict[date, Decimal]] = {}
    for owner_id, month, amount in db.session.execute(statement):
        if owner_id in members:
            amounts.setdefault(owner_id, {})[month] = amount
    if not amounts:
        return
    calendar = Calendar.load()
    worked = calendar.workdays(monday)
    parts = {month: len(calendar.workdays_of_month(month)) for month in months}

    def share(owner_id: int, days: list[date]) -> Decimal:
        shares = (amounts[owner_id].get(day.replace(day=1), Decimal(0)) / parts[day.replace(day=1)] for day in days)
        return sum(shares, Decimal(0)).quantize(TENTH)

    for owner_id in amounts:
        members[owner_id].target_week = share(owner_id, worked)
        members[owner_id].target_today = share(owner_id, [day for day in worked if day == today])


def _moves(members: dict[int, Member], among: Among, monday: date) -> None:
    """How often each moved an opportunity to another stage this week."""
    mover = StageMove.created_by_id
    statement = (
        sa.select(mover, sa.func.count())
        .where(StageMove.at >= begins(monday), StageMove.from_stage_id.is_not(None), among(mover))
        .group_by(mover)
    )
    for owner_id, count in db.session.execute(statement):
        if owner_id in members:
            members[owner_id].moves = count


def _guidance(members: dict[int, Member], among: Among) -> None:
    """What each has to answer, and since when."""
    statement = (
        sa.select(Review.to_id, sa.func.count(), sa.func.min(Review.created_on))
        .where(Review.requires_answer.is_(True), Review.answered.is_(False), among(Review.to_id))
        .group_by(Review.to_id)
    )
    for to_id, count, oldest in db.session.execute(statement):
        if to_id in members:
            members[to_id].guidance, members[to_id].waits_since = count, clock.local(oldest).date()
