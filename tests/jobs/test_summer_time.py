"""A job is due once a local day, also on the two days a year when the clock is turned."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest

from app.core import clock
from app.jobs.schedule import Schedule

SPRING, AUTUMN = datetime(2026, 3, 27, 12), datetime(2026, 10, 23, 12)


@pytest.fixture(autouse=True)
def berlin():
    before = clock.zone()
    clock.set_zone("Europe/Berlin")
    yield
    clock.set_zone(str(before))


def due(crontab, start, days=5, move=None):
    """The moments at which ``crontab`` is due within so many days."""
    with clock.stopped(start):
        schedule = Schedule(crontab, move)
        moment, end, found = clock.now(), clock.now() + timedelta(days=days), []
        while (moment := schedule.next_after(moment)) is not None and moment.astimezone(UTC) < end:
            assert not found or moment.astimezone(UTC) > found[-1], "time goes on"
            found.append(moment.astimezone(UTC))
        return found


@pytest.mark.parametrize("start", [SPRING, AUTUMN])
@pytest.mark.parametrize("crontab", ["30 2 * * *", "0 2 * * *", "0 3 * * *", "59 1 * * *", "0 0 * * *", "15 15 * * *"])
@pytest.mark.parametrize("move", [None, lambda day: day])
def test_a_daily_job_is_due_once_each_day(crontab, start, move):
    days = Counter(clock.local(moment).date() for moment in due(crontab, start, move=move))
    assert set(days.values()) == {1} and len(days) == 5, days


def test_an_hour_that_is_left_out_is_made_up_right_after():
    found = [clock.local(moment).strftime("%d %H:%M%z") for moment in due("30 2 * * *", SPRING, days=3)]
    assert found == ["28 02:30+0100", "29 03:30+0200", "30 02:30+0200"]


def test_an_hour_that_comes_twice_counts_the_first_time():
    found = [clock.local(moment).strftime("%d %H:%M%z") for moment in due("30 2 * * *", AUTUMN, days=3)]
    assert found == ["24 02:30+0200", "25 02:30+0200", "26 02:30+0100"]


@pytest.mark.parametrize("start", [datetime(2026, 3, 29, 0), datetime(2026, 10, 25, 0)])
@pytest.mark.parametrize(("crontab", "minutes"), [("* * * * *", 1), ("*/5 * * * *", 5), ("15 * * * *", 60)])
def test_what_is_due_all_the_time_knows_no_summer_time(crontab, minutes, start):
    found = due(crontab, start, days=1 / 6)
    assert {later - earlier for earlier, later in zip(found, found[1:], strict=False)} == {timedelta(minutes=minutes)}
    assert len(found) >= 240 // minutes - 1
