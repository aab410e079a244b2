"""Whom a mail goes to: users who are active and have a real e-mail address, with their name and language.

Read as plain columns: a job sees everybody, and so does a posting that has news for others than who posts.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from email_validator import EmailNotValidError, validate_email
from flask_appbuilder.security.sqla.models import Group, Role

from app.core.entity import User
from app.core.users import full_name
from app.domains.people.models import Employee

ADMINISTRATORS = ("Administrator", "Admin")
PURCHASERS = ("Purchaser",)


@dataclass(frozen=True)
class Recipient:
    """A user whom mails reach."""

    user_id: int
    name: str
    address: str
    locale: str


COLUMNS: tuple[Any, ...] = (
    User.id.label("user_id"),
    User.username,
    User.first_name,
    User.last_name,
    User.email,
    User.locale,
    Employee.email.label("employee_email"),
)
"""What ``recipient`` reads of a row, of users and their employees (an outer join)."""


def read(connection: sa.Connection, *where: Any) -> dict[int, Recipient]:
    """The users that ``where`` chooses, by id, as far as mails reach them.  One statement."""
    statement = (
        sa.select(*COLUMNS)
        .outerjoin(Employee, Employee.user_id == User.id)
        .where(User.active, *where)
        .order_by(User.id)
    )
    found = (recipient(row) for row in connection.execute(statement))
    return {each.user_id: each for each in found if each is not None}


def everyone(connection: sa.Connection, *where: Any) -> dict[int, Recipient]:
    """The users that ``where`` chooses, by id, with an empty address where no mail reaches them.  One statement."""
    statement = sa.select(*COLUMNS).outerjoin(Employee, Employee.user_id == User.id).where(User.active, *where)
    return {
        row.user_id: recipient(row) or Recipient(row.user_id, full_name(row), "", row.locale or "")
        for row in connection.execute(statement)
    }


def having_role(*names: str) -> Any:
    """The condition that a user has one of the roles called ``names``, by itself or by a group."""
    return sa.or_(User.roles.any(Role.name.in_(names)), User.groups.any(Group.roles.any(Role.name.in_(names))))


def recipient(row: Any) -> Recipient | None:
    """Whom ``row`` (with COLUMNS) is about; None when no mail reaches them.

    The employee's address goes before the account's.
    """
    address = next((text for text in (row.employee_email, row.email) if is_real(text)), None)
    return Recipient(row.user_id, full_name(row), address, row.locale or "") if address else None


def is_real(address: str | None) -> bool:
    """Whether ``address`` can be anybody's: not «admin@localhost»."""
    try:
        validate_email(address or "", check_deliverability=False, test_environment=True)
    except EmailNotValidError:
        return False
    return True
