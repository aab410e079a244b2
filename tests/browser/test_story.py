"""From an empty company to a stock balance and a submitted plan, without touching the mouse."""

import re

from playwright.sync_api import Page, expect

from tests.browser.company import Company, tab_to


def menu(page: Page, section: str, resource: str) -> None:
    """Open a list by the main menu."""
    tab_to(page, f"[data-section={section}] > summary")
    if not page.locator(f"[data-section={section}]").evaluate("element => element.open"):
        page.keyboard.press("Enter")
    tab_to(page, f".nav-item[href='/{resource}/list/']")
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/{resource}/list/")


def new(page: Page, section: str, resource: str) -> None:
    """Open the form of a new row by the menu and the list's button."""
    menu(page, section, resource)
    tab_to(page, f"a[href^='/{resource}/add']")
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/{resource}/add*")


def fill(page: Page, selector: str, text: str) -> None:
    """Go to an input and type over what it holds."""
    tab_to(page, selector)
    page.keyboard.press("ControlOrMeta+a")
    page.keyboard.type(text)


def choose(page: Page, text: str, wanted: str) -> None:
    """Type into the picker that has the focus and take what it offers first."""
    page.keyboard.type(text)
    expect(page.locator("[role=option][aria-selected=true]")).to_contain_text(wanted)
    page.keyboard.press("Enter")
    expect(page.locator("[role=listbox]")).to_have_count(0)


def save(page: Page, resource: str) -> None:
    """Ctrl+S, which leads to the record's page."""
    with page.expect_navigation():
        page.keyboard.press("ControlOrMeta+s")
    summary = page.locator("[data-error-summary]")
    assert not summary.count(), summary.inner_text()
    assert re.search(rf"/{resource}/show/\d+$", page.url), page.url


def press(page: Page, label: str) -> None:
    """Go to a button of the page's head, press it, and agree when it asks."""
    button = page.locator("[data-page-actions] button", has_text=label).first
    button.evaluate("element => element.dataset.wanted = ''")
    tab_to(page, "[data-wanted]")
    page.keyboard.press("Enter")
    page.wait_for_timeout(150)
    dialog = page.locator("dialog[open]")
    if dialog.count():
        expect(dialog.locator("[type=submit]")).to_be_focused()
        page.keyboard.press("Enter")


def test_the_main_story_by_keyboard_alone(empty_company: Company, page: Page) -> None:
    company = empty_company
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.goto(company.url)
    expect(page.locator("#username")).to_be_focused()
    page.keyboard.type(company.server.username)
    page.keyboard.press("Tab")
    page.keyboard.type(company.server.password)
    page.keyboard.press("Enter")
    page.locator(".user-menu").wait_for()

    new(page, "catalog", "units")
    fill(page, "#f-name", "盒")
    page.keyboard.press("Enter")  # sends the form as it does anywhere
    page.wait_for_url(re.compile(r"/units/show/\d+$"))

    new(page, "catalog", "products")
    fill(page, "#f-name", "龙井茶")
    tab_to(page, "#f-unit")
    choose(page, "he", "盒")
    fill(page, "#f-tax_rate", "0.13")
    fill(page, "#f-list_price", "128")
    save(page, "products")
    expect(page.locator("h1")).to_contain_text("龙井茶")

    # The others are made by another client meanwhile.
    unit = company.call("GET", "units/")["result"][0]["id"]
    others = [
        company.add("products", name=name, unit=unit, tax_rate="0.13", list_price="88")
        for name in ("普洱茶", "铁观音", "碧螺春", "Jasmine tea")
    ]

    new(page, "stock", "warehouses")
    fill(page, "#f-name", "Main warehouse")
    save(page, "warehouses")

    new(page, "stock", "stock-adjustments")
    tab_to(page, "#f-warehouse")
    choose(page, "main", "Main warehouse")
    fill(page, "#f-reason", "Opening stock")
    tab_to(page, "#lines-0-product")
    for index, (typed, name, quantity, cost) in enumerate(
        (("ljc", "龙井茶", "100", "40.5"), ("puer", "普洱茶", "20", "100"), ("tgy", "铁观音", "7", "61.25"))
    ):
        expect(page.locator(f"#lines-{index}-product")).to_be_focused()
        choose(page, typed, name)
        page.keyboard.press("Tab")
        page.keyboard.type(quantity)
        page.keyboard.press("Tab")
        page.keyboard.type(cost)
        page.keyboard.press("Enter")  # a line below

    # Up a line and down again, in the same column.
    expect(page.locator("#lines-3-product")).to_be_focused()
    page.keyboard.press("ArrowUp")
    expect(page.locator("#lines-2-product")).to_be_focused()
    page.keyboard.press("Tab")
    page.keyboard.press("ArrowUp")
    expect(page.locator("#lines-1-quantity")).to_be_focused()
    page.keyboard.type("25")  # the cell was selected: this takes the place of 20
    expect(page.locator("#lines-1-quantity")).to_have_value("25")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    expect(page.locator("#lines-3-quantity")).to_be_focused()
    page.keyboard.press("Shift+Tab")

    # A block from a spreadsheet: a code, a name, figures as a spreadsheet writes them.
    block = f"{others[2]['code']}\t1,200\t12.50\nJasmine tea\t3\t8\n"
    page.evaluate("text => navigator.clipboard.writeText(text)", block)
    page.keyboard.press("ControlOrMeta+v")
    expect(page.locator("#lines-4-quantity")).to_have_value("3")
    expect(page.locator("#lines-3-quantity")).to_have_value("1200")
    expect(page.locator("#lines-3-product")).to_have_value(re.compile("碧螺春"))
    expect(page.locator("#lines-4-product")).to_have_value(re.compile("Jasmine tea"))
    save(page, "stock-adjustments")
    expect(page.locator(".lines-view tbody tr")).to_have_count(5)

    press(page, "Post")
    expect(page.locator(".page-title .badge")).to_have_text("Posted")

    menu(page, "stock", "stock-balances")
    expect(page.locator("tbody tr")).to_have_count(5)
    expect(page.locator("tbody tr", has_text="普洱茶")).to_contain_text("25")
    expect(page.locator("tbody tr", has_text="碧螺春")).to_contain_text("1,200")

    company.add("customers", name="北京科技有限公司")
    new(page, "activities", "weekly-plans")
    tab_to(page, "#f-week")
    page.keyboard.type("01052026")
    fill(page, "#f-plan", "Visit the tea customers")
    tab_to(page, "#lines-0-planned_on")
    page.keyboard.type("01062026")
    tab_to(page, "#lines-0-customer")
    choose(page, "bjkj", "北京科技有限公司")
    tab_to(page, "#lines-0-goal")
    page.keyboard.type("A new contract")
    page.keyboard.press("Enter")
    expect(page.locator("#lines-1-planned_on")).to_be_focused()
    page.keyboard.type("01072026")
    tab_to(page, "#lines-1-kind")
    page.keyboard.type("Call")
    tab_to(page, "#lines-1-goal")
    page.keyboard.type("Call back")
    save(page, "weekly-plans")
    expect(page.locator(".lines-view tbody tr")).to_have_count(2)
    expect(page.locator(".lines-view")).to_contain_text("2026-01-07")
    press(page, "Submit")
    expect(page.locator(".page-title .badge")).to_have_text("Submitted")
