"""What the tests over the registry share: rows of every entity, and people with every permission or none."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from functools import cached_property
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from flask_appbuilder.security.sqla.models import Permission, PermissionView, Role, User, ViewMenu
from werkzeug.security import generate_password_hash

import app.views  # noqa: F401 (every view)
from app.core import crud, db
from app.core.entity import entity_for
from app.core.identity import SEE_COST, SEE_DETAILS
from app.core.web.view import views
from app.security import DOMAINS
from tests.app_fixtures import PASSWORD, QUICK_HASH, Running, acting

EVERY_OPERATION = "Every operation"  # a role that may do everything to every entity, but sees no row beyond its own


def user_id(username: str) -> int:
    """The id of one of the cast."""
    return int(db.session.scalars(sa.select(User.id).where(User.username == username)).one())


def add_user(username: str, *roles: Role, department: str = "") -> int:
    """Somebody besides the cast."""
    user = User(
        username=username, first_name=username.title(), last_name="", email=f"{username}@example.com", active=True
    )
    user.password = generate_password_hash(PASSWORD, method=QUICK_HASH)
    user.roles = list(roles)
    db.session.add(user)
    db.session.flush()
    if department:
        name = sa.select(entity_for("departments").id).where(entity_for("departments").name == department)
        crud.create(entity_for("employees"), {"user": user.id, "department": db.session.scalars(name).one()})
    return int(user.id)


def every_operation() -> Role:
    """The role ``EVERY_OPERATION``."""
    keys = [view.model.permission_key() for view in views.values()]
    wanted = sa.select(PermissionView).join(Permission).join(ViewMenu)
    details = sa.and_(Permission.name.in_((SEE_COST, SEE_DETAILS)), ViewMenu.name.in_(DOMAINS))
    role = Role(name=EVERY_OPERATION)
    role.permissions = list(db.session.scalars(wanted.where(sa.or_(ViewMenu.name.in_(keys), details))).unique())
    db.session.add(role)
    db.session.flush()
    return role


@pytest.fixture(scope="session")
def _peopled(_running: Running) -> tuple[Path, dict[str, int]]:
    """A template with the users for the walks in it, and their ids."""
    _running.reset()
    with acting(_running.app) as session:
        role = every_operation()
        add_user("nina", role, department="Sales south")
        add_user("max")
        bob = session.scalars(sa.select(User).where(User.username == "bob")).one()
        bob.roles = [*bob.roles, role]
        session.flush()
        ids = {user.username: user.id for user in session.scalars(sa.select(User)).unique()}
    return _running.keep("peopled.db"), ids


@pytest.fixture
def people(app: Flask, _running: Running, _peopled: tuple[Path, dict[str, int]]) -> dict[str, int]:
    """Users for the walks: ``nina`` sells in another team than Ann and may do everything, ``max`` has no role; Bob,
    Ann's superior, may do everything too.  Ids by name, the cast included.  The database begins with them: what was
    written before is gone.
    """
    template, ids = _peopled
    _running.reset(template, ("nina", "max"))
    return dict(ids)


class Snapshot:
    """What the whole database held at a moment; ``changed()`` says which tables differ now, log-in counters aside.

    Asked thousands of times: SQLite itself says whether anybody has committed since.
    """

    UNTOLD = {"ab_user": {"last_login", "login_count", "fail_login_count"}}

    def __init__(self, app: Flask) -> None:
        with app.app_context():
            # Of its own: SQLite tells a connection of what the others have committed.
            self.connection = sqlite3.connect(db.db.engine.url.database, isolation_level=None)
        self.version, self.content = self._version(), self._content()

    def _version(self) -> int:
        return int(self.connection.execute("PRAGMA data_version").fetchone()[0])

    def _content(self) -> dict[str, list[tuple[Any, ...]]]:
        found = {}
        for table in db.db.metadata.tables.values():
            untold = self.UNTOLD.get(table.name, ())
            names = ", ".join(f'"{column.name}"' for column in table.columns if column.name not in untold)
            found[table.name] = self.connection.execute(f'SELECT {names} FROM "{table.name}"').fetchall()
        return found

    def changed(self) -> list[str]:
        """The tables that differ; from here on what they hold now counts."""
        version = self._version()
        if version == self.version:
            return []
        before, self.version, self.content = self.content, version, self._content()
        return sorted(name for name in self.content if self.content[name] != before[name])


@pytest.fixture
def snapshot(app: Flask) -> Iterator[Callable[[], Snapshot]]:
    """``snapshot()`` remembers the database."""
    taken: list[Snapshot] = []

    def take() -> Snapshot:
        taken.append(Snapshot(app))
        return taken[-1]

    yield take
    for each in taken:
        each.connection.close()


class Walker:
    """A browser and a client of the API of one user."""

    def __init__(self, pages, api, name: str) -> None:
        self.pages, self.api = pages(name), api(name)

    @cached_property
    def token(self) -> str:
        """Of the browser's session."""
        return str(self.pages.token())

    def call(self, method: str, path: str, data: Any = None) -> Any:
        """Any request."""
        if path.startswith("/api/v1/"):
            answer = self.api.request(method, path.removeprefix("/api/v1/"), data)
        elif method == "GET":
            answer = self.pages.get(path)
        else:
            answer = self.pages.client.open(path, method=method, data={"csrf_token": self.token, **(data or {})})
        assert answer.data is not None
        answer.close()
        return answer


@pytest.fixture
def walk(pages: Callable[..., Any], api: Callable[..., Any]) -> Callable[[str], Walker]:
    """``walk("ann")`` is Ann at her browser and her client of the API."""
    return lambda name: Walker(pages, api, name)


@pytest.fixture
def admin(walk: Callable[[str], Walker]) -> Walker:
    """The administrator."""
    return walk("admin")
