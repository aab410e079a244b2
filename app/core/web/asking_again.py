"""What was refused of a transition or an action is asked again: a page with all that was typed, what is wrong beside it,
and the rows that were chosen.  The same page asks for what a list's buttons do, where no script opens a dialog.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from urllib.parse import urlencode

from flask import render_template, request
from werkzeug.datastructures import MultiDict

from app.core import db
from app.core.errors import BusinessError, NotVisible
from app.core.i18n import gettext as _
from app.core.web import asking, reach, resource, selection, trail
from app.core.web.page import FormField, Group, Link
from app.core.web.page_forms import FormPage
from app.core.web.view import EntityView, ResourceAction

UNCARRIED = frozenset({"csrf_token", "ask"})
OWN_PAGES: dict[str, Callable[[type[EntityView], int, BusinessError], str | None]] = {}
"""What is asked on a page of its own, and that page as it was sent (None where what is called so is something else), for
the module that makes it.
"""


def of_row(view: type[EntityView], pk: int, name: str, error: BusinessError) -> tuple[str, int] | None:
    """The answer that asks once more for ``name`` of the row ``pk``, which was refused; None where it asks for nothing, or
    can't be done any more.
    """
    db.session.rollback()
    try:
        row = reach.row(view, pk, "show")
    except NotVisible:
        return None
    if (own := OWN_PAGES.get(name)) is not None and (shown := own(view, pk, error)) is not None:
        return shown, error.status
    if (reading := next((each for each in view.readings if each.action == name), None)) is not None:
        sheet = resource.page(view, reading.name, pk, {}, (request.form, error))
        return render_template("kehu/sheet.html", page=sheet), error.status
    offered = [*reach.steps_for(view, row, True), *reach.actions_for(view, row)]
    deed = next((each for each in offered if each.name == name), None)
    fields = asking.fields(view, deed, row) if deed is not None else []
    if deed is None or not fields:
        return None
    state = trail.state(view.model.resource)
    back = trail.show_url(view.model.resource, pk, state)
    page = form(
        view,
        str(deed.label),
        str(deed.confirm),
        fields,
        to=request.path + (f"?{urlencode({trail.LIST: state})}" if state is not None else ""),
        back=back,
        way=[
            Link(str(view.model.labels), f"/{view.model.resource}/list/" if reach.may(view, "list") else None),
            Link(str(row), back),
        ],
        posted=request.form,
        errors=asking.hold(view, deed, fields, request.form, error),
    )
    return render_template("kehu/form.html", page=page), error.status


def of_resource(view: type[EntityView], action: ResourceAction, error: BusinessError) -> tuple[str, int] | None:
    """The same for what is done to the resource, or to many of its rows at once; None where the rows are what is wrong."""
    db.session.rollback()
    asked = asking.known(view, action)
    fields = asking.inputs(action, {name: field for name, field in asked.items() if name != "ids"})
    if not fields or "ids" in error.errors:
        return None
    back = selection.list_url(view, request.form.get("back", ""))
    ids = request.form.getlist("ids")
    page = form(
        view,
        str(action.label),
        sure(len(ids), str(action.confirm)) if ids else str(action.confirm),
        fields,
        to=request.path,
        back=back,
        way=[Link(str(view.model.labels), back)],
        posted=request.form,
        errors=asking.hold(view, action, fields, request.form, error),
    )
    return render_template("kehu/form.html", page=page), error.status


def sure(count: int, confirm: str) -> str:
    """How many rows are chosen, and whether it is meant."""
    chosen = _("Chosen: %(n)s", n=count)
    return f"{chosen}. {confirm}" if confirm else chosen


def form(
    view: type[EntityView],
    title: str,
    lead: str,
    shown: list[FormField],
    *,
    to: str,
    back: str,
    way: Iterable[Link],
    posted: MultiDict[str, str],
    errors: Iterable[tuple[str, str]] = (),
) -> FormPage:
    """The page that asks for ``shown`` where no dialog can, or can't any more, and sends it ``to``; what was ``posted``
    besides (the rows that were chosen) goes along.  ``lead`` stands first of all.
    """
    own = {name for field in shown for name in (field.name, f"{field.name}-text")}
    return FormPage(
        title=title,
        resource=view.model.resource,
        breadcrumb=[*way, Link(title)],
        action_url=to,
        cancel_url=back,
        groups=[Group(lead, fields=shown)],
        submit_label=title,
        hidden=[pair for pair in posted.items(multi=True) if pair[0] not in own | UNCARRIED],
        errors=list(errors),
        return_to=back,
    )
