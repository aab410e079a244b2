"""The warehouse on either database."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.ledger import events, figures
from tests.ledger.warehouse import at_work, build
from tests.support.postgres import Postgres

DATABASES = ("sqlite", "postgresql")


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("ledger") / "template.db"
    with at_work(f"sqlite:///{path}"):
        build()
    return path


@pytest.fixture(scope="session")
def postgres_template(postgres: Postgres) -> str:
    url = postgres.make_database()
    with at_work(url):
        build()
    return url


@pytest.fixture(params=DATABASES)
def url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """A database with the warehouse in it, once on SQLite and once on PostgreSQL."""
    if request.param == "sqlite":
        shutil.copy(request.getfixturevalue("sqlite_template"), tmp_path / "kehu.db")
        yield f"sqlite:///{tmp_path / 'kehu.db'}"
        return
    server = request.getfixturevalue("postgres")
    address = server.make_database(template=request.getfixturevalue("postgres_template"))
    yield address
    server.drop_database(address)


@pytest.fixture
def work(url: str) -> Iterator[str]:
    """The system at work in the warehouse; the address of the database."""
    with at_work(url):
        yield url


@pytest.fixture(autouse=True)
def _alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody from above listens or contributes, unless a test says so."""
    monkeypatch.setattr(events, "_critical", {})
    monkeypatch.setattr(
        events,
        "_checks",
        {name: check for name, check in events._checks.items() if name.startswith("app.ledger.")},
    )
    monkeypatch.setattr(figures, "_registered", {name: {} for name in figures.NAMES})
