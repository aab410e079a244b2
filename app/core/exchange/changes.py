"""What a record of a file changes in the row that it matches, and what was there before, so that it can be undone."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from app.core import audit, crud
from app.core.errors import Invalid
from app.core.exchange.mapping import LINE_MARK
from app.core.exchange.records import Record, RecordReader
from app.core.fields import Field, fields_of
from app.core.i18n import gettext as _

INSTANT = timedelta(milliseconds=1)  # a sheet's times are no finer


@dataclass
class Change:
    """What changes in a row: values by attribute, the lines when they change, and what was there before, as JSON."""

    values: dict[str, Any]
    lines: crud.Lines | None
    before: dict[str, Any]


def changes_of(reader: RecordReader, record: Record, row: Any) -> Change | None:
    """What ``record`` changes in ``row``; None when it is all there already.  Raises Invalid when it empties what is
    required.
    """
    values = _differing(reader, row, record.values, record.blank, "")
    before = {name: held(row, name) for name in values}
    lines: crud.Lines | None = None
    if reader.lines_of is not None:
        own = sorted(row.lines, key=lambda line: line.position)
        reader.require_complete(record, len(own))
        lines, changed = [], len(own) != len(record.lines)
        for index, given in enumerate(record.lines):
            place = f"{LINE_MARK}{index}."
            if index < len(own):
                differing = _differing(reader, own[index], given.values, given.blank, place)
                changed = changed or bool(differing)
                lines.append((own[index].id, differing))
            else:
                lines.append((None, dict(given.values)))
        lines = lines if changed else None
        if changed:
            kept = [
                each.attribute
                for each in fields_of(reader.lines_of).values()
                if each.stored and each.name != "document"
            ]
            before["lines"] = [{name: held(line, name) for name in kept} for line in own]
    return Change(values, lines, before) if values or lines is not None else None


def _differing(reader: RecordReader, row: Any, given: dict[str, Any], blank: list[Field], place: str) -> dict[str, Any]:
    changed = {name: value for name, value in given.items() if not _same(_current(row, name), value)}
    columns = sa.inspect(type(row)).column_attrs
    for each in blank:
        current = _current(row, each.attribute)
        if current in (None, "", []):
            continue
        if each.kind == "relation" and not reader.may_see(each.target or object, current):
            continue  # an export leaves out what its reader may not see
        if each.required:
            raise Invalid({place + each.name: [_("This is required.")]})
        if each.kind in ("relations", "tags"):
            changed[each.attribute] = []
        elif each.attribute not in columns or columns[each.attribute].columns[0].nullable:
            changed[each.attribute] = None
        elif each.empty == "":
            changed[each.attribute] = ""
    return changed


def _current(row: Any, name: str) -> Any:
    value = getattr(row, name)
    if name in sa.inspect(type(row)).relationships:
        return sorted(each.id for each in value)
    return value


def _same(one: Any, other: Any) -> bool:
    if isinstance(one, datetime) and isinstance(other, datetime):
        return abs(one - other) < INSTANT
    if isinstance(one, list) and isinstance(other, list):
        return sorted(map(str, one)) == sorted(map(str, other))
    return bool(one == other)


def held(row: Any, name: str) -> Any:
    """What ``row`` holds in the attribute ``name``, as JSON keeps it so that it can be restored."""
    return audit.plain(_current(row, name))
