"""A company at work, on a database of its own for each test."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask

from tests.jobs.company import at_work, build, make_app
from tests.support.postgres import Postgres


@pytest.fixture(scope="session")
def jobs_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("jobs") / "template.db"
    with at_work(make_app(f"sqlite:///{path}")):
        build()
    return path


@pytest.fixture(scope="session")
def jobs_postgres_template(postgres: Postgres) -> str:
    url = postgres.make_database()
    with at_work(make_app(url)):
        build()
    return url


@pytest.fixture
def sqlite_url(jobs_template: Path, tmp_path: Path) -> str:
    """The address of a database with the company in it, on SQLite."""
    shutil.copy(jobs_template, tmp_path / "kehu.db")
    return f"sqlite:///{tmp_path / 'kehu.db'}"


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest) -> Iterator[str]:
    """The same, once on each database."""
    if request.param == "sqlite":
        yield request.getfixturevalue("sqlite_url")
        return
    server: Postgres = request.getfixturevalue("postgres")
    address = server.make_database(template=request.getfixturevalue("jobs_postgres_template"))
    yield address
    server.drop_database(address)


@pytest.fixture
def company(sqlite_url: str) -> Iterator[Flask]:
    """The company on SQLite, with the system at work."""
    with at_work(make_app(sqlite_url)) as application:
        yield application


@pytest.fixture
def either(url: str) -> Iterator[Flask]:
    """The company on each database, with the system at work."""
    with at_work(make_app(url)) as application:
        yield application
