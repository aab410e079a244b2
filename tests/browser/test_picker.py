"""Pickers: what typing offers, and what the keys do, in a form and in a filter."""

import re

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.company import Company, begin_filter


@pytest.fixture
def picker(company: Company, console: Page) -> Locator:
    """The customer's picker in a new contact's form."""
    company.go(console, "/contacts/add")
    return console.locator("#f-customer")


def test_pinyin_offers_the_customer_and_enter_chooses(picker: Locator, company: Company) -> None:
    page = picker.page
    picker.press_sequentially("bjkj")
    option = page.locator(".option:not(.option-extra)")
    expect(option).to_have_count(1)
    expect(option).to_contain_text("北京科技有限公司")
    expect(picker).to_have_attribute("aria-expanded", "true")
    expect(picker).to_have_attribute("aria-activedescendant", re.compile(r"."))
    picker.press("Enter")
    expect(page.locator("[role=listbox]")).to_have_count(0)
    expect(picker).to_have_value(re.compile("北京科技有限公司"))
    expect(page.locator("input[name=customer]")).to_have_value(str(company.rows["customer"]["id"]))
    assert page.url.endswith("/contacts/add"), "Enter chooses, and does not send the form"


def test_escape_leaves_what_was_chosen_and_it_is_cleared_by_mouse_and_keys(picker: Locator) -> None:
    page = picker.page

    def choose() -> None:
        picker.press_sequentially("bjkj")
        expect(page.locator(".option:not(.option-extra)")).to_have_count(1)
        picker.press("Enter")

    choose()
    chosen = picker.input_value()
    picker.fill("shanghai")
    expect(page.locator(".option:not(.option-extra)").first).to_contain_text("Shanghai")
    picker.press("Escape")
    expect(page.locator("[role=listbox]")).to_have_count(0)
    expect(picker).to_have_value(chosen)

    page.locator(".field-picker", has=picker).locator(".picker-clear").click()
    expect(picker).to_have_value("")
    expect(page.locator("input[name=customer]")).to_have_value("")
    expect(page.locator(".picker-clear:visible")).to_have_count(0)
    choose()
    picker.press("ControlOrMeta+a")
    picker.press("Delete")
    picker.press("Tab")
    expect(picker).to_have_value("")
    expect(page.locator("input[name=customer]")).to_have_value("")


def test_the_arrows_move_and_nothing_matches_is_said(picker: Locator) -> None:
    page = picker.page
    picker.press("ArrowDown")
    options = page.locator(".option:not(.option-extra)")
    expect(options).to_have_count(4)
    expect(options.nth(0)).to_have_attribute("aria-selected", "true")
    picker.press("ArrowDown")
    expect(options.nth(1)).to_have_attribute("aria-selected", "true")
    picker.fill("nobody at all")
    expect(page.locator("[role=listbox]")).to_contain_text("Nothing matches")
    picker.press("Enter")
    assert page.url.endswith("/contacts/add")


def test_in_a_filter(company: Company, console: Page) -> None:
    page = console
    company.go(page, "/contacts/list/")
    begin_filter(page, "Customer")
    picker = page.locator("[data-filter-value] [role=combobox]")
    picker.press_sequentially("bjkj")
    expect(page.locator(".option:not(.option-extra)")).to_contain_text("北京科技有限公司")
    picker.press("Enter")
    expect(page.locator(".listbox")).to_have_count(0)
    page.get_by_role("button", name="Apply").click()
    expect(page.locator(".chip")).to_contain_text("北京科技有限公司")
    expect(page.locator("tbody tr")).to_have_count(1)


def test_text_that_was_not_chosen_stays_and_is_not_sent(picker: Locator) -> None:
    page = picker.page
    page.fill("#f-name", "张伟")
    picker.fill("zzzz")
    picker.press("Tab")
    expect(picker).to_have_attribute("aria-invalid", "true")
    expect(picker).to_have_value("zzzz")
    said = page.locator(f"#{(picker.get_attribute('aria-describedby') or '').split()[-1]}")
    expect(said).to_be_visible()
    expect(said).to_contain_text("“zzzz” was not found")

    page.keyboard.press("ControlOrMeta+s")
    expect(picker).to_be_focused()
    page.locator("#f-name").focus()
    page.locator("[data-submit]").click()
    expect(picker).to_be_focused()
    assert page.url.endswith("/contacts/add"), "nothing was sent"

    picker.fill("bjkj")
    expect(said).to_have_count(0)
    expect(page.locator(".option:not(.option-extra)")).to_have_count(1)
    picker.press("Enter")
    expect(picker).not_to_have_attribute("aria-invalid", "true")
    page.keyboard.press("ControlOrMeta+s")
    page.wait_for_url(re.compile(r"/contacts/show/\d+$"))
    expect(page.locator(".facts").first).to_contain_text("北京科技有限公司")


def test_saving_while_a_code_is_being_looked_up_takes_it(picker: Locator, company: Company) -> None:
    page = picker.page
    page.fill("#f-name", "李娜")
    picker.fill(company.rows["customer"]["code"])
    page.keyboard.press("ControlOrMeta+s")
    page.wait_for_url(re.compile(r"/contacts/show/\d+$"))
    expect(page.locator(".facts").first).to_contain_text("北京科技有限公司")


def test_what_several_match_is_asked_about(picker: Locator, company: Company) -> None:
    picker.fill("有限公司")
    for name in ("有限公司一", "有限公司二"):
        company.add("customers", name=name)
    picker.page.locator("#f-name").focus()
    expect(picker.page.locator(".field-picker .field-error")).to_contain_text("Several match “有限公司”")
    expect(picker).to_have_value("有限公司")
    picker.press("Escape")
    expect(picker).to_have_value("")
    expect(picker.page.locator(".field-picker .field-error")).to_have_count(0)


def test_look_alikes_are_told_apart_and_stay_as_chosen(company: Company, console: Page) -> None:
    page = console
    unit = company.rows["unit"]["id"]
    codes = {
        spec: company.add("products", name="白毫银针", spec=spec, unit=unit, tax_rate="0.13", list_price="80")["code"]
        for spec in ("50 g", "100 g")
    }
    company.go(page, "/safety-stocks/add")
    picker = page.locator("#f-product")
    picker.fill("白毫银针")
    options = page.locator(".option:not(.option-extra)")
    expect(options).to_have_count(2)
    expect(options.nth(1)).to_contain_text(codes["100 g"])
    expect(options.nth(1)).to_contain_text("100 g")
    options.nth(1).click()
    chosen = f"{codes['100 g']} 白毫银针 100 g"
    expect(picker).to_have_value(chosen)
    page.locator("#f-warehouse").fill("Main warehouse")
    page.locator("#f-minimum").fill("5")
    page.locator("[data-submit]").click()
    page.wait_for_url(re.compile(r"/safety-stocks/show/\d+$"))
    company.go(page, page.url.removeprefix(company.url).replace("show", "edit"))
    expect(picker).to_have_value(chosen)


def test_a_line_whose_text_names_nothing_is_not_dropped(company: Company, console: Page) -> None:
    page = console
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    company.go(page, f"/stock-adjustments/edit/{company.rows['draft']['id']}")
    page.locator("[data-line-add]").click()
    page.evaluate("text => navigator.clipboard.writeText(text)", "no such tea\t3\t8\nnor this\t4\t9\n")
    page.keyboard.press("ControlOrMeta+v")
    wrong = page.locator(".line-cell [aria-invalid=true]")
    expect(wrong).to_have_count(2)
    expect(page.locator("#lines-1-product")).to_have_value("no such tea")
    page.keyboard.press("ControlOrMeta+s")
    expect(page.locator("#lines-1-product")).to_be_focused()
    assert "/edit/" in page.url
    expect(page.locator(".line-cell .field-error").first).to_contain_text("“no such tea” was not found")

    # A line that holds such a text and nothing else is a line, too.
    for column in ("quantity", "unit_cost"):
        page.locator(f"#lines-1-{column}").fill("")
    page.locator("#lines-2-product").locator("xpath=ancestor::tr").locator("[data-line-remove]").click()
    page.keyboard.press("ControlOrMeta+s")
    expect(page.locator("#lines-1-product")).to_be_focused()
    expect(page.locator("#lines-1-product")).to_have_value("no such tea")


def test_a_filter_by_what_is_not_there_is_not_applied(company: Company, console: Page) -> None:
    page = console
    company.go(page, "/contacts/list/")
    begin_filter(page, "Customer")
    picker = page.locator("[data-filter-value] [role=combobox]")
    picker.fill("zzzz")
    page.get_by_role("button", name="Apply").press("Enter")  # the list may lie over it
    expect(page.locator("[data-filter-value] .field-error")).to_contain_text("“zzzz” was not found")
    expect(picker).to_be_focused()
    assert page.url.endswith("/contacts/list/")


def test_among_many_what_is_not_there_stays_and_is_not_sent(company: Company, console: Page) -> None:
    page = console
    company.add("roles", name="Night watch")
    company.go(page, "/users/add")
    page.locator("#f-username").fill("ann")
    roles = page.locator("#f-roles")
    roles.fill("zzzz")
    page.keyboard.press("ControlOrMeta+s")
    expect(roles).to_be_focused()
    expect(roles).to_have_value("zzzz")
    expect(page.locator(".field-multipicker .field-error")).to_contain_text("“zzzz” was not found")
    roles.fill("night")
    expect(page.locator(".option:not(.option-extra)")).to_have_count(1)
    roles.press("Enter")
    expect(page.locator(".field-multipicker .token")).to_have_text("Night watch")
    roles.fill("Day watch")
    page.locator(".option-extra", has_text="New role “Day watch”").click()
    page.locator("dialog.quick [type=submit]").click()
    expect(page.locator(".field-multipicker .token")).to_have_text(["Night watch", "Day watch"])
    expect(roles).to_be_focused()
    expect(page.locator(".field-multipicker .field-error")).to_have_count(0)


def test_what_is_lacking_is_made_in_place(company: Company, console: Page) -> None:
    """In a form, in a cell of a line grid and refused first; by keyboard alone."""
    page = console
    company.go(page, "/contacts/add")
    page.locator("#f-customer").press_sequentially("Kangaroo & Sons")
    made = page.locator(".option-extra")
    expect(page.locator("[role=listbox]")).to_contain_text("Nothing matches")
    expect(made).to_have_text("New customer “Kangaroo & Sons”")
    expect(made).to_have_attribute("aria-selected", "true")
    page.keyboard.press("Enter")
    dialog = page.locator("dialog.quick")
    expect(dialog).to_contain_text("New customer")
    name = dialog.locator("#q-name")
    expect(name).to_have_value("Kangaroo & Sons")
    # What is being made is not missed meanwhile.
    expect(page.locator("form[data-form] .field-error")).to_have_count(0)
    name.fill("")
    page.keyboard.press("Enter")
    expect(name).to_be_focused()
    expect(dialog.locator("#q-name-error")).to_be_visible()
    page.keyboard.type("Kangaroo & Daughters")
    page.keyboard.press("Control+s")
    expect(dialog).to_have_count(0)
    picker = page.locator("#f-customer")
    expect(picker).to_be_focused()
    expect(picker).to_have_value(re.compile(r"^C\d+ Kangaroo & Daughters$"))
    expect(page.locator(".field-picker .field-error")).to_have_count(0)
    key = page.locator("input[name=customer]").input_value()
    assert company.call("GET", f"customers/{key}")["result"]["name"] == "Kangaroo & Daughters"
    # What is chosen is opened from its picker.
    page.keyboard.press("F4")
    expect(made.last).to_contain_text("in a new tab")
    expect(page.locator(".option[aria-selected=true]")).to_contain_text("Kangaroo & Daughters")
    page.keyboard.press("Control+End")
    with page.context.expect_page() as opened:
        page.keyboard.press("Enter")
    expect(opened.value.locator("h1")).to_contain_text("Kangaroo & Daughters")
    opened.value.close()
    expect(picker).to_have_value(re.compile("Kangaroo & Daughters$"))

    company.go(page, f"/stock-adjustments/edit/{company.rows['draft']['id']}")
    page.locator("[data-line-add]").click()
    page.keyboard.type("Brick tea")
    expect(made).to_have_text("New product “Brick tea”")
    page.keyboard.press("Enter")
    dialog.locator("#q-unit").fill("kg")
    expect(page.locator(".option:not(.option-extra)")).to_have_count(1)
    page.keyboard.press("Enter")
    dialog.locator("#q-tax_rate").fill("0.13")
    dialog.locator("#q-list_price").fill("9")
    page.keyboard.press("Enter")
    expect(dialog).to_have_count(0)
    expect(page.locator("#lines-1-product")).to_be_focused()
    expect(page.locator("#lines-1-product")).to_have_value(re.compile(r"^P\d+ Brick tea$"))
    page.keyboard.press("Control+z")
    expect(page.locator("#lines-1-product")).to_have_value("Brick tea")
    expect(page.locator("input[name=lines-1-product]")).to_have_value("")
