"""The mail at the week's end: what came of the plans of those whom somebody leads."""

from dataclasses import replace
from datetime import date, datetime

import pytest
import sqlalchemy as sa

from app.core import clock, crud, db, outbox
from app.core.entity import User
from app.core.outbox import OutboxMail
from app.domains.activities.models import ContactRecord, Outing, WeeklyPlan
from app.domains.activities.models.outings import OUT
from app.domains.crm.models import Customer
from app.domains.people.models import Employee
from app.jobs import find_job, week_review
from app.jobs.job import Occasion
from tests.jobs.company import make_holiday, make_leave, make_plan, user

THURSDAY, FRIDAY = datetime(2026, 11, 26, 17), datetime(2026, 11, 27, 17)
MONDAY, WEEK = datetime(2026, 11, 30, 8), date(2026, 11, 23)


def mails() -> dict[str, OutboxMail]:
    rows = db.session.scalars(sa.select(OutboxMail).where(OutboxMail.dedup_key.startswith("week-review")))
    return {mail.to: mail for mail in rows}


def run(at: datetime, due: datetime | None = None) -> str:
    """Run the job as if ``at`` were now; by hand unless it is ``due``."""
    with clock.stopped(at):
        result = week_review.tell(Occasion(due.replace(tzinfo=clock.zone()) if due else None))
        db.session.commit()
        return result


@pytest.fixture
def week(company) -> int:
    """Ann's week: one thing done, one missed, one done without a plan; the plan's id."""
    with clock.stopped(FRIDAY):
        harbour, mill = (crud.create(Customer, {"name": name, "owner": user("ann")}) for name in ("Harbour", "Mill"))
        lines = [
            {"planned_on": "2026-11-24", "kind": "visit", "goal": "Prices", "customer": harbour.id},
            {"planned_on": "2026-11-25", "kind": "call", "goal": "Read the <tender>"},
        ]
        data = {"owner": user("ann"), "week": WEEK, "plan": "Visits", "lines": lines}
        plan = crud.create(WeeklyPlan, data)
        plan.state = "submitted"
        for customer in (harbour, mill):
            told = {"customer": customer.id, "owner": user("ann"), "way": "visit", "at": "2026-11-24T10:00+08:00"}
            crud.create(ContactRecord, told | {"outcome": "Interested", "summary": "Wants more"})
        db.session.commit()
        return plan.id


class TestTell:
    def test_planned_against_actual_for_the_nearest_superior(self, week):
        assert run(FRIDAY, FRIDAY) == "The week of 2026-11-23: 2 superiors told."
        found = mails()
        assert set(found) == {"bob@example.com", "dora@example.com"}
        mail = found["bob@example.com"]
        assert mail.subject == "The week of 2026-11-23: 1 of 2 planned are done"
        assert "- Ann Lee (North): 1 of 2 done, 1 missed, 1 not planned" in mail.body
        assert "Missed: Read the <tender>" in mail.body and "Read the &lt;tender&gt;" in mail.html
        assert "Not planned: Mill" in mail.body
        assert f"https://kehu.example.com/weekly-plans/show/{week}" in mail.body
        assert f'href="https://kehu.example.com/weekly-plans/show/{week}"' in mail.html

    def test_who_had_no_plan_is_named(self, week):
        with clock.stopped(FRIDAY):
            make_plan("cleo", WEEK, state="draft")
            db.session.commit()
        run(FRIDAY, FRIDAY)
        body = mails()["dora@example.com"].body
        assert "- Bob Ito (North): No plan\n" in body
        assert "- Cleo Roy (South): The plan was not submitted\n" in body
        assert "Ann Lee" not in body and "Dora Key (Company)" not in body

    def test_what_they_did_is_told_without_a_plan_too(self, week):
        with clock.stopped(FRIDAY):
            depot = crud.create(Customer, {"name": "Depot", "owner": user("bob")}).id
            told = {"customer": depot, "way": "visit", "outcome": "Interested", "summary": "Wants more"}
            for name in ("bob", "cleo"):
                crud.create(ContactRecord, told | {"owner": user(name), "at": "2026-11-24T10:00+08:00"})
            line = {"planned_on": "2026-11-24", "kind": "visit", "goal": "Depot", "customer": depot}
            draft = crud.create(WeeklyPlan, {"owner": user("cleo"), "week": WEEK, "plan": "Visits", "lines": [line]})
            went = {"owner": user("cleo"), "plan_line": draft.lines[0].id, "purpose": "Trade <fair>"}
            crud.create(Outing, went | {"leave_at": "2026-11-25T10:00+08:00"}).state = OUT
            db.session.commit()
        run(FRIDAY, FRIDAY)
        mail = mails()["dora@example.com"]
        assert "- Bob Ito (North): No plan; done without one: 1\n" in mail.body
        assert "Not planned: Depot · Interested: Wants more" in mail.body
        assert "- Cleo Roy (South): The plan was not submitted; done without it: 2\n" in mail.body
        assert "Depot · Interested: Wants more; Trade <fair>" in mail.body
        assert "Trade &lt;fair&gt;" in mail.html and "Missed:" not in mail.html
        assert mail.subject == "The week of 2026-11-23: 0 of 0 planned are done"

    def test_a_superior_who_has_left_is_passed_over(self, week):
        db.session.scalars(sa.select(User).where(User.username == "bob")).one().active = False
        db.session.commit()
        run(FRIDAY, FRIDAY)
        assert set(mails()) == {"dora@example.com"}
        assert "Ann Lee" in mails()["dora@example.com"].body

    def test_who_is_away_all_week_or_has_left_is_not_missed(self, company):
        make_leave("wei", date(2026, 11, 20), date(2026, 11, 29))
        db.session.scalars(sa.select(Employee).where(Employee.user_id == user("lin"))).one().active = False
        db.session.commit()
        run(FRIDAY, FRIDAY)
        body = mails()["dora@example.com"].body
        assert "王伟" not in body and "Lin Wu" not in body and "Cleo Roy" in body

    def test_speaks_the_readers_language(self, week):
        db.session.execute(sa.update(User).where(User.username == "bob").values(locale="zh"))
        db.session.commit()
        run(FRIDAY, FRIDAY)
        mail = mails()["bob@example.com"]
        assert mail.locale == "zh" and mail.subject == "2026-11-23 当周：计划 2 项，完成 1 项"
        assert "未完成" in mail.body and "Missed" not in mail.html


class TestOnce:
    def test_tells_nobody_twice(self, week):
        run(FRIDAY, FRIDAY)
        assert run(MONDAY, FRIDAY) == "The week of 2026-11-23: 0 superiors told."
        assert mails()["bob@example.com"].dedup_key == f"week-review, 2026-W48, user {user('bob')}"

    def test_a_missed_run_is_made_up_and_is_about_its_own_week(self, week):
        run(MONDAY, FRIDAY)
        assert mails()["bob@example.com"].dedup_key.startswith("week-review, 2026-W48")

    def test_by_hand_it_is_about_the_last_week_that_is_over(self, week):
        run(THURSDAY)
        assert mails()["bob@example.com"].dedup_key.startswith("week-review, 2026-W47")
        run(FRIDAY)
        keys = db.session.scalars(sa.select(OutboxMail.dedup_key).order_by(OutboxMail.id)).all()
        assert f"week-review, 2026-W48, user {user('bob')}" in keys

    def test_nobody_is_told_of_a_week_in_which_nobody_works(self, company):
        for day in range(23, 28):
            make_holiday(date(2026, 11, day))
        db.session.commit()
        assert run(FRIDAY, FRIDAY) == "Nobody works in the week of 2026-11-23."
        assert not mails()


class TestDay:
    def due(self, after: datetime) -> datetime:
        job = find_job("week-review")
        return clock.local(job.when(job.schedule).next_after(after.replace(tzinfo=clock.zone())))

    def test_on_friday_at_five(self, company):
        assert self.due(THURSDAY).replace(tzinfo=None) == FRIDAY

    def test_on_thursday_when_friday_is_a_holiday(self, company):
        make_holiday(date(2026, 11, 27))
        assert self.due(datetime(2026, 11, 24, 9)).replace(tzinfo=None) == THURSDAY

    def test_on_a_saturday_that_is_worked(self, company):
        make_holiday(date(2026, 11, 28), is_workday=True)
        assert self.due(datetime(2026, 11, 24, 9)).replace(tzinfo=None) == datetime(2026, 11, 28, 17)


class TestCost:
    def test_costs_the_same_for_many(self, week):
        def statements() -> int:
            seen = []

            def listener(*args):
                seen.append(args[2])

            sa.event.listen(db.db.engine, "before_cursor_execute", listener)
            run(FRIDAY, FRIDAY)
            sa.event.remove(db.db.engine, "before_cursor_execute", listener)
            return len(seen)

        statements()
        few = statements()
        for name in ("bob", "cleo", "wei", "lin"):
            make_plan(name, WEEK)
        db.session.commit()
        assert statements() == few


class TestDelivery:
    def test_arrives_as_text_and_html(self, week, company, smtp):
        company.extensions["kehu.settings"] = replace(company.extensions["kehu.settings"], smtp_url=smtp.url)
        run(FRIDAY, FRIDAY)
        assert outbox.send_due() == (2, 0)
        message = next(message for message in smtp.messages if message["To"] == "bob@example.com")
        assert message["Subject"] == "The week of 2026-11-23: 1 of 2 planned are done"
        assert "1 of 2 done, 1 missed" in message.get_body(("plain",)).get_content()
        assert "<a href=" in message.get_body(("html",)).get_content()
