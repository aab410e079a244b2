"""A save over somebody else's: who changed what since the row was read, and in which fields the two say different things.

What is told is what the reader may read: of fields that need a grant nothing, of related rows that are not theirs to
see no name.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import joinedload

from app.core import clock, db, identity
from app.core.document import line_model
from app.core.errors import Stale
from app.core.fields import Field, fields_of, readable, writable

MOST = 50  # changes that are looked at


@dataclass(frozen=True)
class Change:
    """One change of the row by somebody: ``changes`` maps what the audit trail calls a field to [before, after]."""

    who: str
    at: datetime
    changes: Mapping[str, Any]

    @property
    def when(self) -> str:
        """The moment in the reader's zone, to the minute."""
        return clock.here(self.at).strftime("%Y-%m-%d %H:%M")


def since(row: Any, version: Any) -> list[Change]:
    """What happened to ``row``, which the actor sees, since it had ``version``, newest first; at least the last change.

    Of rows that rules changed without telling (a counter, a stamp) it may reach a little further back.  One statement.
    """
    from app.core.audit import AuditEntry

    text = str(version)
    behind = row.version - int(text) if text.isascii() and text.isdecimal() and len(text) < 10 else 1
    with db.unscoped("who changed a row that the actor sees") as everything:
        statement = sa.select(AuditEntry).where(AuditEntry.record == row.record_name())
        statement = statement.options(joinedload(AuditEntry.user)).order_by(AuditEntry.id.desc())
        return [
            Change(
                str(entry.user) if entry.user is not None else identity.SYSTEM_NAME, entry.at, dict(entry.changes or {})
            )
            for entry in everything.scalars(statement.limit(min(max(behind, 1), MOST)))
        ]


def refusal(
    row: Any, version: Any, data: Mapping[str, Any], values: Mapping[str, Any], lines: Sequence[Any] | None
) -> Stale:
    """The refusal of a save over somebody else's, saying who changed what when.

    ``data`` is what was to be saved, ``values`` (by attribute) and ``lines`` the same as read.  The answer of the API
    holds the ``version`` that stands now, and under ``differs`` the fields that say something else than it:
    ``{"yours", "theirs"}``.
    """
    happened = since(row, version)
    allowed = readable(type(row))
    labels = {field.attribute: str(field.label) for field in fields_of(type(row)).values() if field.name in allowed}
    names = [
        labels[name] for name in dict.fromkeys(name for each in happened for name in each.changes) if name in labels
    ]
    who = happened[0].who if happened else identity.SYSTEM_NAME
    return Stale(
        who,
        clock.here(row.changed_on).strftime("%Y-%m-%d %H:%M"),
        names,
        {"version": row.version, "differs": differing(row, data, values, lines)},
    )


def differing(
    row: Any, data: Mapping[str, Any], values: Mapping[str, Any], lines: Sequence[Any] | None = None
) -> dict[str, dict[str, Any]]:
    """The fields in which ``data`` and ``row`` say different things; of lines, «lines.0.quantity» by their place in
    ``data``, and «lines» with the ids of both when one has a line that the other has not.
    """
    found = _differing(row, data, values, readable(type(row)))
    kind = line_model(type(row))
    if kind is None or lines is None:
        return found
    known, theirs = writable(kind), {line.id: line for line in row.lines}
    for index, (key, given) in enumerate(lines):
        if key in theirs:
            for name, both in _differing(theirs[key], data["lines"][index], given, known).items():
                found[f"lines.{index}.{name}"] = both
    ids = [key for key, _given in lines if key is not None]
    if set(ids) != set(theirs):
        found["lines"] = {"yours": ids, "theirs": list(theirs)}
    return found


def _differing(
    row: Any, data: Mapping[str, Any], values: Mapping[str, Any], known: Mapping[str, Field]
) -> dict[str, dict[str, Any]]:
    found = {}
    for name, field in known.items():
        if name in data and field.attribute in values and not field.write_only:
            given = values[field.attribute]
            if (sorted(given or []) if field.kind == "relations" else given) != _stored(field, row):
                found[name] = {"yours": data[name], "theirs": field.to_json(field.value(row))}
    return found


def _stored(field: Field, row: Any) -> Any:
    """The value of ``field`` as one that was read: ids of related rows, none of one that the actor does not see."""
    value = field.value(row)
    if field.kind == "relation":
        return value.id if value is not None else None
    if field.kind == "relations":
        return sorted(each.id for each in value)
    return value or [] if field.kind == "images" else value
