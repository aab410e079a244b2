"""A whole row as JSON, with what goes with it when it is removed, and the same row again under the same id.

What goes with a row are the rows that the database removes with it (a document's lines, what it owns) and what names it
without a key: its tags and what people said about it.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import sqlalchemy as sa
from flask_appbuilder import Model

from app.core import remarks, tags
from app.core.audit import plain
from app.core.entity import pointing_at, registry
from app.core.types import ScaledDecimal, UTCDateTime


def snapshot(connection: sa.Connection, row: Any) -> dict[str, Any]:
    """``row``, which is stored, and what goes with it: ``{"rows": [[table, {column: value}], …]}``, what is pointed at
    before what points at it.
    """
    table = type(row).__table__
    kept = [[found.name, values] for found, values in _with_its_own(connection, table, table.c.id == row.id)]
    return {"rows": kept}


def put_back(connection: sa.Connection, kept: dict[str, Any]) -> None:
    """Write again what ``snapshot`` kept, under the ids it had.  Raises IntegrityError where one is taken, or what a row
    pointed at has gone.
    """
    for name, values in kept["rows"]:
        table = Model.metadata.tables.get(name)
        if table is None:
            continue  # its kind of rows is no more
        known = {key: _read(table.c[key], raw) for key, raw in values.items() if key in table.c}
        connection.execute(sa.insert(table).values(known))


def _with_its_own(
    connection: sa.Connection, table: sa.Table, where: sa.ColumnElement[bool]
) -> Iterator[tuple[sa.Table, dict[str, Any]]]:
    """The rows of ``table`` that ``where`` finds, each with what goes with it."""
    found = [dict(each._mapping) for each in connection.execute(sa.select(table).where(where))]
    yield from ((table, {name: plain(value) for name, value in row.items()}) for row in found)
    ids = [row["id"] for row in found if "id" in row]
    if not ids:
        return
    for column, key in pointing_at(table):
        if key.ondelete == "CASCADE" and column.table is not table:
            yield from _with_its_own(connection, column.table, column.in_(ids))
    model = next((each for each in registry.values() if each.__table__ is table), None)
    if model is None:
        return
    if model.taggable:
        own = sa.and_(tags.TAGGINGS.c.resource == model.resource, tags.TAGGINGS.c.row_id.in_(ids))
        yield from _with_its_own(connection, tags.TAGGINGS, own)
    names = [f"{model.resource}/{pk}" for pk in ids]
    yield from _with_its_own(connection, remarks.REMARKS, remarks.REMARKS.c.record.in_(names))


def _read(column: sa.Column[Any], raw: Any) -> Any:
    """A column's value as ``plain`` made it, as the value again."""
    if raw is None:
        return None
    if isinstance(column.type, ScaledDecimal):
        return Decimal(raw)
    if isinstance(column.type, UTCDateTime | sa.DateTime):
        return datetime.fromisoformat(raw)
    if isinstance(column.type, sa.Date):
        return date.fromisoformat(raw)
    return raw
