"""Fields that a company adds to an entity in its console: no code, no migration, no restart.

A ``CustomField`` row declares one (``core.custom_field``).  Values lie in the entity's own row, in the JSON column
``custom`` under the field's name.  A descriptor on the class gives each field an attribute, which reads and writes the
value of a row and is SQL when asked of the class, so that forms, lists, filters, files, API and history treat it as any
other (docs/decisions/0021).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa
from flask_appbuilder import Model
from sqlalchemy.orm import Session

from app.core import custom_values, db, search
from app.core.custom_values import VALUES, CustomValue
from app.core.entity import registry
from app.core.fields import Field, declared, providers
from app.core.i18n import current_locale
from app.core.identity import SEE_DETAILS

PREFIX = "x_"  # before a custom field's name, so that no later field of Kehu's own can ever be called the same
AT_ONCE = 500


def is_extensible(model: type[Any]) -> bool:
    """Whether fields can be added to ``model``."""
    return hasattr(model, "custom")


class _Bilingual:
    """A label in the reader's language."""

    def __init__(self, text: str, chinese: str | None) -> None:
        self.text, self.chinese = text, chinese

    def __str__(self) -> str:
        return bilingual(self.text, self.chinese)


def bilingual(text: str, chinese: str | None) -> str:
    """The label that the reader's language has."""
    return (chinese or text) if current_locale() == "zh" else text


def choices_in(options: str | None) -> dict[str, _Bilingual]:
    """What can be chosen, by the value that is stored: each line is «value» or «value | 中文»."""
    found: dict[str, _Bilingual] = {}
    for line in (options or "").splitlines():
        text, _bar, chinese = (part.strip() for part in line.partition("|"))
        if text:
            found.setdefault(text, _Bilingual(text, chinese or None))
    return found


@dataclass(frozen=True, eq=False)
class AddedField(Field):
    """A field of ``fields_of`` that a company added; ``as_column`` shows it in the list from the start."""

    as_column: bool = False
    searched: bool = False

    def value(self, row: Any) -> Any:
        """The field's value in ``row``; of a link the row it points at, None where that is not the actor's to see."""
        stored = getattr(row, self.attribute)
        if self.kind != "relation" or stored is None:
            return stored
        return linked(row, self, stored)


@dataclass
class _Known:
    """What a session has learnt of the company's fields; forgotten when its transaction ends."""

    fields: dict[str, dict[str, AddedField]]
    links: list[tuple[type[Any], str, type[Any]]]  # (model, name, what it points at), in use or not
    merged: dict[Any, Mapping[str, Field]] = field(default_factory=dict)
    linked: dict[tuple[type[Any], int], Any] = field(default_factory=dict)


def fields(model: type[Any]) -> Mapping[str, AddedField]:
    """The fields added to ``model`` that are in use, in their order, by name.  One statement a transaction, for all."""
    resource = getattr(model, "resource", "")
    if not resource or not is_extensible(model):
        return {}
    known = _known()
    return known.fields.get(resource, {}) if known is not None else {}


def _merge(model: type[Any], own: Mapping[str, Field]) -> Mapping[str, Field]:
    """``own`` and what the company added: the same for the rest of the transaction, as it is asked for again and
    again.
    """
    added = fields(model)
    if not added:
        return own
    known = _known()
    assert known is not None
    if model not in known.merged:
        known.merged[model] = {**own, **added}
    return known.merged[model]


providers.append(_merge)


def _known() -> _Known | None:
    try:
        session = db.session()
    except RuntimeError:
        return None  # outside any application: what is declared is all there is
    found: _Known | None = session.info.get("custom")
    if found is None:
        found = session.info["custom"] = _load(session)
    return found


def _table() -> sa.Table:
    return Model.metadata.tables["custom_fields"]


def _load(session: Session) -> _Known:
    table = _table()
    connection = session.connection()
    statement = sa.select(table).order_by(table.c.resource, table.c.position, table.c.id)
    known = _Known({}, [])
    for row in connection.execute(statement):
        model = registry.get(row.resource)
        if model is None or not is_extensible(model) or (row.kind == "link" and row.points_at not in registry):
            continue
        if row.kind == "link":
            known.links.append((model, f"{PREFIX}{row.name}", registry[row.points_at]))
        if row.active:
            added = _field(model, row)
            known.fields.setdefault(row.resource, {})[added.name] = added
    return known


def _field(model: type[Any], row: Any) -> AddedField:
    name, value = f"{PREFIX}{row.name}", VALUES[row.kind]
    attribute = custom_values.attribute(model, row.kind, name)
    return AddedField(
        model=model,
        name=name,
        attribute=attribute,
        kind=value.field_kind,
        label=_Bilingual(row.label, row.label_zh),
        help=row.help or "",
        required=row.required and row.kind != "bool",
        needs=needs(model, row.for_all),
        scale=value.scale,
        length=value.length,
        choices=choices_in(row.options) if row.kind == "choice" else None,
        target=registry[row.points_at] if row.kind == "link" else None,
        as_column=row.in_list,
        searched=row.is_searched,
    )


def needs(model: type[Any], for_all: bool) -> str:
    """The grant that an added field needs: where an entity has fields that not everyone sees, it is one of them."""
    kept = any(each.needs == SEE_DETAILS for each in declared(model).values())
    return SEE_DETAILS if kept and not for_all else ""


def forget(session: Any) -> None:
    """Learn the company's fields anew when they are next asked for."""
    session.info.pop("custom", None)


@sa.event.listens_for(db.KehuSession, "after_commit")
@sa.event.listens_for(db.KehuSession, "after_rollback")
def _forget(session: Session) -> None:
    forget(session)


def searched(model: type[Any]) -> tuple[str, ...]:
    """The attributes of the added fields that ``model``'s search looks into."""
    return tuple(each.attribute for each in fields(model).values() if each.searched)


def linked(row: Any, field: AddedField, key: int) -> Any:
    """The row that a link of ``row`` points at, within the scope; what the other loaded rows point at is read in the
    same statement, so that a list costs the same however long it is.
    """
    known = _known()
    assert known is not None and field.target is not None
    if (field.target, key) not in known.linked:
        session = db.session()
        wanted = {key}
        for other in session.identity_map.values():
            if isinstance(other, field.model) and (also := (other.__dict__.get("custom") or {}).get(field.name)):
                wanted.add(also)
        wanted -= {id for target, id in known.linked if target is field.target}
        known.linked.update(((field.target, id), None) for id in wanted)
        with session.no_autoflush:
            for found in session.scalars(sa.select(field.target).where(field.target.id.in_(wanted))).unique():
                known.linked[field.target, found.id] = found
    return known.linked[field.target, key]


def links_to(model: type[Any]) -> list[tuple[type[Any], Any]]:
    """The added fields that point at ``model``, in use or not, as their values are kept: (the model they belong to, the id
    they point at as SQL).
    """
    known = _known()
    links = known.links if known is not None else []
    return [(of, expression(of, "link", name)) for of, name, target in links if target.__table__ is model.__table__]


def newly_linked(row: Any) -> list[tuple[str, type[Any], int]]:
    """The links of ``row`` that this flush changes: (field, model, id)."""
    added = fields(type(row))
    if not added or "custom" not in row.__dict__:
        return []
    before = custom_values.stored_before(row)
    now = row.custom or {}
    return [
        (each.name, each.target, now[each.name])
        for each in added.values()
        if each.target is not None and now.get(each.name) not in (None, before.get(each.name))
    ]


def changes_of(row: Any, action: str) -> dict[str, list[Any]]:
    """What of the added fields' values changes in this flush: attribute → [before, after], as values."""
    before = custom_values.stored_before(row) if action != "create" else {}
    now = (row.__dict__.get("custom") or {}) if action != "delete" else {}
    found = {}
    for name in {**before, **now}:
        if before.get(name) == now.get(name):
            continue
        kind = _kind_of(type(row), name)
        if kind is not None:
            value = VALUES[kind]
            pair = [value.read(before.get(name)), value.read(now.get(name))]
            found[custom_values.attribute(type(row), kind, name)] = pair
    return found


def _kind_of(model: type[Any], name: str) -> str | None:
    """The kind of the added field ``name`` of ``model``, in use or not."""
    added = fields(model).get(name)
    if added is not None:
        descriptor: CustomValue = vars(model)[added.attribute]
        return descriptor.kind
    table = _table()
    mine = (table.c.resource == model.resource, table.c.name == name.removeprefix(PREFIX))
    return db.session.connection().execute(sa.select(table.c.kind).where(*mine)).scalar()


def expression(model: type[Any], kind: str, name: str) -> Any:
    """The added field ``name`` of ``model`` as SQL, in use or not."""
    return getattr(model, custom_values.attribute(model, kind, name))


def held(model: type[Any], name: str) -> sa.ColumnElement[bool]:
    """Whether a row of ``model`` has a value of the added field ``name``, as SQL."""
    return model.__table__.c.custom[name].as_string().is_not(None)


def gather_anew(connection: sa.Connection, model: type[Any]) -> None:
    """Write what the search looks into of every row that has values of added fields."""
    table: Any = model.__table__
    names = (*model.searched, *searched(model))
    update = sa.update(table).where(table.c.id == sa.bindparam("this")).values(search_text=sa.bindparam("text"))
    last = 0
    with db.unscoped("what the search looks into follows the fields that are declared") as everything:
        while True:
            some = sa.select(model).where(model.id > last, model.custom.is_not(None))
            rows = list(everything.scalars(some.order_by(model.id).limit(AT_ONCE)).unique())
            if not rows:
                return
            last = rows[-1].id
            texts = [{"this": row.id, "text": search.search_text(getattr(row, name) for name in names)} for row in rows]
            connection.execute(update, texts)
            everything.expunge_all()
