"""The pages of a first start: the steps, the company's own settings, the demo company, and starting for real."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any
from zoneinfo import available_timezones

import sqlalchemy as sa
from flask import flash, redirect, render_template, request
from flask_appbuilder import BaseView, expose

from app.core import db, identity, settings, state
from app.core.errors import Conflict, NotPermitted
from app.core.i18n import LANGUAGES
from app.core.i18n import gettext as _
from app.core.web import commands
from app.core.web.page import FormField, Group, Link
from app.core.web.page_forms import FormPage
from app.core.web.page_frame import StartCard
from app.core.web.reach import NotLoggedIn
from app.first import filling, real
from app.first.steps import HIDDEN, LATER, LEFT, Known, Step, look, steps
from app.ledger.models import PartyEntry, StockEntry
from app.reports import home
from config import CHECKS

BASE = "/start/"
NAME_LENGTH = 80  # characters of a company's name
CURRENCIES = ("CNY", "EUR", "GBP", "HKD", "JPY", "KRW", "SGD", "TWD", "USD")  # offered; any code can be typed


@dataclass
class StartPage:
    """``/start/``: the steps; ``demo_url`` fills the demo company in, where that may be done."""

    title: str
    subtitle: str
    steps: list[Step]
    leave_url: str
    demo_url: str | None = None
    is_hidden: bool = False
    breadcrumb: list[Link] = field(default_factory=list)


@dataclass
class FillingPage:
    """``/start/demo``: how far the demo company is."""

    title: str
    done: int
    parts: int
    text: str
    breadcrumb: list[Link] = field(default_factory=list)


@dataclass
class RealPage:
    """``/start/real``: what goes (label, count) and what stays, and the name to type; ``reasons`` why it can't be done."""

    title: str
    action_url: str
    goes: list[tuple[str, int]]
    stays: list[str]
    name: FormField
    company: str
    errors: list[tuple[str, str]] = field(default_factory=list)
    breadcrumb: list[Link] = field(default_factory=list)


def administrator() -> identity.Actor:
    """Who asks, if that is an administrator.  Raises NotLoggedIn, NotPermitted."""
    actor = identity.current()
    if actor is None:
        raise NotLoggedIn()
    if not actor.is_admin:
        raise NotPermitted()
    return actor


class FirstStartView(BaseView):
    """``/start/…``, for administrators."""

    route_base = "/start"
    default_view = "index"
    base_permissions: list[str] = []

    @expose("/")
    def index(self) -> Any:
        """The steps, as far as they are."""
        administrator()
        known = look()
        page = StartPage(
            _("Welcome to Kehu"),
            _("Four steps, in any order. Stop whenever you like: what is done stays done."),
            list(steps(known)),
            "/start/leave",
            "/start/demo" if may_fill(known) else None,
            known.left == HIDDEN,
            [Link(_("Start page"), "/"), Link(_("First steps"))],
        )
        return render_template("kehu/start.html", page=page)

    @expose("/leave", methods=["POST"])
    def leave(self) -> Any:
        """Go on another time (``left`` = later), or show the steps no more (hidden), or again."""
        administrator()
        left = request.form.get("left", LATER)
        state.remember(db.session.connection(), LEFT, left if left in (LATER, HIDDEN) else LATER)
        return redirect("/" if left in (LATER, HIDDEN) else BASE)

    @expose("/company", methods=["GET", "POST"])
    def company(self) -> Any:
        """What the company is called, its language, zone and currency."""
        administrator()
        values = {name: getattr(settings.settings(), name) for name in settings.OWN}
        errors: dict[str, str] = {}
        if request.method == "POST":
            values |= {name: request.form.get(name, "").strip() for name in fixed_or_free()[1]}
            errors = faults(values)
            if not errors:
                settings.say({name: values[name] for name in fixed_or_free()[1]})
                flash(_("Kept. The console is %(name)s's now.", name=values["company"]), "success")
                return redirect(BASE)
        return render_template("kehu/password.html", page=company_page(values, errors)), 422 if errors else 200

    @expose("/demo", methods=["GET", "POST"])
    def demo(self) -> Any:
        """Fill the demo company in, and see how far that is."""
        administrator()
        if request.method == "POST":
            if not may_fill(look()):
                raise Conflict(
                    _("There is a company in this database already: the demo company is only put into an empty one.")
                )
            filling.begin()
            return redirect("/start/demo")
        found = filling.progress()
        if found is None or found.is_over:
            return redirect("/")
        if found.failed:
            flash(
                _("The demo company could not be filled in. Nothing was written; the server's log says why."), "error"
            )
            return redirect(BASE)
        parts = (_("people"), _("customers"), _("products and pictures"), _("stock"), _("weekly plans"))
        text = _("Now: %(part)s", part=parts[min(found.done, len(parts) - 1)])
        return render_template(
            "kehu/start_demo.html", page=FillingPage(_("The demo company moves in"), found.done, found.parts, text)
        )

    @expose("/real", methods=["GET", "POST"])
    def real(self) -> Any:
        """Empty the database of the demo company, after the company's name was typed."""
        administrator()
        if reasons := real.obstacles():
            raise real.NotNow([*reasons, *_instead()])
        name = settings.settings().company
        error = ""
        if request.method == "POST":
            if request.form.get("name", "").strip() == name:
                real.start()
                flash(_("The demo company is gone. This is yours now."), "success")
                return redirect(BASE)
            error = _("Type the name exactly as it stands here: %(name)s", name=name)
        asked = FormField(
            "name",
            "f-name",
            _("The company's name"),
            "text",
            required=True,
            errors=[error] if error else [],
            help=_("Type %(name)s, so that nobody does this by mistake.", name=name),
        )
        page = RealPage(
            _("Start for real"),
            "/start/real",
            real.what_goes(),
            [
                _("Your account and its password"),
                _("The company's name, language, zone and currency"),
                _("What the environment sets, and the roles as they come with Kehu"),
            ],
            asked,
            name,
            [("f-name", error)] if error else [],
            [Link(_("Start page"), "/"), Link(_("Start for real"))],
        )
        return render_template("kehu/start_real.html", page=page), 422 if error else 200


def _instead() -> list[str]:
    """What to do where the console can't do it."""
    return [
        _(
            "To begin with an empty company all the same, start Kehu with another data folder (KEHU_DATA_DIR) or "
            "another database (KEHU_DATABASE_URL)."
        )
    ]


def may_fill(known: Known) -> bool:
    """Whether the demo company can be put in: there is nothing but the first administrator."""
    from app.demo import is_empty

    return known.demo is None and not (known.people or known.products or known.customers) and is_empty()


def guide() -> StartCard | str | None:
    """What the home page shows an administrator of a company that has not begun; the steps come first of all."""
    actor = identity.current()
    if actor is None or not actor.is_admin:
        return None
    known = look()
    if known.demo is not None:
        if known.left == HIDDEN or real.obstacles():
            return None
        text = _("Everything here is invented. Look around; when you have seen enough, begin with your own company.")
        return StartCard(
            _("This is the demo company"), text, Link(_("Start for real"), "/start/real"), hide_url="/start/leave"
        )
    if known.left == HIDDEN or all(known.done):
        return None
    if known.is_untouched and not known.left:
        return BASE
    shown = list(steps(known))
    text = _("%(done)s of %(count)s steps are done.", done=sum(known.done), count=len(known.done))
    todo = next(step for step in shown if not step.is_done)
    return StartCard(
        _("First steps"),
        text,
        Link(_("Go on"), BASE),
        [(step.title, step.is_done, step.links[0].url or BASE) for step in (shown if todo else [])],
        "/start/leave",
    )


home.guides.append(guide)


def places(actor: identity.Actor) -> Iterator[tuple[str, Any, str, str]]:
    """The pages of the start, for the administrator who looks for them."""
    if actor.is_admin:
        yield "start", _("First steps"), BASE, "home"
        if look().demo is not None:
            yield "start-real", _("Start for real"), "/start/real", "home"


commands.places.append(places)


def fixed_or_free() -> tuple[dict[str, str], list[str]]:
    """Which settings can't be said here, each with why, and which can."""
    fixed = {name: _("Set by KEHU_%(name)s", name=name.upper()) for name in settings.OWN if settings.given(name)}
    entries = (sa.exists(sa.select(model.id)) for model in (StockEntry, PartyEntry))
    if db.session.scalar(sa.select(sa.or_(*entries))):
        for name in ("timezone", "currency"):
            fixed.setdefault(name, _("It stays: something has been posted."))
    return fixed, [name for name in settings.OWN if name not in fixed]


def faults(values: dict[str, str]) -> dict[str, str]:
    """What is wrong with what the company says of itself, by setting."""
    told = {
        "locale": _("Choose one of the languages."),
        "timezone": _("There is no zone of this name. Choose one such as Asia/Shanghai."),
        "currency": _("A currency has three capital letters, such as CNY."),
    }
    found = {name: text for name, text in told.items() if not CHECKS[name][0](values[name])}
    if not values["company"]:
        found["company"] = _("This is required.")
    elif len(values["company"]) > NAME_LENGTH:
        found["company"] = _(
            "At most %(length)s characters; this has %(given)s.", length=NAME_LENGTH, given=len(values["company"])
        )
    return found


def company_page(values: dict[str, str], errors: dict[str, str]) -> FormPage:
    """The form of the company's own settings."""
    fixed, _free = fixed_or_free()

    def one(name: str, label: str, help: str, kind: str = "text", **options: Any) -> FormField:
        wrong = [errors[name]] if name in errors else []
        return FormField(
            name,
            f"f-{name}",
            label,
            kind,
            values[name],
            help=fixed.get(name) or help,
            required=True,
            readonly=name in fixed,
            errors=wrong,
            **options,
        )

    fields = [
        one("company", _("Name"), _("At the top of every page, and in mails"), maxlength=NAME_LENGTH),
        one(
            "locale",
            _("Language"),
            _("Of mails, and of whoever has not chosen another"),
            "choice",
            choices=list(LANGUAGES.items()),
        ),
        one("timezone", _("Time zone"), _("Days and weeks begin by it"), suggestions=sorted(available_timezones())),
        one("currency", _("Currency"), _("In which the books count"), suggestions=list(CURRENCIES), maxlength=3),
    ]
    return FormPage(
        title=_("Your company"),
        resource="start",
        breadcrumb=[Link(_("First steps"), BASE), Link(_("Your company"))],
        action_url="/start/company",
        cancel_url=BASE,
        groups=[Group("", fields=fields)],
        submit_label=_("Save"),
        errors=[(f"f-{name}", text) for name, text in errors.items()],
    )
