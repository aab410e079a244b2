"""Two rows that are one are made one: ``row`` stays, ``other`` goes, and whatever pointed at the one that goes points at
the one that stays.

It walks the metadata, so that a new entity needs to say nothing: every foreign key, every field that a company added and
that links, and every column that names records as text («customers/12»).  Where two rows would come to be the same (a
share with the same user), they unite too.  The whole is one run, and one undo.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa
from flask_appbuilder import Model
from sqlalchemy.exc import OperationalError

from app.core import audit, bulk, crud, custom, db, identity, match_keys, scope
from app.core.document import Document
from app.core.entity import Entity, pointing_at, record_name, registry
from app.core.errors import Conflict, Invalid, NotPermitted, NotVisible
from app.core.exchange import keeping
from app.core.exchange.changes import held
from app.core.exchange.models import ImportRun, ImportRunRow
from app.core.exchange.run_kinds import RunKind, add_kind
from app.core.fields import Field, fields_of, readable, writable
from app.core.i18n import gettext as _
from app.core.i18n import lazy_gettext as _l

MERGE = "merge"
PERMISSION = "can_merge"
SIDES = ("this", "other", "both")
SEVERAL = ("relations", "tags")  # they unite
OPAQUE = ("images", "json", "password")  # what can't be chosen between: that of the row that stays
RECORD = "record"  # what a column is called that names records as text
NOT_MOVED = frozenset({"audit_entries", "import_run_rows"})  # what was told stays told of whom it was told
FIXED: dict[str, Any] = {}
"""Tables whose rows are never changed, with what is said when one of them points at a row that is to go."""

RUN = add_kind(
    RunKind(
        MERGE,
        _l("Merge"),
        lambda run: _("Merged: %(what)s", what=run.file),
        own=PERMISSION,
        others="can_delete",
        gives_away=True,
        whole=True,
    )
)

Rule = Callable[["Merging", Any, Any], None]
rules: dict[type[Any], Rule] = {}
"""What a domain does first when two rows of a model become one: ``rule(work, row, other)``."""
uniting: dict[type[Any], Callable[[Any, Any], dict[str, Any]]] = {}
"""What the first of two rows that unite as parts of a merge comes to hold; unless said, what is empty is filled."""


@dataclass
class Merged:
    """What came of it: the row that stays, the run that undoes it, and how many rows were moved and united."""

    row: Any
    run: ImportRun
    moved: int = 0
    united: int = 0


@dataclass(frozen=True)
class Choice:
    """A field in which two rows differ: what each holds, and which side is the better one."""

    field: Field
    this: Any
    other: Any
    better: str
    sides: tuple[str, ...] = ("this", "other")


def choices(row: Any, other: Any) -> list[Choice]:
    """The fields that exist for the actor in which the rows differ."""
    known, found = writable(type(row)), []
    for name, each in readable(type(row)).items():
        if name not in known or each.kind in SEVERAL or each.kind in OPAQUE:
            continue
        this, that = getattr(row, each.attribute), getattr(other, each.attribute)
        if this == that:
            continue
        sides = SIDES if each.kind == "longtext" and this and that else SIDES[:2]
        found.append(Choice(each, each.value(row), each.value(other), better(each, this, that), sides))
    return found


def better(of: Field, this: Any, other: Any) -> str:
    """Which value is kept unless somebody says: what is there rather than nothing, of long texts both, else this one's."""
    if this in (None, "") and other not in (None, ""):
        return "other"
    return "both" if of.kind == "longtext" and this and other else "this"


def merge(row: Any, other_id: Any, take: Mapping[str, Any] | None = None) -> Merged:
    """Make ``row`` (fetched with ``lock``) and the row ``other_id`` one, which is ``row``, with the values that ``take``
    says («this» or «other» by field, «both» for long texts; else the better one).

    Both must be the actor's to write.  Raises NotVisible, NotPermitted, Conflict, Invalid.
    """
    model = type(row)
    crud.require(PERMISSION, model)
    other = _other(row, other_id)
    if model.read_only or issubclass(model, Document):
        raise Conflict(_("Documents are not merged: cancel the one that is too much."))
    ids = {row.id, other.id}
    if scope.visible_ids(db.session.connection(), model, ids, identity.require(), write=True) != ids:
        raise NotPermitted(_("Both must be yours to change. Ask whoever owns the other one, or their manager."))
    values = _values(row, other, dict(take or {}))
    crud._check_owner(row, values)
    work = Merging(row, other)
    actor = identity.require()
    said = _("%(other)s into %(this)s", other=other, this=row)
    with identity.acting_as(replace(actor, is_system=True, cache={})), identity.doing(MERGE, said):
        wrote = work.go(values)
        run = keeping.keep_run(RUN, model, wrote, said)
    db.session().expire_all()
    return Merged(row, run, work.moved, work.united)


def _other(row: Any, other_id: Any) -> Any:
    """The row that goes, locked.  Raises Invalid when it is none, or nothing the actor sees."""
    try:
        pk = int(other_id if not isinstance(other_id, bool) else "x")
    except (TypeError, ValueError):
        raise Invalid({"other": [_("Choose one from the list.")]}) from None
    if pk == row.id:
        raise Invalid({"other": [_("A row can't be merged with itself.")]})
    model = type(row)
    try:
        return _locked(model, pk, wait=pk > row.id)
    except NotVisible:
        message = _("There is no such %(what)s, or it is not yours to see.", what=str(model.label).lower())
        raise Invalid({"other": [message]}) from None


def _locked(model: type[Any], pk: int, *, wait: bool) -> Any:
    """The row ``pk``, locked: without waiting where that would be against the order of ids, in which all lock."""
    if wait or db.is_sqlite():
        return crud.fetch(model, pk, lock=True)
    statement = sa.select(model).where(model.id == pk).with_for_update(of=model, nowait=True)
    try:
        with db.session.begin_nested():
            found = db.session.scalars(statement.execution_options(populate_existing=True)).unique().one_or_none()
    except OperationalError:
        raise Conflict(_("Somebody else is changing the other one now. Try again in a moment.")) from None
    if found is None:
        raise NotVisible()
    return found


def _values(row: Any, other: Any, take: dict[str, Any]) -> dict[str, Any]:
    """What ``row`` is to hold besides what it holds, by attribute.  Raises Invalid."""
    known = {each.field.name: each for each in choices(row, other)}
    all_fields = readable(type(row))
    errors: dict[str, list[str]] = {}
    for name, side in take.items():
        sides = known[name].sides if name in known else SIDES
        if name not in all_fields:
            errors[name] = [_("There is no such field here.")]
        elif side not in sides:
            errors[name] = [_("Say “this” or “other”.")]
    if errors:
        raise Invalid(errors)
    values: dict[str, Any] = {}
    for name, each in known.items():
        side, attribute = take.get(name, each.better), each.field.attribute
        this, that = getattr(row, attribute), getattr(other, attribute)
        if side == "other":
            values[attribute] = that
        elif side == "both":
            values[attribute] = f"{this}\n\n{that}"
    # What does not exist for the actor must not be lost either.
    for name, hidden in writable(type(row), identity.system()).items():
        if name in all_fields or hidden.kind in SEVERAL or hidden.kind in OPAQUE:
            continue
        this, that = getattr(row, hidden.attribute), getattr(other, hidden.attribute)
        if this in (None, "") and that not in (None, ""):
            values[hidden.attribute] = that
    return values


class Merging:
    """One merge, with what it did in its order: domains' rules change rows through ``change`` and ``add``."""

    def __init__(self, row: Any, other: Any) -> None:
        self.row, self.other = row, other
        self.connection = db.session.connection()
        self.moved = self.united = 0
        self._wrote: list[Callable[[], keeping.Wrote]] = []

    def go(self, values: dict[str, Any]) -> list[keeping.Wrote]:
        """Do it; what was done, in its order."""
        self._absorb(self.row, self.other, values)
        return [each() for each in self._wrote]

    def change(self, row: Any, values: Mapping[str, Any]) -> None:
        """Give ``row`` the ``values`` by attribute, and keep what it held."""
        before = {name: held(row, name) for name in values}
        with db.session.no_autoflush:
            for name, value in values.items():
                setattr(row, name, value)
        crud.flush()
        differing = {name: old for name, old in before.items() if held(row, name) != old}
        if differing:
            self._wrote.append(lambda: keeping.changed(row, differing))

    def add(self, row: Any) -> None:
        """Add ``row`` to what is undone with the merge."""
        db.session.add(row)
        crud.flush()
        self._wrote.append(lambda: keeping.added(row))

    def _absorb(self, row: Any, other: Any, values: dict[str, Any]) -> None:
        """Let ``row`` take everything that is ``other``'s, and remove that."""
        model, label = type(row), str(other)
        if rule := rules.get(model):
            rule(self, row, other)
        for column, _key in pointing_at(model.__table__):
            self._repoint(model, column, row, other)
        self._relink(model, row, other)
        self._rename(record_name(row), record_name(other))
        mine = sa.and_(match_keys.KEYS.c.target == model.resource, match_keys.KEYS.c.row_id == other.id)
        of_others = sa.and_(mine, match_keys.KEYS.c.source != model.resource)
        self.connection.execute(sa.update(match_keys.KEYS).where(of_others).values(row_id=row.id))
        db.session().expire_all()
        values |= self._more(row, other, values)
        self._remove(other, into=row.id)
        before = len(self._wrote)
        if values:
            self.change(row, values)
        if len(self._wrote) == before and row is self.row and model.audited:
            audit.note(
                self.connection, record_name(row), MERGE, {}, _("%(other)s into %(this)s", other=label, this=row)
            )

    def _more(self, row: Any, other: Any, given: Mapping[str, Any]) -> dict[str, Any]:
        """What nobody chooses between: what is several unites, what rules set keeps the later day."""
        values: dict[str, Any] = {}
        for each in fields_of(type(row)).values():
            if each.attribute in given or not each.stored:
                continue
            this, that = getattr(row, each.attribute), getattr(other, each.attribute)
            if each.kind == "tags":
                names = list(dict.fromkeys([tag.name for tag in this] + [tag.name for tag in that]))
                if len(names) != len(this):
                    values[each.attribute] = names
            elif each.kind == "relations":
                united = list(dict.fromkeys([*this, *that]))
                if len(united) != len(this):
                    values[each.attribute] = united
            elif each.kind == "images" and that:
                values[each.attribute] = list(dict.fromkeys([*(this or []), *that]))
            elif each.readonly and each.formula is None and _is_later(this, that) and each.name not in SYSTEM_DAYS:
                values[each.attribute] = that
        return values

    def _repoint(self, model: type[Any], column: sa.Column[Any], row: Any, other: Any) -> None:
        """Let every row whose ``column`` points at ``other`` point at ``row``."""
        table = column.table
        points = column == other.id
        if table.name in FIXED:
            if self.connection.execute(sa.select(column).where(points).limit(1)).first() is not None:
                raise Conflict(str(FIXED[table.name]))
            return
        kind = next((each for each in registry.values() if each.__table__ is table), None)
        if table is model.__table__:
            # A row does not hang on itself.
            own = getattr(row, _attribute(model, column))
            if own == other.id:
                above = getattr(other, _attribute(model, column))
                self.change(row, {_attribute(model, column): None if above == row.id else above})
        if kind is not None:
            for here, there in list(self._same(kind, column, row, other)):
                self._unite(kind, here, there)
        elif "id" not in table.c:
            # What is between two tables holds nothing of its own.
            self._join(table, column, row.id, other.id)
            return
        statement = sa.update(table).where(points).values({column: row.id}).returning(table.c.id)
        ids = sorted(self.connection.execute(statement).scalars())
        for pk in ids:
            self._move(table, pk, {column.name: other.id}, {column.name: row.id})
        if kind is not None and kind.audited:
            for pk in ids:
                name = _attribute(kind, column)
                audit.note(self.connection, f"{kind.resource}/{pk}", MERGE, {name: [other.id, row.id]})
        self.moved += len(ids)

    def _move(self, table: sa.Table, pk: int, before: dict[str, Any], after: dict[str, Any]) -> None:
        self._wrote.append(lambda: keeping.moved(table, pk, before, after))

    def _join(self, table: sa.Table, column: sa.Column[Any], here: int, there: int) -> None:
        """Move the pairs of a table between two others; those that are there already go with the row they belong to."""
        rest = [each for each in table.c if each is not column]
        held_already = sa.select(*rest).where(column == here)
        for pair in self.connection.execute(sa.select(*rest).where(column == there).except_(held_already)).all():
            values = dict(zip((each.name for each in rest), pair, strict=True))
            self.connection.execute(sa.insert(table).values({column.name: here, **values}))

    def _same(self, kind: type[Any], column: sa.Column[Any], row: Any, other: Any) -> Iterator[tuple[Any, Any]]:
        """The rows of ``kind`` at ``other`` that are one with one at ``row``: by a constraint, or by their keys without a
        value in which they differ.
        """
        uniques = [
            [each for each in constraint.columns if each is not column]
            for constraint in kind.__table__.constraints
            if isinstance(constraint, sa.UniqueConstraint) and column.name in constraint.columns
        ]
        uniques += [
            [each for each in index.columns if each is not column]
            for index in kind.__table__.indexes
            if index.unique and column.name in index.columns
        ]
        named = [fields_of(kind)[name] for name in kind.keys if name in fields_of(kind)]
        by_key = [each.column for each in named if each.column is not None and each.column is not column]
        if len(by_key) == len(named):
            by_key = []  # its keys say nothing of whom it belongs to
        if not uniques and not by_key:
            return
        attribute = _attribute(kind, column)
        there = db.session.scalars(sa.select(kind).where(column == other.id).order_by(kind.id)).unique().all()
        here = (
            db.session.scalars(sa.select(kind).where(column == row.id).order_by(kind.id)).unique().all()
            if there
            else ()
        )
        for theirs in there:
            for mine in here:
                if any(_alike(kind, columns, mine, theirs) for columns in uniques):
                    yield mine, theirs
                    break
                if by_key and _alike(kind, by_key, mine, theirs) and not _differ(kind, mine, theirs, attribute):
                    yield mine, theirs
                    break

    def _unite(self, kind: type[Any], here: Any, there: Any) -> None:
        """Make two rows that belong to what becomes one themselves one."""
        values = {}
        for each in writable(kind, identity.system()).values():
            if each.kind in SEVERAL or each.kind in OPAQUE:
                continue
            this, that = getattr(here, each.attribute), getattr(there, each.attribute)
            if this in (None, "") and that not in (None, ""):
                values[each.attribute] = that
        if rule := uniting.get(kind):
            values = rule(here, there)
        self.united += 1
        self._absorb(here, there, values)

    def _relink(self, model: type[Any], row: Any, other: Any) -> None:
        """Let the fields that a company added and that link to ``other`` link to ``row``."""
        for of, link in custom.links_to(model):
            found = db.session.scalars(sa.select(of).where(link == other.id)).unique().all()
            for each in found:
                names = [
                    added.attribute
                    for added in custom.fields(of).values()
                    if added.target is model and getattr(each, added.attribute) == other.id
                ]
                if each is not other:
                    self.change(each, dict.fromkeys(names, row.id))
                    self.moved += 1

    def _rename(self, name: str, gone: str) -> None:
        """Let what names ``gone`` as text name ``name``."""
        for table in Model.metadata.tables.values():
            column = table.c.get(RECORD)
            if column is None or table.name in NOT_MOVED or table.name in FIXED or "id" not in table.c:
                continue
            before: dict[str, Any] = {RECORD: gone}
            after: dict[str, Any] = {RECORD: name}
            if {"record_resource", "record_id"} <= set(table.c.keys()):
                # What hangs on records by their names keeps the parts of the name besides.
                before["record_id"], after["record_id"] = (int(each.partition("/")[2]) for each in (gone, name))
            statement = sa.update(table).where(column == gone).values(after).returning(table.c.id)
            for pk in sorted(self.connection.execute(statement).scalars()):
                self._move(table, pk, before, after)
                self.moved += 1

    def _remove(self, row: Any, into: int) -> None:
        kept = keeping.removed(row)
        assert kept.before is not None
        kept.before["into"] = into
        self._wrote.append(lambda: kept)
        db.session.delete(row)
        crud.flush()


SYSTEM_DAYS = frozenset({"created_on", "changed_on", "created_by", "changed_by", "id", "version"})


def _is_later(this: Any, that: Any) -> bool:
    if that in (None, ""):
        return False
    if this in (None, ""):
        return True
    return isinstance(this, date | datetime) and isinstance(that, type(this)) and that > this


def _attribute(model: type[Any], column: sa.Column[Any]) -> str:
    return sa.inspect(model).get_property_by_column(column).key


def _alike(kind: type[Any], columns: list[sa.Column[Any]], one: Any, other: Any) -> bool:
    """Whether the rows hold the same in ``columns``, all of them something."""
    pairs = [(getattr(one, name), getattr(other, name)) for name in (_attribute(kind, each) for each in columns)]
    return all(mine == theirs and mine is not None for mine, theirs in pairs)


def _differ(kind: type[Any], one: Any, other: Any, besides: str) -> bool:
    """Whether the rows hold different values in any field: then neither says what the other does."""
    for each in writable(kind, identity.system()).values():
        if each.attribute == besides or each.kind in (*SEVERAL, "bool"):
            continue
        mine, theirs = getattr(one, each.attribute), getattr(other, each.attribute)
        if mine not in (None, "") and theirs not in (None, "") and mine != theirs:
            return True
    return False


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
