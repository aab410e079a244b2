"""What a record is called that a row names by its key: «customers/12» is shown as the customer, with a link.

Only where the reader may open it; of others the kind and the number are told.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.core import db
from app.core.fields import Field
from app.core.types import RecordName
from app.core.web import query, reach
from app.core.web.view import EntityView, views

KINDS = 8  # kinds whose rows are called by name on one page: as many statements at most
KNOWN = "named"  # in a session: the labels that it has read, None for what the reader doesn't see


@dataclass(frozen=True)
class Named:
    """A record as it is shown: ``url`` is None for what the reader may not open."""

    label: str
    url: str | None = None


def is_key(field: Field) -> bool:
    """Whether the field holds the key of a record of any kind."""
    return field.column is not None and isinstance(field.column.type, RecordName)


def of(record: str) -> Named:
    """The record called ``record``.  What the other loaded rows name is read in the same statement, one for each kind, so
    that a list costs the same however long it is.
    """
    resource, pk = _parts(record)
    view = views.get(resource)
    if view is None or not pk:
        return Named(record)
    hidden = Named(f"{view.model.label} #{pk}")
    if not reach.may(view, "show"):
        return hidden
    label = _label(view, pk)
    return hidden if label is None else Named(label, f"/{resource}/show/{pk}")


def _parts(record: Any) -> tuple[str, int]:
    resource, _slash, key = str(record or "").partition("/")
    return resource, int(key) if key.isascii() and key.isdecimal() and len(key) < 10 else 0


def _label(view: type[EntityView], pk: int) -> str | None:
    session = db.session()
    known: dict[tuple[str, int], str | None] = session.info.setdefault(KNOWN, {})
    resource = view.model.resource
    if (resource, pk) not in known:
        wanted = {pk}
        for row in session.identity_map.values():
            for name in _keys(sa.inspect(type(row))):
                named, key = _parts(row.__dict__.get(name))
                if named == resource and key and (resource, key) not in known:
                    wanted.add(key)
        known.update(dict.fromkeys(((resource, key) for key in wanted), None))
        if len({kind for kind, _key in known}) > KINDS:
            return None
        pointing = [each.key for each in sa.inspect(view.model).relationships if not each.uselist]
        statement = sa.select(view.model).where(view.model.id.in_(wanted))
        with session.no_autoflush:
            for row in session.scalars(statement.options(*query.loading(view.model, pointing))).unique():
                known[resource, row.id] = str(row)
    return known[resource, pk]


@cache
def _keys(mapper: sa.orm.Mapper[Any]) -> tuple[str, ...]:
    """The attributes that hold keys of records."""
    return tuple(each.key for each in mapper.column_attrs if isinstance(each.columns[0].type, RecordName))


@sa.event.listens_for(db.KehuSession, "after_commit")
@sa.event.listens_for(db.KehuSession, "after_rollback")
def _forget(session: Session) -> None:
    session.info.pop(KNOWN, None)
