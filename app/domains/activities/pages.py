"""The team board (员工中心): a page that shows what ``team`` finds, and the same as JSON."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

from flask import jsonify, render_template, request
from flask_appbuilder import BaseView
from flask_appbuilder.api import BaseApi, expose
from flask_appbuilder.baseviews import expose as expose_page
from flask_appbuilder.security.decorators import permission_name

from app.core import clock, identity, search
from app.core.errors import NotPermitted
from app.core.i18n import gettext as _
from app.core.i18n import lazy_gettext as _l
from app.core.i18n import lazy_pgettext, ngettext
from app.core.web import present, reach
from app.core.web.frame import MapPage
from app.core.web.page import Badge, Column, Link
from app.core.web.reach import NotLoggedIn
from app.domains.activities import panels, team
from app.domains.activities.models import WeeklyPlan
from app.domains.activities.team import DAY, WEEK, Member, Place, Team
from app.domains.activities.views import WeeklyPlanView

TEAM = MapPage("team", _l("Team"), "people", team.may_look)
NAME = "name"
COLUMNS: dict[str, tuple[Any, Callable[[Member], Any]]] = {
    NAME: (lazy_pgettext("person", "Name"), lambda member: search.folded(member.name)),
    "plan": (_l("Plan of this week"), lambda member: (member.has_plan, member.plan_state)),
    "where": (lazy_pgettext("team", "Whereabouts"), lambda member: (member.out is not None, member.leave is not None)),
    "today": (_l("Contacts today"), lambda member: member.today),
    "week": (_l("Contacts this week"), lambda member: member.week),
    "moves": (_l("Opportunities moved"), lambda member: member.moves),
    "guidance": (_l("Guidance open"), lambda member: member.waits if member.waits is not None else -1),
}
"""The columns, with what each is sorted by."""
FIGURES = frozenset({"today", "week", "moves", "guidance"})


@dataclass(frozen=True)
class Figure:
    """A figure and the rows behind it: ``more`` stands beside it («of 9.5»)."""

    text: str
    url: str | None = None
    tone: str = ""
    more: str = ""


@dataclass(frozen=True)
class Line:
    """Somebody on the board."""

    id: int
    name: str
    url: str
    plan: Badge
    plan_url: str | None
    out: Figure | None
    leave: Figure | None
    next: Figure | None
    today: Figure
    week: Figure
    moves: Figure
    guidance: Figure


@dataclass(frozen=True)
class Group:
    """A department on the board."""

    name: str
    told: str
    lines: list[Line]


@dataclass(frozen=True)
class TeamPage:
    """``/team/``: the board, as it was at ``at``."""

    title: str
    help: str
    columns: list[Column]
    figures: list[tuple[str, Figure]]
    groups: list[Group]
    search: str
    sort: str
    at: str
    breadcrumb: list[Link]
    shown: frozenset[str]


def rows(resource: str, *conditions: str) -> str:
    """The list of ``resource`` with ``conditions`` in force."""
    return f"/{resource}/list/?{urlencode([('f', each) for each in conditions], safe=':,')}"


def on(name: str, first: date, until: date) -> tuple[str, str]:
    """The conditions that the moment ``name`` is from ``first`` until before ``until``, days of the company: as days where
    the reader's days are the same.
    """
    if clock.reader_zone() == clock.zone():
        return f"{name}:ge:{first}", f"{name}:lt:{until}"
    return f"{name}:ge:{team.begins(first).isoformat()}", f"{name}:lt:{team.begins(until).isoformat()}"


def enter() -> Team:
    """The team of whoever asks.  Raises NotLoggedIn, NotPermitted."""
    actor = identity.current()
    if actor is None:
        raise NotLoggedIn()
    if not team.may_look(actor):
        raise NotPermitted(_("There is nobody whom you lead."))
    return team.look()


class TeamView(BaseView):
    """``/team/``: what everyone below the reader does now."""

    route_base = "/team"
    default_view = "board"
    class_permission_name = "WeeklyPlan"
    base_permissions: list[str] = []

    @expose_page("/")
    @permission_name("list")
    def board(self) -> str:
        """The board."""
        return render_template("kehu/team.html", page=page(enter(), request.args))


class PlanHints(BaseView):
    """``/weekly-plans/guidance``: what waits for an answer about the customers that somebody is planning to see."""

    route_base = "/weekly-plans"
    default_view = "guidance"
    class_permission_name = "WeeklyPlan"
    base_permissions: list[str] = []

    @expose_page("/guidance")
    @permission_name("list")
    def guidance(self) -> Any:
        """The hint for the customers named by ``customer``, any number of times; an empty text where nothing waits."""
        reach.approach(WeeklyPlanView)
        ids = [
            int(raw) for raw in request.args.getlist("customer") if raw.isascii() and raw.isdecimal() and len(raw) < 10
        ]
        found = panels.waiting(ids)
        return jsonify(html=render_template("kehu/guidance_hint.html", about=found) if found else "")


class TeamApi(BaseApi):
    """``GET /api/v1/team/``."""

    resource_name = "team"
    allow_browser_login = True
    class_permission_name = "WeeklyPlan"
    base_permissions: list[str] = []

    @expose("/", methods=["GET"])
    @permission_name("list")
    def get_list(self) -> Any:
        """What everyone below the reader does now
        ---
        get:
          description: For each, the plan of this week, where they are, contacts against target, moves, open guidance.
          responses:
            200: {description: "`count`, and the people as `result`, by department and name"}
            401: {$ref: '#/components/responses/401'}
            403: {$ref: '#/components/responses/403'}
        """
        found = enter()
        told = [as_json(member) for member in found.members]
        return jsonify(day=found.day.isoformat(), week=found.monday.isoformat(), count=len(told), result=told)


def as_json(member: Member) -> dict[str, Any]:
    """``member`` as the API gives it: decimals as strings, moments with their offset."""

    def place(where: Place | None) -> dict[str, Any] | None:
        if where is None:
            return None
        return {
            "kind": where.kind,
            "id": where.id,
            "at": clock.here(where.at).isoformat() if where.at is not None else None,
            "day": where.day.isoformat(),
            "customer": where.customer or None,
            "about": where.about,
        }

    def number(value: Decimal | None) -> str | None:
        return str(value) if value is not None else None

    return {
        "id": member.id,
        "name": member.name,
        "department": {"id": member.department_id, "name": member.department},
        "plan": {"id": member.plan, "state": member.plan_state} if member.plan is not None else None,
        "on_leave_until": member.leave_until.isoformat() if member.leave_until is not None else None,
        "out": place(member.out),
        "next": place(member.next),
        "contacts_today": member.today,
        "contacts_week": member.week,
        "target_today": number(member.target_today),
        "target_week": number(member.target_week),
        "opportunities_moved": member.moves,
        "guidance_open": member.guidance,
        "guidance_days": member.waits,
    }


def page(found: Team, arguments: Any) -> TeamPage:
    """The board as ``arguments`` ask for it: ``sort`` («-week» from the most), ``q`` for a part of a name."""
    sort = arguments.get("sort", NAME)
    if sort.lstrip("-") not in COLUMNS:
        sort = NAME
    words = search.folded(arguments.get("q", "")[:100]).split()
    members = [each for each in found.members if all(word in search.search_text([each.name]) for word in words)]
    key, upside_down = COLUMNS[sort.lstrip("-")][1], sort.startswith("-")
    shown = Team(found.day, found.monday, members, found.told)
    return TeamPage(
        title=_("Team"),
        help=_("What everyone below you does now. It keeps itself up to date."),
        columns=[_column(name, sort, arguments.get("q", "")) for name in COLUMNS],
        figures=_sums(found),
        groups=[
            Group(name, _told(group), [_line(found, each) for each in _sorted(group, key, upside_down)])
            for name, group in shown.departments()
        ],
        search=arguments.get("q", ""),
        sort=sort if sort != NAME else "",
        at=f"{clock.here():%H:%M}",
        breadcrumb=[Link(_("Activities")), Link(_("Team"))],
        shown=found.told,
    )


def _sorted(group: Iterable[Member], key: Callable[[Member], Any], upside_down: bool) -> list[Member]:
    return sorted(group, key=key, reverse=upside_down)


def _column(name: str, sort: str, words: str) -> Column:
    at = "" if sort.lstrip("-") != name else "desc" if sort.startswith("-") else "asc"
    # Of figures one wants the most, or what is lacking, first.
    turned = {"asc": f"-{name}", "desc": name}.get(at, f"-{name}" if name in FIGURES | {"where"} else name)
    asked = {"sort": turned} | ({"q": words} if words else {})
    align = "right" if name in FIGURES else "left"
    return Column(name, str(COLUMNS[name][0]), "text", align, at, f"/team/?{urlencode(asked)}")


def _told(group: list[Member]) -> str:
    out = sum(1 for each in group if each.out is not None)
    count = ngettext("%(num)s person", "%(num)s people", len(group))
    away = _("%(count)s out", count=out)
    return f"{count} · {away}" if out else count


def _sums(found: Team) -> list[tuple[str, Figure]]:
    """What is remarkable of all of them, each with the rows behind it where one list has them."""
    members = found.members
    done, out = sum(1 for each in members if each.has_plan), sum(1 for each in members if each.out is not None)
    away, waits = sum(1 for each in members if each.leave is not None), sum(each.guidance for each in members)
    me = identity.user_id()
    told = found.told
    sums = []
    if WeeklyPlan.resource in told:
        conditions = (f"week:eq:{found.monday}", "state:in:submitted,reviewed", f"owner:nrel_o_m:{me}")
        more = _("of %(count)s", count=len(members))
        sums.append((_("Plans handed in"), Figure(str(done), rows("weekly-plans", *conditions), "", more)))
    if "outings" in told:
        sums.append((_("Out now"), Figure(str(out), rows("outings", "out_now:eq:1"))))
    sums.append((_("On leave"), Figure(str(away))))
    if "contact-records" in told:
        url = rows("contact-records", *on("at", found.day, found.day + DAY), f"owner:nrel_o_m:{me}")
        sums.append((_("Contacts today"), Figure(str(sum(each.today for each in members)), url)))
        url = rows("contact-records", *on("at", found.monday, found.monday + WEEK), f"owner:nrel_o_m:{me}")
        sums.append((_("Contacts this week"), Figure(str(sum(each.week for each in members)), url)))
    if "reviews" in told:
        url = rows("reviews", "open:eq:1", f"to:nrel_o_m:{me}")
        sums.append((_("Guidance open"), Figure(str(waits), url, "red" if waits else "")))
    return sums


def _line(found: Team, member: Member) -> Line:
    who = f"owner:rel_o_m:{member.id}"
    leave = None
    if member.leave is not None and member.leave_until is not None:
        words = _("On leave until %(day)s", day=member.leave_until.isoformat())
        leave = Figure(words, f"/leaves/show/{member.leave}", "grey")
    week = (found.monday, found.monday + WEEK)
    moved = rows("stage-moves", f"created_by:rel_o_m:{member.id}", "from_stage:nempty:", *on("at", *week))
    waits = rows("reviews", f"to:rel_o_m:{member.id}", "open:eq:1")
    more = panels.age(member.waits) if member.waits is not None else ""
    return Line(
        member.id,
        member.name,
        f"/employees/show/{member.employee}",
        _plan(member),
        f"/weekly-plans/show/{member.plan}" if member.plan is not None else rows("weekly-plans", who),
        _place(member.out, _out_since) if member.out is not None else None,
        leave,
        _place(member.next, _planned_for) if member.next is not None else None,
        _against(
            member.today, member.target_today, rows("contact-records", who, *on("at", found.day, found.day + DAY))
        ),
        _against(member.week, member.target_week, rows("contact-records", who, *on("at", *week))),
        Figure(str(member.moves), moved),
        Figure(str(member.guidance), waits, "red" if member.guidance else "", more),
    )


def _plan(member: Member) -> Badge:
    if member.plan is None:
        return Badge(_("None yet"), "red")
    workflow = WeeklyPlan.workflow
    return Badge(str(workflow.states[member.plan_state]), workflow.tones.get(member.plan_state, "grey"))


def _place(where: Place, when: Callable[[Place], str]) -> Figure:
    url = f"/outings/show/{where.id}" if where.kind == "outing" else f"/weekly-plans/show/{where.document}"
    return Figure(when(where), url, "", " · ".join(part for part in (where.customer, where.about) if part))


def _out_since(where: Place) -> str:
    assert where.at is not None
    at = clock.here(where.at)
    time = f"{at:%H:%M}" if at.date() == clock.here().date() else present.moment(where.at)
    return _("Out since %(time)s", time=time)


def _planned_for(where: Place) -> str:
    return present.moment(where.at) if where.at is not None else present.day(where.day)


def _against(count: int, target: Decimal | None, url: str) -> Figure:
    """A count, and what it is to be: green when it is reached."""
    if target is None:
        return Figure(str(count), url)
    tone = "green" if count >= target else ""
    return Figure(str(count), url, tone, _("of %(count)s", count=present.number(target, 4)))
