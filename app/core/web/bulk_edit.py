"""The page that gives chosen rows of a list new values, and the API's call for the same."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from flask import render_template, request

from app.core import bulk, bulk_edit, db, saved_views
from app.core.bulk_edit import SEVERAL
from app.core.errors import BusinessError, Invalid, about
from app.core.i18n import gettext as _
from app.core.i18n import pgettext
from app.core.web import query, reach, selection
from app.core.web.forms import EntityForm
from app.core.web.page import FormField, Link
from app.core.web.view import EntityView, views

SHOWN = 200  # refused rows of a result page
ASKED = ("filters", "search", "order_column", "order_direction", "page", "page_size", "view")  # what «q» may say


@dataclass
class EditField:
    """A field that can be changed in many rows: its input, whether it is, and for one of several values how."""

    input: FormField
    picked: bool
    ways: list[tuple[str, str, bool]] = field(default_factory=list)


@dataclass
class Refused:
    """A row that was not changed, and why."""

    label: str
    url: str | None
    message: str


@dataclass
class BulkEditPage:
    """``/<resource>/bulk-edit``: the form (``fields``), then what came of it (``counts`` as on an import's page)."""

    title: str
    resource: str
    breadcrumb: list[Link]
    action_url: str
    list_url: str
    what: str
    count: int
    things: str = ""  # what they are called, so many
    hidden: list[tuple[str, str]] = field(default_factory=list)
    fields: list[EditField] = field(default_factory=list)
    errors: list[tuple[str, str]] = field(default_factory=list)
    counts: list[tuple[str, int, str]] = field(default_factory=list)
    refused: list[Refused] = field(default_factory=list)
    run_url: str | None = None
    done: bool = False


def respond(view: type[EntityView]) -> str | tuple[str, int]:
    """What to show for the rows that were chosen: the form, or with ``step`` what came of it."""
    form = request.form
    back = form.get("back", "")
    page = BulkEditPage(
        title=_("Edit several"),
        resource=view.model.resource,
        breadcrumb=[Link(str(view.model.labels), f"/{view.model.resource}/list/")],
        action_url=f"/{view.model.resource}/bulk-edit",
        list_url=selection.list_url(view, back),
        what=str(view.model.label),
        count=0,
        hidden=[("back", back)] if back else [],
    )
    try:
        ids = selection.chosen(view, form)
        if not ids:
            raise Invalid({"ids": [_("Choose at least one row.")]})
    except Invalid as error:
        page.errors = [("", text) for text in error.texts]
        return render_template("kehu/bulk_edit.html", page=page), error.status
    page.count = len(ids)
    page.things = str(view.model.label if page.count == 1 else view.model.labels).lower()
    page.title = _("Edit %(count)s %(what)s", count=f"{page.count:,}", what=page.things)
    page.hidden += [("match", form["match"])] if "match" in form else [("ids", str(each)) for each in ids]
    known = bulk_edit.editable(view.model)
    picked = [name for name in form.getlist("pick") if name in known]
    shown = EntityForm(view, only=known)
    shown.load()
    for bound in shown.form:
        if bound.source.kind == "relation":
            bound.raw = bound.shown = ""  # a new row's owner is the actor; these have theirs
    if form.get("step") != "edit":
        page.fields = _fields(shown, picked)
        return render_template("kehu/bulk_edit.html", page=page)
    asked = EntityForm(view, only=picked)
    good = asked.post(form)
    try:
        if gone := [name for name in dict.fromkeys(form.getlist("pick")) if name not in known]:
            # Retired since the form was shown, say; called as it was sent: its label may not be the actor's to read.
            raise Invalid({"": [about(name, _("There is no such field here.")) for name in gone]})
        if not good:
            raise Invalid({})
        outcome = bulk_edit.edit(view.model, ids, _given(asked))
    except BusinessError as error:
        if error.status in (403, 404):
            raise
        db.session.rollback()
        asked.refuse(error)
        page.errors = asked.errors() or [("", error.message)]
        page.fields = _fields(shown, picked, asked)
        return render_template("kehu/bulk_edit.html", page=page), error.status
    _tell(view, page, outcome)
    return render_template("kehu/bulk_edit.html", page=page)


def from_api(view: type[EntityView], body: Mapping[str, Any]) -> dict[str, Any]:
    """The API's call: ``{"ids": […], "set": {field: value}}``, or ``"q"`` (as of a list) in place of the ids.

    What of ``"q"`` can't be understood is refused: without it, rows would be changed that nobody meant.  Raises Invalid,
    NotPermitted, NotVisible (the view of ``"q"``) and BadQuery.
    """
    errors = {name: [_("There is no such field here.")] for name in body if name not in ("ids", "q", "set")}
    given = body.get("set")
    if not isinstance(given, dict):
        errors["set"] = [_("Say what is to be changed.")]
    if ("ids" in body) == ("q" in body):
        errors["ids"] = [_("Name the rows by “ids” or by “q”.")]
    elif "q" in body and not isinstance(body["q"], dict):
        errors["q"] = [_("The query has the form (filters:!(…),page:0).")]
    elif "q" in body and (unknown := [name for name in body["q"] if name not in ASKED]):
        errors["q"] = [_("There is nothing called “%(name)s” to filter by.", name=name) for name in unknown]
    elif "q" in body and not isinstance(body["q"].get("filters", []), list):
        errors["q"] = [_("A filter has the form (col:name,opr:eq,value:…).")]
    if errors:
        raise Invalid(errors)
    assert isinstance(given, dict)
    if "q" in body:
        asked = saved_views.merged(view.model, body["q"], request.args.get("view"))
        ids = selection.matching(view, query.from_api(view.model, asked, view.sort, whole=True))
    else:
        ids = bulk.read_ids(body["ids"])
    outcome = bulk_edit.edit(view.model, ids, given)
    run = outcome.run.id if outcome.run is not None else None
    return {"run": run, "result": [_as_json(each) for each in outcome.outcomes]}


def _as_json(outcome: bulk.Outcome) -> dict[str, Any]:
    found: dict[str, Any] = {"id": outcome.id, "ok": outcome.ok}
    if outcome.error is not None:
        found |= {"status": outcome.status, "message": outcome.error.words}
        if outcome.error.errors:
            found["errors"] = outcome.error.errors
    return found


def _given(asked: EntityForm) -> dict[str, Any]:
    given = {name: raw for name, raw in asked.data().items() if name in asked.fields}
    for name, each in asked.fields.items():
        if each.kind in SEVERAL and (way := request.form.get(f"how-{name}")) in bulk_edit.WAYS:
            given[name] = {way: given[name]}
    return given


def _fields(shown: EntityForm, picked: list[str], asked: EntityForm | None = None) -> list[EditField]:
    typed = {each.name: each for each in asked.plain_fields()} if asked is not None else {}
    found = []
    for each in shown.plain_fields():
        name = each.name
        use = typed.get(name, each)
        use.required = False
        how = request.form.get(f"how-{name}", "add")
        ways = [("add", _("Add")), ("remove", _("Take away")), ("", _("Replace by"))]
        several = shown.fields[name].kind in SEVERAL
        listed = [(way, label, way == how) for way, label in ways] if several else []
        found.append(EditField(use, name in picked, listed))
    return found


def _tell(view: type[EntityView], page: BulkEditPage, outcome: bulk_edit.Edited) -> None:
    """What came of it, row by row where something was refused."""
    refused = [each for each in outcome.outcomes if not each.ok]
    same = len(outcome.outcomes) - outcome.changed - len(refused)
    page.done, page.hidden = True, []
    page.counts = [
        (_("Updated"), outcome.changed, "blue"),
        (pgettext("bulk edit", "Left as they are"), same, "grey"),
        (_("Refused"), len(refused), "red"),
    ]
    rows = bulk.rows(refused[:SHOWN], view.model)
    openable = reach.may(view, "show")
    for each in refused[:SHOWN]:
        label = str(rows[each.id]) if each.id in rows else f"#{each.id}"
        url = f"/{view.model.resource}/show/{each.id}" if openable and each.id in rows else None
        page.refused.append(Refused(label, url, each.error.words if each.error is not None else ""))
    if outcome.run is not None and reach.may(views["import-runs"], "show"):
        page.run_url = f"/import-runs/show/{outcome.run.id}"
