"""Which days are worked: Monday to Friday, except holidays, and the days of a weekend worked instead (调休)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta

import sqlalchemy as sa

from app.core import clock, db
from app.domains.people.models import Holiday

DAY = timedelta(days=1)
LONGEST_REST = 30  # days; no company rests longer, so that a search ends
LOOK_BACK = timedelta(days=60)


class Calendar:
    """The working days, as the holidays make them: ``exceptions`` says of a day whether it is worked after all."""

    def __init__(self, exceptions: Mapping[date, bool] | None = None) -> None:
        self.exceptions = exceptions or {}

    @classmethod
    def load(cls) -> Calendar:
        """The calendar of the days around today, from the holidays.  One statement."""
        rows = db.session.execute(
            sa.select(Holiday.date, Holiday.is_workday).where(Holiday.date >= clock.today() - LOOK_BACK)
        )
        return cls({row.date: row.is_workday for row in rows})

    def is_workday(self, day: date) -> bool:
        """Whether ``day`` is worked."""
        return self.exceptions.get(day, day.weekday() < 5)

    def workdays(self, monday: date) -> list[date]:
        """The days worked in the week of ``monday``, Sunday included."""
        return [day for day in (monday + DAY * i for i in range(7)) if self.is_workday(day)]

    def workdays_of_month(self, day: date) -> list[date]:
        """The days worked in the month that ``day`` is in."""
        first = day.replace(day=1)
        days = (first + DAY * i for i in range(31))
        return [each for each in days if each.month == first.month and self.is_workday(each)]

    def week_to_plan(self, day: date) -> date:
        """The Monday of the next week after ``day``'s in which anybody works."""
        monday = clock.monday_of(day) + DAY * 7
        weeks = (monday + DAY * 7 * i for i in range(LONGEST_REST // 7 + 1))
        return next((week for week in weeks if self.workdays(week)), monday)

    def end_of_week(self, day: date) -> date:
        """``day`` if it is worked, else the last day worked before the Monday after it (maybe the Sunday after, maybe
        weeks ago).
        """
        if self.is_workday(day):
            return day
        sunday = clock.monday_of(day) + DAY * 6
        return next((d for d in (sunday - DAY * i for i in range(LONGEST_REST)) if self.is_workday(d)), day)

    def last_of_week(self, day: date) -> date:
        """The last day worked in the week of ``day``; ``day`` where none is."""
        return max(self.workdays(clock.monday_of(day)), default=day)

    def workday_from(self, day: date) -> date:
        """``day`` if it is worked, else the next day that is."""
        return next((d for d in (day + DAY * i for i in range(LONGEST_REST)) if self.is_workday(d)), day)
