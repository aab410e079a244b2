"""What must be there before a row can be made is said beforehand, with the way to it, and again where it is refused."""

from __future__ import annotations

import pytest

from app.core import crud
from app.domains.crm.models import Customer, Opportunity, Stage

SAID = "Opportunities go through stages, and there are none yet."
PLACES = ("/opportunities/list/", "/opportunities/board/", "/opportunities/add")


class TestBeforehand:
    @pytest.mark.parametrize("place", PLACES)
    def test_it_is_said_with_the_button_that_makes_the_usual_ones(self, pages, place):
        page = pages("admin").get(place).text
        assert SAID in page and f"/stages/do/usual?next={place.replace('/', '%2F')}" in page
        assert 'href="/stages/list/"' in page

    @pytest.mark.parametrize("place", PLACES)
    def test_whoever_may_not_make_them_hears_whom_to_ask(self, pages, place):
        page = pages("ann").get(place).text
        assert SAID in page and "/stages/do/usual" not in page and "Ask an administrator" in page

    @pytest.mark.parametrize("place", PLACES)
    def test_nothing_is_said_once_they_are_there(self, pages, act, place):
        with act("admin"):
            crud.create(Stage, {"name": "Contact", "position": 10})
        assert SAID not in pages("admin").get(place).text


def test_the_button_leads_back(pages):
    answer = pages("admin").post("/stages/do/usual?next=/opportunities/add", {})
    assert answer.status_code == 302 and answer.headers["Location"] == "/opportunities/add"


def test_the_refusal_carries_the_way_too(pages):
    refused = pages("admin").post("/opportunities/add", {"name": "Harvester"})
    assert refused.status_code == 422
    assert SAID in refused.text and "/stages/do/usual" in refused.text


def test_a_move_offers_the_stage_ahead(pages, act):
    with act("admin"):
        names = enumerate(("First", "Second"))
        ahead = [crud.create(Stage, {"name": name, "position": at}) for at, name in names][-1].id
    with act("ann"):
        customer = crud.create(Customer, {"name": "Beijing Tech"})
        values = {"name": "Harvester", "customer": customer.id, "amount": "5", "expected_close_on": "2026-12-24"}
        deal = crud.create(Opportunity, values).id
    record = pages("ann").get(f"/opportunities/show/{deal}").text
    assert f'name="stage" value="{ahead}"' in record and "The first one when left empty" not in record
    assert f'data-next="{ahead}"' in pages("ann").get("/opportunities/board/").text
