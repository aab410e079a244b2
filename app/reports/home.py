"""The home page: what the one who looks should know and do first, as far as the role allows."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import sqlalchemy as sa
from flask import render_template
from flask_appbuilder import BaseView, expose

from app.core import clock, db, identity
from app.core.fields import fields_of
from app.core.i18n import gettext as _
from app.core.web import present
from app.core.web.listing import table_rows
from app.core.web.page import Table
from app.core.web.page_frame import Card, HomePage
from app.core.web.query import loading
from app.core.web.reach import NotLoggedIn, may
from app.core.web.view import EntityView
from app.domains.activities.models import WeeklyPlan
from app.domains.activities.views import WeeklyPlanView
from app.domains.crm.models import Customer
from app.domains.crm.views import CustomerView
from app.ledger.models import StockBalance

SHOWN = 6  # rows of a card


class HomeView(BaseView):
    """``/``."""

    route_base = ""
    default_view = "index"
    base_permissions: list[str] = []

    @expose("/")
    def index(self) -> str:
        """The start page."""
        actor = identity.current()
        if actor is None:
            raise NotLoggedIn()
        cards = [card for make in CARDS if (card := make()) is not None]
        today = clock.today()
        return render_template(
            "kehu/home.html", page=HomePage(_("Hello, %(name)s", name=actor.name), today.isoformat(), cards)
        )


def plan_card() -> Card | None:
    """Whether one's plans for this and the next week are in."""
    actor = identity.require()
    if actor.user_id is None or not may(WeeklyPlanView, "list"):
        return None
    monday = clock.monday_of(clock.today())
    weeks = (monday, monday + timedelta(days=7))
    statement = sa.select(WeeklyPlan.week, WeeklyPlan.state).where(
        WeeklyPlan.owner_id == actor.user_id, WeeklyPlan.week.in_(weeks)
    )
    states = dict(db.session.execute(statement).tuples().all())
    labels = WeeklyPlan.workflow.states
    this, following = (str(labels[states[week]]) if week in states else _("None yet") for week in weeks)
    tone = "green" if states.get(weeks[1]) in ("submitted", "reviewed") else "amber"
    url = "/weekly-plans/list/" if states.get(weeks[1]) else f"/weekly-plans/add?week={weeks[1]}"
    return Card(_("My weekly plan"), following, _("Next week. This week: %(state)s.", state=this.lower()), tone, url)


def customers_card() -> Card | None:
    """The customers that came last, and how many there are."""
    if not may(CustomerView, "list"):
        return None
    count = db.session.scalar(sa.select(sa.func.count()).select_from(sa.select(Customer.id).subquery())) or 0
    return _table_card(
        CustomerView,
        _("Newest customers"),
        count,
        sa.select(Customer).order_by(Customer.id.desc()),
        ("name", "status", "owner"),
    )


def reviews_card() -> Card | None:
    """Plans that wait for one's review."""
    actor = identity.require()
    if not may(WeeklyPlanView, "review"):
        return None
    waiting = sa.select(WeeklyPlan).where(WeeklyPlan.state == "submitted", WeeklyPlan.owner_id != (actor.user_id or 0))
    count = (
        db.session.scalar(sa.select(sa.func.count()).select_from(waiting.with_only_columns(WeeklyPlan.id).subquery()))
        or 0
    )
    return _table_card(
        WeeklyPlanView,
        _("Plans to review"),
        count,
        waiting.order_by(WeeklyPlan.week.desc()),
        ("number", "owner", "week"),
    )


def stock_card() -> Card | None:
    """How many balances there are, and how many of them are used up."""
    if not identity.require().may("can_list", StockBalance.permission_key()):
        return None
    counted = sa.select(sa.func.count(), sa.func.count().filter(StockBalance.on_hand <= 0)).select_from(StockBalance)
    every, gone = db.session.execute(counted).one()
    tone = "red" if gone else "green"
    return Card(
        _("Used up in a warehouse"),
        str(gone),
        _("of %(count)s stock balances", count=every),
        tone,
        "/stock-balances/list/?f=on_hand:le:0",
    )


CARDS: tuple[Callable[[], Card | None], ...] = (plan_card, reviews_card, stock_card, customers_card)
"""The home page's cards in their order; each gives None where the role does not reach."""


def _table_card(
    view: type[EntityView], title: str, count: int, statement: sa.Select[Any], names: tuple[str, ...]
) -> Card:
    fields = [fields_of(view.model)[name] for name in names]
    rows = list(db.session.scalars(statement.options(*loading(view.model, names)).limit(SHOWN)).unique())
    table = Table(
        [present.column(field) for field in fields], table_rows(view, rows, fields), empty=_("Nothing here yet.")
    )
    return Card(title, str(count), "", "", f"/{view.model.resource}/list/", table)
