"""Setting up and keeping up: schema, triggers, permissions, jobs, the first administrator.

Done at every start, under a lock, so that any number of processes may start at once on an empty database; with nothing
changed it costs two look-ups.
"""

from __future__ import annotations

import contextlib
import secrets
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import sqlalchemy as sa
from flask_appbuilder.security.sqla.models import Role, User
from werkzeug.security import generate_password_hash

from app import grants, security
from app.core import db, fulltext, identity, match_keys, numbering, state
from app.core.settings import settings
from app.ledger import triggers

if TYPE_CHECKING:
    from alembic.config import Config

MIGRATIONS = Path(__file__).parent.parent / "migrations"
LOCK_SECONDS = 300  # how long a start waits for another that sets up
LOCK_KEY = 0x6B656875  # «kehu», for PostgreSQL's advisory lock


@dataclass
class Outcome:
    """What a set-up did: ``password`` is the administrator's when it was just made up or set."""

    was_empty: bool = False
    password: str | None = None


def alembic_config(url: str | None = None) -> Config:
    """Alembic's configuration for our migrations."""
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.attributes["url"] = url
    return config


@contextlib.contextmanager
def alone() -> Iterator[None]:
    """Hold the set-up lock of this database, so that one process at a time sets up."""
    if not db.is_sqlite():
        with db.db.engine.connect() as connection:
            connection.execute(sa.text("SELECT pg_advisory_lock(:key)"), {"key": LOCK_KEY})
            connection.commit()
            try:
                yield
            finally:
                connection.execute(sa.text("SELECT pg_advisory_unlock(:key)"), {"key": LOCK_KEY})
                connection.commit()
        return
    folder = settings().data_dir
    folder.mkdir(parents=True, exist_ok=True)
    lock = sqlite3.connect(folder / "setup.lock", timeout=LOCK_SECONDS, isolation_level=None)
    try:
        lock.execute("BEGIN EXCLUSIVE")
        yield
    finally:
        lock.close()


def prepare() -> Outcome:
    """Bring the database to what this code needs.  In an application context."""
    outcome = Outcome()
    with alone():
        outcome.was_empty = _migrate()
        with db.transaction(identity.system()):
            keep_up()
            outcome.password = _first_administrator()
    return outcome


def keep_up() -> None:
    """Bring what the schema holds besides people's data to what this code needs, in the current transaction."""
    connection = db.session.connection()
    fingerprint = grants.fingerprint()
    if state.recall(connection, "permissions") != fingerprint:
        grants.sync()
        state.remember(connection, "permissions", fingerprint)
    numbering.sync_sequences()
    match_keys.keep_up(connection)
    _sync_jobs()


def make_anew() -> None:
    """Drop every table and make the schema anew, as an empty database gets it, in the current transaction.

    Whoever calls it sees to it that there is somebody who may log in.
    """
    from alembic import command

    session = db.session()
    session.expunge_all()
    connection = session.connection()
    fulltext.drop(connection)  # what it is made of is not dropped table by table
    tables = sa.MetaData()
    tables.reflect(connection)
    if connection.dialect.name == "sqlite":
        # A row that is dropped before what it points at breaks nothing, once both are gone.
        connection.exec_driver_sql("PRAGMA defer_foreign_keys=ON")
    tables.drop_all(connection)
    config = alembic_config()
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
    triggers.create(connection)
    keep_up()


def _migrate() -> bool:
    """Upgrade the schema if it is not the newest; whether the database was empty."""
    current = _revision()
    if current == newest_revision():
        return False
    from alembic import command

    command.upgrade(alembic_config(), "head")
    # Alembic's batch mode makes tables anew, and their triggers vanish without a word.
    with db.db.engine.begin() as connection:
        triggers.create(connection)
    return current is None


def newest_revision() -> str:
    """The newest migration, by its file's number.

    Alembic itself is loaded only when there is something to do: a start is to be quick.
    """
    return max(path.stem.split("_")[0] for path in (MIGRATIONS / "versions").glob("[0-9]*.py"))


def _revision() -> str | None:
    """The migration that the database is at; None when it is empty."""
    with db.db.engine.connect() as connection:
        if not sa.inspect(connection).has_table("alembic_version"):
            return None
        return connection.execute(sa.text("SELECT version_num FROM alembic_version")).scalar()


def _sync_jobs() -> None:
    from app.jobs.commands import sync_jobs

    sync_jobs()


def _first_administrator() -> str | None:
    """Make the user «admin» if there are no users; its password, if it was made just now."""
    if db.session.scalar(sa.select(sa.func.count()).select_from(User)):
        return None
    password = settings().admin_password or secrets.token_urlsafe(9)
    role = db.session.scalars(sa.select(Role).where(Role.name == security.ADMINISTRATOR)).one()
    admin = User(
        username="admin",
        first_name="",
        last_name="Administrator",
        active=True,
        password=generate_password_hash(password),
    )
    admin.roles = [role]
    db.session.add(admin)
    db.session.flush()
    return password
