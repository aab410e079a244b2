"""What is shown when something is wrong: what happened, what to do next, and whom to ask."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

import sqlalchemy as sa
from flask import render_template, request
from sqlalchemy.exc import SQLAlchemyError

from app.core import clock, db
from app.core.i18n import gettext as _
from app.core.i18n import listed
from app.core.settings import settings
from app.core.users import ADMINISTRATOR, Role, User
from app.core.web import reach
from app.core.web.page import Link
from app.core.web.page_frame import ErrorPage
from app.core.web.view import views

ASKED = 3  # administrators that are named


def respond(status: int, message: str, code: str = "") -> tuple[str, int]:
    """The page for ``status``; ``code`` is what an administrator finds the trouble by in the log."""
    page = ErrorPage(status, _titles().get(status, str(status)), message, _links(status), _advice(status, code))
    return render_template("kehu/error.html", page=page), status


def _titles() -> dict[int, str]:
    return {
        400: _("This request can't be understood"),
        401: _("Please log in"),
        403: _("Not allowed"),
        404: _("Not found"),
        405: _("This can't be done this way"),
        409: _("This is not possible now"),
        413: _("Too large"),
        422: _("This can't be saved"),
        429: _("Too many attempts"),
        500: _("Something went wrong"),
        503: _("Busy"),
    }


def _advice(status: int, code: str) -> list[str]:
    """What to do next, in sentences."""
    if status == 403:
        names = _administrators()
        return [_("Who may widen your role: %(names)s.", names=listed(names))] if names else []
    if status == 413:
        return [_("A file may have up to %(n)s MB. Make it smaller, or send it in parts.", n=settings().max_upload_mb)]
    if status == 500:
        when = f"{clock.local():%Y-%m-%d %H:%M}"
        return [_("To tell your administrator: %(code)s, %(when)s.", code=code, when=when)]
    return {
        400: [_("The link may be incomplete, or the page was open too long. Go back and try again.")],
        404: [_("It may have been deleted, or belong to somebody else. Search for it by name, code or number.")],
        405: [_("Open the page from the menu, and do it from there.")],
        409: [_("Go back and look at how it stands now: somebody may have been faster.")],
        422: [_("Go back, correct it, and save again.")],
        429: [_("Wait a minute, then try again.")],
        503: [_("Nothing was saved. A few seconds are usually enough.")],
    }.get(status, [])


def _links(status: int) -> list[Link]:
    found = []
    if status in (429, 500, 503) and request.method == "GET":
        found.append(Link(_("Try again"), request.full_path.rstrip("?")))
    found += _way_back()
    resource = request.path.strip("/").split("/")[0]
    if resource in views and reach.may(views[resource], "list"):
        target = f"/{resource}/list/"
        if request.path != target and target not in [link.url for link in found]:
            found.append(Link(_("To the list: %(list)s", list=views[resource].model.labels), target))
    if status == 404:
        found.append(Link(_("Search"), "/search"))
    return [*found, Link(_("To the start page"), "/")]


def _way_back() -> list[Link]:
    """The page of this console that one came from, if that is another one."""
    came_from = urlsplit(request.referrer or "")
    target = came_from.path + (f"?{came_from.query}" if came_from.query else "")
    here = request.full_path.rstrip("?")
    if came_from.netloc != request.host or target in ("", "/", here) or target.startswith(("//", "/login/")):
        return []
    return [Link(_("Back"), target)]


def _administrators() -> list[str]:
    """Some of those who may widen a role; nobody while the database can't be asked."""
    people: Any = sa.select(User).join(User.roles).where(User.active, Role.name == ADMINISTRATOR)
    try:
        return [str(user) for user in db.session.scalars(people.order_by(User.id).limit(ASKED)).unique()]
    except SQLAlchemyError:
        return []
