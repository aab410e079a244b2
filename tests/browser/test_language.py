"""English and Chinese: what the browser asks for, what is chosen, and that it stays."""

from playwright.sync_api import Browser, Page, expect

from tests.browser.company import Company
from tests.support.browser import open_page


def choose(page: Page, locale: str) -> None:
    page.locator("details:has(button[name=locale]) > summary").click()
    page.locator(f"button[name=locale][value^={locale}]").click()
    page.wait_for_load_state()


def test_a_chinese_browser_gets_chinese_pages(company: Company, browser: Browser) -> None:
    with open_page(browser, "zh-CN") as page:
        page.goto(f"{company.url}/login/")
        expect(page.locator("html")).to_have_attribute("lang", "zh")
        expect(page.locator("[data-submit]")).to_have_text("登录")
        company.log_in(page)
        company.go(page, "/customers/list/")
        expect(page.locator("h1")).to_have_text("客户")
        company.go(page, "/customers/add")
        expect(page.locator("label[for=f-name]")).to_contain_text("名称")


def test_switching_works_and_stays(company: Company, page: Page) -> None:
    page.goto(f"{company.url}/login/")
    expect(page.locator("[data-submit]")).to_have_text("Log in")
    choose(page, "zh")
    expect(page.locator("[data-submit]")).to_have_text("登录")
    company.log_in(page)  # what was chosen outlasts logging in
    company.go(page, "/products/list/?q=longjing")
    expect(page.locator("h1")).to_have_text("商品")
    choose(page, "en")
    assert page.url.endswith("/products/list/?q=longjing"), "one stays where one was"
    expect(page.locator("h1")).to_have_text("Products")
    page.goto(company.url)
    expect(page.locator("html")).to_have_attribute("lang", "en")


def test_what_a_user_chose_is_kept_for_the_next_browser(company: Company, browser: Browser, page: Page) -> None:
    company.log_in(page)
    choose(page, "zh")
    with open_page(browser, "en-US") as other:
        company.log_in(other)
        expect(other.locator("html")).to_have_attribute("lang", "zh")
        choose(other, "en")
        expect(other.locator("html")).to_have_attribute("lang", "en")
