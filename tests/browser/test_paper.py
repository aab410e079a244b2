"""What a record prints: its own contents, in full, and nothing that can be pressed; and its tabs on the screen."""

import pytest
from playwright.sync_api import Page, expect

from tests.browser import eyes
from tests.browser.company import Company


def print_out(page: Page) -> None:
    page.emulate_media(media="print")


def test_an_article_prints_its_text_and_a_role_what_it_may(company: Company, console: Page) -> None:
    page = console
    article = company.add("articles", title="Returns", body="Seven days, *unopened*.", published=True)
    company.go(page, f"/articles/show/{article['id']}#history")
    expect(page.get_by_text("Seven days")).to_be_hidden()
    print_out(page)
    expect(page.get_by_text("Seven days")).to_be_visible()
    role = next(each for each in company.call("GET", "roles/")["result"] if each["name"] == "Salesperson")
    page.emulate_media(media="screen")
    company.go(page, f"/roles/show/{role['id']}#history")
    print_out(page)
    expect(page.locator("#permissions tr", has_text="Opportunities").first).to_contain_text("Add")


def test_days_are_printed_in_full_and_nothing_that_is_pressed(company: Company, console: Page) -> None:
    page = console
    company.go(page, "/opportunities/list/")
    page.locator("tbody .first a").first.click()
    expect(page.locator(".place")).to_be_visible()
    badge = page.locator(".page-title .badge")
    expect(badge).to_have_text(page.locator(".stage-now .stage-name").inner_text())
    said = page.locator(".page-help [data-full]")
    expect(said).to_contain_text("today")
    print_out(page)
    expect(said.locator(".brief")).to_be_hidden()
    printed = said.evaluate("each => getComputedStyle(each, '::after').content")
    assert "today" not in printed and said.get_attribute("data-full") in printed
    pressed = page.locator("main").locator("a.btn, button, input, select, textarea, summary")
    assert [each.evaluate("each => each.outerHTML") for each in pressed.all() if each.is_visible()] == []
    expect(page.locator(".place")).to_be_hidden()


def test_a_week_prints_what_is_planned_and_no_forms(company: Company, console: Page) -> None:
    page = console
    company.go(page, "/week/?week=2030-03-04")
    goal = page.locator("[data-day='2030-03-05']").get_by_role("textbox", name="Goal")
    goal.fill("Stocktaking")
    goal.press("Enter")
    expect(page.locator("[data-line]", has_text="Stocktaking")).to_be_visible()
    print_out(page)
    expect(page.locator("[data-line]", has_text="Stocktaking")).to_be_visible()
    for each in (".week-add", ".week-nav", ".week-more", ".week-texts .btn"):
        expect(page.locator(each).first).to_be_hidden()


@pytest.mark.parametrize("width", [794, 1440])
def test_facts_are_printed_in_three_columns(company: Company, console: Page, width: int) -> None:
    page = console
    page.set_viewport_size({"width": width, "height": 900})
    company.go(page, f"/customers/show/{company.rows['customer']['id']}")
    print_out(page)
    facts = page.locator(".record-facts .facts").first
    assert len(facts.evaluate("each => getComputedStyle(each).gridTemplateColumns").split()) == 3


def test_what_the_page_left_to_be_asked_for_is_printed_too(company: Company, console: Page) -> None:
    page = console
    company.go(page, f"/customers/show/{company.rows['customer']['id']}")
    page.evaluate("window.print = () => { document.documentElement.dataset.printed = '1' }")
    expect(page.locator("#opportunities tbody tr")).to_have_count(0)
    page.locator("[data-page-actions] [data-menu] > summary").click()
    page.locator("[data-print]").click()
    expect(page.locator("html[data-printed]")).to_be_attached()
    print_out(page)
    expect(page.locator("#opportunities tbody tr").first).to_be_visible()


def test_every_tab_of_a_record_is_in_sight(company: Company, console: Page) -> None:
    page = console
    company.go(page, f"/customers/show/{company.rows['customer']['id']}")
    for size in eyes.SIZES:
        eyes.resize(page, size)
        page.locator("[data-tab-list]").scroll_into_view_if_needed()
        assert (
            page.evaluate("""() => {
            const list = document.querySelector("[data-tab-list]").getBoundingClientRect();
            const beyond = (tab) => tab.left < list.left || tab.right > list.right + 1 || tab.bottom > list.bottom + 1;
            return [...document.querySelectorAll(".tab")].filter((tab) => beyond(tab.getBoundingClientRect())).length;
        }""")
            == 0
        )
