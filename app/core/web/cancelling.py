"""What a cancel would take back, before it does: as a page to confirm on, and as JSON."""

from __future__ import annotations

from typing import Any

from flask import render_template, request

from app.core import crud, hanging
from app.core.document import Document
from app.core.errors import BusinessError, NotVisible
from app.core.fields import fields_of
from app.core.i18n import gettext as _
from app.core.web import asking, asking_again, present, reach
from app.core.web.page import CancelPage, HangingDocument, Link
from app.core.web.view import EntityView
from app.core.workflow import CANCEL


def find(view: type[EntityView], pk: int) -> tuple[Any, hanging.Tree]:
    """The document, and what hangs on it.  Raises NotVisible (also where nothing is ever cancelled), NotPermitted."""
    reach.approach(view)
    flow = view.model.workflow
    step = flow.find(CANCEL) if flow is not None and issubclass(view.model, Document) else None
    if step is None:
        raise NotVisible()
    row = crud.fetch(view.model, pk)
    crud.require(step.permission, view.model)
    return row, hanging.tree(row)


def as_json(found: hanging.Tree) -> dict[str, Any]:
    """``found`` as the API gives it."""
    return {
        "possible": not found.obstacles,
        "seen": found.seen,
        "tree": _node_json(found.root),
        "order": [_named(node) for node in found.order],
        "obstacles": [
            {**(_named(node) if node is not None else {}), "message": text} for node, text in found.obstacles
        ],
        "hidden": found.hidden,
    }


def page(view: type[EntityView], row: Any, found: hanging.Tree) -> CancelPage:
    """The page that shows ``found`` and asks whether to cancel it all."""
    base = f"/{view.model.resource}"
    step = view.model.workflow.find(CANCEL)
    possible = not found.obstacles
    others = len(found.order) - 1
    if not possible:
        lead = _("This can't be cancelled now. What is in the way is marked below.")
    elif others:
        lead = _(
            "All of this is cancelled together or not at all, in this order: %(names)s.",
            names=" → ".join(str(node.document) for node in found.order[:30]) + ("…" if others > 29 else ""),
        )
    else:
        lead = _("Nothing hangs on it.")
    return CancelPage(
        title=_("Cancel %(document)s", document=row),
        resource=view.model.resource,
        breadcrumb=[Link(str(view.model.labels), f"{base}/list/"), Link(str(row), f"{base}/show/{row.id}")],
        tree=_shown(found.root),
        lead=lead,
        confirm=str(step.confirm) if possible else "",
        whole=[text for node, text in found.obstacles if node is None],
        action_url=f"{base}/action/{CANCEL}/{row.id}" if possible else None,
        back_url=f"{base}/show/{row.id}",
        fields=asking.fields(view, step, row) if possible else [],
        hidden=[("with", hanging.ALL), ("seen", found.seen)],
        label=_("Cancel all %(count)s documents", count=others + 1) if others else str(step.label),
        return_to=f"{base}/{CANCEL}/{row.id}",
    )


def _again(view: type[EntityView], pk: int, error: BusinessError) -> str | None:
    """The page as it is now, after what was sent from it was refused; None for what is no document."""
    if not issubclass(view.model, Document):
        return None
    row, found = find(view, pk)
    shown = page(view, row, found)
    shown.errors = asking.hold(view, view.model.workflow.find(CANCEL), shown.fields, request.form, error)
    return render_template("kehu/cancel.html", page=shown)


asking_again.OWN_PAGES[CANCEL] = _again


def _shown(node: hanging.Node) -> HangingDocument:
    document = node.document
    return HangingDocument(
        label=str(document) if document.number else f"{document} · {document.fact() or f'#{document.id}'}",
        kind=str(type(document).label),
        url=present.record_url(document),
        badge=present.badge(fields_of(type(document))["state"], document.state),
        via=node.via,
        entries=", ".join(f"{label}: {count}" for label, count in node.entries),
        obstacles=node.obstacles if not node.again else [],
        again=node.again,
        children=[_shown(child) for child in node.children],
    )


def _named(node: hanging.Node) -> dict[str, Any]:
    return {"resource": node.key[0], "id": node.key[1], "label": str(node.document)}


def _node_json(node: hanging.Node) -> dict[str, Any]:
    return {
        **_named(node),
        "state": node.document.state,
        "via": node.via,
        "entries": [{"label": label, "count": count} for label, count in node.entries],
        "obstacles": node.obstacles,
        "again": node.again,
        "children": [_node_json(child) for child in node.children],
    }
