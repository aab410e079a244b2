"""Reads of weekly plans, and of what somebody needs who is out."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import joinedload

from app.core import clock, db, identity
from app.core.entity import User
from app.domains.activities import actual
from app.domains.activities.models import ContactRecord, Outing, WeeklyPlan
from app.domains.activities.models.outings import CANCELLED, OUT, PLANNED
from app.domains.activities.models.plans import WeeklyPlanLine
from app.domains.crm.models import Customer
from app.domains.people.models import Employee, Leave
from app.domains.people.queries import users_led

WORKWEEK = timedelta(days=4)  # from Monday to Friday
CARRIED = 2000  # customers that a phone takes along
RECENT = 300  # contact records whose outcomes are offered
OFFERED = 12  # outcomes


def plans_of_week(day: date) -> sa.Select[tuple[WeeklyPlan]]:
    """The plans for the week that ``day`` is in."""
    return sa.select(WeeklyPlan).where(WeeklyPlan.week == clock.monday_of(day))


def awaiting_review() -> sa.Select[tuple[WeeklyPlan]]:
    """The plans that were submitted and that no superior has reviewed yet, oldest week first."""
    return sa.select(WeeklyPlan).where(WeeklyPlan.state == "submitted").order_by(WeeklyPlan.week, WeeklyPlan.id)


def team_of(actor: identity.Actor, week: date) -> sa.Select[Any] | None:
    """Who is to plan the week of the Monday ``week`` among those whose plans ``actor`` reviews, each with the state of
    their plan (None without one): rows of id, first and last name, username and state.  None when ``actor`` leads
    nobody.

    Whoever works here and is not away from Monday to Friday; never ``actor``.
    """
    led = None if actor.may(identity.CHANGE_ALL, WeeklyPlan.domain()) else users_led(actor)
    if led is None and not actor.may(identity.CHANGE_ALL, WeeklyPlan.domain()):
        return None
    away = sa.select(Leave.owner_id).where(Leave.starts_on <= week, Leave.ends_on >= week + WORKWEEK)
    statement = (
        sa.select(User.id, User.first_name, User.last_name, User.username, WeeklyPlan.state)
        .join(Employee, Employee.user_id == User.id)
        .outerjoin(WeeklyPlan, sa.and_(WeeklyPlan.owner_id == User.id, WeeklyPlan.week == week))
        .where(User.active, Employee.active, User.id != (actor.user_id or 0), User.id.not_in(away))
        .order_by(User.id)
    )
    return statement if led is None else statement.where(User.id.in_(led))


def customers_of(user_id: int) -> Sequence[Any]:
    """The customers that are ``user_id``'s (id, code, name), by name, as many as a phone takes along."""
    statement = sa.select(Customer.id, Customer.code, Customer.name).where(Customer.owner_id == user_id)
    return db.session.execute(statement.order_by(Customer.name, Customer.id).limit(CARRIED)).all()


def outings_open(user_id: int) -> Sequence[Outing]:
    """The outing that ``user_id`` is on, and those planned for today or left over from before."""
    today = clock.today() + timedelta(days=1)
    end = datetime(today.year, today.month, today.day, tzinfo=clock.zone())
    statement = (
        sa.select(Outing)
        .where(
            Outing.owner_id == user_id,
            sa.or_(Outing.state == OUT, sa.and_(Outing.state == PLANNED, Outing.leave_at < end)),
        )
        .options(joinedload(Outing.customer))
        .order_by(Outing.state == PLANNED, Outing.leave_at, Outing.id)
        .limit(50)
    )
    return db.session.scalars(statement).unique().all()


def lines_for_today(user_id: int) -> Sequence[WeeklyPlanLine]:
    """What ``user_id`` planned for today, is not done, and has no outing yet."""
    today = clock.today()
    wanted = sa.and_(WeeklyPlanLine.planned_on == today, ~has_outing()).label("wanted")
    statement = (
        actual.planned(clock.monday_of(today), WeeklyPlanLine, wanted)
        .where(WeeklyPlan.owner_id == user_id)
        .options(joinedload(WeeklyPlanLine.customer))
    )
    found = actual.still_open(db.session.execute(statement))
    return [row.WeeklyPlanLine for row in found if row.wanted]


def has_outing() -> sa.ColumnElement[bool]:
    """Whether somebody means to go out on a line of a plan, or did."""
    outings: Any = sa.inspect(Outing).local_table
    return sa.exists().where(outings.c.plan_line_id == WeeklyPlanLine.id, outings.c.state != CANCELLED)


def outcomes_said() -> list[str]:
    """The outcomes of the latest contact records that the actor sees, those said most often first."""
    latest = sa.select(ContactRecord.outcome).order_by(ContactRecord.at.desc()).limit(RECENT)
    counted: dict[str, int] = {}
    for outcome in db.session.scalars(latest):
        counted[outcome] = counted.get(outcome, 0) + 1
    return sorted(counted, key=lambda each: -counted[each])[:OFFERED]
