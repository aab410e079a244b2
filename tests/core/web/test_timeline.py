"""The timeline of a record: everything around it in one order, a page at a time, and nothing that its reader does not see."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from urllib.parse import quote

import pytest

from app.core import clock

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
