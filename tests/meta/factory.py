"""Makes a valid row of any entity by its fields alone, so that no test over the registry names an entity.

What the fields can't tell (a book that only postings write) is said by a hook, in one line.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import sqlalchemy as sa

from app.core import clock, crud, db
from app.core.custom_field import EXTENSIBLE
from app.core.document import Line, line_model
from app.core.entity import User, entity_for
from app.core.fields import TEXTS, Field, fields_of, writable
from app.core.identity import system
from app.core.scope import OwnRows, Personal, Through
from app.core.scope_records import Either
from app.core.types import Fraction
from app.core.web.view import views

FIRST_DAY = date(2040, 1, 2)  # a Monday, in the future: what ends must not have ended
_numbers = itertools.count(1)

Hook = Callable[[Any], Mapping[str, Any]]
HOOKS: dict[str, Hook] = {
    # resource: values by attribute (of a row that only the code writes) or by field name (of any other)
    "stock-entries": lambda row: {"document_kind": "stock-adjustments", "document_id": row.number},
    "audit-entries": lambda row: {"record": f"somewhere/{row.number}", "changes": {}},
    "sequences": lambda _row: {"prefix": "SX"},
    "custom-fields": lambda row: {"resource": next(iter(EXTENSIBLE)), "name": f"field_{row.number}"},
    "scheduled-jobs": lambda row: {"schedule": "0 9 * * mon"},
    "tags": lambda row: {"name": f"Tag {row.number}"},
    "choices": lambda row: {"resource": "customers", "field": "region"},
    # On nothing, so that it is its owner's: what hangs on a record goes with that.
    "contacts": lambda _row: {"birthday": "1990-02-28"},
    "files": lambda _row: {"folder": None, "record": None, "customer": None},
    "reviews": lambda row: {"record": f"contact-records/{make_named('contact-records', row.owner, row.text)}"},
    # Theirs must be the customer that the record is about, whichever that is.
    "contact-records": lambda _row: {"contact": None, "opportunity": None},
    "targets": lambda row: {"month": date(2040 + row.number // 12, row.number % 12 + 1, 1)},
    "articles": lambda _row: {"folder": None},
    "saved-views": lambda row: {"resource": "saved-views", "columns": [], "order": ""},
}
"""What can't be told from the fields."""


class Making:
    """One row being made: its number, and what was said of it."""

    def __init__(self, model: type[Any], owner: int | None, text: str | None) -> None:
        self.model, self.owner, self.text = model, owner, text
        self.number = next(_numbers)
        self.day = FIRST_DAY + timedelta(days=7 * self.number)

    def value(self, field: Field) -> Any:
        """A value that ``field`` takes; None where it may be left out."""
        kind, column = field.kind, field.column
        if kind in TEXTS:
            return self._text(field)
        if kind == "integer":
            return max(field.minimum or 0, 1)
        if kind == "decimal":
            return (
                Decimal("0.5")
                if column is not None and isinstance(column.type, Fraction)
                else Decimal(max(field.minimum or 0, 1))
            )
        if kind == "date":
            return self.day
        if kind == "datetime":
            return clock.now() - timedelta(minutes=self.number)  # no two rows' are the same
        if kind == "choice" and column is not None and column.unique:
            return f"{field.name} {self.number}"
        if kind == "choice":
            return next(iter(field.choices or {})) if field.empty is None else field.empty
        if kind == "relation":
            return self._relation(field)
        return {"bool": False, "images": [], "json": {}}.get(kind)

    def _text(self, field: Field) -> str:
        # What is suggested to everyone next time is no secret.
        said = (self.text if not field.suggests else "") or "x"
        alone = _is_unique(field)
        if field.kind == "phone":
            return f"138{self.number:08}"
        if field.kind in ("email", "url"):
            word = "".join(letter for letter in said if letter.isascii() and letter.isalnum())
            return (
                f"{word}{self.number}@example.com"
                if field.kind == "email"
                else f"https://{word}{self.number}.example.com"
            )
        return f"{said} {self.number}" if alone or field.kind != "code" else f"{said}{self.number}"

    def _relation(self, field: Field) -> int | None:
        owning = getattr(self.model.scope, "owner", "owner_id")
        if field.target is User and field.attribute == owning and self.owner is not None:
            return self.owner
        if field.target is self.model or (not field.required and field.target is User):
            return None
        text = self.text if is_scoped(field.target) else None  # what everyone sees holds no secret
        if field.target is not None and issubclass(field.target, Line):
            document = shared(field.target.of(), self.owner, text)
            statement = sa.select(field.target.id).where(field.target.document_id == document)
            return int(db.session.scalars(statement).first() or 0)
        return (make if _is_unique(field) else shared)(field.target, self.owner, text)

    def data(self, model: type[Any]) -> dict[str, Any]:
        """Values by field name for every field of ``model`` that may be set."""
        found = {}
        hook = HOOKS.get(getattr(model, "resource", ""))
        told = dict(hook(self)) if hook else {}
        for name, field in writable(model, system()).items():
            if name in told:
                value = told[name]
            else:
                value = None if field.kind in ("images", "relations", "password") else self.value(field)
            if value is not None:
                found[name] = value
        return found


def make(model: type[Any], owner: int | None = None, text: str | None = None, **said: Any) -> int:
    """The id of a new row of ``model``, made as the system; ``owner`` (a user's id) owns it and what it hangs on,
    ``text`` is in every text of it, ``said`` are fields that are not to be made up.  Flushed, not committed."""
    making = Making(model, owner, text)
    view = views.get(model.resource)
    hook = HOOKS.get(model.resource)
    if model.read_only or (view is not None and not view.addable):
        return _insert(making, (dict(hook(making)) if hook else {}) | said)
    data = making.data(model) | (dict(hook(making)) if hook else {}) | said
    if "customer" in data and "customer" not in said:
        data["customer"] = _customer_of(model, said) or data["customer"]
    kind = line_model(model)
    if kind is not None:
        data.setdefault("lines", [making.data(kind)])
    row = crud.create(model, data)
    if isinstance(model.scope, OwnRows) and owner is not None and getattr(row, model.scope.owner) != owner:
        db.session.connection().execute(
            sa.update(model.__table__).where(model.__table__.c.id == row.id).values({model.scope.owner: owner})
        )
    return int(row.id)


def make_named(resource: str, owner: int | None, text: str | None) -> int:
    """``make`` for the entity called ``resource``."""
    return make(entity_for(resource), owner, text)  # type: ignore[arg-type]


def _customer_of(model: type[Any], said: Mapping[str, Any]) -> int | None:
    """The customer of what a row is said to point at: it is about the same one."""
    for name, key in said.items():
        field = fields_of(model).get(name)
        if field is not None and field.target is not None and hasattr(field.target, "customer_id") and key:
            return db.session.scalar(sa.select(field.target.customer_id).where(field.target.id == key))
    return None


def shared(model: type[Any], owner: int | None = None, text: str | None = None) -> int:
    """A row of ``model`` that others of the same owner and text hang on as well."""
    cache = db.session.info.setdefault("factory", {})
    key = (model, owner, text)
    if key not in cache:
        cache[key] = make(model, owner, text)
    return int(cache[key])


def _insert(making: Making, said: Mapping[str, Any]) -> int:
    """A row that only the code writes, straight into its table."""
    model = making.model
    moment = clock.now()
    values: dict[str, Any] = {"version": 1, "created_on": moment, "changed_on": moment}
    values["created_by_id"] = values["changed_by_id"] = making.owner
    mapper = sa.inspect(model)
    if "search_text" in mapper.column_attrs:
        values["search_text"] = (making.text or "").lower()
    for field in fields_of(model).values():
        if field.stored and field.attribute not in values and field.name != "id" and field.column is not None:
            value = making.value(field)
            if value is not None:
                values[field.attribute] = value
    values |= said
    columns = {mapper.column_attrs[name].columns[0].key: value for name, value in values.items()}
    statement = sa.insert(model.__table__).values(columns).returning(model.__table__.c.id)
    return int(db.session.connection().execute(statement).scalar_one())


def _is_unique(field: Field) -> bool:
    """Whether no two rows may have the same value of ``field``, alone or with others."""
    column = field.column
    if column is None:
        return False
    if column.unique:
        return True
    table = column.table
    constraints = [each for each in table.constraints if isinstance(each, sa.UniqueConstraint)]
    return any(
        column.name in each.columns for each in (*constraints, *(index for index in table.indexes if index.unique))
    )


def is_scoped(model: type[Any]) -> bool:
    """Whether not everyone with the permission sees every row."""
    return isinstance(model.scope, OwnRows | Personal | Through | Either) and not issubclass(model, Line)
