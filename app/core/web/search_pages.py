"""Searching everything: what the palette asks, and the page of results for where no script runs."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from flask import Response, current_app, render_template, request
from flask_appbuilder import BaseView
from flask_appbuilder.api import BaseApi, expose
from flask_appbuilder.baseviews import expose as expose_page

from app.core import identity
from app.core.i18n import gettext as _
from app.core.web import commands, finding
from app.core.web.finding import Found
from app.core.web.page_frame import SearchPage
from app.core.web.reach import NotLoggedIn

PAGES = 6  # pages of the console among the results


class SearchApi(BaseApi):
    """``/api/v1/search/``: rows of every kind that one may see."""

    resource_name = "search"
    allow_browser_login = True
    openapi_spec_tag = "Search"
    base_permissions: list[str] = []

    @expose("/", methods=["GET"])
    def get(self) -> Response:
        """Rows of every kind
        ---
        get:
          description: >-
            Rows of every kind that match every word of q, within what one may see: at most eight kinds with at most
            five rows each, the best first. With record (any number of times, such as customers/12) the rows of these
            names in place of that.
          parameters:
          - {in: query, name: q, schema: {type: string}}
          - {in: query, name: record, schema: {type: array, items: {type: string}}}
          responses:
            200:
              description: What was found
              content:
                application/json:
                  schema:
                    type: object
                    properties:
                      result: {type: array, items: {type: object}}
            401: {$ref: '#/components/responses/401'}
        """
        _require_somebody()
        if records := request.args.getlist("record"):
            return self.response(200, result=[_row(each) for each in finding.named(records)])
        kinds = finding.find(request.args.get("q", ""))
        return self.response(
            200,
            result=[
                {
                    "resource": each.resource,
                    "label": each.label,
                    "icon": each.icon,
                    "url": each.url,
                    "more": each.more,
                    "rows": [_row(row) for row in each.rows],
                }
                for each in kinds
            ],
        )

    @expose("/commands", methods=["GET"])
    def commands(self) -> Response:
        """Pages and actions
        ---
        get:
          description: Every page that one may open and what may be done from anywhere, with the words it is found by.
          responses:
            200: {description: 'Pages and actions: {"result"}; the strokes of the icons that results name: {"icons"}'}
            401: {$ref: '#/components/responses/401'}
        """
        _require_somebody()
        return self.response(200, result=[asdict(each) for each in commands.commands()], icons=_icons())


class SearchView(BaseView):
    """``/search?q=``: the results as a page."""

    route_base = ""
    default_view = "search"
    base_permissions: list[str] = []

    @expose_page("/search")
    def search(self) -> str:
        """What was found, kind by kind."""
        _require_somebody()
        text = request.args.get("q", "").strip()[: finding.LONGEST]
        page = SearchPage(
            title=_("Search"),
            search=text,
            kinds=finding.find(text),
            pages=commands.matching(text)[:PAGES],
        )
        return render_template("kehu/search.html", page=page)


def _require_somebody() -> None:
    if identity.current() is None:
        raise NotLoggedIn()


def _icons() -> dict[str, str]:
    """The strokes of every icon by name, as the templates draw them."""
    return dict(current_app.jinja_env.get_template("kehu/_icons.html").module.PATHS)  # type: ignore[attr-defined]


def _row(found: Found) -> dict[str, Any]:
    return asdict(found)
