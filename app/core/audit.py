"""Who changed what, from what to what: written in the same transaction as the change, append only.

``collect`` looks at a row about to be flushed; ``write`` stores the entries once the new rows have their ids.  A
document's lines are told in the document's own entry.  Secret columns are never recorded.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import sqlalchemy as sa
from flask_appbuilder.security.sqla.models import Role
from sqlalchemy import event
from sqlalchemy.orm import Mapped, Session, mapped_column, relationship
from sqlalchemy.orm.interfaces import MANYTOMANY

from app.core import clock, events, identity
from app.core.entity import Entity, User, column, record_name, reference, registry
from app.core.i18n import lazy_gettext as _l
from app.core.i18n import lazy_pgettext
from app.core.types import Moment, Note, RecordName, Word
from app.core.users import SECRET

UNTOLD = (
    frozenset({"id", "version", "created_on", "created_by_id", "changed_on", "changed_by_id", "search_text", "custom"})
    | SECRET
)
"""Columns whose change says nothing to people."""
ORDER = "lines.order"  # how a document's lines follow each other, among its changes
HIDDEN = "•••"


ACCOUNTS: Mapping[str, Any] = {"users": User, "roles": Role}
"""What is audited beside the entities."""

WORDS: dict[str, Any] = {}
"""What deeds of the domains that are no transitions are called, by name."""


class Actions(Mapping[str, Any]):
    """What an entry's action is called: what is done to every record, and each transition of a workflow."""

    def _words(self) -> dict[str, Any]:
        words = {
            "create": lazy_pgettext("deed", "Created"),
            "update": lazy_pgettext("deed", "Changed"),
            "delete": lazy_pgettext("deed", "Deleted"),
            "import": lazy_pgettext("deed", "Imported"),
            "bulk-edit": lazy_pgettext("deed", "Changed with others"),
            "rename": lazy_pgettext("deed", "Choice renamed"),
            "merge": lazy_pgettext("deed", "Merged"),
            "undo": lazy_pgettext("deed", "Import or bulk edit undone"),
            "preview": lazy_pgettext("deed", "Looked as this user"),
            "comment": lazy_pgettext("deed", "Commented"),
            "uncomment": lazy_pgettext("deed", "Comment deleted"),
            "start-for-real": lazy_pgettext("deed", "Started for real"),
        }
        words.update(WORDS)
        for model in registry.values():
            for step in model.workflow.transitions if model.workflow is not None else ():
                words.setdefault(step.name, step.label)
        return words

    def __getitem__(self, action: str) -> Any:
        return self._words()[action]

    def __iter__(self) -> Iterator[str]:
        return iter(self._words())

    def __len__(self) -> int:
        return len(self._words())


ACTIONS = Actions()


class AuditEntry(Entity):
    """One change of one record, by whom and when.  ``changes`` maps a field to [before, after]."""

    __tablename__ = "audit_entries"
    resource = "audit-entries"
    label, labels = _l("Audit entry"), _l("Audit trail")
    searched = ("record", "action")
    read_only = True
    audited = False

    at: Mapped[Moment] = column(_l("Time"), index=True)
    user_id: Mapped[int | None] = reference("ab_user.id", _l("User"))
    user: Mapped[User | None] = relationship(User, foreign_keys=[user_id])
    record: Mapped[str] = column(
        _l("Record"), type_=RecordName(80), index=True, help=_l("The changed row, such as customers/12")
    )
    action: Mapped[Word] = column(_l("Action"), choices=ACTIONS)
    comment: Mapped[Note | None] = column(_l("Comment"))
    changes: Mapped[dict[str, Any]] = mapped_column(sa.JSON, info={"label": _l("Changes"), "readonly": True})

    def __str__(self) -> str:
        resource, _slash, key = (self.record or "").partition("/")
        model: Any = registry.get(resource) or ACCOUNTS.get(resource)
        about = f"{model.label} #{key}" if model is not None else self.record
        return f"{ACTIONS.get(self.action, self.action)} · {about}"


@dataclass
class Entry:
    """A change that waits for its row's id."""

    row: Any
    action: str
    changes: dict[str, Any] = field(default_factory=dict)


def plain(value: Any) -> Any:
    """``value`` as JSON keeps it: decimals and dates as text."""
    if isinstance(value, Decimal):
        return str(value)
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, list | tuple | set):
        return [plain(each) for each in value]
    if value is None or isinstance(value, str | int | bool | float | dict):
        return value
    return str(value)


def changes_of(row: Any, action: str) -> dict[str, list[Any]]:
    """What of ``row`` changes in this flush: field → [before, after]."""
    from app.core import tags

    state = sa.inspect(row)
    changes: dict[str, list[Any]] = {}
    for attribute in state.mapper.column_attrs:
        if attribute.key == "password" and action == "update" and state.attrs.password.history.has_changes():
            changes["password"] = [HIDDEN, HIDDEN]  # that it changed is told, never what it is
        if attribute.key in UNTOLD:
            continue
        if action == "create":
            # What a new row holds is all new: to ask each attribute for its history would cost more than the insert.
            value = state.dict.get(attribute.key)
            if value is not None and value != "":
                changes[attribute.key] = [None, plain(value)]
            continue
        if action == "delete":
            value = state.attrs[attribute.key].loaded_value
            if value not in (None, "", sa.orm.attributes.NO_VALUE):
                changes[attribute.key] = [plain(value), None]
            continue
        history = state.attrs[attribute.key].history
        if not history.has_changes():
            continue
        new = history.added[0] if history.added else None
        old = history.deleted[0] if history.deleted else None
        if new != old:
            changes[attribute.key] = [plain(old), plain(new)]
    if hasattr(type(row), "custom"):
        from app.core import custom

        added = custom.changes_of(row, action)
        changes.update((name, [plain(old), plain(new)]) for name, (old, new) in added.items())
    for relation in state.mapper.relationships:
        if relation.direction is not MANYTOMANY or relation.viewonly or relation.key not in state.dict:
            continue
        history = state.attrs[relation.key].history
        if history.added or history.deleted:
            before = sorted(_name(each) for each in (*history.unchanged, *history.deleted))
            after = sorted(_name(each) for each in (*history.unchanged, *history.added))
            changes[relation.key] = [before, after]
    if getattr(row, "taggable", False) and action != "delete" and (tagged := tags.changed(row)) is not None:
        changes["tags"] = tagged
    return changes


def _name(row: Any) -> str:
    """What a row is called in every language."""
    return str(getattr(row, "name", None) or row)


def collect(flushing: Session) -> list[Entry]:
    """The entries that this flush owes, one a record; lines are folded into their document's."""
    entries: dict[int, Entry] = {}
    moved: dict[int, Any] = {}
    for rows, action in ((flushing.new, "create"), (flushing.dirty, "update"), (flushing.deleted, "delete")):
        for row in rows:
            if not getattr(row, "audited", False):
                continue
            changes = changes_of(row, action)
            parent = row.audit_parent() if hasattr(row, "audit_parent") else None
            if parent is not None:
                if action == "update" and sa.inspect(row).attrs.position.history.has_changes():
                    moved[id(parent)] = parent
                # One that goes may stand where another has moved up to: it is told under a name of its own.
                alone = action == "delete" and parent not in flushing.deleted
                place = f"removed.{row.position}." if alone else f"lines.{row.position}."
                changes = {
                    place + name: change for name, change in changes.items() if name not in ("position", "document_id")
                }
                row, action = parent, "update"
                if parent in flushing.new:
                    action = "create"
                elif parent in flushing.deleted:
                    action = "delete"
            if not changes and action == "update":
                continue
            entry = entries.setdefault(id(row), Entry(row, action))
            entry.changes.update(changes)
    for key, document in moved.items():
        if order := _order(document):
            entries.setdefault(key, Entry(document, "update")).changes[ORDER] = order
    return list(entries.values())


def _order(document: Any) -> list[str] | None:
    """How the lines that stay were ordered, and are: by the numbers they had; None when that is the same."""
    numbers = []
    for line in sorted(document.lines, key=lambda each: each.position):
        state = sa.inspect(line)
        if state.persistent:
            was = state.attrs.position.history.deleted
            numbers.append((was[0] if was else line.position) + 1)
    before = sorted(numbers)
    return [", ".join(map(str, before)), ", ".join(map(str, numbers))] if numbers != before else None


def write(connection: sa.Connection, entries: Iterable[Entry]) -> None:
    """Store ``entries``; their rows have ids by now."""
    named, comment = identity.deed()
    moment = clock.now()
    rows = [
        _values(
            moment,
            record_name(entry.row),
        )
        | {
            "action": named if named and entry.action == "update" else entry.action,
            "comment": comment or None,
            "changes": entry.changes,
        }
        for entry in entries
    ]
    _keep(connection, rows)


def _keep(connection: sa.Connection, rows: list[dict[str, Any]]) -> None:
    """Store entries of the trail, and tell whoever listens what happened."""
    if not rows:
        return
    connection.execute(sa.insert(AuditEntry.__table__), rows)
    if events.is_heard():
        names = ("record", "at", "user_id", "changes")
        told = [
            events.RecordEvent(**{name: row[name] for name in names}, deed=row["action"], comment=row["comment"] or "")
            for row in rows
        ]
        events.tell(connection, told)


def note(
    connection: sa.Connection, record: str, action: str, changes: dict[str, Any] | None = None, comment: str = ""
) -> None:
    """Record something that is no change of a row: an import, a denied log-in, a run of a job."""
    note_all(connection, [(record, action, changes or {})], comment)


def note_all(connection: sa.Connection, noted: Iterable[tuple[str, str, dict[str, Any]]], comment: str = "") -> None:
    """``note`` for many: (record, action, changes) of each, with the same ``comment``."""
    moment = clock.now()
    _keep(
        connection,
        [
            _values(moment, record) | {"action": action, "comment": comment or None, "changes": changes}
            for record, action, changes in noted
        ],
    )


def _values(moment: datetime, record: str) -> dict[str, Any]:
    who = identity.user_id()
    stamps = {"created_on": moment, "changed_on": moment, "created_by_id": who, "changed_by_id": who, "version": 1}
    return {**stamps, "search_text": record, "at": moment, "user_id": who, "record": record}


@event.listens_for(AuditEntry, "before_update")
@event.listens_for(AuditEntry, "before_delete")
def _append_only(_mapper: Any, _connection: Any, _row: AuditEntry) -> None:
    raise RuntimeError("the audit trail is append only")
