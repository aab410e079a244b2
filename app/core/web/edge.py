"""The edge of a request: who asks, whether it may write, and the one place where it is committed or undone.

An answer below 400 commits, anything else rolls back: a refused request changes no byte.  Refusals become a page, or
JSON under ``/api/``.
"""

from __future__ import annotations

import logging
import secrets
from collections.abc import Callable
from typing import Any

from flask import Flask, Response, current_app, g, jsonify, redirect, request, url_for
from flask_jwt_extended import get_current_user, verify_jwt_in_request
from flask_login import current_user
from flask_wtf.csrf import CSRFError, CSRFProtect
from sqlalchemy.exc import IntegrityError, OperationalError, SQLAlchemyError
from werkzeug.exceptions import HTTPException, SecurityError

from app.core import crud, db, identity
from app.core.errors import BusinessError
from app.core.i18n import gettext as _
from app.core.web import access, error_pages, once, resume

log = logging.getLogger(__name__)
LOG_IN = frozenset({"/api/v1/security/login", "/api/v1/security/refresh"})  # they bring their own proof
SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
POLICY = (
    "default-src 'self'; img-src 'self' data: blob:; media-src 'self' blob:; object-src 'none'; base-uri 'self'; "
    "form-action 'self'; frame-ancestors 'none'"
)
MEANT = "X-Kehu-User"  # the id of the user whose request it is, where a page kept it for a while
csrf = CSRFProtect()


class OtherUser(BusinessError):
    """The request is one user's, and another is logged in."""

    status = 401

    def __init__(self) -> None:
        super().__init__(_("Somebody else is logged in now. Log in as who wrote this."))


def is_api() -> bool:
    """Whether the request speaks JSON rather than pages."""
    return request.path.startswith("/api/")


def init_app(app: Flask, load_actor: Callable[[Any], identity.Actor]) -> None:
    """Set up the edge; ``load_actor`` makes the actor of a logged-in user.

    Before Flask-AppBuilder, so that its checks come after.
    """
    csrf.init_app(app)
    app.extensions["kehu.load_actor"] = load_actor

    def begin() -> Response | None:
        db.set_reading(request.method in SAFE)
        identity.set_current(None)
        if request.endpoint == "static" or request.path == "/health":
            return None
        if request.path in LOG_IN:
            return None
        if is_api() and request.headers.get("Authorization"):
            verify_jwt_in_request()
            user = get_current_user()
        else:
            user = current_user if current_user.is_authenticated else None
        if user is not None:
            actor = load_actor(user)
            identity.set_current(actor)
            if not request.headers.get("Authorization"):
                identity.set_current(access.previewed(actor))
        _require_meant()
        by_session = user is not None and not request.headers.get("Authorization")
        if by_session and is_api() and request.method not in SAFE:
            # A browser's session alone is no proof that the page asked for this.
            csrf.protect()
        return once.begin()

    def end(response: Response) -> Response:
        refusal = g.pop("refusal", None)
        if refusal is not None and response.status_code >= 400:
            response = app.make_response(refused(refusal))
        if response.status_code < 400:
            once.keep(response)
            db.session.commit()
        else:
            db.session.rollback()
        response.headers.setdefault("Content-Security-Policy", POLICY)
        response.headers.setdefault("X-Content-Type-Options", "nosniff")
        response.headers.setdefault("X-Frame-Options", "DENY")
        response.headers.setdefault("Referrer-Policy", "same-origin")
        if request.endpoint != "static":
            response.headers.setdefault("Cache-Control", "no-store")
        return response

    def clear(_error: BaseException | None) -> None:
        identity.set_current(None)
        db.set_reading(False)

    app.before_request(begin)
    app.after_request(end)
    app.teardown_request(clear)
    app.register_error_handler(BusinessError, refused)
    app.register_error_handler(CSRFError, _csrf_failed)
    app.register_error_handler(HTTPException, _http_error)
    app.register_error_handler(IntegrityError, lambda error: refused(crud.in_words(error)))
    app.register_error_handler(OperationalError, _busy)
    app.register_error_handler(Exception, _crashed)


def _require_meant() -> None:
    """Raises OtherUser when the request says whose it is and somebody else is logged in by now: what was kept in a
    browser is never sent in another's name.
    """
    meant, who = request.headers.get(MEANT), identity.user_id()
    if meant is not None and who is not None and meant != str(who):
        identity.set_current(None)
        raise OtherUser()


def refused(error: BusinessError) -> Any:
    """The answer to a refusal."""
    db.session.rollback()
    if is_api():
        body: dict[str, Any] = {"message": error.message or _("Please correct what is marked."), **error.more}
        if error.errors or error.status == 422:
            body["errors"] = error.errors
        return jsonify(body), error.status
    if error.status == 401:
        if request.accept_mimetypes.best == "application/json":
            return jsonify(message=error.message), 401
        if late := resume.kept():
            return resume.log_in(late), 401
        return redirect(
            url_for("LoginView.login", next=request.full_path.rstrip("?") if request.method == "GET" else "/")
        )
    return error_page(error.status, error.words)


def error_page(status: int, message: str, code: str = "") -> tuple[str, int]:
    """A page that says what happened and what to do next, framed where somebody is logged in."""
    if identity.current() is None:
        _somebody()
    return error_pages.respond(status, message, code)


def _somebody() -> None:
    """Let the one with the browser's session act, where the request failed before that was asked."""
    try:
        if current_user.is_authenticated:
            actor = current_app.extensions["kehu.load_actor"](current_user)
            identity.set_current(access.previewed(actor))
    except SQLAlchemyError:
        db.session.rollback()


def _csrf_failed(_error: CSRFError) -> Any:
    message = _("This page was open too long. Reload it and try again.")
    db.session.rollback()
    if is_api():
        return jsonify(message=message), 400
    if late := resume.kept():
        _somebody()
        form = resume.read(late)
        if form is not None and identity.current() is not None:
            return resume.page(form), 400
        return resume.log_in(late), 401
    return error_page(400, message)


def _http_error(error: HTTPException) -> Any:
    status = error.code or 500
    if status < 400:
        return error
    if isinstance(error, SecurityError):
        # A host that we do not answer to: there is no address that a page could link to.
        return Response(error.description, status, content_type="text/plain; charset=utf-8")
    db.session.rollback()
    messages = {
        400: _("The request is incomplete, or not in the form that is expected."),
        401: _("Please log in."),
        403: _("Your role does not allow this. Ask an administrator if you need it."),
        404: _("There is nothing here under this number, or it is not yours to see."),
        405: _("This address does not take such a request."),
        409: _("How it stands now does not allow this."),
        413: _("The file is too large."),
        422: _("Something in it can't be taken as it is."),
        429: _("This was tried too often in a short time."),
    }
    # What we said ourselves stands; what the framework says of the status is in its own language.
    own = error.description if error.description != type(error).description else None
    message = own or messages.get(status) or str(error.description or error.name)
    if is_api():
        return jsonify(message=message), status
    return error_page(status, message)


def _busy(error: OperationalError) -> Any:
    """The database is locked by others for longer than we wait: say so, as what passes."""
    db.session.rollback()
    if "locked" not in str(error) and "deadlock" not in str(error):
        return _crashed(error)
    message = _("Many are saving at once. Please try again.")
    if is_api():
        return jsonify(message=message), 503
    return error_page(503, message)


def _crashed(error: Exception) -> Any:
    """What nobody foresaw: logged in full, told in general."""
    code = secrets.token_hex(3).upper()
    log.exception("%s %s (%s)", request.method, request.path, code, exc_info=error)
    db.session.rollback()
    message = _(
        "An unexpected error. It was logged; nothing was saved. "
        "Please try again, and tell your administrator if it stays."
    )
    if is_api():
        return jsonify(message=message), 500
    return error_page(500, message, code)
