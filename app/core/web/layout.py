"""How somebody likes a list: which columns in which order, how many rows a page, which views have a star.

Kept for each person and list; what a view or an address says of columns goes before it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from app.core import preferences
from app.core.web import query

MOST_STARS = 20  # of one list


@dataclass(frozen=True)
class Layout:
    """``columns`` (empty: as everyone has them), ``size`` (rows a page), and the ids of the views with a star."""

    columns: tuple[str, ...] = ()
    size: int = query.DEFAULT_SIZE
    stars: tuple[int, ...] = ()


def of(model: type[Any]) -> Layout:
    """What the actor keeps of lists of ``model``, as far as it can still be shown.  At most one statement."""
    kept = preferences.get(_key(model)) or {}
    known = query.shown(model)
    size = kept.get("size")
    return Layout(
        tuple(name for name in kept.get("columns") or () if name in known),
        size if size in query.SIZES else query.DEFAULT_SIZE,
        tuple(kept.get("stars") or ()),
    )


def keep(model: type[Any], **change: Any) -> Layout:
    """Change what the actor keeps of lists of ``model``: the fields of ``Layout``."""
    layout = replace(of(model), **change)
    said: dict[str, Any] = {}
    if layout.columns:
        said["columns"] = list(layout.columns)
    if layout.size != query.DEFAULT_SIZE:
        said["size"] = layout.size
    if layout.stars:
        said["stars"] = list(layout.stars)
    preferences.put(_key(model), said or None)
    return layout


def star(model: type[Any], pk: int, *, on: bool) -> None:
    """Give the view ``pk`` of lists of ``model`` a star, as the last, or take it away."""
    others = tuple(each for each in of(model).stars if each != pk)
    keep(model, stars=(*others[-MOST_STARS + 1 :], pk) if on else others)


def _key(model: type[Any]) -> str:
    return f"list/{model.resource}"
