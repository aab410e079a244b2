"""Reads of weekly plans."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import sqlalchemy as sa

from app.core import clock, identity
from app.core.entity import User
from app.domains.activities.models import WeeklyPlan
from app.domains.people.models import Employee, Leave
from app.domains.people.queries import users_led

WORKWEEK = timedelta(days=4)  # from Monday to Friday


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
