"""The frame: what the bars leave free, what moves and what stays where it is."""

import re

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.company import Company

PHONE = {"width": 390, "height": 844}
DESK = {"width": 1280, "height": 800}

# Where the field with the focus (of a long text, its first line) is behind a bar, in words; empty when it is in view.
COVERED = """() => {
    const box = document.activeElement.getBoundingClientRect();
    const foot = document.querySelector(".form-foot").getBoundingClientRect();
    const head = document.querySelector(".topbar").getBoundingClientRect();
    const name = document.activeElement.id || document.activeElement.className;
    if (document.activeElement.closest(".form-foot, .topbar, .sidebar") || !document.activeElement.closest("form")) return "";
    return Math.min(box.bottom, box.top + 32) > foot.top || box.top < head.bottom ? `${name} at ${box.top}–${box.bottom}` : "";
}"""


@pytest.mark.parametrize("size", [PHONE, {"width": 1280, "height": 500}], ids=["phone", "low"])
def test_the_field_with_the_focus_is_in_view(company: Company, console: Page, size: dict[str, int]) -> None:
    page = console
    page.set_viewport_size(size)
    company.go(page, "/customers/add")
    page.locator("#f-name").focus()
    covered = []
    for key in ("Tab", "Shift+Tab"):
        for _each in range(24):
            page.keyboard.press(key)
            covered.append(page.evaluate(COVERED))
    assert [each for each in covered if each] == []


def test_the_drawer_is_shut_before_anything_is_painted(company: Company, console: Page) -> None:
    page = console
    page.set_viewport_size(PHONE)
    # Whenever the sidebar comes into the page, its style is already the shut one, without a way to it.
    page.add_init_script(
        """new MutationObserver(() => {
            const sidebar = document.querySelector("[data-sidebar]");
            if (!sidebar || window.first) return;
            const style = getComputedStyle(sidebar);
            window.first = [style.position, style.visibility, style.transitionDuration];
        }).observe(document, { childList: true, subtree: true });"""
    )
    company.go(page, "/customers/list/")
    assert page.evaluate("window.first") == ["fixed", "hidden", "0s"]
    sidebar = page.locator("[data-sidebar]")
    page.locator("[data-drawer-open]").click()
    expect(sidebar).to_be_visible()
    page.locator("[data-drawer-close]").click()
    expect(sidebar).to_be_hidden()


@pytest.mark.parametrize("path", ["/customers/list/", "/customers/show/{customer}", "/weekly-plans/show/{plan}"])
def test_actions_keep_their_order(company: Company, console: Page, path: str) -> None:
    page = console
    company.go(page, path.format(**{name: row["id"] for name, row in company.rows.items()}))
    bar = page.locator("[data-page-actions]")
    before = bar.inner_text()
    page.set_viewport_size(PHONE)
    page.wait_for_timeout(100)
    page.set_viewport_size(DESK)
    page.wait_for_timeout(100)
    assert bar.inner_text() == before


def test_a_read_only_list_has_no_bar_at_the_foot(company: Company, browser: Browser) -> None:
    context = browser.new_context(viewport=PHONE, has_touch=True, is_mobile=True)
    page = context.new_page()
    company.log_in(page)
    company.go(page, "/stock-entries/list/")
    bar = page.locator("[data-page-actions]").bounding_box()
    assert bar is not None and bar["y"] < 200 and bar["width"] < 60, bar
    company.go(page, f"/customers/edit/{company.rows['customer']['id']}")
    expect(page.locator(".breadcrumb li:visible")).to_have_count(1)
    context.close()


def test_a_refused_delete_stays_with_the_record(company: Company, console: Page) -> None:
    page = console
    company.go(page, f"/units/show/{company.rows['unit']['id']}")
    delete = page.locator("[data-page-actions] button[aria-haspopup=dialog]", has_text="Delete")
    if not delete.is_visible():
        page.locator("[data-page-actions] [data-menu] > summary").click()
    delete.click()
    page.locator("dialog[open] [type=submit]").click()
    expect(page.locator(".banner-red")).to_contain_text("it is used by")
    assert re.search(r"/units/show/\d+$", page.url)


def test_adding_in_a_tab_comes_back_to_it(company: Company, console: Page) -> None:
    page = console
    customer = f"/customers/show/{company.rows['customer']['id']}"
    company.go(page, customer)
    page.locator("#tab-contacts").click()
    page.locator("#contacts").get_by_role("link", name="Add").click()
    page.locator("#f-name").fill("王芳")
    page.keyboard.press("ControlOrMeta+s")
    page.wait_for_url(f"**{customer}#contacts")
    expect(page.locator("#contacts")).to_contain_text("王芳")


def test_a_submitted_plan_is_open_for_its_results_alone(company: Company, console: Page) -> None:
    page = console
    plan = company.add(
        "weekly-plans",
        week="2026-02-02",
        plan="Call the lost ones",
        lines=[{"planned_on": "2026-02-03", "kind": "call", "goal": "A reason"}],
    )
    company.call("POST", f"weekly-plans/{plan['id']}/submit")
    company.go(page, f"/weekly-plans/edit/{plan['id']}")
    expect(page.locator("#f-plan")).not_to_be_editable()
    expect(page.locator("#lines-0-goal")).not_to_be_editable()
    expect(page.locator("#lines-0-kind")).to_be_disabled()
    expect(page.locator("[data-line-add], [data-line-remove]")).to_have_count(0)
    page.locator("#lines-0-result").fill("They moved")
    page.locator("#lines-0-result").press("Enter")
    expect(page.locator("[data-line]")).to_have_count(1)
    page.locator("#lines-0-done").check()
    page.locator("#f-summary").fill("One reason found")
    page.keyboard.press("ControlOrMeta+s")
    page.wait_for_url(f"**/weekly-plans/show/{plan['id']}")
    expect(page.locator(".lines-view")).to_contain_text("They moved")
    expect(page.locator(".lines-view")).to_contain_text("Call")
