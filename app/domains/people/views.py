"""How departments, employees, holidays and leaves are shown."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from app.core import clock
from app.core.i18n import lazy_gettext as _l
from app.core.i18n import lazy_pgettext
from app.core.web.view import EntityView, Related
from app.domains.people.models import Department, Employee, Holiday, Leave, Target


class DepartmentView(EntityView, model=Department):
    icon = "people"
    columns = ("name", "parent", "manager")
    fieldsets = (("", ("name", "parent", "manager")),)
    sort = "name"
    related = (
        Related("employees", "department", columns=("user", "job_title", "mobile", "active")),
        Related("departments", "parent", label=_l("Departments below"), columns=("name", "manager")),
    )
    help = _l("A manager sees and reviews the work of everyone in the department and in those below it.")
    empty = _l("Add the company itself first, then the departments below it, each with its manager.")


class EmployeeView(EntityView, model=Employee):
    icon = "users"
    columns = ("user", "department", "job_title", "mobile", "email", "hired_on", "active")
    fieldsets = (
        (lazy_pgettext("employee", "Place"), ("user", "department", "job_title", "hired_on", "active")),
        (_l("How to reach them"), ("mobile", "email")),
    )
    sort = "department"
    help = _l("Who works in which department. It decides who leads whom.")
    empty = _l("Make an account for each person under Users, then give it a department here.")


class TargetView(EntityView, model=Target):
    icon = "target"
    columns = ("owner", "metric", "month", "amount")
    fieldsets = (("", ("owner", "metric", "month", "amount")),)
    sort = "-month"
    help = _l("What each is to reach in a month. The team's page shows how far they are.")
    empty = _l("Set the first: so many contacts a month, or so much in orders.")

    @classmethod
    def defaults(cls) -> Mapping[str, Any]:
        return {"month": clock.today().replace(day=1)}


class HolidayView(EntityView, model=Holiday):
    icon = "calendar"
    columns = ("date", "name", "is_workday")
    fieldsets = (("", ("date", "name", "is_workday")),)
    sort = "-date"
    help = _l("Days on which no reminders are sent, and the days of a weekend that are worked in exchange.")
    empty = _l("Add the year's public holidays, or import them from a file with the columns Date and Name.")


class LeaveView(EntityView, model=Leave):
    icon = "sun"
    columns = ("starts_on", "ends_on", "owner", "reason")
    fieldsets = (("", ("owner", "starts_on", "ends_on", "reason")),)
    sort = "-starts_on"
    help = _l("Whoever is away gets no reminders.")
    empty = _l("Enter the days on which you will be away.")
