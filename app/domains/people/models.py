"""Who works here: the tree of departments, employees, holidays and leaves."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, relationship

from app.core import clock, identity, scope
from app.core.entity import Entity, User, column, is_own_ancestor, pointed_at, reference
from app.core.i18n import gettext as _
from app.core.i18n import lazy_gettext as _l
from app.core.i18n import lazy_pgettext
from app.core.types import Day, Email, Flag, Money, Name, Note, Phone, Word


class Department(Entity):
    """A part of the company.  Its manager, and those of every department above, lead its employees."""

    __tablename__ = "departments"
    resource = "departments"
    label, labels = _l("Department"), _l("Departments")
    keys = ("name",)
    synonyms = {
        "name": ("部门", "部门名称", "department name"),
        "parent": ("上级部门", "parent department"),
        "manager": ("经理", "部门经理", "负责人", "head"),
    }

    name: Mapped[Name] = column(_l("Name"), unique=True)
    parent_id: Mapped[int | None] = reference("departments.id", _l("Belongs to"), help=_l("The department above"))
    manager_id: Mapped[int | None] = reference(
        "ab_user.id", _l("Manager"), help=_l("Sees and reviews the work of everyone here and below")
    )

    parent: Mapped[Department | None] = relationship(remote_side="Department.id", foreign_keys=[parent_id])
    manager: Mapped[User | None] = relationship(User, foreign_keys=[manager_id])

    def faults(self) -> dict[str, list[str]]:
        if is_own_ancestor(self):
            return {"parent": [_("A department can't belong to itself or to one below it.")]}
        return {}


class Employee(Entity):
    """A person with a place in the company: one for each user who works here."""

    __tablename__ = "employees"
    resource = "employees"
    label, labels = _l("Employee"), _l("Employees")
    keys = ("user",)
    searched = ("person", "job_title")
    synonyms = {
        "user": ("员工", "姓名", "用户名", "employee", "username"),
        "department": ("部门", "所属部门"),
        "job_title": ("职务", "职位", "岗位", "title", "position"),
        "mobile": ("手机", "手机号", "mobile phone", "cell phone"),
        "email": ("邮箱", "电子邮箱", "e-mail"),
        "hired_on": ("入职日期", "hire date"),
        "active": ("在职",),
    }

    user_id: Mapped[int] = reference(
        "ab_user.id", _l("User"), unique=True, help=_l("The account this person logs in with")
    )
    department_id: Mapped[int] = reference("departments.id", _l("Department"))
    job_title: Mapped[Word | None] = column(_l("Job title"))
    mobile: Mapped[Phone | None] = column(_l("Mobile"), needs=identity.SEE_DETAILS)
    email: Mapped[Email | None] = column(_l("E-mail"), needs=identity.SEE_DETAILS)
    hired_on: Mapped[Day | None] = column(_l("Hired on"), needs=identity.SEE_DETAILS)
    active: Mapped[Flag] = column(
        lazy_pgettext("employee", "Active"), default=True, help=_l("Somebody who has left keeps their history")
    )

    user: Mapped[User] = relationship(User, foreign_keys=[user_id])
    department: Mapped[Department] = relationship(Department, foreign_keys=[department_id])

    def __str__(self) -> str:
        return self.person

    @property
    def person(self) -> str:
        """The employee's name, which is kept with the user."""
        return str(pointed_at(self, "user") or "")

    def fact(self) -> str:
        return self.job_title or ""


METRICS = {
    "orders": _l("Orders"),
    "receipts": _l("Receipts"),
    "new_customers": _l("New customers"),
    "contacts": _l("Contacts made"),
}


class Target(Entity):
    """What somebody is to reach in a month: an amount in the base currency, or a number of contacts or new customers."""

    __tablename__ = "targets"
    __table_args__ = (sa.UniqueConstraint("owner_id", "metric", "month"),)
    resource = "targets"
    label, labels = _l("Target"), _l("Targets")
    scope = scope.own_rows()
    keys = ("owner", "metric", "month")
    searched = ("person",)
    synonyms = {
        "owner": ("员工", "负责人", "employee"),
        "metric": ("指标", "目标类型"),
        "month": ("月份", "目标月份"),
        "amount": ("目标", "目标值", "target"),
    }

    owner_id: Mapped[int] = reference("ab_user.id", lazy_pgettext("target", "Who"))
    metric: Mapped[Word] = column(_l("Of what"), choices=METRICS)
    month: Mapped[Day] = column(_l("Month"), help=_l("Any day of the month; it is kept as its first"), spans="month")
    amount: Mapped[Money] = column(_l("Target"), minimum=0, summed=False)

    owner: Mapped[User] = relationship(User, foreign_keys=[owner_id])

    def __str__(self) -> str:
        return (
            f"{self.person} {METRICS.get(self.metric, self.metric)} {self.month:%Y-%m}" if self.month else self.person
        )

    @classmethod
    def handed_on(cls) -> None:
        """It is the person's own: it stays."""

    @property
    def person(self) -> str:
        """Whose target it is."""
        return str(pointed_at(self, "owner") or "")

    def fill(self) -> None:
        if self.month is not None:
            self.month = self.month.replace(day=1)


class Holiday(Entity):
    """A day on which the company rests, or a day of the weekend on which it works instead."""

    __tablename__ = "holidays"
    resource = "holidays"
    label, labels = _l("Holiday"), _l("Holidays")
    keys = ("date",)
    synonyms = {
        "date": ("日期", "day"),
        "name": ("节假日", "节日", "holiday"),
        "is_workday": ("调休", "上班", "workday"),
    }

    date: Mapped[Day] = column(_l("Date"), default=clock.today, unique=True)
    name: Mapped[Name] = column(_l("Name"))
    is_workday: Mapped[Flag] = column(
        _l("Working day"), default=False, help=_l("A day of the weekend worked in exchange")
    )

    def __str__(self) -> str:
        return f"{self.date} {self.name}"


class Leave(Entity):
    """Days on which somebody is away: reminders leave them in peace."""

    __tablename__ = "leaves"
    __table_args__ = (sa.UniqueConstraint("owner_id", "starts_on"),)
    resource = "leaves"
    label, labels = _l("Leave"), _l("Leaves")
    scope = scope.own_rows()
    keys = ("owner", "starts_on")
    searched = ("person", "reason")
    synonyms = {
        "owner": ("请假人", "员工", "employee"),
        "starts_on": ("开始日期", "from", "start date"),
        "ends_on": ("结束日期", "to", "until", "end date"),
        "reason": ("事由", "请假事由"),
    }

    owner_id: Mapped[int] = reference("ab_user.id", _l("Who"))
    starts_on: Mapped[Day] = column(_l("First day"), default=clock.today)
    ends_on: Mapped[Day] = column(_l("Last day"))
    reason: Mapped[Note | None] = column(_l("Reason"))

    owner: Mapped[User] = relationship(User, foreign_keys=[owner_id])

    def __str__(self) -> str:
        return f"{self.person} {self.starts_on}"

    @property
    def person(self) -> str:
        """Who is away."""
        return str(pointed_at(self, "owner") or "")

    def faults(self) -> dict[str, list[str]]:
        if self.starts_on and self.ends_on and self.ends_on < self.starts_on:
            return {"ends_on": [_("The last day can't be before the first.")]}
        return {}
