"""What may hang on any record: the kinds of rows that take it, and the record's name taken apart and looked up."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import sqlalchemy as sa

from app.core import db
from app.core.entity import Entity, entity_for, registry


def takes_files(model: Any) -> bool:
    """Whether something may hang on rows of ``model``: what the company writes itself, unless it says otherwise."""
    said = getattr(model, "takes_files", None)
    return bool(said) if said is not None else model.domain() != "system" and not model.read_only


class Kinds(Mapping[str, type[Entity]]):
    """The kinds of rows that something may hang on, by resource, as they are when it is asked."""

    def __getitem__(self, resource: str) -> type[Entity]:
        if not takes_files(registry[resource]):
            raise KeyError(resource)
        return registry[resource]

    def __iter__(self) -> Iterator[str]:
        return (resource for resource, model in registry.items() if takes_files(model))

    def __len__(self) -> int:
        return sum(1 for _each in self)


kinds = Kinds()


def parts(record: str | None) -> tuple[str, int] | None:
    """(resource, id) of the record called ``record`` («customers/12»); None when it is no such name."""
    resource, _slash, key = (record or "").partition("/")
    if not (key.isascii() and key.isdecimal() and len(key) < 10 and resource in kinds):
        return None
    return resource, int(key)


def find(record: str | None) -> Any:
    """The row called ``record``, if it is of a kind that takes files and the actor sees it; else None."""
    named = parts(record)
    if named is None:
        return None
    model: Any = entity_for(named[0])
    with db.session.no_autoflush:
        return db.session.scalars(sa.select(model).where(model.id == named[1])).unique().one_or_none()


def hangs(model: type[Entity]) -> bool:
    """Whether rows of ``model`` hang on records by their names."""
    return {"record_resource", "record_id"} <= set(model.__table__.c.keys())
