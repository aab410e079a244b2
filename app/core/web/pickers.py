"""Search-as-you-type: what a relation may be set to, by code, name and pinyin, within the scope, a few at a time."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from app.core import db, identity, search
from app.core.errors import NotPermitted

SHOWN = 20  # rows offered at most


def require(model: type[Any]) -> None:
    """Raises NotPermitted unless the actor may choose among rows of ``model``: who may list them, or pick them by name."""
    actor = identity.require()
    key = model.permission_key()
    if not (actor.may("can_list", key) or actor.may("can_pick", key)):
        raise NotPermitted()


def find(model: type[Any], text: str) -> list[dict[str, Any]]:
    """The first rows that match every word of ``text``: {"id", "label", "code", "fact"}; those that begin with it come
    first.
    """
    statement = sa.select(model)
    words = search.matches(model.search_text, text[:200])
    if words is not None:
        statement = statement.where(words)
        start = search.escaped(search.folded(text[:200]))
        statement = statement.order_by(sa.case((model.search_text.like(f"{start}%", escape="\\"), 0), else_=1))
    for name in ("active", "is_active"):
        if name in model.__table__.c:
            statement = statement.where(getattr(model, name).is_(True))
    rows = db.session.scalars(statement.order_by(model.id).limit(SHOWN)).unique()
    return [
        {
            "id": row.id,
            "label": str(getattr(row, "name", None) or row),
            "code": str(getattr(row, "code", None) or ""),
            "fact": str(row.fact() or ""),
        }
        for row in rows
    ]
