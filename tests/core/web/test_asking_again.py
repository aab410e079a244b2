"""What is refused of an action that asks for something is asked again, with all that was typed: of a record, of a resource
and of many rows, without any script.
"""

from __future__ import annotations

import pytest

from tests.support.forms import as_sent


@pytest.fixture
def acme(api) -> int:
    """A customer of Ann's."""
    return int(api("ann").add("customers", name="Acme")["id"])


@pytest.fixture
def plan(api) -> int:
    """Ann's plan, submitted."""
    plan = api("ann").add("weekly-plans", week="2026-03-02", plan="Sell")["id"]
    assert api("ann").post(f"weekly-plans/{plan}/submit").status_code == 200
    return int(plan)


def kept(page: str) -> dict[str, str | list[str]]:
    """What the page's form would send, without its token."""
    return {name: value for name, value in as_sent(page).items() if name != "csrf_token"}


class TestRecord:
    def test_every_input_holds_what_was_typed(self, api, pages, acme):
        bob = pages("bob")
        form = {"to": "", "to-text": "Nobody's name", "with": ["opportunities", "plans"], "reason": "Line\n<b>two</b>"}
        answer = bob.post(f"/customers/action/transfer/{acme}", form)
        assert answer.status_code == 422
        assert kept(answer.text) == form
        assert 'id="transfer-to-error">Choose one from the list.' in answer.text
        assert f'href="/customers/show/{acme}" data-cancel' in answer.text

    def test_what_it_asks_again_is_done_when_it_is_right(self, api, pages, acme):
        bob = pages("bob")
        refused = bob.post(f"/customers/action/transfer/{acme}", {"to-text": "nobody", "reason": "New region"})
        sent = as_sent(refused.text) | {"to-text": "cleo"}
        done = bob.client.post(f"/customers/action/transfer/{acme}", data=sent)
        assert done.status_code == 302
        (told,) = api("admin").rows("customer-transfers")
        assert (told["to_owner"]["label"], told["reason"]) == ("Cleo Roy", "New region")

    def test_a_transition_too(self, api, pages, plan):
        bob = pages("bob")
        answer = bob.post(f"/weekly-plans/action/review/{plan}", {"review_comment": "half\0"})
        assert answer.status_code == 422 and 'id="review-review_comment-error"' in answer.text
        assert "half" in kept(answer.text)["review_comment"]

    def test_a_cancel_of_what_is_no_document(self, api, pages):
        outing = api("ann").add("outings", purpose="Fair", leave_at="2026-03-02T09:00:00+08:00")["id"]
        ann = pages("ann")
        answer = ann.post(f"/outings/action/cancel/{outing}", {"reason": "Rain\0"})
        assert answer.status_code == 422 and 'id="cancel-reason-error"' in answer.text
        assert ann.post(f"/outings/action/cancel/{outing}", {"reason": "Rain"}).status_code == 302
        again = ann.post(f"/outings/action/cancel/{outing}", {"reason": "Rain"})
        assert (again.status_code, again.location) == (302, f"/outings/show/{outing}")

    def test_the_list_one_came_from_is_not_forgotten(self, api, pages, acme):
        bob = pages("bob")
        came = {"Referer": f"http://localhost/customers/show/{acme}?list=q%3Dacme"}
        answer = bob.post(f"/customers/action/transfer/{acme}", {"to": ""}, headers=came)
        assert f'action="/customers/action/transfer/{acme}?list=q%3Dacme"' in answer.text
        assert f'href="/customers/show/{acme}?list=q%3Dacme" data-cancel' in answer.text
        form = as_sent(answer.text) | {"to-text": "Cleo"}
        done = bob.client.post(f"/customers/action/transfer/{acme}?list=q%3Dacme", data=form)
        assert done.location in (f"/customers/show/{acme}?list=q%3Dacme", "/customers/list/?q=acme")

    def test_what_can_no_longer_be_done_is_told_on_the_record(self, api, pages, acme):
        ann = pages("ann")
        place = f"/customers/show/{acme}"
        token = {"csrf_token": ann.token(place), "reason": "No budget"}
        assert api("ann").post(f"customers/{acme}/release", {"reason": "First"}).status_code == 200
        answer = ann.client.post(f"/customers/action/release/{acme}", data=token)
        assert (answer.status_code, answer.location) == (302, place)
        assert "lies in the public pool already." in ann.get(place).text

    def test_the_language_can_be_changed_on_it(self, pages, acme):
        answer = pages("bob").post(f"/customers/action/transfer/{acme}", {"to": ""})
        assert f'name="next" value="/customers/show/{acme}"' in answer.text


class TestMany:
    def test_an_action_on_chosen_rows_keeps_them_and_what_was_typed(self, api, pages, acme):
        best = api("ann").add("customers", name="Best")["id"]
        bob = pages("bob")
        form = {"ids": [str(acme), str(best)], "back": "q=e", "to": "", "reason": "New region"}
        answer = bob.post("/customers/do/transfer", form)
        assert answer.status_code == 422
        assert kept(answer.text) == form | {"to-text": ""}
        assert 'id="transfer-to-error">This is required.' in answer.text
        assert 'href="/customers/list/?q=e" data-cancel' in answer.text and "Chosen: 2" in answer.text
        sent = as_sent(answer.text) | {"to-text": "Cleo Roy"}
        assert bob.client.post("/customers/do/transfer", data=sent).location == "/customers/list/?q=e"
        assert {row["owner"]["label"] for row in api("admin").rows("customers")} == {"Cleo Roy"}

    def test_all_that_match_are_still_meant(self, api, pages, acme):
        bob = pages("bob")
        answer = bob.post("/customers/do/transfer", {"match": "q=acme", "to": "", "reason": "New region"})
        assert kept(answer.text)["match"] == "q=acme"

    def test_rows_that_are_wrong_are_told_on_the_list(self, pages):
        answer = pages("bob").post("/customers/do/transfer", {"to-text": "Cleo", "reason": "x", "back": "q=e"})
        assert (answer.status_code, answer.location) == (302, "/customers/list/?q=e")

    def test_what_no_row_can_take_is_asked_again(self, api, pages):
        leads = [str(api("ann").add("leads", name=name)["id"]) for name in ("Moe", "Noah")]
        ann = pages("ann")
        answer = ann.post("/leads/bulk/discard", {"ids": leads, "back": "q=o", "reason": " "})
        assert answer.status_code == 422
        assert kept(answer.text) == {"ids": leads, "back": "q=o", "reason": " "}
        assert 'id="discard-reason-error">This is required.' in answer.text and "Chosen: 2" in answer.text
        sent = as_sent(answer.text) | {"reason": "An old list"}
        assert ann.client.post("/leads/bulk/discard", data=sent).status_code == 200
        assert {row["status"] for row in api("ann").rows("leads")} == {"discarded"}
        # What a row refuses for itself is told row by row.
        again = ann.post("/leads/bulk/discard", {"ids": leads, "reason": "Once more"})
        assert again.status_code == 200 and "is discarded. Reopen it first." in again.text

    def test_without_rows_it_asks_as_well(self, pages):
        answer = pages("admin").post("/periods/do/close", {"until": "soon"})
        assert answer.status_code == 422 and kept(answer.text) == {"until": "soon"}
        assert 'id="close-until-error"' in answer.text
