"""The frame: what the bars leave free, what moves and what stays where it is."""

import re

import pytest
from playwright.sync_api import Browser, Page, Route, expect

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


def test_where_one_is_stands_in_view_in_the_menu(company: Company, console: Page) -> None:
    page = console
    page.set_viewport_size({"width": 1280, "height": 480})
    company.go(page, "/customers/list/")
    shut = page.locator("[data-section]:not([open]):visible > summary")
    while shut.count():
        shut.first.click()
    company.go(page, "/audit-entries/list/")
    nav = page.locator("[data-nav]").bounding_box()
    here = page.locator("[data-nav] [aria-current=page]").bounding_box()
    assert nav is not None and here is not None
    assert nav["y"] <= here["y"] and here["y"] + here["height"] <= nav["y"] + nav["height"], (nav, here)
    assert page.evaluate("scrollY") == 0


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
    page.wait_for_load_state()  # with its scripts, which know the keys
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


def test_from_anywhere_to_anything(company: Company, console: Page) -> None:
    page = console
    customer = company.rows["customer"]
    company.go(page, "/")
    palette, box = page.locator("[data-palette]"), page.locator(".palette-input")

    # A row is found by its pinyin and opened; what is typed fast is opened as soon as it is there.
    page.keyboard.press("Control+k")
    expect(box).to_be_focused()
    page.keyboard.type("bjkj")
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/customers/show/{customer['id']}")

    # It stands first from then on; arrows choose, Esc closes and gives the focus back.
    page.locator("[data-palette-open]").click()
    expect(page.locator(".palette-title").first).to_have_text("Recently used")
    expect(page.locator(".palette-option").first).to_contain_text(customer["name"])
    page.keyboard.press("ArrowDown")
    second = page.locator(".palette-option").nth(1)
    expect(second).to_have_attribute("aria-selected", "true")
    expect(box).to_have_attribute("aria-activedescendant", str(second.get_attribute("id")))
    page.keyboard.press("Escape")
    expect(palette).to_be_hidden()
    expect(page.locator("[data-palette-open]")).to_be_focused()

    # Actions and pages, in the other language and by initials.
    page.keyboard.press("Control+k")
    page.keyboard.type("new prod")
    expect(page.locator(".palette-option[aria-selected=true]")).to_contain_text("New product")
    box.fill("kh")
    expect(page.locator(".palette-option[aria-selected=true]")).to_contain_text("Customers")
    box.fill("深色")
    expect(page.locator(".palette-option[aria-selected=true]")).to_contain_text("Dark appearance")
    page.keyboard.press("Enter")
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    page.keyboard.press("Control+k")
    page.keyboard.type("close the books")
    page.keyboard.press("Enter")
    page.wait_for_url("**/periods/list/**")
    expect(page.locator("dialog[open] .dialog-title")).to_be_visible()
    page.keyboard.press("Escape")

    # Nothing found, and no answer, are said; a late answer to what is no longer asked is dropped.
    page.keyboard.press("Control+k")
    page.keyboard.type("zzzz")
    expect(page.locator("[data-palette-note]")).to_contain_text("Nothing is found for “zzzz”.")
    held: list[Route] = []
    page.route(re.compile(r"/api/v1/search/\?q=Shang$"), lambda route: held.append(route))
    box.fill("Shang")
    expect(page.locator(".palette-busy")).to_be_visible()
    box.fill("Guangzhou")
    expect(page.locator(".palette-option").first).to_contain_text("Guangzhou Bright Ltd")
    assert held
    page.unroute_all()
    page.route("**/api/v1/search/**", lambda route: route.abort())
    box.fill("Harbour")
    expect(page.locator("[data-palette-note]")).to_contain_text("The server did not answer.")
    page.unroute_all()
    page.locator("[data-palette-note] button").click()
    expect(page.locator(".palette-option").first).to_contain_text("Shanghai Harbour Trading")
    page.keyboard.press("Escape")

    # «?» shows what can be done by keyboard here.
    page.locator("h1").click()
    page.keyboard.press("?")
    expect(page.locator("[data-keys] section:visible .keys-title")).to_have_text(["Everywhere", "Menu", "List"])
    expect(page.locator("[data-keys] section:visible dd")).to_contain_text(["Walk the rows", "Open", "Choose the row"])
    page.keyboard.press("Escape")
    company.go(page, "/stock-adjustments/add")
    page.locator("h1").click()
    page.keyboard.press("?")
    expect(page.locator("[data-keys] section:visible .keys-title").last).to_have_text("Lines")
    page.keyboard.press("Escape")
    expect(page.locator("[data-keys]")).to_be_hidden()


def test_the_menu_is_made_one_s_own(company: Company, browser: Browser) -> None:
    context = browser.new_context(viewport={"width": 1280, "height": 800})
    page = context.new_page()
    company.log_in(page)
    company.go(page, "/customers/list/")
    nav, filter = page.locator("[data-nav]"), page.locator("[data-nav-filter]")
    shelf = page.locator("[data-favourites] .nav-item")
    expect(shelf).to_have_count(0)

    # Filtered in both languages and by initials; the arrow leads to what is left, Esc brings everything back.
    filter.fill("仓库")
    expect(nav.locator(".nav-item:visible")).to_have_text(["Warehouses"])
    filter.fill("aqkc")
    expect(nav.locator(".nav-item:visible")).to_have_text(["Safety stocks"])
    filter.fill("nothinglikethis")
    expect(page.locator("[data-nav-none]")).to_be_visible()
    page.keyboard.press("Escape")
    expect(filter).to_have_value("")
    expect(page.locator("[data-section=stock]")).not_to_have_attribute("open", "")

    # Starred by keyboard, put in order, and there in another browser too.
    with page.expect_response("**/account/starred"):
        page.locator("[data-section=crm] [data-entry=customers] .nav-item").focus()
        page.keyboard.press("Tab")
        page.keyboard.press("Enter")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Tab")
    with page.expect_response("**/account/starred"):
        page.keyboard.press("Space")
    expect(shelf).to_have_text(["Customers", "Contacts"])
    shelf.nth(1).focus()
    with page.expect_response("**/account/starred"):
        page.keyboard.press("Alt+ArrowUp")
    expect(shelf).to_have_text(["Contacts", "Customers"])
    other = browser.new_context(viewport=PHONE, has_touch=True, is_mobile=True)
    phone = other.new_page()
    company.log_in(phone)
    expect(phone.locator("[data-favourites] .nav-text")).to_have_text(["Contacts", "Customers"])
    phone.locator("[data-drawer-open]").tap()
    with phone.expect_response("**/account/starred"):
        phone.locator("[data-favourites] [data-entry=contacts] [data-star]").tap()
    expect(phone.locator("[data-favourites] .nav-item")).to_have_text(["Customers"])
    phone.locator("[data-drawer-close]").tap()
    phone.locator("[data-palette-open]").tap()
    phone.locator(".palette-option", has_text="Weekly plans").first.tap()
    phone.wait_for_url("**/weekly-plans/list/")
    assert phone.evaluate("document.documentElement.scrollWidth") == PHONE["width"]
    other.close()

    # Folded to icons: what a section holds flies out by hover and by keyboard, and it stays folded.
    page.reload()
    expect(shelf).to_have_text(["Customers"])
    page.locator("[data-fold]").click()
    box = page.locator("#sidebar").bounding_box()
    assert box is not None and box["width"] == 56
    page.locator("[data-section=stock] summary").hover()
    panel = page.locator("[data-section=stock] .nav-items")
    expect(panel).to_be_visible()
    page.mouse.move(640, 500)
    expect(panel).to_be_hidden()
    page.locator("[data-section=system] summary").focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    expect(page.locator("[data-section=system] .nav-item").first).to_be_focused()
    panel = page.locator("[data-section=system] .nav-items").bounding_box()
    assert panel is not None and panel["y"] >= 0 and panel["y"] + panel["height"] <= 800, panel
    page.locator("[data-section=system] .nav-item").last.focus()  # scrolled to, if the panel does not hold all
    last = page.locator("[data-section=system] .nav-item").last.bounding_box()
    assert last is not None and last["y"] >= 0 and last["y"] + last["height"] <= 800, last
    page.keyboard.press("Escape")
    expect(page.locator("[data-section=system] .nav-items")).to_be_hidden()
    page.reload()
    assert page.locator("html").get_attribute("data-sidebar") == "folded"
    context.close()
