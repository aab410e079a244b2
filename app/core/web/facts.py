"""The facts of a record as its page shows them: what the title says already is not said again, and what is empty is
folded away, unless the list shows it too, where its being empty tells something.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from app.core.fields import Field, readable
from app.core.web import present
from app.core.web.page import Badge, Fact, Group
from app.core.web.view import EntityView

CODES = ("number", "code")  # what begins a record's title, and is copied by a click
IN_TITLE = (*CODES, "name", "title")
AS_BADGE = ("state", "status")


@dataclass
class Facts:
    """``code`` and ``name`` are the parts of the title, ``folded`` the empty facts under their headings, ``images``
    (thumbnail, full) addresses.
    """

    name: str
    code: str = ""
    groups: list[Group] = field(default_factory=list)
    folded: list[Group] = field(default_factory=list)
    images: list[tuple[str, str]] = field(default_factory=list)


def of(view: type[EntityView], row: Any, badge: Badge | None) -> Facts:
    """The facts of ``row``, beside whose title ``badge`` is shown."""
    known = readable(view.model)
    found = Facts(str(row))
    found.code = next((text for name in CODES if (text := _said(known.get(name), row, found.name))), "")
    if found.code:
        found.name = found.name.removeprefix(found.code).strip()
    telling = set(view.list_columns())
    for title, names in view.groups():
        shown, empty = Group(str(title)), Group(str(title))
        for name in names:
            field = known.get(name)
            if field is None or field.write_only or name in view.told_apart:
                continue  # what is only ever written is no fact
            cell = present.cell(field, row)
            if field.kind == "images":
                found.images += cell.images
                continue
            is_named = name in IN_TITLE and bool(_said(field, row, str(row)))
            is_marked = name in AS_BADGE and badge is not None and (cell.kind, cell.text) == ("badge", badge.text)
            if not (is_named or is_marked):
                is_empty = cell.kind == "empty" and name not in telling
                (empty if is_empty else shown).facts.append(Fact(str(field.label), cell))
        found.groups += [shown] if shown.facts else []
        found.folded += [empty] if empty.facts else []
    return found


def _said(field: Field | None, row: Any, title: str) -> str:
    """The field's text where the title begins with it, or has it after its code; else nothing."""
    text = present.text(field, field.value(row)) if field is not None else ""
    rest = title
    for name in CODES:
        code = getattr(row, name, None)
        if isinstance(code, str) and code and title.startswith(f"{code} "):
            rest = title.removeprefix(code).strip()
    return text if text and any(f"{each} ".startswith(f"{text} ") for each in (title, rest)) else ""
