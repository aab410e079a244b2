"""What happens to every row on its way to the database, in one place and one order.

Before: who and when, derived fields, the entity's own rules, whether the actor may write the row as it stands and may
see what it newly points at.  After: whether the actor may write the row as it has become, the values to be suggested
next time, the audit trail.
"""

from __future__ import annotations

from collections import defaultdict
from functools import cache
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from sqlalchemy.orm import Session, joinedload
from sqlalchemy.orm.interfaces import MANYTOONE

from app.core import clock, identity, scope, search
from app.core.entity import record_name
from app.core.errors import Invalid, NotPermitted
from app.core.i18n import gettext as _

if TYPE_CHECKING:
    from app.core.audit import Entry


BY_RULE = "_by_rule"
"""What a new row is marked by (in its ``__dict__``) that a company's rule gives to whoever it says, in nobody's name."""


def before(flushing: Session) -> None:
    """Stamp, fill, check and collect.  Raises NotPermitted, Invalid."""
    from app.core import audit, match_keys, tags

    for left in ("entries", "suggest", "recheck", "settle", "gone", "inside", "keys"):
        flushing.info.pop(left, None)  # by a flush that failed and was rolled back to a savepoint
    new, dirty, deleted = _touched(flushing)
    if not (new or dirty or deleted):
        return
    actor = identity.require()
    _kept = _load_what_lines_point_at(flushing, (*new, *dirty))  # held until the rules have asked
    filled: set[Any] = set()
    # To fill one row may change another: a new first contact takes the place of the old one.
    while waiting := [row for row in (*new, *dirty) if row not in filled]:
        for row in waiting:
            _fill(row)
        filled.update(waiting)
        new, dirty, deleted = _touched(flushing)
    _check_rules((*new, *dirty))
    connection = flushing.connection()
    _check_writable(connection, actor, (*dirty, *deleted))
    _check_pointers(connection, actor, (*new, *dirty))
    _stamp(new, dirty)
    if deleted:
        tags.forget(connection, deleted)
    flushing.info["entries"] = audit.collect(flushing)
    flushing.info["settle"] = {type(row) for row in (*new, *dirty, *deleted) if hasattr(row, "settled")}
    flushing.info["suggest"] = _to_suggest((*new, *dirty))
    flushing.info["gone"] = [record_name(row) for row in deleted if getattr(row, "resource", "")]
    flushing.info["inside"] = [row for row in (*new, *dirty) if _told_anew(row)]
    flushing.info["keys"] = match_keys.changed((*new, *dirty), deleted)
    mine = (row for row in new if not row.__dict__.get(BY_RULE))
    flushing.info["recheck"] = [*mine, *(row for row in dirty if _moved(row))]


def after(flushing: Session) -> None:
    """Check what has become of the rows and write the audit trail.  Raises NotPermitted, and what a model's own
    ``settled`` raises of the whole that its rows make up.
    """
    from app.core import audit, choices, fulltext, match_keys, remarks

    connection = flushing.connection()
    if gone := flushing.info.pop("gone", []):
        remarks.forget(connection, gone)
        fulltext.forget(connection, gone)
    match_keys.keep(connection, *flushing.info.pop("keys", ((), ())))
    rows = flushing.info.pop("recheck", [])
    if rows and not identity.may_move_ownership():
        _check_writable(connection, identity.require(), rows)
    for row in flushing.info.pop("inside", ()):
        fulltext.put(connection, row.resource, row.id, getattr(row, row.inside) or "")
    for model in flushing.info.pop("settle", ()):
        model.settled(connection)
    entries: list[Entry] = flushing.info.pop("entries", [])
    audit.write(connection, entries)
    choices.remember(connection, flushing.info.pop("suggest", []))


def _touched(flushing: Session) -> tuple[list[Any], list[Any], list[Any]]:
    """The new, the changed and the deleted rows of ours."""
    new = [row for row in flushing.new if hasattr(row, "scope")]
    dirty = [row for row in flushing.dirty if hasattr(row, "scope") and flushing.is_modified(row)]
    deleted = [row for row in flushing.deleted if hasattr(row, "scope")]
    return new, dirty, deleted


def _fill(row: Any) -> None:
    if hasattr(row, "fill"):
        row.fill()
    model: Any = type(row)
    for name, formula, scale in _reckoned(model):
        figure = formula.of(row, scale)
        if getattr(row, name) != figure:
            setattr(row, name, figure)
    if hasattr(type(row), "search_text") and hasattr(row, "searched"):
        from app.core import custom

        text = search.search_text(getattr(row, name) for name in (*row.searched, *custom.searched(type(row))))
        if row.search_text != text:
            row.search_text = text


@cache
def _reckoned(model: Any) -> tuple[tuple[str, Any, int], ...]:
    """The stored columns that a formula fills, in their order: (attribute, formula, decimals)."""
    found = [(each.key, each.columns[0]) for each in sa.inspect(model).column_attrs]
    return tuple(
        (name, column.info["formula"], column.type.scale) for name, column in found if column.info.get("formula")
    )


def _stamp(new: list[Any], dirty: list[Any]) -> None:
    moment, who = clock.now(), identity.user_id()
    for row in new:
        if hasattr(row, "version"):
            row.created_on = row.changed_on = moment
            row.created_by_id = row.changed_by_id = who
            row.version = 1
    for row in dirty:
        if hasattr(row, "version"):
            row.changed_on, row.changed_by_id = moment, who
            row.version = (row.version or 0) + 1


def _check_rules(rows: Any) -> None:
    """Raises Invalid with the faults of all ``rows``; those of a line are named for their place («lines.0.quantity»)."""
    errors: dict[str, list[str]] = {}
    for row in rows:
        place = f"lines.{row.position}." if hasattr(row, "audit_parent") else ""
        for name, messages in (row.faults() if hasattr(row, "faults") else {}).items():
            errors.setdefault(place + name, []).extend(str(each) for each in messages)
    if errors:
        raise Invalid(errors)


def _check_writable(connection: sa.Connection, actor: identity.Actor, rows: Any) -> None:
    """Every row must be one the actor may write, as the database has it now."""
    if actor.unlimited:
        return
    by_model: dict[type[Any], set[int]] = defaultdict(set)
    for row in rows:
        if not type(row).scope.everyone and row.id is not None:
            by_model[type(row)].add(row.id)
    for model, ids in by_model.items():
        if scope.visible_ids(connection, model, ids, actor, write=True) != ids:
            raise NotPermitted(
                _("This belongs to somebody else. Ask them, or their manager, to share it with you for writing.")
            )


def _pointers(row: Any) -> list[tuple[str, type[Any], int]]:
    """The foreign keys of ``row`` that this flush changes: (relation's name, model, id)."""
    from app.core import custom

    state = sa.inspect(row)
    found = []
    for relation in state.mapper.relationships:
        if relation.direction is not MANYTOONE or relation.viewonly or not hasattr(relation.mapper.class_, "scope"):
            continue
        local = next(iter(relation.local_columns))
        key = _given(state, state.mapper.get_property_by_column(local).key)
        if key is not None:
            found.append((relation.key, relation.mapper.class_, key))
    return found + custom.newly_linked(row)


def _load_what_lines_point_at(flushing: Session, rows: Any) -> list[Any]:
    """What the lines of documents newly point at, with what that points at, in one statement for each kind: the rules of
    each line ask for it (``entity.pointed_at``).  What the actor does not see is not there.
    """
    wanted: dict[type[Any], list[int]] = defaultdict(list)
    for row in rows:
        if hasattr(row, "audit_parent"):
            for _name, model, key in _pointers(row):
                wanted[model].append(key)
    found: list[Any] = []
    for model, ids in wanted.items():
        if len(ids) > 1:
            relations = (each for each in sa.inspect(model).relationships if each.direction is MANYTOONE)
            with_theirs = [joinedload(getattr(model, each.key)) for each in relations if not each.viewonly]
            with flushing.no_autoflush:
                found += flushing.scalars(sa.select(model).where(model.id.in_(set(ids))).options(*with_theirs)).unique()
    return found


def _given(state: Any, name: str) -> Any:
    """What this flush newly puts into the attribute; None for nothing."""
    if state.key is None:
        return state.dict.get(
            name
        )  # of a new row all is new; histories of every attribute would cost more than the insert
    history = state.attrs[name].history
    return history.added[0] if history.added else None


def _check_pointers(connection: sa.Connection, actor: identity.Actor, rows: Any) -> None:
    """Every newly chosen row must be one the actor sees, or one that what they have points at already
    (``identity.pointing_at``): unknown and foreign ones are refused alike.
    """
    wanted: dict[type[Any], set[int]] = defaultdict(set)
    pointers = [(row, _pointers(row)) for row in rows]
    for _row, found in pointers:
        for _name, model, key in found:
            wanted[model].add(key)
    visible = scope.visible_of(connection, wanted, actor)
    for target, pk in identity.may_point_at():
        if target in visible:
            visible[target].add(pk)
    errors: dict[str, list[str]] = {}
    for row, found in pointers:
        for name, model, key in found:
            if key not in visible[model]:
                place = f"lines.{row.position}.{name}" if hasattr(row, "audit_parent") else name
                errors[place] = [
                    _("There is no such %(what)s, or it is not yours to see.", what=str(model.label).lower())
                ]
    if errors:
        raise Invalid(errors)


def _told_anew(row: Any) -> bool:
    """Whether the text inside ``row`` that is searched changes."""
    name = getattr(type(row), "inside", "")
    return bool(name) and sa.inspect(row).attrs[name].history.has_changes()


def _moved(row: Any) -> bool:
    """Whether the columns that decide who may write ``row`` change."""
    if type(row).scope.everyone:
        return False
    state = sa.inspect(row)
    names = {getattr(type(row).scope, "owner", None), f"{getattr(type(row).scope, 'relation', None)}_id"}
    names |= set(getattr(type(row).scope, "decides", ()))
    return any(name in state.attrs and state.attrs[name].history.has_changes() for name in names if name)


@cache
def _suggesting(model: Any) -> tuple[str, ...]:
    return tuple(each.key for each in sa.inspect(model).column_attrs if each.columns[0].info.get("suggests"))


def _to_suggest(rows: Any) -> list[tuple[str, str, str]]:
    found = []
    for row in rows:
        model: Any = type(row)
        for name in _suggesting(model):
            value = _given(sa.inspect(row), name)
            if value:
                found.append((row.resource, name, value))
    return found
