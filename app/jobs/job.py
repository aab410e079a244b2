"""What a job is, in code: when it runs unless the administrator says otherwise, what it does and what it is for."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from app.core import clock
from app.domains.people.working_days import Calendar
from app.jobs.schedule import Schedule


@dataclass(frozen=True)
class Occasion:
    """What a run is for: the time ``due`` by the timetable, or somebody who asked (None), whose wish counts as if its
    time were now.
    """

    due: datetime | None = None

    @property
    def by_hand(self) -> bool:
        """Whether somebody asked for it."""
        return self.due is None

    @property
    def day(self) -> date:
        """The company's day that it is for; in the past when a missed run is made up."""
        return clock.local(self.due).date()


@dataclass(frozen=True)
class Job:
    """A job of the timetable.

    ``run`` does it and returns what came of it, in a sentence; it runs as the system and in one transaction, except
    with ``commits_itself``.  ``moved`` says to which day holidays move a day.  A ``quiet`` job leaves no trace of a run
    by the timetable that had nothing to do (an empty sentence).
    """

    name: str
    schedule: str
    run: Callable[[Occasion], str]
    label: Any
    purpose: Any
    moved: Callable[[Calendar, date], date] | None = None
    commits_itself: bool = False
    quiet: bool = False

    def when(self, crontab: str) -> Schedule:
        """The schedule that ``crontab`` makes for this job.  Raises ValueError when it is none."""
        moved = self.moved
        if moved is None:
            return Schedule(crontab)
        calendar = Calendar.load()
        return Schedule(crontab, lambda day: moved(calendar, day))
