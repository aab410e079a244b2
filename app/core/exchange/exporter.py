"""Writes what a list shows as a file that an import takes back unchanged, in memory that does not grow with it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import selectinload

from app.core import db, tags
from app.core.document import line_model
from app.core.exchange import vcard, writer
from app.core.exchange.cells import Cell
from app.core.exchange.mapping import LINE_MARK, folded, header_of, spellings
from app.core.exchange.writer import ExportColumn
from app.core.fields import Field, readable
from app.core.i18n import gettext as _

AT_ONCE = 500  # rows held at a time
FORMATS = ("csv", "xlsx")
KINDS = {
    "integer": "number",
    "decimal": "number",
    "date": "date",
    "datetime": "datetime",
    "bool": "bool",
    "code": "code",
    "phone": "code",
}

Read = Callable[[Any], Cell]


def export(
    model: type[Any],
    statement: sa.Select[Any],
    columns: Sequence[str],
    format: str,
    path: Path,
    *,
    with_lines: bool = False,
    prepare: Callable[[list[Any]], None] | None = None,
) -> int:
    """Write the rows of ``statement`` (a select of ``model``, scoped as it runs) to ``path`` and tell how many there
    were.

    ``columns`` are names of fields (``lines.quantity`` for a line's); those that do not exist for the actor are left
    out.  ``format``: csv or xlsx.  ``with_lines`` gives each line of a document a row of its own, with every field of a
    line unless ``columns`` names
    some.  ``prepare`` is called with each few hundred rows, to load what their derived figures need.

    Raises ValueError for another format.
    """
    if format not in FORMATS:
        raise ValueError(f"no format {format!r}")
    lines_of = line_model(model) if with_lines else None
    head = [field for name in columns if (field := readable(model).get(name)) is not None]
    tail = _line_fields(lines_of, columns) if lines_of is not None else []
    if lines_of is not None and not any(field.name == "id" for field in head):
        head.insert(0, readable(model)["id"])  # tells two drafts apart that are alike
    statement = statement.options(*_loading(model, head))
    if lines_of is not None:
        statement = statement.options(selectinload(model.lines).options(*_loading(lines_of, tail)))
    source = _Source(
        statement, [_reader(field) for field in head], [_reader(field) for field in tail], lines_of is not None, prepare
    )
    sheet = _columns(model, head, tail)
    if format == "csv":
        writer.write_csv(path, sheet, source, bool_labels=(_("Yes"), _("No")))
    else:
        writer.write_xlsx(path, sheet, source, sheet_name=str(model.labels))
    return source.count


def export_cards(model: type[Any], statement: sa.Select[Any], path: Path) -> int:
    """Write the rows of ``statement`` to ``path`` as name cards, and tell how many there were."""
    known = readable(model)
    fields = {header: known[name] for name, header in model.card.items() if name in known}
    rows = _Source(statement.options(*_loading(model, list(fields.values()))), [lambda row: row], [], False, None)
    vcard.write(path, (card_of(fields, row) for (row,) in rows))
    return rows.count


def card_of(fields: Mapping[str, Field], row: Any) -> dict[str, Any]:
    """What a name card of ``row`` says, by header: a relation by the name alone."""
    told = {header: field.value(row) for header, field in fields.items()}
    return {header: getattr(value, "name", value) for header, value in told.items()}


class _Source:
    """The rows of the file, read as they are written; ``count`` is how many records there were so far."""

    def __init__(
        self,
        statement: sa.Select[Any],
        head: list[Read],
        tail: list[Read],
        with_lines: bool,
        prepare: Callable[[list[Any]], None] | None,
    ) -> None:
        self.statement, self.head, self.tail = statement, head, tail
        self.with_lines, self.prepare = with_lines, prepare
        self.count = 0

    def __iter__(self) -> Iterator[list[Cell]]:
        found = db.session.execute(self.statement.execution_options(yield_per=AT_ONCE)).scalars()
        for part in found.partitions():
            rows = list(part)
            if self.prepare is not None:
                self.prepare(rows)
            for row in rows:
                self.count += 1
                own = [read(row) for read in self.head]
                if not self.with_lines:
                    yield own
                    continue
                for line in row.lines:
                    yield [*own, *(read(line) for read in self.tail)]
                if not row.lines:
                    yield own


def _line_fields(lines_of: type[Any], columns: Sequence[str]) -> list[Field]:
    known = readable(lines_of)
    asked = [name.removeprefix(LINE_MARK) for name in columns if name.startswith(LINE_MARK)]
    every = [
        name for name, field in known.items() if name not in ("id", "position", "document") and field.kind != "images"
    ]
    return [known[name] for name in asked or every if name in known]


def _loading(model: type[Any], fields: Sequence[Field]) -> list[Any]:
    """Loader options for the relations among ``fields``: one statement for each and every few hundred rows."""
    relations = sa.inspect(model).relationships
    found = [selectinload(getattr(model, field.name)) for field in fields if field.name in relations]
    return [*found, *(tags.loading(model) for field in fields if field.kind == "tags")]


def _reader(field: Field) -> Read:
    if field.kind == "choice" and field.choices is not None:
        labels = {value: str(label) for value, label in field.choices.items()}
        return lambda row: labels.get(value := field.value(row), value) or None
    return lambda row: field.to_cell(field.value(row))


def _columns(model: type[Any], head: Sequence[Field], tail: Sequence[Field]) -> list[ExportColumn]:
    names = [field.name for field in head] + [LINE_MARK + field.name for field in tail]
    columns: list[ExportColumn] = []
    taken: set[str] = set()
    meant = spellings(model)  # what an import would take each header for
    for name, field in zip(names, (*head, *tail), strict=True):
        label = header_of(model, name)
        _tier, taken_for = meant.get(folded(label), (0, name))
        if taken_for != name or folded(label) in taken:
            label = f"{label} ({name})"
        taken.add(folded(label))
        scale = field.scale if field.kind == "decimal" else 0 if field.kind == "integer" else None
        columns.append(ExportColumn(name, label, KINDS.get(field.kind, "text"), scale))
    return columns
