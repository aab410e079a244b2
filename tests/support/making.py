"""How rows come to be over pages and API."""

from __future__ import annotations

from app.core.web.view import EntityView


def typed_in(view: type[EntityView]) -> bool:
    """Whether a new row of ``view`` is a form that is filled in: not where it is made of a file that is sent."""
    return "add" in view.operations() and view.receives is None
