"""From rows of a file to records of an entity: values read, relations found, a document's rows brought together."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from functools import partial
from typing import Any

from app.core import crud, db, identity, scope
from app.core.document import line_model
from app.core.errors import Invalid, about
from app.core.exchange.cells import Cell
from app.core.exchange.convert import Converter, used_choices
from app.core.exchange.mapping import LINE_MARK, Column, ColumnMap, Plan, folded, header_of
from app.core.exchange.resolve import Key, Resolver
from app.core.exchange.result import Result, Rounding, RowError
from app.core.fields import Field, fields_of, writable
from app.core.i18n import gettext as _
from app.core.i18n import in_each_language

ROUNDINGS_KEPT = 1000
LISTS = ("relations", "tags")  # kinds of fields that hold several values, in rows of their own


@dataclass
class Pending:
    """Texts that name rows, to be found and put into ``values``."""

    column: Column
    text: str | list[str]
    line: int
    values: dict[str, Any]


@dataclass
class LineRecord:
    """A line of a document: the file's line, its values by attribute, and the fields whose cells are blank."""

    line: int
    values: dict[str, Any] = field(default_factory=dict)
    blank: list[Field] = field(default_factory=list)


@dataclass
class Record:
    """What the file says of one row of the entity: ``rows`` are the file's (several for a document)."""

    rows: list[tuple[int, list[Cell]]]
    values: dict[str, Any] = field(default_factory=dict)
    finding: dict[str, Any] = field(default_factory=dict)  # keys that are not set, only found by
    blank: list[Field] = field(default_factory=list)
    lines: list[LineRecord] = field(default_factory=list)
    pending: list[Pending] = field(default_factory=list)
    waits: bool = False  # it points at a row of its own kind that may come earlier in the file
    errors: list[RowError] = field(default_factory=list)
    key: Key | None = None
    action: str = "create"
    matched: int | None = None
    numbered: bool = False  # its code was made up here

    @property
    def line(self) -> int:
        """The line in the file that it begins in."""
        return self.rows[0][0]

    def fail(self, column: str, message: str, line: int | None = None) -> None:
        """Say why it can't be imported."""
        self.errors.append(RowError(self.line if line is None else line, column, message))

    def reason(self, line: int) -> str:
        """Why the row of the file at ``line`` was not imported, in one text."""
        own = [about(each.column, each.message) for each in self.errors if each.row == line]
        return " ".join(own) or _("Row %(row)s of the same document is wrong.", row=self.errors[0].row)


class RecordReader:
    """Reads the rows of one file for one model."""

    def __init__(
        self,
        model: type[Any],
        plan: Plan,
        mapping: ColumnMap,
        result: Result,
        refuse_new: bool = False,
        is_partial: bool = False,
    ) -> None:
        self.is_partial = is_partial
        self.model, self.plan, self.result = model, plan, result
        self.lines_of = line_model(model) if plan.has_lines else None
        names = {column: (LINE_MARK if column.of_line else "") + column.field.name for column in plan.columns}
        open_choices = {names[column]: column.field for column in plan.columns}
        used = used_choices(model, open_choices, mapping.known_only, refuse_new)
        read = [(each, Converter(each, names[each], mapping, used.get(names[each]))) for each in plan.columns]
        self.head = [(column, converter) for column, converter in read if not column.of_line]
        self.tail = [(column, converter) for column, converter in read if column.of_line]
        self.headers = {names[column]: column.header for column in plan.columns}
        every = fields_of(model)
        self.keys = [every[name] for name in model.keys]
        self.to_many = [each.field for each in plan.columns if each.field.kind in LISTS and not each.of_line]
        self._grouping = self._group_columns()
        self._keying = [c.index for c in plan.columns if c.index is not None and not c.of_line and c.field in self.keys]
        self._resolver = Resolver()
        self._visible: dict[tuple[type[Any], int], bool] = {}

    @property
    def key_header(self) -> str:
        """The header of what rows are matched by."""
        return next((self.headers[each.name] for each in self.keys if each.name in self.headers), "")

    def _group_columns(self) -> list[int]:
        """The columns whose equal cells make rows one document: its own, and an «ID» that an export wrote."""
        ids = {folded(label) for label in in_each_language(fields_of(self.model)["id"].label)} | {"id"}
        found = [column.index for column, _converter in self.head if column.index is not None]
        return found + [
            index for index, header in enumerate(self.result.headers) if folded(header) in ids and index not in found
        ]

    def batches(self, rows: Iterable[tuple[int, list[Cell]]], size: int) -> Iterator[list[Record]]:
        """The records in the file, read but not yet resolved, in lists of at least ``size`` rows."""
        records: list[Record] = []
        count = 0
        for group in self._groups(rows):
            records.append(self._read(group))
            count += len(group)
            if count >= size:
                yield records
                records, count = [], 0
        if records:
            yield records

    def _groups(self, rows: Iterable[tuple[int, list[Cell]]]) -> Iterator[list[tuple[int, list[Cell]]]]:
        if self.lines_of is None:
            for row in rows:
                yield [row]
            return
        group: list[tuple[int, list[Cell]]] = []
        for row in rows:
            if group and not self._continues(group[0][1], row[1]):
                yield group
                group = []
            group.append(row)
        if group:
            yield group

    def _continues(self, first: list[Cell], cells: list[Cell]) -> bool:
        """Whether ``cells`` are a further line of the document that begins with ``first``."""
        own = [cells[index] for index in self._grouping]
        if all(cell is None for cell in own):
            return True
        keys = [cells[index] for index in self._keying]
        if any(cell is not None for cell in keys):
            return keys == [first[index] for index in self._keying]
        return own == [first[index] for index in self._grouping]

    def _read(self, rows: list[tuple[int, list[Cell]]]) -> Record:
        record = Record(rows)
        line, first = rows[0]
        for column, converter in self.head:
            value = self._cell(
                record, column, converter, line, first, record.values if column.settable else record.finding
            )
            if value is None and column.settable and not self.is_partial:
                record.blank.append(column.field)
        if self.lines_of is None:
            return record
        for number, cells in rows[1:]:
            for column, _converter in self.head:
                cell = None if column.index is None else cells[column.index]
                if cell is not None and cell != first[column.index or 0]:
                    record.fail(
                        column.header, _("This differs from row %(row)s of the same document.", row=line), number
                    )
        for number, cells in rows:
            if any(column.index is not None and cells[column.index] is not None for column, _converter in self.tail):
                each = LineRecord(number)
                for column, converter in self.tail:
                    if self._cell(record, column, converter, number, cells, each.values) is None:
                        each.blank.append(column.field)
                record.lines.append(each)
        if len(record.lines) > crud.MAX_LINES:
            record.fail("", _("At most %(count)s lines.", count=crud.MAX_LINES))
        return record

    def _cell(
        self, record: Record, column: Column, converter: Converter, line: int, cells: list[Cell], values: dict[str, Any]
    ) -> Any:
        """Read one cell into ``values``, or into what is pending; what it holds is returned."""

        def rounded(before: Decimal, after: Decimal) -> None:
            self.result.rounded_count += 1
            if len(self.result.rounded) < ROUNDINGS_KEPT:
                self.result.rounded.append(Rounding(line, column.header, before, after))

        cell = column.constant if column.index is None else cells[column.index]
        try:
            value = converter(cell, rounded)
        except ValueError as error:
            record.fail(column.header, str(error), line)
            return cell
        if value is None:
            return None
        if column.field.target is not None:
            record.pending.append(Pending(column, value, line, values))
        else:
            values[column.field.attribute] = value
        return value

    def resolve(self, records: list[Record]) -> None:
        """Find what the records name: a few statements for all of them."""
        texts: dict[type[Any], set[str]] = {}
        for record in records:
            for each in record.pending:
                target: Any = each.column.field.target
                texts.setdefault(target, set()).update([each.text] if isinstance(each.text, str) else each.text)
        for target, wanted in texts.items():
            self._resolver.load(target, wanted)
        for record in records:
            self._settle(record, late=False)

    def resolve_late(self, record: Record) -> None:
        """Find what ``record`` names among the rows of its own kind, now that those before it are written."""
        self._resolver.forget_missing(self.model)
        for each in record.pending:
            self._resolver.load(self.model, [each.text] if isinstance(each.text, str) else each.text)
        record.waits = False
        self._settle(record, late=True)

    def _settle(self, record: Record, late: bool) -> None:
        left: list[Pending] = []
        # A contact is looked for once its customer is known.
        for each in sorted(record.pending, key=lambda pending: _is_part(pending.column.field.target)):
            field = each.column.field
            within = partial(self._within, record, each)
            try:
                found = [self._resolver.find(field.target or object, text, within) for text in _several(each.text)]
            except ValueError as error:
                if field.target is self.model and not late:
                    left.append(each)
                else:
                    record.fail(each.column.header, str(error), each.line)
                continue
            each.values[field.attribute] = found if field.kind == "relations" else found[0]
        record.pending = left
        record.waits = bool(left) and not record.errors
        if left and record.errors:
            record.pending = []
        if not record.waits:
            record.key = self._key(record)

    def _within(self, record: Record, pending: Pending) -> dict[str, Any]:
        """What the record, and the line of it, point at so far, by relation."""
        found = {}
        for model, values in ((self.model, record.values), (pending.column.field.model, pending.values)):
            fields = fields_of(model).items()
            found.update(
                {name: values[each.attribute] for name, each in fields if each.target and each.attribute in values}
            )
        return found

    def _key(self, record: Record) -> Key | None:
        values = {**record.values, **record.finding}
        if not any(values.get(each.attribute) not in (None, "") for each in self.keys):
            return None
        actor = identity.require()
        # What is left out takes its default, as when it is written.
        absent = {each.attribute: actor.user_id if each.name == "owner" else each.empty for each in self.keys}
        return tuple(values.get(each.attribute, absent[each.attribute]) for each in self.keys)

    def new_lines(self, record: Record) -> crud.Lines | None:
        """The lines of a new document.  Raises Invalid when one lacks what is required."""
        if self.lines_of is None:
            return None
        self.require_complete(record, 0)
        return [(None, dict(line.values)) for line in record.lines]

    def require_complete(self, record: Record, first: int) -> None:
        """Raises Invalid when a line from the ``first`` on, all of them new, lacks what is required."""
        required = [each for each in writable(self.lines_of or self.model).values() if each.required]
        missing = {
            f"{LINE_MARK}{index}.{each.name}": [_("This is required.")]
            for index, line in enumerate(record.lines)
            for each in required
            if index >= first and line.values.get(each.attribute) is None
        }
        if missing:
            raise Invalid(missing)

    def place(self, record: Record, name: str) -> tuple[int, str]:
        """Where in the file the field ``name`` (of a rule's refusal) is: the line, and the header or, without a column,
        the label.
        """
        parts = name.split(".")
        line, field = record.line, name
        if parts[0] == "lines" and len(parts) == 3 and parts[1].isdecimal() and int(parts[1]) < len(record.lines):
            line, field = record.lines[int(parts[1])].line, LINE_MARK + parts[2]
        try:
            return line, self.headers.get(field) or header_of(self.model, field)
        except (KeyError, TypeError):
            return line, field

    def may_see(self, target: type[Any], pk: int) -> bool:
        """Whether the actor sees the row that a relation points at now."""
        if getattr(target, "scope", scope.everyone).everyone:
            return True
        if (target, pk) not in self._visible:
            seen = scope.visible_ids(db.session.connection(), target, [pk], identity.require())
            self._visible[target, pk] = bool(seen)
        return self._visible[target, pk]


def _several(text: str | list[str]) -> list[str]:
    return [text] if isinstance(text, str) else text


def _is_part(target: type[Any] | None) -> bool:
    """Whether rows of ``target`` are told apart by what they belong to."""
    fields = fields_of(target) if target is not None else {}
    return any(name in fields and fields[name].target is not None for name in getattr(target, "keys", ()))
