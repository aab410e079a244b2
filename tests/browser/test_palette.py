"""From anywhere to anything: the palette, the sidebar's filter and favourites, folded to icons, and the shortcuts, told as
one morning of an administrator, by keyboard.
"""

import re

from playwright.sync_api import Browser, Page, Route, expect

from tests.browser.company import Company

PHONE = {"width": 390, "height": 844}


def options(page: Page) -> list[str]:
    return [text.strip() for text in page.locator(".palette-option .palette-name").all_inner_texts()]


def test_from_anywhere_to_anything(company: Company, console: Page) -> None:
    page = console
    customer = company.rows["customer"]
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
    last = page.locator("[data-section=system] .nav-item").last.bounding_box()
    assert last is not None and last["y"] + last["height"] <= 800
    page.keyboard.press("Escape")
    expect(page.locator("[data-section=system] .nav-items")).to_be_hidden()
    page.reload()
    assert page.locator("html").get_attribute("data-sidebar") == "folded"
    context.close()


def test_the_page_one_is_on_is_marked(company: Company, console: Page) -> None:
    for path, entry, mark in (
        ("/customers/list/", "Customers", "page"),
        (f"/customers/show/{company.rows['customer']['id']}", "Customers", "true"),
        ("/products/import", "Products", "true"),
        ("/stock-balances/look/at", "Stock", "true"),
        ("/role-permissions/2", "Roles", "true"),
    ):
        company.go(console, path)
        marked = console.locator("[data-nav] [data-section]:not([data-favourites]) .nav-item[aria-current]")
        expect(marked).to_have_text([entry])
        expect(marked).to_have_attribute("aria-current", mark)
        expect(marked).to_be_visible()
    company.go(console, "/")
    expect(console.locator("[data-nav] [aria-current]")).to_have_text(["Start page"])
