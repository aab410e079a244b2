"""The same change to many rows: each by the rules of a single edit and in a savepoint of its own, kept as a run that can
be undone like an import.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from app.core import bulk, crud, db, events, identity, tags
from app.core.errors import Invalid, NotPermitted
from app.core.exchange.changes import held
from app.core.exchange.models import ImportRun, keep_rows
from app.core.fields import Field, parse_all, writable
from app.core.i18n import gettext as _

SEVERAL = ("relations", "tags")  # kinds of fields that hold several values: some can be added or taken away
WAYS = ("add", "remove")


@dataclass
class Edited:
    """What came of it: the run that undoes it (None when nothing changed, or nothing can be undone), and each row."""

    run: ImportRun | None
    outcomes: list[bulk.Outcome]

    @property
    def changed(self) -> int:
        """How many rows are different now."""
        return sum(outcome.ok and outcome.result is not None for outcome in self.outcomes)


@dataclass(frozen=True)
class _Change:
    """What a row held before, by attribute, and its version since."""

    before: dict[str, Any]
    version: int


def editable(model: type[Any]) -> dict[str, Field]:
    """The fields that who acts now can give to many rows at once: no picture, no secret, nothing that is one row's."""
    found = {}
    for name, field in writable(model).items():
        column = field.column
        if field.kind in ("images", "password") or name == model.numbered_by or (column is not None and column.unique):
            continue
        if name == "owner" and not identity.require().may(identity.ASSIGN, model.domain()):
            continue
        found[name] = field
    return found


def edit(model: type[Any], ids: Iterable[int], given: Mapping[str, Any]) -> Edited:
    """Set the fields ``given`` (values by field name, as ``crud.update`` takes them) in every row of ``ids``.

    A field of several values may be given as ``{"add": […], "remove": […]}``: the others stay.  Raises NotPermitted,
    Invalid (no such field, a value that can't be read, no row or too many); what one row refuses is told of that row.
    """
    crud.require("can_edit", model)
    if model.read_only:
        raise NotPermitted()
    wanted = sorted(set(ids))
    if not wanted:
        raise Invalid({"ids": [_("Choose at least one row.")]})
    bulk.require_few(wanted)
    fields = _checked(model, given)
    # What is several is loaded with the row: what it held before is kept.
    options = [
        sa.orm.selectinload(getattr(model, field.attribute))
        for field in fields
        if field.attribute in sa.inspect(model).relationships
    ]
    options += [tags.loading(model) for field in fields if field.kind == "tags"]

    def change(row: Any) -> _Change | None:
        before = {field.attribute: held(row, field.attribute) for field in fields}
        crud.update(row, {field.name: _value(field, row, given[field.name]) for field in fields})
        differing = {name: old for name, old in before.items() if held(row, name) != old}
        return _Change(differing, getattr(row, "version", 1)) if differing else None

    with events.together(), identity.doing("bulk-edit"):
        outcomes = bulk.each(wanted, model, change, options=tuple(options))
        return Edited(_keep(model, fields, outcomes), outcomes)


def _checked(model: type[Any], given: Mapping[str, Any]) -> list[Field]:
    """The fields that ``given`` names.  Raises Invalid when there are none, or a value can't be read."""
    known = editable(model)
    errors = {name: [_("There is no such field here.")] for name in given if name not in known}
    if not given:
        errors["set"] = [_("Say what is to be changed.")]
    fields = [known[name] for name in given if name in known]
    for field in fields:
        raw = given[field.name]
        several = field.kind in SEVERAL and isinstance(raw, dict)
        if several and (not raw or set(raw) - set(WAYS)):
            errors[field.name] = [_('Give a list, or {"add": […], "remove": […]}.')]
            continue
        parts = list(raw.values()) if several else [raw]
        if field.required and not several and raw in (None, "", []) and field.kind != "bool":
            errors[field.name] = [_("This is required.")]
        for part in parts:
            _values, faults = parse_all({field.name: field}, {field.name: part})
            errors.update(faults)
    if errors:
        raise Invalid(errors)
    return fields


def _value(field: Field, row: Any, raw: Any) -> Any:
    """What ``row`` is to hold: ``raw``, or what it holds with some added and others taken away."""
    if field.kind not in SEVERAL or not isinstance(raw, dict):
        return raw
    now = list(held(row, field.attribute) or [])
    added, removed = (field.parse(raw.get(way) or []) or [] for way in WAYS)
    gone = {_same(each) for each in removed}
    return list({_same(each): each for each in (*added, *now) if _same(each) not in gone}.values())


def _same(value: Any) -> Any:
    """What two values are the same by: tags by their letters, in whatever case."""
    return value.casefold() if isinstance(value, str) else value


def _keep(model: type[Any], fields: list[Field], outcomes: list[bulk.Outcome]) -> ImportRun | None:
    """The run of what was changed, so that it can be undone."""
    changes = [(outcome.id, outcome.result) for outcome in outcomes if outcome.ok and outcome.result is not None]
    if not changes or not hasattr(model, "version"):
        return None  # an account has no version: a change of accounts can't be undone
    refused = sum(not outcome.ok for outcome in outcomes)
    run = ImportRun(
        kind="edit",
        target=model.resource,
        file=", ".join(field.name for field in fields)[:200],
        on_match="update",
        on_error="skip",
        state="done",
        rows=len(outcomes),
        updated=len(changes),
        skipped=len(outcomes) - len(changes) - refused,
        failed=refused,
    )
    db.session.add(run)
    db.session.flush()
    keep_rows(run, ((pk, False, change.version, change.before) for pk, change in changes))
    return run
