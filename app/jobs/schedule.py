"""When a job's time is: a crontab in the company's zone, moved by holidays where a job asks for it.

A crontab is read as cron reads it: minute, hour, day of month, month, weekday, with 0 and 7 for Sunday (APScheduler
alone would take 0 for Monday), and a job due on the day of the month *or* the weekday when both are given.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta

from apscheduler.triggers.base import BaseTrigger
from apscheduler.triggers.combining import OrTrigger
from apscheduler.triggers.cron import CronTrigger

from app.core import clock
from app.core.i18n import gettext as _

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
INSTANT = timedelta(microseconds=1)
DAY = timedelta(days=1)
FARTHEST = 366 * 9  # days ahead a crontab must be due again: 29 February can be eight years away
FARTHEST_MOVED = 400  # the same for a job that holidays move
REACH = 15  # days a holiday can move a job at most
NEAR = timedelta(hours=3)  # to a change of summer time: both sides of it are looked at
LOOK_BACK = tuple(timedelta(hours=hours) for hours in (1, 24, 24 * 8, 24 * 40, 24 * 400))

Move = Callable[[date], date]


def in_words(crontab: str) -> str:
    """A crontab as people say it («Fridays at 15:00»); itself where there are no simple words for it."""
    fields = crontab.split()
    if len(fields) != 5:
        return crontab
    minute, hour, day, month, weekday = fields
    if fields == ["*"] * 5:
        return _("Every minute")
    if fields[1:] == ["*"] * 4 and minute.startswith("*/") and minute[2:].isdigit():
        return _("Every %(count)s minutes", count=int(minute[2:]))
    if month != "*" or not (minute.isdigit() and hour.isdigit()):
        return crontab
    at = f"{int(hour):02d}:{int(minute):02d}"
    if day == weekday == "*":
        return _("Every day at %(time)s", time=at)
    if day == "*" and weekday.lower() in (*WEEKDAYS, "mon-fri"):
        days = {
            "mon": _("Mondays at %(time)s", time=at),
            "tue": _("Tuesdays at %(time)s", time=at),
            "wed": _("Wednesdays at %(time)s", time=at),
            "thu": _("Thursdays at %(time)s", time=at),
            "fri": _("Fridays at %(time)s", time=at),
            "sat": _("Saturdays at %(time)s", time=at),
            "sun": _("Sundays at %(time)s", time=at),
            "mon-fri": _("Monday to Friday at %(time)s", time=at),
        }
        return days[weekday.lower()]
    if day.isdigit() and weekday == "*":
        return _("Day %(day)s of each month at %(time)s", day=int(day), time=at)
    return crontab


class Schedule(BaseTrigger):
    """The moments at which a job is due.  Raises ValueError, with a message for people, when ``crontab`` is none."""

    def __init__(self, crontab: str, move: Move | None = None) -> None:
        self.crontab = crontab
        self.move = move
        fields = crontab.split()
        if len(fields) != 5:
            raise ValueError(
                _("Write five fields: minute, hour, day of month, month, weekday. “0 15 * * fri” is Friday at 15:00.")
            )
        minute, hour, day, month, weekday = fields
        # Of wall time, which knows no summer time: ``_moments`` says when a clock on the wall shows it.
        common = {"minute": minute, "hour": hour, "month": month, "timezone": UTC}
        self._every_hour = hour.startswith("*")
        try:
            weekday = _weekdays(weekday)
            if day.startswith("*") or weekday == "*":
                self._cron = CronTrigger(day=day, day_of_week=weekday, **common)
            else:
                self._cron = OrTrigger([CronTrigger(day=day, **common), CronTrigger(day_of_week=weekday, **common)])
            for trigger in getattr(self._cron, "triggers", [self._cron]):
                trigger.end_date = clock.local().replace(tzinfo=UTC) + DAY * FARTHEST
        except (ValueError, TypeError) as error:
            raise ValueError(_("This is no crontab: %(error)s", error=error)) from None
        if self._fire(clock.now()) is None:
            raise ValueError(_("No day is ever like this."))

    def next_after(self, moment: datetime) -> datetime | None:
        """The first due moment after ``moment``; None when there is none within a year."""
        if self.move is None:
            return self._fire(moment.astimezone(UTC) + INSTANT)
        local = clock.local(moment)
        return next(
            (due for i in range(FARTHEST_MOVED) if (due := self._first_on(local.date() + DAY * i, local, self.move))),
            None,
        )

    def last_between(self, first: datetime, until: datetime) -> datetime:
        """The last due moment from ``first``, which is one, to ``until``."""
        for span in LOOK_BACK:
            last, due = None, self.next_after(max(first, until - span) - INSTANT)
            while due is not None and due <= until:
                last, due = due, self.next_after(due)
            if last is not None:
                return last
        return first

    def get_next_fire_time(self, previous_fire_time: datetime | None, now: datetime) -> datetime | None:
        """APScheduler's question."""
        return self.next_after(previous_fire_time or now)

    def _fire(self, from_: datetime) -> datetime | None:
        """The first due moment from ``from_`` on.

        Moments are compared in UTC: two in one zone are compared by the clock on the wall.
        """
        from_ = from_.astimezone(UTC)
        start = clock.local(from_).replace(tzinfo=None)
        changes = clock.local(from_ - NEAR).utcoffset() != clock.local(from_ + NEAR).utcoffset()
        wall = self._wall(start - NEAR if changes else start)
        found: list[datetime] = []
        while wall is not None and (not found or (changes and wall <= start + NEAR)):
            found += [moment for moment in self._moments(wall) if moment >= from_]
            wall = self._wall(wall + INSTANT)
        return clock.local(min(found)) if found else None

    def _wall(self, from_: datetime) -> datetime | None:
        """The first due time of the wall's clock from ``from_`` on, both without a zone."""
        fire = self._cron.get_next_fire_time(None, from_.replace(tzinfo=UTC))
        return fire.replace(tzinfo=None) if fire is not None else None

    def _moments(self, wall: datetime) -> set[datetime]:
        """When a clock on the wall shows ``wall``: in spring, when an hour is left out, as much later; in autumn, when one
        comes twice, the first time, and both times for a job of every hour.
        """
        folds = (0, 1) if self._every_hour else (0,)
        return {wall.replace(tzinfo=clock.zone(), fold=fold).astimezone(UTC) for fold in folds}

    def _first_on(self, day: date, after: datetime, move: Move) -> datetime | None:
        """The first due moment after ``after`` on ``day``, to which the days around it may have been moved."""
        found = []
        for nominal in (day + DAY * i for i in range(-REACH, REACH + 1)):
            if move(nominal) != day:
                continue
            start = datetime.combine(nominal, time.min, tzinfo=clock.zone())
            if day == after.date():
                start = datetime.combine(nominal, after.time(), tzinfo=clock.zone()) + INSTANT
            fire = self._fire(start)
            if fire is not None and fire.date() == nominal:
                found.append(datetime.combine(day, fire.time(), tzinfo=clock.zone()))
        return min(found, default=None)


def _weekdays(field: str) -> str:
    """A crontab's weekdays by their names, which cron and APScheduler understand alike."""
    if field in ("*", "*/1", "?"):
        return "*"
    chosen: set[str] = set()
    for part in field.lower().split(","):
        span, _slash, step = part.partition("/")
        first, dash, last = span.partition("-")
        if span == "*":
            begin, end = 0, 6
        else:
            begin = _weekday(first)
            end = _weekday(last) if dash else 6 if step else begin
            if dash and end < begin or dash and last in ("0", "sun"):
                end += 7
        chosen.update(WEEKDAYS[(number - 1) % 7] for number in range(begin, end + 1, int(step or 1)))
    return ",".join(name for name in WEEKDAYS if name in chosen)


def _weekday(text: str) -> int:
    """Cron's number of a weekday: 0 (or 7) for Sunday to 6 for Saturday."""
    if text in WEEKDAYS:
        return (WEEKDAYS.index(text) + 1) % 7
    if text.isdecimal() and int(text) <= 7:
        return int(text)
    raise ValueError(_("“%(text)s” is not a weekday", text=text))
