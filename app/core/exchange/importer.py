"""Brings a file's rows into an entity by the same rules as a form: reads, finds what they name, matches, writes in
batches.

It runs in the caller's transaction and never commits.  A preview does the same work inside a savepoint that is then
rolled back.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import selectinload

from app.core import crud, db, identity, numbering, own_words, scope, tags
from app.core.errors import BusinessError, Invalid, NotPermitted
from app.core.exchange import batches
from app.core.exchange.cells import Cell
from app.core.exchange.changes import Change, changes_of
from app.core.exchange.mapping import ColumnMap, bind
from app.core.exchange.models import NEW_CHOICES, ON_ERROR, ON_MATCH, ImportRun, keep_rows
from app.core.exchange.reader import Table, open_table
from app.core.exchange.records import Record, RecordReader
from app.core.exchange.resolve import match
from app.core.exchange.result import PreviewRow, Result, RowError, error_file
from app.core.exchange.seen import SeenKeys
from app.core.fields import fields_of
from app.core.i18n import gettext as _
from app.core.remarks import safe_name

__all__ = ["BATCH", "Result", "RowError", "error_file", "run_import"]

BATCH = 500  # rows of the file that are read, looked up and written at once
SHOWN = 50  # rows that a preview shows from the beginning of the file
REFUSED_SHOWN = 100  # rows that fail and are shown wherever they stand
ERRORS_KEPT = 10_000  # messages; the file of failed rows has them all
GIVE_UP = 1000  # failed rows after which an import that would write nothing looks no further
MODES = ("preview", "commit")


def run_import(
    model: type[Any],
    path: Path,
    filename: str,
    *,
    mapping: ColumnMap | Mapping[str, Any] | None = None,
    mode: str = "preview",
    on_match: str = "fail",
    on_error: str = "stop",
    new_choices: str = "refuse",
    progress: Callable[[int], None] | None = None,
    run: ImportRun | None = None,
    checkpoint: Callable[[], None] | None = None,
    limit: int | None = None,
) -> Result:
    """Import the file at ``path``, which its owner calls ``filename``, into ``model``.

    ``mapping``: a ColumnMap, its JSON, or just {header: field}.  ``on_match``: what becomes of a row whose keys are
    there already. ``on_error``: ``stop`` writes nothing when a row fails, ``skip`` writes the others.  ``new_choices``:
    whether a row whose level, source … has not been used before fails (``refuse``) or extends the choices (``add``).
    ``progress`` is told how many rows are done.  ``run`` is the run's row if there is one already.  ``checkpoint``
    commits: it is called after each batch of an import that leaves failed rows out, so that what is written then stays.
    Of the file only the first ``limit`` rows are looked at.

    Raises NotPermitted, Invalid (no such option), UnreadableFile and UnknownColumns; a row that fails is told in the
    result.
    """
    _require_option("mode", mode, MODES)
    _require_option("on_match", on_match, ON_MATCH)
    _require_option("on_error", on_error, ON_ERROR)
    _require_option("new_choices", new_choices, NEW_CHOICES)
    crud.require("can_import", model)
    if model.read_only:
        raise NotPermitted()
    columns = as_column_map(mapping)
    table = open_table(path, filename)
    work = _Import(model, table, columns, on_match, on_error, new_choices)
    if mode == "commit" and on_error == "skip" and checkpoint is not None:
        with identity.doing("import"):
            work.begin(filename, run)
            work.go(table, progress, checkpoint=checkpoint)
            work.finish()
        return work.result
    savepoint = db.session.begin_nested()
    try:
        with identity.doing("import"):
            if mode == "commit":
                work.begin(filename, run)
            work.go(table, progress, limit=limit)
            kept = mode == "commit" and not (on_error == "stop" and work.result.failed)
            if kept:
                work.finish()
    except BaseException:
        savepoint.rollback()
        raise
    if kept:
        savepoint.commit()
    else:
        savepoint.rollback()
        work.result.run_id = None
        if mode == "commit":
            work.result.created = work.result.updated = 0
    return work.result


def new_run(model: type[Any], filename: str, on_match: str, on_error: str, **values: Any) -> ImportRun:
    """The row of a run that begins."""
    name = safe_name(filename)
    run = ImportRun(target=model.resource, file=name, on_match=on_match, on_error=on_error, **values)
    db.session.add(run)
    db.session.flush()
    return run


def as_column_map(mapping: ColumnMap | Mapping[str, Any] | None) -> ColumnMap:
    """The mapping as given in any of its forms.  Raises Invalid when it has none of them."""
    if mapping is None or isinstance(mapping, ColumnMap):
        return mapping or ColumnMap()
    try:
        if all(isinstance(value, str) for value in mapping.values()):
            return ColumnMap.from_json({"columns": mapping})
        return ColumnMap.from_json(mapping)
    except ValueError as error:
        raise Invalid({"mapping": [str(error)]}) from None


def _require_option(name: str, value: str, allowed: Iterable[str]) -> None:
    if value not in allowed:
        raise Invalid({name: [_("“%(text)s” is not one of: %(allowed)s.", text=value, allowed=", ".join(allowed))]})


class _Import:
    """One run through a file."""

    def __init__(
        self, model: type[Any], table: Table, mapping: ColumnMap, on_match: str, on_error: str, new_choices: str
    ) -> None:
        self.model = model
        self.on_match, self.on_error = on_match, on_error
        self.reached = 0  # the last row of the file that was looked at
        self.refused_shown = 0
        plan = bind(model, table.headers, mapping)
        self.result = Result(list(table.headers), list(plan.ignored))
        self.reader = RecordReader(model, plan, mapping, self.result, new_choices == "refuse", table.is_partial)
        self.run: ImportRun | None = None
        self.seen = SeenKeys()

    def begin(self, filename: str, run: ImportRun | None = None) -> None:
        """Open the run's own row, unless there is one."""
        self.run = run or new_run(self.model, filename, self.on_match, self.on_error)
        self.result.run_id = self.run.id

    def note(self, reached: int) -> None:
        """Write down how far it has come: up to the row ``reached`` of the file."""
        assert self.run is not None
        for name in ("rows", "created", "updated", "skipped", "failed"):
            setattr(self.run, name, getattr(self.result, name))
        self.run.reached = reached

    def finish(self) -> None:
        """Write down what came of it."""
        assert self.run is not None
        self.note(self.reached)
        self.run.total = self.result.rows
        self.run.state = "done"
        db.session.flush()

    def go(
        self,
        table: Table,
        progress: Callable[[int], None] | None,
        *,
        checkpoint: Callable[[], None] | None = None,
        limit: int | None = None,
    ) -> None:
        """Read and write every row."""
        rows = self._counted(table if limit is None else islice(table, limit))
        for records in self.reader.batches(rows, BATCH):
            self._batch(records)
            self.reached = records[-1].rows[-1][0]
            if checkpoint is not None:
                self.note(self.reached)
                checkpoint()
            if progress is not None:
                progress(self.result.rows)
            if self.on_error == "stop" and self.result.failed >= GIVE_UP:
                self.result.complete = False
                for _row in rows:
                    pass
        self.result.errors.sort(key=lambda error: error.row)

    def _counted(self, table: Iterable[tuple[int, list[Cell]]]) -> Iterable[tuple[int, list[Cell]]]:
        for line, values in table:
            self.result.rows += 1
            yield line, values

    def _batch(self, records: list[Record]) -> None:
        self.reader.resolve(records)
        for part in self._in_order(records):
            self._match(part)
            writable = [record for record in part if not record.errors and record.action != "skip"]
            batches.write(writable, self._write, self._refuse)
        for record in records:
            self._settle(record)

    def _in_order(self, records: list[Record]) -> Iterable[list[Record]]:
        """The records in as few parts as can be: one that points at a row of its own kind waits for those before it."""
        part: list[Record] = []
        for record in records:
            if record.waits:
                if part:
                    yield part
                part = []
                self.reader.resolve_late(record)
            part.append(record)
        if part:
            yield part

    def _match(self, records: list[Record]) -> None:
        """Decide what becomes of each record: it fails, is skipped, is new, or updates the row that it matches."""
        sound = [record for record in records if not record.errors]
        keyed = [record for record in sound if record.key is not None]
        found = match(self.model, self.reader.keys, [record.key for record in keyed if record.key is not None])
        ids = {number for numbers in found.values() for number in numbers}
        visible = scope.visible_ids(db.session.connection(), self.model, ids, identity.require())
        for record in sound:
            record.action = "create"
            if record.key is None:
                continue
            first = self.seen.first(record.key, record.line)
            matched = found.get(record.key, [])
            if first != record.line:
                record.fail(self.reader.key_header, _("Row %(row)s of this file is the same.", row=first))
            elif len(matched) > 1:
                record.fail(self.reader.key_header, _("There are several like this: it isn't clear which is meant."))
            elif matched and (self.on_match == "fail" or matched[0] not in visible):
                # What is not the actor's to see is refused in the same words as what is.
                record.fail(self.reader.key_header, _("There is one with this value already."))
            elif matched:
                record.matched = matched[0]
                record.action = self.on_match

    def _write(self, records: Sequence[Record]) -> None:
        """Write ``records`` in one flush.  Raises what the rules and the database refuse."""
        written: list[tuple[Any, dict[str, Any] | None]] = []
        existing = self._existing([record.matched for record in records if record.matched is not None])
        self._give_codes([record for record in records if record.action == "create" and not record.errors])
        # A query must not flush half a batch: what is refused then would be told of another row.
        with db.session.no_autoflush:
            for record in records:
                if record.errors:
                    continue
                try:
                    if record.matched is None:
                        lines = self.reader.new_lines(record)
                        written.append((crud.build(self.model, dict(record.values), lines), None))
                    elif (change := self._change(record, existing)) is not None:
                        row = existing[0][record.matched]
                        crud.put(row, change.values, change.lines)
                        written.append((row, change.before))
                except BusinessError as error:
                    self._refuse(record, error)
        crud.flush()
        if self.run is not None and written:
            # An account has no version; an import of accounts can't be undone.
            keep_rows(
                self.run, ((row.id, before is None, getattr(row, "version", 1), before) for row, before in written)
            )

    def _existing(self, ids: list[int]) -> tuple[dict[int, Any], set[int]]:
        """The rows to update, locked and as they are now, and which of them the actor may write."""
        if not ids:
            return {}, set()
        crud.require("can_edit", self.model)
        statement = db.locked(sa.select(self.model).where(self.model.id.in_(ids)).order_by(self.model.id), self.model)
        options = [
            tags.loading(self.model) if each.kind == "tags" else selectinload(getattr(self.model, each.name))
            for each in self.reader.to_many
        ]
        if self.reader.plan.has_lines:
            options.append(selectinload(self.model.lines))
        rows = db.session.scalars(statement.options(*options)).unique()
        found = {row.id: row for row in rows}
        return found, scope.visible_ids(db.session.connection(), self.model, found, identity.require(), write=True)

    def _change(self, record: Record, existing: tuple[dict[int, Any], set[int]]) -> Change | None:
        """What ``record`` changes in the row that it matches; None when it is all there already, whatever state the row
        is in.
        """
        rows, writable = existing
        assert record.matched is not None
        row = rows[record.matched]
        change = changes_of(self.reader, record, row)
        if change is None:
            return None
        if row.id not in writable:
            raise NotPermitted(scope.unwritable(db.session.connection(), self.model, row.id, identity.require()))
        crud.require_editable(row)
        own_words.require(row, change.values, change.lines)
        return change

    def _give_codes(self, records: list[Record]) -> None:
        name = self.model.numbered_by
        if not name:
            return
        attribute = fields_of(self.model)[name].attribute
        lacking = [record for record in records if not record.values.get(attribute) or record.numbered]
        if lacking:
            for record, code in zip(lacking, numbering.next_codes(self.model, name, len(lacking)), strict=True):
                record.values[attribute], record.numbered = code, True

    def _refuse(self, record: Record, error: BusinessError) -> None:
        for name, messages in error.errors.items():
            line, header = self.reader.place(record, name)
            for message in messages:
                record.errors.append(RowError(line, header, message))
        if not error.errors:
            record.fail("", error.message or str(error))

    def _settle(self, record: Record) -> None:
        """Count ``record``, and keep what has to be told of it."""
        result = self.result
        action = "fail" if record.errors else record.action
        if action == "fail":
            result.failed += len(record.rows)
            result.errors += record.errors[: max(0, ERRORS_KEPT - len(result.errors))]
            for line, values in record.rows:
                result.failed_rows.append(values, record.reason(line))
        else:
            counter = {"create": "created", "update": "updated", "skip": "skipped"}[action]
            setattr(result, counter, getattr(result, counter) + 1)
        for line, values in record.rows:
            if len(result.preview) < SHOWN or (action == "fail" and self.refused_shown < REFUSED_SHOWN):
                self.refused_shown += action == "fail"
                own = tuple(error for error in record.errors if error.row == line)
                result.preview.append(PreviewRow(line, values, action, own))
