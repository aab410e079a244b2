"""The keys by which rows that are the same find each other, kept beside the rows by every flush: who is like this
one is a look into an index, and who is like whom in the whole base one GROUP BY.

An entity says which of its fields say who it is (``likeness = {"name": "name", "phone": "phone"}``, by kinds of
``core.likeness``); one that belongs to another says of whom (``likeness_of = "customer"``): the telephone number of
a contact counts for its customer.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import sqlalchemy as sa
from flask_appbuilder import Model
from sqlalchemy.orm import Mapped, mapped_column

from app.core import likeness, state
from app.core.entity import registry
from app.core.settings import settings

STATE = "match-keys"  # what the stored keys were made by
AT_ONCE = 2000  # rows read and written together
MOST_BEGUN = 100  # names that begin alike of which the actor's own are looked for
LAST = "\U0010ffff"  # no letter comes after it


class MatchKey(Model):
    """A key of the row ``row_id`` of the entity ``target``, from a field of the row ``source``/``source_id``
    (itself, or one that belongs to it).
    """

    __tablename__ = "match_keys"
    __table_args__ = (
        sa.Index("ix_match_keys_target_kind_key_row_id", "target", "kind", "key", "row_id"),
        sa.Index("ix_match_keys_source_source_id", "source", "source_id"),
    )

    id: Mapped[int] = mapped_column(sa.BigInteger().with_variant(sa.Integer(), "sqlite"), primary_key=True)
    target: Mapped[str] = mapped_column(sa.String(80))
    kind: Mapped[str] = mapped_column(sa.String(20))
    # Ordered by its bytes, so that what begins alike stands side by side in the index.
    key: Mapped[str] = mapped_column(
        sa.String(likeness.LONGEST).with_variant(sa.String(likeness.LONGEST, collation="C"), "postgresql")
    )
    row_id: Mapped[int]
    source: Mapped[str] = mapped_column(sa.String(80))
    source_id: Mapped[int]


KEYS: sa.Table = MatchKey.__table__


def changed(rows: Iterable[Any], deleted: Iterable[Any]) -> tuple[list[Any], list[tuple[str, int]]]:
    """Of the ``rows`` that a flush writes those whose keys it may change, and which sources' keys go: theirs and
    those of the ``deleted``.  Asked before the flush.
    """
    found, gone = [], []
    for row in rows:
        own = fields(type(row))
        if not own:
            continue
        state_of: Any = sa.inspect(row)
        if state_of.key is None:
            found.append(row)
        elif any(state_of.attrs[name].history.has_changes() for name in (*own, *_above(type(row))[1:])):
            found.append(row)
            gone.append((row.resource, row.id))
    gone += [(row.resource, row.id) for row in deleted if fields(type(row))]
    return found, gone


def keep(connection: sa.Connection, rows: Iterable[Any], gone: Iterable[tuple[str, int]]) -> None:
    """Write the keys of ``rows``, which have their ids by now, in the place of those of ``gone``."""
    by_source: dict[str, list[int]] = {}
    for source, pk in gone:
        by_source.setdefault(source, []).append(pk)
    for source, ids in by_source.items():
        connection.execute(sa.delete(KEYS).where(KEYS.c.source == source, KEYS.c.source_id.in_(ids)))
    made = [
        each
        for row in rows
        for each in _made(type(row), {name: getattr(row, name) for name in _read(type(row))}, row.id)
    ]
    if made:
        connection.execute(sa.insert(KEYS), made)


def refresh(connection: sa.Connection, model: type[Any], ids: Iterable[int]) -> None:
    """Make the keys of the rows ``ids`` anew: of rows that were written past the session."""
    wanted = list(ids)
    if not fields(model):
        return
    for start in range(0, len(wanted), AT_ONCE):
        part = wanted[start : start + AT_ONCE]
        own = sa.and_(KEYS.c.source == model.resource, KEYS.c.source_id.in_(part))
        connection.execute(sa.delete(KEYS).where(own))
        _fill(connection, model, model.__table__.c.id.in_(part))


def keep_up(connection: sa.Connection) -> int:
    """Make every key anew if the stored ones were made by other rules or for another country; how many there are then.

    A million customers take minutes, once.
    """
    made_by = f"{likeness.RULES} {settings().country} " + " ".join(
        f"{model.resource}:{','.join(sorted(fields(model)))}" for model in registry.values() if fields(model)
    )
    if state.recall(connection, STATE) == made_by:
        return 0
    connection.execute(sa.delete(KEYS))
    count = sum(_fill_all(connection, model) for model in registry.values() if fields(model))
    state.remember(connection, STATE, made_by)
    return count


def like(connection: sa.Connection, target: type[Any], given: Mapping[str, str]) -> dict[int, set[str]]:
    """The rows of ``target`` that are like what was ``given`` (texts by kind), whoever may see them: by id, the
    kinds in which they are.  One statement.
    """
    wanted = {kind: likeness.keys(kind, text) for kind, text in given.items()}
    same = [sa.and_(KEYS.c.kind == kind, KEYS.c.key.in_(found)) for kind, found in wanted.items() if found]
    if not same:
        return {}
    statement = sa.select(KEYS.c.row_id, KEYS.c.kind).where(KEYS.c.target == target.resource, sa.or_(*same))
    rows: dict[int, set[str]] = {}
    for row_id, kind in connection.execute(statement.distinct().limit(1000)):
        rows.setdefault(row_id, set()).add(kind)
    return rows


def begun(target: type[Any], text: str) -> sa.Select[Any] | None:
    """The ids of the rows of ``target`` whose names begin with ``text`` and say more, whoever may see them: of the first
    ``MOST_BEGUN`` names in the order of the keys.  None when too little is typed.
    """
    start = likeness.beginning(text)
    if not start:
        return None
    within = sa.and_(KEYS.c.target == target.resource, KEYS.c.kind == "name", KEYS.c.key > start)
    return sa.select(KEYS.c.row_id).where(within, KEYS.c.key < start + LAST).order_by(KEYS.c.key).limit(MOST_BEGUN)


def fields(model: type[Any]) -> dict[str, str]:
    """The attributes of ``model`` that say who it is, each with its kind."""
    found: dict[str, str] = getattr(model, "likeness", None) or {}
    return found


def _above(model: type[Any]) -> tuple[str, ...]:
    """For whose likeness the rows of ``model`` count: (its resource, and the column that names the row, unless it
    is they themselves).
    """
    relation = getattr(model, "likeness_of", "")
    if not relation:
        return (model.resource,)
    mapped = sa.inspect(model).relationships[relation]
    column = next(iter(mapped.local_columns))
    return (mapped.mapper.class_.resource, sa.inspect(model).get_property_by_column(column).key)


def _read(model: type[Any]) -> tuple[str, ...]:
    return (*fields(model), *_above(model)[1:])


def _made(model: type[Any], values: Mapping[str, Any], pk: int) -> list[dict[str, Any]]:
    """The keys of one row."""
    target, *column = _above(model)
    row_id = values[column[0]] if column else pk
    if row_id is None:
        return []
    found = {
        (kind, key): None for name, kind in fields(model).items() for key in likeness.keys(kind, values[name] or "")
    }
    common = {"target": target, "row_id": row_id, "source": model.resource, "source_id": pk}
    return [{**common, "kind": kind, "key": key} for kind, key in found]


def _fill_all(connection: sa.Connection, model: type[Any]) -> int:
    table, last, count = model.__table__, 0, 0
    while True:
        ids = list(
            connection.execute(
                sa.select(table.c.id).where(table.c.id > last).order_by(table.c.id).limit(AT_ONCE)
            ).scalars()
        )
        if not ids:
            return count
        count += _fill(connection, model, sa.and_(table.c.id > last, table.c.id <= ids[-1]))
        last = ids[-1]


def _fill(connection: sa.Connection, model: type[Any], where: sa.ColumnElement[bool]) -> int:
    table, mapper = model.__table__, sa.inspect(model)
    columns = {name: mapper.column_attrs[name].columns[0] for name in _read(model)}
    rows = connection.execute(sa.select(table.c.id, *columns.values()).where(where)).all()
    made = [each for row in rows for each in _made(model, dict(zip(columns, row[1:], strict=True)), row[0])]
    if made:
        connection.execute(sa.insert(KEYS), made)
    return len(made)
