"""How departments, employees, holidays and leaves are shown."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from app.core import clock, handing
from app.core.entity import User
from app.core.fields import Field
from app.core.i18n import lazy_gettext as _l
from app.core.i18n import lazy_pgettext
from app.core.web.view import Done, EntityView, Part, Reading, RecordAction, Related, Sheet
from app.domains.people import handover
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


def _field(name: str, label: Any, kind: str = "text", help: Any = "", **more: Any) -> Field:
    return Field(Employee, name, name, kind, label, help, stored=False, **more)


@dataclass(frozen=True)
class KindShown:
    """A kind of rows in the preview of a handover; what follows another kind stands below it."""

    label: str
    going: int
    staying: int | None
    urls: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class PersonShown:
    """Somebody whose work can be handed over."""

    person: str
    department: str
    active: bool
    going: int
    url: str


def _preview(employee: Employee, _values: Mapping[str, Any], part: Part) -> Sheet:
    rows = [
        KindShown(
            f"↳ {each.label}" if each.follows else str(each.label),
            each.going,
            each.staying,
            {} if each.follows else {"label": f"/{each.name}/list/?f=owner:rel_o_m:{employee.user_id}"},
        )
        for each in handover.preview(employee)
    ]
    fields = (
        _field("label", _l("What")),
        _field("going", _l("Is handed over"), "integer"),
        _field("staying", _l("Stays"), "integer"),
    )
    return Sheet(fields, rows[part.offset : part.offset + part.size], len(rows))


def _people(_row: Any, _values: Mapping[str, Any], part: Part) -> Sheet:
    found = handover.people()
    rows = [
        PersonShown(
            each.person,
            str(each.department),
            bool(each.active and each.user.active),
            going,
            f"/employees/look/handover/{each.id}",
        )
        for each, going in found[part.offset : part.offset + part.size]
    ]
    fields = (
        _field("person", _l("Employee")),
        _field("department", _l("Department")),
        _field("active", lazy_pgettext("employee", "Active"), "bool"),
        _field("going", _l("To hand over"), "integer"),
    )
    return Sheet(fields, rows, len(found))


def _heirs() -> Field:
    return _field(
        "to",
        _l("Hand over to"),
        "relations",
        _l("Several take turns; what belongs together stays together"),
        target=User,
    )


def _without() -> Field:
    return _field("without", _l("Leave where it is"), "choices", choices=handing.Labels())


def _why() -> Field:
    return _field("reason", _l("Reason"), "longtext")


def _hand_over(employee: Employee, values: Mapping[str, Any]) -> Done:
    done = handover.hand_over(employee, values["to"], values["without"] or (), values["reason"])
    return Done(employee, done.message, {"run": done.run.id, "done": done.count})


HANDOVER = RecordAction(
    handing.DEED,
    _l("Hand over"),
    _hand_over,
    fields=(_heirs, _without, _why),
    required=("to",),
    shown=lambda _row: False,  # the page that shows what there is asks for it
    primary=True,
)


class EmployeeView(EntityView, model=Employee):
    icon = "users"
    columns = ("user", "department", "job_title", "mobile", "email", "hired_on", "active")
    fieldsets = (
        (lazy_pgettext("employee", "Place"), ("user", "department", "job_title", "hired_on", "active")),
        (_l("How to reach them"), ("mobile", "email")),
    )
    sort = "department"
    actions = (HANDOVER,)
    readings = (
        Reading(
            "handovers",
            _l("Handover"),
            _people,
            operation=handing.DEED,
            help=_l("Whose work is to go to others: choose who leaves."),
        ),
        Reading(
            handing.DEED,
            _l("Hand over the work"),
            _preview,
            of_row=True,
            operation=handing.DEED,
            action=handing.DEED,
            help=_l("What is closed stays with whoever closed it; who wrote what stays as it is. You can undo it."),
            shown=lambda row: handover.may_hand_over(row.user_id),
        ),
    )
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
