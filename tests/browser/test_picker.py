"""Pickers: what typing offers, and what the keys do, in a form and in a filter."""

import re

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.company import Company


@pytest.fixture
def picker(company: Company, console: Page) -> Locator:
    """The customer's picker in a new contact's form."""
    company.go(console, "/contacts/add")
    return console.locator("#f-customer")


def test_pinyin_offers_the_customer_and_enter_chooses(picker: Locator, company: Company) -> None:
    page = picker.page
    picker.press_sequentially("bjkj")
    option = page.locator("[role=option]")
    expect(option).to_have_count(1)
    expect(option).to_contain_text("北京科技有限公司")
    expect(picker).to_have_attribute("aria-expanded", "true")
    expect(picker).to_have_attribute("aria-activedescendant", re.compile(r"."))
    picker.press("Enter")
    expect(page.locator("[role=listbox]")).to_have_count(0)
    expect(picker).to_have_value(re.compile("北京科技有限公司"))
    expect(page.locator("input[name=customer]")).to_have_value(str(company.rows["customer"]["id"]))
    assert page.url.endswith("/contacts/add"), "Enter chooses, and does not send the form"


def test_escape_closes_and_leaves_what_was_chosen(picker: Locator) -> None:
    page = picker.page
    picker.press_sequentially("bjkj")
    expect(page.locator("[role=option]")).to_have_count(1)
    picker.press("Enter")
    chosen = picker.input_value()
    picker.fill("shanghai")
    expect(page.locator("[role=option]").first).to_contain_text("Shanghai")
    picker.press("Escape")
    expect(page.locator("[role=listbox]")).to_have_count(0)
    expect(picker).to_have_value(chosen)


def test_the_arrows_move_and_nothing_matches_is_said(picker: Locator) -> None:
    page = picker.page
    picker.press("ArrowDown")
    options = page.locator("[role=option]")
    expect(options).to_have_count(4)
    expect(options.nth(0)).to_have_attribute("aria-selected", "true")
    picker.press("ArrowDown")
    expect(options.nth(1)).to_have_attribute("aria-selected", "true")
    picker.fill("nobody at all")
    expect(page.locator("[role=listbox]")).to_contain_text("Nothing matches")
    picker.press("Enter")
    assert page.url.endswith("/contacts/add")
    picker.press("Tab")
    expect(picker).to_have_value("")


def test_clearing(picker: Locator) -> None:
    page = picker.page
    picker.press_sequentially("bjkj")
    expect(page.locator("[role=option]")).to_have_count(1)
    picker.press("Enter")
    page.locator(".field-picker", has=picker).locator(".picker-clear").click()
    expect(picker).to_have_value("")
    expect(page.locator("input[name=customer]")).to_have_value("")
    expect(page.locator(".picker-clear:visible")).to_have_count(0)


def test_emptied_by_the_keyboard(picker: Locator) -> None:
    page = picker.page
    picker.press_sequentially("bjkj")
    expect(page.locator("[role=option]")).to_have_count(1)
    picker.press("Enter")
    picker.press("ControlOrMeta+a")
    picker.press("Delete")
    picker.press("Tab")
    expect(picker).to_have_value("")
    expect(page.locator("input[name=customer]")).to_have_value("")


def test_in_a_filter(company: Company, console: Page) -> None:
    page = console
    company.go(page, "/contacts/list/")
    page.get_by_text("Add filter").click()
    page.locator("#filter-field").select_option("customer")
    picker = page.locator("[data-filter-value] [role=combobox]")
    picker.press_sequentially("bjkj")
    expect(page.locator("[role=option]")).to_contain_text("北京科技有限公司")
    picker.press("Enter")
    expect(page.locator("[role=listbox]")).to_have_count(0)
    page.get_by_role("button", name="Apply").click()
    expect(page.locator(".chip")).to_contain_text("北京科技有限公司")
    expect(page.locator("tbody tr")).to_have_count(1)
