"""What pages and calls do to rows, and how a refusal reads: the same for one row, for many, and for files."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from flask import abort, request, send_file
from werkzeug.wrappers import Response

from app.core import crud, identity
from app.core.document import require_step, take
from app.core.errors import BusinessError, NotVisible, about
from app.core.exchange import exporter, vcard
from app.core.fields import fields_of, readable
from app.core.i18n import gettext as _
from app.core.web import asking, downloads, query, reach
from app.core.web.view import Done, EntityView, RecordAction


def picture_response(view: type[EntityView], pk: int, name: str, digest: str) -> Response:
    """The picture ``digest`` of a row (``?size=small`` its thumbnail), for whoever sees the row.  Raises NotVisible."""
    row = reach.row(view, pk, "show")
    field = readable(view.model).get(name)
    if field is None or field.kind != "images" or digest not in (field.value(row) or []):
        raise NotVisible()
    small = request.args.get("size") == "small"
    return downloads.respond(digest, media_type="", small=small, kept=86400)


def locks(view: type[EntityView], name: str) -> bool:
    """Whether a row is locked before ``name`` is done to it."""
    action = view.action(name)
    return action is None or action.locks


def perform(view: type[EntityView], row: Any, name: str, data: dict[str, Any]) -> Done:
    """Do the transition or action ``name`` to ``row`` (fetched with a lock); what it came to.

    Raises NotVisible for an unknown name, NotPermitted, Conflict, Invalid.
    """
    action = require(view, row, name)
    if action is None:
        return Done(take(row, name, data))
    comment, values = asking.read(view, action, data)
    with identity.doing(name, comment):
        result = action.run(row, values)
        crud.flush()
    return result if isinstance(result, Done) else Done(result if result is not None else row)


def require(view: type[EntityView], row: Any, name: str, *, now: bool = False) -> RecordAction | None:
    """The action ``name``, if the actor may do it to ``row``; None for a transition, which asks for itself unless ``now``.

    Raises NotVisible for an unknown name, NotPermitted, and for a transition Conflict.
    """
    if view.model.workflow is not None and view.model.workflow.find(name) is not None:
        if now:
            require_step(row, name)
        return None
    action = view.action(name)
    if action is None:
        raise NotVisible()
    crud.require(action.permission, view.model)
    return action


def action_label(view: type[EntityView], name: str) -> str:
    """How the transition or action is called."""
    step = view.model.workflow.find(name) if view.model.workflow is not None else None
    action = view.action(name) or view.resource_action(name)
    if name == "delete":
        return _("Delete")
    return str(step.label if step is not None else action.label if action is not None else name)


def said(view: type[EntityView], row: Any, name: str) -> str:
    """What is told once ``name`` was done: which state a document is in by it, else that it is done."""
    flow = view.model.workflow
    if flow is not None and flow.find(name) is not None:
        state = str(flow.states.get(row.state, row.state))
        return _("%(what)s: %(state)s", what=row, state=state.lower())
    return _("%(what)s: done", what=action_label(view, name))


def refusal_text(error: BusinessError, view: type[EntityView]) -> str:
    """A refusal as one text: its message, and what it says of fields."""
    known = fields_of(view.model)
    parts = []
    for name, messages in error.errors.items():
        label = str(known[name].label) if name in known else ""
        parts.append(about(label, " ".join(messages)))
    return " ".join(parts) or error.message


FORMATS = {
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "csv": "text/csv",
    "vcf": vcard.MEDIA_TYPE,
}
"""The formats of an export, each with its media type."""


def formats(view: type[EntityView]) -> list[str]:
    """The formats that rows of ``view`` can be exported in."""
    return [each for each in FORMATS if each != "vcf" or view.model.card]


def export_response(
    view: type[EntityView],
    asked: query.ListQuery,
    format: str,
    columns: Sequence[str] = (),
    only: Sequence[int] | None = None,
) -> Response:
    """The file of what ``asked`` finds, as CSV, XLSX or (of what is a name card) vCards, sent when it is complete.

    ``columns`` are the fields it holds, in their order; without any: those of the list, then the others of the forms.
    ``only``: of the rows that are found those with these ids.
    """
    if format not in formats(view):
        abort(400)
    known = query.shown(view.model)
    names = [name for name in dict.fromkeys(columns or view.list_columns()) if name in known]
    names += [
        name
        for _title, group in view.groups()
        for name in group
        if not columns and name in known and name not in names and known[name].kind != "images"
    ]
    if not names:
        abort(400)
    statement = asked.ordered() if only is None else asked.ordered().where(view.model.id.in_(only))
    handle, name = tempfile.mkstemp(suffix=f".{format}")
    Path(name).unlink()
    import os

    os.close(handle)
    path = Path(name)
    try:
        if format == "vcf":
            exporter.export_cards(view.model, statement, path)
        else:
            exporter.export(view.model, statement, names, format, path, prepare=view.prepare)
        file = path.open("rb")
    finally:
        # The open handle keeps the content; nothing is left behind whatever happens to the request.
        if os.name != "nt":
            path.unlink(missing_ok=True)
    return send_file(
        file, mimetype=FORMATS[format], as_attachment=True, download_name=f"{view.model.resource}.{format}"
    )
