"""The home page's cards of the week: what one has to answer, one's own week, and the team now."""

from __future__ import annotations

from datetime import datetime

import pytest

from app.core import clock, crud
from app.core.document import take
from app.domains.activities import services
from app.domains.activities.models import ContactRecord, Outing, Review, WeeklyPlan
from app.domains.crm.models import Customer
from tests.reports.test_home import count, links

NOW = datetime(2026, 11, 25, 14)  # a Wednesday


@pytest.fixture
def week(act):
    """Ann's week, with guidance from Bob that waits; she is out."""
    with clock.stopped(NOW):
        with act("ann"):
            customer = crud.create(Customer, {"name": "Harbour"})
            lines = [
                {"planned_on": "2026-11-24", "kind": "visit", "goal": "Samples", "customer": customer.id},
                {"planned_on": "2026-11-25", "kind": "call", "goal": "Ask about the prices"},
                {"planned_on": "2026-11-25", "kind": "visit", "goal": "Demonstrate", "customer": customer.id},
            ]
            take(crud.create(WeeklyPlan, {"week": "2026-11-23", "plan": "Visits", "lines": lines}), "submit")
            record = {
                "customer": customer.id,
                "outcome": "Interested",
                "summary": "Prices",
                "at": "2026-11-24T09:00+08:00",
            }
            record = crud.create(ContactRecord, record).id
            services.leave(crud.create(Outing, {"purpose": "Customs", "leave_at": "2026-11-25T13:20+08:00"}))
        with act("bob"):
            about = {"record": f"contact-records/{record}", "body": "Who decides there?", "requires_answer": True}
            crud.create(Review, about)
        yield


def panel(page: str, title: str) -> str:
    """The card called ``title``."""
    return next((each for each in page.split("<section")[1:] if f">{title}</a>" in each.split("</h2>")[0]), "")


class TestGuidance:
    def test_to_me_and_mine_that_waits(self, week, pages, api):
        with clock.stopped(datetime(2026, 11, 27, 9)):
            ann, bob = (
                panel(pages("ann").get("/").text, "Guidance to answer"),
                panel(pages("bob").get("/").text, "Guidance to answer"),
            )
            assert "Who decides there?" in ann and "from Bob Ito" in ann and "for 2 days" in ann
            assert '<span class="count">1<' in ann
            assert "to Ann Lee" in bob and '<span class="count">0<' in bob
            assert count(api("ann"), links(ann)["1 to answer"]) == 1
            assert count(api("bob"), links(bob)["1 wait for others"]) == 1

    def test_nothing_waits(self, pages):
        assert "Nothing waits for an answer." in panel(pages("ann").get("/").text, "Guidance to answer")

    def test_others_guidance_is_not_shown(self, week, pages):
        assert "Who decides there?" not in pages("cleo").get("/").text
        assert "Who decides there?" not in panel(pages("dora").get("/").text, "Guidance to answer")


class TestWeek:
    def test_what_is_planned_for_today_and_how_far_the_week_is(self, week, pages):
        card = panel(pages("ann").get("/").text, "Your week")
        assert '<span class="count">1 of 3<' in card
        assert "Ask about the prices" in card and "Demonstrate" in card and "Samples" not in card
        assert "Done 1 · Still ahead 2 · Not planned 1" in card

    def test_without_a_plan_there_is_no_card(self, week, pages):
        assert not panel(pages("cleo").get("/").text, "Your week")


class TestTeam:
    def test_who_is_out_whose_plan_is_missing_and_what_waits(self, week, pages):
        text = pages("bob").get("/").text
        assert ">Team today</a>" in text and "1 out" in text and "of 1 person" in text
        assert "0 plans are missing" in text and "1 to be answered" in text
        assert ">Team today</a>" not in pages("ann").get("/").text

    def test_a_director_sees_all(self, week, pages):
        text = pages("dora").get("/").text
        assert "of 7 people" in text and "6 plans are missing" in text


class TestCost:
    @pytest.mark.parametrize("reader", ["ann", "bob", "dora"])
    def test_a_page_of_the_week_costs_little(self, week, pages, statements, reader):
        browser = pages(reader)
        browser.get("/")
        with statements() as executed:
            browser.get("/")
        assert len(executed) <= 20, executed
