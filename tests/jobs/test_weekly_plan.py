from datetime import date, datetime

import pytest
import sqlalchemy as sa

from app.core import clock, crud, db, outbox
from app.core.entity import User
from app.core.outbox import OutboxMail
from app.domains.people.models import Department, Employee
from app.jobs import weekly_plan
from app.jobs.job import Occasion
from tests.jobs.company import CAST, make_holiday, make_leave, make_plan, user

TUESDAY, FRIDAY, SATURDAY = datetime(2026, 11, 24, 10), datetime(2026, 11, 27, 15), datetime(2026, 11, 28, 10)
MONDAY, NEXT_TUESDAY = datetime(2026, 11, 30, 9), datetime(2026, 12, 1, 9)
WEEK, THIS_WEEK = date(2026, 11, 30), date(2026, 11, 23)
EVERYONE = {f"{name}@example.com" for name in CAST}


def mails(kind: str = "") -> dict[str, OutboxMail]:
    """The mails whose key names ``kind``, by recipient."""
    rows = db.session.scalars(
        sa.select(OutboxMail).where(OutboxMail.dedup_key.contains(f", {kind}")).order_by(OutboxMail.id)
    )
    return {mail.to: mail for mail in rows}


def run(job, at: datetime, due: datetime | None = None) -> str:
    """Run the job as if ``at`` were now; by hand unless it is ``due``."""
    with clock.stopped(at):
        result = job(Occasion(due.replace(tzinfo=clock.zone()) if due else None))
        db.session.commit()
        return result


class TestReminder:
    def test_reminds_everyone_without_a_plan_for_next_week(self, company):
        make_plan("ann", WEEK)
        make_plan("bob", WEEK, state="reviewed")
        make_plan("cleo", WEEK, state="draft")
        make_plan("lin", THIS_WEEK)
        assert run(weekly_plan.remind, FRIDAY, FRIDAY) == "4 reminded of their plan for the week of 2026-11-30."
        assert set(mails("first")) == {f"{name}@example.com" for name in ("cleo", "wei", "lin", "dora")}

    def test_tells_nobody_twice(self, company):
        run(weekly_plan.remind, FRIDAY)
        first = {mail.message_id for mail in mails().values()}
        assert run(weekly_plan.remind, SATURDAY).startswith("0 ")
        assert {mail.message_id for mail in mails().values()} == first
        assert {mail.dedup_key for mail in mails().values()} >= {f"weekly-plan, 2026-W49, first, user {user('ann')}"}

    @pytest.mark.parametrize("at", [TUESDAY, FRIDAY, SATURDAY])
    def test_by_hand_it_is_about_next_week(self, company, at):
        run(weekly_plan.remind, at)
        assert set(mails("first")) == EVERYONE
        assert not mails("second") and not mails("missing")

    def test_by_hand_on_a_monday_it_is_the_last_call(self, company):
        run(weekly_plan.remind, MONDAY)
        assert set(mails("second")) == EVERYONE
        assert {mail.dedup_key[:21] for mail in mails().values()} == {"weekly-plan, 2026-W49"}

    def test_leaves_out_who_is_on_leave_all_week(self, company):
        make_holiday(date(2026, 12, 4))
        make_leave("ann", date(2026, 11, 28), date(2026, 12, 1))
        make_leave("ann", date(2026, 12, 2), date(2026, 12, 3))
        make_leave("bob", date(2026, 11, 30), date(2026, 12, 2))
        run(weekly_plan.remind, FRIDAY)
        assert set(mails()) == EVERYONE - {"ann@example.com"}

    def test_a_worked_saturday_must_be_covered_too(self, company):
        make_holiday(date(2026, 12, 5), is_workday=True)
        make_leave("ann", date(2026, 11, 30), date(2026, 12, 4))
        run(weekly_plan.remind, FRIDAY)
        assert "ann@example.com" in mails()

    def test_skips_a_week_in_which_nobody_works(self, company):
        for day in (30,):
            make_holiday(date(2026, 11, day))
        for day in (1, 2, 3, 4):
            make_holiday(date(2026, 12, day))
        assert run(weekly_plan.remind, FRIDAY, FRIDAY).endswith("2026-12-07.")

    def test_leaves_out_who_has_left_and_who_has_no_mail(self, company):
        session = db.session
        session.scalars(sa.select(Employee).where(Employee.user_id == user("ann"))).one().active = False
        session.scalars(sa.select(User).where(User.username == "bob")).one().active = False
        session.execute(sa.update(User).where(User.username == "cleo").values(email="cleo@localhost"))
        session.scalars(
            sa.select(Employee).where(Employee.user_id == user("lin"))
        ).one().email = "lin.wu@work.example.com"
        session.commit()
        run(weekly_plan.remind, FRIDAY)
        assert set(mails()) == {"wei@example.com", "dora@example.com", "lin.wu@work.example.com"}

    def test_speaks_the_readers_language_and_links_into_the_console(self, company):
        make_plan("ann", WEEK, state="draft")
        plan = db.session.scalar(sa.text("SELECT id FROM weekly_plans"))
        run(weekly_plan.remind, FRIDAY)
        found = mails()
        assert found["wei@example.com"].locale == "zh"
        assert "https://kehu.example.com/weekly-plans/add?week=2026-11-30" in found["bob@example.com"].body
        assert 'href="https://kehu.example.com/weekly-plans/add?week=2026-11-30"' in found["bob@example.com"].html
        assert f"https://kehu.example.com/weekly-plans/edit/{plan}" in found["ann@example.com"].body
        assert "Monday, November 30, 2026" in found["bob@example.com"].body
        assert "2026年11月30日星期一" in found["wei@example.com"].body

    def test_costs_the_same_for_many(self, company):
        def statements() -> int:
            seen = []

            def listener(*args):
                seen.append(args[2])

            sa.event.listen(db.db.engine, "before_cursor_execute", listener)
            run(weekly_plan.remind, MONDAY)
            sa.event.remove(db.db.engine, "before_cursor_execute", listener)
            return len(seen)

        few = statements()
        department = db.session.scalars(sa.select(Department.id).where(Department.name == "South")).one()
        for number in range(30):
            extra = User(
                username=f"u{number}",
                first_name="U",
                last_name=str(number),
                email=f"u{number}@example.com",
                active=True,
            )
            db.session.add(extra)
            db.session.flush()
            crud.create(Employee, {"user": extra.id, "department": department})
        db.session.commit()
        assert statements() == few


class TestLastCall:
    def test_reminds_again_and_tells_each_superior_once(self, company):
        make_plan("wei", WEEK)
        run(weekly_plan.remind, FRIDAY, FRIDAY)
        result = run(weekly_plan.last_call, MONDAY, MONDAY)
        assert result == "5 reminded once more of their plan for the week of 2026-11-30, 2 superiors told."
        lists = mails("missing")
        assert set(lists) == {"bob@example.com", "dora@example.com"}
        assert "- Ann Lee (North)" in lists["bob@example.com"].body and "- Bob Ito" not in lists["bob@example.com"].body
        # Bob leads himself, so his superior is the next above; nobody leads Dora.
        body = lists["dora@example.com"].body
        assert all(name in body for name in ("Bob Ito", "Cleo Roy", "Lin Wu"))
        assert "Ann Lee" not in body and "王伟" not in body and "- Dora Key" not in body

    def test_the_list_names_who_has_no_mail(self, company):
        db.session.execute(sa.update(User).where(User.username == "ann").values(email="nobody"))
        db.session.commit()
        run(weekly_plan.last_call, MONDAY)
        assert "ann@example.com" not in mails("second")
        assert "Ann Lee" in mails("missing")["bob@example.com"].body

    def test_a_superior_who_has_left_is_passed_over(self, company):
        db.session.scalars(sa.select(User).where(User.username == "bob")).one().active = False
        db.session.commit()
        run(weekly_plan.last_call, MONDAY)
        assert set(mails("missing")) == {"dora@example.com"}
        assert "Ann Lee" in mails("missing")["dora@example.com"].body

    def test_after_a_holiday_it_is_still_about_this_week(self, company):
        make_holiday(date(2026, 11, 30))
        run(weekly_plan.remind, NEXT_TUESDAY)
        assert set(mails("second")) == EVERYONE
        assert {key[:21] for key in (mail.dedup_key for mail in mails().values())} == {"weekly-plan, 2026-W49"}

    def test_whom_nobody_misses_is_not_told(self, company):
        for name in CAST:
            make_plan(name, WEEK)
        assert run(weekly_plan.last_call, MONDAY).startswith("0 reminded once more")
        assert not mails()


class TestMissed:
    def test_a_reminder_made_up_over_the_weekend_is_a_reminder(self, company):
        run(weekly_plan.remind, SATURDAY, FRIDAY)
        assert set(mails("first")) == EVERYONE

    def test_a_reminder_made_up_too_late_gives_way_to_the_last_call(self, company):
        assert "has begun" in run(weekly_plan.remind, MONDAY, FRIDAY)
        assert not mails()

    def test_a_last_call_is_made_up_within_the_week(self, company):
        run(weekly_plan.last_call, datetime(2026, 12, 3, 9), MONDAY)
        assert set(mails("second")) == EVERYONE

    def test_a_last_call_for_a_week_that_is_over_is_not(self, company):
        assert "is over" in run(weekly_plan.last_call, datetime(2026, 12, 8, 9), MONDAY)
        assert not mails()


class TestDelivery:
    def test_arrives_as_text_and_html(self, company, smtp):
        from dataclasses import replace

        company.extensions["kehu.settings"] = replace(company.extensions["kehu.settings"], smtp_url=smtp.url)
        run(weekly_plan.remind, FRIDAY)
        assert outbox.send_due() == (6, 0)
        message = next(message for message in smtp.messages if message["To"] == "ann@example.com")
        assert message["Subject"] == "Your plan for the week of 2026-11-30"
        assert message["Auto-Submitted"] == "auto-generated"
        assert "has not been submitted yet" in message.get_body(("plain",)).get_content()
        assert "<a href=" in message.get_body(("html",)).get_content()
