"""The totals below a list: over all that match, within the scope, and none where they would be a lie."""

from __future__ import annotations

import re

from app.core import crud, db
from app.core.custom import PREFIX
from app.core.entity import entity_for
from app.core.web import query, totals
from tests.app_fixtures import acting

COLUMNS = "cols=name,credit_limit"


def total(answer, column: int = -1) -> str:
    """What the list says below a column; empty when it has no totals."""
    assert answer.status_code == 200, answer.text
    foot = re.search(r"<tfoot.*?</tfoot>", answer.text, re.S)
    if foot is None:
        return ""
    cells = re.findall(r"<t[dh][^>]*>(.*?)</t[dh]>", foot[0], re.S)
    return " ".join(re.sub(r"<[^>]+>", "", [each for each in cells if each.strip()][column]).split())


def test_it_is_over_all_that_matches_and_that_one_sees(act, pages, statements):
    with act("ann"):
        for number in range(27):
            crud.create(entity_for("customers"), {"name": f"Mine {number}", "credit_limit": "1000.25"})
    with act("cleo"):
        crud.create(entity_for("customers"), {"name": "Hers", "credit_limit": "5.00"})
    ann = pages("ann")
    page = ann.get(f"/customers/list/?{COLUMNS}")
    assert "1–25 of 27" in page.text
    assert (total(page, 0), total(page)) == ("Total of all 27", "27,006.75")
    assert "Over all 27 rows" in page.text
    assert total(ann.get(f"/customers/list/?{COLUMNS}&page=2")) == "27,006.75"
    assert total(ann.get(f"/customers/list/?{COLUMNS}&f=name:ew:2")) == "3,000.75"
    assert total(ann.get(f"/customers/list/?{COLUMNS}&q=mine 2")) == "12,003.00"
    assert total(pages("dora").get(f"/customers/list/?{COLUMNS}")) == "27,011.75"
    # Nothing that makes a sum is shown, or nothing at all.
    assert total(ann.get("/customers/list/?cols=name,code")) == ""
    assert total(ann.get(f"/customers/list/?{COLUMNS}&q=nobody")) == ""
    # It costs no statement of its own.
    with statements() as plain:
        ann.get("/customers/list/?cols=name,code")
    with statements() as summed:
        ann.get(f"/customers/list/?{COLUMNS}")
    assert len(summed) == len(plain)


def test_who_may_not_read_a_field_has_no_total_of_it(api, pages):
    admin = api("admin")
    admin.add("customers", name="Theirs", credit_limit="7.00")
    assert total(pages("admin").get(f"/customers/list/?{COLUMNS}")) == "7.00"
    assert "7.00" not in pages("wei").get(f"/customers/list/?{COLUMNS}").text


def test_different_units_make_no_sum(api, pages):
    admin = api("admin")
    box, kilo = (admin.add("units", name=name, decimals=3)["id"] for name in ("box", "kg"))
    goods = [
        admin.add("products", name=name, unit=unit, tax_rate="0.13", list_price="1")["id"]
        for name, unit in (("Tea", box), ("Cup", box), ("Salt", kilo))
    ]
    house = admin.add("warehouses", name="Main")["id"]
    for number, product in enumerate(goods, 1):
        admin.add("safety-stocks", product=product, warehouse=house, minimum=number)
    browser = pages("admin")
    page = browser.get("/safety-stocks/list/?cols=product,minimum")
    assert total(page) == "– Several units: they make no sum."
    assert total(browser.get(f"/safety-stocks/list/?cols=product,minimum&f=product:in:{goods[0]},{goods[1]}")) == "3"
    zh = pages("admin", locale="zh").get("/safety-stocks/list/?cols=product,minimum")
    assert total(zh) == "– 单位不同，不能相加。"


def test_currencies_are_told_apart_and_nothing_is_lost(any_app):
    """On both databases: sums beyond 64 bits, amounts in several currencies, and amounts that a company added."""
    with acting(any_app):
        add = lambda **data: crud.create(entity_for("custom-fields"), data)  # noqa: E731
        add(resource="customers", label="Deposit", kind="money", name="deposit")
        add(resource="customers", label="Rooms", kind="number", name="rooms")
        db.session.flush()
        customers = entity_for("customers")
        largest = "9999999999999999.99"
        for number in range(12):
            data = {"name": f"{number}", "credit_limit": largest, f"{PREFIX}deposit": "1.05", f"{PREFIX}rooms": "2"}
            crud.create(customers, data)
        db.session.flush()
        known = query.shown(customers)
        fields = [known[name] for name in ("credit_limit", f"{PREFIX}deposit", f"{PREFIX}rooms")]
        count, found = totals.count(query.ListQuery(customers), fields)
        assert count == 12
        assert [(each.field.name, str(each.value)) for each in found] == [
            ("credit_limit", "119999999999999999.88"),
            (f"{PREFIX}deposit", "12.60"),
        ]
        from tests.meta.factory import make

        entries = entity_for("party-entries")
        foreign = query.shown(entries)["currency_amount"]
        for currency in ("USD", "USD", "EUR"):
            make(entries, None, None, currency=currency, currency_amount="2.50")
        one = query.ListQuery(entries, conditions=[query.condition(entries, "currency", "eq", "USD")])
        _count, [dollars] = totals.count(one, [foreign])
        assert (str(dollars.value), totals.cells([foreign], [dollars])[0].text) == ("5.00", "USD 5.00")
        _count, [mixed] = totals.count(query.ListQuery(entries), [foreign])
        assert mixed.value is None
