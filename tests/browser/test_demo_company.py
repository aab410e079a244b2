"""The demo company's own pages: names in two languages, long sentences and many rows are cut nowhere."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Page

from tests.browser import eyes
from tests.browser.company import Company

PAGES = (
    "/",
    "/week/",
    "/team/",
    "/customers/show/1",
    "/customers/merge/1?other=2",
    "/customers/look/quality",
    "/contact-records/list/",
    "/stock-balances/list/",
    "/stock-entries/list/",
    "/warehouses/show/1",
    "/weekly-plans/list/",
    "/reviews/list/",
    "/notices/list/",
    "/outbox-mails/list/",
    "/opportunities/show/1",
)


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Company]:
    """A server with the demo company."""
    company = Company(tmp_path_factory.mktemp("demo"))
    company.server.arguments = ("--demo", "--no-jobs")
    company.start()
    yield company
    company.server.stop()


@pytest.mark.sweep
def test_nothing_is_cut(demo: Company, page: Page) -> None:
    demo.enter(page)
    faults = {}
    for path in PAGES:
        demo.go(page, path)
        for size in eyes.SIZES:
            eyes.resize(page, size)
            if found := eyes.read(page) + eyes.breadth(page):
                faults[path, size] = found
    assert faults == {}
