"""Who sees a record and why, and looking at the console as somebody else sees it: for those who answer for access."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from flask import current_app, flash, redirect, render_template, request, session
from flask_appbuilder import BaseView, expose
from werkzeug.wrappers import Response

from app.core import audit, db, identity, scope
from app.core.errors import NotPermitted, NotVisible
from app.core.i18n import gettext as _
from app.core.identity import PREVIEW
from app.core.users import User
from app.core.web import frame, reach
from app.core.web.page import Cell, Column, Group, Link, Row, Table
from app.core.web.page_forms import FormPage
from app.core.web.view import EntityView

STOP = "/preview/stop"
MAX_USERS = 500
frame.belongs["preview"] = "users"


@dataclass(frozen=True)
class Seer:
    """Somebody who sees a row: whether it may be written too, and why (keys of ``scope.WAYS``)."""

    user: User
    reads: list[str]
    writes: list[str]


def seers(view: type[EntityView], row: Any) -> list[Seer]:
    """The active users who see ``row`` and may open it, by name; of a very large company the first ``MAX_USERS``."""
    connection, key = db.session.connection(), view.model.permission_key()
    people = db.session.scalars(sa.select(User).where(User.active).order_by(User.id).limit(MAX_USERS)).unique().all()
    found = []
    for user in people:
        actor = current_app.extensions["kehu.load_actor"](user)
        if not (actor.may("can_show", key) or actor.may("can_list", key)):
            continue
        reads = scope.reasons(connection, view.model, row.id, actor)
        if reads:
            may = any(actor.may(f"can_{name}", key) for name in ("edit", "delete"))
            writes = scope.reasons(connection, view.model, row.id, actor, write=True) if may else []
            found.append(Seer(user, reads, writes))
    return sorted(found, key=lambda seer: str(seer.user))


def as_json(found: list[Seer]) -> list[dict[str, Any]]:
    """The same as the API tells it: each with ``access`` (read, write) and ``reasons`` in words."""
    return [
        {
            "user": {"id": seer.user.id, "label": str(seer.user)},
            "access": "write" if seer.writes else "read",
            "reasons": [str(scope.WAYS[name]) for name in dict.fromkeys([*seer.reads, *seer.writes])],
        }
        for seer in found
    ]


def page(view: type[EntityView], row: Any) -> str:
    """The page that says who sees ``row``, and why."""
    base = f"/{view.model.resource}"
    rows = [
        Row(
            seer.user.id,
            None,
            [
                Cell("text", str(seer.user)),
                Cell(
                    "badge", _("Read and write") if seer.writes else _("Read"), tone="amber" if seer.writes else "grey"
                ),
                Cell("text", "; ".join(str(scope.WAYS[name]) for name in seer.reads)),
            ],
        )
        for seer in seers(view, row)
    ]
    columns = [
        Column("user", _("User"), "text", "left"),
        Column("access", _("Access"), "text", "left"),
        Column("why", _("Why"), "text", "left"),
    ]
    page = {
        "title": _("Who sees %(what)s", what=row),
        "resource": view.model.resource,
        "breadcrumb": [Link(str(view.model.labels), f"{base}/list/"), Link(str(row), f"{base}/show/{row.id}")],
        "table": Table(columns, rows, empty=_("Nobody but administrators.")),
        "help": _("Active users whose role opens records of this kind, and how each comes to this one."),
    }
    return render_template("kehu/access.html", page=page)


def previewed(actor: identity.Actor) -> identity.Actor:
    """Who acts in a browser's request of ``actor``: itself, or the user it looks as.  Raises NotPermitted for a write."""
    chosen = session.get(PREVIEW)
    if chosen is None or not actor.is_admin:
        return actor
    user = db.session.get(User, chosen)
    if user is None:
        session.pop(PREVIEW)
        return actor
    if request.method not in ("GET", "HEAD", "OPTIONS") and request.path not in (STOP, "/logout/"):
        raise NotPermitted(
            _("You are looking as %(name)s: nothing can be changed. Stop looking as them first.", name=user)
        )
    return current_app.extensions["kehu.load_actor"](user)


class PreviewView(BaseView):
    """``/preview/<user>`` asks, and by POST begins; ``/preview/stop`` ends it."""

    route_base = "/preview"
    default_view = "begin"
    base_permissions: list[str] = []

    @expose("/<int:pk>", methods=("GET", "POST"))
    def begin(self, pk: int) -> Any:
        """Look at the console as a user sees it."""
        actor = identity.current()
        if actor is None:
            raise reach.NotLoggedIn()
        if not actor.is_admin:
            raise NotPermitted()
        user = db.session.get(User, pk)
        if user is None:
            raise NotVisible()
        if request.method == "POST":
            session[PREVIEW] = user.id
            audit.note(db.session.connection(), f"users/{user.id}", "preview")
            return redirect("/")
        page = FormPage(
            title=_("Look as %(name)s", name=user),
            resource="users",
            breadcrumb=[Link(_("Users"), "/users/list/"), Link(str(user), f"/users/show/{user.id}")],
            action_url=f"/preview/{user.id}",
            cancel_url=f"/users/show/{user.id}",
            groups=[Group(_("You see what they see, with their permissions. Nothing can be changed until you stop."))],
            submit_label=_("Look as %(name)s", name=user),
        )
        return render_template("kehu/form.html", page=page)

    @expose("/stop", methods=("POST",))
    def stop(self) -> Response:
        """See the console as oneself again."""
        chosen = session.pop(PREVIEW, None)
        if chosen is not None:
            flash(_("You see the console as yourself again."), "success")
        return redirect(f"/users/show/{chosen}" if chosen is not None else "/")
