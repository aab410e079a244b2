"""The field form: what somebody does who is out, on a phone, with or without a connection.

``/field`` holds no word of anybody's: a browser may keep it.  What is one's own comes over the API and is kept beside
it, under one's user id; ``docs/decisions/0048-field-form.md`` says how.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from flask import Response, current_app, render_template, request, session, url_for
from flask_appbuilder import BaseView
from flask_appbuilder.api import BaseApi, expose
from flask_appbuilder.baseviews import expose as expose_page
from flask_appbuilder.security.decorators import permission_name
from flask_wtf.csrf import generate_csrf

from app.core import clock, identity
from app.core.errors import NotPermitted
from app.core.i18n import gettext as _
from app.core.i18n import lazy_gettext as _l
from app.core.identity import PREVIEW
from app.core.web import pickers
from app.core.web.frame import MapPage
from app.core.web.reach import NotLoggedIn, enter, may
from app.core.web.uploading import MAX_BYTES
from app.core.web.view import views
from app.domains.activities import queries
from app.domains.activities.models import ContactRecord
from app.domains.activities.models.records import WAYS
from app.domains.activities.views import ContactRecordView, OutingView
from app.domains.crm.models import Customer

PAGE = "/field"
FIELD_PAGE = MapPage(
    "field", _l("Field form"), "map", lambda actor: actor.may("can_add", ContactRecord.permission_key()), PAGE
)
SHEETS = ("tokens", "ground", "controls", "forms", "field")
SCRIPTS = (
    "early.js",
    "dom.js",
    "field.js",
    "field_forms.js",
    "field_list.js",
    "field_media.js",
    "field_send.js",
    "field_store.js",
    "voice.js",
)
PICTURES = ("icon.svg", "select.svg")
WORKER = "kehu/field_worker.js"


def files() -> Iterator[str]:
    """The scripts, sheets and pictures of the page, as they are called in the folder of assets."""
    yield from (f"kehu/{name}.css" for name in SHEETS)
    yield from (f"kehu/{name}" for name in (*SCRIPTS, *PICTURES))


class FieldView(BaseView):
    """``/field``: the page, and the worker that keeps it for when there is no connection."""

    route_base = PAGE
    default_view = "page"
    base_permissions: list[str] = []

    @expose_page("")
    def page(self) -> str:
        """The page, the same for everyone who speaks its language."""
        return render_template(
            "kehu/field.html", sheets=SHEETS, ways=[(key, str(label)) for key, label in WAYS.items()], largest=MAX_BYTES
        )

    @expose_page("/worker.js")
    def worker(self) -> Response:
        """The service worker, which knows what the page consists of."""
        kept = {"page": PAGE, "files": [url_for("static", filename=name) for name in files()]}
        script = Path(str(current_app.static_folder), WORKER).read_text(encoding="utf-8")
        response = Response(f"self.KEPT = {json.dumps(kept)};\n{script}", content_type="text/javascript; charset=utf-8")
        response.headers["Service-Worker-Allowed"] = PAGE
        response.headers["Cache-Control"] = "no-cache"
        return response


class FieldApi(BaseApi):
    """``/api/v1/field/…``: who is there, and what they take along."""

    resource_name = "field"
    allow_browser_login = True
    class_permission_name = "ContactRecord"
    base_permissions: list[str] = []

    @expose("/session", methods=["GET"])
    @permission_name("add")
    def who(self) -> Any:
        """Who is logged in
        ---
        get:
          description: >-
            Who is logged in in this browser, the token that changing requests carry, what time it is here, and what
            they may add. What a page kept is sent only as who wrote it.
          responses:
            200: {description: '{"user": {"id", "name"}, "token", "now", "may": {"record", "outing", "customer"}}'}
            401: {$ref: '#/components/responses/401'}
            403: {$ref: '#/components/responses/403'}
        """
        actor = _somebody()
        return self.response(
            200,
            user={"id": actor.user_id, "name": actor.name},
            token=generate_csrf(),
            now=clock.now().isoformat(),
            may={
                "record": may(ContactRecordView, "add"),
                "outing": may(OutingView, "add"),
                "customer": may(views["customers"], "add"),
            },
        )

    @expose("/day", methods=["GET"])
    @permission_name("add")
    def day(self) -> Any:
        """What somebody takes along
        ---
        get:
          description: One's own customers (up to 2,000), outings and lines of the plan for today, and usual outcomes.
          responses:
            200: {description: '{"customers": [[id, code, name]], "outings", "lines", "outcomes", "today"}'}
            401: {$ref: '#/components/responses/401'}
            403: {$ref: '#/components/responses/403'}
        """
        actor = _somebody()
        enter(ContactRecordView, "add")
        me = actor.user_id or 0
        return self.response(
            200,
            user=actor.user_id,
            customers=[list(row) for row in queries.customers_of(me)],
            outings=[
                {
                    "id": each.id,
                    "purpose": each.purpose,
                    "customer": _named(each.customer),
                    "state": each.state,
                    "at": each.leave_at.isoformat(),
                    "place": each.place or "",
                }
                for each in queries.outings_open(me)
            ],
            lines=[
                {"id": each.id, "goal": each.goal, "customer": _named(each.customer)}
                for each in queries.lines_for_today(me)
            ],
            outcomes=queries.outcomes_said(),
            today=clock.today().isoformat(),
        )

    @expose("/customers", methods=["GET"])
    @permission_name("add")
    def customers(self) -> Any:
        """Customers to choose from
        ---
        get:
          description: The first customers that match `q`, by code and name, also those that are not one's own.
          parameters:
          - {in: query, name: q, schema: {type: string}}
          responses:
            200: {description: '{"result": [{"id", "code", "name"}]}'}
            401: {$ref: '#/components/responses/401'}
            403: {$ref: '#/components/responses/403'}
        """
        _somebody()
        pickers.require(Customer)
        found = pickers.find(Customer, request.args.get("q", ""))
        return self.response(200, result=[{name: each[name] for name in ("id", "code", "name")} for each in found])


def _somebody() -> identity.Actor:
    """Who is logged in.  Raises NotLoggedIn, and NotPermitted for an administrator who looks as somebody else."""
    actor = identity.current()
    if actor is None:
        raise NotLoggedIn()
    if session.get(PREVIEW):
        raise NotPermitted(_("You look at the console as somebody else: stop that first."))
    return actor


def _named(customer: Any) -> dict[str, Any] | None:
    return {"id": customer.id, "name": customer.name} if customer is not None else None
