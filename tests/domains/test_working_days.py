from datetime import date

from app.core import clock, crud
from app.domains.people.models import Holiday
from app.domains.people.working_days import Calendar

MONDAY = date(2026, 11, 30)


class TestCalendar:
    def test_knows_weekends_holidays_and_exchanged_days(self, company):
        with clock.stopped(clock.local().replace(2026, 11, 24)):
            crud.create(Holiday, {"date": "2026-12-01", "name": "Rest"})
            crud.create(Holiday, {"date": "2026-12-05", "name": "Exchange", "is_workday": True})
            days = Calendar.load().workdays(MONDAY)
        assert [day.day for day in days] == [30, 2, 3, 4, 5]

    def test_plans_for_the_next_week_with_work_in_it(self):
        off = Calendar({date(2026, 12, day): False for day in range(7, 12)})
        assert off.week_to_plan(date(2026, 12, 4)) == date(2026, 12, 14)
        assert Calendar().week_to_plan(date(2026, 12, 4)) == date(2026, 12, 7)

    def test_the_week_may_end_weeks_ago(self):
        days = {date(2027, 2, day): False for day in range(5, 12)} | {date(2027, 2, 6): False}
        assert Calendar(days).end_of_week(date(2027, 2, 5)) == date(2027, 2, 4)

    def test_a_month_has_its_working_days_and_no_others(self):
        days = Calendar({date(2026, 11, 2): False, date(2026, 11, 7): True}).workdays_of_month(date(2026, 11, 30))
        assert len(days) == 21
        assert (days[0].day, days[4].day, days[-1].day) == (3, 7, 30)

    def test_the_last_day_of_a_week_may_be_a_worked_saturday(self):
        friday, saturday = date(2026, 11, 27), date(2026, 11, 28)
        assert Calendar().last_of_week(friday) == friday
        assert Calendar({saturday: True}).last_of_week(friday) == saturday
        assert Calendar({friday: False}).last_of_week(friday) == date(2026, 11, 26)
        assert Calendar({date(2026, 11, 23 + i): False for i in range(5)}).last_of_week(friday) == friday
