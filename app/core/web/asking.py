"""What a transition or an action asks for before it is done: its fields, and a comment, as inputs of a dialog."""

from __future__ import annotations

from typing import Any

from app.core.i18n import gettext as _
from app.core.web.forms import EntityForm
from app.core.web.page import FormField
from app.core.web.view import EntityView
from app.core.workflow import Transition

COMMENT = "comment"


def fields(view: type[EntityView], deed: Any, row: Any = None, prefix: str = "") -> list[FormField]:
    """The inputs of ``deed`` (a transition or an action) for ``row``, or for rows that are not known yet.

    ``prefix`` keeps the ids of several dialogs on a page apart.
    """
    required = getattr(deed, "required", ())
    shown = []
    if deed.fields:
        form = EntityForm(view, row=row, only=deed.fields)
        form.load()
        shown = form.plain_fields()
    if isinstance(deed, Transition) and deed.comment:
        shown.append(FormField(COMMENT, COMMENT, _("Comment"), "longtext", help=_("Is kept in the history")))
        required = (*required, COMMENT) if deed.comment == "required" else required
    for field in shown:
        field.id = f"{prefix}{deed.name}-{field.name}"
        field.required = field.name in required
    return shown
