"""Nothing typed is lost: a page that went away offers back what was written in it, until it is saved."""

import json
import re

from playwright.sync_api import Page, expect

from tests.browser.company import Company

KEPT = "() => JSON.stringify(Object.entries(localStorage).filter(([key]) => key.startsWith('kehu-draft:')))"


def kept(page: Page, words: str) -> None:
    """Wait until a draft holds ``words``."""
    page.wait_for_function(f"words => ({KEPT})().includes(words)", arg=words)


def offer_of(page: Page):
    return page.locator(".draft-offer")


def test_a_page_that_died_offers_its_draft_back_until_it_is_saved(company: Company, console: Page) -> None:
    page = console
    goods = [row["id"] for row in company.call("GET", "products/")["result"]]
    lines = [{"product": each, "quantity": 3, "unit_cost": "1"} for each in goods[:2]]
    row = company.add("stock-adjustments", warehouse=company.rows["warehouse"]["id"], reason="Count", lines=lines)
    place = f"/stock-adjustments/edit/{row['id']}"
    company.go(page, place)
    page.fill("#f-reason", "Fire, and water")
    page.locator("#f-tags").fill("urgent")
    page.locator("#f-tags").press(",")
    page.locator("[data-line]").nth(1).locator("[data-line-remove]").click()
    page.locator("[data-line-add]").click()
    page.locator("#lines-2-product").fill("铁观音")
    page.locator("#lines-2-product").press("Tab")
    page.fill("#lines-2-quantity", "11")
    page.fill("#lines-2-unit_cost", "2.50")
    kept(page, "2.50")
    context = page.context
    page.close(run_before_unload=False)  # it crashed

    # Meanwhile somebody else has saved.
    company.call("PUT", f"stock-adjustments/{row['id']}", {"note": "Insured"})
    page = context.new_page()
    company.go(page, place)
    expect(page.locator("#f-reason")).to_have_value("Count")
    expect(offer_of(page)).to_contain_text("You were writing this on")
    expect(offer_of(page)).to_contain_text("both versions are shown")
    other = context.new_page()
    company.go(other, "/stock-adjustments/add")
    expect(offer_of(other)).to_have_count(0)
    other.close()
    page.get_by_role("button", name="Take it back").click()
    expect(page.locator("#f-reason")).to_have_value("Fire, and water")
    expect(page.locator(".token-text")).to_have_text("urgent")
    expect(page.locator("[data-line]:visible")).to_have_count(2)
    page.keyboard.press("Control+s")
    expect(page.locator("[data-error-summary]")).to_be_visible()
    expect(page.locator("#f-note")).to_have_value("Insured")
    expect(page.locator("#f-reason")).to_have_value("Fire, and water")
    page.keyboard.press("Control+s")
    page.wait_for_url(re.compile(r"/show/\d+$"))
    saved = company.call("GET", f"stock-adjustments/{row['id']}")["result"]
    assert (saved["reason"], saved["note"], saved["tags"]) == ("Fire, and water", "Insured", ["urgent"])
    assert [(line["product"]["label"].split()[1], line["quantity"]) for line in saved["lines"]] == [
        (row["lines"][0]["product"]["label"].split()[1], "3.0000"),
        ("铁观音", "11.0000"),
    ]
    assert json.loads(page.evaluate(KEPT)) == []


def test_a_session_that_ended_leaves_a_draft_and_passwords_are_in_none(company: Company, console: Page) -> None:
    page = console
    company.go(page, "/users/add")
    page.fill("#f-username", "newcomer")
    page.fill("#f-new_password", "a secret of hers")
    kept(page, "newcomer")
    assert "secret" not in page.evaluate(KEPT)
    page.once("dialog", lambda dialog: dialog.accept())
    page.locator("[data-cancel]").click()
    page.wait_for_url("**/users/list/")
    assert json.loads(page.evaluate(KEPT)) == [], "cancelled is given up"

    company.go(page, "/brands/add")
    page.fill("#f-name", "Long written")
    page.context.clear_cookies()
    page.click("[data-submit]")
    expect(page.locator("main")).to_contain_text("what you entered is kept")
    page.fill("#username", company.server.username)
    page.fill("#password", company.server.password)
    page.click("[data-submit]")
    expect(page.locator("main")).to_contain_text("Long written")
    page.get_by_role("link", name="Don't send it").click()
    # It was not sent: the browser has it still.
    company.go(page, "/brands/add")
    page.get_by_role("button", name="Take it back").click()
    expect(page.locator("#f-name")).to_have_value("Long written")
    # What is refused is still a draft; a log-out takes it away.
    page.fill("#f-name", "")
    page.click("[data-submit]")
    expect(page.locator("[data-error-summary]")).to_be_visible()
    page.fill("#f-name", "Written once more")
    kept(page, "once more")
    page.on("dialog", lambda dialog: dialog.accept())
    page.locator(".user-menu > summary").click()
    page.get_by_role("button", name="Log out").click()
    page.wait_for_url("**/login/**")
    assert json.loads(page.evaluate(KEPT)) == []
