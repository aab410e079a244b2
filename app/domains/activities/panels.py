"""What the pages of plans, records, outings and opportunities show besides their fields."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

import sqlalchemy as sa
from sqlalchemy.orm import joinedload

from app.core import clock, db, identity
from app.core.i18n import gettext as _
from app.core.i18n import ngettext
from app.core.web import present
from app.core.web.panels import Panel, panel
from app.domains.activities import actual
from app.domains.activities.models import Review, WeeklyPlan
from app.domains.activities.models.reviews import GUIDED
from app.domains.crm.panels import Glance, glance
from app.domains.people.queries import may_lead

MOST = 200  # customers that are asked about at once


@dataclass(frozen=True)
class Guided:
    """One piece of guidance: ``age`` says how long it has waited, empty for what waits for nothing."""

    who: str
    when: str
    words: str
    answer: str
    answered: str
    age: str
    url: str
    at: str
    answered_at: str


@dataclass(frozen=True)
class Waiting:
    """Guidance that waits: about whom, for whom, and the words."""

    customer: str
    to: str
    is_mine: bool
    said: Guided


@dataclass(frozen=True)
class Guidance:
    """What superiors said of a row, and where to say more (empty for whoever may not); of a plan also what waits for an
    answer about the customers that it names.
    """

    said: list[Guided]
    give_url: str
    waiting: list[Waiting]


def age(days: int) -> str:
    """How long something has waited, in words."""
    return _("since today") if not days else ngettext("for %(num)s day", "for %(num)s days", days)


def shown(review: Review) -> Guided:
    """``review`` as pages show it."""
    return Guided(
        str(review.author),
        present.moment(review.created_on),
        review.body,
        review.answer or "",
        present.moment(review.answered_at) if review.answered_at is not None else "",
        age(review.age) if review.age is not None else "",
        f"/reviews/show/{review.id}",
        present.exact(review.created_on),
        present.exact(review.answered_at) if review.answered_at is not None else "",
    )


def guidance(row: Any) -> Panel | None:
    """What superiors said of ``row``.  One statement, and one to know whom the reader leads."""
    actor = identity.require()
    if not actor.may("can_list", Review.permission_key()):
        return None
    here = sa.and_(Review.record_resource == type(row).resource, Review.record_id == row.id)
    named = _named(row)
    statement = sa.select(Review).where(sa.or_(here, _waits_on(named)) if named else here).order_by(Review.id)
    loaded = (Review.author, Review.to, Review.customer) if named else (Review.author,)
    found = db.session.scalars(statement.options(*(joinedload(each) for each in loaded))).unique().all()
    said = [shown(each) for each in found if (each.record_resource, each.record_id) == (type(row).resource, row.id)]
    others = [
        _waiting(each) for each in found if (each.record_resource, each.record_id) != (type(row).resource, row.id)
    ]
    may_give = actor.may("can_add", Review.permission_key()) and may_lead(row.owner_id, type(row).domain())
    name = row.record_name()
    url = f"/reviews/add?{urlencode({'record': name, 'next': f'/{type(row).resource}/show/{row.id}'})}"
    if not said and not others and not may_give:
        return None
    return Panel("guidance", _("Guidance"), "kehu/panel_guidance.html", Guidance(said, url if may_give else "", others))


def _named(row: Any) -> list[int]:
    """The customers (ids) that a plan names, until it is reviewed."""
    if not isinstance(row, WeeklyPlan) or row.state == "reviewed":
        return []
    return _some(line.customer_id for line in row.lines)


def _some(customers: Iterable[int | None]) -> list[int]:
    return sorted({pk for pk in customers if pk})[:MOST]


def _waits_on(customers: list[int]) -> Any:
    """The condition that guidance is on one of ``customers`` and waits for an answer."""
    return sa.and_(Review.customer_id.in_(customers), Review.requires_answer.is_(True), Review.answered.is_(False))


def _waiting(review: Review) -> Waiting:
    customer = review.customer.name if review.customer is not None else ""
    return Waiting(customer, str(review.to), review.to_id == identity.user_id(), shown(review))


def waiting(customers: Iterable[int]) -> list[Waiting]:
    """The guidance on any of ``customers`` (ids) that waits for an answer, as far as the reader sees it.  One statement."""
    wanted = _some(customers)
    if not wanted or not identity.require().may("can_list", Review.permission_key()):
        return []
    loaded = (joinedload(each) for each in (Review.author, Review.to, Review.customer))
    statement = sa.select(Review).where(_waits_on(wanted)).options(*loaded).order_by(Review.id)
    return [_waiting(each) for each in db.session.scalars(statement).unique()]


@dataclass(frozen=True)
class Day:
    """A day of a plan: ``entries`` are what was planned for it and what was done."""

    name: str
    day: str
    is_today: bool
    entries: list[Any]


@dataclass(frozen=True)
class Week:
    """A week by days, with how many things of it were done, missed and so on: (label, number, tone)."""

    days: list[Day]
    counts: list[tuple[str, int, str]]


@panel("weekly-plans")
def week_of(row: Any) -> Panel | None:
    """The plan by days, and what came of it."""
    found = actual.of([row])[row.id]
    if not found:
        return None
    days = sorted({each.day for each in found})
    counted = actual.counts(found)
    about = Week(
        [
            Day(present.day(day), str(day), day == clock.today(), [each for each in found if each.day == day])
            for day in days
        ],
        [(str(label), counted[name], actual.TONES[name]) for name, label in actual.WHAT.items() if counted[name]],
    )
    return Panel("week", _("The week by days"), "kehu/panel_week.html", about)


for resource in GUIDED:
    panel(resource)(guidance)


@glance
def guided(row: Any) -> Glance | None:
    """Guidance about the customer that waits for an answer."""
    if not identity.require().may("can_list", Review.permission_key()):
        return None
    open_ones = (
        sa.select(sa.func.count())
        .select_from(Review)
        .where(Review.customer_id == row.id, Review.requires_answer.is_(True), Review.answered.is_(False))
    )
    count = db.session.scalar(open_ones) or 0
    if not count:
        return None
    asked = urlencode([("f", f"customer:rel_o_m:{row.id}"), ("f", "open:eq:1")])
    return Glance(_("Guidance to answer"), str(count), tone="red", url=f"/reviews/list/?{asked}")
