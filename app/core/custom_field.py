"""The declaration of a field that a company adds to an entity in its console (``core.custom`` makes a field of it)."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, object_session

from app.core import custom, custom_values, db, search
from app.core.custom import choices_in, is_extensible
from app.core.custom_values import KINDS
from app.core.entity import Entity, Resources, column, registry
from app.core.fields import declared
from app.core.i18n import gettext as _
from app.core.i18n import in_each_language, lazy_pgettext
from app.core.i18n import lazy_gettext as _l
from app.core.types import Code, Flag, Name, Note, Whole, Word

MOST = 100  # fields of one entity that are in use
SEARCHED_KINDS = ("text", "longtext", "choice")


EXTENSIBLE = Resources(is_extensible)
"""What fields can be added to: resource → what people call its rows."""

LINKABLE = Resources(lambda model: model.domain() != "system")
"""What a link can point at: resource → what people call its rows."""


class CustomField(Entity):
    """A field that the company added to one of its entities."""

    __tablename__ = "custom_fields"
    __table_args__ = (sa.UniqueConstraint("resource", "name"),)
    resource = "custom-fields"
    label, labels = _l("Custom field"), _l("Custom fields")
    keys = ("resource", "name")
    searched = ("label_text", "label_zh", "name")

    target: Mapped[Word] = column(lazy_pgettext("field", "Belongs to"), name="resource", choices=EXTENSIBLE, index=True)
    label_text: Mapped[Name] = column(_l("Label"), name="label", help=_l("What people read before the field"))
    label_zh: Mapped[Name | None] = column(_l("Label in Chinese"), help=_l("The other label where it is left empty"))
    kind: Mapped[Word] = column(_l("Kind"), choices=KINDS, default="text")
    name: Mapped[Code | None] = column(
        _l("Name for files and API"), help=_l("Small letters; made from the label when left empty")
    )
    options: Mapped[Note | None] = column(
        _l("Choices"), help=_l("For a choice: one on each line; «English | 中文» for both languages")
    )
    points_at: Mapped[Word | None] = column(_l("Points at"), choices=LINKABLE, help=_l("For a link"))
    help: Mapped[Name | None] = column(_l("Help"), help=_l("A sentence under the field"))
    required: Mapped[Flag] = column(_l("Required"), default=False)
    in_list: Mapped[Flag] = column(_l("In the list"), default=False, help=_l("As a column that everyone has at first"))
    for_all: Mapped[Flag] = column(
        _l("For everyone"), default=False, help=_l("Also for those who see names and addresses only")
    )
    is_searched: Mapped[Flag] = column(
        _l("Searched"), default=False, help=_l("Texts and choices: the search of lists and pickers looks into it")
    )
    position: Mapped[Whole] = column(lazy_pgettext("field", "Position"), default=0, help=_l("Smaller ones come first"))
    active: Mapped[Flag] = column(
        _l("In use"), default=True, help=_l("Without it the field is hidden and its values are kept")
    )

    def __str__(self) -> str:
        return custom.bilingual(self.label_text, self.label_zh)

    @property
    def field_name(self) -> str:
        """What files and the API call the field: «x_warranty»."""
        return f"{custom.PREFIX}{self.name}"

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
        new = [row for row in session.new if isinstance(row, CustomField) and row is not self]
        return found + [row for row in new if row.target == self.target]

    def faults(self) -> dict[str, list[str]]:
        """What is wrong with the declaration, and what would make values unreadable that rows have already."""
        found: dict[str, list[str]] = {}
        state: Any = sa.inspect(self)
        if state.persistent:
            for name, shown in FIXED.items():
                if state.attrs[name].history.has_changes():
                    found[shown] = [_("This can't be changed later: add another field and retire this one.")]
        if not is_name(self.name or ""):
            found["name"] = [_("A name has small letters a to z, digits and _, and begins with a letter.")]
        elif not state.persistent and (count := self._held()):
            left = _(
                "%(count)s rows have values under this name, of a field that is gone. Use another name.", count=count
            )
            found["name"] = [left]
        found |= self._mistaken()
        if self.kind == "choice":
            found |= self._faulty_options()
        if self.kind == "link" and self.points_at not in LINKABLE:
            found["points_at"] = [_("Say what the link points at.")]
        if self.is_searched and custom.needs(registry[self.target], self.for_all):
            found["is_searched"] = [_("A field that not everyone sees can't be searched: what is found would tell it.")]
        if self.active is not False and sum(row.active is not False for row in self._others()) >= MOST:
            found["active"] = [_("At most %(count)s fields of one kind of rows.", count=MOST)]
        return found

    def _mistaken(self) -> dict[str, list[str]]:
        """The labels that a file's reader would take for another field of the entity, in either language."""
        from app.core.exchange.mapping import folded

        model = registry.get(self.target)
        state: Any = sa.inspect(self)
        changed = not state.persistent or any(
            state.attrs[name].history.has_changes() for name in ("label_text", "label_zh", "active")
        )
        if model is None or not changed or self.active is False:
            return {}
        taken: dict[str, Any] = {}
        for name, each in declared(model).items():
            for text in (name, *in_each_language(each.label), *model.synonyms.get(name, ())):
                taken.setdefault(folded(text), each.label)
        for other in self._others():
            if other.active is not False:
                for label in (other.field_name, other.label_text, other.label_zh or ""):
                    taken.setdefault(folded(label), other)
        taken.pop("", None)
        return {
            shown: [
                _("In a file this would be taken for “%(field)s”. Choose another label.", field=taken[folded(text)])
            ]
            for shown, text in (("label", self.label_text), ("label_zh", self.label_zh))
            if text and folded(text) in taken
        }

    def _faulty_options(self) -> dict[str, list[str]]:
        given = choices_in(self.options)
        if not given:
            return {"options": [_("Say what can be chosen, one on each line.")]}
        if any(len(value) > custom_values.LONGEST for value in given):
            return {"options": [_("A choice has at most %(count)s characters.", count=custom_values.LONGEST)]}
        state: Any = sa.inspect(self)
        if alike := self._alike() if state.attrs.options.history.has_changes() else "":
            return {"options": [_("“%(choice)s” is there twice: nobody could tell which is meant.", choice=alike)]}
        before = state.attrs.options.history.deleted
        gone = set(choices_in(before[0])) - set(given) if state.persistent and before else set()
        session = object_session(self)
        if not gone or session is None:
            return {}
        model = registry[self.target]
        holds = sa.select(sa.func.count()).where(custom.expression(model, self.kind, self.field_name).in_(gone))
        count = session.connection().execute(holds).scalar_one()
        if not count:
            return {}
        return {"options": [_("%(count)s rows have a choice that you take away.", count=count)]}

    def stays(self) -> str:
        """Why the field can't be deleted now: rows have values of it."""
        count = self._held()
        if not count:
            return ""
        return _("%(count)s rows have a value here. Take the field out of use instead: they keep it.", count=count)

    def _alike(self) -> str:
        """What two choices are both called, in either language and however it is cased; empty when nothing is."""
        seen: set[str] = set()
        for line in (self.options or "").splitlines():
            called = {part.strip().casefold(): part.strip() for part in line.partition("|")[::2] if part.strip()}
            for folded, text in called.items():
                if folded in seen:
                    return text
            seen |= set(called)
        return ""

    def _held(self) -> int:
        """How many rows have a value under the field's name, whoever may see them."""
        model = registry.get(self.target)
        session = object_session(self)
        if model is None or not is_extensible(model) or session is None:
            return 0
        has = sa.select(sa.func.count()).select_from(model.__table__).where(custom.held(model, self.field_name))
        return session.connection().execute(has).scalar_one()

    @classmethod
    def settled(cls, connection: sa.Connection) -> None:
        """From now on the new declarations hold in this transaction; what is searched is gathered anew."""
        custom.forget(db.session())
        for resource in db.session().info.pop("reindex", ()):
            custom.gather_anew(connection, registry[resource])


FIXED = {"target": "resource", "name": "name", "kind": "kind", "points_at": "points_at"}
"""What of a declaration never changes, as values were stored by it: attribute → field."""


def is_name(text: str) -> bool:
    """Whether ``text`` can name a field in files and over the API."""
    return (
        text[:1].isalpha() and len(text) <= 60 and all(each in "abcdefghijklmnopqrstuvwxyz0123456789_" for each in text)
    )
