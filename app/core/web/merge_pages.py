"""Merging two rows: side by side, a choice for each field in which they differ, with the better value chosen already."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

from flask import render_template, request
from flask_appbuilder import expose
from flask_appbuilder.security.decorators import permission_name

from app.core import crud, identity, merging, scope
from app.core import db as database
from app.core.errors import BusinessError, Invalid, NotVisible
from app.core.i18n import gettext as _
from app.core.i18n import lazy_gettext as _l
from app.core.web import asking_again, present, reach
from app.core.web.page import Cell, FormField, Link
from app.core.web.view import Done, EntityView, RecordAction, RecordLink

TAKE = "take:"  # before a field's name in what the page sends


@dataclass
class MergeChoice:
    """A field in which the rows differ: what each holds, and the side that is chosen at first."""

    name: str
    label: str
    this: Cell
    other: Cell
    better: str
    both: bool


@dataclass
class MergePage:
    """``/<resource>/merge/<id>``: first which row (``pick``), then which values; ``errors``, ``return_to`` as of a form."""

    title: str
    resource: str
    breadcrumb: list[Link]
    url: str
    back_url: str
    this: str
    this_url: str
    other: str = ""
    other_url: str = ""
    other_id: int | None = None
    action_url: str = ""
    swap_url: str = ""
    pick: FormField | None = None
    choices: list[MergeChoice] = field(default_factory=list)
    refused: str = ""
    errors: list[tuple[str, str]] = field(default_factory=list)
    return_to: str = ""


def run(row: Any, data: Mapping[str, Any]) -> Done:
    """Merge ``other`` into ``row``: from the API with ``take``, from the page with a field for each choice."""
    if unknown := [name for name in data if name not in ("other", "take") and not name.startswith(TAKE)]:
        raise Invalid({name: [_("There is no such field here.")] for name in unknown})
    take = data.get("take") or {}
    if not isinstance(take, dict):
        raise Invalid({"take": [_('Give {"field": "this" or "other"}.')]})
    take = {**take, **{name.removeprefix(TAKE): side for name, side in data.items() if name.startswith(TAKE)}}
    done = merging.merge(row, data.get("other"), take)
    message = _("Merged. %(moved)s records that hung on the other one hang on this one now.", moved=done.moved)
    return Done(done.row, message, {"run": done.run.id, "moved": done.moved, "united": done.united})


MERGE = RecordAction("merge", _l("Merge"), run, shown=lambda _row: False, locks=False, raw=True)
"""What a view declares whose rows can be merged; its page is a link.  Merging locks both rows itself."""
MERGE_LINK = RecordLink(
    _l("Merge with another"), lambda row: f"/{row.resource}/merge/{row.id}", operation="merge", rank="menu"
)


def page(view: type[EntityView], pk: int, asked: str) -> MergePage:
    """The page.  Raises NotVisible, NotPermitted."""
    row = reach.row(view, pk, "merge")
    base = f"/{view.model.resource}"
    shown = MergePage(
        title=_("Merge %(what)s", what=row),
        resource=view.model.resource,
        breadcrumb=[
            Link(str(view.model.labels), f"{base}/list/"),
            Link(str(row), f"{base}/show/{pk}"),
            Link(_("Merge")),
        ],
        url=f"{base}/merge/{pk}",
        back_url=f"{base}/show/{pk}",
        this=str(row),
        this_url=f"{base}/show/{pk}",
        return_to=f"{base}/merge/{pk}",
    )
    other = _found(view, asked) if asked else None
    if other is None or other.id == pk:
        shown.pick = FormField(
            "other", "merge-other", _("Merge it with"), "picker", picker_url=f"{base}/pick", required=True, width="l"
        )
        if asked:
            shown.pick.errors = [
                _("A row can't be merged with itself.") if other is not None else _("Choose one from the list.")
            ]
        return shown
    ids = {pk, other.id}
    writable = scope.visible_ids(database.session.connection(), view.model, ids, identity.require(), write=True)
    if writable != ids:
        shown.refused = _("Both must be yours to change. Ask whoever owns the other one, or their manager.")
    shown.other, shown.other_id, shown.other_url = str(other), other.id, f"{base}/show/{other.id}"
    shown.action_url = f"{base}/action/merge/{pk}"
    shown.swap_url = f"{base}/merge/{other.id}?other={pk}"
    for each in merging.choices(row, other):
        this, that = [present.cell(each.field, _holding(each.field, value)) for value in (each.this, each.other)]
        shown.choices.append(
            MergeChoice(each.field.name, str(each.field.label), this, that, each.better, "both" in each.sides)
        )
    return shown


def _again(view: type[EntityView], pk: int, error: BusinessError) -> str:
    """The page with the choices that were sent from it, and why they were refused."""
    shown = page(view, pk, request.form.get("other", ""))
    for each in shown.choices:
        side = request.form.get(f"{TAKE}{each.name}", "")
        if side in ("this", "other") or (side == "both" and each.both):
            each.better = side
    shown.errors = [("", text) for text in error.texts or [error.message]]
    return render_template("kehu/merge.html", page=shown)


asking_again.OWN_PAGES[MERGE.name] = _again


def _found(view: type[EntityView], asked: str) -> Any:
    try:
        return crud.fetch(view.model, int(asked) if asked.isdecimal() and len(asked) < 10 else 0)
    except NotVisible:
        return None


def _holding(of: Any, value: Any) -> Any:
    return SimpleNamespace(id=0, **{of.name if of.kind == "relation" else of.attribute: value})


class MergePages:
    """A part of ``EntityPages``."""

    view: type[EntityView]

    @expose("/merge/<int:pk>")
    @permission_name("merge")
    def merge(self, pk: int) -> str:
        """Which row is merged into this one, and with which values."""
        return render_template("kehu/merge.html", page=page(self.view, pk, request.args.get("other", "")))
