"""The timeline of a record: everything around it in one order, a page at a time, and nothing that its reader does not see."""

from __future__ import annotations

import io
from datetime import UTC, datetime, timedelta
from urllib.parse import quote

import pytest

from app.core import clock
from app.core.entity import User

DAY = datetime(2026, 5, 4, 2, tzinfo=UTC)


@pytest.fixture
def customer(api):
    """Ann's, with two contacts, an opportunity and a comment, each an hour after the other."""
    ann, bob = api("ann"), api("bob")
    bob.post("stages/usual")
    stage = bob.rows("stages")[0]["id"]
    with clock.stopped(DAY):
        row = ann.add("customers", name="Beijing Tech")
    for hours, resource, fields in (
        (1, "contacts", {"name": "Zhang Wei"}),
        (2, "contacts", {"name": "Li Na"}),
        (3, "opportunities", {"name": "Lamps", "amount": "5", "stage": stage, "expected_close_on": "2026-09-01"}),
    ):
        with clock.stopped(DAY + timedelta(hours=hours)):
            ann.add(resource, customer=row["id"], **fields)
    with clock.stopped(DAY + timedelta(hours=4)):
        assert ann.post(f"customers/{row['id']}/comments", {"text": "Call after the fair"}).status_code == 201
    return row["id"]


def test_it_is_in_one_order_and_older_comes_page_by_page(customer, api, monkeypatch):
    ann = api("ann")
    told = ann.get(f"customers/{customer}/timeline").json
    assert [(each["what"], each["text"]) for each in told["result"]] == [
        ("Comment", "Call after the fair"),
        ("Opportunity: Lamps", ""),
        ("Contact: Li Na", ""),
        ("Contact: Zhang Wei", ""),
        ("Customer", ""),
    ]
    assert told["more"] is False and told["result"][1]["record"] == "opportunities/1"
    assert {each["who"] for each in told["result"]} == {"Ann Lee"}
    monkeypatch.setattr("app.core.timeline.of.__defaults__", (None, 2))
    first = ann.get(f"customers/{customer}/timeline").json
    older = ann.get(f"customers/{customer}/timeline?before={quote(first['result'][-1]['at'])}").json
    assert first["more"] and older["more"]
    assert [each["what"] for each in first["result"] + older["result"]] == [
        "Comment",
        "Opportunity: Lamps",
        "Contact: Li Na",
        "Contact: Zhang Wei",
    ]


def test_the_page_and_its_part_say_the_same(customer, pages):
    browser = pages("ann")
    whole, part = (browser.get(f"/customers/timeline/{customer}{tail}").text for tail in ("", "?part=1"))
    for text in ("Call after the fair", "Zhang Wei", f"/customers/show/{customer}"):
        assert text in whole and text in part
    assert "<html" in whole and "<html" not in part
    assert f'data-lazy="/customers/timeline/{customer}"' in browser.get(f"/customers/show/{customer}").text


def test_who_does_not_see_the_customer_finds_nothing_and_a_role_hides_what_it_may_not_list(customer, api, pages):
    assert api("cleo").get(f"customers/{customer}/timeline").status_code == 404
    assert pages("cleo").get(f"/customers/timeline/{customer}").status_code == 404
    keeper = api("wei").get(f"customers/{customer}/timeline")
    assert {each["what"] for each in keeper.json["result"]} == {"Comment", "Customer"}


def test_a_moment_that_cannot_be_read_is_told(customer, api):
    refused = api("ann").get(f"customers/{customer}/timeline?before=yesterday")
    assert refused.status_code == 422 and list(refused.json["errors"]) == ["before"]


class TestEverything:
    @pytest.fixture
    def told(self, customer, api, act) -> int:
        """The customer's id, once all sorts of things have happened around it."""
        with act() as session:
            cleo = session.query(User).filter_by(username="cleo").one().id
        ann, bob = api("ann"), api("bob")
        line = {"planned_on": "2026-05-05", "kind": "visit", "goal": "Show the valves", "customer": customer}
        later = {**line, "planned_on": "2026-05-08", "goal": "Not yet"}
        with clock.stopped(DAY + timedelta(days=1)):
            ann.add("weekly-plans", week="2026-05-04", plan="p", lines=[line, later])
            ann.add("customer-shares", customer=customer, user=cleo, access="write")
            lead = ann.add("leads", name="Wu Lei", source="Fair")["id"]
            assert ann.post(f"leads/{lead}/convert", {"customer": customer}).status_code == 200
            record = ann.add("contact-records", customer=customer, outcome="Interested", summary="Wants ten")["id"]
        with clock.stopped(DAY + timedelta(days=1, hours=1)):
            review = bob.add("reviews", record=f"contact-records/{record}", body="At what price?", requires_answer=True)
            upload = {"file": (io.BytesIO(b"ten"), "offer.txt"), "title": "Offer", "record": f"customers/{customer}"}
            sent = ann.client.post(
                "/api/v1/files/", data=upload, headers=ann.headers, content_type="multipart/form-data"
            )
            assert sent.status_code == 201, sent.text
        with clock.stopped(DAY + timedelta(days=1, hours=2)):
            assert ann.post(f"reviews/{review['id']}/answer", {"text": "Nine each"}).status_code == 200
            other = ann.add("customers", name="Bejing Tech")["id"]
            assert ann.post(f"customers/{customer}/merge", {"other": other}).status_code == 200
            assert (
                bob.post("customers/transfer", {"ids": [customer], "to": cleo, "reason": "Nearer"}).status_code == 200
            )
        return customer

    def read(self, api, who: str, customer: int) -> list[tuple[str, str, str]]:
        with clock.stopped(DAY + timedelta(days=2)):
            result = api(who).get(f"customers/{customer}/timeline").json["result"]
        return [(each["what"], each["text"], each["who"]) for each in result]

    def test_it_tells_of_what_others_did_around_it(self, told, api):
        found = self.read(api, "cleo", told)
        for expected in (
            ("Shared with Cleo Roy", "Read and write", "Ann Lee"),
            ("File: Offer", "offer.txt", "Ann Lee"),
            ("Transferred: Ann Lee → Cleo Roy", "Nearer", "Bob Ito"),
        ):
            assert expected in found, found
        merged = [text for what, text, _who in found if what.startswith("Merged")]
        assert len(merged) == 1 and "Bejing Tech" in merged[0]

    def test_it_names_nothing_that_its_reader_does_not_see(self, told, api):
        mine, theirs = self.read(api, "admin", told), self.read(api, "cleo", told)
        own = {
            ("Lead converted: Wu Lei", "Fair", "Ann Lee"),
            ("Planned: Visit, Show the valves", "", "Ann Lee"),
            ("Guidance for Ann Lee", "At what price?", "Bob Ito"),
            ("Guidance answered", "Nine each", "Ann Lee"),
        }
        assert own <= set(mine) and not own & set(theirs)
        assert not any("Not yet" in what for what, _text, _who in mine)

    def test_it_costs_a_statement_for_each_kind(self, told, api, statements):
        ann = api("admin")
        ann.get(f"customers/{told}/timeline")
        with statements() as executed:
            ann.get(f"customers/{told}/timeline")
        assert len(executed) <= 20, executed
