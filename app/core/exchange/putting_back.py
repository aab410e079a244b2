"""What a run removed comes back under its id, what it moved points again at what it pointed at: rows of any table, as they
are, whatever became of their versions.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from flask_appbuilder import Model

from app.core import audit, db, match_keys
from app.core.entity import Entity, registry
from app.core.errors import BusinessError
from app.core.exchange import batches
from app.core.exchange.outcome import Undone
from app.core.exchange.snapshots import put_back
from app.core.i18n import gettext as _

Part = tuple[int, dict[str, Any]]
"""A row's id, and what was kept of it."""


def restore(model: type[Entity], rows: Sequence[Part], outcome: Undone) -> None:
    """Write the removed ``rows`` of ``model`` again, each by itself: what others took in the meantime is named."""
    connection = db.session.connection()
    for pk, kept in rows:

        def write(part: Sequence[Part]) -> None:
            for _pk, each in part:
                put_back(connection, each)

        def refuse(part: Part, _error: BusinessError) -> None:
            reason = _("It can't come back: something else has its place, or what it belonged to is gone.")
            outcome.keep(f"{model.resource}/{part[0]}", _called(model, part[1]), reason)

        before = len(outcome.kept)
        batches.write([(pk, kept)], write, refuse)
        if len(outcome.kept) == before:
            match_keys.refresh(connection, model, [pk])
            outcome.restored += 1
            values = kept["rows"][0][1]
            told = {name: [None, value] for name, value in values.items() if name not in audit.UNTOLD and value}
            audit.note(connection, f"{model.resource}/{pk}", "undo", told)
    db.session().expire_all()


def move_back(table_name: str, rows: Sequence[Part], outcome: Undone) -> None:
    """Point ``rows`` of a table at what they pointed at, if they still point where the run let them; those that somebody
    pointed elsewhere, or removed, stay.
    """
    table = Model.metadata.tables.get(table_name)
    if table is None:
        return
    model = next((each for each in registry.values() if each.__table__ is table), None)
    connection = db.session.connection()
    done: list[Part] = []

    def write(part: Sequence[Part]) -> None:
        done.extend(_move(connection, table, part))

    def refuse(row: Part, _error: BusinessError) -> None:
        name = model.resource if model is not None else table_name
        outcome.keep(f"{name}/{row[0]}", "", _("What it belonged to is gone, or something else has its place."))

    batches.write(list(rows), write, refuse)
    outcome.restored += len({pk for pk, _pairs in done})
    if model is not None:
        match_keys.refresh(connection, model, {pk for pk, _pairs in done})
    if model is not None and model.audited:
        for pk, pairs in done:
            audit.note(
                connection,
                f"{model.resource}/{pk}",
                "undo",
                {name: [after, before] for name, (before, after) in pairs.items()},
            )
    db.session().expire_all()


def _move(connection: sa.Connection, table: sa.Table, rows: Sequence[Part]) -> list[Part]:
    """Move ``rows`` back; those that were.  What moved alike is moved by one statement."""
    alike: dict[tuple[Any, ...], list[Part]] = {}
    for pk, pairs in rows:
        key = tuple((name, before, after) for name, (before, after) in sorted(pairs.items()))
        alike.setdefault(key, []).append((pk, pairs))
    moved: list[Part] = []
    for pairs_alike, part in alike.items():
        known = [(table.c[name], before, after) for name, before, after in pairs_alike if name in table.c]
        if not known:
            continue
        still = sa.and_(table.c.id.in_([pk for pk, _pairs in part]), *(each == after for each, _b, after in known))
        statement = sa.update(table).where(still).values({each: before for each, before, _a in known})
        ids = set(connection.execute(statement.returning(table.c.id)).scalars())
        moved += [row for row in part if row[0] in ids]
    return moved


def pair_back(table_name: str, rows: Sequence[Part], outcome: Undone) -> None:
    """Let the pairs of a table between two others be as they were: what took another's place goes, what went comes back,
    as far as both of its ends are there.
    """
    table = Model.metadata.tables.get(table_name)
    if table is None:
        return
    connection = db.session.connection()

    def is_pair(values: dict[str, Any]) -> sa.ColumnElement[bool]:
        return sa.and_(*(table.c[name] == value for name, value in values.items()))

    def write(part: Sequence[Part]) -> None:
        for _pk, pair in part:
            if pair["came"] is not None:
                connection.execute(sa.delete(table).where(is_pair(pair["came"])))
            if connection.execute(sa.select(table).where(is_pair(pair["gone"]))).first() is None:
                connection.execute(sa.insert(table).values(pair["gone"]))

    def refuse(row: Part, _error: BusinessError) -> None:
        outcome.keep(f"{table_name}/{row[0]}", "", _("What it belonged to is gone, or something else has its place."))

    before = len(outcome.kept)
    batches.write(list(rows), write, refuse)
    outcome.restored += len(rows) - (len(outcome.kept) - before)
    db.session().expire_all()


def _called(model: type[Entity], kept: dict[str, Any]) -> str:
    values = kept["rows"][0][1]
    return " ".join(str(values[name]) for name in ("code", "name") if values.get(name))
