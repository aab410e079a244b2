"""A first start as a stranger has it: the steps, the demo company, its charts, and from there for real."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from tests.browser.company import Company

MOVING = 60_000  # ms in which the demo company moves in


@pytest.fixture
def fresh(tmp_path) -> Iterator[Company]:
    """A server as it is after its first start, whose timetable runs."""
    company = Company(tmp_path)
    company.server.arguments = ()
    company.start()
    yield company
    company.server.stop()


def test_from_the_first_log_in_over_the_demo_to_a_company_of_one_s_own(fresh: Company, page: Page) -> None:
    fresh.log_in(page)
    page.wait_for_url("**/start/")
    page.get_by_role("link", name="Say who you are").click()
    page.locator("#f-company").fill("Harbour & Sons")
    page.locator("#f-timezone").fill("Europe/Berlin")
    page.locator("[data-submit]").click()
    page.wait_for_url("**/start/")
    expect(page.locator(".start-step.is-done")).to_contain_text("Harbour & Sons")
    expect(page.locator(".brand-name").first).to_have_text("Harbour & Sons")

    page.get_by_role("button", name="Explore the demo company").click()
    expect(page.locator("progress")).to_be_visible()
    page.wait_for_url(f"{fresh.url}/", timeout=MOVING)
    expect(page.locator(".start-card")).to_contain_text("This is the demo company")

    look_at_the_charts(fresh, page)
    fresh.go(page, "/")
    page.get_by_role("link", name="Start for real").click()
    page.locator("#f-name").fill("Harbour")
    page.get_by_role("button", name="Empty the database and start").click()
    expect(page.locator(".field-error")).to_contain_text("Harbour & Sons")
    page.locator("#f-name").fill("Harbour & Sons")
    page.get_by_role("button", name="Empty the database and start").click()
    page.wait_for_url("**/start/")
    expect(page.locator(".start-step.is-done")).to_have_count(1)
    assert fresh.call("GET", "customers/")["count"] == 0
    # The timetable goes on in the database that was made anew.
    page.wait_for_timeout(2500)
    assert "met an error" not in fresh.server.log
    page.get_by_role("link", name="Add a customer").click()
    page.locator("#f-name").fill("Elbe Tea Trading")
    page.locator("[data-submit]").click()
    expect(page.locator("h1")).to_contain_text("Elbe Tea Trading")
    assert page.url.endswith("/customers/show/1")


def look_at_the_charts(company: Company, page: Page) -> None:
    """Their colours follow the theme, the keyboard goes through them, the table says the same, a value opens its rows."""
    bars = page.locator(".chart-bar")
    canvas = bars.locator("canvas")
    expect(canvas).to_be_visible()

    def painted() -> str:
        return str(canvas.evaluate("canvas => canvas.toDataURL()"))

    light = painted()
    page.evaluate("document.documentElement.dataset.theme = 'dark'")
    # Asked by the clock: a page that is not in front paints no frames to be asked at.
    changed = "before => document.querySelector('.chart-bar canvas').toDataURL() !== before"
    page.wait_for_function(changed, arg=light, polling=100)
    canvas.focus()
    page.keyboard.press("End")
    told = page.locator("[data-announce]")
    expect(told).to_have_text(re.compile(r"Week of \d{4}-\d\d-\d\d, New customers: \d+"))
    last = told.inner_text()
    page.keyboard.press("ArrowLeft")
    expect(told).not_to_have_text(last)

    table = bars.locator(".chart-table")
    expect(table).to_have_class(re.compile(r"\bsr\b"))
    bars.get_by_role("button", name="As a table").click()
    expect(canvas).to_be_hidden()
    value = table.locator("tbody a").nth(2)
    count, address = value.inner_text(), value.get_attribute("href")
    bars.get_by_role("button", name="As a picture").click()
    canvas.focus()
    page.keyboard.press("Home")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")
    page.wait_for_url(f"{company.url}{address}")
    expect(page.locator(".chips")).to_contain_text("Created")
    expect(page.locator("tbody tr")).to_have_count(int(count))
