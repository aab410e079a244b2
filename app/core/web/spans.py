"""Stretches of days and numbers as a filter names them: «this-month», «last-30-days», «2026-01-01..2026-03-31», «10..20».

One that has a name is kept by its name and reckoned anew each time, in the company's days: a view of «this month» moves
on with the month.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from app.core import clock
from app.core.fields import Field
from app.core.i18n import gettext as _
from app.core.i18n import lazy_gettext as _l

MOST_DAYS = 3660  # of «last-30-days»
BETWEEN = ".."
OPEN = "between"  # what a form says when the ends are given
Days = tuple[date | None, date | None]  # the first and the last, both within; None where it is open


def _month(day: date, distance: int = 0) -> date:
    """The first day of the month that is ``distance`` months after that of ``day``."""
    months = day.year * 12 + day.month - 1 + distance
    return date(months // 12, months % 12 + 1, 1)


def _months(start: date, count: int) -> Days:
    return start, _month(start, count) - timedelta(days=1)


def _week(day: date, distance: int = 0) -> Days:
    start = clock.monday_of(day) + timedelta(weeks=distance)
    return start, start + timedelta(days=6)


def _quarter(day: date, distance: int = 0) -> Days:
    return _months(_month(day, -((day.month - 1) % 3) + 3 * distance), 3)


def _year(day: date, distance: int = 0) -> Days:
    return date(day.year + distance, 1, 1), date(day.year + distance, 12, 31)


NAMED: dict[str, tuple[Any, Callable[[date], Days]]] = {
    "today": (_l("today"), lambda day: (day, day)),
    "yesterday": (_l("yesterday"), lambda day: (day - timedelta(days=1), day - timedelta(days=1))),
    "tomorrow": (_l("tomorrow"), lambda day: (day + timedelta(days=1), day + timedelta(days=1))),
    "this-week": (_l("this week"), _week),
    "last-week": (_l("last week"), lambda day: _week(day, -1)),
    "next-week": (_l("next week"), lambda day: _week(day, 1)),
    "this-month": (_l("this month"), lambda day: _months(_month(day), 1)),
    "last-month": (_l("last month"), lambda day: _months(_month(day, -1), 1)),
    "next-month": (_l("next month"), lambda day: _months(_month(day, 1), 1)),
    "this-quarter": (_l("this quarter"), _quarter),
    "last-quarter": (_l("last quarter"), lambda day: _quarter(day, -1)),
    "this-year": (_l("this year"), _year),
    "last-year": (_l("last year"), lambda day: _year(day, -1)),
}
"""What a stretch of days can be called, and the days it is, seen from a day."""

COUNTED = {"last": _l("the last … days"), "next": _l("the next … days")}
"""Stretches that say how many days, the day itself among them: «last-30-days»."""

_COUNTED = re.compile(r"(last|next)-(\d{1,5})-days")


@dataclass(frozen=True)
class Span:
    """A stretch as it was asked for.  ``name`` is empty where its ends were given."""

    name: str = ""
    count: int = 0
    ends: tuple[Any, Any] = (None, None)

    def bounds(self, today: date) -> tuple[Any, Any]:
        """The first and the last value within it, seen from ``today``; None where it is open."""
        if self.name == "last":
            return today - timedelta(days=self.count - 1), today
        if self.name == "next":
            return today, today + timedelta(days=self.count - 1)
        return NAMED[self.name][1](today) if self.name else self.ends

    def words(self, shown: Callable[[Any], str]) -> str:
        """The stretch in words; ``shown`` tells an end of it."""
        if self.name == "last":
            return _("the last %(count)s days", count=self.count)
        if self.name == "next":
            return _("the next %(count)s days", count=self.count)
        if self.name:
            return str(NAMED[self.name][0])
        first, last = self.ends
        if first is None:
            return _("until %(end)s", end=shown(last))
        if last is None:
            return _("from %(start)s", start=shown(first))
        return shown(first) if first == last else f"{shown(first)} – {shown(last)}"


def read(field: Field, raw: Any) -> Span:
    """The stretch of values of ``field`` that ``raw`` names.  Raises ValueError with a message for people."""
    text = raw.strip() if isinstance(raw, str) else ""
    if field.kind in ("date", "datetime"):
        if text in NAMED:
            return Span(text)
        if counted := _COUNTED.fullmatch(text):
            if not 0 < int(counted[2]) <= MOST_DAYS:
                raise ValueError(_("From 1 to %(count)s days.", count=MOST_DAYS))
            return Span(counted[1], int(counted[2]))
    if not text or text == BETWEEN:
        raise ValueError(_("A value is needed."))
    start, between, end = text.partition(BETWEEN)
    first = _end(field, start)
    last = _end(field, end) if between else first
    if first is not None and last is not None and first > last:
        raise ValueError(_("This ends before it begins."))
    return Span(ends=(first, last))


def _end(field: Field, text: str) -> Any:
    if not text.strip():
        return None
    if field.kind in ("date", "datetime"):
        day = field._parse_date(text.strip())
        if day.year > 9998:
            raise ValueError(_("“%(text)s” is not a date. Write it as 2026-12-31.", text=text.strip()))
        return day
    return field.parse(text)
