"""The team board: who is where, what of the week is done, and what waits, of everyone below the reader."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

import pytest
import sqlalchemy as sa

from app.core import clock, crud, db
from app.core.document import take
from app.core.entity import User
from app.domains.activities import services, team
from app.domains.activities.models import ContactRecord, Outing, Review, WeeklyPlan
from app.domains.crm.models import Customer, Opportunity, Stage
from app.domains.crm.services import move
from app.domains.people.models import Department, Employee, Holiday, Leave, Target

NOW = datetime(2026, 11, 25, 14)  # a Wednesday
WEEK = "2026-11-23"


@pytest.fixture(autouse=True)
def wednesday():
    """Every test is at two on a Wednesday afternoon."""
    with clock.stopped(NOW):
        yield


def user_id(name):
    return db.session.scalar(sa.select(User.id).where(User.username == name))


def make_week(act, name="ann", **more):
    """A week of somebody who sells: a plan handed in, an outing that they are on, contacts and a target; the ids."""
    made = {}
    with act(name):
        customer = crud.create(Customer, {"name": f"{name.title()}'s Harbour"})
        mill = crud.create(Customer, {"name": f"{name.title()}'s Mill"}).id
        lines = [
            {"planned_on": "2026-11-26", "kind": "visit", "goal": "Show samples", "customer": mill},
            {"planned_on": "2026-11-23", "kind": "call", "goal": "Prices"},
        ]
        plan = take(crud.create(WeeklyPlan, {"week": WEEK, "plan": "Visits", "lines": lines}), "submit")
        record = {"customer": customer.id, "way": "phone", "outcome": "Interested", "summary": "Wants prices"}
        for at in ("2026-11-22T12:00+08:00", "2026-11-23T09:00+08:00", "2026-11-25T09:00+08:00"):
            told = crud.create(ContactRecord, record | {"at": at})
        outing = crud.create(
            Outing, {"customer": customer.id, "purpose": "Complaint", "leave_at": "2026-11-25T13:20+08:00"}
        )
        services.leave(outing, datetime.fromisoformat("2026-11-25T13:20+08:00").astimezone())
        made = {"customer": customer.id, "mill": mill, "plan": plan.id, "record": told.id, "outing": outing.id}
    with act(None):
        crud.create(Target, {"owner": user_id(name), "metric": "contacts", "month": "2026-11-01", "amount": "42"})
    return made


def seen(act, reader, name):
    """What the board tells ``reader`` of somebody."""
    with act(reader):
        return {each.id: each for each in team.look().members}.get(user_id(name))


class TestLook:
    def test_a_plan_an_outing_contacts_and_their_targets(self, act):
        made = make_week(act)
        ann = seen(act, "bob", "ann")
        assert (ann.plan, ann.plan_state, ann.has_plan) == (made["plan"], "submitted", True)
        assert (ann.out.id, ann.out.customer, ann.out.about) == (made["outing"], "Ann's Harbour", "Complaint")
        assert f"{clock.local(ann.out.at):%H:%M}" == "13:20"
        assert (ann.next.kind, ann.next.day.day, ann.next.document) == ("line", 26, made["plan"])
        assert (ann.next.customer, ann.next.about) == ("Ann's Mill", "Show samples")
        assert (ann.today, ann.week) == (1, 2)
        # 42 in the 21 days worked of November 2026.
        assert (ann.target_today, ann.target_week) == (Decimal("2.0"), Decimal("10.0"))

    def test_a_holiday_takes_its_part_of_the_target(self, act):
        make_week(act)
        with act(None):
            crud.create(Holiday, {"date": "2026-11-25", "name": "Rest"})
        ann = seen(act, "bob", "ann")
        assert (ann.target_today, ann.target_week) == (Decimal("0.0"), Decimal("8.4"))

    def test_a_week_of_two_months_has_its_part_of_each(self, act):
        with act(None):
            for month, amount in (("2026-11-01", "42"), ("2026-12-01", "46")):
                crud.create(Target, {"owner": user_id("ann"), "metric": "contacts", "month": month, "amount": amount})
        with clock.stopped(datetime(2026, 12, 2, 10)):
            ann = seen(act, "bob", "ann")
        # One day of November (42 / 21) and four of December (46 / 23).
        assert (ann.target_today, ann.target_week) == (Decimal("2.0"), Decimal("10.0"))

    def test_nothing_is_told_of_who_does_nothing(self, act):
        ann = seen(act, "bob", "ann")
        assert (ann.plan, ann.out, ann.next, ann.leave, ann.week, ann.moves, ann.guidance) == (
            None,
            None,
            None,
            None,
            0,
            0,
            0,
        )
        assert (ann.target_today, ann.waits, ann.has_plan) == (None, None, False)

    def test_who_is_back_is_out_no_more(self, act):
        made = make_week(act)
        with act("ann"):
            record = {"way": "visit", "outcome": "Settled", "summary": "New valves"}
            services.come_back(db.session.get(Outing, made["outing"]), record)
        ann = seen(act, "bob", "ann")
        assert ann.out is None
        assert ann.today == 2

    def test_a_planned_outing_comes_before_the_plan(self, act):
        make_week(act)
        with act("ann"):
            later = crud.create(Outing, {"purpose": "Fair", "leave_at": "2026-11-25T16:00+08:00"}).id
        ann = seen(act, "bob", "ann")
        assert (ann.next.kind, ann.next.id) == ("outing", later)

    def test_what_is_done_without_a_tick_comes_next_no_more(self, act):
        made = make_week(act)
        told = {"customer": made["mill"], "way": "visit", "outcome": "Interested", "summary": "Came by"}
        with act("ann"):
            early = crud.create(ContactRecord, told | {"at": "2026-11-20T09:00+08:00"}).id
        assert seen(act, "bob", "ann").next.day.day == 26  # that was last week
        with act("ann"):
            crud.update(crud.fetch(ContactRecord, early, lock=True), {"at": "2026-11-24T09:00+08:00"})
        assert seen(act, "bob", "ann").next is None

    def test_a_contact_does_one_line_and_the_other_comes_next(self, act):
        with act("ann"):
            mill = crud.create(Customer, {"name": "Mill"}).id
            line = {"kind": "visit", "customer": mill}
            days = [("2026-11-23", "call"), ("2026-11-25", "visit"), ("2026-11-27", "visit")]
            lines = [line | {"planned_on": day, "kind": kind, "goal": day} for day, kind in days]
            crud.create(WeeklyPlan, {"week": WEEK, "plan": "Visits", "lines": lines})
            told = {"customer": mill, "way": "visit", "outcome": "Interested", "summary": "Wants prices"}
            crud.create(ContactRecord, told | {"at": "2026-11-25T09:00+08:00"})
        assert seen(act, "bob", "ann").next.about == "2026-11-27"  # Wednesday's contact did Wednesday's line
        with act("ann"):
            crud.create(ContactRecord, told | {"at": "2026-11-25T10:00+08:00"})
        assert seen(act, "bob", "ann").next.about == "2026-11-27"  # the second did Monday's
        with act("ann"):
            crud.create(ContactRecord, told | {"at": "2026-11-25T11:00+08:00"})
        assert seen(act, "bob", "ann").next is None

    def test_leave_of_today(self, act):
        with act("ann"):
            crud.create(Leave, {"starts_on": "2026-11-24", "ends_on": "2026-11-27"})
        assert seen(act, "bob", "ann").leave_until.day == 27
        with clock.stopped(datetime(2026, 11, 28, 10)):
            assert seen(act, "bob", "ann").leave is None

    def test_opportunities_moved_this_week(self, act):
        made = make_week(act)
        with act(None):
            stages = [crud.create(Stage, {"name": name, "position": place}).id for place, name in enumerate("AB", 1)]
        with act("ann"):
            deal = {
                "customer": made["customer"],
                "name": "Valves",
                "stage": stages[0],
                "amount": "100",
                "expected_close_on": "2026-12-31",
            }
            with clock.stopped(datetime(2026, 11, 20, 9)):
                deal = crud.create(Opportunity, deal)
            move(deal, stages[1], "They agreed")
        assert seen(act, "bob", "ann").moves == 1
        with clock.stopped(datetime(2026, 12, 1, 9)):
            assert seen(act, "bob", "ann").moves == 0

    def test_guidance_that_waits_with_its_age(self, act):
        made = make_week(act)
        with act("bob"):
            said = {
                "record": f"contact-records/{made['record']}",
                "body": "Ask for the budget",
                "requires_answer": True,
            }
            review = crud.create(Review, said).id
            crud.create(Review, said | {"body": "Well done", "requires_answer": False})
        with clock.stopped(datetime(2026, 11, 28, 9)):
            ann = seen(act, "bob", "ann")
            assert (ann.guidance, ann.waits) == (1, 3)
        with act("ann"):
            services.answer_review(db.session.get(Review, review), "It is 50,000")
        assert seen(act, "bob", "ann").guidance == 0


class TestScope:
    def test_a_manager_sees_who_is_below_and_nobody_else(self, act):
        make_week(act, "cleo")
        with act("bob"):
            assert [each.id for each in team.look().members] == [user_id("ann")]
        assert seen(act, "bob", "cleo") is None

    def test_all_departments_below(self, act):
        with act(None):
            north = db.session.scalar(sa.select(Department.id).where(Department.name == "Sales north"))
            below = crud.create(Department, {"name": "Key accounts", "parent": north}).id
            employee = db.session.scalars(sa.select(Employee).where(Employee.user_id == user_id("cleo"))).one()
            crud.update(employee, {"department": below})
        make_week(act, "cleo")
        assert seen(act, "bob", "cleo").week == 2

    @pytest.mark.parametrize("reader", ["dora", "admin", "otto"])
    def test_who_sees_all_sees_everyone(self, act, reader):
        make_week(act, "cleo")
        cleo = seen(act, reader, "cleo")
        assert cleo.week == 2 and cleo.out is not None
        assert seen(act, reader, "wei") is not None

    def test_who_has_left_is_gone(self, act):
        with act(None):
            crud.update(
                db.session.scalars(sa.select(Employee).where(Employee.user_id == user_id("ann"))).one(),
                {"active": False},
            )
        assert seen(act, "bob", "ann") is None

    @pytest.mark.parametrize("reader", ["ann", "cleo", "wei", "fang"])
    def test_who_leads_nobody_has_no_board(self, api, pages, reader):
        assert pages(reader).get("/team/").status_code == 403
        assert api(reader).get("team/").status_code == 403
        assert 'href="/team/"' not in pages(reader).get("/").text

    def test_nobody_is_asked_to_log_in(self, api, pages):
        assert pages().get("/team/").status_code == 302
        assert api().get("team/").status_code == 401

    def test_a_customer_that_the_reader_does_not_see_has_no_name_here(self, act):
        with act("cleo"):
            secret = crud.create(Customer, {"name": "Cleo's Secret"}).id
        with act(None):
            crud.create(
                Outing,
                {
                    "owner": user_id("ann"),
                    "customer": secret,
                    "purpose": "Help out",
                    "leave_at": "2026-11-25T13:00+08:00",
                },
            )
        ann = seen(act, "bob", "ann")
        assert (ann.next.about, ann.next.customer) == ("Help out", "")


class TestPage:
    def test_every_figure_leads_to_its_rows(self, act, api, pages):
        made = make_week(act)
        with act("bob"):
            said = {
                "record": f"contact-records/{made['record']}",
                "body": "Ask for the budget",
                "requires_answer": True,
            }
            crud.create(Review, said)
        browser = pages("bob")
        text = browser.get("/team/").text
        with act(None):
            ann = user_id("ann")
        assert f'href="/weekly-plans/show/{made["plan"]}"' in text
        assert f'href="/outings/show/{made["outing"]}"' in text
        for address, count in {
            f"/contact-records/list/?f=owner:rel_o_m:{ann}&f=at:ge:2026-11-25&f=at:lt:2026-11-26": 1,
            f"/contact-records/list/?f=owner:rel_o_m:{ann}&f=at:ge:2026-11-23&f=at:lt:2026-11-30": 2,
            f"/stage-moves/list/?f=created_by:rel_o_m:{ann}&f=from_stage:nempty:&f=at:ge:2026-11-23&f=at:lt:2026-11-30": 0,
            f"/reviews/list/?f=to:rel_o_m:{ann}&f=open:eq:1": 1,
        }.items():
            assert address.replace("&", "&amp;") in text, address
            shown = browser.get(address).text
            assert shown.count('id="row-') == count, address
            assert "banner-amber" not in shown

    def test_names_are_found_by_a_part_and_by_pinyin(self, pages):
        browser = pages("dora")
        assert "person-" in browser.get("/team/").text
        found = browser.get("/team/?q=wang").text
        assert "王伟" in found and "Ann Lee" not in found
        assert "Nothing matches." in browser.get("/team/?q=nobody").text

    def test_columns_sort_within_their_department(self, act, pages):
        make_week(act, "cleo")
        with act(None):
            north = db.session.scalar(sa.select(Department.id).where(Department.name == "Sales north"))
            crud.update(
                db.session.scalars(sa.select(Employee).where(Employee.user_id == user_id("cleo"))).one(),
                {"department": north},
            )
        text = pages("bob").get("/team/?sort=-week").text
        assert text.index("Cleo Roy") < text.index("Ann Lee")
        text = pages("bob").get("/team/?sort=week").text
        assert text.index("Cleo Roy") > text.index("Ann Lee")
        assert pages("bob").get("/team/?sort=nonsense").status_code == 200

    def test_it_is_in_the_menu_and_among_what_one_jumps_to(self, pages):
        text = pages("bob").get("/team/").text
        assert 'data-entry="team"' in text and "Team" in text
        assert 'aria-current="page"' in text

    def test_in_chinese(self, act, pages):
        make_week(act)
        text = pages("bob", locale="zh").get("/team/").text
        assert "员工中心" in text and "外出" in text

    def test_as_json(self, act, api):
        made = make_week(act)
        answer = api("bob").get("team/")
        assert answer.status_code == 200
        assert (answer.json["day"], answer.json["week"], answer.json["count"]) == ("2026-11-25", "2026-11-23", 1)
        (ann,) = answer.json["result"]
        assert ann["plan"] == {"id": made["plan"], "state": "submitted"}
        assert ann["out"]["at"] == "2026-11-25T13:20:00+08:00"
        assert (ann["contacts_week"], ann["target_week"], ann["guidance_days"]) == (2, "10.0", None)


class TestCost:
    @pytest.mark.parametrize("people", [3, 40])
    def test_the_same_statements_for_few_and_for_many(self, act, statements, people):
        made = make_week(act)
        with act(None):
            north = db.session.scalar(sa.select(Department.id).where(Department.name == "Sales north"))
            for number in range(people - 1):
                name = f"extra{number}"
                user = User(
                    username=name, first_name="Extra", last_name=str(number), email=f"{name}@example.com", active=True
                )
                db.session.add(user)
                db.session.flush()
                crud.create(Employee, {"user": user.id, "department": north})
                crud.create(Target, {"owner": user.id, "metric": "contacts", "month": "2026-11-01", "amount": "20"})
                line = {"planned_on": "2026-11-26", "goal": "Prices", "customer": made["mill"]}
                crud.create(WeeklyPlan, {"owner": user.id, "week": WEEK, "plan": "Visits", "lines": [line] * 2})
                told = {"customer": made["mill"], "owner": user.id, "outcome": "Interested", "summary": "Prices"}
                crud.create(ContactRecord, told)
        with act("bob"), statements() as executed:
            assert len(team.look().members) == people
        assert len(executed) == 9, executed
