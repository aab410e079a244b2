"""Fields and rows as the API gives and describes them."""

from __future__ import annotations

from typing import Any

from app.core.document import line_model
from app.core.fields import Field, readable
from app.core.web.view import EntityView

JSON_TYPES = {
    "integer": "integer",
    "bool": "boolean",
    "relation": "object",
    "json": "object",
    "images": "array",
    "relations": "array",
    "tags": "array",
}


def as_json(row: Any, fields: list[Field]) -> dict[str, Any]:
    """``row`` as the API gives it."""
    return {field.name: field.to_json(field.value(row)) for field in fields if not field.write_only}


def with_lines(view: type[EntityView], row: Any) -> dict[str, Any]:
    """``row`` with every field the actor may read, and its lines if it is a document."""
    found = as_json(row, list(readable(view.model).values()))
    kind = line_model(view.model)
    if kind is not None:
        fields = [field for field in readable(kind).values() if field.name != "document"]
        found["lines"] = [as_json(line, fields) for line in row.lines]
    return found


def described(field: Field) -> dict[str, Any]:
    """What ``_info`` says of ``field``: name, label, help, kind, whether it is required, choices or where to pick."""
    found: dict[str, Any] = {
        "name": field.name,
        "label": str(field.label),
        "description": str(field.help or ""),
        "type": field.kind,
        "required": field.required,
    }
    if field.choices is not None:
        found["choices"] = [{"value": value, "label": str(label)} for value, label in field.choices.items()]
    if field.target is not None:
        # Never the rows themselves: they are searched for as they are typed.
        found["pick"] = f"/api/v1/{field.picked_at}"
    return found


def schema(field: Field, write: bool = False) -> dict[str, Any]:
    """``field`` as OpenAPI describes it; with ``write`` as it is sent."""
    found: dict[str, Any] = {"type": JSON_TYPES.get(field.kind, "string"), "description": str(field.label)}
    if field.kind == "relation":
        if write:
            found["type"] = "integer"
        else:
            found["properties"] = {"id": {"type": "integer"}, "label": {"type": "string"}}
    if field.kind in ("date", "datetime"):
        found["format"] = "date" if field.kind == "date" else "date-time"
    if found["type"] == "array":
        found["items"] = {"type": "string"}
    if field.choices is not None:
        found["enum"] = list(field.choices)
    return found
