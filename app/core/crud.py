"""Making, changing and removing rows: the one way, for pages, API, imports and jobs.

Every function checks in the order of the web contract: visible (404), permitted (403), state and version (409), rules
(422).  Nothing is committed here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any

import sqlalchemy as sa
from flask_appbuilder import Model
from sqlalchemy.exc import DBAPIError, IntegrityError

from app.core import clock, db, files, identity, numbering, references, scope, stale
from app.core import flush as flushing
from app.core.document import Document, line_model
from app.core.entity import registry
from app.core.errors import BusinessError, Conflict, Invalid, NotPermitted, NotVisible
from app.core.fields import SYSTEM, Field, declared, fields_of, parse_all, readable, writable
from app.core.i18n import gettext as _

MAX_LINES = 2000  # of one document

Lines = list[tuple[int | None, dict[str, Any]]]
"""A document's lines as read: each with its id (None for a new one) and its values by attribute."""


heirs: dict[type[Any], Callable[[Mapping[str, Any], bool], int | None]] = {}
"""By a company's rules, who gets a new row for which no owner is given: ``heir(values by attribute, whether it was said
that it has none)``, a user's id or None for whom it would belong to otherwise.  Asked last: a refused row takes no turn.
"""
whereabouts: list[Callable[[type[Any], int], NotVisible | None]] = []
"""What is known of a row that is not there: what is said in place of «nothing here», for the module that knows."""


def require(permission: str, model: type[Any]) -> None:
    """Raises NotPermitted unless the actor holds ``permission`` on ``model``."""
    if not identity.require().may(permission, model.permission_key()):
        raise NotPermitted()


def fetch(model: type[Any], pk: int, *, lock: bool = False, options: tuple[Any, ...] = ()) -> Any:
    """The row, if the actor sees it; ``lock`` keeps others from writing it until the transaction ends.  Raises
    NotVisible.
    """
    if not 0 < pk < 2**31:
        raise NotVisible()
    statement = sa.select(model).where(model.id == pk).options(*options)
    if lock:
        statement = db.locked(statement, model)
    row = db.session.scalars(statement).unique().one_or_none()
    if row is None:
        raise next((known for ask in whereabouts if (known := ask(model, pk)) is not None), None) or NotVisible()
    return row


def create(model: type[Any], data: Mapping[str, Any]) -> Any:
    """A new row of ``model`` from ``data`` (values by field name; ``lines`` a list of the same).  Raises NotPermitted,
    Invalid.
    """
    _require_making(model)
    values, errors = _read(model, data, None)
    lines, line_errors = _read_lines(model, data.get("lines"), None)
    with _into_pool(model, values):
        row = build(model, values, lines, errors | line_errors)
        flush()
    return row


def build(
    model: type[Any], values: dict[str, Any], lines: Lines | None = None, errors: dict[str, list[str]] | None = None
) -> Any:
    """A new row from what was read already (values by attribute), added to the session and not yet flushed: an import
    writes many at once.  ``errors`` are what reading found.  Raises NotPermitted, Invalid."""
    _require_making(model)
    errors = dict(errors or {})
    row = model()
    if model not in heirs:
        _default_owner(model, values)
    for field in writable(model).values():
        if (
            field.required
            and values.get(field.attribute) is None
            and field.name not in errors
            and field.name != model.numbered_by
        ):
            errors[field.name] = [_("This is required.")]
    if errors:
        raise Invalid(errors)
    if model in heirs and not _inherited(row, values):
        _default_owner(model, values)
    if model.numbered_by and not values.get(model.numbered_by):
        values[model.numbered_by] = numbering.next_code(model, model.numbered_by)
    _assign(row, values)
    if lines is not None:
        row.lines = [_new_line(model, line, index) for index, (_key, line) in enumerate(lines)]
    db.session.add(row)
    return row


def update(row: Any, data: Mapping[str, Any], version: Any = None) -> Any:
    """Change ``row`` (fetched with ``lock``) to what ``data`` holds.

    With ``version`` a save over somebody else's is refused (Stale); without it the last write wins.  Raises
    NotPermitted, Conflict, Invalid.
    """
    model = type(row)
    require_change(row)
    values, errors = _read(model, data, row)
    require_giving(row, values)
    require_editable(row)
    lines, line_errors = _read_lines(model, data.get("lines"), row)
    # Accounts have no version: the last write wins.
    if version not in (None, "") and str(version) != str(getattr(row, "version", version)):
        raise stale.refusal(row, version, data, values, lines)
    errors.update(line_errors)
    if errors:
        raise Invalid(errors)
    with _into_pool(model, values):
        put(row, values, lines)
        flush()
    return row


def put(row: Any, values: dict[str, Any], lines: Lines | None = None) -> None:
    """Give ``row`` what was read already (values by attribute), not yet flushed.  Raises NotPermitted when it is given
    away.
    """
    require_giving(row, values)
    _assign(row, values)
    if lines is not None:
        _replace_lines(row, lines)


def require_change(row: Any) -> None:
    """Raises NotPermitted unless the actor may edit such rows, and this one."""
    require("can_edit", type(row))
    if type(row).read_only:
        raise NotPermitted()
    _require_writable(row)


def require_editable(row: Any) -> None:
    """Raises Conflict when ``row`` is a document that left draft."""
    if isinstance(row, Document) and not row.is_editable:
        state = str(type(row).workflow.states.get(row.state, row.state)).lower()
        raise Conflict(_("%(document)s is %(state)s: it can no longer be edited.", document=row, state=state))


def delete(row: Any) -> None:
    """Remove ``row``.  Raises NotPermitted, Conflict (a document that left draft), InUse (others refer to it, by what)."""
    model = type(row)
    require("can_delete", model)
    if model.read_only:
        raise NotPermitted()
    _require_writable(row)
    if isinstance(row, Document) and (row.number or not row.is_editable):
        raise Conflict(
            _("%(document)s has left draft: it stays, so that numbers have no gaps. Cancel it instead.", document=row)
        )
    if hasattr(row, "stays") and (reason := row.stays()):
        raise Conflict(reason)
    references.require_unused(row)
    db.session.delete(row)
    flush()


def flush() -> None:
    """Send what is pending to the database.  Raises Invalid where a constraint of the database refuses."""
    with refusing_in_words():
        db.session.flush()


@contextmanager
def refusing_in_words() -> Iterator[None]:
    """Turn the database's own refusals within the block into Invalid with a message for people."""
    try:
        yield
    except IntegrityError as error:
        raise in_words(error) from error


def in_words(error: DBAPIError) -> BusinessError:
    """The message for people behind the database's refusal: which field is taken, or that something is still used."""
    text = str(error.orig)
    diag = getattr(error.orig, "diag", None)
    table = Model.metadata.tables.get((diag.table_name if diag else None) or text.split(": ")[-1].split(".")[0].strip())
    if "UNIQUE" in text or "duplicate key" in text:
        names: list[str] = []
        if table is not None:
            if diag is not None:
                for item in (*table.constraints, *table.indexes):
                    if item.name == diag.constraint_name:
                        names = [column.name for column in item.columns]
            else:
                names = [part.split(".")[-1].strip() for part in text.split(": ", 1)[-1].split(",")]
        fields = [_field_of_column(table, name) for name in names] if table is not None else []
        return Invalid(
            {field: [_("There is one with this value already.")] for field in fields}
            or {"": [_("There is one like this already.")]}
        )
    if "FOREIGN KEY" in text or "foreign key" in text:
        return Conflict(_("Something else still refers to this, or what it refers to is gone."))
    return Invalid({}, _("The database refuses this value."))


def _field_of_column(table: sa.Table, name: str) -> str:
    for model in registry.values():
        if model.__table__ is table:
            return next((field.name for field in declared(model).values() if field.attribute == name), name)
    return name


def _require_making(model: type[Any]) -> None:
    require("can_add", model)
    if model.read_only:
        raise NotPermitted()


def _require_writable(row: Any) -> None:
    if not scope.visible_ids(db.session.connection(), type(row), [row.id], identity.require(), write=True):
        raise NotPermitted()


def _read(model: type[Any], data: Mapping[str, Any], row: Any) -> tuple[dict[str, Any], dict[str, list[str]]]:
    """The values by attribute that ``data`` sets, and what is wrong with it."""
    known = readable(model)
    fields: dict[str, Field] = {}
    given: dict[str, Any] = {}
    errors: dict[str, list[str]] = {}
    for name, raw in data.items():
        field = known.get(name)
        if name == "lines" and line_model(model) is not None or name in SYSTEM:
            continue
        if row is None and name == model.numbered_by and raw in (None, ""):
            continue  # the next of its sequence
        if field is None:
            errors[name] = [_("There is no such field here.")]
        elif field.readonly or not field.stored:
            # A client may send back the row it read; what it may not set must then be as it is.
            current = field.to_json(field.value(row)) if row is not None else None
            if raw not in (None, "") and raw != current:
                errors[name] = [_("This can't be set.")]
        elif (
            field.required
            and field.kind == "relation"
            and raw in (None, "")
            and row is not None
            and _points_at_hidden(row, field.attribute)
        ):
            continue  # it is there, and stays
        else:
            fields[name], given[name] = field, raw
    values, faults = parse_all(fields, given, row)
    errors.update(faults)
    for name, field in fields.items():
        if field.kind == "images" and name not in faults:
            current = (field.value(row) or []) if row is not None else []
            if not all(files.may_name(digest, current) for digest in values[field.attribute]):
                errors[name] = [_("Upload the picture itself; another record's can't be named.")]
    return values, errors


def require_giving(row: Any, values: Mapping[str, Any]) -> None:
    """Raises NotPermitted when ``values`` (by attribute) give ``row`` away: who may edit it may not thereby do that."""
    field = fields_of(type(row)).get("owner")
    if field is not None and field.attribute in values and values[field.attribute] != getattr(row, field.attribute):
        _require_assign(type(row))


def _inherited(row: Any, values: dict[str, Any]) -> bool:
    """Whether a company's rule gives the new ``row``, for which no owner is given, to somebody."""
    attribute = fields_of(type(row))["owner"].attribute
    if values.get(attribute) is not None:
        return False
    heir = heirs[type(row)](values, attribute in values)
    if heir is not None:
        values[attribute] = heir
        row.__dict__[flushing.BY_RULE] = True
    return heir is not None


def _default_owner(model: type[Any], values: dict[str, Any]) -> None:
    """The owner is the actor, unless the actor may assign to somebody else."""
    field = fields_of(model).get("owner")
    if field is None or field.target is None or field.target.__name__ != "User":
        return
    actor = identity.require()
    if field.attribute not in values:
        values[field.attribute] = actor.user_id
    elif values[field.attribute] != actor.user_id:
        _require_assign(model)


def _into_pool(model: type[Any], values: Mapping[str, Any]) -> AbstractContextManager[None]:
    """Where what is without an owner lies in the pool, who may assign may put it there, though it is no longer theirs to
    write then.
    """
    field = fields_of(model).get("owner")
    pooled = field is not None and getattr(model.scope, "pool", False) and values.get(field.attribute, 0) is None
    if pooled and identity.require().may(identity.ASSIGN, model.domain()):
        return identity.moving_ownership()
    return nullcontext()


def _require_assign(model: type[Any]) -> None:
    if not identity.require().may(identity.ASSIGN, model.domain()):
        raise NotPermitted(_("Only a manager may give this to somebody else."))


def _assign(row: Any, values: dict[str, Any]) -> None:
    # What is asked on the way must not write half of the row: a change is one, and of one version.
    with db.session.no_autoflush:
        for attribute, value in values.items():
            if value is not None or not _points_at_hidden(row, attribute):
                setattr(row, attribute, _meant(row, attribute, value))


def _meant(row: Any, attribute: str, value: Any) -> Any:
    """What is put into ``attribute``: the rows that ids name, where it is a relation to many."""
    mapper = sa.inspect(type(row))
    if attribute not in mapper.relationships:
        return value
    target = mapper.relationships[attribute].mapper.class_
    wanted = set(value or ())
    found = list(db.session.scalars(sa.select(target).where(target.id.in_(wanted or {0}))).unique())
    if len(found) < len(wanted):
        message = _("There is no such %(what)s, or it is not yours to see.", what=str(target.label).lower())
        raise Invalid({attribute: [message]})
    return found


def _points_at_hidden(row: Any, attribute: str) -> bool:
    """Whether ``attribute`` of a stored row points at one that the actor does not see: saving an empty field does not
    clear it.
    """
    key = getattr(row, attribute) if sa.inspect(row).persistent else None
    if key is None:
        return False
    field = next((each for each in fields_of(type(row)).values() if each.attribute == attribute), None)
    if field is None or field.kind != "relation" or field.target is None or field.value(row) is not None:
        return False
    table: Any = field.target.__table__  # asked whoever may see it: what is gone is not hidden
    return db.session.connection().execute(sa.select(table.c.id).where(table.c.id == key)).first() is not None


def _read_lines(model: type[Any], lines: Any, row: Any) -> tuple[Lines | None, dict[str, list[str]]]:
    """The lines given, as (id, values by attribute), or None when ``lines`` are not given at all."""
    kind = line_model(model)
    if kind is None or lines is None:
        return None, {}
    if not isinstance(lines, list) or not all(isinstance(line, dict) for line in lines):
        return None, {"lines": [_("Lines must be a list.")]}
    if len(lines) > MAX_LINES:
        return None, {"lines": [_("At most %(count)s lines.", count=MAX_LINES)]}
    fields = writable(kind)
    existing = {line.id for line in row.lines} if row is not None else set()
    read: Lines = []
    errors: dict[str, list[str]] = {}
    for index, line in enumerate(lines):
        given = {name: raw for name, raw in line.items() if name not in ("id", "position")}
        unknown = [name for name in given if name not in fields]
        settable = {name: raw for name, raw in given.items() if name in fields}
        values, faults = parse_all(fields, settable)
        readonly = {name for name in unknown if name in fields_of(kind)}
        for name in unknown:
            if name not in readonly:
                faults[name] = [_("There is no such field here.")]
        key = line.get("id") or None
        if key is not None:
            try:
                key = int(key)
            except (TypeError, ValueError, OverflowError):
                key = 0
            if key not in existing or any(key == other for other, _values in read):
                faults["id"] = [_("This line is not of this document.")]
        for name, field in fields.items():
            if key is None and field.required and values.get(field.attribute) is None and name not in faults:
                faults[name] = [_("This is required.")]
        errors.update({f"lines.{index}.{name}": messages for name, messages in faults.items()})
        read.append((key, values))
    return read, errors


def _new_line(model: type[Any], values: dict[str, Any], index: int) -> Any:
    kind = line_model(model)
    assert kind is not None
    line = kind(position=index)
    _assign(line, values)
    return line


def _replace_lines(row: Any, lines: Lines) -> None:
    """Make the document's lines those given: known ones changed, new ones added, the rest removed."""
    existing = {line.id: line for line in row.lines}
    result = []
    for index, (key, values) in enumerate(lines):
        if key is None:
            result.append(_new_line(type(row), values, index))
            continue
        line = existing[key]
        _assign(line, values)
        line.position = index
        result.append(line)
    for line in existing.values():
        if line not in result:
            db.session.delete(line)  # said here, so that the flush knows it before it looks for orphans itself
    row.lines = result
    # Its lines are part of a document: to change one is to change it.
    row.changed_on = clock.now()
