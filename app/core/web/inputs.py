"""A field as an input: how its value is typed, what is read of it, and how it is shown."""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import wtforms
from wtforms.validators import StopValidation

from app.core import clock
from app.core.fields import Field
from app.core.i18n import gettext as _
from app.core.web import present
from app.core.web.page import FormField

WIDTHS = {
    "date": "s",
    "datetime": "s",
    "integer": "xs",
    "decimal": "s",
    "bool": "s",
    "longtext": "full",
    "images": "full",
    "tags": "full",
    "choices": "full",
    "code": "s",
}


INPUTS = {"relation": "picker", "relations": "multipicker", "code": "text", "json": "longtext"}


class ValueField(wtforms.Field):
    """A WTForms field around a ``Field``: ``raw`` is what was typed (or stands in the row), ``shown`` a picker's text."""

    def __init__(self, source: Field, row: Any = None, **kwargs: Any) -> None:
        super().__init__(label=str(source.label), description=str(source.help), **kwargs)
        self.source, self.row = source, row
        self.raw: Any = ""
        self.shown = ""

    def process_data(self, value: Any) -> None:
        """Take the row's own value."""
        self.data = value
        self.raw = typed(self.source, value)
        self.shown = str(value) if self.source.kind == "relation" and value is not None else ""

    def process_formdata(self, valuelist: list[Any]) -> None:
        """Take what was typed; raises ValueError (collected by WTForms) when it can't be read."""
        kind = self.source.kind
        if kind == "images":
            return
        if kind in ("relations", "tags", "choices"):
            self.raw = [each for each in valuelist if each]
        elif kind == "bool":
            self.raw = "1" if valuelist and valuelist[0] not in ("", "0") else ""
        else:
            self.raw = valuelist[0] if valuelist else ""
            if isinstance(self.raw, str) and kind == "longtext":
                self.raw = self.raw.replace("\r\n", "\n")
        # What takes the next of a sequence may be left empty.
        self.data = None if self.raw == "" and is_numbered(self.source) else self.source.read(self.raw, self.row)


class _NotEmpty:
    """Required: said at the field."""

    def __call__(self, _form: wtforms.Form, field: ValueField) -> None:
        if field.raw in ("", None, []):
            raise StopValidation(_("This is required."))


def typed(field: Field, value: Any) -> Any:
    """``value`` as the text of an input."""
    if value is None:
        return [] if field.kind in ("relations", "tags", "choices") else ""
    if field.kind == "relation":
        return str(value.id)
    if field.kind == "relations":
        return [str(each.id) for each in value]
    if field.kind == "tags":
        return [str(each) for each in value]
    if field.kind == "bool":
        return "1" if value else ""
    if isinstance(value, datetime):
        return clock.here(value).strftime("%Y-%m-%dT%H:%M") if value.tzinfo else value.strftime("%Y-%m-%dT%H:%M")
    if isinstance(value, date):
        return value.isoformat()
    if field.kind == "json":
        return json.dumps(value, ensure_ascii=False, indent=2)
    if isinstance(value, Decimal):
        whole, _dot, decimals = f"{value:f}".partition(".")
        decimals = decimals.rstrip("0").ljust(present.least_decimals(field), "0")
        return f"{whole}.{decimals}" if decimals else whole
    return value if isinstance(value, list) else str(value)


def must_be_typed(field: Field) -> bool:
    """Whether an empty input is refused: not where a default, or the next number of a sequence, takes its place."""
    given = field.empty is not None or field.kind == "bool" or is_numbered(field)
    return field.required and not given


def is_numbered(field: Field) -> bool:
    """Whether the field takes the next number of its entity's sequence when it is left empty."""
    return field.name == getattr(field.model, "numbered_by", "")


def form_class(fields: Iterable[Field], row: Any = None) -> type[wtforms.Form]:
    """A WTForms class for ``fields``, of ``row`` where there is one."""
    members: dict[str, Any] = {}
    for field in fields:
        validators = [_NotEmpty()] if must_be_typed(field) else []
        members[field.name] = _unbound(field, validators, row)
    return type("EntityForm", (wtforms.Form,), members)


def _unbound(field: Field, validators: list[Any], row: Any) -> Any:
    return ValueField(field, row, validators=validators)


def form_field(field: Field, name: str, id: str, raw: Any, *, readonly: bool = False) -> FormField:
    """``field`` as an input called ``name`` that holds ``raw``; ``readonly`` when it may be looked at only."""
    kind = INPUTS.get(field.kind, field.kind)
    shown = FormField(
        name=name,
        id=id,
        label=str(field.label),
        kind=kind,
        value="" if isinstance(raw, list) else str(raw if raw is not None else ""),
        help=str(field.help or ""),
        required=must_be_typed(field) and not readonly,
        readonly=readonly,
        maxlength=field.length if kind in ("text", "email", "phone", "url") else None,
        width=WIDTHS.get(field.kind, "m"),
    )
    if field.kind == "choice" and field.choices is not None:
        shown.choices = [(value, str(label)) for value, label in field.choices.items()]
        if not shown.required and field.empty is None:
            shown.choices.insert(0, ("", ""))
    if field.kind == "choices" and field.choices is not None:
        shown.choices = [(value, str(label)) for value, label in field.choices.items()]
        shown.chosen = [(each, each) for each in raw] if isinstance(raw, list) else []
    if kind in ("picker", "multipicker") and field.target is not None:
        shown.picker_url = f"/{field.picked_at}"
    if kind == "tags":
        shown.picker_url, shown.by_name = "/tags/pick", True
    if field.kind == "decimal":
        shown.step = "any"
    return shown
