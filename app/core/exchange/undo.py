"""Takes an import, a bulk edit or another deed that was kept as a run back: what it added goes, or is reversed if it was
posted; what it changed becomes as it was; what it removed or moved comes back; what has been changed or used since stays,
and is named.  What is not the actor's to change stays too, and the run stays open for whoever may take back the rest.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import groupby
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import selectinload

from app.core import crud, custom, custom_values, db, giving, identity, remarks, scope
from app.core.audit import AuditEntry
from app.core.document import Document, line_model, take
from app.core.entity import Entity, User, entity_for, pointing_at, registry
from app.core.errors import BusinessError, Conflict, Invalid, NotVisible, about
from app.core.exchange import batches, putting_back, runs
from app.core.exchange.keeping import MOVED, PAIRED, REMOVED
from app.core.exchange.models import PARTLY, ImportRun, ImportRunRow
from app.core.exchange.outcome import Undone
from app.core.exchange.run_kinds import kind_of
from app.core.fields import TEXTS, fields_of
from app.core.i18n import gettext as _

AT_ONCE = 500
REVERSAL = "cancel"  # the transition that reverses what a document posted


@dataclass
class _Row:
    """A row that the run wrote, as it is now; ``pk`` is where that is noted."""

    pk: int
    record_id: int
    created: bool
    version: int
    before: dict[str, Any] | None
    record: Any = None
    is_left: bool = False  # it was not taken back


def undo(run: ImportRun) -> Undone:
    """Undo ``run`` (fetched with ``lock``) in the caller's transaction.

    Whoever may do such a deed may take their own back (an import without the permission to delete; another's needs that
    too): ``run_kinds`` says which permissions.  Raises NotPermitted, NotVisible (the kind of rows is no more),
    Conflict (undone already, still running, nothing written, or accounts: to remove one would take its name from what
    it did).
    """
    model = entity_for(run.target)
    if model is None:
        if run.target == User.resource:
            raise Conflict(
                _("Accounts stay: what they did is kept under their names. Deactivate those that should not log in.")
            )
        raise NotVisible()
    actor, kind = identity.require(), kind_of(run)
    crud.require(kind.own, model)
    if kind.others and run.created_by_id != actor.user_id:
        crud.require(kind.others, model)
    if run.undone:
        raise Conflict(_("This has been undone already."))
    if runs.is_alive(run):
        raise Conflict(_("This import is still running. Wait for its end, then undo it."))
    if not run.created + run.updated:
        raise Conflict(_("Nothing was written: there is nothing to undo."))
    former = _former(run, model) if kind.gives_away else {}
    if kind.gives_away and not actor.unlimited:
        _require_command(model, former, actor)
    if kind.guard is not None:
        kind.guard(run, former)
    if kind.whole:
        _require_survivors(run, model)
    outcome, settled = Undone(), list[int]()
    with identity.doing("undo"), _reaching(actor if kind.gives_away else None):
        for resource, deed, part in _written(run.id):
            if deed == MOVED:
                putting_back.move_back(resource or "", [(row.record_id, row.before or {}) for row in part], outcome)
            elif deed == PAIRED:
                putting_back.pair_back(resource or "", [(row.record_id, row.before or {}) for row in part], outcome)
            elif (of := entity_for(resource or run.target)) is None:
                pass  # its kind of rows is no more
            elif deed == REMOVED:
                kept = len(outcome.kept)
                putting_back.restore(of, [(row.record_id, row.before or {}) for row in part], outcome)
                if kind.whole and outcome.kept[kept:]:
                    raise Conflict(about(outcome.kept[-1].label, outcome.kept[-1].reason))
            else:
                _Undo(of, run.created_on, run.changed_on, outcome, kind.gives_away).take_back(part)
            settled += [row.pk for row in part if not row.is_left]
    _settle(run, outcome, settled)
    db.session.flush()
    return outcome


def _settle(run: ImportRun, outcome: Undone, settled: Sequence[int]) -> None:
    """Note how far ``run`` is undone, what was kept and why; where something is left to undo, that is tried again, and what
    is ``settled`` is not.
    """
    run.error = outcome.noted or None
    if not outcome.foreign:
        run.undone, run.state = True, "undone"
        return
    if outcome.taken:
        run.state = PARTLY
    table: Any = ImportRunRow.__table__
    for start in range(0, len(settled), AT_ONCE):
        gone = table.c.id.in_(settled[start : start + AT_ONCE])
        db.session.connection().execute(sa.delete(table).where(gone))


def _require_survivors(run: ImportRun, model: type[Entity]) -> None:
    """Raises Conflict when what the run made of several rows is no more: it was merged on, and that is undone first; and
    NotPermitted when it has become somebody else's whom the actor does not lead.
    """
    rows: Any = ImportRunRow.__table__
    removed = sa.select(rows.c.before).where(
        rows.c.run_id == run.id,
        rows.c.deed == REMOVED,
        sa.or_(rows.c.resource.is_(None), rows.c.resource == run.target),
    )
    befores = db.session.connection().execute(removed).scalars()
    into = {int(before["into"]) for before in befores if before and before.get("into")}
    if scope.visible_ids(db.session.connection(), model, into, identity.system()) != into:
        raise Conflict(_("What came of it is no more: it was merged again, or removed. Undo that first."))
    if "owner" in fields_of(model):
        giving.require_command(model, giving.find(model, into), unowned=True)


def _former(run: ImportRun, model: type[Entity]) -> dict[int, int | None]:
    """Whose the rows were that the run gave away, by id."""
    rows: Any = ImportRunRow.__table__
    owner = giving.owner_of(model)
    kept = sa.select(rows.c.record_id, rows.c.before).where(
        rows.c.run_id == run.id,
        rows.c.deed.is_(None),
        rows.c.created.is_(False),
        sa.or_(rows.c.resource.is_(None), rows.c.resource == run.target),
    )
    found = db.session.connection().execute(kept).all()
    return {pk: before[owner] for pk, before in found if before and owner in before}


def _require_command(model: type[Entity], former: dict[int, int | None], actor: identity.Actor) -> None:
    """Raises NotPermitted unless each row that changed its owner was the actor's, or of somebody they lead, or is now."""
    people: Any = sa.inspect(User).local_table
    led = scope.visibility.led(actor, people.c.id) if scope.visibility.led is not None else None
    mine = people.c.id == actor.user_id if led is None else sa.or_(people.c.id == actor.user_id, led)
    theirs = sa.select(people.c.id).where(people.c.id.in_(set(former.values()) - {None}), mine)
    allowed = set(db.session.connection().execute(theirs).scalars())
    foreign = [pk for pk, owner_id in former.items() if owner_id not in allowed]
    there = scope.visible_ids(db.session.connection(), model, foreign, identity.system())
    if there:
        with identity.acting_as(identity.system()):
            owned = giving.find(model, there)
        giving.require_command(model, owned)


def _reaching(actor: identity.Actor | None) -> AbstractContextManager[None]:
    """Let ``actor`` get back what it gave away: it acts under its own name, on rows that are no longer its to write."""
    return nullcontext() if actor is None else identity.acting_as(replace(actor, is_system=True, cache={}))


def _written(run_id: int) -> Iterator[tuple[str | None, str | None, list[_Row]]]:
    """What the run wrote, the last first: what points at an earlier row of the run goes before it.  A part is of one kind
    of rows that the same was done to.
    """
    table: Any = ImportRunRow.__table__
    last = None
    while True:
        statement = sa.select(table).where(table.c.run_id == run_id).order_by(table.c.id.desc()).limit(AT_ONCE)
        if last is not None:
            statement = statement.where(table.c.id < last)
        found = db.session.connection().execute(statement).all()
        if not found:
            return
        last = found[-1].id
        for (resource, deed), part in groupby(found, key=lambda each: (each.resource, each.deed)):
            yield (
                resource,
                deed,
                [_Row(each.id, each.record_id, each.created, each.version, each.before) for each in part],
            )


class _Undo:
    """Takes back what a run added and changed of one kind of rows."""

    def __init__(
        self, model: type[Entity], began: datetime, ended: datetime, outcome: Undone, gave_away: bool = False
    ) -> None:
        self.model = model
        self.gave_away = gave_away
        self.began, self.ended = began, ended
        self.lines_of = line_model(model)
        self.outcome = outcome
        self.by_attribute = {each.attribute: each for each in fields_of(model).values()}

    def take_back(self, rows: list[_Row]) -> None:
        """Undo what was done to ``rows``, or keep it and say why."""
        self._load([row.record_id for row in rows], rows)
        ids = [row.record_id for row in rows]
        actor, connection = identity.require(), db.session.connection()
        writable = scope.visible_ids(connection, self.model, ids, actor, write=True)
        there = scope.visible_ids(connection, self.model, ids, identity.system())
        edited = self._edited([row for row in rows if row.created and isinstance(row.record, Document)])
        left: list[_Row] = []
        for row in rows:
            if row.record_id not in there or self._is_another(row):
                continue  # somebody has deleted it
            if row.record is None or row.record_id not in writable:
                self._keep(row, _("It is not yours to change."), foreign=True)
            elif row.created and self._is_posted(row.record) and row.record_id not in edited:
                self._reverse(row)
            elif row.record.version != row.version:
                self._keep(row, _("It has been changed since."))
            elif row.created and isinstance(row.record, Document) and (row.record.number or not row.record.is_editable):
                self._keep(row, _("It has left draft."))
            else:
                left.append(row)
        for row in self._commented([row for row in left if row.created]):
            left.remove(row)
            self._keep(row, _("Somebody else has commented on it."))
        for row in self._used([row for row in left if row.created]):
            left.remove(row)
            self._keep(row, _("It is used by something else."))
        for row in [row for row in left if row.created and hasattr(row.record, "stays")]:
            if reason := row.record.stays():
                left.remove(row)
                self._keep(row, reason)
        batches.write(left, self._write, self._refuse)

    @staticmethod
    def _is_posted(record: Any) -> bool:
        """Whether the record is a document that can only be reversed, and can be."""
        if not isinstance(record, Document) or not record.number or record.is_editable:
            return False
        step = type(record).workflow.find(REVERSAL)
        return step is not None and record.state in step.sources

    def _edited(self, rows: list[_Row]) -> set[int]:
        """Those of ``rows`` whose fields or lines somebody changed: transitions alone change what they say they do."""
        names = {f"{self.model.resource}/{row.record_id}": row.record_id for row in rows}
        if not names:
            return set()
        told = sa.select(AuditEntry.record).where(AuditEntry.record.in_(names), AuditEntry.action == "update")
        with db.unscoped("whether an imported document was edited since") as everything:
            return {names[record] for record in everything.scalars(told.distinct())}

    def _reverse(self, row: _Row) -> None:
        try:
            with db.session.begin_nested():
                take(row.record, REVERSAL)
        except BusinessError as error:
            self._refuse(row, error)
        else:
            self.outcome.reversed += 1

    def _is_another(self, row: _Row) -> bool:
        """Whether the row is a later one: SQLite gives the id of the last row out again once that row is gone."""
        return row.record is not None and row.record.created_on > (self.ended if row.created else self.began)

    def _load(self, ids: list[int], rows: Sequence[_Row]) -> None:
        statement = db.locked(sa.select(self.model).where(self.model.id.in_(ids)).order_by(self.model.id), self.model)
        if self.lines_of is not None:
            statement = statement.options(selectinload(self.model.lines))
        found = {each.id: each for each in db.session.scalars(statement).unique()}
        for row in rows:
            row.record = found.get(row.record_id)

    def _write(self, rows: Sequence[_Row]) -> None:
        taken = self._take(rows)
        rows = [row for row in rows if row.record_id not in taken]
        self._load([row.record_id for row in rows], rows)
        with db.session.no_autoflush:
            for row in rows:
                if row.created:
                    db.session.delete(row.record)
                else:
                    self._restore(row.record, row.before or {})
        crud.flush()
        deleted = sum(row.created for row in rows)
        self.outcome.deleted += deleted
        self.outcome.restored += len(rows) - deleted + len(taken)

    def _take(self, rows: Sequence[_Row]) -> set[int]:
        """Give back those of ``rows`` that the run gave away and did nothing else to, in a few statements; their ids."""
        owner = giving.owner_of(self.model)
        given: dict[int | None, list[giving.Owned]] = {}
        for row in rows:
            if self.gave_away and not row.created and row.before is not None and list(row.before) == [owner]:
                now = giving.Owned(row.record_id, getattr(row.record, owner), row.version, str(row.record))
                given.setdefault(row.before[owner], []).append(now)
        for to, part in given.items():
            giving.hand(self.model, part, to, *identity.deed())
        return {row.id for part in given.values() for row in part}

    def _restore(self, record: Any, before: dict[str, Any]) -> None:
        if any(name.startswith(custom_values.ATTRIBUTE) and name not in self.by_attribute for name in before):
            raise Conflict(_("A field that was changed is out of use now."))
        values = {
            name: _value(self.by_attribute[name], raw) for name, raw in before.items() if name in self.by_attribute
        }
        lines: crud.Lines | None = None
        if "lines" in before and self.lines_of is not None:
            own = {line.id for line in record.lines}
            fields = {
                each.attribute: each
                for each in fields_of(self.lines_of).values()
                if each.name not in ("id", "position")
            }
            lines = [
                (
                    line["id"] if line["id"] in own else None,
                    {name: _value(fields[name], raw) for name, raw in line.items() if name in fields},
                )
                for line in before["lines"]
            ]
        crud.put(record, values, lines)

    def _refuse(self, row: _Row, error: BusinessError) -> None:
        self._keep(row, error.words, foreign=error.status == 403)

    def _keep(self, row: _Row, reason: str, *, foreign: bool = False) -> None:
        row.is_left = True
        label = str(row.record) if row.record is not None else f"{self.model.label} #{row.record_id}"
        self.outcome.keep(f"{self.model.resource}/{row.record_id}", label, reason, foreign=foreign)

    def _commented(self, rows: list[_Row]) -> list[_Row]:
        """Those of ``rows`` that others have said something about: their words and files would go with the row."""
        names = {f"{self.model.resource}/{row.record_id}": row for row in rows}
        found = remarks.of_others(db.session.connection(), names, identity.user_id())
        return [row for name, row in names.items() if name in found]

    def _used(self, rows: list[_Row]) -> list[_Row]:
        """Those of ``rows`` that something else points at, or another row of the kind that stays."""
        by_id = {row.record_id: row for row in rows}
        going = set(by_id)
        pointing = list(_pointing(self.model, going))
        while True:
            used = {key for key, source in pointing if key in going and source not in going}
            if not used:
                return [by_id[key] for key in by_id if key not in going]
            going -= used


def _pointing(model: type[Entity], ids: set[int]) -> Iterator[tuple[int, int | None]]:
    """What points at the rows ``ids``, whoever may see it: (the row, the pointing row if it is of the same kind).

    What goes with a row (a document's lines) does not count; what people add to it (a contact, a share) does, and what
    says so of itself (``counts`` in its column's info).
    """
    if not ids:
        return
    connection = db.session.connection()
    table = model.__table__
    lines = line_model(model)
    kinds = {each.__table__.name: each for each in registry.values()}
    for column, key in pointing_at(table):
        kind = kinds.get(column.table.name)
        if lines is not None and column.table is lines.__table__:
            continue
        owned = kind is None or kind.read_only
        if key.ondelete == "CASCADE" and owned and not column.info.get("counts"):
            continue
        source = column.table.c.id if column.table is table else sa.null()
        for found in connection.execute(sa.select(column, source).where(column.in_(ids)).distinct()):
            yield found[0], found[1]
    for other_model, link in custom.links_to(model):
        source = other_model.__table__.c.id if other_model is model else sa.null()
        for found in connection.execute(sa.select(link, source).where(link.in_(ids)).distinct()):
            yield found[0], found[1]


def _value(field: Any, raw: Any) -> Any:
    """What ``audit.plain`` made of a value, as the value again.  Raises Invalid for what the field takes no longer."""
    if raw is None or field.kind in TEXTS or field.kind == "json":
        return raw
    try:
        return field.parse(raw)
    except ValueError as error:
        raise Invalid({field.name: [str(error)]}) from None
