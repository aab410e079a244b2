"""Numbers have the form that an administrator gave them, and no gaps, however many are taken at once."""

from __future__ import annotations

import threading
from datetime import date, datetime

import pytest

from app.core import clock
from tests.app_fixtures import Api, acting

CLIENTS = 8
DOCUMENTS = 200


@pytest.fixture
def ids(any_app):
    """A product, of which 10 lie in a warehouse."""
    with acting(any_app):
        from app.core import crud
        from app.core.document import take
        from app.core.entity import entity_for

        unit = crud.create(entity_for("units"), {"name": "pcs"})
        values = {"code": "X1", "name": "Pump", "unit": unit.id, "tax_rate": "0.13", "list_price": "5"}
        product = crud.create(entity_for("products"), values)
        place = crud.create(entity_for("warehouses"), {"code": "MAIN", "name": "Main"})
        line = {"product": product.id, "quantity": "10", "unit_cost": "2"}
        first = crud.create(entity_for("stock-adjustments"), {"warehouse": place.id, "lines": [line]})
        take(first, "post")
        return {"product": product.id, "warehouse": place.id}


def make(api, ids, quantity="1", **fields):
    line = {"product": ids["product"], "quantity": quantity, "unit_cost": "2"}
    return api.add("stock-adjustments", warehouse=ids["warehouse"], lines=[line], **fields)["id"]


def drafts(app, ids, quantity, count):
    """The ids of so many drafts, made in one transaction."""
    from app.core import crud
    from app.core.entity import entity_for

    line = {"product": ids["product"], "quantity": quantity, "unit_cost": "2"}
    with acting(app):
        values = {"warehouse": ids["warehouse"], "lines": [line]}
        return [crud.create(entity_for("stock-adjustments"), values).id for _each in range(count)]


class TestTwoHundredAtOnce:
    def test_leave_no_gap_though_some_are_refused(self, any_app, ids):
        wei = Api(any_app, "wei")
        good, bad = drafts(any_app, ids, "1", DOCUMENTS), drafts(any_app, ids, "-9999", DOCUMENTS // 5)
        waiting = [pk for pair in zip(good, bad * 5, strict=True) for pk in dict.fromkeys(pair)]
        seen: list[tuple[int, int]] = []
        lock = threading.Lock()

        def work(api):
            while True:
                with lock:
                    if not waiting:
                        return
                    pk = waiting.pop()
                seen.append((pk, api.post(f"stock-adjustments/{pk}/post").status_code))

        threads = [threading.Thread(target=work, args=(Api(any_app, "wei"),)) for _client in range(CLIENTS)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert {status for pk, status in seen if pk in good} == {200}
        assert {status for pk, status in seen if pk in bad} == {422}
        year = clock.today().year
        numbers = []
        for page in range(3):
            found = wei.rows("stock-adjustments", page=page, page_size=100, columns=["number"])
            numbers += [row["number"] for row in found if row["number"]]
        assert sorted(numbers) == [f"SA{year}-{count:05d}" for count in range(1, DOCUMENTS + 2)]


class TestFormat:
    @pytest.fixture
    def any_app(self, app):
        return app

    def form(self, api, kind):
        rows = api.rows("sequences", filters=[{"col": "kind", "opr": "eq", "value": kind}])
        return rows[0]

    def number(self, api, ids, **fields):
        return api.post(f"stock-adjustments/{make(api, ids, **fields)}/post").json["result"]["number"]

    def test_an_administrator_changes_what_comes_next(self, app, ids):
        admin = Api(app, "admin")
        form = self.form(admin, "stock-adjustments")
        assert (form["prefix"], form["with_year"], form["with_month"], form["digits"]) == ("SA", True, False, 5)
        with clock.stopped(datetime(2026, 11, 24, 9)):
            changed = {"prefix": "ADJ-", "with_month": True, "digits": 3}
            answer = admin.put(f"sequences/{form['id']}", changed)
            assert answer.status_code == 200 and answer.json["result"]["example"] == "ADJ-202611-001"
            assert self.number(admin, ids) == "ADJ-202611-002", "the year's counting goes on"
            assert self.number(admin, ids, date="2026-10-02") == "ADJ-202610-003"
            assert self.number(admin, ids, date="2025-12-31") == "ADJ-202512-001"
        admin.put(f"sequences/{form['id']}", {"with_year": False, "with_month": False})
        assert self.number(admin, ids) == "ADJ-001"

    def test_codes_have_a_form_too(self, app, ids):
        admin = Api(app, "admin")
        form = self.form(admin, "customers")
        assert admin.put(f"sequences/{form['id']}", {"prefix": "KH", "digits": 4}).status_code == 200
        assert [admin.add("customers", name=name)["code"] for name in ("A", "B")] == ["KH0001", "KH0002"]
        admin.add("customers", name="C", code="KH0003")
        assert admin.add("customers", name="D")["code"] == "KH0004"

    @pytest.mark.parametrize(
        ("change", "field"),
        [
            ({"prefix": "A1"}, "prefix"),
            ({"with_year": False, "with_month": True}, "with_month"),
            ({"digits": 0}, "digits"),
            ({"digits": 13}, "digits"),
            ({"kind": "customers"}, "kind"),
        ],
    )
    def test_what_could_not_be_told_apart_is_refused(self, app, ids, change, field):
        admin = Api(app, "admin")
        answer = admin.put(f"sequences/{self.form(admin, 'stock-adjustments')['id']}", change)
        assert answer.status_code == 422 and list(answer.json["errors"]) == [field]

    def test_a_code_shows_no_year(self, app, ids):
        admin = Api(app, "admin")
        answer = admin.put(f"sequences/{self.form(admin, 'customers')['id']}", {"with_year": True})
        assert answer.status_code == 422 and list(answer.json["errors"]) == ["with_year"]

    def test_only_an_administrator_may(self, app, ids):
        admin, bob = Api(app, "admin"), Api(app, "bob")
        assert bob.put(f"sequences/{self.form(admin, 'customers')['id']}", {"digits": 4}).status_code == 403


def test_the_year_is_that_of_the_date():
    from app.core.numbering import Format

    form = Format("SA", True, False, 5)
    assert form.number(7, date(2025, 1, 2)) == "SA2025-00007"
    assert form.number(1234567, date(2025, 1, 2)) == "SA2025-1234567"
