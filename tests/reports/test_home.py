"""The home page: each role's first cards, what they count, and where they lead."""

from __future__ import annotations

import re
from datetime import datetime, time, timedelta
from html import unescape
from urllib.parse import parse_qs, urlsplit

import pytest
import sqlalchemy as sa
from flask_appbuilder.security.sqla.models import Role

from app.core import clock, crud
from app.core.entity import entity_for
from app.domains.crm.models import Customer
from app.domains.stock.models import Warehouse
from app.jobs import low_stock_queries
from app.ledger.models import StockBalance
from app.reports.cards import WEEK, week_to_plan

STATEMENTS = 22  # that the page costs at most, with every card there is
MANY = 25_000  # products, each in two warehouses


def links(page: str) -> dict[str, str]:
    """Where the links of a page lead, by their text."""
    found = re.findall(r'<a[^>]*href="([^"]+)"[^>]*>([^<]+)<', page)
    return {unescape(text).strip(): unescape(url) for url, text in found}


def count(client, url: str) -> int:
    """How many rows the list at ``url`` has, asked over the API with the same conditions."""
    address = urlsplit(url)
    conditions = [each.split(":", 2) for each in parse_qs(address.query).get("f", ())]
    filters = [
        {"col": name, "opr": operator, "value": value.split(",") if operator == "in" else value}
        for name, operator, value in conditions
    ]
    answer = client.get(f"{address.path.split('/')[1]}/", {"filters": filters})
    assert answer.status_code == 200, answer.text
    return answer.json["count"]


def chart(page: str, name: str) -> list[tuple[str, str, str | None]]:
    """What the chart called ``name`` says: (label, value, where it leads)."""
    figure = next(each for each in page.split("<figure")[1:] if f">{name}" in each)
    rows = re.findall(r'</span>([^<]*)</th><td[^>]*data-value="([^"]*)">(?:<a href="([^"]+)">)?', figure)
    return [(unescape(label), value, unescape(url) or None) for label, value, url in rows]


@pytest.fixture
def company(api):
    """A warehouse with goods of which some are low, and an adjustment that waits."""
    admin = api("admin")
    unit = admin.add("units", name="box")["id"]
    main, second = (admin.add("warehouses", name=name)["id"] for name in ("Main", "Second"))
    goods = [
        admin.add("products", name=name, unit=unit, tax_rate="0.13", list_price="9", safety_stock=safety)["id"]
        for name, safety in (("Valve", "50"), ("Pipe", None), ("Lamp", "10"))
    ]
    for warehouse, quantities in ((main, ("20", "5", "8")), (second, ("20", "7", "4"))):
        lines = [
            {"product": product, "quantity": quantity, "unit_cost": "3"}
            for product, quantity in zip(goods, quantities, strict=True)
        ]
        opening = admin.add("stock-adjustments", warehouse=warehouse, lines=lines)
        assert admin.post(f"stock-adjustments/{opening['id']}/post").status_code == 200
    admin.add("safety-stocks", warehouse=main, product=goods[1], minimum="6")
    admin.add("safety-stocks", warehouse=second, product=goods[1], minimum="6")
    admin.add("stock-adjustments", warehouse=main, lines=[{"product": goods[0], "quantity": "-1"}])
    return {"goods": goods, "warehouses": (main, second)}


class TestRoles:
    def test_each_sees_the_cards_of_what_it_may_see(self, pages, company):
        seen = {
            name: {
                card
                for card in ("My weekly plan", "Plans of your team", "New customers by week", "Low stock")
                + ("Stock value by warehouse", "Adjustments not posted", "Newest customers")
                if f">{card}</a>" in pages(name).get("/").text
            }
            for name in ("ann", "bob", "wei", "admin")
        }
        selling = {"New customers by week", "Newest customers"}
        keeping = {"Low stock", "Stock value by warehouse", "Adjustments not posted"}
        assert seen["ann"] == {"My weekly plan", *selling}
        assert seen["bob"] == {"My weekly plan", "Plans of your team", *selling}
        assert seen["wei"] == {"My weekly plan", *keeping}
        assert seen["admin"] == {"Plans of your team", *selling, *keeping}

    def test_without_anything_yet_it_says_what_to_do(self, pages):
        page = pages("admin").get("/").text
        assert "No customer was added in the last 12 weeks." in page
        assert "Nothing lies in a warehouse yet." in page
        assert "Everything is above its safety stock." in page
        assert "<canvas" not in page and "chart.umd" not in page


class TestCounts:
    def test_a_card_counts_what_its_list_shows(self, pages, api, company):
        page, client = pages("admin").get("/").text, api("admin")
        told = links(page)
        assert count(client, told["1 in a warehouse"]) == 1
        assert count(client, told["1 in all warehouses together"]) == 1
        assert 'Low stock</a><span class="count">2<' in page
        assert count(client, told["Adjustments not posted"]) == 1
        for label, value, url in chart(page, "Stock value by warehouse"):
            shown = client.get(
                "stock-balances/",
                {"filters": [{"col": "warehouse", "opr": "rel_o_m", "value": int(url.rsplit(":", 1)[1])}]},
            )
            assert sum(float(row["value"]) for row in shown.json["result"]) == float(value), label
        assert [value for _label, value, _url in chart(page, "Stock value by warehouse")] == ["99.00", "93.00"]

    def test_what_is_low_is_what_the_alert_tells(self, act, company):
        with act() as session:
            told = low_stock_queries.below_safety_stock(session.connection())
        assert {(warehouse, product) for warehouse, product in told} == {
            (company["warehouses"][0], company["goods"][1]),
            (None, company["goods"][0]),
        }

    def test_new_customers_are_counted_by_the_company_s_weeks(self, pages, api, act):
        monday = clock.monday_of(clock.today())
        with act():
            for weeks, hour in ((0, 0), (1, 23), (1, 0), (12, 12)):
                day = monday - weeks * WEEK + (timedelta(days=6) if hour == 23 else timedelta())
                with clock.stopped(datetime.combine(day, time(hour, 30))):
                    crud.create(Customer, {"name": f"{day} {hour}"})
        page = pages("admin").get("/").text
        bars = chart(page, "New customers")
        assert [value for _label, value, _url in bars] == ["0"] * 10 + ["2", "1"]
        assert [count(api("admin"), url) for _label, _value, url in bars] == [0] * 10 + [2, 1]

    def test_they_count_only_what_one_sees(self, pages, api):
        api("cleo").add("customers", name="Cleo's own")
        for each in ("one", "two"):
            api("ann").add("customers", name=f"Ann's {each}")
        assert chart(pages("ann").get("/").text, "New customers")[-1][1] == "2"
        assert chart(pages("cleo").get("/").text, "New customers")[-1][1] == "1"
        assert chart(pages("bob").get("/").text, "New customers")[-1][1] == "2", "those of who he leads"
        assert chart(pages("admin").get("/").text, "New customers")[-1][1] == "3"
        assert "Cleo's own" not in unescape(pages("ann").get("/").text)

    def test_a_team_s_plans_are_those_of_who_is_led_and_works(self, pages, api):
        week = week_to_plan().isoformat()
        bob = pages("bob")
        assert "0 of 1" in bob.get("/").text and "Not yet: Ann Lee" in bob.get("/").text
        plan = api("ann").add("weekly-plans", week=week, plan="Visits")
        assert "0 of 1" in bob.get("/").text, "a draft is none"
        api("ann").post(f"weekly-plans/{plan['id']}/submit")
        page = bob.get("/").text
        assert "1 of 1" in page and "Everybody has submitted." in page
        assert count(api("bob"), links(page)["Plans of your team"]) == 1
        assert 'href="/weekly-plans/show/' in pages("ann").get("/").text
        assert "0 of 1" not in page

    def test_who_is_away_all_week_is_not_waited_for(self, pages, api):
        week = week_to_plan()
        api("ann").add("leaves", starts_on=week.isoformat(), ends_on=(week + WEEK).isoformat())
        assert "Plans of your team</a>" not in pages("bob").get("/").text


class TestLowFlag:
    def test_lists_are_filtered_by_it_both_ways(self, api, company):
        admin = api("admin")

        def low(value: bool, operator: str = "eq") -> list[str]:
            rows = admin.rows("products", filters=[{"col": "low", "opr": operator, "value": value}])
            return sorted(row["name"] for row in rows)

        assert low(True) == low(False, "neq") == ["Valve"]
        assert low(False) == low(True, "neq") == ["Lamp", "Pipe"]

    def test_it_tells_nothing_to_who_does_not_see_the_stock(self, act, api, company):
        with act() as session:
            role = session.scalars(sa.select(Role).where(Role.name == "Salesperson")).unique().one()
            role.permissions = [
                each
                for each in role.permissions
                if (each.permission.name, each.view_menu.name) != ("can_list", StockBalance.permission_key())
            ]
        answer = api("ann").get("products/", {"filters": [{"col": "low", "opr": "eq", "value": True}]})
        assert answer.status_code == 400


class TestArranging:
    def test_cards_are_hidden_and_moved_for_oneself(self, pages, company):
        browser = pages("admin")
        order = ["newest", "low-stock", "new-customers", "no such card"]
        answer = browser.post("/home/arrange", {"order": order, "shown": ["newest", "low-stock"]})
        assert answer.status_code == 302
        page = browser.get("/").text
        assert "New customers by week</a>" not in page
        assert page.index("Newest customers</a>") < page.index("Low stock</a>") < page.index("Due for contact</a>")
        assert "New customers by week</a>" in pages("dora").get("/").text
        browser.post("/home/arrange", {"reset": "1"})
        page = browser.get("/").text
        assert "New customers by week</a>" in page
        assert page.index("Low stock</a>") < page.index("Newest customers</a>")

    def test_nobody_arranges_without_logging_in(self, pages):
        nobody = pages()
        answer = nobody.post("/home/arrange", {"reset": "1"}, token_from="/login/")
        assert answer.status_code == 302 and "/login/" in answer.headers["Location"]


class TestCost:
    def test_many_rows_cost_no_more_statements(self, pages, act, company, statements):
        browser = pages("admin")
        browser.get("/")
        with statements() as few:
            browser.get("/")
        with act() as session:
            fill_warehouses(session)
        with statements() as many:
            page = browser.get("/").text
        assert len(many) == len(few) <= STATEMENTS
        assert f"of {2 * MANY + 6:,} stock balances" in page
        assert f"{MANY // 10 + 1:,} in all warehouses together" in page


def fill_warehouses(session) -> None:
    """So many products in both warehouses; one of ten is low."""
    products, balances = entity_for("products").__table__, StockBalance.__table__
    unit = session.scalar(sa.select(entity_for("units").id))
    stamps = {"version": 1, "created_on": clock.now(), "changed_on": clock.now(), "search_text": ""}
    session.connection().execute(
        sa.insert(products),
        [
            {**stamps, "code": f"X{n}", "name": f"Part {n}", "spec": "", "unit_id": unit, "kind": "goods", "tax_rate": 0,
             "list_price": 1, "cost": 1, "active": True, "pictures": [], "safety_stock": 30 if n % 10 == 0 else 3}
            for n in range(MANY)
        ],
    )  # fmt: skip
    keys = session.connection().execute(sa.select(products.c.id).where(products.c.code.like("X%"))).scalars().all()
    warehouses = session.scalars(sa.select(Warehouse.id)).all()
    session.connection().execute(
        sa.insert(balances),
        [
            {**stamps, "warehouse_id": place, "product_id": key, "on_hand": 10, "average_cost": 1, "value": 10}
            for place in warehouses
            for key in keys
        ],
    )


class TestYourLists:
    def test_opens_what_one_saved_and_what_others_share(self, api, pages):
        ann, bob = api("ann"), api("bob")
        mine = ann.add("saved-views", name="Soon due", resource="customers", filter={}, columns=[], order="")["id"]
        shared = bob.add("saved-views", name="For all", resource="leads", filter={}, columns=[], order="", shared=True)
        bob.add("saved-views", name="Bob's own", resource="customers", filter={}, columns=[], order="")
        found = links(pages("ann").get("/").text)
        assert found["Soon due"] == f"/customers/list/?view={mine}"
        assert found["For all"] == f"/leads/list/?view={shared['id']}"
        assert "Bob's own" not in found
        assert "For all" not in links(pages("wei").get("/").text), "Wei lists no leads"
