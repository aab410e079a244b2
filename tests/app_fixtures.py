"""The application in a test: a fresh database for each test, the cast, and clients that act as one of them.

The cast: Ann sells, Bob is her manager, Cleo sells in another team, Wei keeps the warehouse, Fang keeps the books, Lin
buys; Dora directs, Otto audits, and ``admin`` administers.
"""

from __future__ import annotations

import contextlib
import shutil
import sqlite3
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote

import prison
import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient
from flask_appbuilder.security.sqla.models import Role, User
from werkzeug.security import generate_password_hash

from app import create_app, security, setup
from app.core import crud, db, identity
from app.core.entity import entity_for
from config import Settings
from tests.support.postgres import Postgres

PASSWORD = "correct horse"
QUICK_HASH = "pbkdf2:sha256:1"
PROOF_LASTS = 20 * 60  # seconds; a token is good for an hour
CAST = {
    # username: (first name, last name, role, department)
    "ann": ("Ann", "Lee", "Salesperson", "Sales north"),
    "bob": ("Bob", "Ito", "Sales manager", "Sales north"),
    "cleo": ("Cleo", "Roy", "Salesperson", "Sales south"),
    "wei": ("伟", "王", "Warehouse keeper", "Logistics"),
    "fang": ("芳", "李", "Accountant", "Finance"),
    "lin": ("Lin", "Wu", "Purchaser", "Logistics"),
    "dora": ("Dora", "Key", "Director", "Company"),
    "otto": ("Otto", "Bay", "Auditor", "Company"),
}


def settings_for(folder: Path, url: str = "", **values: Any) -> Settings:
    """Settings of a test's application in ``folder``."""
    extra = {"TESTING": False, "PROPAGATE_EXCEPTIONS": False}
    given = {
        "admin_password": PASSWORD,
        "secret_key": "a key for tests, long enough for a signature",
        "run_jobs": False,
        "timezone": "Asia/Shanghai",
    }
    return Settings(data_dir=folder, database_url=url, extra=extra, **{**given, **values})


def fill_cast() -> None:
    """Put the cast into an empty company.  In a transaction, as the system."""
    roles = {role.name: role for role in db.session.scalars(sa.select(Role))}
    users = {}
    for name, (first, last, role, _department) in CAST.items():
        user = User(username=name, first_name=first, last_name=last, email=f"{name}@example.com", active=True)
        user.password = generate_password_hash(PASSWORD, method=QUICK_HASH)
        user.roles = [roles[role]]
        db.session.add(user)
        users[name] = user
    admin = db.session.scalars(sa.select(User).where(User.username == "admin")).one()
    admin.password = generate_password_hash(PASSWORD, method=QUICK_HASH)
    db.session.flush()
    make = {name: entity_for(name) for name in ("departments", "employees")}
    company = crud.create(make["departments"], {"name": "Company", "manager": users["dora"].id})
    departments = {"Company": company}
    for name, manager in (("Sales north", "bob"), ("Sales south", None), ("Logistics", None), ("Finance", None)):
        data = {"name": name, "parent": company.id, "manager": users[manager].id if manager else None}
        departments[name] = crud.create(make["departments"], data)
    for name, (_first, _last, _role, department) in CAST.items():
        crud.create(make["employees"], {"user": users[name].id, "department": departments[department].id})


def prepare(app: Flask) -> None:
    """Set up the database of ``app`` with the cast in it."""
    with app.app_context():
        setup.prepare()
        with db.transaction(identity.system()):
            fill_cast()
        db.db.engine.dispose()


@dataclass
class Running:
    """An application and the file it is brought back to before each test."""

    app: Flask
    folder: Path
    template: Path
    current: Path = Path()  # the template that the database began as
    also: tuple[str, ...] = ()  # whom it knows besides the cast
    known: dict[tuple[Path, str, str], tuple[float, str]] = field(default_factory=dict)

    def reset(self, template: Path | None = None, also: tuple[str, ...] = ()) -> None:
        """Make the database as it was after set-up, or as it is in another ``template``, which knows ``also`` these
        users.
        """
        self.current, self.also = template or self.template, also
        with self.app.app_context():
            db.session.remove()
            db.db.engine.dispose()
        self.renew()
        for name in ("files", "uploads"):
            shutil.rmtree(self.folder / name, ignore_errors=True)

    def renew(self) -> None:
        """Put the template in the database's place; nobody is connected."""
        for name in ("kehu.db-wal", "kehu.db-shm"):
            (self.folder / name).unlink(missing_ok=True)
        shutil.copyfile(self.current, self.folder / "kehu.db")

    def keep(self, name: str) -> Path:
        """The database as it is now, as a template."""
        template = self.folder / name
        with self.app.app_context(), db.db.engine.connect() as connection:
            connection.exec_driver_sql("COMMIT")
            connection.exec_driver_sql(f"VACUUM INTO '{template}'")
            connection.exec_driver_sql("BEGIN")
        with contextlib.closing(sqlite3.connect(template)) as opened:
            opened.execute("PRAGMA journal_mode=WAL")  # as whoever opens a copy of it would make it each time
        return template


@dataclass
class RunningOnPostgres(Running):
    """The same on PostgreSQL: its database is a copy of another, under the same name each time."""

    server: Postgres | None = None
    url: str = ""

    def renew(self) -> None:
        """Put the template in the database's place, whoever is still connected to it."""
        assert self.server is not None
        self.server.renew_database(self.url, str(self.template))


def proof(app: Flask, kind: str, username: str, password: str, log_in: Callable[[], str]) -> str:
    """What proves who somebody is.  Whom the template knows need not log in again in each test that begins with it: the
    keys and the ids are the same, so that what another test was given is good here too.
    """
    running: Running | None = app.extensions.get("tests.running")
    if running is None or password != PASSWORD or username not in (*CAST, "admin", *running.also):
        return log_in()
    key, now = (running.current, kind, username), time.monotonic()
    if key not in running.known or now - running.known[key][0] > PROOF_LASTS:
        running.known[key] = (now, log_in())
    return running.known[key][1]


@pytest.fixture(scope="session")
def _running(tmp_path_factory: pytest.TempPathFactory) -> Running:
    folder = tmp_path_factory.mktemp("kehu")
    app = create_app(settings_for(folder))
    with app.app_context():
        # A crash of the machine may take it.
        sa.event.listen(db.db.engine, "connect", lambda raw, _record: raw.execute("PRAGMA synchronous=OFF"))
    prepare(app)
    running = Running(app, folder, folder / "template.db")
    running.keep("template.db")
    app.extensions["tests.running"] = running
    return running


@pytest.fixture
def app(_running: Running) -> Iterator[Flask]:
    """The application on SQLite, with a database that holds the cast and nothing else.  Not in a context: clients make
    their own.
    """
    _running.reset()
    yield _running.app
    with _running.app.app_context():
        db.session.remove()


@pytest.fixture(scope="session")
def _running_on_postgres(postgres: Postgres, tmp_path_factory: pytest.TempPathFactory) -> RunningOnPostgres:
    folder = tmp_path_factory.mktemp("kehu-pg")
    template = postgres.make_database()
    prepare(create_app(settings_for(folder, template)))
    url = postgres.make_database(template)
    app = create_app(settings_for(folder, url))
    running = RunningOnPostgres(app, folder, Path(template.rpartition("/")[2]), server=postgres, url=url)
    app.extensions["tests.running"] = running
    return running


@pytest.fixture
def postgres_app(_running_on_postgres: RunningOnPostgres) -> Iterator[Flask]:
    """The application on PostgreSQL, with the cast."""
    _running_on_postgres.reset()
    yield _running_on_postgres.app
    with _running_on_postgres.app.app_context():
        db.session.remove()
        db.db.engine.dispose()


@pytest.fixture(params=["sqlite", "postgresql"])
def any_app(request: pytest.FixtureRequest) -> Flask:
    """The application, once on each database."""
    return request.getfixturevalue("app" if request.param == "sqlite" else "postgres_app")  # type: ignore[no-any-return]


@contextlib.contextmanager
def acting(app: Flask, username: str | None = None) -> Iterator[Any]:
    """A request's context in which ``username`` (the system when None) acts; the session, committed at the end."""
    with app.test_request_context():
        db.set_reading(False)
        actor = identity.system()
        if username is not None:
            user = db.session.scalars(sa.select(User).where(User.username == username)).one()
            actor = security.load_actor(user)
            db.session.remove()
        with identity.acting_as(actor), db.transaction() as session:
            yield session


@pytest.fixture
def act(app: Flask) -> Callable[[str | None], contextlib.AbstractContextManager[Any]]:
    """``with act("ann"): …`` services and models as Ann; ``with act(None)`` as the system."""
    return lambda username=None: acting(app, username)


class Api:
    """An outside client of the API, logged in by token."""

    def __init__(self, app: Flask, username: str | None, password: str = PASSWORD) -> None:
        self.client: FlaskClient = app.test_client(use_cookies=False)
        self.headers: dict[str, str] = {}

        def log_in() -> str:
            answer = self.client.post(
                "/api/v1/security/login", json={"username": username, "password": password, "provider": "db"}
            )
            assert answer.status_code == 200, answer.text
            return str(answer.json["access_token"])  # type: ignore[index]

        if username is not None:
            self.headers = {"Authorization": f"Bearer {proof(app, 'token', username, password, log_in)}"}

    def request(self, method: str, path: str, body: Any = None, **options: Any) -> Any:
        """Any request; ``body`` is sent as JSON."""
        if body is not None:
            options["json"] = body
        return self.client.open(
            f"/api/v1/{path}", method=method, headers={**self.headers, **options.pop("headers", {})}, **options
        )

    def get(self, path: str, q: Any = None, **options: Any) -> Any:
        """GET, with ``q`` written as rison."""
        if q is not None:
            path += ("&" if "?" in path else "?") + "q=" + quote(prison.dumps(q))
        return self.request("GET", path, **options)

    def post(self, path: str, body: Any = None, **options: Any) -> Any:
        """POST."""
        return self.request("POST", path, body, **options)

    def put(self, path: str, body: Any = None, **options: Any) -> Any:
        """PUT."""
        return self.request("PUT", path, body, **options)

    def delete(self, path: str, **options: Any) -> Any:
        """DELETE."""
        return self.request("DELETE", path, **options)

    def add(self, resource: str, /, **fields: Any) -> dict[str, Any]:
        """A new row, as answered; fails the test when refused."""
        answer = self.post(f"{resource}/", fields)
        assert answer.status_code == 201, answer.text
        return answer.json["result"]  # type: ignore[no-any-return]

    def rows(self, resource: str, /, **q: Any) -> list[dict[str, Any]]:
        """The rows of a list."""
        answer = self.get(f"{resource}/", q or None)
        assert answer.status_code == 200, answer.text
        return answer.json["result"]  # type: ignore[no-any-return]

    def upload(self, resource: str, content: bytes, filename: str, **fields: str) -> Any:
        """An import."""
        import io

        data = {"file": (io.BytesIO(content), filename), **fields}
        return self.client.post(
            f"/api/v1/{resource}/import", data=data, headers=self.headers, content_type="multipart/form-data"
        )


class Pages:
    """A browser's client of the pages, without scripts: cookies, forms with their tokens."""

    def __init__(self, app: Flask, username: str | None, password: str = PASSWORD, locale: str = "en") -> None:
        self.client = app.test_client()
        self.locale = locale

        def log_in() -> str:
            answer = self.post("/login/", {"username": username, "password": password}, token_from="/login/")
            assert answer.status_code == 302, answer.text
            cookie = self.client.get_cookie("session")
            assert cookie is not None
            return cookie.value

        if username is not None:
            self.client.set_cookie("session", proof(app, f"cookie {locale}", username, password, log_in))

    def get(self, path: str, **options: Any) -> Any:
        """GET."""
        headers = {"Accept-Language": self.locale, **options.pop("headers", {})}
        return self.client.get(path, headers=headers, **options)

    def token(self, path: str = "/account/password") -> str:
        """The CSRF token of a page."""
        import re

        found = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', self.get(path).text)
        assert found is not None, f"no token on {path}"
        return found[1]

    def post(self, path: str, data: Any = None, token_from: str = "/account/password", **options: Any) -> Any:
        """POST a form with the token of ``token_from``."""
        headers = {"Accept-Language": self.locale, **options.pop("headers", {})}
        fields = {"csrf_token": self.token(token_from), **(data or {})}
        return self.client.post(path, data=fields, headers=headers, **options)


@pytest.fixture
def api(app: Flask) -> Callable[..., Api]:
    """``api("ann")`` is Ann's client of the API."""
    return lambda username=None, **options: Api(app, username, **options)


@pytest.fixture
def pages(app: Flask) -> Callable[..., Pages]:
    """``pages("ann")`` is Ann's browser."""
    return lambda username=None, **options: Pages(app, username, **options)


@contextlib.contextmanager
def counted(app: Flask) -> Iterator[list[str]]:
    """The SQL statements that the block executes."""
    found: list[str] = []
    with app.app_context():
        engine = db.db.engine

    def note(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        if not statement.startswith(("PRAGMA", "BEGIN", "COMMIT", "ROLLBACK")):
            found.append(statement)

    sa.event.listen(engine, "before_cursor_execute", note)
    try:
        yield found
    finally:
        sa.event.remove(engine, "before_cursor_execute", note)


@pytest.fixture
def statements(app: Flask) -> Callable[[], contextlib.AbstractContextManager[list[str]]]:
    """``with statements() as executed:`` counts what the block costs."""
    return lambda: counted(app)
