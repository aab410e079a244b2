"""How many entries documents have in each book: what a cancel would reverse."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from app.core.hanging import POSTED, Key
from app.ledger.models import PartyEntry, StockEntry


def counting(model: type[Any]) -> Callable[[sa.Connection, Sequence[Key]], Mapping[Key, int]]:
    """How many entries of ``model``, not reversed yet, each of some documents posted; those without any are left out."""
    entries: Any = model.__table__
    mirror = entries.alias("mirror")
    standing = sa.and_(entries.c.reverses_id.is_(None), ~sa.exists().where(mirror.c.reverses_id == entries.c.id))

    def count(connection: sa.Connection, documents: Sequence[Key]) -> Mapping[Key, int]:
        ids: dict[str, list[int]] = {}
        for kind, pk in documents:
            ids.setdefault(kind, []).append(pk)
        theirs = [
            sa.and_(entries.c.document_kind == kind, entries.c.document_id.in_(each)) for kind, each in ids.items()
        ]
        statement = sa.select(entries.c.document_kind, entries.c.document_id, sa.func.count()).where(
            standing, sa.or_(*theirs)
        )
        found = connection.execute(statement.group_by(entries.c.document_kind, entries.c.document_id))
        return {(kind, pk): number for kind, pk, number in found}

    return count


for entry in (StockEntry, PartyEntry):
    POSTED[entry.resource] = (entry.labels, counting(entry))
