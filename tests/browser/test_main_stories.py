"""The main stories, as they go in a company that speaks English and in one that speaks Chinese: a customer, a week that is
planned and reviewed, goods that come and are put right, a file in and a file out.
"""

from __future__ import annotations

import csv
import re
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.company import Company
from tests.support.browser import open_page

PASSWORD = "correct horse"
WORDS = {
    "en": {
        "submit": "Submit",
        "submitted": "Submitted",
        "review": "Review",
        "reviewed": "Reviewed",
        "post": "Post",
        "posted": "Posted",
        "name": "Name",
    },
    "zh": {
        "submit": "提交",
        "submitted": "已提交",
        "review": "批阅",
        "reviewed": "已批阅",
        "post": "过账",
        "posted": "已过账",
        "name": "客户名称",
    },
}
LOCALES = {"en": "en-US", "zh": "zh-CN"}
WEEKS = {"en": "2026-03-02", "zh": "2026-03-09"}


@pytest.fixture(scope="module")
def team(company: Company) -> Company:
    """Ann, who sells; Bob, who leads her; Wei, who keeps the warehouse."""
    roles = {role["name"]: role["id"] for role in company.call("GET", "roles/?q=(page_size:100)")["result"]}
    people = {}
    for name, role in (("ann", "Salesperson"), ("bob", "Sales manager"), ("wei", "Warehouse keeper")):
        user = {"username": name, "first_name": name.title(), "last_name": "Li", "email": f"{name}@example.com"}
        made = company.call(
            "POST", "security/users/", user | {"active": True, "password": PASSWORD, "roles": [roles[role]]}
        )
        people[name] = made["id"]
    north = company.add("departments", name="North", manager=people["bob"])["id"]
    for name in ("ann", "bob", "wei"):
        company.add("employees", user=people[name], department=north)
    return company


def save(page: Page, resource: str) -> None:
    """Press the form's button, which leads to the record."""
    page.locator("[data-submit]").click()
    page.wait_for_url(re.compile(rf"/{resource}/show/\d+"))


def act(page: Page, label: str, state: str) -> None:
    """Press a button of the page's head, agree when it asks, and see what the record is then."""
    page.locator("[data-page-actions]").get_by_role("button", name=label, exact=True).click()
    dialog = page.locator("dialog[open]:has([type=submit])")
    if dialog.count():
        dialog.locator("[type=submit]").click()
    expect(page.locator(".page-title .badge")).to_have_text(state)


def pick(page: Page, selector: str, typed: str) -> None:
    """Find something by typing and take it."""
    page.locator(selector).fill(typed)
    expect(page.locator("[role=option][aria-selected=true]")).to_contain_text(typed)
    page.locator(selector).press("Enter")


@pytest.mark.parametrize("language", WORDS)
def test_a_week_of_the_company(team: Company, browser: Browser, tmp_path: Path, language: str) -> None:
    words, name = WORDS[language], f"Harbour {language}"
    with open_page(browser, LOCALES[language]) as page:
        team.log_in(page, "ann", PASSWORD)
        expect(page.locator("html")).to_have_attribute("lang", language)
        team.go(page, "/customers/add")
        page.locator("#f-name").fill(name)
        save(page, "customers")
        expect(page.locator("h1")).to_contain_text(name)

        team.go(page, "/weekly-plans/add")
        page.locator("#f-week").fill(WEEKS[language])
        page.locator("#f-plan").fill("拜访 Harbour")
        page.locator("#lines-0-planned_on").fill(WEEKS[language])
        pick(page, "#lines-0-customer", name)
        page.locator("#lines-0-goal").fill("合同 contract")
        save(page, "weekly-plans")
        plan = page.url
        act(page, words["submit"], words["submitted"])

        # A file in, and the same list out again.
        team.go(page, "/customers/import")
        file = f"{words['name']}\nQuay {language}\nDock {language}\n"
        page.locator("#import-file").set_input_files(
            {"name": "in.csv", "mimeType": "text/csv", "buffer": file.encode()}
        )
        page.locator("[data-submit]").click()
        expect(page.locator(".steps .is-current")).to_contain_text("2")
        page.locator("[data-submit]").click()
        expect(page.locator(".steps .is-current")).to_contain_text("3")
        team.go(page, f"/customers/list/?q={language}")
        with page.expect_download() as download:
            page.evaluate("location.assign(`/customers/export?format=csv&q=${document.documentElement.lang}`)")
        download.value.save_as(tmp_path / "out.csv")
        rows = list(csv.DictReader((tmp_path / "out.csv").read_text(encoding="utf-8-sig").splitlines()))
        assert {row[words["name"]] for row in rows} >= {name, f"Quay {language}", f"Dock {language}"}

    with open_page(browser, LOCALES[language]) as page:
        team.log_in(page, "bob", PASSWORD)
        page.goto(plan)
        act(page, words["review"], words["reviewed"])

    with open_page(browser, LOCALES[language]) as page:
        team.log_in(page, "wei", PASSWORD)
        # Ten come in; one was broken.
        for quantity, cost in (("10", "40.5"), ("-1", "")):
            team.go(page, "/stock-adjustments/add")
            pick(page, "#f-warehouse", "Main warehouse")
            pick(page, "#lines-0-product", "Loose jasmine tea")
            page.locator("#lines-0-quantity").fill(quantity)
            page.locator("#lines-0-unit_cost").fill(cost)
            save(page, "stock-adjustments")
            act(page, words["post"], words["posted"])
        team.go(page, "/stock-balances/list/?q=jasmine")
        total = "11.5" if language == "en" else "20.5"
        expect(page.locator("tbody tr")).to_contain_text(total)
