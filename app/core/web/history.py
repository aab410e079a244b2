"""What happened to a record, in words: «Ann changed Price from 10.00 to 9.50»."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import joinedload
from sqlalchemy.orm.util import identity_key

from app.core import db
from app.core.audit import ACTIONS, ORDER, AuditEntry
from app.core.document import line_model
from app.core.entity import record_name
from app.core.fields import Field, readable
from app.core.i18n import gettext as _
from app.core.identity import SYSTEM_NAME
from app.core.web import present
from app.core.web.page import Change, Event, Tab
from app.core.web.view import views

SHOWN = 50  # entries of a record's page
TALK = ("comment", "uncomment")  # deeds that change nothing of the record itself


DEEDS: dict[str, Any] = {}
"""How upper layers tell deeds that are no transitions or actions: «brought a new version»."""

TELLERS: dict[tuple[str, str], Callable[[Any, Any], list[Change]]] = {}
"""How a change is told that is none of a field, by resource («» for any) and name: of what was and what is."""


def tells(resource: str, name: str) -> Callable[..., Any]:
    """Register how the change called ``name`` of a ``resource`` is told."""

    def register(teller: Callable[[Any, Any], list[Change]]) -> Callable[[Any, Any], list[Change]]:
        TELLERS[resource, name] = teller
        return teller

    return register


def of_entry(entry: AuditEntry) -> Event | None:
    """What an entry of the audit trail, which the actor sees, tells; None for a kind of record that has no page."""
    view = views.get(entry.record.partition("/")[0])
    if view is None:
        return None
    return _told(view.model, [(entry, str(entry.user) if entry.user else SYSTEM_NAME)], full=True)[0]


def tab(row: Any) -> Tab:
    """The tab of a record's page: the latest entries about ``row``, which the actor sees, and how many there are;
    fields that do not exist for the actor are left out.
    """
    with db.unscoped("the history of a row that the actor sees") as everything:
        statement = sa.select(AuditEntry, sa.func.count().over()).where(AuditEntry.record == record_name(row))
        statement = statement.options(joinedload(AuditEntry.user)).order_by(AuditEntry.id.desc()).limit(SHOWN)
        found = list(everything.execute(statement))
        told = [(entry, str(entry.user) if entry.user else SYSTEM_NAME) for entry, _count in found]
    shown = Tab("history", _("History"), found[0][1] if found else 0, events=_told(type(row), told))
    if found and shown.count is not None and shown.count > len(found):
        shown.note = _("The latest %(shown)s of %(count)s are shown.", shown=len(found), count=shown.count)
    return shown


def _told(model: type[Any], told: list[tuple[AuditEntry, str]], full: bool = False) -> list[Event]:
    """The entries in words; with ``full`` also what a new record began with."""
    fields = _fields(model)
    labels = _labels(
        [
            (fields[name][1], pair)
            for entry, _who in told
            for name, pair in entry.changes.items()
            if _known(name, fields)
        ],
        fields,
    )
    return [_event(entry, who, model, fields, labels, full) for entry, who in told]


def _fields(model: type[Any]) -> dict[str, tuple[str, Field]]:
    """(label, field) by the name that the audit trail uses: the attribute, with «lines.*.» before a line's."""
    found = {field.attribute: (str(field.label), field) for field in readable(model).values()}
    kind = line_model(model)
    if kind is not None:
        found |= {f"lines.{field.attribute}": (str(field.label), field) for field in readable(kind).values()}
    return found


def _key(name: str) -> str:
    parts = name.split(".")
    return f"lines.{parts[2]}" if parts[0] in ("lines", "removed") and len(parts) == 3 else name


def _known(name: str, fields: dict[str, tuple[str, Field]]) -> bool:
    if _key(name) in fields and _key(name) != name:
        fields.setdefault(name, fields[_key(name)])
    return name in fields


def _labels(
    pairs: list[tuple[Field, list[Any]]], fields: dict[str, tuple[str, Field]]
) -> dict[tuple[type[Any], int], str]:
    """The labels of related rows that the history names, within the scope: one statement for each kind of those that the
    page has not read already.
    """
    wanted: dict[type[Any], set[int]] = {}
    for field, pair in pairs:
        if field.kind == "relation" and field.target is not None:
            wanted.setdefault(field.target, set()).update(each for each in pair if isinstance(each, int))
    found: dict[tuple[type[Any], int], str] = {}
    for model, ids in wanted.items():
        for pk in list(ids):
            held = db.session.identity_map.get(identity_key(model, pk))
            if held is not None and not sa.inspect(held).expired:
                found[model, pk] = str(held)
                ids.discard(pk)
        if ids:
            for row in db.session.scalars(sa.select(model).where(model.id.in_(ids))).unique():
                found[model, row.id] = str(row)
    return found


def _event(
    entry: AuditEntry,
    who: str,
    model: type[Any],
    fields: dict[str, tuple[str, Field]],
    labels: dict[tuple[type[Any], int], str],
    full: bool,
) -> Event:
    changes: list[Change] = []
    if entry.action != "create" or full:
        for name, (old, new) in entry.changes.items():
            teller = TELLERS.get((model.resource, name))
            if teller is None and entry.action in TALK:
                teller = TELLERS.get(("", name))
            if teller is not None:
                changes += teller(old, new)
                continue
            if name == ORDER:
                changes.append(Change(_("Order of the lines"), old, new))
                continue
            if not _known(name, fields):
                continue
            label, field = fields[name]
            if name.startswith("lines."):
                label = _("Line %(number)s · %(label)s", number=int(name.split(".")[1]) + 1, label=label)
            elif name.startswith("removed."):
                label = _("Removed line %(number)s · %(label)s", number=int(name.split(".")[1]) + 1, label=label)
            changes.append(Change(label, _value(field, old, labels), _value(field, new, labels)))
    return Event(
        who=who,
        what=action_words(model, entry.action),
        when=present.moment(entry.at),
        at=present.exact(entry.at),
        comment=entry.comment or "",
        changes=changes,
        key=entry.action,
    )


def _value(field: Field, value: Any, labels: dict[tuple[type[Any], int], str]) -> str:
    if field.kind == "relation" and isinstance(value, int):
        return labels.get((field.target, value), f"#{value}")  # type: ignore[arg-type]
    return present.stored_text(field, value)


def action_words(model: type[Any], action: str) -> str:
    """An entry's action as people say it."""
    known = {
        "create": _("created this"),
        "update": _("changed this"),
        "delete": _("deleted this"),
        "import": _("changed this by an import"),
        "bulk-edit": _("changed this along with other rows"),
        "rename": _("renamed a choice"),
        "merge": _("merged this"),
        "undo": _("took back an import or a bulk edit"),
        "preview": _("looked at the console as this user"),
        "comment": _("commented on this"),
        "uncomment": _("deleted a comment"),
    }
    if action in known:
        return known[action]
    if action in DEEDS:
        return str(DEEDS[action])
    flow, view = getattr(model, "workflow", None), views.get(model.resource)
    deed = (flow.find(action) if flow is not None else None) or (view.action(action) if view is not None else None)
    return _("did “%(action)s”", action=str(deed.label if deed is not None else ACTIONS.get(action, action)))
