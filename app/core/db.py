"""The database: one session class that scopes what is read and checks what is written, and the transaction's edge.

A transaction belongs to a request, a job or a command and is committed once, at its edge: services flush and never
commit.  On SQLite every writer begins with BEGIN IMMEDIATE (a deferred one that read first would fail at once when
another wrote); a GET reads
only, and a write in it is an error.
"""

from __future__ import annotations

import random
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

import sqlalchemy as sa
from flask_appbuilder import Model
from flask_appbuilder.models.sqla.base import SQLA
from flask_sqlalchemy.session import Session as FlaskSession
from sqlalchemy import event
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import Engine
from sqlalchemy.orm import ORMExecuteState, Session

from app.core import entity, flush, identity, scope_loading

BUSY_TIMEOUT = 5.0  # seconds a SQLite statement waits for another connection
WRITE_PATIENCE = 30.0  # seconds a SQLite transaction that writes waits for its turn
ASK_AGAIN = 0.002, 0.006  # seconds between two tries to begin it, by chance in this range
_reading: ContextVar[bool] = ContextVar("reading", default=False)


class KehuSession(FlaskSession):
    """A session whose reads are scoped and whose writes are checked, stamped and audited."""


db = SQLA(metadata=Model.metadata, session_options={"class_": KehuSession})
session = db.session
"""The current session (of the request, job or command)."""


@event.listens_for(Engine, "connect")
def _prepare_sqlite(connection: Any, _record: Any) -> None:
    if not isinstance(connection, sqlite3.Connection):
        return
    connection.isolation_level = None  # transactions are begun below, not by the driver
    cursor = connection.cursor()
    for pragma in (
        "journal_mode=WAL",
        "synchronous=NORMAL",
        "foreign_keys=ON",
        f"busy_timeout={int(BUSY_TIMEOUT * 1000)}",
    ):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


@event.listens_for(sa.Table, "before_create")
def _never_reuse_ids(table: sa.Table, _connection: sa.Connection, **_options: Any) -> None:
    """Let SQLite give no id twice: the history of a record that is gone is not that of the next one.

    By this event rather than by an argument of each table, so that what a migration makes anew has it too.
    """
    key = list(table.primary_key.columns)
    if len(key) == 1 and isinstance(key[0].type, sa.Integer) and key[0].autoincrement is not False:
        table.dialect_options["sqlite"]["autoincrement"] = True


@event.listens_for(Engine, "begin")
def _begin(connection: sa.Connection) -> None:
    if connection.dialect.name != "sqlite":
        return
    if _reading.get():
        connection.exec_driver_sql("BEGIN")
    else:
        _begin_writing(connection)


def _begin_writing(connection: sa.Connection) -> None:
    """Begin a SQLite transaction that may write, in turn with others.

    SQLite's own waiting asks less and less often (every 100 ms in the end): whoever waits longest is let in last, and
    among writers without a pause some wait for ever.  All who wait here ask equally often.
    """
    raw = connection.connection.dbapi_connection
    assert isinstance(raw, sqlite3.Connection)
    until = time.monotonic() + WRITE_PATIENCE
    raw.execute("PRAGMA busy_timeout=0")
    try:
        while time.monotonic() < until:
            try:
                raw.execute("BEGIN IMMEDIATE")
                return
            except sqlite3.OperationalError as error:
                if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY:
                    raise
            time.sleep(random.uniform(*ASK_AGAIN))
    finally:
        raw.execute(f"PRAGMA busy_timeout={int(BUSY_TIMEOUT * 1000)}")
    # Once more as a statement of SQLAlchemy's: its failure is the one that the edge knows.
    connection.exec_driver_sql("BEGIN IMMEDIATE")


@event.listens_for(KehuSession, "do_orm_execute")
def _scope(state: ORMExecuteState) -> None:
    if "unscoped" in state.session.info or state.is_column_load:
        return
    if not (state.is_select or state.is_update or state.is_delete):
        return
    if state.is_update and isinstance(state.parameters, list):
        raise RuntimeError(
            "an update of many rows by their keys is not scoped: say which by where(), or use a connection"
        )
    options = scope_loading.options(state.statement, identity.current(), entity.scoped)
    if options:
        state.statement = state.statement.options(*options)


@event.listens_for(KehuSession, "before_flush")
def _before(flushing: Session, _context: Any, _instances: Any) -> None:
    if _reading.get() and (
        flushing.new or flushing.deleted or any(flushing.is_modified(row) for row in flushing.dirty)
    ):
        raise RuntimeError("a request that only reads must not write")
    flush.before(flushing)


@event.listens_for(KehuSession, "after_flush")
def _after(flushing: Session, _context: Any) -> None:
    flush.after(flushing)


@contextmanager
def only_reading() -> Iterator[None]:
    """Within the block transactions only read."""
    token = _reading.set(True)
    try:
        yield
    finally:
        _reading.reset(token)


def set_reading(value: bool) -> None:
    """Say whether this context only reads: for the edge of a request alone."""
    _reading.set(value)


@contextmanager
def transaction(actor: identity.Actor | None = None) -> Iterator[Session]:
    """The edge of a job or command: commits when the block ends, rolls back when it raises.

    ``actor`` (who acts already, when None) acts within, and still does when what is pending is flushed at the end.
    """
    try:
        with identity.acting_as(actor or identity.current()):
            yield session()
            session.commit()
    except BaseException:
        session.rollback()
        raise
    finally:
        session.remove()


@contextmanager
def unscoped(why: str) -> Iterator[Session]:
    """A session of its own, in the same transaction, that sees every row.  ``why`` is for whoever greps for it.

    Rows read here are not the outer session's rows; what the outer session has not flushed is flushed first.
    """
    outer = session()
    if not outer._flushing:  # within a flush what is pending is on its way
        outer.flush()
    inner = Session(
        bind=outer.connection(), join_transaction_mode="rollback_only", autoflush=True, info={"unscoped": why}
    )
    try:
        yield inner
        inner.flush()
    finally:
        inner.close()


def insert(connection: sa.Connection, table: Any) -> Any:
    """An INSERT into ``table`` (or a model) that knows ON CONFLICT, in the words of the database."""
    if connection.dialect.name == "postgresql":
        return postgresql.insert(table)
    return sqlite.insert(table)


def locked(statement: sa.Select[Any], model: type[Any]) -> sa.Select[Any]:
    """``statement`` with ``model``'s rows as they are now, kept from other writers until the transaction ends.

    Whoever locks several rows does it in the order of their ids, so that two never wait for each other.  The rows are
    locked whole (FOR UPDATE, not FOR NO KEY UPDATE): a lock that a change of a name had to strengthen later would wait
    for those who only refer to the row, while they wait for it.
    """
    return statement.with_for_update(of=model).execution_options(populate_existing=True)


def is_sqlite() -> bool:
    """Whether the database is SQLite."""
    return session().get_bind().dialect.name == "sqlite"
