"""What time it is: one place, so that tests can stop it.

The days of documents, plans and jobs are the company's; a moment is read and written in the zone of whoever acts.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo, available_timezones

from app.core import identity

_stopped_at: datetime | None = None
_stopped_here: ContextVar[datetime | None] = ContextVar("stopped_here", default=None)
_zone = ZoneInfo("Asia/Shanghai")


def set_zone(name: str) -> None:
    """Make ``name`` (IANA) the company's zone.  Raises ZoneInfoNotFoundError."""
    global _zone
    _zone = ZoneInfo(name)


def zone() -> ZoneInfo:
    """The company's time zone."""
    return _zone


def now() -> datetime:
    """This moment, aware, in UTC."""
    return _stopped_here.get() or _stopped_at or datetime.now(UTC)


def local(moment: datetime | None = None) -> datetime:
    """``moment`` (now) in the company's zone."""
    return (moment or now()).astimezone(_zone)


def reader_zone() -> ZoneInfo:
    """The zone of whoever acts: their own, else the company's."""
    actor = identity.current()
    return ZoneInfo(actor.time_zone) if actor is not None and actor.time_zone else _zone


def here(moment: datetime | None = None) -> datetime:
    """``moment`` (now) in the zone of whoever acts."""
    return (moment or now()).astimezone(reader_zone())


@lru_cache(maxsize=1)
def zone_names() -> tuple[str, ...]:
    """The zones that people can choose: those named by a place (IANA), and UTC."""
    places = {
        name for name in available_timezones() if "/" in name and not name.startswith(("Etc/", "SystemV/", "US/"))
    }
    return ("UTC", *sorted(places))


def today() -> date:
    """The company's day."""
    return local().date()


def monday_of(day: date) -> date:
    """The Monday of the week ``day`` is in."""
    return day - timedelta(days=day.weekday())


@contextmanager
def stopped(at: datetime) -> Iterator[None]:
    """Let time stand still at ``at`` (a naive one is in the company's zone).  For tests and for jobs run «as if»."""
    global _stopped_at
    before = _stopped_at
    _stopped_at = (at if at.tzinfo else at.replace(tzinfo=_zone)).astimezone(UTC)
    try:
        yield
    finally:
        _stopped_at = before


@contextmanager
def stopped_here(at: datetime) -> Iterator[None]:
    """Let time stand still at ``at`` (aware) for what this thread does within the block, and for nobody else: a server goes
    on meanwhile.
    """
    token = _stopped_here.set(at.astimezone(UTC))
    try:
        yield
    finally:
        _stopped_here.reset(token)
