"""The fixtures that know nothing of Kehu's domains: servers around it, and Kehu itself as a process."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.support.postgres import Postgres
from tests.support.server import LiveServer
from tests.support.smtp import SmtpServer

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """This process's PostgreSQL server: `postgres.make_database()` gives an address."""
    server = Postgres()
    yield server
    server.stop()


@pytest.fixture
def postgres_url(postgres: Postgres) -> Iterator[str]:
    """The address of an empty PostgreSQL database, dropped after the test."""
    url = postgres.make_database()
    yield url
    postgres.drop_database(url)


@pytest.fixture
def smtp() -> Iterator[SmtpServer]:
    """An SMTP server: `.url`, `.messages`, `.refuse_next(n)`."""
    server = SmtpServer()
    yield server
    server.stop()


@pytest.fixture(scope="session")
def browser() -> Iterator["Browser"]:
    """This process's Chromium."""
    from tests.support.browser import open_browser

    with open_browser() as browser:
        yield browser


@pytest.fixture
def page(browser: "Browser") -> Iterator["Page"]:
    """A page of the browser, in English, with cookies of its own; a script that fails fails the test."""
    from tests.support.browser import open_page

    with open_page(browser) as page:
        yield page


@pytest.fixture
def start_server(tmp_path: Path) -> Iterator[Callable[..., LiveServer]]:
    """Starts Kehu servers: `start_server(KEHU_SMTP_URL=smtp.url)`; they end with the test."""
    servers: list[LiveServer] = []

    def start(*arguments: str, **env: str | None) -> LiveServer:
        server = LiveServer(tmp_path / f"server-{len(servers) + 1}", env, arguments)
        servers.append(server)
        return server.start()

    yield start
    for server in servers:
        server.stop()


@pytest.fixture(scope="session")
def live_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    """One Kehu server with an empty company on SQLite, shared by this process: `.url`, `.password`."""
    with LiveServer(tmp_path_factory.mktemp("live-server")) as server:
        yield server
