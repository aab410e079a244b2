"""What the pages of the crm's records show besides their fields."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

import sqlalchemy as sa

from app.core import clock, db, identity
from app.core.i18n import current_locale
from app.core.i18n import gettext as _
from app.core.web import cards, present
from app.core.web.panels import Panel, panel
from app.domains.crm import pool, queries
from app.domains.crm.models import Opportunity
from app.domains.crm.standing import Met, Step


@dataclass(frozen=True)
class CriterionShown:
    """A criterion of a stage: ``tick`` is its id where it is ticked by hand, ``figure`` what was measured of a count."""

    name: str
    met: bool
    tick: int | None
    figure: str
    measure: str


@dataclass(frozen=True)
class StepShown:
    """A stage on the way: ``state`` is past, now or ahead; ``move_to`` its id where it can be moved there."""

    name: str
    state: str
    is_met: bool
    criteria: list[CriterionShown]


@dataclass(frozen=True)
class StandingShown:
    """How an opportunity stands, for its page.  ``tick_url`` is empty for whoever may not tick."""

    steps: list[StepShown]
    score: int
    out_of: int
    days: str
    is_stale: bool
    suggested: str
    suggested_id: int | None
    move_url: str
    tick_url: str
    next: str
    missing: list[str]


def _criterion(each: Met) -> CriterionShown:
    by_hand = each.criterion.kind == "manual"
    return CriterionShown(
        str(each.criterion),
        each.met,
        each.criterion.id if by_hand else None,
        "" if each.measured is None else str(each.measured),
        "" if by_hand else str(each.criterion.measure or ""),
    )


@panel("opportunities")
def how_it_stands(row: Any) -> Panel | None:
    """The stages, what is met of their criteria, and what that makes."""
    standing = row.standing
    here = standing.current
    if here is None:
        return None
    place = standing.steps.index(here)

    def state(step: Step, number: int) -> str:
        return "now" if step is here else "past" if number < place and here.stage.is_open else "ahead"

    open_steps = [(number, step) for number, step in enumerate(standing.steps) if step.stage.is_open or step is here]
    actor, key = identity.require(), type(row).permission_key()
    url = f"/opportunities/action/{{}}/{row.id}"
    limit = here.stage.max_days
    days = row.days_in_stage
    suggested = standing.suggested
    differs = suggested is not None and suggested.id != here.stage.id and here.stage.is_open
    ahead = differs and [step.stage for step in standing.steps].index(suggested) > place
    about = StandingShown(
        steps=[
            StepShown(str(step.stage), state(step, number), step.is_met, [_criterion(each) for each in step.criteria])
            for number, step in open_steps
        ],
        score=standing.score,
        out_of=standing.out_of,
        days=_("%(days)s of %(most)s days", days=days, most=limit) if limit else _("%(n)s days", n=days),
        is_stale=row.is_stale,
        suggested=str(suggested) if differs else "",
        suggested_id=suggested.id if ahead and suggested is not None else None,
        move_url=url.format("move") if actor.may("can_move", key) else "",
        tick_url=url.format("tick") if actor.may("can_tick", key) else "",
        next=str(standing.next.stage) if standing.next is not None else "",
        missing=[str(each.criterion) for each in standing.missing],
    )
    return Panel("standing", _("How it stands"), "kehu/panel_standing.html", about)


@dataclass(frozen=True)
class Glance:
    """A figure of a customer's page: ``tone`` «red» for what is overdue, ``url`` leads to what it counts; what is said of
    days in words is there in full for paper.
    """

    label: str
    figure: str
    caption: str = ""
    tone: str = ""
    url: str = ""
    figure_full: str = ""
    caption_full: str = ""


GlanceMaker = Callable[[Any], Glance | None]
GLANCES: list[GlanceMaker] = []
"""What is shown of a customer at a glance; upper layers add to it."""


def glance(maker: GlanceMaker) -> GlanceMaker:
    """Register what ``maker`` makes of a customer (None: nothing)."""
    GLANCES.append(maker)
    return maker


panel("contacts")(cards.panel)


@panel("customers")
def at_a_glance(row: Any) -> Panel | None:
    """When to be in contact next, what is open, where they are."""
    found = [each for maker in GLANCES if (each := maker(row)) is not None]
    return Panel("glance", _("At a glance"), "kehu/panel_glance.html", found) if found else None


def _sees_details(row: Any) -> bool:
    return identity.require().may(identity.SEE_DETAILS, type(row).domain())


@glance
def next_contact(row: Any) -> Glance | None:
    """The day of the next contact, in red when it has passed."""
    if not _sees_details(row):
        return None
    last, last_full = _("Never contacted"), ""
    if row.last_contact_on:
        last = _("Last: %(day)s", day=present.day(row.last_contact_on))
        last_full = _("Last: %(day)s", day=row.last_contact_on)
    on = row.next_contact_on
    if on is None:
        return Glance(_("Next contact"), _("Not planned"), last, caption_full=last_full)
    tone = "red" if on < clock.today() else ""
    return Glance(_("Next contact"), present.day(on), last, tone, figure_full=str(on), caption_full=last_full)


@glance
def return_to_pool(row: Any) -> Glance | None:
    """When the customer returns to the public pool, by the rules, unless somebody is in contact."""
    back = pool.returns(row) if _sees_details(row) else None
    if back is None:
        return None
    soon = back.warn_on <= clock.today()
    warned = min(back.warn_on, back.returns_on)
    return Glance(
        _("Back to the pool"),
        present.day(back.returns_on),
        _("Unless there is contact; warned from %(day)s", day=present.day(warned)),
        "red" if soon else "",
        figure_full=str(back.returns_on),
        caption_full=_("Unless there is contact; warned from %(day)s", day=warned),
    )


@glance
def open_opportunities(row: Any) -> Glance | None:
    """How many opportunities are open, and what they amount to.  One statement."""
    if not identity.require().may("can_list", Opportunity.permission_key()):
        return None
    mine = queries.open_opportunities().where(Opportunity.customer_id == row.id).subquery()
    count, amount = db.session.execute(sa.select(sa.func.count(), sa.func.sum(mine.c.amount)).select_from(mine)).one()
    asked = urlencode([("f", f"customer:rel_o_m:{row.id}"), ("f", "open:eq:1")])
    caption = present.number(amount, 2) if amount else ""
    return Glance(_("Open opportunities"), str(count), caption, url=f"/opportunities/list/?{asked}")


@glance
def place(row: Any) -> Glance | None:
    """Where they are, on a map that the reader's country knows: by degrees, or by the address."""
    chinese = current_locale().startswith("zh")
    if row.latitude is not None and row.longitude is not None and _sees_details(row):
        north, east = f"{row.latitude:f}", f"{row.longitude:f}"
        amap = "marker", {"position": f"{east},{north}", "name": str(row.name)}
        osm = "", {"mlat": north, "mlon": east}
    elif row.address:
        where = " ".join(part for part in (row.address, row.region) if part)
        amap = "search", {"keyword": where}
        osm = "search", {"query": where}
    else:
        return None
    base, (path, asked) = ("https://uri.amap.com/", amap) if chinese else ("https://www.openstreetmap.org/", osm)
    return Glance(_("Place"), _("Show on a map"), row.region or "", url=f"{base}{path}?{urlencode(asked)}")
