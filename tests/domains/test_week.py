"""What people do all week: contact records, outings, guidance, suggestions, targets, and the grid of one's own week."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from decimal import Decimal

import pytest
import sqlalchemy as sa

from app.core import clock, crud, db, identity, notices
from app.core.document import take
from app.core.errors import Conflict, Invalid, NotPermitted, NotVisible
from app.domains.activities import actual, services, week
from app.domains.activities.models import ContactRecord, Outing, Review, Suggestion, WeeklyPlan
from app.domains.crm.models import Contact, Customer, CustomerShare, Opportunity, Stage
from app.domains.people.models import Target

NOW = datetime(2026, 11, 25, 14)  # a Wednesday
MONDAY = date(2026, 11, 23)


@pytest.fixture(autouse=True)
def wednesday():
    with clock.stopped(NOW):
        yield


@pytest.fixture
def customer(company) -> int:
    with company.acting("Ann"):
        return crud.create(Customer, {"name": "Beijing Tech"}).id


def tell(customer: int, **fields) -> ContactRecord:
    return crud.create(ContactRecord, {"customer": customer, "outcome": "Interested", "summary": "Wants ten"} | fields)


def go(customer: int | None, **fields) -> Outing:
    return crud.create(Outing, {"customer": customer, "purpose": "Show samples"} | fields)


class TestContactRecord:
    def test_makes_the_last_contact_and_moves_the_next(self, company, customer):
        with company.acting("Ann"):
            record = tell(customer, next_contact_on="2026-12-02")
            row = crud.fetch(Customer, customer)
            assert (row.last_contact_on, row.next_contact_on) == (date(2026, 11, 25), date(2026, 12, 2))
            crud.update(record, {"next_contact_on": "2026-12-03"})
            assert crud.fetch(Customer, customer).next_contact_on == date(2026, 12, 3)

    def test_an_older_one_moves_nothing(self, company, customer):
        with company.acting("Ann"):
            tell(customer, next_contact_on="2026-12-02")
            tell(customer, at="2026-11-20T10:00+08:00", next_contact_on="2026-11-21")
            row = crud.fetch(Customer, customer)
            assert (row.last_contact_on, row.next_contact_on) == (date(2026, 11, 25), date(2026, 12, 2))

    def test_what_was_planned_until_then_is_done_by_it(self, company, customer):
        with company.acting("Ann"):
            crud.update(crud.fetch(Customer, customer), {"next_contact_on": "2026-11-25"})
            tell(customer)
            assert crud.fetch(Customer, customer).next_contact_on is None
            crud.update(crud.fetch(Customer, customer), {"next_contact_on": "2026-11-26"})
            tell(customer)
            assert crud.fetch(Customer, customer).next_contact_on == date(2026, 11, 26)

    def test_a_deleted_one_leaves_the_one_before(self, company, customer):
        with company.acting("Ann"):
            tell(customer, at="2026-11-20T10:00+08:00")
            last = tell(customer)
            crud.delete(last)
            assert crud.fetch(Customer, customer).last_contact_on == date(2026, 11, 20)

    def test_one_that_goes_to_another_customer_brings_both_up_to_date(self, company, customer):
        with company.acting("Ann"):
            other = crud.create(Customer, {"name": "Harbour"}).id
            record = tell(customer)
            crud.update(record, {"customer": other})
            assert crud.fetch(Customer, customer).last_contact_on is None
            assert crud.fetch(Customer, other).last_contact_on == date(2026, 11, 25)

    def test_also_by_somebody_who_only_reads_the_customer(self, company, customer):
        with company.acting("Ann"):
            crud.create(CustomerShare, {"customer": customer, "user": company.users["Cleo"]})
        with company.acting("Cleo"):
            tell(customer, next_contact_on="2026-12-02")
        with company.acting("Ann"):
            row = crud.fetch(Customer, customer)
            assert (row.last_contact_on, row.next_contact_on) == (date(2026, 11, 25), date(2026, 12, 2))
            assert len(list(db.session.scalars(sa.select(ContactRecord)))) == 1  # the owner comes to know

    def test_day_is_the_companys(self, company, customer):
        with company.acting("Ann"):
            tell(customer, at="2026-11-24T17:30+00:00")  # half past one in the morning in Shanghai
            assert crud.fetch(Customer, customer).last_contact_on == date(2026, 11, 25)

    @pytest.mark.parametrize(
        ("fields", "place"),
        [
            ({"at": "2026-11-25T15:00+08:00"}, "at"),
            ({"next_contact_on": "2026-11-24"}, "next_contact_on"),
            ({"outcome": ""}, "outcome"),
            ({"way": "pigeon"}, "way"),
        ],
    )
    def test_refuses_what_cant_be(self, company, customer, fields, place):
        with company.acting("Ann"), pytest.raises(Invalid) as refusal:
            tell(customer, **fields)
        assert list(refusal.value.errors) == [place]

    def test_contact_and_opportunity_are_the_customers(self, company, customer):
        with company.acting("Ann"):
            other = crud.create(Customer, {"name": "Harbour"}).id
            person = crud.create(Contact, {"customer": other, "name": "Li"}).id
            crud.create(Stage, {"name": "New", "position": 1})
            deal = crud.create(
                Opportunity, {"customer": other, "name": "x", "amount": "1", "expected_close_on": "2027-01-01"}
            ).id
            with pytest.raises(Invalid) as refusal:
                tell(customer, contact=person, opportunity=deal)
            assert sorted(refusal.value.errors) == ["contact", "opportunity"]


class TestMeasures:
    def test_contact_records_and_visits_count(self, company, customer):
        from app.domains.crm import measures

        with company.acting("Ann"):
            crud.create(Stage, {"name": "New", "position": 1})
            deals = [
                crud.create(
                    Opportunity, {"customer": customer, "name": name, "amount": "1", "expected_close_on": "2027-01-01"}
                ).id
                for name in ("one", "two")
            ]
            names = ("contact_records", "visits")
            assert measures.values(deals, names)[deals[0]] == {"contact_records": 0, "visits": 0}
            record = tell(customer)
            tell(customer, way="phone", at="2026-11-24T10:00+08:00", opportunity=deals[1])
            assert measures.values(deals, names)[deals[0]] == {"contact_records": 1, "visits": 1}
            assert measures.values(deals, names)[deals[1]] == {"contact_records": 2, "visits": 1}
            crud.delete(record)
            assert measures.values(deals, names)[deals[0]] == {"contact_records": 0, "visits": 0}


class TestOuting:
    def test_leaves_and_comes_back_with_its_record(self, company, customer):
        with company.acting("Ann"):
            outing = services.leave(go(customer), latitude=Decimal("31.2"), longitude=Decimal("121.4"))
            assert (outing.state, outing.leave_at) == ("out", clock.now())
        with clock.stopped(NOW + timedelta(hours=2)), company.acting("Ann"):
            outing = crud.fetch(Outing, outing.id, lock=True)
            services.come_back(outing, {"outcome": "Ordered", "summary": "Twenty", "intent": "More in May"})
            assert (outing.state, outing.return_at) == ("back", clock.now())
            record = db.session.scalars(sa.select(ContactRecord)).one()
            assert (record.customer_id, record.outing_id, record.outcome) == (customer, outing.id, "Ordered")

    def test_to_a_customer_ends_with_no_other_way(self, company, customer):
        with company.acting("Ann"):
            outing = services.leave(go(customer))
            db.session.commit()
            with pytest.raises(Invalid) as refusal:
                services.come_back(outing)
            assert list(refusal.value.errors) == ["record"]
            with pytest.raises(Invalid) as refusal:
                services.come_back(outing, {"summary": "No outcome"})
            assert list(refusal.value.errors) == ["record.outcome"]
            db.session.rollback()
            assert crud.fetch(Outing, outing.id).state == "out"

    def test_a_record_of_another_customer_does_not_end_it(self, company, customer):
        with company.acting("Ann"):
            other = crud.create(Customer, {"name": "Harbour"}).id
            outing = services.leave(go(customer))
            tell(other, outing=outing.id)
            assert outing.state == "out"
            tell(customer, outing=outing.id)
            assert outing.state == "back"

    def test_without_a_customer_needs_none(self, company):
        with company.acting("Ann"):
            outing = services.leave(go(None))
            assert services.come_back(outing) is None
            assert outing.state == "back"

    def test_one_at_a_time(self, company, customer):
        with company.acting("Ann"):
            services.leave(go(None))
            with pytest.raises(Conflict):
                services.leave(go(customer, leave_at="2026-11-25T13:00+08:00"))

    def test_is_ones_own(self, company, customer):
        with company.acting("Ann"):
            outing = go(customer)
        with company.acting("Bob"), pytest.raises(NotPermitted):
            services.leave(crud.fetch(Outing, outing.id, lock=True))

    def test_stays_as_it_was_once_back(self, company, customer):
        with company.acting("Ann"):
            outing = services.leave(go(customer))
            services.come_back(outing, {"outcome": "x", "summary": "y"})
            with pytest.raises(Invalid) as refusal:
                crud.update(outing, {"customer": None, "leave_at": "2026-11-25T09:00+08:00"})
            assert sorted(refusal.value.errors) == ["customer", "leave_at"]

    def test_its_record_is_not_deleted(self, company, customer):
        with company.acting("Ann"):
            outing = services.leave(go(customer))
            record = services.come_back(outing, {"outcome": "x", "summary": "y"})
            with pytest.raises(Conflict):
                crud.delete(record)
            with pytest.raises(Invalid):
                crud.update(record, {"outing": None})
            assert outing.state == "back"

    def test_who_is_out_with_a_customer_comes_back_and_tells_of_it(self, company, customer):
        with company.acting("Ann"):
            out = services.leave(go(customer))
            with pytest.raises(Conflict, match="come back"):
                services.call_off(out, "No longer needed")
            with pytest.raises(Conflict, match="is out"):
                crud.delete(out)
            assert out.state == "out"

    def test_only_a_superior_cancels_it_and_says_why(self, company, customer):
        with company.acting("Ann"):
            pk = services.leave(go(customer)).id
        with company.acting("Bob"):
            out = crud.fetch(Outing, pk)
            with pytest.raises(Invalid) as refusal:
                services.call_off(out, " ")
            assert list(refusal.value.errors) == ["reason"]
            assert services.call_off(out, "She is ill").state == "cancelled"

    def test_another_errand_that_is_under_way_is_cancelled_with_a_reason(self, company):
        with company.acting("Ann"):
            out = services.leave(go(None))
            with pytest.raises(Invalid) as refusal:
                services.call_off(out, None)
            assert list(refusal.value.errors) == ["reason"]
            assert services.call_off(out, "Closed today").state == "cancelled"

    def test_cancelled_takes_nobody_out(self, company, customer):
        with company.acting("Ann"):
            outing = services.call_off(go(customer), "They cancelled")
            assert (outing.state, outing.reason) == ("cancelled", "They cancelled")
            with pytest.raises(Conflict):
                services.leave(outing)
            with pytest.raises(Invalid):
                tell(customer, outing=outing.id)

    def test_what_was_planned_is_done(self, company, customer):
        with company.acting("Ann"):
            line = {"planned_on": "2026-11-25", "kind": "visit", "goal": "Show samples", "customer": customer}
            plan = take(crud.create(WeeklyPlan, {"week": str(MONDAY), "lines": [line]}), "submit")
            outing = services.leave(go(customer, plan_line=plan.lines[0].id))
            services.come_back(outing, {"outcome": "Ordered", "summary": "y"})
            assert (plan.lines[0].done, plan.lines[0].result) == (True, "Ordered")
            crud.update(plan, {"lines": [{"id": plan.lines[0].id, "result": "Twenty"}]})

    def test_a_line_that_goes_leaves_the_outing(self, company, customer):
        with company.acting("Ann"):
            line = {"planned_on": "2026-11-25", "kind": "visit", "goal": "Show samples", "customer": customer}
            plan = crud.create(WeeklyPlan, {"week": str(MONDAY), "lines": [line]})
            outing = go(customer, plan_line=plan.lines[0].id)
            crud.update(plan, {"lines": []})
            db.session.expire_all()
            assert crud.fetch(Outing, outing.id).plan_line_id is None

    def test_from_a_customer_that_has_gone_to_somebody_else(self, company, customer):
        with company.acting("Ann"):
            outing = services.leave(go(customer))
        give_to_cleo(company, customer)
        with company.acting("Ann"):
            outing = crud.fetch(Outing, outing.id, lock=True)
            told = services.come_back(outing, {"outcome": "Ordered", "summary": "Twenty"})
            assert (outing.state, told.owner_id, told.customer_id) == ("back", company.users["Ann"], customer)

    def test_then_only_what_it_went_to_may_be_told_of(self, company, customer):
        with company.acting("Ann"):
            harbour = crud.create(Customer, {"name": "Harbour"}).id
            person = crud.create(Contact, {"customer": customer, "name": "Li"}).id
            outing = services.leave(go(customer)).id
        give_to_cleo(company, customer)
        give_to_cleo(company, harbour)
        with company.acting("Ann"):
            for more, place in (({"customer": harbour}, "customer"), ({"contact": person}, "contact")):
                with pytest.raises(Invalid) as refusal:
                    services.come_back(crud.fetch(Outing, outing, lock=True), {"outcome": "x", "summary": "y"} | more)
                assert list(refusal.value.errors) == [f"record.{place}"]
                db.session.rollback()
            with pytest.raises(Invalid) as refusal:
                tell(customer)
            assert list(refusal.value.errors) == ["customer"]
            db.session.rollback()
            services.come_back(crud.fetch(Outing, outing, lock=True), {"outcome": "x", "summary": "y"})
            with pytest.raises(Invalid):
                tell(customer)

    def test_of_which_one_forgot_to_say_that_one_left(self, company, customer):
        with company.acting("Ann"):
            outing = go(customer, leave_at="2026-11-25T17:00+08:00")
            services.come_back(outing, {"outcome": "x", "summary": "y"}, clock.now() - timedelta(minutes=30))
            assert (outing.state, outing.return_at) == ("back", clock.now() - timedelta(minutes=30))
            tomorrow = go(customer, leave_at="2026-11-27T09:00+08:00")
            tell(customer, outing=tomorrow.id)
            assert tomorrow.state == "planned"  # what is ahead has not been

    def test_keeps_the_record_that_ended_it(self, company, customer):
        with company.acting("Ann"):
            other = crud.create(Customer, {"name": "Harbour"}).id
            outing = services.leave(go(customer))
            with pytest.raises(Invalid):
                crud.update(outing, {"customer": None})
            db.session.rollback()
        with company.acting("Ann"):
            outing = services.leave(go(customer, leave_at="2026-11-25T13:00+08:00"))
            record = services.come_back(outing, {"outcome": "x", "summary": "y"})
            with pytest.raises(Invalid) as refusal:
                crud.update(record, {"customer": other})
            assert list(refusal.value.errors) == ["customer"]


def give_to_cleo(company, customer: int) -> None:
    with company.acting("Bob", (identity.ASSIGN, "crm")), identity.moving_ownership():
        crud.update(crud.fetch(Customer, customer, lock=True), {"owner": company.users["Cleo"]})


class TestActual:
    def test_ones_own_contact_counts_when_the_customer_has_gone(self, company, customer):
        with company.acting("Ann"):
            line = {"planned_on": "2026-11-25", "kind": "visit", "goal": "Told", "customer": customer}
            plan = crud.create(WeeklyPlan, {"week": str(MONDAY), "lines": [line]}).id
            tell(customer)
        give_to_cleo(company, customer)
        with company.acting("Ann"):
            assert actual.counts(actual.of([crud.fetch(WeeklyPlan, plan)])[plan])["done"] == 1

    @pytest.mark.parametrize("day", ["1900-01-01", "9999-12-31"])
    def test_the_ends_of_the_calendar_are_weeks_too(self, company, day):
        with company.acting("Ann"):
            plan = crud.create(WeeklyPlan, {"week": day, "plan": "x"})
            assert actual.of([plan]) == {plan.id: []}

    def test_done_missed_ahead_and_unplanned(self, company, customer):
        with company.acting("Ann"):
            other = crud.create(Customer, {"name": "Harbour"}).id
            lines = [
                {"planned_on": "2026-11-23", "kind": "visit", "goal": "Missed", "customer": other},
                {"planned_on": "2026-11-24", "kind": "call", "goal": "Told", "customer": customer},
                {"planned_on": "2026-11-24", "kind": "internal", "goal": "Ticked", "done": True},
                {"planned_on": "2026-11-26", "kind": "visit", "goal": "Ahead", "customer": customer},
            ]
            plan = crud.create(WeeklyPlan, {"week": str(MONDAY), "lines": lines})
            tell(customer, at="2026-11-24T10:00+08:00")
            third = crud.create(Customer, {"name": "Unplanned"}).id
            tell(third)
            services.come_back(services.leave(go(None)))
            found = actual.of([plan])[plan.id]
            assert [(each.what, each.planned or each.customer or each.came) for each in found] == [
                ("missed", "Missed"),
                ("done", "Told"),
                ("done", "Ticked"),
                ("unplanned", "Unplanned"),
                ("unplanned", "Show samples"),
                ("ahead", "Ahead"),
            ]
            assert actual.counts(found) == {"done": 2, "missed": 1, "ahead": 1, "unplanned": 2}

    def test_of_two_outings_on_a_line_the_one_that_is_back_counts(self, company):
        with company.acting("Ann"):
            line = {"planned_on": "2026-11-25", "kind": "other", "goal": "Fair"}
            plan = crud.create(WeeklyPlan, {"week": str(MONDAY), "lines": [line]})
            for _time in range(2):
                services.come_back(services.leave(go(None, plan_line=plan.lines[0].id)))
                crud.update(plan, {"lines": [{"id": plan.lines[0].id, "done": ""}]})
            services.leave(go(None, plan_line=plan.lines[0].id))
            assert actual.counts(actual.of([plan])[plan.id]) == {"done": 1, "missed": 0, "ahead": 0, "unplanned": 0}

    def test_an_outing_on_last_weeks_line_is_not_planned_in_this_week(self, company):
        with company.acting("Ann"):
            lines = [{"planned_on": "2026-11-20", "kind": "other", "goal": "Fair"}]
            before = crud.create(WeeklyPlan, {"week": "2026-11-16", "lines": lines})
            plan = crud.create(WeeklyPlan, {"week": str(MONDAY), "plan": "x"})
            services.leave(go(None, plan_line=before.lines[0].id))
            found = actual.of([before, plan])
            assert [each.what for each in found[before.id]] == ["missed"]
            assert [(each.what, each.came) for each in found[plan.id]] == [("unplanned", "Show samples")]

    def test_what_is_still_open_is_what_is_not_done(self, company, customer):
        with company.acting("Ann"):
            days = ("2026-11-23", "2026-11-24", "2026-11-26")
            lines = [{"planned_on": day, "kind": "visit", "goal": day, "customer": customer} for day in days]
            lines += [{"planned_on": day, "kind": "other", "goal": f"other {day}", "done": day < "24"} for day in days]
            plan = crud.create(WeeklyPlan, {"week": str(MONDAY), "lines": lines})
            later = [{"planned_on": "2026-11-30", "kind": "visit", "goal": "Later", "customer": customer}]
            crud.create(WeeklyPlan, {"week": "2026-11-30", "lines": later})
            tell(customer, at="2026-11-24T10:00+08:00")
            tell(customer, at="2026-11-25T10:00+08:00")
            tell(customer, at="2026-11-20T10:00+08:00")
            services.leave(outing := go(None, plan_line=plan.lines[4].id))
            services.come_back(outing)
            crud.update(plan, {"lines": [{"id": line.id, "done": ""} for line in plan.lines]})
            came = actual.of([plan])[plan.id]
            left = [each.line for each in came if each.line is not None and each.what != actual.DONE]
            found = actual.still_open(db.session.execute(actual.planned(MONDAY)))
            assert [row.id for row in found] == left
            assert [row.planned_on.day for row in found] == [23, 26, 26]
            found = actual.still_open(db.session.execute(actual.planned(MONDAY, WeeklyPlan.week, later=True)))
            assert [row.id for row in found if row.week == MONDAY] == left
            assert [row.planned_on.day for row in found if row.week != MONDAY] == [30]


def said(customer: int, record: ContactRecord, **fields) -> Review:
    return crud.create(Review, {"record": f"contact-records/{record.id}", "body": "Who decides there?"} | fields)


def unread(user_id: int) -> list[str]:
    own = sa.select(notices.NOTICES.c.subject).where(
        notices.NOTICES.c.user_id == user_id, notices.NOTICES.c.read.is_(False)
    )
    return list(db.session.connection().execute(own).scalars())


class TestGuidance:
    @pytest.fixture
    def record(self, company, customer) -> int:
        with company.acting("Ann"):
            return tell(customer).id

    def test_stays_with_both_until_it_is_answered(self, company, customer, record):
        ann, bob = company.users["Ann"], company.users["Bob"]
        with company.acting("Bob"):
            review = said(customer, crud.fetch(ContactRecord, record), requires_answer=True)
            assert (review.author_id, review.to_id, review.customer_id) == (bob, ann, customer)
            assert len(unread(ann)) == len(unread(bob)) == 1
        with clock.stopped(NOW + timedelta(days=3)), company.acting("Ann"):
            notices.read_all(ann)
            assert len(unread(ann)) == 1  # it waits
            review = crud.fetch(Review, review.id, lock=True)
            assert review.age == 3
            services.answer_review(review, "Mr Li does")
            assert (review.answered, review.age) == (True, None)
            assert unread(ann) == []
            assert unread(bob) == ["Ann answers your guidance"]
            with pytest.raises(Conflict):
                services.answer_review(review, "Again")

    def test_is_told_without_waiting_where_nothing_is_asked(self, company, customer, record):
        with company.acting("Bob"):
            said(customer, crud.fetch(ContactRecord, record))
        with company.acting("Ann"):
            notices.read_all(company.users["Ann"])
            assert unread(company.users["Ann"]) == unread(company.users["Bob"]) == []

    def test_is_a_superiors(self, company, customer, record):
        with company.acting("Ann"), pytest.raises(Invalid) as refusal:
            said(customer, crud.fetch(ContactRecord, record))
        assert list(refusal.value.errors) == ["record"]

    @pytest.mark.parametrize("about", ["contact-records/999", "customers/1", "nonsense", ""])
    def test_is_about_something_that_is_there(self, company, record, about):
        with company.acting("Bob"), pytest.raises(Invalid) as refusal:
            crud.create(Review, {"record": about, "body": "x"})
        assert list(refusal.value.errors) == ["record"]

    def test_only_the_one_whom_it_is_for_answers(self, company, customer, record):
        with company.acting("Bob"):
            review = said(customer, crud.fetch(ContactRecord, record), requires_answer=True)
            with pytest.raises(NotPermitted):
                services.answer_review(review, "Myself")
        with company.acting("Cleo"), pytest.raises(NotVisible):
            crud.fetch(Review, review.id)

    def test_the_words_are_their_authors(self, company, customer, record):
        with company.acting("Bob"):
            review = said(customer, crud.fetch(ContactRecord, record), requires_answer=True)
        with company.acting("Ann"):
            with pytest.raises(Invalid):
                crud.update(crud.fetch(Review, review.id, lock=True), {"body": "Well done"})
            db.session.rollback()
        with company.acting("Bob"):
            crud.update(crud.fetch(Review, review.id, lock=True), {"body": "Who decides, and when?"})

    def test_is_shown_where_the_next_visit_is_planned(self, company, customer, record):
        with company.acting("Bob"):
            said(customer, crud.fetch(ContactRecord, record), requires_answer=True)
        with company.acting("Ann"):
            assert [each.body for each in week.guidance_open([customer])[customer]] == ["Who decides there?"]

    def test_what_comes_to_ask_waits_and_what_no_longer_does_is_let_go(self, company, customer, record):
        ann, bob = company.users["Ann"], company.users["Bob"]
        with company.acting("Bob"):
            review = said(customer, crud.fetch(ContactRecord, record))
            notices.read_all(ann)
            crud.update(review, {"requires_answer": "1"})
            assert len(unread(ann)) == len(unread(bob)) == 1
            crud.update(review, {"requires_answer": ""})
            assert unread(ann) == unread(bob) == []

    def test_is_given_where_the_customer_has_gone_to_another_team(self, company, customer, record):
        give_to_cleo(company, customer)
        with company.acting("Bob"):
            assert said(customer, crud.fetch(ContactRecord, record)).customer_id is None


class TestSuggestions:
    def test_come_from_plans_once(self, company):
        with company.acting("Ann"):
            plan = take(crud.create(WeeklyPlan, {"week": str(MONDAY), "plan": "x"}), "submit")
            crud.update(plan, {"suggestion": "More samples"})
            crud.update(plan, {"suggestion": "More samples, please"})
            suggestion = db.session.scalars(sa.select(Suggestion)).one()
            assert (suggestion.body, suggestion.plan_id) == ("More samples, please", plan.id)
            crud.update(plan, {"suggestion": ""})
            assert db.session.scalars(sa.select(Suggestion)).all() == []

    def test_are_answered_closed_and_told(self, company):
        with company.acting("Ann"):
            crud.create(WeeklyPlan, {"week": str(MONDAY), "plan": "x", "suggestion": "More samples"})
            suggestion = db.session.scalars(sa.select(Suggestion)).one()
            with pytest.raises(Conflict):
                services.answer_suggestion(suggestion, "Myself")
        with company.acting("Bob"):
            suggestion = crud.fetch(Suggestion, suggestion.id, lock=True)
            with pytest.raises(Conflict):
                services.close_suggestion(suggestion)
            services.answer_suggestion(suggestion, "From December", close=True)
            assert (suggestion.closed, suggestion.answered_by_id) == (True, company.users["Bob"])
            assert len(unread(company.users["Ann"])) == 1
            services.reopen_suggestion(suggestion)
        with company.acting("Ann"), pytest.raises(Invalid):
            crud.update(crud.fetch(Suggestion, suggestion.id, lock=True), {"body": "Something else"})


class TestTarget:
    def test_is_of_a_month_once(self, company):
        with company.acting("Bob", (identity.ASSIGN, "people")):
            target = crud.create(
                Target, {"owner": company.users["Ann"], "metric": "contacts", "month": "2026-11-20", "amount": "40"}
            )
            assert target.month == date(2026, 11, 1)
            with pytest.raises(Invalid):
                crud.create(
                    Target, {"owner": company.users["Ann"], "metric": "contacts", "month": "2026-11-02", "amount": "4"}
                )


class TestMyWeek:
    def test_a_line_makes_the_plan(self, company, customer):
        with company.acting("Ann"):
            plan = week.add(MONDAY, [{"planned_on": "2026-11-25", "kind": "visit", "customer": customer, "goal": "A"}])
            same = week.add(MONDAY, [{"planned_on": "2026-11-26", "kind": "call", "goal": "B"}])
            assert (same.id, [line.goal for line in same.lines]) == (plan.id, ["A", "B"])
            week.change(MONDAY, plan.lines[0].id, {"planned_on": "2026-11-27", "done": "1"})
            assert (plan.lines[0].planned_on, plan.lines[0].goal, plan.lines[0].done) == (date(2026, 11, 27), "A", True)
            week.change(MONDAY, plan.lines[1].id, None)
            assert [line.goal for line in week.plan_of(MONDAY).lines] == ["A"]

    def test_faults_are_told_by_field(self, company):
        with company.acting("Ann"), pytest.raises(Invalid) as refusal:
            week.add(MONDAY, [{"planned_on": "2026-11-25", "kind": "visit", "goal": ""}])
        assert list(refusal.value.errors) == ["goal"]

    def test_a_submitted_plan_takes_no_more(self, company):
        with company.acting("Ann"):
            plan = take(week.add(MONDAY, [{"planned_on": "2026-11-25", "kind": "other", "goal": "A"}]), "submit")
            with pytest.raises(Conflict):
                week.add(MONDAY, [{"planned_on": "2026-11-25", "kind": "other", "goal": "B"}])
            db.session.rollback()
            assert plan is not None

    def test_somebody_elses_line_is_none(self, company):
        with company.acting("Cleo"):
            line = week.add(MONDAY, [{"planned_on": "2026-11-25", "kind": "other", "goal": "A"}]).lines[0].id
        with company.acting("Ann"), pytest.raises(NotVisible):
            week.change(MONDAY, line, {"goal": "Mine"})

    def test_what_was_left_over_is_taken_along_once(self, company, customer):
        with company.acting("Ann"):
            before, told = MONDAY - timedelta(days=7), crud.create(Customer, {"name": "Harbour"}).id
            lines = [
                {"planned_on": "2026-11-16", "kind": "visit", "customer": customer, "goal": "Left"},
                {"planned_on": "2026-11-20", "kind": "call", "goal": "Late"},
                {"planned_on": "2026-11-17", "kind": "call", "goal": "Done", "done": True},
                {"planned_on": "2026-11-18", "kind": "visit", "goal": "Told", "customer": told},
            ]
            crud.create(WeeklyPlan, {"week": str(before), "lines": lines})
            tell(told, at="2026-11-18T10:00+08:00")
            left = week.left_over(MONDAY, week.plan_of(MONDAY))
            assert [line.goal for line in left] == ["Left", "Late"]
            plan = week.take_over(MONDAY, {line.id for line in left})
            # Monday has passed: it is planned for today.
            assert [(line.goal, line.planned_on.day) for line in plan.lines] == [("Left", 25), ("Late", 27)]
            assert week.left_over(MONDAY, week.plan_of(MONDAY)) == []
            with pytest.raises(NotVisible):
                week.take_over(MONDAY, {left[0].id})

    def test_customers_that_are_due_are_offered(self, company, customer):
        with company.acting("Ann"):
            crud.update(crud.fetch(Customer, customer), {"next_contact_on": "2026-11-24"})
            crud.create(Customer, {"name": "Sleeping", "status": "dormant"})
            crud.create(Customer, {"name": "Later", "next_contact_on": "2026-12-09"})
            week.add(MONDAY, [{"planned_on": "2026-11-25", "kind": "internal", "goal": "Without a customer"}])
            offers = week.due(MONDAY, week.plan_of(MONDAY))
            assert [(each.customer.name, each.late) for each in offers] == [("Beijing Tech", True), ("Sleeping", False)]
            week.add(MONDAY, [{"planned_on": "2026-11-25", "kind": "visit", "customer": customer, "goal": "A"}])
            assert [each.customer.name for each in week.due(MONDAY, week.plan_of(MONDAY))] == ["Sleeping"]
        with company.acting("Cleo"):
            assert week.due(MONDAY, week.plan_of(MONDAY)) == []


class TestPages:
    """Over HTTP, as a browser without scripts and as a client."""

    def test_what_is_refused_is_told_or_asked_again(self, act, api, pages):
        ann, base = pages("ann"), f"/week/{MONDAY}"
        sent = {"planned_on": "2026-11-25", "kind": "other", "goal": "Fair"}
        assert ann.post(f"{base}/add", sent).status_code == 302
        with act("ann"):
            line = week.plan_of(MONDAY).lines[0].id
        again = ann.post(f"{base}/add", sent | {"goal": "", "kind": "call"})
        assert again.status_code == 422 and "This is required." in again.text
        nothing = ann.post(f"{base}/take")
        assert (nothing.status_code, nothing.location) == (302, f"/week/?week={MONDAY}")
        assert "Choose what to take over." in ann.get(nothing.location).text
        with act("ann"):
            take(crud.fetch(WeeklyPlan, week.plan_of(MONDAY).id, lock=True), "submit")
        for path, form in (("add", sent), (f"line/{line}", {"goal": "Mine"}), ("texts", {"plan": "Later"})):
            kept = ann.post(f"{base}/{path}", form)
            assert (kept.status_code, kept.location) == (302, f"/week/?week={MONDAY}"), path
            assert "is submitted: only its summary" in ann.get(kept.location).text, path

    def test_it_costs_the_same_however_much_is_planned(self, act, pages, statements):
        ann = pages("ann")
        with act("ann"):
            customer = crud.create(Customer, {"name": "Beijing Tech"}).id
            line = {"kind": "visit", "customer": customer, "planned_on": "2026-11-25"}
            for monday in (MONDAY - timedelta(days=7), MONDAY):
                week.add(monday, [line | {"planned_on": str(monday), "goal": str(monday)}])
        costs = []
        for _time in range(3):
            with statements() as executed:
                assert ann.get(f"/week/?week={MONDAY}").status_code == 200
            costs.append(len(executed))
            read = [each for each in executed if "FROM weekly_plans" in each and "weekly_plans.summary" in each]
            assert len(read) == 1, read
            with act("ann"):
                for monday in (MONDAY - timedelta(days=7), MONDAY):
                    week.add(monday, [line | {"planned_on": str(monday), "goal": f"{n} of many"} for n in range(9)])
        assert costs[1:] == [costs[1]] * 2, costs

    def test_the_week_is_planned_and_told(self, act, api, pages):
        with act("ann"):
            customer = crud.create(Customer, {"name": "Beijing Tech"}).id
        ann = pages("ann")
        base = f"/week/{MONDAY}"
        answer = ann.post(
            f"{base}/add",
            {
                "planned_on": "2026-11-25",
                "kind": "visit",
                "customer-text": "beijing",
                "goal": "A",
            },
        )
        assert answer.status_code == 302, answer.text
        shown = ann.get(f"/week/?week={MONDAY}")
        assert shown.status_code == 200 and "Beijing Tech" in shown.text
        with act("ann"):
            made = week.plan_of(MONDAY)
            plan, line = made.id, made.lines[0].id
            assert made.lines[0].customer_id == customer
        refused = ann.post(
            f"{base}/line/{line}",
            {"goal": "", "customer-text": "nobody", "planned_on": "2026-11-26"},
        )
        assert refused.status_code == 422
        assert "“nobody” was not found" in refused.text and 'value="2026-11-26"' in refused.text
        assert ann.get("/week/?week=tomorrow").status_code == 404
        done = ann.post(f"{base}/line/{line}", {"ticks": "1", "done": "1"})
        assert done.status_code == 302
        said = ann.post(f"{base}/texts", {"plan": "Harbour first"})
        assert said.status_code == 302
        client = api("ann")
        told = client.get(f"weekly-plans/{plan}").json["result"]
        assert (told["plan"], told["lines"][0]["done"]) == ("Harbour first", True)
        outing = client.post("outings/", {"customer": customer, "purpose": "Samples", "plan_line": line}).json["id"]
        assert client.post(f"outings/{outing}/leave", {"latitude": "31.2", "longitude": "121.5"}).status_code == 200
        assert client.post(f"outings/{outing}/back", {}).status_code == 422
        nothing = client.post(f"outings/{outing}/back", {"record": {"summary": "x"}})
        assert nothing.status_code == 422 and list(nothing.json["errors"]) == ["record.outcome"]
        back = client.post(f"outings/{outing}/back", {"record": {"outcome": "Ordered", "summary": "Ten"}})
        assert (back.status_code, back.json["result"]["state"]) == (200, "back")
        rows = client.get(f"weekly-plans/{plan}/actual").json["result"]
        assert [row["what"] for row in rows] == ["done"]
