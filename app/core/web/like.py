"""Which fields of a form ask, while somebody types, which rows may be the same."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from app.core import duplicates, match_keys
from app.core.web.view import EntityView


def has(view: type[EntityView]) -> bool:
    """Whether rows of ``view`` say by which fields they are known."""
    return bool(match_keys.fields(view.model)) and not getattr(view.model, "likeness_of", "")


def hint_url(view: type[EntityView], row: Any, name: str) -> str:
    """Where the field ``name`` of a form asks who may be the same as ``row`` (None: a new one), or «»."""
    if not has(view) or name not in duplicates.fields_that_tell(view.model):
        return ""
    tail = f"?{urlencode({'id': row.id})}" if row is not None else ""
    return f"/{view.model.resource}/like{tail}"
