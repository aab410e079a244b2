"""Fields that a company adds to an entity in its console: no code, no migration, no restart.

A ``CustomField`` row declares one.  Values lie in the entity's own row, in the JSON column ``custom`` under the field's
name; a descriptor on the class gives each field an attribute, which reads and writes the value of a row and is SQL when
asked of the class, so that forms, lists, filters, files, API and history treat it as any other (docs/decisions/0021).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, Session, object_session

from app.core import custom_values, db, search
from app.core.custom_values import KINDS, VALUES, CustomValue
from app.core.entity import Entity, column, registry
from app.core.fields import Field, declared, providers
from app.core.i18n import current_locale
from app.core.i18n import gettext as _
from app.core.i18n import lazy_gettext as _l
from app.core.identity import SEE_DETAILS
from app.core.types import Code, Flag, Name, Note, Whole, Word

PREFIX = "x_"  # before a custom field's name, so that no later field of Kehu's own can ever be called the same
MOST = 100  # fields of one entity that are in use
SEARCHED_KINDS = ("text", "longtext", "choice")
AT_ONCE = 500


class Extensible(Mapping[str, Any]):
    """What fields can be added to: resource → what people call its rows."""

    def __getitem__(self, resource: str) -> Any:
        model = registry[resource]
        if not is_extensible(model):
            raise KeyError(resource)
        return model.labels

    def __iter__(self) -> Iterator[str]:
        return (resource for resource, model in registry.items() if is_extensible(model))

    def __len__(self) -> int:
        return len(list(iter(self)))


class Linkable(Mapping[str, Any]):
    """What a link can point at: resource → what people call its rows."""

    def __getitem__(self, resource: str) -> Any:
        return registry[resource].labels

    def __iter__(self) -> Iterator[str]:
        return (resource for resource, model in registry.items() if model.domain() != "system" or resource == "users")

    def __len__(self) -> int:
        return len(list(iter(self)))


def is_extensible(model: type[Any]) -> bool:
    """Whether fields can be added to ``model``."""
    return hasattr(model, "custom")


class CustomField(Entity):
    """A field that the company added to one of its entities."""

    __tablename__ = "custom_fields"
    __table_args__ = (sa.UniqueConstraint("resource", "name"),)
    resource = "custom-fields"
    label, labels = _l("Custom field"), _l("Custom fields")
    keys = ("resource", "name")
    searched = ("label_text", "label_zh", "name")

    target: Mapped[Word] = column(_l("Belongs to"), name="resource", choices=Extensible(), index=True)
    label_text: Mapped[Name] = column(_l("Label"), name="label", help=_l("What people read before the field"))
    label_zh: Mapped[Name | None] = column(_l("Label in Chinese"), help=_l("The other label where it is left empty"))
    kind: Mapped[Word] = column(_l("Kind"), choices=KINDS, default="text")
    name: Mapped[Code | None] = column(
        _l("Name for files and API"), help=_l("Small letters; made from the label when left empty")
    )
    options: Mapped[Note | None] = column(
        _l("Choices"), help=_l("For a choice: one on each line; «English | 中文» for both languages")
    )
    points_at: Mapped[Word | None] = column(_l("Points at"), choices=Linkable(), help=_l("For a link"))
    help: Mapped[Name | None] = column(_l("Help"), help=_l("A sentence under the field"))
    required: Mapped[Flag] = column(_l("Required"), default=False)
    in_list: Mapped[Flag] = column(_l("In the list"), default=False, help=_l("As a column that everyone has at first"))
    for_all: Mapped[Flag] = column(
        _l("For everyone"), default=False, help=_l("Also for those who see names and addresses only")
    )
    is_searched: Mapped[Flag] = column(
        _l("Searched"), default=False, help=_l("Texts and choices: the search of lists and pickers looks into it")
    )
    position: Mapped[Whole] = column(_l("Position"), default=0, help=_l("Smaller ones come first"))
    active: Mapped[Flag] = column(
        _l("In use"), default=True, help=_l("Without it the field is hidden and its values are kept")
    )

    def __str__(self) -> str:
        return _bilingual(self.label_text, self.label_zh)

    @property
    def field_name(self) -> str:
        """What files and the API call the field: «x_warranty»."""
        return f"{PREFIX}{self.name}"

    def fill(self) -> None:
        self.kind = self.kind or "text"
        if not self.name:
            self.name = self._free_name()
        if self.kind != "choice":
            self.options = None
        else:
            lines = (line.strip() for line in (self.options or "").splitlines())
            self.options = "\n".join(dict.fromkeys(line for line in lines if line)) or None
        if self.kind != "link":
            self.points_at = None
        if self.kind not in SEARCHED_KINDS:
            self.is_searched = False
        state: Any = sa.inspect(self)
        session = object_session(self)
        if (
            session is not None
            and state.persistent
            and any(state.attrs[name].history.has_changes() for name in ("is_searched", "active"))
        ):
            session.info.setdefault("reindex", set()).add(self.target)

    def _free_name(self) -> str:
        """A name made of the label that no other field of the entity has."""
        words = search.search_text([self.label_text]).split(" | ")
        spoken = next((word for word in words if word.isascii()), "")
        stem = "_".join("".join(each if each.isalnum() else " " for each in spoken).split())[:40] or "field"
        if not stem[0].isalpha():
            stem = f"field_{stem}"
        taken = {row.name for row in self._others()}
        return next(name for name in (stem, *(f"{stem}_{count}" for count in range(2, 10_000))) if name not in taken)

    def _others(self) -> list[CustomField]:
        session = object_session(self)
        if session is None:
            return []
        with session.no_autoflush:
            of_target = sa.select(CustomField).where(CustomField.target == self.target)
            found = [row for row in session.scalars(of_target) if row is not self]
        return found + [row for row in session.new if isinstance(row, CustomField) and row is not self]

    def faults(self) -> dict[str, list[str]]:
        """What is wrong with the declaration, and what would make values unreadable that rows have already."""
        found: dict[str, list[str]] = {}
        state: Any = sa.inspect(self)
        if state.persistent:
            for name, shown in FIXED.items():
                if state.attrs[name].history.has_changes():
                    found[shown] = [_("This can't be changed later: add another field and retire this one.")]
        if not _is_name(self.name or ""):
            found["name"] = [_("A name has small letters a to z, digits and _, and begins with a letter.")]
        if self.kind == "choice":
            found |= self._faulty_options()
        if self.kind == "link" and self.points_at not in Linkable():
            found["points_at"] = [_("Say what the link points at.")]
        if self.is_searched and _needs(registry[self.target], self.for_all):
            found["is_searched"] = [_("A field that not everyone sees can't be searched: what is found would tell it.")]
        if self.active and sum(row.active for row in self._others()) >= MOST:
            found["active"] = [_("At most %(count)s fields of one kind of rows.", count=MOST)]
        return found

    def _faulty_options(self) -> dict[str, list[str]]:
        given = choices_in(self.options)
        if not given:
            return {"options": [_("Say what can be chosen, one on each line.")]}
        if any(len(value) > custom_values.LONGEST for value in given):
            return {"options": [_("A choice has at most %(count)s characters.", count=custom_values.LONGEST)]}
        state: Any = sa.inspect(self)
        before = state.attrs.options.history.deleted
        gone = set(choices_in(before[0])) - set(given) if state.persistent and before else set()
        session = object_session(self)
        if not gone or session is None:
            return {}
        model = registry[self.target]
        holds = sa.select(sa.func.count()).where(_expression(model, self.kind, self.field_name).in_(gone))
        count = session.connection().execute(holds).scalar_one()
        if not count:
            return {}
        return {"options": [_("%(count)s rows have a choice that you take away.", count=count)]}

    def stays(self) -> str:
        """Why the field can't be deleted now: rows have values of it."""
        model = registry.get(self.target)
        session = object_session(self)
        if model is None or not is_extensible(model) or session is None:
            return ""
        has = sa.select(sa.func.count()).select_from(model.__table__).where(_held(model, self.field_name))
        count = session.connection().execute(has).scalar_one()
        if not count:
            return ""
        return _("%(count)s rows have a value here. Take the field out of use instead: they keep it.", count=count)

    @classmethod
    def settled(cls, connection: sa.Connection) -> None:
        """From now on the new declarations hold in this transaction; what is searched is gathered anew."""
        forget(db.session())
        for resource in db.session().info.pop("reindex", ()):
            _gather_anew(connection, registry[resource])


FIXED = {"target": "resource", "name": "name", "kind": "kind", "points_at": "points_at"}
"""What of a declaration never changes, as values were stored by it: attribute → field."""


class _Bilingual:
    """A label in the reader's language."""

    def __init__(self, text: str, chinese: str | None) -> None:
        self.text, self.chinese = text, chinese

    def __str__(self) -> str:
        return _bilingual(self.text, self.chinese)


def _bilingual(text: str, chinese: str | None) -> str:
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
        found = session.info["custom"] = _Known(_load(session))
    return found


def _load(session: Session) -> dict[str, dict[str, AddedField]]:
    table = CustomField.__table__
    connection = session.connection()
    statement = sa.select(table).where(table.c.active).order_by(table.c.resource, table.c.position, table.c.id)
    found: dict[str, dict[str, AddedField]] = {}
    for row in connection.execute(statement):
        model = registry.get(row.resource)
        if model is None or not is_extensible(model) or (row.kind == "link" and row.points_at not in registry):
            continue
        added = _field(model, row)
        found.setdefault(row.resource, {})[added.name] = added
    return found


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
        needs=_needs(model, row.for_all),
        scale=value.scale,
        length=value.length,
        choices=choices_in(row.options) if row.kind == "choice" else None,
        target=registry[row.points_at] if row.kind == "link" else None,
        as_column=row.in_list,
        searched=row.is_searched,
    )


def _needs(model: type[Any], for_all: bool) -> str:
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
    """The added fields that point at ``model``: (the model they belong to, the id they point at as SQL)."""
    known = _known()
    if known is None:
        return []
    every = (each for added in known.fields.values() for each in added.values())
    return [
        (each.model, _expression(each.model, "link", each.name))
        for each in every
        if each.target is not None and each.target.__table__ is model.__table__
    ]


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
    table = CustomField.__table__
    mine = (table.c.resource == model.resource, table.c.name == name.removeprefix(PREFIX))
    return db.session.connection().execute(sa.select(table.c.kind).where(*mine)).scalar()


def _expression(model: type[Any], kind: str, name: str) -> Any:
    return getattr(model, custom_values.attribute(model, kind, name))


def _held(model: type[Any], name: str) -> sa.ColumnElement[bool]:
    return model.__table__.c.custom[name].as_string().is_not(None)


def _gather_anew(connection: sa.Connection, model: type[Any]) -> None:
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


def _is_name(text: str) -> bool:
    return (
        text[:1].isalpha() and len(text) <= 60 and all(each in "abcdefghijklmnopqrstuvwxyz0123456789_" for each in text)
    )
