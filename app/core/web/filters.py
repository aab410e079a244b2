"""What a list can be filtered by, as editors; and the conditions in force, in words."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import sqlalchemy as sa

from app.core import choices, db
from app.core.fields import SYSTEM, TEXTS, Field
from app.core.i18n import gettext as _
from app.core.i18n import pgettext
from app.core.web import operators, present, query, spans
from app.core.web.inputs import form_field
from app.core.web.page import FormField
from app.core.web.page_lists import FilterField, SpanEditor
from app.core.web.query import Condition
from app.core.web.spans import Span
from app.core.web.view import EntityView

NONE, ONE, MANY, SPAN = "none", "one", "many", "span"
CHOSEN = frozenset({"choice", "relation", "relations", "tags"})  # kinds of which several are chosen at once
MANY_OF = {"eq": "in", "rel_o_m": "in", "rel_m_m": "in", "neq": "nin", "nrel_o_m": "nin", "nrel_m_m": "nin"}
_TEXT = ("ct", "eq", "sw", "ew", "nct", "neq", "nsw", "new", "empty", "nempty")
_ORDERED = ("within", "eq", "gt", "ge", "lt", "le", "nwithin", "neq", "empty", "nempty")
OFFERED: dict[str, tuple[str, ...]] = {
    **dict.fromkeys(TEXTS, _TEXT),
    **dict.fromkeys(("integer", "decimal", "date", "datetime"), _ORDERED),
    **dict.fromkeys(CHOSEN, ("in", "nin", "empty", "nempty")),
    "bool": ("eq",),
}
"""The operators that an editor offers, those that are wanted most first; others say the same in other words."""
OPEN = ("in", "nin", "ct", "nct", "sw", "ew", "empty", "nempty")
"""Those of a field whose choices the company extends."""
Offered = Mapping[str, list[str]]
"""The choices of open fields, by attribute."""


def _is_chosen(field: Field, operator: str) -> bool:
    """Whether the values that the operator takes are chosen, any number of them, rather than typed."""
    return field.kind in CHOSEN or (field.suggests and operator in ("eq", "neq", *operators.SEVERAL))


def editors(view: type[EntityView], offered: Offered) -> list[FilterField]:
    """What the list can be filtered by: its columns first, then the entity's other fields, the system's last."""
    columns = view.list_columns()
    fields = [field for field in query.filterable(view.model).values() if field.name != "version"]

    def place(field: Field) -> int:
        return columns.index(field.name) if field.name in columns else len(columns) + (field.name in SYSTEM)

    return [editor(field, f"filter-{field.name}", offered=offered) for field in sorted(fields, key=place)]


def offers(model: type[Any]) -> Offered:
    """What the open fields of ``model`` offer.  One statement where it has any."""
    return choices.suggestions(db.session.connection(), model.resource) if choices.open_fields(model.resource) else {}


def adding(fields: Iterable[FilterField], arguments: Mapping[str, str]) -> FilterField | None:
    """The one that a form without script has chosen, and not yet said more about."""
    wanted = arguments.get("ff") if not arguments.get("fo") else None
    return next((each for each in fields if each.name == wanted), None)


def editor(
    field: Field,
    id: str,
    condition: Condition | None = None,
    named: Iterable[tuple[str, str]] = (),
    *,
    offered: Offered,
) -> FilterField:
    """The editor of conditions on ``field``, holding ``condition`` whose values are called ``named``."""
    operator, raw = (condition.operator, query.raw_text(condition.raw)) if condition is not None else ("", "")
    if _is_chosen(field, operator):
        operator = MANY_OF.get(operator, operator)
    if field.kind == "bool" and operator == "neq":
        operator, raw = "eq", "0" if condition is not None and condition.value else "1"
    usable = OPEN if offered.get(field.attribute) else OFFERED[field.kind]
    if operator and operator not in usable:
        usable = (*usable, operator)
    found = FilterField(
        field.name,
        str(field.label),
        [(name, _called(field, name), _shape(field, name)) for name in usable],
        operator=operator,
    )
    shapes = {shape for _name, _label, shape in found.operators}
    current = _shape(field, operator) if operator else ""
    if ONE in shapes:
        found.one = _one(field, f"{id}-value", raw if current == ONE else "", operator)
    if MANY in shapes:
        found.many = _many(field, f"{id}-values", list(named) if current == MANY else [], offered)
    if SPAN in shapes:
        found.span = _span(field, f"{id}-span", condition.value if condition is not None and current == SPAN else None)
    return found


def _shape(field: Field, operator: str) -> str:
    if query.OPERATORS[operator][1] == 0:
        return NONE
    if operator in operators.SPANS:
        return SPAN
    return MANY if _is_chosen(field, operator) else ONE


def _called(field: Field, operator: str, count: int = 1) -> str:
    """What the operator is called, of ``count`` values."""
    if field.kind in ("relations", "tags") and operator in operators.SEVERAL:
        if count > 1:
            return _("has one of") if operator == "in" else _("has none of")
        return str(query.OPERATORS["rel_m_m" if operator == "in" else "nrel_m_m"][0])
    if count == 1 and operator in operators.SEVERAL:
        return str(query.OPERATORS["eq" if operator == "in" else "neq"][0])
    return operators.words(field, operator)


def _one(field: Field, id: str, raw: str, operator: str) -> FormField:
    shown = form_field(field, "fv", id, raw)
    shown.required, shown.label = False, pgettext("filter", "Value")
    if field.kind == "bool":
        shown.kind, shown.choices = "choice", [("1", _("Yes")), ("0", _("No"))]
        shown.value = "1" if raw in ("", "1") else "0"
    if field.kind == "longtext" or operator in operators.SEVERAL:
        shown.kind, shown.maxlength = "text", None
    if field.kind == "datetime" and "T" not in raw and ":" not in raw:
        shown.kind = "date"
    return shown


def _many(field: Field, id: str, chosen: list[tuple[str, str]], offered: Offered) -> FormField:
    seen = [each for each in chosen if each[0] != str(query.NOBODY)]
    shown = FormField("fm", id, str(field.label), "multipicker", chosen=seen)
    if field.kind == "choice" and field.choices is not None:
        shown.kind, shown.chosen = "checks", chosen
        shown.choices = [(value, str(label)) for value, label in field.choices.items()]
        shown.choices += [each for each in chosen if each[0] not in field.choices]
    elif field.suggests:
        shown.kind, shown.chosen = "checks", chosen
        values = dict.fromkeys((*offered.get(field.attribute, ()), *(value for value, _label in chosen)))
        shown.choices = [(value, value) for value in values]
    elif field.kind == "tags":
        shown.picker_url, shown.by_name = "/tags/pick", True
    elif field.target is not None:
        shown.picker_url = f"/{field.picked_at}"
    return shown


def _span(field: Field, id: str, span: Span | None) -> SpanEditor:
    days = field.kind in ("date", "datetime")
    named = [(name, str(label)) for name, (label, _days) in spans.NAMED.items()] if days else []
    named += [(name, str(label)) for name, label in spans.COUNTED.items()] if days else []
    named += [(spans.OPEN, _("from … until …"))] if days else []
    shown = SpanEditor(id, "date" if days else "text", str(field.label), named, value="this-month" if days else "")
    if span is not None:
        shown.value, shown.count = span.name or spans.OPEN, str(span.count or "")
        shown.first, shown.last = (_typed(end) for end in span.ends)
    return shown


def _typed(end: Any) -> str:
    return "" if end is None else str(end)


def names(conditions: Iterable[Condition]) -> dict[int, list[tuple[str, str]]]:
    """The values of each condition that takes chosen ones, as (value, what it is called); related rows by name, within
    the scope.  A statement for each kind of rows.
    """
    chosen = [
        each for each in conditions if _is_chosen(each.field, each.operator) and query.OPERATORS[each.operator][1]
    ]
    wanted: dict[type[Any], set[int]] = {}
    for each in chosen:
        if each.field.kind in ("relation", "relations") and each.field.target is not None:
            wanted.setdefault(each.field.target, set()).update(_values(each))
    rows: dict[tuple[type[Any], int], str] = {}
    for target, ids in wanted.items():
        statement = sa.select(target).where(target.id.in_(ids))
        rows |= {(target, row.id): str(row) for row in db.session.scalars(statement).unique()}
    return {
        id(each): [
            (str(value), rows.get((each.field.target, value), "—"))
            if each.field.target is not None
            else (str(value), present.text(each.field, value))
            for value in _values(each)
        ]
        for each in chosen
    }


def _values(condition: Condition) -> list[Any]:
    return condition.value if isinstance(condition.value, list) else [condition.value]


def words(condition: Condition, named: list[tuple[str, str]]) -> str:
    """The condition in words; ``named`` as ``names`` found them."""
    field, operator, value = condition.field, condition.operator, condition.value
    if query.OPERATORS[operator][1] == 0:
        return f"{field.label} {operators.words(field, operator)}"
    if _is_chosen(field, operator):
        called = _called(field, MANY_OF.get(operator, operator), len(named))
        return f"{field.label} {called} {', '.join(label for _value, label in named)}"
    if isinstance(value, Span):
        shown = value.words(lambda end: present.text(field, end))
        if operator == "within":
            return _("%(field)s: %(span)s", field=field.label, span=shown)
        return f"{field.label} {operators.words(field, operator)} {shown}"
    values = _values(condition)
    text = ", ".join(present.text(field, each) for each in values)
    return f"{field.label} {_called(field, operator, len(values))} {text}".strip()


def opposite(condition: Condition) -> str | None:
    """The contrary condition, as an address says it; None where there is none."""
    found = operators.OPPOSITE[condition.operator]
    if found not in query.BY_KIND[condition.field.kind]:
        return None
    return f"{condition.field.name}:{found}:{query.raw_text(condition.raw)}"
