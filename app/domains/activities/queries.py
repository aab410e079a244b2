"""Reads of weekly plans."""

from __future__ import annotations

from datetime import date

import sqlalchemy as sa

from app.core import clock
from app.domains.activities.models import WeeklyPlan


def plans_of_week(day: date) -> sa.Select[tuple[WeeklyPlan]]:
    """The plans for the week that ``day`` is in."""
    return sa.select(WeeklyPlan).where(WeeklyPlan.week == clock.monday_of(day))


def awaiting_review() -> sa.Select[tuple[WeeklyPlan]]:
    """The plans that were submitted and that no superior has reviewed yet, oldest week first."""
    return sa.select(WeeklyPlan).where(WeeklyPlan.state == "submitted").order_by(WeeklyPlan.week, WeeklyPlan.id)
