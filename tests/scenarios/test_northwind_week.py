"""A week at Northwind: the company comes in, a plan is written and reviewed, goods leave, and everyone hears of it.

The cast comes from Northwind itself: **Nancy** sells and reports to **Andrew**; **Michael** (who reads Chinese) sells
for **Steven**, who reports to Andrew too.  **Wei** keeps the warehouse and **Lin** buys: they join this week.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from app.core import clock
from app.northwind import import_company
from tests.app_fixtures import Api, Pages
from tests.scenarios.company import (
    ADDRESS,
    NORTHWIND,
    Company,
    identity_of,
    items,
    low_products,
    open_company,
    text_of,
)
from tests.support.smtp import SmtpServer

TUESDAY = datetime(2026, 3, 3, 9)
THURSDAY = datetime(2026, 3, 5, 14)
FRIDAY = datetime(2026, 3, 6, 8)
MONDAY = datetime(2026, 3, 9, 9)
NEXT_WEEK = "2026-03-09"
NANCY, ANDREW, STEVEN, MICHAEL = "nancy.davolio", "andrew.fuller", "steven.buchanan", "michael.suyama"
ENTERED = "good morning 42"


@pytest.fixture(params=["sqlite", "postgresql"])
def northwind(request: pytest.FixtureRequest, tmp_path: Path, smtp: SmtpServer) -> Iterator[Company]:
    """Northwind on a Tuesday morning, fresh from its files, on each database."""
    url = "" if request.param == "sqlite" else request.getfixturevalue("postgres_url")
    with open_company(tmp_path, url, smtp, TUESDAY) as app, clock.stopped(TUESDAY):
        with app.app_context():
            import_company(NORTHWIND)
        yield Company(app, smtp)


def mail_of(name: str) -> str:
    """The address of somebody at Northwind."""
    return f"{name}@northwind.example.com"


def activate(company: Company, username: str, locale: str = "en") -> None:
    """The administrator opens an imported account over its page: a password, an address, a language."""
    pages, api = Pages(company.app, "admin"), Api(company.app, "admin")
    users = api.get("security/users/", {"page_size": 100}).json["result"]
    user = next(each for each in users if each["username"] == username)
    form = {
        "username": username,
        "first_name": user["first_name"],
        "last_name": user["last_name"],
        "roles": [str(role["id"]) for role in user["roles"]],
        "new_password": ENTERED,
        "email": mail_of(username),
        "active": "1",
        "locale": locale,
    }
    page = f"/users/edit/{user['id']}"
    assert pages.post(page, form, token_from=page).status_code == 302


def hire(company: Company, username: str, first: str, last: str, role: str) -> int:
    """The administrator adds an account over the API; its id."""
    api = Api(company.app, "admin")
    roles = {each["name"]: each["id"] for each in api.get("security/roles/", {"page_size": 100}).json["result"]}
    account = {
        "username": username,
        "first_name": first,
        "last_name": last,
        "email": mail_of(username),
        "active": True,
        "password": ENTERED,
        "roles": [roles[role]],
    }
    answer = api.post("security/users/", account)
    assert answer.status_code == 201, answer.text
    return int(answer.json["id"])


def stock(api: Api) -> dict[str, str]:
    """What is on hand, by product."""
    rows = [
        row
        for page in range(2)
        for row in api.rows("stock-balances", page=page, page_size=50, order_column="id", order_direction="asc")
    ]
    return {row["product"]["label"].split()[0]: row["on_hand"] for row in rows}


def product(api: Api, code: str) -> int:
    """The id of the product with ``code``."""
    (row,) = api.rows("products", filters=[{"col": "code", "opr": "eq", "value": code}])
    return int(row["id"])


def take_out(pages: Pages, warehouse: int, reason: str, *lines: tuple[int, str, str]) -> int:
    """A keeper types an adjustment into its page: (product, quantity, unit cost); its id."""
    form = {"date": clock.today().isoformat(), "warehouse": str(warehouse), "reason": reason}
    for index, (product_id, quantity, cost) in enumerate(lines):
        cells = {"product": str(product_id), "quantity": quantity, "unit_cost": cost}
        form |= {f"lines-{index}-{name}": value for name, value in cells.items()}
    return identity_of(pages.post("/stock-adjustments/add", form, token_from="/stock-adjustments/add"))


def press(pages: Pages, resource: str, pk: int, name: str) -> str:
    """Press a button on a record's page; the page that comes then."""
    shown = f"/{resource}/show/{pk}"
    assert f'action="/{resource}/action/{name}/{pk}"' in pages.get(shown).text, f"no button {name}"
    assert pages.post(f"/{resource}/action/{name}/{pk}", token_from=shown).status_code == 302
    return str(pages.get(shown).text)


def test_a_week_at_northwind(northwind: Company) -> None:
    app = northwind.app

    # -- Tuesday: the accounts are opened, and everyone sees what their place in the tree allows.
    with pytest.raises(AssertionError, match="401"):
        Api(app, NANCY, ENTERED)
    for username, locale in ((NANCY, "en"), (ANDREW, "en"), (STEVEN, "en"), (MICHAEL, "zh")):
        activate(northwind, username, locale)
    wei = hire(northwind, "wei", "Wei", "Zhang", "Warehouse keeper")
    hire(northwind, "lin", "Lin", "Wu", "Purchaser")
    (main,) = Api(app, "admin").rows("warehouses")
    assert Api(app, "admin").put(f"warehouses/{main['id']}", {"keeper": wei}).status_code == 200

    def customers_of(username: str) -> int:
        return int(Api(app, username, ENTERED).get("customers/").json["count"])

    assert customers_of(NANCY) == 22 + 2  # her own, and the public pool
    assert customers_of(MICHAEL) == 3 + 2
    assert customers_of(STEVEN) == 1 + (3 + 4 + 1) + 2  # his own, and those of the three below him
    assert customers_of(ANDREW) == 91  # all report to him, directly or not

    # -- Thursday: Nancy plans the next week on the page and submits; Andrew reviews over the API.
    with clock.stopped(THURSDAY):
        plan = nancy_plans_and_andrew_reviews(northwind)

    # -- Thursday afternoon: Wei takes goods out; what can't be is refused, and what runs out is told at once.
    with clock.stopped(THURSDAY.replace(hour=16)):
        wei_adjusts_the_stock(northwind, main["id"])

    # -- Friday, 8:00: the keeper and the purchaser read what is low.
    with clock.stopped(FRIDAY.replace(hour=7, minute=59)):
        assert northwind.due("low-stock-alert") == [None]
    with clock.stopped(FRIDAY):
        the_morning_mail_names_what_is_low(northwind)

    # -- Friday, 15:00: who has no plan for the next week is reminded, in their language.
    with clock.stopped(FRIDAY.replace(hour=15)):
        everyone_without_a_plan_is_reminded(northwind)

    # -- Monday, 9:00: Andrew has planned meanwhile; who has not is reminded again, and their superiors are told.
    with clock.stopped(FRIDAY.replace(hour=17)):
        andrew = Api(app, ANDREW, ENTERED)
        own = andrew.add("weekly-plans", week=NEXT_WEEK, plan="Prepare the quarter")
        assert andrew.post(f"weekly-plans/{own['id']}/submit").status_code == 200
    with clock.stopped(MONDAY):
        the_superiors_are_told(northwind)

    # -- Through all of it the books are in order, and what was done has a history.
    history = Api(app, "admin").rows(
        "audit-entries",
        filters=[{"col": "record", "opr": "eq", "value": f"weekly-plans/{plan}"}],
        order_column="id",
        order_direction="asc",
    )
    assert [(entry["user"]["label"], entry["action"]) for entry in history] == [
        ("Nancy Davolio", "create"),
        ("Nancy Davolio", "submit"),
        ("Andrew Fuller", "review"),
    ]


def nancy_plans_and_andrew_reviews(northwind: Company) -> int:
    nancy, andrew = Pages(northwind.app, NANCY, ENTERED), Api(northwind.app, ANDREW, ENTERED)
    blank = nancy.get("/weekly-plans/add").text
    assert re.search(rf'name="week"[^>]*value="{NEXT_WEEK}"', blank), "from Thursday on a plan is for the next week"
    found = nancy.get("/customers/pick?q=island").json["result"]
    assert found == [], "another's customer is not to be picked"
    (customer,) = nancy.get("/customers/pick?q=FOLIG").json["result"]

    form: dict[str, Any] = {
        "week": NEXT_WEEK,
        "plan": "A visit in Lille",
        "lines-0-planned_on": "2026-03-10",
        "lines-0-kind": "visit",
        "lines-0-customer": str(customer["id"]),
        "lines-0-goal": "Show the spring range",
        "lines-1-planned_on": "2026-03-12",
        "lines-1-kind": "internal",
        "lines-1-customer": "",
        "lines-1-goal": "Price list with Andrew",
    }
    plan = identity_of(nancy.post("/weekly-plans/add", form, token_from="/weekly-plans/add"))
    shown = press(nancy, "weekly-plans", plan, "submit")
    for text in ("Submitted", "Folies gourmandes", "Show the spring range", "Price list with Andrew"):
        assert text in shown
    assert f"/weekly-plans/action/review/{plan}" not in shown, "nobody reviews their own plan"

    # Not her superior: to Steven there is no such plan.  Her own approval is none.
    steven = Api(northwind.app, STEVEN, ENTERED)
    assert steven.post(f"weekly-plans/{plan}/review", {"review_comment": "Fine"}).status_code == 404
    assert Api(northwind.app, NANCY, ENTERED).post(f"weekly-plans/{plan}/review").status_code == 403

    answer = andrew.post(f"weekly-plans/{plan}/review", {"review_comment": "Take the new samples along."})
    assert answer.status_code == 200, answer.text
    assert answer.json["result"]["state"] == "reviewed"
    assert answer.json["result"]["number"] == "WP2026-00001"
    assert andrew.post(f"weekly-plans/{plan}/review").status_code == 409
    page = nancy.get(f"/weekly-plans/show/{plan}").text
    assert "Reviewed" in page
    assert "Take the new samples along." in page
    return plan


def wei_adjusts_the_stock(northwind: Company, warehouse: int) -> None:
    wei, api = Pages(northwind.app, "wei", ENTERED), Api(northwind.app, "wei", ENTERED)
    pears, cranberry, sild = (product(api, code) for code in ("7", "8", "45"))
    before = stock(api)
    assert (before["7"], before["8"], before["45"]) == ("15.0000", "6.0000", "5.0000")

    # More than is there: refused in words, with nothing changed, not even the good line.
    wrong = take_out(wei, warehouse, "Broken in the aisle", (cranberry, "-1", ""), (pears, "-16", ""))
    page = press(wei, "stock-adjustments", wrong, "post")
    assert "There is not enough of 7 Uncle Bob&#39;s Organic Dried Pears" in page
    assert "15 can be taken, 16 are asked for" in page
    assert stock(api) == before
    draft = api.get(f"stock-adjustments/{wrong}").json["result"]
    assert (draft["state"], draft["number"]) == ("draft", None)
    assert northwind.post() == {}

    # As many as there are: posted, and the pears are used up.  Cranberry sauce falls, but it has no safety stock.
    lines = {line["product"]["label"].split()[0]: line["id"] for line in draft["lines"]}
    corrected = {
        "date": clock.today().isoformat(),
        "warehouse": str(warehouse),
        "reason": "Broken in the aisle",
        "version": str(draft["version"]),
        "lines-0-id": str(lines["8"]),
        "lines-0-product": str(cranberry),
        "lines-0-quantity": "-1",
        "lines-1-id": str(lines["7"]),
        "lines-1-product": str(pears),
        "lines-1-quantity": "-15",
    }
    edit = f"/stock-adjustments/edit/{wrong}"
    assert wei.post(edit, corrected, token_from=edit).status_code == 302
    assert "Posted" in press(wei, "stock-adjustments", wrong, "post")
    now = stock(api)
    assert (now["7"], now["8"]) == ("0.0000", "5.0000")
    assert {code: on_hand for code, on_hand in now.items() if code not in ("7", "8")} == {
        code: on_hand for code, on_hand in before.items() if code not in ("7", "8")
    }

    # What is used up can't wait for the morning.
    post = northwind.post()
    assert set(post) == {mail_of("wei"), mail_of("lin")}
    for mail in post.values():
        assert mail["Subject"] == "Used up: 7 Uncle Bob's Organic Dried Pears in Main"
        assert list(items(mail)) == ["7"]
        assert items(mail)["7"][2]["On hand"] == "0"
        assert f"{ADDRESS}/products/show/{pears}" in text_of(mail)

    # Herring comes in, more than its safety stock; syrup (120 above 25) goes nearly all.
    back = take_out(wei, warehouse, "Found at the count", (sild, "40", "9.50"), (product(api, "6"), "-100", ""))
    assert "Posted" in press(wei, "stock-adjustments", back, "post")
    assert northwind.post() == {}


def the_morning_mail_names_what_is_low(northwind: Company) -> None:
    assert northwind.due("low-stock-alert") == [True]
    post = northwind.post()
    assert set(post) == {mail_of("wei"), mail_of("lin")}
    # The seventeen of the files, without the herring that came in and with the spread that went out.
    # The pears were told yesterday.
    expected = low_products()
    del expected["45"]
    expected["6"] = ("Grandma's Boysenberry Spread", "12 - 8 oz jars", 20, 25)
    bought = items(post[mail_of("lin")])
    assert set(bought) == set(expected)
    assert post[mail_of("lin")]["Subject"] == "Below safety stock: 17"
    for code, (name, spec, in_stock, reorder_level) in expected.items():
        label, where, figures = bought[code]
        assert label == f"{name} {spec}"
        assert where == "All warehouses"
        assert (figures["On hand"], figures["Safety stock"]) == (str(in_stock), str(reorder_level))
        assert figures["Missing"] == f"{reorder_level - in_stock} piece"
    # The keeper is told of what ever lay in the warehouse: gorgonzola never did.
    kept = items(post[mail_of("wei")])
    assert kept == {code: line for code, line in bought.items() if code != "31"}
    assert northwind.due("low-stock-alert") == [None]


def everyone_without_a_plan_is_reminded(northwind: Company) -> None:
    assert northwind.due("weekly-plan-reminder") == [True]
    post = northwind.post()
    # Nancy has planned; the others of Northwind have no open accounts; Wei and Lin are no employees yet.
    assert set(post) == {mail_of(ANDREW), mail_of(STEVEN), mail_of(MICHAEL)}
    english, chinese = post[mail_of(STEVEN)], post[mail_of(MICHAEL)]
    assert english["Subject"] == f"Your plan for the week of {NEXT_WEEK}"
    assert "Hello Steven Buchanan," in text_of(english)
    assert f"{ADDRESS}/weekly-plans/add?week={NEXT_WEEK}" in text_of(english)
    assert NEXT_WEEK in chinese["Subject"]
    assert re.search("[\u4e00-\u9fff]", str(chinese["Subject"]))
    assert "Michael Suyama" in text_of(chinese)
    assert "Hello" not in text_of(chinese)
    assert northwind.due("weekly-plan-reminder") == [None]


def the_superiors_are_told(northwind: Company) -> None:
    assert northwind.due("weekly-plan-last-call") == [True]
    arrived = northwind.letters()
    by_subject = {(str(mail["To"]), str(mail["Subject"])): text_of(mail) for mail in arrived}
    missing = f"Without a plan for the week of {NEXT_WEEK}: 1"
    assert {to for to, _subject in by_subject} == {mail_of(STEVEN), mail_of(MICHAEL), mail_of(ANDREW)}
    assert len(arrived) == 4
    assert "- Michael Suyama (Steven Buchanan's department)" in by_subject[mail_of(STEVEN), missing]
    assert "- Steven Buchanan (Andrew Fuller's department)" in by_subject[mail_of(ANDREW), missing]
    assert (mail_of(STEVEN), f"Second reminder: your plan for the week of {NEXT_WEEK}") in by_subject
