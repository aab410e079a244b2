"""A server with a small company for each file of tests, and pages that are logged in to it."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Page

from tests.browser.company import Company


@pytest.fixture(scope="module")
def empty_company(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Company]:
    """A server as it is after its first start."""
    company = Company(tmp_path_factory.mktemp("company"))
    company.start()
    yield company
    company.server.stop()


@pytest.fixture(scope="session")
def _filled(tmp_path_factory: pytest.TempPathFactory) -> Company:
    company = Company(tmp_path_factory.mktemp("filled"))
    company.start()
    company.fill()
    company.server.stop()
    return company


@pytest.fixture(scope="module")
def company(_filled: Company, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Company]:
    """A server with customers, goods, stock and plans."""
    company = _filled.copy(tmp_path_factory.mktemp("company"))
    company.start()
    yield company
    company.server.stop()


@pytest.fixture
def console(company: Company, page: Page) -> Page:
    """A page for the administrator, in English; nothing is open yet."""
    company.enter(page)
    return page
