"""One's own week: what is planned for each day, and what is offered to be planned: what last week left over, and the
customers that are due.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import joinedload, selectinload

from app.core import clock, crud, db, identity
from app.core.errors import Invalid, NotVisible
from app.core.i18n import gettext as _
from app.domains.activities import actual
from app.domains.activities.models import Review, WeeklyPlan
from app.domains.activities.models.plans import WeeklyPlanLine
from app.domains.crm import pool
from app.domains.crm.models import Customer

DAYS = 7
WEEK = timedelta(days=DAYS)
OFFERED = 40  # customers that are offered at once


@dataclass(frozen=True)
class Offer:
    """A customer that is due: ``why`` in words, ``on`` the day it is due (None: any), ``late`` when that has passed."""

    customer: Customer
    why: str
    on: date | None = None
    late: bool = False


def plan_of(week: date, *, lock: bool = False) -> WeeklyPlan | None:
    """The actor's plan of the week of ``week``, with its lines; None without one."""
    statement = (
        sa.select(WeeklyPlan)
        .where(WeeklyPlan.owner_id == (identity.user_id() or 0), WeeklyPlan.week == clock.monday_of(week))
        .options(selectinload(WeeklyPlan.lines).joinedload(WeeklyPlanLine.customer))
    )
    return db.session.scalars(db.locked(statement, WeeklyPlan) if lock else statement).unique().one_or_none()


def add(week: date, lines: Iterable[Mapping[str, Any]]) -> WeeklyPlan:
    """Put ``lines`` (by field) at the end of the actor's plan of the week, which is made when there is none.

    Raises NotPermitted, Conflict (the plan has been submitted), Invalid with the faults of the first bad line by field.
    """
    new = [dict(line) for line in lines]
    plan = plan_of(week, lock=True)
    with _by_field():
        if plan is None:
            return crud.create(WeeklyPlan, {"week": clock.monday_of(week), "lines": new})
        return crud.update(plan, {"lines": [*({"id": line.id} for line in plan.lines), *new]})


def change(week: date, line_id: int, values: Mapping[str, Any] | None) -> WeeklyPlan:
    """Give a line of the actor's plan new ``values`` (by field), or with None take it out.  Raises NotVisible, and as
    ``add``.
    """
    plan = plan_of(week, lock=True)
    if plan is None or all(line.id != line_id for line in plan.lines):
        raise NotVisible()
    lines = [
        {"id": line.id, **(values or {} if line.id == line_id else {})}
        for line in plan.lines
        if values is not None or line.id != line_id
    ]
    with _by_field():
        return crud.update(plan, {"lines": lines})


def write(week: date, texts: Mapping[str, Any]) -> WeeklyPlan:
    """Write what the actor's week is for, its summary or suggestion; without a plan one is made.  Raises as ``add``."""
    plan = plan_of(week, lock=True)
    if plan is None:
        return crud.create(WeeklyPlan, {"week": clock.monday_of(week), **texts})
    return crud.update(plan, dict(texts))


def left_over(week: date, plan: WeeklyPlan | None) -> list[WeeklyPlanLine]:
    """What the actor planned for the week before ``week`` and has not done: to be taken over, unless it was already into
    the ``plan`` of ``week``.  One statement.
    """
    statement = (
        actual.planned(clock.monday_of(week) - WEEK, WeeklyPlanLine)
        .where(WeeklyPlan.owner_id == (identity.user_id() or 0))
        .options(joinedload(WeeklyPlanLine.customer))
    )
    found = [row.WeeklyPlanLine for row in actual.still_open(db.session.execute(statement))]
    taken = {(line.customer_id, line.kind, line.goal) for line in plan.lines} if plan is not None else set()
    return [line for line in found if (line.customer_id, line.kind, line.goal) not in taken]


def take_over(week: date, ids: Collection[int]) -> WeeklyPlan:
    """Plan what was left over again, each on the same day of the week, or today when that has passed.

    Raises Invalid when nothing is chosen, NotVisible for a line that is not left over, Conflict.
    """
    if not ids:
        raise Invalid({"lines": [_("Choose what to take over.")]})
    lines = {line.id: line for line in left_over(week, plan_of(week))}
    if not set(ids) <= set(lines):
        raise NotVisible()
    today, monday = clock.today(), clock.monday_of(week)
    last = monday + timedelta(days=DAYS - 1)
    return add(
        week,
        [
            {
                "planned_on": min(max(monday + (lines[pk].planned_on - monday) % WEEK, today), last),
                "customer": lines[pk].customer_id,
                "kind": lines[pk].kind,
                "goal": lines[pk].goal,
            }
            for pk in lines
            if pk in set(ids)
        ],
    )


def due(week: date, plan: WeeklyPlan | None) -> list[Offer]:
    """The actor's customers that are due by the end of the week and not in the ``plan`` of it: whose next contact comes,
    that return to the pool, or that are dormant; the most urgent first.
    """
    monday = clock.monday_of(week)
    last = monday + timedelta(days=DAYS - 1)
    planned = {line.customer_id for line in plan.lines if line.customer_id} if plan is not None else set()
    mine = Customer.owner_id == (identity.user_id() or 0)
    found: dict[int, Offer] = {}

    def read(*where: Any) -> list[Customer]:
        statement = sa.select(Customer).where(mine, Customer.id.not_in(planned | set(found)), *where)
        statement = statement.order_by(Customer.next_contact_on.is_(None), Customer.next_contact_on, Customer.id)
        return list(db.session.scalars(statement.limit(OFFERED)).unique())

    today = clock.today()
    for each in read(Customer.next_contact_on.is_not(None), Customer.next_contact_on <= last):
        on = each.next_contact_on
        found[each.id] = Offer(each, _("Next contact on %(day)s", day=on), on, on is not None and on < today)
    returning = {each.id: each for each in pool.due_of(identity.user_id() or 0, last)}
    for each in read(Customer.id.in_(list(returning)[: OFFERED * 2])) if returning else ():
        back = returning[each.id].returns_on
        found[each.id] = Offer(each, _("Returns to the pool on %(day)s", day=back), back, back <= last)
    for each in read(Customer.status == "dormant"):
        found[each.id] = Offer(each, _("Dormant"))
    offers = sorted(found.values(), key=lambda offer: (offer.on is None, offer.on or last, offer.customer.id))
    return offers[:OFFERED]


def guidance_open(customers: Collection[int]) -> dict[int, list[Review]]:
    """What was said of contacts with ``customers`` and waits for an answer, as far as the actor sees it, by customer."""
    found: dict[int, list[Review]] = {}
    if customers:
        statement = (
            sa.select(Review)
            .where(Review.customer_id.in_(customers), Review.requires_answer.is_(True), Review.answered.is_(False))
            .options(joinedload(Review.author))
            .order_by(Review.id)
        )
        for review in db.session.scalars(statement).unique():
            found.setdefault(review.customer_id or 0, []).append(review)
    return found


@contextmanager
def _by_field() -> Iterator[None]:
    """Within the block the faults of a line are told by its fields: «lines.3.goal» as «goal»."""
    try:
        yield
    except Invalid as error:
        told = {name.rpartition(".")[2]: said for name, said in error.errors.items()}
        raise Invalid(told, error.message) from None
