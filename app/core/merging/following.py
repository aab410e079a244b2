"""Where a row is that was merged into another."""

from __future__ import annotations

import sqlalchemy as sa

from app.core import bulk, db
from app.core.entity import Entity
from app.core.exchange import keeping
from app.core.exchange.models import ImportRun, ImportRunRow

MERGE = "merge"


def followed(model: type[Entity], pk: int) -> int | None:
    """The row into which the row ``pk``, which is no more, was merged, through as many merges as there were; or None."""
    table, runs = ImportRunRow.__table__, ImportRun.__table__
    if not 0 < pk <= bulk.LARGEST:
        return None  # no row ever had that number
    found, seen = None, set[int]()
    while pk not in seen:
        seen.add(pk)
        statement = (
            sa.select(table.c.before)
            .join(runs, runs.c.id == table.c.run_id)
            .where(table.c.record_id == pk, table.c.deed == keeping.REMOVED)
            .where(sa.func.coalesce(table.c.resource, runs.c.resource) == model.resource)
            .where(runs.c.kind == MERGE, runs.c.undone.is_(sa.false()))
            .order_by(table.c.id.desc())
            .limit(1)
        )
        before = db.session.connection().execute(statement).scalar()
        if before is None or before.get("into") is None:
            return found
        pk = found = before["into"]
    return found
