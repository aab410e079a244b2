"""«New customer “abc”» in a picker: the add form in a dialog, with what must be typed and nothing else.

What it saves is what the add form would save with the rest left as it is: the same defaults, rules, permissions and
scope.  The dialog is a piece of HTML (``GET /<resource>/add?quick=1&text=abc``); a save answers JSON: the new row as a
picker shows it, or what is wrong and the dialog with that said at its fields.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from flask import jsonify, render_template, request
from werkzeug.wrappers import Response

from app.core import crud, db
from app.core.errors import BusinessError, Invalid, NotVisible
from app.core.i18n import gettext as _
from app.core.web import pickers
from app.core.web.forms import EntityForm
from app.core.web.inputs import is_numbered, must_be_typed
from app.core.web.page_forms import QuickForm
from app.core.web.view import EntityView

NAMES = ("name", "title", "subject")  # what takes the typed text, before any other text that must be typed
TEXTS = ("text", "code", "longtext")


class Brief(EntityForm):
    """The fields of an add form that must be typed and hold nothing yet, and the one that takes the typed text."""

    prefix = "q"
    creates = False  # one dialog at a time

    def __init__(self, view: type[EntityView], whole: EntityForm) -> None:
        super().__init__(view)
        lacking = [
            name
            for name, field in self.fields.items()
            if must_be_typed(field) and whole.form[name].raw in ("", None, [])
        ]
        texts = [name for name in lacking if self.fields[name].kind in TEXTS and not is_numbered(self.fields[name])]
        self.words = next((name for name in (*NAMES, *texts) if name in self.fields), "")
        self.fields = {name: field for name, field in self.fields.items() if name in lacking or name == self.words}


def respond(view: type[EntityView]) -> str | Response | tuple[Response, int]:
    """The dialog, or what came of saving it, for who may add; 404 where rows are not made by a few words."""
    if not pickers.is_brief(view):
        raise NotVisible()
    whole = EntityForm(view, defaults=view.defaults())
    whole.load()
    form = Brief(view, whole)
    if request.method == "GET":
        form.defaults = {form.words: request.args.get("text", "")[:200]} if form.words else {}
        form.load()
        return _html(view, form)
    readable = form.post(request.form)
    try:
        row = crud.create(view.model, whole.data() | form.data())
        if not readable:
            raise Invalid({})
    except BusinessError as error:
        if error.status in (403, 404):
            raise
        db.session.rollback()
        form.refuse(error)
        errors: dict[str, Any] = {name: list(form.form[name].errors) for name in form.fields if form.form[name].errors}
        return jsonify(message=" ".join(form.general), errors=errors, form=_html(view, form)), error.status
    return jsonify(result=pickers.shown(row))


def _html(view: type[EntityView], form: EntityForm) -> str:
    given = {name: form.form[name].raw for name in form.fields if isinstance(form.form[name].raw, str)}
    base = f"/{view.model.resource}/add"
    page = QuickForm(
        title=_("New %(what)s", what=str(view.model.label).lower()),
        action_url=f"{base}?quick=1",
        more_url=f"{base}?{urlencode({name: raw for name, raw in given.items() if raw})}".rstrip("?"),
        fields=form.plain_fields(),
        general=form.general,
    )
    return render_template("kehu/quick.html", page=page)
