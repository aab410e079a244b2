"""Favourites of the sidebar: pages that one starred, on top of it, in the order one gives them, on every computer."""

from __future__ import annotations

from typing import Any

from flask import Response, jsonify, request
from flask_appbuilder import BaseView, expose

from app.core import identity, preferences
from app.core.errors import NotVisible
from app.core.web.frame import STARRED, sections, starred
from app.core.web.reach import NotLoggedIn

MOST = 40  # favourites of one person


class MenuView(BaseView):
    """``/account/starred``: what the sidebar's stars and their order say."""

    route_base = "/account"
    default_view = "star"
    base_permissions: list[str] = []

    @expose("/starred", methods=["POST"])
    def star(self) -> Response:
        """Star the entry ``page`` (``on``=1) or take its star away; with ``order``, put the favourites in that order."""
        actor = identity.current()
        if actor is None:
            raise NotLoggedIn()
        offered = {item.key for section in sections(actor) for item in section.items}
        kept: list[Any] = starred()
        if "order" in request.form:
            wanted = [key for key in request.form["order"].split(",") if key in kept]
            now = list(dict.fromkeys([*wanted, *kept]))
        else:
            page = request.form.get("page", "")
            if page not in offered:
                raise NotVisible()
            now = [key for key in kept if key != page]
            if request.form.get("on") == "1":
                now = kept if page in kept else [*now, page][-MOST:]
        if now != kept:
            preferences.put(STARRED, now or None)
        return jsonify(starred=now)
