"""What a dialog asked for, as it was posted, and what is told once it was done."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import flash
from markupsafe import Markup, escape
from werkzeug.datastructures import MultiDict

from app.core.errors import NotPermitted
from app.core.fields import Field
from app.core.i18n import gettext as _
from app.core.web import pickers, reach
from app.core.web.view import Done, views

UNSAID = frozenset({"csrf_token", "next", "back"})
"""What a form says besides what is asked for."""
SEVERAL = ("choices", "relations", "tags")


def read(asked: Mapping[str, Field | None], form: MultiDict[str, str]) -> dict[str, Any]:
    """The answers by field.  A text in a picker is looked up; one that names nothing is refused when it is read."""
    texts = {f"{name}-text" for name in asked}
    data: dict[str, Any] = {key: value for key, value in form.items() if key not in texts | UNSAID}
    for name, field in asked.items():
        if field is not None and field.kind in SEVERAL and name in data:
            data[name] = [each for each in form.getlist(name) if each]
        if (text := form.get(f"{name}-text", "").strip()) and not data.get(name):
            data[name] = _named(field, text)
    return data


def _named(field: Field | None, text: str) -> Any:
    """The id of the row that ``text`` names, where no script told it; else the text."""
    if field is None or field.target is None:
        return text
    try:
        row = pickers.resolve(field.target, text, to_write=field.to_write)
    except (ValueError, NotPermitted):
        return text
    return [str(row.id)] if field.kind in SEVERAL else str(row.id)


def tell(done: Done, otherwise: str) -> None:
    """Say on the next page what was done, with the way to the run that takes it back, if there is one."""
    message = done.message or otherwise
    run = done.data.get("run")
    if run is None or not reach.may(views["import-runs"], "show"):
        flash(message, "success")
        return
    link = Markup('<a href="{}">{}</a>').format(f"/import-runs/show/{run}", _("Look at it, or undo it"))
    flash(Markup("{} {}").format(escape(message), link), "success")
