"""What was typed while the log-in ran out is not lost: a form that comes too late is kept until somebody has logged in
again, shown, and sent once more by whoever wants that.

It travels in the log-in page itself, signed, so that the server keeps nothing and nobody can have one sent that never
came from here: only what another page of this console posted is kept, and it is never sent without being looked at.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from flask import current_app, render_template, request
from itsdangerous import BadData, URLSafeTimedSerializer

from app.core.document import line_model
from app.core.fields import Field, fields_of
from app.core.i18n import gettext as _
from app.core.web import present
from app.core.web.once import FORMS
from app.core.web.page_frame import ResumePage
from app.core.web.view import views

MAX_AGE = 12 * 3600  # seconds that a kept form can be sent
LARGEST = 1 << 20  # characters that are kept of a form
SHOWN = 30  # values that are shown
NEVER = ("LoginView.", "AccountView.")  # endpoints whose forms are not kept: passwords are in them
_LINE = re.compile(r"lines-\d+-(\w+)")
PLAIN = ("text", "longtext", "email", "phone", "url", "code", "decimal", "integer", "date", "datetime")


@dataclass(frozen=True)
class Kept:
    """A form: where it was going, its fields, and whether files were with it (which can't be kept)."""

    to: str
    pairs: list[tuple[str, str]]
    files: bool


def kept() -> str:
    """The form of this request, signed; empty where it is none, or none of this console's."""
    from_here = urlsplit(request.headers.get("Origin") or request.referrer or "").netloc == request.host
    if request.method != "POST" or request.mimetype not in FORMS or not from_here:
        return ""
    if not request.endpoint or request.endpoint.startswith(NEVER):
        return ""
    pairs = [pair for pair in request.form.items(multi=True) if pair[0] != "csrf_token" and "password" not in pair[0]]
    if sum(len(name) + len(value) for name, value in pairs) > LARGEST:
        return ""
    files = any(each.filename for each in request.files.values())
    return _signer().dumps([request.full_path.rstrip("?"), pairs, files])


def read(text: str) -> Kept | None:
    """What ``kept`` signed; None when it is something else, or too old."""
    try:
        to, pairs, files = _signer().loads(text, max_age=MAX_AGE)
    except (BadData, ValueError):
        return None
    return Kept(to, [(name, value) for name, value in pairs], files)


def page(form: Kept) -> str:
    """The page that shows what was kept, to be sent from there."""
    resource = form.to.strip("/").split("/")[0]
    shown = ResumePage(
        title=_("Your entries are still here"),
        action_url=form.to,
        hidden=form.pairs,
        values=list(_shown(resource, form.pairs))[:SHOWN],
        files=form.files,
        leave_url=f"/{resource}/list/" if resource in views else "/",
    )
    return render_template("kehu/resume.html", page=shown)


def log_in(text: str) -> str:
    """The log-in page that carries the form ``text``."""
    note = _("You are no longer logged in. Log in, and go on where you were: what you entered is kept.")
    return render_template("kehu/login.html", next="/", error="", username="", kept=text, note=note)


def _signer() -> URLSafeTimedSerializer:
    return URLSafeTimedSerializer(str(current_app.config["SECRET_KEY"]), salt="kehu.resume")


def _as_shown(field: Field, value: str) -> str:
    """``value`` as it would stand on a page; as it was typed where it is none."""
    try:
        return present.text(field, field.parse(value)) or value
    except ValueError:
        return value


def _shown(resource: str, pairs: list[tuple[str, str]]) -> Any:
    """The values that people typed, each with its field's label; what only the page itself understands is left out."""
    fields: dict[str, Field] = {}
    if resource in views:
        model = views[resource].model
        kind = line_model(model)
        fields = {**(fields_of(kind) if kind is not None else {}), **fields_of(model)}
    for name, value in pairs:
        in_line = _LINE.fullmatch(name)
        field = fields.get(in_line[1] if in_line else name)
        if not value.strip() or name == "version":
            continue
        if name in ("comment", "text"):
            yield _("Comment"), value
        elif field is not None and field.kind in PLAIN:
            yield str(field.label), _as_shown(field, value)
