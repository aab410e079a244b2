"""Choices that a company extends (level, source, region …): text, with the values used before offered again.

A value that a row takes is remembered, and offered until an administrator retires it.  ``core.choice_keeping`` renames and
merges them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, object_session

from app.core import clock, identity, search
from app.core.entity import Entity, Resources, column, registry
from app.core.i18n import gettext as _
from app.core.i18n import lazy_gettext as _l
from app.core.i18n import lazy_pgettext
from app.core.types import Flag, Name, Whole, Word

SUGGESTED = 200  # values offered at most
RENAME = "rename"  # what is done when the rows that have a value change with it


class OpenNames(Mapping[str, Any]):
    """What the open fields are called, by the attribute that choices are kept under."""

    def _labels(self) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for resource in registry:
            for attribute, field in open_fields(resource).items():
                found.setdefault(attribute, field.label)
        return found

    def __getitem__(self, attribute: str) -> Any:
        return self._labels()[attribute]

    def __iter__(self) -> Iterator[str]:
        return iter(self._labels())

    def __len__(self) -> int:
        return len(self._labels())

    def __bool__(self) -> bool:
        return True


class Choice(Entity):
    """A value that an open field has had, or may take: what a form suggests, without looking through the table itself."""

    __tablename__ = "choices"
    __table_args__ = (sa.UniqueConstraint("resource", "field", "value"),)
    resource = "choices"
    label, labels = _l("Choice"), _l("Choices")
    keys = ("resource", "field", "value")
    searched = ("value",)

    target: Mapped[Word] = column(
        _l("List"), name="resource", choices=Resources(lambda model: open_fields(model.resource))
    )
    field: Mapped[Word] = column(_l("Field"), choices=OpenNames(), help=_l("Level, source, region … of that list"))
    value: Mapped[Name] = column(_l("Choice"))
    position: Mapped[Whole | None] = column(
        lazy_pgettext("choice", "Position"),
        minimum=0,
        help=_l("Where it is offered: the smallest first, those without one last"),
    )
    retired: Mapped[Flag] = column(
        _l("Retired"), default=False, help=_l("No longer offered; rows that have it keep it")
    )

    def __str__(self) -> str:
        return self.value

    def fact(self) -> str:
        """Which list and field it is a choice of."""
        of, model = open_fields(self.target).get(self.field), registry.get(self.target)
        return f"{model.labels} · {of.label}" if model is not None and of is not None else self.field

    def faults(self) -> dict[str, list[str]]:
        state: Any = sa.inspect(self)
        if self.field not in open_fields(self.target):
            return {"field": [_("This field takes no choices of your own.")]}
        fixed = ("target", "field", "value")
        changed = state.persistent and any(state.attrs[name].history.has_changes() for name in fixed)
        if changed and identity.deed()[0] != RENAME:
            return {"value": [_("Rename it instead: the rows that have it change too.")]}
        return {}

    def stays(self) -> str:
        """Why the choice can't be deleted now: rows have it, whoever may see them."""
        of = open_fields(self.target).get(self.field)
        session = object_session(self)
        if of is None or session is None:
            return ""
        has = sa.select(sa.func.count()).select_from(of.model.__table__).where(of.column == self.value)
        count = session.connection().execute(has).scalar_one()
        return _("%(count)s rows have this choice. Retire it instead: they keep it.", count=count) if count else ""


CHOICES: sa.Table = Choice.__table__


def open_fields(resource: str) -> dict[str, Any]:
    """The open fields of ``resource``, by the attribute that choices are kept under."""
    from app.core.fields import fields_of

    model = registry.get(resource)
    found = fields_of(model).values() if model is not None else ()
    return {field.attribute: field for field in found if field.suggests}


def remember(connection: sa.Connection, used: Iterable[tuple[str, str, str]]) -> None:
    """Keep the (resource, field, value) that were used, once each."""
    from app.core import db

    rows = sorted(set(used))
    if not rows:
        return
    moment, who = clock.now(), identity.user_id()
    stamps = {"version": 1, "created_on": moment, "changed_on": moment, "created_by_id": who, "changed_by_id": who}
    values = [
        {
            **stamps,
            "resource": resource,
            "field": field,
            "value": value,
            "retired": False,
            "search_text": search.search_text((value,)),
        }
        for resource, field, value in rows
    ]
    connection.execute(db.insert(connection, CHOICES).on_conflict_do_nothing(), values)


def suggestions(connection: sa.Connection, resource: str) -> dict[str, list[str]]:
    """What to offer for each open field of ``resource``, in the order that was given to them."""
    found: dict[str, list[str]] = {}
    statement = sa.select(CHOICES.c.field, CHOICES.c.value).where(
        CHOICES.c.resource == resource, CHOICES.c.retired.is_(False)
    )
    placed = (CHOICES.c.position.is_(None), CHOICES.c.position, CHOICES.c.value)
    for field, value in connection.execute(statement.order_by(*placed)):
        found.setdefault(field, []).append(value)
    return {field: values[:SUGGESTED] for field, values in found.items()}


def known(connection: sa.Connection, resource: str) -> dict[str, frozenset[str]]:
    """Every choice of ``resource``, the retired too, by attribute.  One statement."""
    found: dict[str, set[str]] = {}
    statement = sa.select(CHOICES.c.field, CHOICES.c.value).where(CHOICES.c.resource == resource)
    for field, value in connection.execute(statement):
        found.setdefault(field, set()).add(value)
    return {field: frozenset(values) for field, values in found.items()}
