"""Guidance that waits is shown when the next visit to that customer is planned."""

from __future__ import annotations

import pytest

from app.core import crud
from app.domains.activities import services
from app.domains.activities.models import ContactRecord, Review, WeeklyPlan
from app.domains.crm.models import Customer


@pytest.fixture
def made(act):
    """A customer of Ann's on whom Bob waits for an answer; the ids."""
    with act("ann"):
        harbour, mill = (crud.create(Customer, {"name": name}).id for name in ("Harbour", "Mill"))
        record = {"customer": harbour, "outcome": "Interested", "summary": "Wants prices"}
        record = crud.create(ContactRecord, record).id
        lines = [{"planned_on": "2026-11-24", "goal": "Prices", "customer": harbour}]
        plan = crud.create(WeeklyPlan, {"week": "2026-11-23", "plan": "Visits", "lines": lines}).id
    with act("bob"):
        words = {"record": f"contact-records/{record}", "body": "Who <decides> there?", "requires_answer": True}
        review = crud.create(Review, words).id
    return {"customer": harbour, "other": mill, "review": review, "plan": plan}


def hint(browser, *ids):
    answer = browser.get("/weekly-plans/guidance?" + "&".join(f"customer={each}" for each in ids))
    assert answer.status_code == 200, answer.text
    return answer.json["html"]


class TestHint:
    def test_what_waits_on_a_customer_is_told_until_it_is_answered(self, made, act, pages):
        browser = pages("ann")
        told = hint(browser, made["customer"], made["other"])
        assert "Who &lt;decides&gt; there?" in told and "Harbour" in told
        assert f'href="/reviews/show/{made["review"]}"' in told and ">Answer<" in told
        assert hint(browser, made["other"]) == ""
        with act("ann"):
            services.answer_review(crud.fetch(Review, made["review"]), "The owner")
        assert hint(browser, made["customer"]) == ""

    def test_a_superior_sees_it_and_other_teams_do_not(self, made, pages):
        assert ">Open<" in hint(pages("bob"), made["customer"])
        assert hint(pages("cleo"), made["customer"]) == ""

    @pytest.mark.parametrize(
        "asked", ["", "customer=x", "customer=-1", "customer=99999999999", "customer=%F0%9F%98%80"]
    )
    def test_nonsense_is_told_nothing(self, made, pages, asked):
        answer = pages("ann").get(f"/weekly-plans/guidance?{asked}")
        assert answer.status_code == 200 and answer.json == {"html": ""}

    def test_who_is_not_logged_in_is_told_nothing(self, made, pages):
        assert pages().get(f"/weekly-plans/guidance?customer={made['customer']}").status_code == 302

    def test_it_costs_one_statement_for_any_number(self, made, pages, statements):
        browser = pages("ann")
        with statements() as one:
            hint(browser, made["customer"])
        with statements() as many:
            hint(browser, *range(1, 120))
        assert len(many) == len(one)


class TestPages:
    def test_the_plan_s_page_shows_it_until_the_plan_is_reviewed(self, made, act, pages):
        address = f"/weekly-plans/show/{made['plan']}"
        assert "Who &lt;decides&gt; there?" in pages("ann").get(address).text
        assert "Who &lt;decides&gt; there?" in pages("bob").get(address).text
        with act(None):
            crud.fetch(WeeklyPlan, made["plan"]).state = "reviewed"
        assert "Who &lt;decides&gt; there?" not in pages("ann").get(address).text

    def test_the_form_asks_while_customers_are_picked(self, made, pages):
        text = pages("ann").get(f"/weekly-plans/edit/{made['plan']}").text
        assert 'data-line-hints="customer" data-url="/weekly-plans/guidance"' in text and "line_hints.js" in text
