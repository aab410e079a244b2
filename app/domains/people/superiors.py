"""Whom a mail about somebody's work goes to: the nearest superior whom mails reach."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

import sqlalchemy as sa

from app.core.entity import User
from app.domains.people import recipients
from app.domains.people.models import Department, Employee
from app.domains.people.recipients import Recipient


class Superiors:
    """The tree of departments with their managers: ``reached`` are those whom mails reach, by user id."""

    def __init__(self, departments: Mapping[int, Any], reached: Mapping[int, Recipient]) -> None:
        self.departments = departments
        self.reached = reached

    @classmethod
    def load(cls, connection: sa.Connection) -> Superiors:
        """The tree as it is now.  Two statements."""
        names = (Department.id, Department.parent_id, Department.manager_id)
        departments = {row.id: row for row in connection.execute(sa.select(*names))}
        managers = {row.manager_id for row in departments.values() if row.manager_id is not None}
        return cls(departments, recipients.read(connection, User.id.in_(managers)) if managers else {})

    def of(self, user_id: int, department_id: int | None) -> int | None:
        """The id of the nearest manager up the tree from the department who is not the user and whom mails reach: a list
        must not end with somebody who has left.
        """
        seen: set[int] = set()
        department = self.departments.get(department_id or 0)
        while department is not None and department.id not in seen:
            seen.add(department.id)
            if department.manager_id in self.reached and department.manager_id != user_id:
                return int(department.manager_id)
            department = self.departments.get(department.parent_id)
        return None


def superiors_of(connection: sa.Connection, user_ids: Collection[int]) -> dict[int, Recipient]:
    """The nearest superior whom mails reach, of users who work here, by their ids.  Three statements."""
    statement = sa.select(Employee.user_id, Employee.department_id).where(Employee.user_id.in_(user_ids))
    places = dict(connection.execute(statement).tuples().all())
    tree = Superiors.load(connection)
    above = {user_id: tree.of(user_id, place) for user_id, place in places.items()}
    return {user_id: tree.reached[superior] for user_id, superior in above.items() if superior is not None}
