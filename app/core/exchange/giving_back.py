"""What a run gave to others comes back while it is still theirs, whatever else became of it; what they have given on since
stays where it is, and what belongs to that stays with it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from flask_appbuilder import Model

from app.core import db, giving, identity, scope
from app.core.entity import Entity, entity_for
from app.core.exchange.keeping import GIVEN
from app.core.exchange.models import ImportRun, ImportRunRow
from app.core.exchange.outcome import Undone
from app.core.i18n import gettext as _

Part = tuple[int, dict[str, Any]]
"""A row's id, and what was kept of it: {attribute: [owner before, owner since]}."""
Staying = Mapping[str, set[int]]
"""The rows that do not come back, by table."""


def staying(run: ImportRun) -> Staying:
    """What ``run`` gave and others have given on since, and what of the same run belongs to that, through as many rows as
    there are between.
    """
    table: Any = ImportRunRow.__table__
    kept = sa.select(table.c.resource, table.c.record_id, table.c.before).where(
        table.c.run_id == run.id, table.c.deed == GIVEN
    )
    given: dict[str, dict[int, int | None]] = defaultdict(dict)
    for resource, pk, before in db.session.connection().execute(kept):
        model = entity_for(resource or run.target)
        if model is not None:
            ((_owner, (_before, since)),) = before.items()
            given[model.__table__.name][pk] = since
    models = {model.__table__.name: model for model in map(entity_for, _resources(run)) if model is not None}
    found: dict[str, set[int]] = {}
    for name, rows in given.items():
        found[name] = {pk for pk, owner_id in _owners(models[name], rows) if owner_id != rows[pk]}
    while True:
        more = {name: with_its_own(models[name].__table__, rows, found) - found[name] for name, rows in given.items()}
        if not any(more.values()):
            return found
        for name, ids in more.items():
            found[name] |= ids


def _resources(run: ImportRun) -> set[str]:
    table: Any = ImportRunRow.__table__
    named = sa.select(table.c.resource).where(table.c.run_id == run.id, table.c.deed == GIVEN).distinct()
    return {resource or run.target for resource in db.session.connection().execute(named).scalars()}


def _owners(model: type[Entity], ids: Iterable[int]) -> Iterable[tuple[int, int | None]]:
    table: Any = model.__table__
    owner = table.c[giving.owner_of(model)]
    for part in giving.parts(sorted(ids)):
        asked = sa.select(table.c.id, owner).where(table.c.id.in_(part))
        yield from db.session.connection().execute(asked).tuples()


def with_its_own(table: Any, ids: Iterable[int], stay: Staying) -> set[int]:
    """Those of the rows ``ids`` of ``table`` that point at one of those that ``stay``."""
    columns = [
        (column, stay[key.column.table.name])
        for column in table.columns
        for key in column.foreign_keys
        if stay.get(key.column.table.name)
    ]
    found: set[int] = set()
    for part in giving.parts(sorted(ids)) if columns else ():
        asked = sa.select(table.c.id, *(column for column, _stay in columns)).where(table.c.id.in_(part))
        for pk, *keys in db.session.connection().execute(asked):
            if any(key in there for key, (_column, there) in zip(keys, columns, strict=True)):
                found.add(pk)
    return found


def former(run: ImportRun, model: type[Entity]) -> dict[int, int | None]:
    """Whose the rows were that the run gave away, by id."""
    rows: Any = ImportRunRow.__table__
    owner = giving.owner_of(model)
    kept = sa.select(rows.c.record_id, rows.c.deed, rows.c.before).where(
        rows.c.run_id == run.id,
        sa.or_(rows.c.deed.is_(None), rows.c.deed == GIVEN),
        rows.c.created.is_(False),
        sa.or_(rows.c.resource.is_(None), rows.c.resource == run.target),
    )
    found = db.session.connection().execute(kept).all()
    return {
        pk: before[owner][0] if deed == GIVEN else before[owner]
        for pk, deed, before in found
        if before and owner in before
    }


def apart(table_name: str, rows: Sequence[Part], stay: Staying, outcome: Undone) -> list[Part]:
    """``rows`` of a table without those that belong to what stays: these stay with it, and are named."""
    table = Model.metadata.tables.get(table_name)
    with_it = with_its_own(table, [pk for pk, _pairs in rows], stay) if table is not None else set()
    for pk in sorted(with_it):
        outcome.keep(
            f"{table_name}/{pk}", f"#{pk}", _("What it belongs to has been given on since: it stays with that.")
        )
    return [row for row in rows if row[0] not in with_it]


def give_back(model: type[Entity], rows: Sequence[Part], stay: Staying, outcome: Undone) -> set[int]:
    """Give ``rows`` of ``model`` back to whoever had them, and say of each that stays why; the ids of those that somebody
    else may still give back.
    """
    table: Any = model.__table__
    now = {row.id: row for row in giving.locked(model, table.c.id.in_([pk for pk, _before in rows]))}
    writable = scope.visible_ids(db.session.connection(), model, set(now), identity.require(), write=True)
    theirs: dict[int | None, list[giving.Owned]] = defaultdict(list)
    foreign: set[int] = set()
    for pk, kept in rows:
        row = now.get(pk)
        if row is None:
            continue  # somebody has deleted it
        ((_owner, (before, since)),) = kept.items()
        name = f"{model.resource}/{pk}"
        if pk not in writable:
            foreign.add(pk)
            outcome.keep(name, row.label, _("It is not yours to change."), foreign=True)
        elif row.owner_id != since:
            outcome.keep(name, row.label, _("It has been given on since."))
        elif pk in stay.get(table.name, ()):
            outcome.keep(name, row.label, _("What it belongs to has been given on since: it stays with that."))
        else:
            theirs[before].append(row)
    for to, part in theirs.items():
        giving.hand(model, part, to, *identity.deed())
        outcome.restored += len(part)
    return foreign
