"""Records that are named by their keys are shown by what they are called, with a link where the reader may open it."""

from __future__ import annotations

import re

import pytest

from app.core import crud
from app.core.entity import entity_for


@pytest.fixture
def called(act) -> int:
    """A contact record of Ann's, with guidance of Bob's."""
    with act("ann"):
        customer = crud.create(entity_for("customers"), {"name": "Harbour Trading"})
        record = crud.create(
            entity_for("contact-records"),
            {
                "customer": customer.id,
                "way": "phone",
                "outcome": "Asked for a price",
                "summary": "Asked for a price",
                "at": "2026-11-20T10:00",
            },
        )
        key = record.id
    with act("bob"):
        crud.create(entity_for("reviews"), {"record": f"contact-records/{key}", "body": "Send them the list"})
    return key


def links(text: str, url: str) -> str:
    """What the links to ``url`` on a page say."""
    found = re.findall(rf'<a[^>]*href="{re.escape(url)}(?:\?[^"]*)?"[^>]*>(.*?)</a>', text, re.DOTALL)
    return re.sub("<[^>]+>", "", " ".join(found))


class TestLabels:
    def test_a_record_page_and_a_list_show_what_it_is_called(self, called, api, pages):
        browser, [review] = pages("bob"), api("bob").get("reviews/").json["result"]
        page = browser.get(f"/reviews/show/{review['id']}").text
        assert "Asked for a price" in links(page, f"/contact-records/show/{called}")
        assert f"contact-records/{called}<" not in page
        listed = browser.get("/reviews/list/?cols=body,record").text
        assert "Asked for a price" in links(listed, f"/contact-records/show/{called}")

    def test_the_audit_trail_does_too(self, called, pages):
        text = pages("admin").get("/audit-entries/list/?size=100").text
        assert "Harbour Trading" in links(text, "/customers/show/1")
        assert ">customers/1<" not in text

    def test_a_list_costs_a_statement_for_each_kind(self, called, act, pages, statements):
        browser = pages("admin")
        address = "/audit-entries/list/?f=record:sw:customers&size=100"
        browser.get(address)
        with statements() as few:
            browser.get(address)
        with act("ann"):
            for at in range(20):
                crud.create(entity_for("customers"), {"name": f"Pier {at}"})
        with statements() as many:
            text = browser.get(address).text
        assert text.count("Pier ") >= 20
        assert len(many) == len(few)

    def test_what_is_gone_or_hidden_is_told_by_its_kind_and_number(self, called, act, app, pages):
        from app.core.web import naming

        with act("ann"):
            gone = crud.create(entity_for("customers"), {"name": "Soon gone"}).id
        with act():
            crud.delete(crud.fetch(entity_for("customers"), gone))
        with act("admin"):
            assert naming.of(f"customers/{gone}") == naming.Named(f"Customer #{gone}")
            assert naming.of("nothing/1") == naming.Named("nothing/1")
            assert naming.of("customers/1").url == "/customers/show/1"
        with act("cleo"):  # another team
            assert naming.of("customers/1") == naming.Named("Customer #1")


class TestBeginning:
    def test_guidance_is_begun_on_what_it_is_about(self, called, api, pages):
        browser = pages("bob")
        listed = browser.get("/reviews/list/").text
        assert "/reviews/add" not in listed
        keys = [each["id"] for each in api("bob").get("search/commands").json["result"]]
        assert "add/customers" in keys and "add/reviews" not in keys
        text = browser.get(f"/reviews/add?record=contact-records/{called}").text
        field = re.search(r'<input type="hidden" name="record" value="([^"]*)"[^>]*><input[^>]*value="([^"]*)"', text)
        assert field is not None and field[1] == f"contact-records/{called}"
        assert "Asked for a price" in field[2]
        form = {"record": field[1], "body": "Well done", "version": "0"}
        assert browser.post("/reviews/add", form).status_code == 302
        assert api("bob").get("reviews/").json["count"] == 2

    def test_the_palette_says_what_it_is_about(self, called, api):
        kinds = api("bob").get("search/?q=send+them").json["result"]
        [row] = next(each["rows"] for each in kinds if each["resource"] == "reviews")
        assert row["fact"].startswith("Contact record · ") and "Harbour Trading" in row["fact"]
