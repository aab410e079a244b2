"""Every page of the console, on a desk and on a phone: it fits, no script fails, and no other host is asked."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, ViewportSize

from app.core.web.view import EntityView
from app.views import CONSOLE
from tests.browser.company import Company
from tests.support.browser import open_page

SIZES = {"phone": ViewportSize(width=390, height=844), "desk": ViewportSize(width=1440, height=900)}
VIEWS = [view for section in CONSOLE for view in section.views]
SOME = [view for section in CONSOLE for view in section.views[:2]]


def pages_of(company: Company, view: type[EntityView]) -> Iterator[str]:
    """The list, the form and the import of a view, and the page of its newest row."""
    resource = view.model.resource
    yield f"/{resource}/list/"
    if "add" in view.operations():
        yield f"/{resource}/add"
    if "import" in view.operations():
        yield f"/{resource}/import"
    rows = company.call("GET", f"{resource}/")["result"]
    if rows:
        yield f"/{resource}/show/{rows[0]['id']}"
        if "edit" in view.operations() and rows[0].get("state") in (None, "draft"):
            yield f"/{resource}/edit/{rows[0]['id']}"


@pytest.fixture(scope="module")
def logged_in(company: Company, browser: Browser) -> Iterator[Page]:
    """One page for all."""
    with open_page(browser) as page:
        company.log_in(page)
        yield page


def look(company: Company, page: Page, path: str) -> list[str]:
    """What is wrong with a page in any size, in words.  It is loaded on a phone, and once more made wide."""
    wrong: list[str] = []
    page.set_viewport_size(SIZES["phone"])
    page.on("console", note := lambda said: wrong.append(said.text) if said.type in ("error", "warning") else None)
    answer = page.goto(f"{company.url}{path}")
    assert answer is not None
    if answer.status != 200:
        wrong.append(f"answered {answer.status}")
    for name, size in SIZES.items():
        page.set_viewport_size(size)
        width = page.evaluate("document.documentElement.scrollWidth")
        if width > size["width"]:
            wrong.append(f"{width} px wide on a {name}: {page.evaluate(WIDEST)}")
    if page.locator("h1").count() != 1:
        wrong.append(f"{page.locator('h1').count()} headings of the first rank")
    page.remove_listener("console", note)
    return [f"{path}: {each}" for each in wrong]


# What reaches beyond the window, for who has to mend it.
WIDEST = """() => [...document.querySelectorAll("main *")]
    .filter((element) => element.getBoundingClientRect().right > innerWidth + 1 && !element.closest(".table-wrap"))
    .slice(0, 3)
    .map((element) => `${element.tagName}.${element.className}`)
    .join(", ")"""


@pytest.mark.parametrize("view", VIEWS, ids=lambda view: view.model.resource)
def test_every_page_of_a_view(company: Company, logged_in: Page, view: type[EntityView]) -> None:
    wrong = [each for path in pages_of(company, view) for each in look(company, logged_in, path)]
    assert wrong == []


def test_the_other_pages(company: Company, logged_in: Page) -> None:
    roles = company.call("GET", "roles/")["result"]
    paths = ["/", "/account/password", f"/role-permissions/{roles[-1]['id']}"]
    assert [each for path in paths for each in look(company, logged_in, path)] == []


def test_in_chinese_and_in_the_dark(company: Company, browser: Browser) -> None:
    with open_page(browser, "zh-CN") as page:
        page.emulate_media(color_scheme="dark")
        wrong = look(company, page, "/login/")
        company.log_in(page)
        for view in SOME:
            for path in pages_of(company, view):
                wrong += look(company, page, path)
        assert wrong == []
        ground = page.evaluate("getComputedStyle(document.body).backgroundColor")
        assert sum(int(each) for each in ground.strip("rgb()").split(",")[:3]) < 200, ground
