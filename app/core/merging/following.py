"""Where a row is that was merged into another: whoever asks for it is told, as far as they may see that."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from app.core import bulk, crud, db, identity
from app.core.entity import Entity
from app.core.errors import NotVisible
from app.core.exchange import keeping
from app.core.exchange.models import ImportRun, ImportRunRow
from app.core.i18n import gettext as _

MERGE = "merge"


class MergedAway(NotVisible):
    """The row that is asked for is no more: it was merged into ``row``, which the actor sees."""

    def __init__(self, row: Any) -> None:
        super().__init__(_("What was here has been merged into %(what)s.", what=row))
        self.row = row
        self.more = {"merged_into": {"id": row.id, "label": str(row)}}


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


def _whereabouts(model: type[Any], pk: int) -> MergedAway | None:
    """What is said of the row ``pk``, which is not there: into which row it was merged, if the actor may open that."""
    actor = identity.current()
    if actor is None or not hasattr(model, "resource") or not actor.may("can_show", model.permission_key()):
        return None
    into = followed(model, pk)
    row = db.session.scalars(sa.select(model).where(model.id == into)).unique().one_or_none() if into else None
    return MergedAway(row) if row is not None else None


crud.whereabouts.append(_whereabouts)
