"""One merge at work: what points at the row that goes is pointed at the one that stays, what is the same unites, and all
of it is noted in its order, so that it can be undone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa
from flask_appbuilder import Model

from app.core import audit, crud, custom, db, identity, match_keys
from app.core.entity import pointing_at, record_name, registry
from app.core.errors import Conflict
from app.core.exchange import keeping
from app.core.exchange.changes import held
from app.core.fields import fields_of, writable
from app.core.i18n import gettext as _
from app.core.merging.choosing import OPAQUE, SEVERAL
from app.core.merging.following import MERGE

RECORD = "record"  # what a column is called that names records as text
NOT_MOVED = frozenset({"audit_entries", "import_run_rows"})  # what was told stays told of whom it was told
FIXED: dict[str, Any] = {}
"""Tables whose rows are never changed, with what is said when one of them points at a row that is to go."""

Rule = Callable[["Merging", Any, Any], None]
rules: dict[type[Any], Rule] = {}
"""What a domain does first when two rows of a model become one: ``rule(work, row, other)``."""
uniting: dict[type[Any], Callable[[Any, Any], dict[str, Any]]] = {}
"""What the first of two rows that unite as parts of a merge comes to hold; unless said, what is empty is filled."""
naming: list[Rule] = []
"""What else names a row, in data of its own (a saved view's filter), and lets it name the one that stays, for the module
that keeps it: ``follow(work, row, other)``.
"""


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
        for follow in naming:
            follow(self, row, other)
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
        """Move the pairs of a table between two others, unless they are there already."""
        rest = [each for each in table.c if each is not column]
        mine = {tuple(pair) for pair in self.connection.execute(sa.select(*rest).where(column == here))}
        theirs = self.connection.execute(sa.select(*rest).where(column == there)).all()
        self.connection.execute(sa.delete(table).where(column == there))
        for pair in map(tuple, theirs):
            values = {each.name: value for each, value in zip(rest, pair, strict=True)}
            came = None if pair in mine else {column.name: here, **values}
            if came is not None:
                self.connection.execute(sa.insert(table).values(came))
                self.moved += 1
            self._pair(table, here, {column.name: there, **values}, came)

    def _pair(self, table: sa.Table, here: int, gone: dict[str, Any], came: dict[str, Any] | None) -> None:
        self._wrote.append(lambda: keeping.paired(table, here, gone, came))

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
