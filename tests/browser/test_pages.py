"""Every page of the console, in both languages and themes, on a desk and on a phone: it fits, nothing on it is cut,
covered or untranslated, axe-core finds nothing grave, no script fails and no other host is asked.

A page is loaded once in each language; sizes and themes are changed where it stands.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from app.core.web.view import EntityView
from app.views import CONSOLE
from tests.browser import eyes
from tests.browser.company import Company
from tests.support.browser import open_page
from tests.support.sweep import swept

VIEWS = [view for section in CONSOLE for view in section.views]
OPENERS = "summary, [aria-haspopup=dialog], [data-drawer-open]"
# What lies over a page once it is opened.
OPENED = "dialog[open], details[data-menu][open] > .menu-panel"


def pages_of(company: Company, view: type[EntityView]) -> Iterator[str]:
    """The list, the form and the import of a view, and the pages of its newest row."""
    resource, operations = view.model.resource, view.operations()
    yield f"/{resource}/list/"
    if view.board is not None:
        yield f"/{resource}/board/"
    if "add" in operations:
        yield f"/{resource}/add"
    if "import" in operations:
        yield f"/{resource}/import"
    for row in company.call("GET", f"{resource}/")["result"][:1]:
        yield f"/{resource}/show/{row['id']}"
        if "edit" in operations and row.get("state") in (None, "draft"):
            yield f"/{resource}/edit/{row['id']}"
        if "cancel" in operations and view.model.workflow is not None:
            yield f"/{resource}/cancel/{row['id']}"


def texts(value: Any) -> Iterator[str]:
    """The texts in what the API answered."""
    if isinstance(value, dict):
        for each in value.values():
            yield from texts(each)
    elif isinstance(value, list):
        for each in value:
            yield from texts(each)
    elif isinstance(value, str) and any(letter.isalpha() for letter in value):
        yield value


@pytest.fixture(scope="module")
def data(company: Company) -> list[str]:
    """Every text that the company has entered, the longest first: what may be English on a Chinese page."""
    found: set[str] = set()
    for view in VIEWS:
        found |= set(texts(company.call("GET", f"{view.model.resource}/?q=(page_size:100)")["result"]))
    return sorted(found, key=len, reverse=True)


def logged_in(company: Company, browser: Browser, locale: str) -> Iterator[Page]:
    """One page for all, in a language."""
    with open_page(browser, locale) as page:
        page.emulate_media(reduced_motion="reduce")  # a theme is changed at once
        company.log_in(page)
        yield page


@pytest.fixture(scope="module")
def english(company: Company, browser: Browser) -> Iterator[Page]:
    yield from logged_in(company, browser, "en-US")


@pytest.fixture(scope="module")
def chinese(company: Company, browser: Browser) -> Iterator[Page]:
    yield from logged_in(company, browser, "zh-CN")


def go(company: Company, page: Page, path: str, status: int = 200) -> list[str]:
    """Open a page; what is wrong with it at first sight, in words."""
    wrong: list[str] = []
    page.on("console", note := lambda said: wrong.append(said.text) if said.type in ("error", "warning") else None)
    answer = page.goto(f"{company.url}{path}")
    page.remove_listener("console", note)
    assert answer is not None
    wrong = [each for each in wrong if status == 200 or "the server responded with a status" not in each]
    if answer.status != status:
        wrong.append(f"answered {answer.status}")
    if page.locator("h1").count() != 1:
        wrong.append(f"{page.locator('h1').count()} headings of the first rank")
    return wrong


def examine(page: Page, frame: bool = True) -> list[str]:
    """What is wrong with the page as it stands, in any theme and size; axe leaves out the ``frame`` unless told."""
    eyes.resize(page, "desk")
    eyes.dress(page, "light")
    wrong = eyes.axe(page, frame=frame) + eyes.read(page)
    eyes.dress(page, "dark")
    wrong += [f"dark: {each}" for each in eyes.axe(page, rules=["color-contrast"], frame=frame)]
    eyes.resize(page, "phone")
    return wrong + [f"phone: {each}" for each in eyes.read(page) + eyes.breadth(page)]


def examine_chinese(page: Page, data: list[str]) -> list[str]:
    """The same of a page in Chinese, whose colours have been looked at in English; and whether it is Chinese."""
    eyes.resize(page, "phone")
    wrong = [f"phone: {each}" for each in eyes.read(page) + eyes.breadth(page)]
    eyes.resize(page, "desk")
    return wrong + eyes.read(page, words=True, data=data)


def look(
    company: Company, english: Page, chinese: Page, data: list[str], path: str, status: int = 200, frame: bool = True
) -> list[str]:
    """What is wrong with a page, in words."""
    eyes.resize(english, "desk")
    wrong = [f"en {path}: {each}" for each in go(company, english, path, status) + examine(english, frame)]
    wrong += [f"zh {path}: {each}" for each in go(company, chinese, path, status) + examine_chinese(chinese, data)]
    return wrong


@pytest.mark.parametrize("view", swept(VIEWS, lambda view: view.model.resource), ids=lambda view: view.model.resource)
def test_every_page_of_a_view(
    company: Company, english: Page, chinese: Page, data: list[str], view: type[EntityView]
) -> None:
    wrong = []
    for place, path in enumerate(pages_of(company, view)):
        # The frame is the same on all of them.
        wrong += look(company, english, chinese, data, path, frame=place == 0)
    assert wrong == []


@pytest.mark.parametrize(
    "path", [*(page.url for section in CONSOLE for page in section.pages), "/week/?week=2026-01-05"]
)
def test_every_page_of_the_map(company: Company, english: Page, chinese: Page, data: list[str], path: str) -> None:
    assert look(company, english, chinese, data, path) == []


def test_the_other_pages(company: Company, english: Page, chinese: Page, data: list[str]) -> None:
    roles = company.call("GET", "roles/")["result"]
    customer = company.rows["customer"]["id"]
    paths = [
        "/",
        "/account/password",
        "/account/notices/",
        f"/role-permissions/{roles[-1]['id']}",
        f"/customers/visible-to/{customer}",
        "/customers/list/?q=nobody",
        "/customers/list/?f=status:eq:active&o=-name",
    ]
    wrong = [each for path in paths for each in look(company, english, chinese, data, path)]
    wrong += look(company, english, chinese, data, "/customers/show/987654", status=404)
    assert wrong == []


def test_before_one_has_logged_in(company: Company, browser: Browser, data: list[str]) -> None:
    wrong = []
    with open_page(browser) as english, open_page(browser, "zh-CN") as chinese:
        for page in (english, chinese):
            page.emulate_media(reduced_motion="reduce")
        wrong += look(company, english, chinese, data, "/login/")
        for page in (english, chinese):
            eyes.resize(page, "desk")
            page.fill("#username", "nobody")
            page.fill("#password", "nothing")
            page.click("[data-submit]")
            page.locator("[role=alert], .banner, .field-error").first.wait_for()
        wrong += examine(english) + examine_chinese(chinese, data)
    assert wrong == []


def test_what_somebody_with_a_role_sees(company: Company, browser: Browser, data: list[str]) -> None:
    """A shorter menu, a start page of one's own, and the page that says that something is not allowed."""
    role = next(each for each in company.call("GET", "roles/")["result"] if each["name"] == "Salesperson")
    user = {"username": "ann", "first_name": "Ann", "last_name": "Lee", "email": "ann@example.com", "active": True}
    company.call("POST", "security/users/", user | {"password": "correct horse", "roles": [role["id"]]})
    wrong = []
    with open_page(browser) as english, open_page(browser, "zh-CN") as chinese:
        for page in (english, chinese):
            page.emulate_media(reduced_motion="reduce")
            company.log_in(page, "ann", "correct horse")
        for path, status in (("/", 200), ("/customers/list/", 200), ("/users/list/", 403)):
            wrong += look(company, english, chinese, [*data, "Ann Lee"], path, status)
    assert wrong == []


@pytest.mark.parametrize("kind", ["list", "record", "form"])
def test_what_opens_is_as_good_and_gives_the_focus_back(
    company: Company, english: Page, chinese: Page, data: list[str], kind: str
) -> None:
    """Every menu and dialog of a page: opened by a key, looked at, shut by Escape."""
    path = {
        "list": "/customers/list/",
        "record": f"/stock-adjustments/show/{company.rows['opening']['id']}",
        "form": f"/weekly-plans/edit/{company.rows['plan']['id']}",
    }[kind]
    wrong: list[str] = []
    for page in (english, chinese):
        eyes.resize(page, "desk")
        eyes.dress(page, "light")
        go(company, page, path)
        openers = page.locator(OPENERS)
        for index in range(openers.count()):
            opener = openers.nth(index)
            if not opener.is_visible() or opener.evaluate(
                "each => each.closest('[data-sidebar], .row-actions') !== null"
            ):
                continue
            name = f"{page.locator('html').get_attribute('lang')} {opener.inner_text().strip() or opener.get_attribute('title')}"
            opener.focus()
            page.keyboard.press("Enter")
            opened = page.locator(OPENED)
            if not opened.count():
                page.keyboard.press("Escape")
                continue
            wrong += [f"{name}: {each}" for each in eyes.read(page, page is chinese, data)]
            if page is english:
                wrong += [f"{name}: {each}" for each in eyes.axe(page, OPENED)]
                eyes.dress(page, "dark")
                wrong += [f"{name}, dark: {each}" for each in eyes.axe(page, OPENED, ["color-contrast"])]
                eyes.dress(page, "light")
            page.keyboard.press("Escape")
            expect(page.locator(OPENED)).to_have_count(0)
            if not opener.evaluate("each => each === document.activeElement"):
                wrong.append(
                    f"{name}: the focus is on {page.evaluate('document.activeElement.outerHTML.slice(0, 80)')}"
                )
    assert wrong == []


def test_rows_that_are_chosen_and_changed_together(
    company: Company, english: Page, chinese: Page, data: list[str]
) -> None:
    wrong = []
    for page in (english, chinese):
        eyes.resize(page, "desk")
        eyes.dress(page, "light")
        go(company, page, "/customers/list/")
        page.locator("[data-pick-all]").check()
        wrong += eyes.read(page, page is chinese, data) + eyes.axe(page, ".table-frame")
        page.locator("[form=bulk][formaction*='bulk-edit']").first.click()
        page.wait_for_url("**/bulk-edit")
        wrong += examine(page) if page is english else examine_chinese(page, data)
    assert wrong == []
