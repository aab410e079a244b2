"""What documents have in the books: how many entries a cancel would reverse, and what posted goods cost."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import Any

import sqlalchemy as sa

from app.core import db
from app.core.document import Document
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


def costs(document: Document) -> list[tuple[Decimal, Decimal]]:
    """The unit cost and the signed amount of each movement that ``document`` posted, in the order of the movements,
    whatever was reversed since.  One statement.
    """
    entries: Any = StockEntry.__table__
    its_own = (entries.c.document_kind == document.resource, entries.c.document_id == document.id)
    statement = sa.select(entries.c.unit_cost, entries.c.amount).where(
        *its_own, entries.c.reverses_id.is_(None), entries.c.quantity != Decimal(0)
    )
    found = db.session.connection().execute(statement.order_by(entries.c.id))
    return [(row.unit_cost, row.amount) for row in found]


for entry in (StockEntry, PartyEntry):
    POSTED[entry.resource] = (entry.labels, counting(entry))
