"""Reads of the company's people: who works here, and who leads whom."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import sqlalchemy as sa

from app.core import db, identity
from app.core.entity import User
from app.core.identity import Actor
from app.domains.people.models import Department, Employee

LED = "people.led"  # where an actor keeps what was read for it
LED_USERS = "people.led_users"


def at_work(*columns: Any) -> sa.Select[Any]:
    """Who works here now: ``columns`` of their accounts and employees, with ``department_id`` and the name of their
    ``department``, by that and by their names.
    """
    return (
        sa.select(*columns, Employee.department_id, Department.name.label("department"))
        .join_from(User, Employee, Employee.user_id == User.id)
        .join(Department, Department.id == Employee.department_id)
        .where(User.active, Employee.active)
        .order_by(Department.name, Department.id, User.last_name, User.first_name, User.id)
    )


def departments_led(actor: Actor) -> Collection[int]:
    """The ids of the departments that ``actor`` manages and of all below.  Read once for each actor."""
    if LED not in actor.cache:
        actor.cache[LED] = _read_led(actor.user_id)
    return actor.cache[LED]


def _read_led(user_id: int | None) -> Collection[int]:
    if user_id is None:
        return ()
    # Core, not ORM: this is asked while the scope of an ORM statement is being made.
    statement = sa.select(*(sa.inspect(Department).columns[name] for name in ("id", "parent_id", "manager_id")))
    below: dict[int | None, list[int]] = {}
    waiting: list[int] = []
    for id_, parent_id, manager_id in db.session.connection().execute(statement):
        below.setdefault(parent_id, []).append(id_)
        if manager_id == user_id:
            waiting.append(id_)
    led: set[int] = set()
    while waiting:
        id_ = waiting.pop()
        # Each once: a circle of departments ends here.
        if id_ not in led:
            led.add(id_)
            waiting += below.get(id_, ())
    return sorted(led)


def users_led(actor: Actor) -> sa.Select[tuple[int]] | None:
    """The ids of the users who work, or worked, in a department that ``actor`` leads; None without one."""
    departments = departments_led(actor)
    if not departments:
        return None
    employees: Any = sa.inspect(Employee).columns
    return sa.select(employees["user_id"]).where(employees["department_id"].in_(departments))


def leads(actor: Actor, user_id: int | None) -> bool:
    """Whether ``actor`` is a superior of the user: manages its department or one above."""
    if LED_USERS not in actor.cache:
        users = users_led(actor)
        actor.cache[LED_USERS] = set() if users is None else set(db.session.connection().execute(users).scalars())
    return user_id in actor.cache[LED_USERS]


def may_lead(user_id: int | None, domain: str) -> bool:
    """Whether who acts now may judge the user's work: a superior, or one who may change all of it.

    Nobody judges their own.
    """
    actor = identity.require()
    if actor.user_id is not None and actor.user_id == user_id:
        return False
    return actor.may(identity.CHANGE_ALL, domain) or leads(actor, user_id)
