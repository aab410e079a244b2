"""The fields of an entity, derived from its columns once and shared by forms, lists, filters, files, the API and the
history.

A relation is a field named for what it points at (``customer``), though its column is ``customer_id``.  A field knows
how to read a value from text or JSON (``parse``), and how to give one as JSON (``to_json``) or as a file's cell
(``to_cell``).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm.interfaces import MANYTOMANY, MANYTOONE

from app.core import clock, identity
from app.core.entity import derived
from app.core.formula import SCALES, Formula
from app.core.i18n import gettext as _
from app.core.i18n import lazy_gettext as _l
from app.core.readers import Reader, storable
from app.core.types import (
    CodeText,
    EmailText,
    Images,
    LongText,
    PhoneText,
    ScaledDecimal,
    UrlText,
    UTCDateTime,
)

SYSTEM = ("id", "version", "created_on", "created_by", "changed_on", "changed_by")
HIDDEN = frozenset({"search_text", "custom", "seal", "password", "login_count", "fail_login_count", "last_login"})
TEXTS = frozenset({"text", "longtext", "code", "phone", "email", "url"})


@dataclass(frozen=True, eq=False)
class Field(Reader):
    """One field of one model.

    ``kind``: text, longtext, code, phone, email, url, integer, decimal, date, datetime, bool, choice, relation,
    relations, choices (several of fixed ones), images, json, tags.  ``attribute`` is the mapped attribute that holds
    the value (the foreign key for a relation).  ``to_write``: only what one may write can be chosen.  ``spans``: the date
    stands for the week or the month that it begins.  What is ``write_only`` is said with a save and never shown again: no
    list, page, file or answer holds it.
    """

    model: type[Any]
    name: str
    attribute: str
    kind: str
    label: Any
    help: Any = ""
    required: bool = False
    readonly: bool = False
    needs: str = ""
    scale: int | None = None
    length: int | None = None
    minimum: int | None = None
    maximum: int | None = None
    choices: Mapping[str, Any] | None = None
    tones: Mapping[str, str] | None = None
    suggests: bool = False
    target: type[Any] | None = None
    stored: bool = True
    empty: Any = None
    formula: Formula | None = None
    to_write: bool = False
    spans: str = ""
    write_only: bool = False

    @property
    def picked_at(self) -> str:
        """Where what it points at is looked for as it is typed, below «/» and «/api/v1/»: «customers/pick»; what is chosen
        to be written is looked for among what one may write: «customers/pick?for=write».
        """
        target: Any = self.target
        if hasattr(target, "document_class"):
            return f"{target.of().resource}/pick-line"
        return f"{target.resource}/pick{'?for=write' if self.to_write else ''}"

    @property
    def column(self) -> Any:
        """The column that holds the value; None for a relation to many, a derived figure and what is set through a
        property.
        """
        attribute = sa.inspect(self.model).column_attrs.get(self.attribute)
        return attribute.columns[0] if attribute is not None else None

    def parse(self, raw: Any) -> Any:
        """The value that ``raw`` (text, or JSON's own types) stands for; None when it is empty.

        Raises ValueError with a message for people.
        """
        if isinstance(raw, str):
            raw = storable(raw.strip())
        if raw is None or raw == "" or raw == []:
            if self.kind == "bool":
                return False
            if self.required and self.empty is None:
                raise ValueError(_("This is required."))
            return [] if self.kind in ("relations", "images", "tags", "choices") else self.empty
        return getattr(self, f"_parse_{self.kind}", self._parse_text)(raw)

    def read(self, raw: Any, row: Any) -> Any:
        """``parse`` of what is written into ``row`` (None: a new one): a text that stands there already stays as it is,
        whatever could be written today.
        """
        if row is not None and self.kind in TEXTS and isinstance(raw, str) and raw.strip():
            stands = self.value(row)
            if isinstance(stands, str) and raw.strip() == stands.strip():
                return stands
        return self.parse(raw)

    def value(self, row: Any) -> Any:
        """The field's value in ``row``: the related row for a relation, else what is stored."""
        return getattr(row, self.name if self.kind == "relation" else self.attribute)

    def to_json(self, value: Any) -> Any:
        """``value`` as the API gives it: decimals as text, times with an offset, a relation as {"id", "label"}."""
        if value is None:
            return None
        if self.kind == "relation":
            return {"id": value.id, "label": str(value)}
        if self.kind == "relations":
            return [{"id": each.id, "label": str(each)} for each in value]
        if self.kind == "tags":
            return [str(each) for each in value]
        if isinstance(value, Decimal):
            return str(value if self.scale is None else value.quantize(Decimal(1).scaleb(-self.scale)))
        if isinstance(value, datetime):
            # Flask-AppBuilder stamps its users in the server's own time, without saying so.
            return clock.local(value if value.tzinfo else value.astimezone()).isoformat()
        if isinstance(value, date):
            return value.isoformat()
        return value

    def to_cell(self, value: Any) -> Any:
        """``value`` as a file's cell: numbers, dates and booleans as themselves, a relation by what an import matches
        it by.
        """
        if value is None or value == "":
            return None
        if self.kind == "relation":
            return match_text(value)
        if self.kind == "relations":
            return ", ".join(match_text(each) for each in value)
        if self.kind == "choice" and self.choices is not None:
            return str(self.choices.get(value, value))
        if isinstance(value, datetime):
            return clock.here(value).replace(tzinfo=None) if value.tzinfo else value
        if isinstance(value, list | dict):
            return ", ".join(str(each) for each in value) or None
        return value


def match_text(row: Any) -> str:
    """What an import finds ``row`` by: its first key, or its name; «#12» for a row that has none."""
    for name in (*row.keys, "code", "number", "name"):
        value = getattr(row, name, None)
        if isinstance(value, str) and value:
            return value
    return f"#{row.id}"


def _kind(column: sa.Column[Any]) -> str:
    kind: str
    for type_, kind in (
        (CodeText, "code"),
        (PhoneText, "phone"),
        (EmailText, "email"),
        (UrlText, "url"),
        (LongText, "longtext"),
        (Images, "images"),
        (ScaledDecimal, "decimal"),
        (UTCDateTime, "datetime"),
        (sa.Boolean, "bool"),
        (sa.DateTime, "datetime"),
        (sa.Date, "date"),
        (sa.Integer, "integer"),
        (sa.JSON, "json"),
    ):
        if isinstance(column.type, type_):
            return kind
    return "choice" if column.info.get("choices") else "text"


_fields: dict[Any, dict[str, Field]] = {}

providers: list[Callable[[Any, Mapping[str, Field]], Mapping[str, Field]]] = []
"""What adds fields to those that a model declares, each asked with the model and what there is so far."""


def fields_of(model: Any) -> Mapping[str, Field]:
    """Every field of ``model`` by name: those it declares, then those that the company added."""
    found: Mapping[str, Field] = declared(model)
    for provider in providers:
        found = provider(model, found)
    return found


def declared(model: Any) -> dict[str, Field]:
    """The fields that ``model`` itself declares, by name, in their order: columns, then relations to many, then derived
    figures.  The same for every company; asks the database nothing.
    """
    if model not in _fields:
        _fields[model] = _derive(model)
    return _fields[model]


def _derive(model: Any) -> dict[str, Field]:
    mapper = sa.inspect(model)
    relations = {}
    for relation in mapper.relationships:
        if relation.direction is MANYTOONE:
            relations[next(iter(relation.local_columns))] = relation
    found: dict[str, Field] = {}
    for attribute in mapper.column_attrs:
        if attribute.key in HIDDEN:
            continue
        column = attribute.columns[0]
        info = column.info
        relation = relations.get(column)
        if column.foreign_keys and relation is None:
            continue
        kind = "relation" if relation is not None else _kind(column)
        # A field is called as its column is: `target` is `resource` to everyone outside, where the class has a
        # `resource` already.
        name = relation.key if relation is not None else column.name
        default = column.default.arg if column.default is not None and column.default.is_scalar else None
        has_default = column.default is not None or column.server_default is not None
        found[name] = Field(
            model=model,
            name=name,
            attribute=attribute.key,
            kind=kind,
            label=info.get("label") or name.replace("_", " ").capitalize(),
            help=info.get("help") or "",
            required=not column.nullable and not has_default and kind != "bool",
            readonly=bool(info.get("readonly")) or name in SYSTEM,
            needs=info.get("needs") or "",
            scale=getattr(column.type, "scale", None) if kind == "decimal" else None,
            length=getattr(column.type, "length", None),
            minimum=info.get("minimum"),
            maximum=info.get("maximum"),
            choices=info.get("choices"),
            tones=info.get("tones"),
            suggests=bool(info.get("suggests")),
            target=relation.mapper.class_ if relation is not None else None,
            empty=default if not column.nullable else None,
            formula=info.get("formula"),
            spans=info.get("spans") or "",
        )
    for relation in mapper.relationships:
        if relation.direction is MANYTOMANY and relation.info.get("label"):
            label = relation.info["label"]
            fixed = bool(relation.info.get("readonly"))
            found[relation.key] = Field(
                model, relation.key, relation.key, "relations", label, readonly=fixed, target=relation.mapper.class_
            )
    if getattr(model, "taggable", False):
        words = _l("Words of your own; a new one is made by typing it")
        found["tags"] = Field(model, "tags", "tags", "tags", _l("Tags"), words, needs=model.tags_need)
    found.update(getattr(model, "extra_fields", {}))
    for parent in reversed(model.__mro__):
        for name, attribute in vars(parent).items():
            if isinstance(attribute, derived):
                scale = SCALES.get(attribute.kind)
                kind = "decimal" if scale is not None else attribute.kind
                found[name] = Field(
                    model,
                    name,
                    name,
                    kind,
                    attribute.label,
                    attribute.help_text,
                    readonly=True,
                    needs=attribute.needs,
                    scale=scale,
                    stored=False,
                    formula=attribute.formula,
                )
    return found


def readable(model: type[Any], actor: identity.Actor | None = None) -> dict[str, Field]:
    """The fields of ``model`` that exist for ``actor`` (who acts now)."""
    actor = actor or identity.require()
    domain = model.domain()
    return {
        name: field for name, field in fields_of(model).items() if not field.needs or actor.may(field.needs, domain)
    }


def writable(model: type[Any], actor: identity.Actor | None = None) -> dict[str, Field]:
    """The fields that ``actor`` may give values to."""
    return {name: field for name, field in readable(model, actor).items() if not field.readonly and field.stored}


def parse_all(
    fields: Mapping[str, Field], data: Mapping[str, Any], row: Any = None
) -> tuple[dict[str, Any], dict[str, list[str]]]:
    """Values by attribute for what ``data`` (by field name) holds, to be written into ``row`` where there is one, and the
    messages for what can't be read.
    """
    values: dict[str, Any] = {}
    errors: dict[str, list[str]] = {}
    for name, raw in data.items():
        field = fields[name]
        try:
            values[field.attribute] = field.read(raw, row)
        except ValueError as error:
            errors[name] = [str(error)]
    return values, errors


def named(fields: Iterable[str], model: type[Any]) -> list[Field]:
    """The fields of ``model`` called ``fields``, those that exist, in that order."""
    every = fields_of(model)
    return [every[name] for name in fields if name in every]
