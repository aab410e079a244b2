"""``/week/``: one's own week as a grid of days, planned by typing."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from typing import Any

from flask import flash, redirect, render_template, request
from flask_appbuilder import BaseView
from flask_appbuilder.baseviews import expose
from flask_appbuilder.security.decorators import permission_name

from app.core import clock, db
from app.core.errors import BusinessError, Conflict, Invalid, NotVisible
from app.core.fields import declared
from app.core.i18n import lazy_gettext as _l
from app.core.web import pickers, reach
from app.core.web.answers import read as read_answers
from app.core.web.frame import MapPage
from app.domains.activities import week
from app.domains.activities.models import WeeklyPlan
from app.domains.activities.models.plans import WeeklyPlanLine
from app.domains.activities.views import WeeklyPlanView
from app.domains.activities.week_page import LINE, TEXTS, page, url_of
from app.domains.crm.models import Customer

MY_WEEK = MapPage("week", _l("My week"), "calendar", lambda actor: actor.may("can_add", WeeklyPlan.permission_key()))


class WeekView(BaseView):
    """``/week/…``."""

    route_base = "/week"
    default_view = "index"
    class_permission_name = "WeeklyPlan"
    base_permissions: list[str] = []

    @expose("/")
    @permission_name("list")
    def index(self) -> str:
        """The week that ``?week=`` (any day of it) names, else the one that a new plan is for."""
        reach.enter(WeeklyPlanView, "list")
        return _shown(_monday(request.args.get("week", "")))

    @expose("/<monday>/add", methods=("POST",))
    @permission_name("add")
    def add(self, monday: str) -> Any:
        """A new line."""
        reach.enter(WeeklyPlanView, "add")
        which = _monday(monday)
        given = _given(("planned_on", "kind", "customer", "goal"))
        place = f"day-{given.get('planned_on', '')}"
        return _answer(which, lambda: week.add(which, [_values(given)]), place, given)

    @expose("/<monday>/take", methods=("POST",))
    @permission_name("add")
    def take(self, monday: str) -> Any:
        """What last week left over, as far as it is chosen."""
        reach.enter(WeeklyPlanView, "add")
        which = _monday(monday)
        ids = {
            int(text) for text in request.form.getlist("line") if text.isascii() and text.isdecimal() and len(text) < 10
        }
        return _answer(which, lambda: week.take_over(which, ids))

    @expose("/<monday>/line/<int:pk>", methods=("POST",))
    @permission_name("edit")
    def line(self, monday: str, pk: int) -> Any:
        """A line changed, done, moved to another day, or taken out."""
        reach.enter(WeeklyPlanView, "edit")
        which = _monday(monday)
        given = _given(tuple(name for name in LINE if name in request.form or f"{name}-text" in request.form))
        if "ticks" in request.form:
            given["done"] = "1" if request.form.get("done") else ""
        values = None if request.form.get("remove") else _values(given)
        return _answer(which, lambda: week.change(which, pk, values), f"line-{pk}", given)

    @expose("/<monday>/texts", methods=("POST",))
    @permission_name("edit")
    def texts(self, monday: str) -> Any:
        """What the week is for, its summary and suggestion."""
        reach.enter(WeeklyPlanView, "edit")
        which = _monday(monday)
        given = {name: request.form[name].replace("\r\n", "\n") for name in TEXTS if name in request.form}
        return _answer(which, lambda: week.write(which, given), "texts", given)


def _monday(text: str) -> date:
    """The Monday of the week that ``text`` names.  Raises NotVisible when it is no day."""
    if not text:
        return clock.monday_of(WeeklyPlanView.defaults()["week"])
    try:
        day = date.fromisoformat(text)
        return clock.monday_of(day) if date(1900, 1, 8) <= day <= date(9900, 1, 1) else _refuse()
    except ValueError:
        return _refuse()


def _refuse() -> date:
    raise NotVisible()


def _answer(monday: date, deed: Callable[[], Any], place: str = "", given: Mapping[str, Any] | None = None) -> Any:
    """Do ``deed`` and go back to the week.  What of the ``given`` is refused is shown again at its ``place``; what has no
    place there, and what the plan's state does not allow, is told.
    """
    try:
        deed()
    except (Conflict, Invalid) as error:
        db.session.rollback()
        if isinstance(error, Invalid) and place:
            return _shown(monday, place, error, given), error.status
        flash(error.words, "error")
    return redirect(url_of(monday))


def _values(given: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in given.items() if name in LINE}


def _given(names: tuple[str, ...]) -> dict[str, Any]:
    """What was posted of a line, by field; a text beside the picker is looked up, as where no script runs."""
    known = declared(WeeklyPlanLine)
    answers = read_answers({name: known[name] for name in names}, request.form)
    given = {name: answers.get(name, "") for name in names}
    customer = str(given.get("customer") or "")
    if customer and not customer.isdecimal():
        try:
            given["customer"] = str(pickers.resolve(Customer, customer).id)
        except (ValueError, BusinessError) as error:
            given["customer-fault"] = str(error)
    return given


def _shown(monday: date, place: str = "", error: Invalid | None = None, given: Mapping[str, Any] | None = None) -> str:
    return render_template("kehu/week.html", page=page(monday, place, error, given or {}))
