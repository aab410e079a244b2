"""A refusal says why, and what to do: of what lies in the pool, of what is shared for reading, and of a second one where
there can be one alone.
"""

from __future__ import annotations

import pytest

from app.core.entity import User


@pytest.fixture
def ids(act) -> dict[str, int]:
    with act() as session:
        return {user.username: user.id for user in session.query(User).all()}


@pytest.fixture
def customer(api) -> int:
    """Ann's."""
    return api("ann").add("customers", name="Harbour")["id"]


class TestWriting:
    def refused(self, api, pages, who: str, pk: int, words: str) -> None:
        answer = api(who).put(f"customers/{pk}", {"region": "North"})
        assert answer.status_code == 403 and words in answer.json["message"]
        page = pages(who).post(f"/customers/edit/{pk}", {"name": "Harbour", "region": "North"})
        assert page.status_code == 403 and words in page.text

    def test_what_lies_in_the_pool_is_claimed_first(self, api, pages, customer):
        assert api("ann").post(f"customers/{customer}/release", {"reason": "Moved"}).status_code == 200
        self.refused(api, pages, "cleo", customer, "Claim it first")

    def test_what_is_shared_for_reading_is_shared_for_writing_by_its_owner(self, api, pages, customer, ids):
        api("ann").add("customer-shares", customer=customer, user=ids["cleo"], access="read")
        self.refused(api, pages, "cleo", customer, "shared with you for reading")
        contact = api("ann").add("contacts", customer=customer, name="Li")["id"]
        answer = api("cleo").put(f"contacts/{contact}", {"name": "Lee"})
        assert answer.status_code == 403 and "shared with you for reading" in answer.json["message"]


class TestSecondOnes:
    def test_a_second_share_names_the_first(self, api, pages, customer, ids):
        ann = api("ann")
        first = ann.add("customer-shares", customer=customer, user=ids["cleo"])
        second = {"customer": customer, "user": ids["cleo"], "access": "write"}
        answer = ann.post("customer-shares/", second)
        assert answer.status_code == 422 and list(answer.json["errors"]) == ["user"]
        assert "shared with Cleo Roy already (read)" in answer.json["errors"]["user"][0]
        assert answer.json["there"]["id"] == first["id"]
        page = pages("ann").post("/customer-shares/add", {name: str(value) for name, value in second.items()})
        assert page.status_code == 422 and f"/customer-shares/show/{first['id']}" in page.text
        assert ann.put(f"customer-shares/{first['id']}", {"access": "write"}).status_code == 200
        other = ann.add("customer-shares", customer=customer, user=ids["wei"])
        assert ann.put(f"customer-shares/{other['id']}", {"user": ids["cleo"]}).json["there"]["id"] == first["id"]

    def test_a_second_plan_of_a_week_leads_to_the_first(self, api, pages):
        ann = api("ann")
        first = ann.add("weekly-plans", week="2026-11-23", plan="Sell")
        answer = ann.post("weekly-plans/", {"week": "2026-11-26", "plan": "More"})
        assert answer.status_code == 422 and "for this week already" in answer.json["errors"]["week"][0]
        assert answer.json["there"] == {"resource": "weekly-plans", "id": first["id"], "label": "Weekly plan (draft)"}
        page = pages("ann").post("/weekly-plans/add", {"week": "2026-11-27", "plan": "Not to be lost"})
        assert page.status_code == 422
        assert f'href="/weekly-plans/show/{first["id"]}"' in page.text and "Not to be lost" in page.text
        assert api("bob").post("weekly-plans/", {"week": "2026-11-23"}).status_code == 201
        assert ann.put(f"weekly-plans/{first['id']}", {"plan": "Sell more"}).status_code == 200
