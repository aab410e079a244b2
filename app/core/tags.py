"""Tags on rows of any entity: words of the company's own, each with a colour, found again by a filter.

``Entity`` brings every taggable row ``tags``: read as the tags in the order of their names, written as names; a name that
is new becomes a tag, if the actor may make one.  One table holds them for all kinds of rows, so it names a row by kind
and id; no foreign key follows: a row that goes takes its taggings along in ``core.flush``, and those of rows that the
database removed with another are swept by the job ``clean-up``.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any, ClassVar

import sqlalchemy as sa
from flask_appbuilder import Model
from sqlalchemy.orm import Mapped, mapped_column, object_session, relationship, selectinload

from app.core import db, identity, search
from app.core.entity import Entity, column, derived, pointing_at, registry
from app.core.errors import Invalid
from app.core.i18n import gettext as _
from app.core.i18n import lazy_gettext as _l
from app.core.i18n import lazy_pgettext
from app.core.types import Word

TONES = {"grey": _l("Grey"), "blue": _l("Blue"), "green": _l("Green"), "amber": _l("Amber"), "red": _l("Red")}
LONGEST = 40  # letters of a tag
MOST = 30  # tags of a row
SEPARATORS = re.compile(r"\s*[,，;；、\n]\s*")
_KNOWN = "tags"  # where a session keeps the tags that it has read, by folded name


class Tag(Entity):
    """A word that any row may carry, with a colour.  Typing a new one makes it."""

    __tablename__ = "tags"
    resource = "tags"
    label, labels = _l("Tag"), _l("Tags")
    keys = ("name",)
    taggable = False

    name: Mapped[Word] = column(_l("Name"), unique=True)
    tone: Mapped[Word] = column(_l("Colour"), choices=TONES, tones={name: name for name in TONES}, default="grey")

    counted: ClassVar[int | None] = None  # how many rows carry it, where that was counted for a whole list

    @derived(lazy_pgettext("tag", "Rows"), kind="integer", help=_l("How many rows carry it"))
    def uses(self) -> int:
        return uses([self.id]).get(self.id, 0) if self.counted is None else self.counted

    def fill(self) -> None:
        self.name = " ".join((self.name or "").split())

    def faults(self) -> dict[str, list[str]]:
        if not self.name:
            return {"name": [_("This is required.")]}
        if len(self.name) > LONGEST:
            return {"name": [_("A tag has at most %(count)s letters.", count=LONGEST)]}
        if SEPARATORS.search(self.name):
            return {"name": [_("A comma or semicolon would part one tag into two.")]}
        if not sa.inspect(self).attrs.name.history.has_changes():
            return {}
        others = sa.select(TAGS.c.name).where(TAGS.c.id != (self.id or 0))
        # Compared here, as ``find`` does: SQLite knows upper and lower case of ASCII alone.
        if _folded(self.name) in {_folded(name) for name in db.session.connection().scalars(others)}:
            return {"name": [_("There is one with this value already.")]}
        return {}


class Tagging(Model):
    """That a row carries a tag."""

    __tablename__ = "taggings"
    __table_args__ = (
        sa.UniqueConstraint("resource", "row_id", "tag_id"),
        sa.Index("ix_taggings_tag_id_resource_row_id", "tag_id", "resource", "row_id"),
    )
    __mapper_args__ = {"confirm_deleted_rows": False}  # some are gone with their row already

    id: Mapped[int] = mapped_column(primary_key=True)
    resource: Mapped[str] = mapped_column(sa.String(80))
    row_id: Mapped[int]
    tag_id: Mapped[int] = mapped_column(sa.ForeignKey("tags.id", ondelete="CASCADE"), info={"counts": True})

    tag: Mapped[Tag] = relationship(Tag)


TAGS: sa.Table = Tag.__table__
TAGGINGS: sa.Table = Tagging.__table__


def of(row: Any) -> list[Tag]:
    """The tags of ``row`` by name."""
    return sorted((each.tag for each in row.taggings), key=lambda tag: search.folded(tag.name))


def put(row: Any, names: Iterable[str]) -> None:
    """Make ``names`` the tags of ``row``; those that are there already stay as they are.  Raises Invalid."""
    wanted = {_folded(tag.name): tag for tag in find(names)}
    if len(wanted) > MOST:
        raise Invalid({"tags": [_("At most %(count)s tags.", count=MOST)]})
    held = {_folded(each.tag.name): each for each in row.taggings}
    for name, tagging in held.items():
        if name not in wanted:
            row.taggings.remove(tagging)
    for name, tag in wanted.items():
        if name not in held:
            row.taggings.append(Tagging(resource=type(row).resource, tag=tag))


def find(names: Iterable[str]) -> list[Tag]:
    """The tags called ``names``, however they are cased; those that there are not yet are made.  Raises Invalid."""
    known: dict[str, Tag] | None = db.session().info.get(_KNOWN)
    found: dict[str, Tag] = {}
    for name in names:
        key = _folded(name)
        if known is None or not _is_there(known.get(key)):
            # All of them: a company has some dozens, and what they are called in another case no index tells.
            with db.session.no_autoflush:
                known = {_folded(tag.name): tag for tag in db.session.scalars(sa.select(Tag))}
            known |= {_folded(tag.name): tag for tag in db.session.new if isinstance(tag, Tag)}
            db.session().info[_KNOWN] = known
        if key not in known:
            known[key] = _made(name)
        found[key] = known[key]
    return list(found.values())


def read(raw: Any) -> list[str]:
    """The names that ``raw`` (a text with commas, or a list of texts or of {"name"}) holds, each once.

    Raises ValueError with a message for people.
    """
    given = raw if isinstance(raw, list | tuple) else [raw]
    names: dict[str, str] = {}
    for each in given:
        if isinstance(each, dict):
            each = each.get("name")
        if not isinstance(each, str):
            raise ValueError(_("Tags are texts."))
        for name in SEPARATORS.split(each):
            name = " ".join(name.split())
            if len(name) > LONGEST:
                raise ValueError(_("A tag has at most %(count)s letters.", count=LONGEST))
            if name:
                names.setdefault(_folded(name), name)
    if len(names) > MOST:
        raise ValueError(_("At most %(count)s tags.", count=MOST))
    return list(names.values())


def loading(model: type[Any]) -> Any:
    """The loader option for the tags of many rows: one statement."""
    return selectinload(model.taggings).joinedload(Tagging.tag)


def carried(model: type[Any], names: Iterable[str] | None = None) -> sa.ColumnElement[bool]:
    """The condition that a row of ``model`` carries one of ``names`` (any tag at all, when None)."""
    rows = sa.select(TAGGINGS.c.row_id).where(TAGGINGS.c.resource == model.resource)
    if names is not None:
        named = [name for given in names for name in (given, given.lower())]
        tags = sa.select(TAGS.c.id).where(sa.or_(TAGS.c.name.in_(named), sa.func.lower(TAGS.c.name).in_(named)))
        rows = rows.where(TAGGINGS.c.tag_id.in_(tags))
    return model.id.in_(rows)


def changed(row: Any) -> list[Any] | None:
    """What the tags of ``row`` were and are, by name; None when this flush leaves them as they are."""
    state = sa.inspect(row)
    if "taggings" not in state.dict:
        return None
    history = state.attrs.taggings.history
    if not history.added and not history.deleted:
        return None
    before = sorted(each.tag.name for each in (*history.unchanged, *history.deleted))
    after = sorted(each.tag.name for each in (*history.unchanged, *history.added))
    return None if before == after else [before, after]


def forget(connection: sa.Connection, rows: Iterable[Any]) -> None:
    """Remove the taggings of ``rows``, which are about to be deleted, and of those that the database removes with them."""
    by_model: dict[type[Any], list[int]] = {}
    for row in rows:
        if getattr(row, "taggable", False):
            by_model.setdefault(type(row), []).append(row.id)
    for model, ids in by_model.items():
        own = sa.and_(TAGGINGS.c.resource == model.resource, TAGGINGS.c.row_id.in_(ids))
        connection.execute(sa.delete(TAGGINGS).where(sa.or_(own, *_owned(model, ids))))


def _owned(model: type[Any], ids: list[int]) -> list[sa.ColumnElement[bool]]:
    """The taggings of the rows that go with those of ``model``."""
    kinds = {kind.__table__: kind for kind in registry.values() if kind.taggable}
    found = []
    for each, key in pointing_at(model.__table__):
        kind = kinds.get(each.table)
        if kind is not None and key.ondelete == "CASCADE":
            gone = sa.select(each.table.c.id).where(each.in_(ids))
            found.append(sa.and_(TAGGINGS.c.resource == kind.resource, TAGGINGS.c.row_id.in_(gone)))
    return found


def sweep() -> int:
    """Remove the taggings of rows that are no more; how many."""
    connection, swept = db.session.connection(), 0
    for kind in registry.values():
        if kind.taggable:
            table: Any = kind.__table__
            gone = sa.and_(TAGGINGS.c.resource == kind.resource, TAGGINGS.c.row_id.not_in(sa.select(table.c.id)))
            swept += connection.execute(sa.delete(TAGGINGS).where(gone)).rowcount
    return swept


def merge(ids: Iterable[int], into: Tag) -> int:
    """Let whatever carries one of the tags ``ids`` carry ``into`` instead, and remove them; how many rows changed."""
    from app.core import crud

    gone = [each for each in dict.fromkeys(ids) if each != into.id]
    connection = db.session.connection()
    other = TAGGINGS.alias()
    has = sa.exists().where(
        other.c.tag_id == into.id, other.c.resource == TAGGINGS.c.resource, other.c.row_id == TAGGINGS.c.row_id
    )
    moved = 0
    for pk in gone:  # one after the other: a row may carry several of them
        tag = crud.fetch(Tag, pk, lock=True)
        mine = TAGGINGS.c.tag_id == pk
        moved += connection.execute(sa.update(TAGGINGS).where(mine, ~has).values(tag_id=into.id)).rowcount
        crud.delete(tag)
    db.session().expire_all()
    db.session().info.pop(_KNOWN, None)
    return moved


def uses(ids: Iterable[int]) -> dict[int, int]:
    """How many rows carry each of the tags ``ids``.  One statement."""
    counted = sa.select(TAGGINGS.c.tag_id, sa.func.count()).where(TAGGINGS.c.tag_id.in_(list(ids)))
    return dict(db.session.connection().execute(counted.group_by(TAGGINGS.c.tag_id)).tuples().all())


def _folded(name: str) -> str:
    return " ".join(name.split()).casefold()


def _is_there(tag: Tag | None) -> bool:
    """Whether a remembered tag is still one: a savepoint that was rolled back takes it away again."""
    return tag is not None and object_session(tag) is not None and not sa.inspect(tag).deleted


def _made(name: str) -> Tag:
    if not identity.require().may("can_add", Tag.permission_key()):
        raise Invalid({"tags": [_("There is no tag “%(name)s”.", name=name)]})
    tag = Tag(name=name)
    db.session.add(tag)
    return tag
