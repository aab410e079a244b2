"""One's own account: logging in and out, the password, the language, the time zone."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from flask import current_app, flash, g, redirect, render_template, request, session, url_for
from flask_appbuilder import BaseView, expose
from flask_appbuilder.security.views import AuthDBView
from flask_login import current_user, login_user, logout_user
from werkzeug.security import check_password_hash, generate_password_hash

from app.core import clock, db, identity
from app.core.i18n import LANGUAGES
from app.core.i18n import gettext as _
from app.core.users import PASSWORD_MAX, PASSWORD_MIN, password_fault, zone_faults
from app.core.web import resume
from app.core.web.page import FormField, Group, Link
from app.core.web.page_forms import FormPage
from app.core.web.reach import NotLoggedIn


def safe_next(target: str | None) -> str:
    """``target`` if it is an address of this console, else the start page."""
    target = (target or "").replace("\\", "/")
    parts = urlsplit(target)
    if not target.startswith("/") or target.startswith("//") or parts.scheme or parts.netloc:
        return "/"
    return target


class LoginView(AuthDBView):
    """Logging in by name and password, and out by POST."""

    route_base = ""

    @expose("/login/", methods=["GET", "POST"])
    def login(self) -> Any:
        """The log-in page."""
        target = safe_next(request.values.get("next"))
        if current_user.is_authenticated:
            return redirect(target)
        error, username, kept = "", "", request.form.get("kept", "")
        note = _("Please log in to go on.") if target != "/" else ""
        if request.method == "POST":
            username = request.form.get("username", "").strip()
            user = self.appbuilder.sm.auth_user_db(username, request.form.get("password", ""))
            if user is not None:
                locale = session.get("locale")
                session.clear()
                if locale:
                    session["locale"] = locale
                login_user(user, remember=False)
                late = resume.read(kept) if kept else None
                if late is None:
                    return redirect(target)
                # What came too late is shown at once: it is too much to be carried in an address.
                g.pop("csrf_token", None)
                identity.set_current(current_app.extensions["kehu.load_actor"](user))
                return resume.page(late)
            error = _("The name or the password is wrong. Please try again.")
        return render_template(
            "kehu/login.html", next=target, error=error, username=username, kept=kept, note=note
        ), 200 if not error else 401

    @expose("/logout/", methods=["POST"])
    def logout(self) -> Any:
        """Log out."""
        logout_user()
        locale = session.get("locale")
        session.clear()
        if locale:
            session["locale"] = locale
        return redirect(url_for("LoginView.login"))


class AccountView(BaseView):
    """One's own password, language and time zone."""

    route_base = "/account"
    default_view = "password"
    base_permissions: list[str] = []

    @expose("/language", methods=["POST"])
    def language(self) -> Any:
        """Speak another language from now on."""
        locale = request.form.get("locale", "")
        if locale in LANGUAGES:
            session["locale"] = locale
            if current_user.is_authenticated and current_user.locale != locale:
                current_user.locale = locale
        return redirect(safe_next(request.form.get("next")))

    @expose("/password", methods=["GET", "POST"])
    def password(self) -> Any:
        """Change one's password; the current one is asked."""
        if identity.current() is None:
            raise NotLoggedIn()
        errors: dict[str, str] = {}
        if request.method == "POST":
            errors = self._change(request.form)
            if not errors:
                flash(_("Your password was changed."), "success")
                return redirect("/")
        fields = [
            _password_field("current", _("Current password"), errors),
            _password_field("new", _("New password"), errors, _("At least %(count)s characters.", count=PASSWORD_MIN)),
            _password_field("again", _("New password, again"), errors),
        ]
        page = FormPage(
            title=_("Change password"),
            resource="account",
            breadcrumb=[Link(_("Start page"), "/")],
            action_url="/account/password",
            cancel_url="/",
            groups=[Group("", fields=fields)],
            submit_label=_("Save"),
            errors=[(f"f-{name}", message) for name, message in errors.items()],
        )
        return render_template("kehu/password.html", page=page), 422 if errors else 200

    @expose("/time-zone", methods=["GET", "POST"])
    def time_zone(self) -> Any:
        """Choose the zone that moments are shown and typed in; nothing for the company's."""
        if identity.current() is None:
            raise NotLoggedIn()
        name, errors = current_user.time_zone or "", []
        if request.method == "POST":
            name = request.form.get("time_zone", "").strip()
            errors = zone_faults(name)
            if not errors:
                current_user.time_zone = name or None
                flash(_("Your time zone was saved."), "success")
                return redirect("/account/time-zone")
        zone = FormField(
            "time_zone",
            "f-time_zone",
            _("Time zone"),
            "choice",
            value=name,
            help=_("Such as Asia/Shanghai; empty for the company's, %(zone)s.", zone=clock.zone().key),
            errors=errors,
            suggestions=list(clock.zone_names()),
            maxlength=64,
        )
        page = FormPage(
            title=_("Time zone"),
            resource="account",
            breadcrumb=[Link(_("Start page"), "/")],
            action_url="/account/time-zone",
            cancel_url="/",
            groups=[Group("", fields=[zone])],
            submit_label=_("Save"),
            errors=[(zone.id, message) for message in errors],
        )
        return render_template("kehu/form.html", page=page), 422 if errors else 200

    def _change(self, form: Any) -> dict[str, str]:
        user = current_user
        if not check_password_hash(user.password or "", form.get("current", "")):
            return {"current": _("This is not your current password.")}
        new = form.get("new", "")
        fault = password_fault(new, user.username)
        if fault:
            return {"new": fault}
        if new != form.get("again", ""):
            return {"again": _("The two do not match.")}
        user.password = generate_password_hash(new)
        db.session.flush()
        return {}


def _password_field(name: str, label: str, errors: dict[str, str], help: str = "") -> FormField:
    found = [errors[name]] if name in errors else []
    return FormField(
        name, f"f-{name}", label, "password", help=help, required=True, errors=found, maxlength=PASSWORD_MAX
    )
