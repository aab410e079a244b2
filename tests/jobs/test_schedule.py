from datetime import date, datetime, timedelta

import pytest

from app.core import clock
from app.domains.people.working_days import Calendar
from app.jobs import TIMETABLE
from app.jobs.schedule import Schedule, in_words

NEW_YEAR = date(2027, 1, 1)  # a Friday


def local(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=clock.zone())


def next_after(schedule: Schedule, text: str) -> str:
    due = schedule.next_after(local(text))
    assert due is not None
    return f"{clock.local(due):%a %Y-%m-%d %H:%M}"


@pytest.fixture(autouse=True)
def _in_november(company):
    with clock.stopped(datetime(2026, 11, 24, 12, 0)):
        yield


class TestCrontab:
    @pytest.mark.parametrize(
        ("crontab", "due"),
        [
            ("0 15 * * fri", "Fri 2026-11-27 15:00"),
            ("0 15 * * 5", "Fri 2026-11-27 15:00"),
            ("0 9 * * 1", "Mon 2026-11-30 09:00"),
            ("0 9 * * 0", "Sun 2026-11-29 09:00"),
            ("0 9 * * 7", "Sun 2026-11-29 09:00"),
            ("0 9 * * 6-7", "Sat 2026-11-28 09:00"),
            ("0 9 * * FRI-SUN", "Fri 2026-11-27 09:00"),
            ("*/15 * * * *", "Tue 2026-11-24 12:15"),
            ("0 8 1 * *", "Tue 2026-12-01 08:00"),
            ("0 8 29 2 *", "Tue 2028-02-29 08:00"),
        ],
    )
    def test_is_read_as_cron_reads_it(self, crontab, due):
        assert next_after(Schedule(crontab), "2026-11-24T12:00") == due

    def test_is_due_on_the_day_or_the_weekday(self):
        both = Schedule("0 8 26 * fri")
        assert next_after(both, "2026-11-24T12:00") == "Thu 2026-11-26 08:00"
        assert next_after(both, "2026-11-26T08:00") == "Fri 2026-11-27 08:00"

    @pytest.mark.parametrize(
        "crontab", ["", "15:00", "0 15 * *", "61 * * * *", "0 25 * * *", "0 8 * * fry", "0 8 * * 8", "0 8 30 2 *"]
    )
    def test_refuses_what_is_none(self, crontab):
        with pytest.raises(ValueError):
            Schedule(crontab)

    def test_the_next_is_never_the_same(self):
        schedule = Schedule("0 0 * * *")
        assert next_after(schedule, "2026-11-25T00:00") == "Thu 2026-11-26 00:00"

    def test_finds_the_last_of_many(self):
        first = local("2026-01-01T00:00")
        assert Schedule("* * * * *").last_between(first, local("2026-11-24T12:00:30")) == local("2026-11-24T12:00")
        assert Schedule("0 15 * * fri").last_between(local("2026-11-06T15:00"), local("2026-11-24T12:00")) == local(
            "2026-11-20T15:00"
        )
        assert Schedule("0 15 * * fri").last_between(first, first + timedelta(minutes=1)) == first


class TestHolidays:
    def moved(self, crontab: str, move, **days: bool) -> Schedule:
        calendar = Calendar({date.fromisoformat(day[1:].replace("_", "-")): worked for day, worked in days.items()})
        return Schedule(crontab, lambda day: move(calendar, day))

    def test_the_end_of_the_week_comes_earlier(self):
        schedule = self.moved("0 15 * * fri", Calendar.end_of_week, d2026_11_27=False)
        assert next_after(schedule, "2026-11-24T12:00") == "Thu 2026-11-26 15:00"
        assert next_after(schedule, "2026-11-26T15:00") == "Fri 2026-12-04 15:00"

    def test_a_worked_sunday_ends_the_week(self):
        schedule = self.moved("0 15 * * fri", Calendar.end_of_week, d2026_11_27=False, d2026_11_29=True)
        assert next_after(schedule, "2026-11-24T12:00") == "Sun 2026-11-29 15:00"

    def test_a_worked_saturday_leaves_friday_as_it_is(self):
        schedule = self.moved("0 15 * * fri", Calendar.end_of_week, d2026_11_28=True)
        assert next_after(schedule, "2026-11-24T12:00") == "Fri 2026-11-27 15:00"

    def test_a_monday_off_moves_to_the_next_day_worked(self):
        schedule = self.moved("0 9 * * mon", Calendar.workday_from, d2026_11_30=False, d2026_12_01=False)
        assert next_after(schedule, "2026-11-24T12:00") == "Wed 2026-12-02 09:00"
        assert next_after(schedule, "2026-12-02T09:00") == "Mon 2026-12-07 09:00"

    def test_a_moved_time_at_midnight_is_not_found_twice(self):
        schedule = self.moved("0 0 * * fri", Calendar.end_of_week)
        assert next_after(schedule, "2026-11-27T00:00") == "Fri 2026-12-04 00:00"


class TestWords:
    @pytest.mark.parametrize(
        ("crontab", "words"),
        [
            ("* * * * *", "Every minute"),
            ("*/2 * * * *", "Every 2 minutes"),
            ("30 3 * * *", "Every day at 03:30"),
            ("0 15 * * fri", "Fridays at 15:00"),
            ("0 8 1 * *", "Day 1 of each month at 08:00"),
            ("*/2 8 * * *", "*/2 8 * * *"),
        ],
    )
    def test_a_schedule_is_said_in_words(self, crontab, words):
        assert in_words(crontab) == words

    def test_every_job_of_ours_has_words(self):
        assert TIMETABLE
        assert [job.name for job in TIMETABLE if "*" in in_words(job.schedule)] == []
