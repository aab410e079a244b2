"""Sentences of the web contract, each over the API."""

from __future__ import annotations

import csv
import io

import pytest

from tests.app_fixtures import Api, acting
from tests.support.forms import as_sent


@pytest.fixture
def admin(app):
    return Api(app, "admin")


@pytest.fixture
def goods(app, admin):
    """The ids of a warehouse and of two products."""
    unit = admin.add("units", name="pcs")["id"]
    made = [
        admin.add("products", code=code, name=code, unit=unit, tax_rate="0.13", list_price="5")["id"]
        for code in ("P1", "P2")
    ]
    return admin.add("warehouses", code="MAIN", name="Main")["id"], *made


def told(admin, record):
    rows = admin.rows("audit-entries", filters=[{"col": "record", "opr": "eq", "value": record}])
    return [(row["action"], row["changes"]) for row in rows]


class TestLines:
    def test_a_line_that_goes_is_told(self, admin, goods):
        place, first, second = goods
        lines = [
            {"product": first, "quantity": "1", "unit_cost": "2"},
            {"product": second, "quantity": "3", "unit_cost": "4"},
        ]
        document = admin.add("stock-adjustments", warehouse=place, lines=lines)
        path, record = f"stock-adjustments/{document['id']}", f"stock-adjustments/{document['id']}"
        kept = document["lines"][1]
        assert admin.put(path, {"lines": [{**kept, "product": second, "quantity": "5"}]}).status_code == 200
        action, changes = told(admin, record)[0]
        assert action == "update"
        assert changes["removed.0.quantity"] == ["1.0000", None]
        assert changes["lines.0.quantity"] == ["3.0000", "5.0000"], "the other moved up to its place"
        assert admin.put(path, {"lines": []}).status_code == 200
        assert told(admin, record)[0][1]["removed.0.quantity"] == ["5.0000", None]

    def test_in_words_too(self, admin, goods, pages):
        place, first, _second = goods
        line = {"product": first, "quantity": "7", "unit_cost": "2"}
        document = admin.add("stock-adjustments", warehouse=place, lines=[line])
        admin.put(f"stock-adjustments/{document['id']}", {"lines": []})
        text = pages("admin").get(f"/stock-adjustments/show/{document['id']}").text
        assert "Removed line 1 · Quantity" in text


class TestOrderOfRefusals:
    def test_ones_own_excess_comes_before_a_stale_version(self, app, admin):
        ann = Api(app, "ann")
        customer = ann.add("customers", name="Acme")
        assert ann.put(f"customers/{customer['id']}", {"phone": "123"}).status_code == 200
        answer = ann.put(f"customers/{customer['id']}", {"owner": 1, "version": 1})
        assert answer.status_code == 403
        assert ann.put(f"customers/{customer['id']}", {"phone": "x y", "version": 1}).status_code == 409


class TestExport:
    def test_it_has_the_columns_asked_for_in_their_order(self, admin):
        admin.add("customers", name="Acme", region="North")
        answer = admin.get("customers/export?format=csv", {"columns": ["region", "name", "nothing"]})
        assert answer.headers["Content-Type"] == "text/csv; charset=utf-8"
        rows = list(csv.reader(io.StringIO(answer.data.decode("utf-8-sig"))))
        assert rows == [["Region", "Name"], ["North", "Acme"]]
        assert admin.get("customers/export?format=csv", {"columns": ["nothing"]}).status_code == 400

    def test_a_row_has_the_columns_asked_for(self, admin):
        pk = admin.add("customers", name="Acme")["id"]
        assert admin.get(f"customers/{pk}", {"columns": ["name", "id"]}).json["result"] == {"id": pk, "name": "Acme"}


class TestTimes:
    def test_a_user_has_times_with_an_offset(self, admin):
        for row in admin.rows("users"):
            assert row["created_on"].endswith("+08:00"), row


class TestDefaults:
    def test_a_holiday_is_today_unless_said(self, admin):
        from app.core import clock

        assert admin.add("holidays", name="Founding day")["date"] == clock.today().isoformat()


class TestEntries:
    def test_an_entry_names_its_document(self, admin, goods):
        place, first, _second = goods
        line = {"product": first, "quantity": "1", "unit_cost": "2"}
        document = admin.add("stock-adjustments", warehouse=place, lines=[line])
        number = admin.post(f"stock-adjustments/{document['id']}/post").json["result"]["number"]
        (entry,) = admin.rows("stock-entries")
        assert entry["document"] == {"kind": "stock-adjustments", "id": document["id"], "number": number}


class TestImport:
    def test_what_is_rounded_is_told(self, admin):
        content = b"Name,Credit limit\nAcme,1.239\n"
        mapping = '{"round": {"credit_limit": 2}}'
        answer = admin.upload("customers", content, "c.csv", mode="commit", mapping=mapping)
        assert answer.status_code == 200 and answer.json["created"] == 1, answer.text
        assert answer.json["rounded"] == [{"row": 2, "column": "Credit limit", "before": "1.239", "after": "1.24"}]

    def test_undoing_reverses_what_was_posted(self, app, admin, goods):
        _place, _first, _second = goods
        content = "仓库,商品,数量,单位成本\nMAIN,P1,5,2\n".encode()
        answer = admin.upload("stock-adjustments", content, "a.csv", mode="commit")
        assert answer.json["created"] == 1, answer.text
        (document,) = admin.rows("stock-adjustments")
        assert admin.post(f"stock-adjustments/{document['id']}/post").status_code == 200
        undone = admin.post(f"import-runs/{answer.json['run']}/undo")
        assert undone.status_code == 200
        assert (undone.json["reversed"], undone.json["deleted"], undone.json["kept"]) == (1, 0, [])
        (document,) = admin.rows("stock-adjustments")
        assert document["state"] == "cancelled"
        assert [row["on_hand"] for row in admin.rows("stock-balances")] == ["0.0000"]
        with acting(app):
            from app.ledger import verify

            assert verify.differences() == []

    def test_undoing_keeps_what_was_edited_before_it_was_posted(self, admin, goods):
        content = "仓库,商品,数量,单位成本\nMAIN,P1,5,2\n".encode()
        run = admin.upload("stock-adjustments", content, "a.csv", mode="commit").json["run"]
        (document,) = admin.rows("stock-adjustments")
        assert admin.put(f"stock-adjustments/{document['id']}", {"reason": "counted"}).status_code == 200
        admin.post(f"stock-adjustments/{document['id']}/post")
        undone = admin.post(f"import-runs/{run}/undo").json
        assert (undone["reversed"], len(undone["kept"])) == (0, 1)

    def test_undoing_keeps_what_can_not_be_reversed_any_more(self, admin, goods):
        place, first, _second = goods
        content = "仓库,商品,数量,单位成本\nMAIN,P1,5,2\n".encode()
        run = admin.upload("stock-adjustments", content, "a.csv", mode="commit").json["run"]
        (document,) = admin.rows("stock-adjustments")
        admin.post(f"stock-adjustments/{document['id']}/post")
        out = admin.add("stock-adjustments", warehouse=place, lines=[{"product": first, "quantity": "-5"}])
        assert admin.post(f"stock-adjustments/{out['id']}/post").status_code == 200
        undone = admin.post(f"import-runs/{run}/undo").json
        assert undone["reversed"] == 0 and "can't be taken back" in undone["kept"][0]["message"]


def test_a_body_that_cannot_be_read_is_refused_last(admin, goods):
    place, first, _second = goods
    run = admin.upload("customers", b"Name\nAcme\n", "a.csv").json["run"]
    lines = [{"product": first, "quantity": "1", "unit_cost": "2"}]
    document = admin.add("stock-adjustments", warehouse=place, lines=lines)["id"]
    assert admin.post(f"stock-adjustments/{document}/post").status_code == 200
    otto = Api(admin.client.application, "otto")
    for client, path, status in (
        (otto, f"import-runs/{run}/undo", 403),
        (otto, f"stock-adjustments/{document}/cancel", 403),
        (admin, "customers/nonsense", 404),
        (admin, "notices/import", 404),
        (admin, "customers/1/nonsense", 404),
        (admin, "customers/987654/claim", 404),
        (admin, f"stock-adjustments/{document}/post", 409),
        (admin, f"import-runs/{run}/undo", 422),
    ):
        for sent in ({"data": "{bad"}, {"json": {}}):
            if status == 422 and "json" in sent:
                continue
            answer = client.post(path, content_type="application/json" if "data" in sent else None, **sent)
            assert answer.status_code == status, (path, sent, answer.text)


def test_a_manager_gives_a_customer_to_the_pool(api, pages):
    ann, bob = api("ann"), api("bob")
    ids = [ann.add("customers", name=name)["id"] for name in ("Acme", "Beta")]
    assert ann.put(f"customers/{ids[0]}", {"owner": None}).status_code == 403
    answer = bob.put(f"customers/{ids[0]}", {"owner": None, "region": "North"})
    assert (answer.status_code, answer.json["result"]["owner"], answer.json["result"]["region"]) == (200, None, "North")
    browser, place = pages("bob"), f"/customers/edit/{ids[1]}"
    page = browser.client.post(
        place, data={**as_sent(browser.get(place).text), "name": "Better", "owner": "", "owner-text": ""}
    )
    assert (page.status_code, page.location) == (302, f"/customers/show/{ids[1]}")
    assert bob.post("customers/", {"name": "Gamma", "owner": None}).status_code == 201
    assert {row["name"]: row["owner"] for row in bob.rows("customers")} == dict.fromkeys(("Acme", "Better", "Gamma"))
    assert bob.put(f"customers/{ids[0]}", {"region": "South"}).status_code == 403, "the pool is read, not written"
