"""The home page's cards: each asks a domain's query, and is there for those alone who may see the rows behind it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any
from urllib.parse import urlencode

import sqlalchemy as sa
from babel.dates import format_skeleton

from app.core import clock, db, identity
from app.core.charts import Chart, Series
from app.core.fields import fields_of, readable
from app.core.i18n import current_locale, ngettext, pgettext
from app.core.i18n import gettext as _
from app.core.i18n import lazy_gettext as _l
from app.core.settings import settings
from app.core.users import full_name
from app.core.web import present
from app.core.web.chart import figure
from app.core.web.commands import saved_lists
from app.core.web.listing import table_rows
from app.core.web.page import Cell, Column, Link, Row, Table
from app.core.web.page_frame import Card
from app.core.web.query import loading
from app.core.web.reach import may
from app.core.web.saved import SavedViewView
from app.core.web.view import EntityView, views
from app.domains.activities import team
from app.domains.activities.models import WeeklyPlan
from app.domains.activities.queries import awaiting_review, team_of
from app.domains.activities.views import OutingView, ReviewView, WeeklyPlanView
from app.domains.crm.models import Customer
from app.domains.crm.queries import due_for_contact, new_by_week
from app.domains.crm.views import CustomerView
from app.domains.people.models import Employee
from app.domains.stock.models import StockAdjustment
from app.domains.stock.queries import lowest_in_warehouses, lowest_together, value_by_warehouse
from app.domains.stock.views import SafetyStockView, StockAdjustmentView, StockBalanceView
from app.ledger.models import StockBalance
from app.reports import week_cards

SHOWN = 6  # rows of a card
MOST_VIEWS = 12  # saved lists
WEEKS = 12  # of the chart of new customers
SLICES = 6  # of a doughnut; more warehouses are bars
MISSED = 4  # names of who has no plan yet
WEEK = timedelta(days=7)
DONE = ("submitted", "reviewed")


@dataclass(frozen=True)
class HomeCard:
    """A card as it is declared: ``zone`` is figure, chart or table; ``offered`` says whether the role reaches what it shows
    (and asks the database nothing); ``make`` reads it, and gives None where it is not for this person after all.
    """

    id: str
    title: Any
    zone: str
    offered: Callable[[], bool]
    make: Callable[[], Card | None]


def address(view: type[EntityView], *conditions: str) -> str:
    """The list of ``view`` with ``conditions`` in force («week:eq:2026-11-23»)."""
    base = f"/{view.model.resource}/list/"
    return f"{base}?{urlencode([('f', each) for each in conditions], safe=':,')}" if conditions else base


def week_to_plan() -> date:
    """The Monday of the week that plans are written for now."""
    monday = WeeklyPlanView.defaults()["week"]
    assert isinstance(monday, date)
    return monday


def _my_plan() -> Card | None:
    actor = identity.require()
    week = week_to_plan()
    weeks = (week, week - WEEK)
    works_here = sa.exists().where(Employee.user_id == actor.user_id, Employee.active).label("works_here")
    mine = (WeeklyPlan.owner_id == actor.user_id, WeeklyPlan.week.in_(weeks))
    found = db.session.execute(
        sa.select(sa.literal(1).label("one"), works_here, WeeklyPlan.id, WeeklyPlan.week, WeeklyPlan.state)
        .select_from(sa.select(sa.literal(1).label("one")).subquery())
        .outerjoin(WeeklyPlan, sa.and_(*mine))
    ).all()
    plans = {row.week: row for row in found if row.id is not None}
    if actor.is_admin and not plans and not found[0].works_here:
        return None  # an account that only administers plans nothing
    labels = WeeklyPlan.workflow.states
    plan = plans.get(week)
    state = str(labels[plan.state]) if plan is not None else _("None yet")
    is_this = week == clock.monday_of(clock.today())
    caption = _("This week, from %(day)s", day=week.isoformat()) if is_this else _("Next week, from %(day)s", day=week)
    url = f"/weekly-plans/show/{plan.id}" if plan is not None else f"/weekly-plans/add?week={week}"
    before = plans.get(weeks[1])
    links = []
    if before is not None:
        told = _("The week before: %(state)s", state=str(labels[before.state]))
        links.append(Link(told, f"/weekly-plans/show/{before.id}"))
    tone = "green" if plan is not None and plan.state in DONE else "amber"
    return Card(_("My weekly plan"), state, caption, tone, url, links=links)


def _team_plans() -> Card | None:
    actor = identity.require()
    week = week_to_plan()
    statement = team_of(actor, week)
    people = db.session.execute(statement).all() if statement is not None else []
    if not people:
        return None
    done = sum(1 for each in people if each.state in DONE)
    missing = [full_name(each) for each in people if each.state not in DONE]
    more = _(" and %(count)s more", count=len(missing) - MISSED) if len(missing) > MISSED else ""
    names = (", " if current_locale() == "en" else "、").join(missing[:MISSED]) + more
    caption = _("Not yet: %(names)s", names=names) if missing else _("Everybody has submitted.")
    conditions = [f"week:eq:{week}", "state:in:submitted,reviewed", f"owner:nrel_o_m:{actor.user_id}"]
    return Card(
        _("Plans of your team"),
        _("%(done)s of %(count)s", done=done, count=len(people)),
        caption,
        "green" if not missing else "amber",
        address(WeeklyPlanView, *conditions),
        share=(done, len(people)),
    )


def _used_up() -> Card:
    counted = sa.select(sa.func.count(), sa.func.count().filter(StockBalance.on_hand <= 0)).select_from(StockBalance)
    every, gone = db.session.execute(counted).one()
    caption = ngettext("of %(count)s stock balance", "of %(count)s stock balances", every, count=present.number(every))
    return Card(_("Used up in a warehouse"), present.number(gone), caption, "red" if gone else "green",
                address(StockBalanceView, "on_hand:le:0"))  # fmt: skip


def _drafts() -> Card:
    waiting = sa.select(sa.func.count(StockAdjustment.id)).where(StockAdjustment.state == "draft")
    count = db.session.scalar(waiting) or 0
    return Card(_("Adjustments not posted"), present.number(count), _("Drafts move no stock yet"),
                "amber" if count else "green", address(StockAdjustmentView, "state:eq:draft"))  # fmt: skip


def _new_customers() -> Card:
    monday = clock.monday_of(clock.today())
    mondays = [monday - WEEK * back for back in range(WEEKS - 1, -1, -1)]
    counts = [int(count) for count in db.session.execute(new_by_week(mondays)).one()]
    urls = [address(CustomerView, f"created_on:ge:{day}", f"created_on:lt:{day + WEEK}") for day in mondays]
    labels = [format_skeleton("MMMd", day, locale=current_locale()) for day in mondays]
    titles = [_("Week of %(day)s", day=day.isoformat()) for day in mondays]
    title = _("New customers by week")
    chart = Chart("bar", _("Week"), labels, [Series(_("New customers"), counts, urls)], total=True, titles=titles)
    drawn = None if chart.is_empty else figure(title, chart)
    caption = _("This week; %(count)s in %(weeks)s weeks", count=present.number(sum(counts)), weeks=WEEKS)
    return Card(title, present.number(counts[-1]), caption, "", address(CustomerView, f"created_on:ge:{mondays[0]}"),
                chart=drawn, empty=_("No customer was added in the last %(weeks)s weeks.", weeks=WEEKS))  # fmt: skip


def _stock_value() -> Card:
    rows = db.session.execute(value_by_warehouse()).all()
    values = [row.value for row in rows]
    title = _("Stock value by warehouse")
    kind = "doughnut" if len(rows) <= SLICES and all(value > 0 for value in values) else "bar"
    urls = [address(StockBalanceView, f"warehouse:rel_o_m:{row.id}") for row in rows]
    chart = Chart(kind, _("Warehouse"), [row.name for row in rows], [Series(_("Value"), values, urls)],
                  settings().currency, 2, total=True)  # fmt: skip
    drawn = None if chart.is_empty else figure(title, chart)
    return Card(title, "", settings().currency, "", address(StockBalanceView), chart=drawn,
                empty=_("Nothing lies in a warehouse yet. Post an adjustment with what you have."))  # fmt: skip


def _low_stock() -> Card:
    here = db.session.execute(lowest_in_warehouses().limit(SHOWN)).all()
    together = db.session.execute(lowest_together().limit(SHOWN)).all()
    counts = [found[0].every if found else 0 for found in (here, together)]
    products = "/products/list/?f=low:eq:1"
    links = [
        Link(_("%(count)s in a warehouse", count=present.number(counts[0])), address(SafetyStockView, "low:eq:1"))
        if here
        else None,
        Link(_("%(count)s in all warehouses together", count=present.number(counts[1])), products)
        if together
        else None,
    ]
    lowest = sorted((*here, *together), key=lambda row: row.on_hand / row.minimum if row.minimum else 0)
    columns = [
        Column("product", _("Product"), "text"),
        Column("warehouse", _("Warehouse"), "text"),
        Column("on_hand", _("On hand"), "number", "right"),
        Column("minimum", _("Safety stock"), "number", "right"),
    ]
    rows = []
    for row in lowest[:SHOWN]:
        url = f"/products/show/{row.id}"
        name = " ".join(part for part in (row.name, row.spec) if part)
        rows.append(Row(row.id, url, [
            Cell("text", name, url, title=row.code),
            Cell("text", row.warehouse or _("All together"), tone="" if row.warehouse else "muted"),
            Cell("number", f"{present.number(row.on_hand, 4)} {row.unit}", tone="red" if row.on_hand <= 0 else ""),
            Cell("number", present.number(row.minimum, 4)),
        ]))  # fmt: skip
    table = Table(columns, rows, empty=_("Everything is above its safety stock."))
    url = address(SafetyStockView, "low:eq:1") if here else products
    return Card(_("Low stock"), present.number(sum(counts)), "", "red" if sum(counts) else "", url, table,
                links=[link for link in links if link is not None])  # fmt: skip


def _reviews() -> Card | None:
    waiting = awaiting_review().where(WeeklyPlan.owner_id != (identity.user_id() or 0))
    url = address(WeeklyPlanView, "state:eq:submitted", f"owner:nrel_o_m:{identity.user_id()}")
    return table_card(WeeklyPlanView, _("Plans to review"), waiting, ("number", "owner", "week"), url,
                      _("No plan waits for you."))  # fmt: skip


def _due() -> Card:
    today = clock.today()
    url = address(CustomerView, f"next_contact_on:le:{today}", "owner:nempty:")
    return table_card(CustomerView, _("Due for contact"), due_for_contact(today), ("name", "next_contact_on", "owner"),
                      url, _("Nobody waits for your call."))  # fmt: skip


def _newest() -> Card:
    newest = sa.select(Customer).order_by(Customer.id.desc())
    return table_card(CustomerView, _("Newest customers"), newest, ("name", "status", "owner"),
                      address(CustomerView), str(CustomerView.empty))  # fmt: skip


def _views() -> Card | None:
    """The lists that one saved, or that others share: each opens it.  None where there are none."""
    kept = saved_lists(MOST_VIEWS)
    if not kept:
        return None
    shown = [
        Row(
            each.id,
            f"/{each.target}/list/?view={each.id}",
            [
                Cell("link", each.name, url=f"/{each.target}/list/?view={each.id}"),
                Cell("text", str(views[each.target].model.labels)),
            ],
        )
        for each in kept
    ]
    columns = [Column("name", _("Name")), Column("of", pgettext("list", "Of what"))]
    table = Table(columns, shown, empty="")
    return Card(_("Your lists"), present.number(len(kept)), "", "", address(SavedViewView), table)


def table_card(
    view: type[EntityView], title: str, statement: sa.Select[Any], names: Sequence[str], url: str, empty: str
) -> Card:
    """The first rows that ``statement`` finds, and how many there are; one statement."""
    every = sa.select(sa.func.count()).select_from(
        statement.with_only_columns(view.model.id).order_by(None).correlate(None).subquery()
    )
    fields = [fields_of(view.model)[name] for name in names if name in readable(view.model)]
    counted = statement.add_columns(every.scalar_subquery()).options(*loading(view.model, names)).limit(SHOWN)
    found = db.session.execute(counted).unique().all()
    rows = table_rows(view, [row for row, _count in found], fields)
    table = Table([present.column(field) for field in fields], rows, empty=empty)
    return Card(title, present.number(found[0][1] if found else 0), "", "", url, table)


def _lists(*views: type[EntityView]) -> Callable[[], bool]:
    return lambda: all(may(view, "list") for view in views)


def _sees(view: type[EntityView], field: str) -> bool:
    return may(view, "list") and field in readable(view.model)


CARDS = (
    HomeCard("my-plan", _l("My weekly plan"), "figure",
             lambda: may(WeeklyPlanView, "list") and identity.user_id() is not None, _my_plan),
    HomeCard("team-plans", _l("Plans of your team"), "figure", lambda: may(WeeklyPlanView, "review"), _team_plans),
    HomeCard("team-today", _l("Team today"), "figure",
             lambda: may(WeeklyPlanView, "review") and may(OutingView, "list") and may(ReviewView, "list")
             and team.may_look(identity.require()), week_cards.team_today),
    HomeCard("used-up", _l("Used up in a warehouse"), "figure",
             lambda: may(StockBalanceView, "list") and may(SafetyStockView, "list"), _used_up),
    HomeCard("drafts", _l("Adjustments not posted"), "figure", lambda: may(StockAdjustmentView, "post"), _drafts),
    HomeCard("new-customers", _l("New customers by week"), "chart", lambda: _sees(CustomerView, "next_contact_on"),
             _new_customers),
    HomeCard("stock-value", _l("Stock value by warehouse"), "chart", lambda: _sees(StockBalanceView, "value"),
             _stock_value),
    HomeCard("low-stock", _l("Low stock"), "table", _lists(SafetyStockView, StockBalanceView), _low_stock),
    HomeCard("your-week", _l("Your week"), "table",
             lambda: may(WeeklyPlanView, "list") and identity.user_id() is not None, week_cards.week),
    HomeCard("guidance", _l("Guidance to answer"), "table",
             lambda: may(ReviewView, "list") and identity.user_id() is not None, week_cards.guidance),
    HomeCard("views", _l("Your lists"), "table", lambda: may(SavedViewView, "list"), _views),
    HomeCard("reviews", _l("Plans to review"), "table", lambda: may(WeeklyPlanView, "review"), _reviews),
    HomeCard("due", _l("Due for contact"), "table", lambda: _sees(CustomerView, "next_contact_on"), _due),
    HomeCard("newest", _l("Newest customers"), "table", lambda: _sees(CustomerView, "next_contact_on"), _newest),
)  # fmt: skip
"""The cards, in the order they have until somebody arranges them otherwise."""
