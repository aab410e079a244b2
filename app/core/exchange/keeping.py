"""Keeping a deed on rows of several kinds as a run, so that it can be undone: what was added, changed, moved to another
row, and removed.

A deed collects what it did in the order in which it did it, and ``keep_run`` keeps that; undoing goes backwards::

    before = {name: held(customer, name) for name in ("owner_id",)}
    ...
    crud.flush()
    keep_run(TRANSFER, Customer, [changed(customer, before), added(share)], "Ann → Cleo")
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from app.core import db
from app.core.exchange.changes import held
from app.core.exchange.models import ImportRun, ImportRunRow
from app.core.exchange.run_kinds import RunKind
from app.core.exchange.snapshots import snapshot

REMOVED, MOVED, PAIRED, GIVEN = "removed", "moved", "paired", "given"
OF_TABLES = (MOVED, PAIRED)  # deeds whose resource is a table, of an entity or not
AT_ONCE = 1000  # rows kept by one statement


@dataclass(frozen=True)
class Wrote:
    """What a deed did to one row; made by ``added``, ``changed``, ``given``, ``moved`` and ``removed``."""

    resource: str  # of a row that was moved: its table
    record_id: int
    version: int
    created: bool = False
    deed: str | None = None
    before: dict[str, Any] | None = None


def added(row: Any) -> Wrote:
    """``row`` (flushed) is new."""
    return Wrote(row.resource, row.id, row.version, created=True)


def changed(row: Any, before: Mapping[str, Any]) -> Wrote:
    """``row`` (flushed) was changed; ``before`` is what it held (``held``) by attribute."""
    return Wrote(row.resource, row.id, row.version, before=dict(before))


def given(resource: str, pk: int, version: int, attribute: str, before: int | None, to: int | None) -> Wrote:
    """The row ``pk`` of an entity came from the owner ``before`` (in ``attribute``) to ``to``: whoever takes that back asks
    whose it is by then, and nothing else.
    """
    return Wrote(resource, pk, version, deed=GIVEN, before={attribute: [before, to]})


def removed(row: Any) -> Wrote:
    """``row`` is about to be removed: all of it is kept, with what goes with it."""
    return Wrote(row.resource, row.id, row.version, deed=REMOVED, before=snapshot(db.session.connection(), row))


def moved(table: sa.Table, pk: int, before: Mapping[str, Any], after: Mapping[str, Any]) -> Wrote:
    """The row ``pk`` of ``table`` (of an entity's or any other) was pointed elsewhere, by its columns, without a change of
    its version.
    """
    pairs = {name: [old, after[name]] for name, old in before.items()}
    return Wrote(table.name, pk, 0, deed=MOVED, before=pairs)


def paired(table: sa.Table, pk: int, gone: Mapping[str, Any], came: Mapping[str, Any] | None) -> Wrote:
    """A pair of ``table``, which stands between two others and has no ids, went (``gone``), and the pair ``came``, of the
    row ``pk``, took its place, unless that was there already (None).
    """
    before = {"gone": dict(gone), "came": dict(came) if came is not None else None}
    return Wrote(table.name, pk, 0, deed=PAIRED, before=before)


def keep_run(kind: RunKind, model: type[Any], wrote: Iterable[Wrote], description: str = "") -> ImportRun:
    """Keep a deed of ``kind`` on rows of ``model`` (whose permissions undoing asks for) and of whatever else ``wrote``
    names, in the order in which it was done; ``description`` (at most 200 characters are kept) is what it says of itself.
    """
    rows = list(wrote)
    made = sum(each.created for each in rows)
    run = ImportRun(
        kind=kind.name,
        target=model.resource,
        file=description[:200],
        on_match="update",
        on_error="stop",
        state="done",
        rows=len(rows),
        created=made,
        updated=len(rows) - made,
    )
    db.session.add(run)
    db.session.flush()
    kept = [
        {
            "run_id": run.id,
            "resource": None if each.resource == model.resource and each.deed not in OF_TABLES else each.resource,
            "record_id": each.record_id,
            "created": each.created,
            "deed": each.deed,
            "version": each.version,
            "before": each.before,
        }
        for each in rows
    ]
    for start in range(0, len(kept), AT_ONCE):
        db.session.connection().execute(sa.insert(ImportRunRow.__table__), kept[start : start + AT_ONCE])
    return run


__all__ = [
    "GIVEN",
    "MOVED",
    "PAIRED",
    "REMOVED",
    "Wrote",
    "added",
    "changed",
    "given",
    "held",
    "keep_run",
    "moved",
    "paired",
    "removed",
]
