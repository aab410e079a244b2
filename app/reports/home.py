"""The home page: what the one who looks should know and do first, as far as the role allows, as they have arranged it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from babel.dates import format_date
from flask import flash, redirect, render_template, request
from flask_appbuilder import BaseView, expose

from app.core import clock, identity, preferences
from app.core.i18n import current_locale
from app.core.i18n import gettext as _
from app.core.web import frame
from app.core.web.page import Link
from app.core.web.page_frame import CardChoice, HomePage, StartCard
from app.core.web.reach import NotLoggedIn
from app.reports.cards import CARDS, HomeCard

KEPT = "home"  # the preference: {"order": ids, "hidden": ids}
MORNING, EVENING = 12, 18  # the hours at which they end and begin
preferences.every_page.add(KEPT)
ON_PHONE = frozenset({"field"})  # entries of the menu that a phone offers at the top of the page

guides: list[Callable[[], StartCard | str | None]] = []
"""Who leads into an empty company: each gives a card for the top of the page, the address of a page to go to first, or
None.
"""


class HomeView(BaseView):
    """``/``, and ``POST /home/arrange``."""

    route_base = ""
    default_view = "index"
    base_permissions: list[str] = []

    @expose("/")
    def index(self) -> Any:
        """The start page."""
        actor = identity.current()
        if actor is None:
            raise NotLoggedIn()
        start = next((found for guide in guides if (found := guide()) is not None), None)
        if isinstance(start, str):
            return redirect(start)
        offered = arranged()
        hidden = set(_kept().get("hidden", ()))
        zones: dict[str, list[Any]] = {"figure": [], "chart": [], "table": []}
        for card in offered:
            if card.id not in hidden and (made := card.make()) is not None:
                zones[card.zone].append(made)
        page = HomePage(
            title=_greeting(actor.name),
            subtitle=_day(),
            figures=zones["figure"],
            charts=zones["chart"],
            tables=zones["table"],
            choices=[CardChoice(card.id, str(card.title), card.id not in hidden) for card in offered],
            arrange_url="/home/arrange",
            start=start,
            on_phone=[
                Link(item.label, item.url, item.icon)
                for section in frame.sections(actor)
                for item in section.items
                if item.key in ON_PHONE
            ],
        )
        return render_template("kehu/home.html", page=page)

    @expose("/home/arrange", methods=["POST"])
    def arrange(self) -> Any:
        """Keep the order of the cards, and which are shown; with ``reset`` as they were."""
        if identity.current() is None:
            raise NotLoggedIn()
        if request.form.get("reset"):
            preferences.put(KEPT, None)
        else:
            known = [card.id for card in CARDS]
            order = [id for id in dict.fromkeys(request.form.getlist("order")) if id in known]
            shown = set(request.form.getlist("shown"))
            preferences.put(KEPT, {"order": order, "hidden": [id for id in order if id not in shown]})
        flash(_("Your start page is arranged."), "success")
        return redirect("/")


def _kept() -> dict[str, Any]:
    found = preferences.get(KEPT, {})
    return found if isinstance(found, dict) else {}


def arranged() -> list[HomeCard]:
    """The cards that the actor's role reaches, in the order they have been given; new ones at the end."""
    order = list(_kept().get("order", ()))
    offered = [card for card in CARDS if card.offered()]
    return sorted(offered, key=lambda card: order.index(card.id) if card.id in order else len(order))


def _greeting(name: str) -> str:
    hour = clock.local().hour
    if hour < MORNING:
        return _("Good morning, %(name)s", name=name)
    return _("Good afternoon, %(name)s", name=name) if hour < EVENING else _("Good evening, %(name)s", name=name)


def _day() -> str:
    """Today in words, with the number of the week."""
    today = clock.today()
    words = format_date(today, "full", locale=current_locale())
    return _("%(day)s · week %(week)s", day=words, week=today.isocalendar().week)
