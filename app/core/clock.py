"""What time it is: one place, so that tests can stop it and every day is the company's day."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

_stopped_at: datetime | None = None
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
    return _stopped_at or datetime.now(UTC)


def local(moment: datetime | None = None) -> datetime:
    """``moment`` (now) in the company's zone."""
    return (moment or now()).astimezone(_zone)


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
