"""What somebody still means to do at a customer goes with the customer: open lines of weekly plans, of this week and later,
come into the new owner's plan of the same week.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from typing import Any

import sqlalchemy as sa

from app.core import audit, clock, crud, db, giving, identity
from app.core.exchange.keeping import Wrote, added, moved
from app.core.i18n import lazy_gettext as _l
from app.domains.activities import actual
from app.domains.activities.models import WeeklyPlan, WeeklyPlanLine
from app.domains.crm.companions import Companion, Moves, goes_along
from app.domains.crm.models import Customer

OPEN = ("draft", "submitted")  # states of a plan that lines leave and come to


def take_along(moves: Moves) -> list[Wrote]:
    """Let the open lines about the customers of ``moves`` go into the plans of their new owner, one made for each week
    without; they stay where that owner's week is reviewed already.
    """
    found: dict[date, list[Any]] = defaultdict(list)
    for owner_id, customers in moves.customers.items():
        for start in range(0, len(customers), giving.AT_ONCE):
            about = _line_columns()["customer_id"].in_(customers[start : start + giving.AT_ONCE])
            for line in _open_lines(owner_id, about, lock=True):
                found[line.week].append(line)
    if not found:
        return []
    wrote: list[Wrote] = []
    actor = identity.require()
    # The new owner's plan need not be the actor's to write: giving the customers was.
    with identity.acting_as(replace(actor, is_system=True, cache={})):
        for week, lines in sorted(found.items()):
            plan, is_new = _plan_of(moves.to, week)
            if plan is None:
                continue
            moving = _move(lines, plan.id, moves.reason)
            _touch([plan.id, *{line.document_id for line in lines}])
            db.session.refresh(plan)
            wrote += [added(plan), *moving] if is_new else moving
    db.session().expire_all()
    return wrote


def count(user_id: int) -> int:
    """How many open lines about customers of the user go with these."""
    customers: Any = sa.inspect(Customer).local_table
    theirs = sa.select(customers.c.id).where(customers.c.owner_id == user_id)
    return len(_open_lines(user_id, _line_columns()["customer_id"].in_(theirs)))


def _line_columns() -> Any:
    return sa.inspect(WeeklyPlanLine).local_table.c


def _open_lines(user_id: int, about: sa.ColumnElement[bool], *, lock: bool = False) -> list[Any]:
    """What the user planned ``about`` customers for this week and later and has not done, in the order of the plans."""
    lines, plans = _line_columns(), sa.inspect(WeeklyPlan).local_table.c
    statement = actual.planned(clock.monday_of(clock.today()), lines.position, plans.week, later=True).where(
        plans.owner_id == user_id, plans.state.in_(OPEN), about
    )
    if lock:
        statement = statement.with_for_update(of=(lines.id.table, plans.id.table))
    found = actual.still_open(db.session.connection().execute(statement))
    return sorted(found, key=lambda line: (line.week, line.position, line.id))


def _plan_of(user_id: int, week: date) -> tuple[WeeklyPlan | None, bool]:
    """The user's plan of the week, and whether it was made now; None when it takes no more lines."""
    wanted = sa.select(WeeklyPlan).where(WeeklyPlan.owner_id == user_id, WeeklyPlan.week == week)
    plan = db.session.scalars(db.locked(wanted, WeeklyPlan)).unique().one_or_none()
    if plan is not None:
        return (plan if plan.state in OPEN else None), False
    plan = WeeklyPlan(owner_id=user_id, week=week)
    db.session.add(plan)
    crud.flush()
    return plan, True


def _move(lines: Sequence[Any], plan_id: int, reason: str) -> list[Wrote]:
    columns, connection = _line_columns(), db.session.connection()
    table = columns.id.table
    last = sa.select(sa.func.max(columns.position)).where(columns.document_id == plan_id)
    position = connection.execute(last).scalar()
    wrote = []
    for number, line in enumerate(lines, 0 if position is None else position + 1):
        connection.execute(sa.update(table).where(columns.id == line.id).values(document_id=plan_id, position=number))
        wrote.append(moved(table, line.id, {"document_id": line.document_id}, {"document_id": plan_id}))
        wrote.append(moved(table, line.id, {"position": line.position}, {"position": number}))
    concerned = [plan_id, *sorted({line.document_id for line in lines})]
    audit.note_all(connection, [(f"{WeeklyPlan.resource}/{each}", "transfer", {}) for each in concerned], reason)
    return wrote


def _touch(plan_ids: Sequence[int]) -> None:
    """Raise the versions of plans whose lines changed: who edits one at this moment is told."""
    plans = sa.inspect(WeeklyPlan).local_table
    values = {"version": plans.c.version + 1, "changed_on": clock.now(), "changed_by_id": identity.user_id()}
    db.session.connection().execute(sa.update(plans).where(plans.c.id.in_(plan_ids)).values(values))


goes_along(Companion("plans", _l("Plans of this week and later"), take_along, count))
