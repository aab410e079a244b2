"""Outings: who is out, since when, where and with whom."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, object_session, relationship

from app.core import clock, scope
from app.core.entity import Entity, User, column, pointed_at, reference
from app.core.i18n import gettext as _
from app.core.i18n import lazy_gettext as _l
from app.core.i18n import lazy_pgettext
from app.core.types import Moment, Name, Note, Word
from app.domains.activities.models.plans import WeeklyPlanLine
from app.domains.crm.models import Customer
from app.domains.crm.models.customers import Degrees

PLANNED, OUT, BACK, CANCELLED = "planned", "out", "back", "cancelled"
STATES = {
    PLANNED: lazy_pgettext("outing", "Planned"),
    OUT: lazy_pgettext("outing", "Out"),
    BACK: lazy_pgettext("outing", "Back"),
    CANCELLED: lazy_pgettext("outing", "Cancelled"),
}
TONES = {PLANNED: "blue", OUT: "amber", BACK: "green", CANCELLED: "grey"}
STEADY = {OUT: ("owner_id", "customer_id"), BACK: ("owner_id", "customer_id", "leave_at")}
"""What stays as it was while somebody is out, and once they are back."""


class Outing(Entity):
    """Somebody leaves the office: to a customer, whom a contact record tells of afterwards, or on another errand."""

    __tablename__ = "outings"
    resource = "outings"
    label, labels = _l("Outing"), _l("Outings")
    scope = scope.with_customer()
    keys = ("owner", "leave_at")
    searched = ("purpose", "place")
    synonyms = {
        "owner": ("外出人", "员工", "employee"),
        "customer": ("客户", "客户名称", "customer name"),
        "plan_line": ("计划行", "计划事项"),
        "purpose": ("外出事由", "事由", "errand"),
        "leave_at": ("外出时间", "离开时间", "left at"),
        "return_at": ("返回时间", "back at"),
        "place": ("地点", "外出地点", "where"),
    }

    owner_id: Mapped[int] = reference("ab_user.id", lazy_pgettext("outing", "Who"))
    customer_id: Mapped[int | None] = reference("customers.id", _l("Customer"))
    plan_line_id: Mapped[int | None] = reference(
        "weekly_plan_lines.id",
        _l("Planned as"),
        help=_l("The line of the weekly plan that it does; it is done when you are back"),
        loose=True,
    )
    purpose: Mapped[Name] = column(_l("Purpose"))
    leave_at: Mapped[Moment] = column(_l("Leaves at"), default=clock.now, index=True)
    return_at: Mapped[Moment | None] = column(_l("Back at"), readonly=True)
    place: Mapped[Name | None] = column(_l("Where"))
    latitude: Mapped[Degrees | None] = column(_l("Latitude"), minimum=-90, maximum=90, help=_l("Degrees north"))
    longitude: Mapped[Degrees | None] = column(_l("Longitude"), minimum=-180, maximum=180, help=_l("Degrees east"))
    state: Mapped[Word] = column(
        _l("State"), choices=STATES, tones=TONES, readonly=True, default=PLANNED, index=True, active_history=True
    )
    reason: Mapped[Note | None] = column(_l("Why it was cancelled"), readonly=True)

    owner: Mapped[User] = relationship(User, foreign_keys=[owner_id])
    customer: Mapped[Customer | None] = relationship(Customer, foreign_keys=[customer_id])
    plan_line: Mapped[WeeklyPlanLine | None] = relationship(WeeklyPlanLine, foreign_keys=[plan_line_id])

    returning: datetime | None = None
    """When its owner says to be back, while the record that ends it is written; it is not kept."""

    def __str__(self) -> str:
        return f"{self.purpose} {clock.local(self.leave_at):%Y-%m-%d}" if self.leave_at else str(self.purpose)

    @classmethod
    def handed_on(cls) -> sa.ColumnElement[bool]:
        """Those on which nobody has left yet."""
        return cls.state == PLANNED

    def fact(self) -> str:
        return str(pointed_at(self, "owner") or "")

    def moment(self) -> datetime:
        """When it began, or is to begin (UTC)."""
        return self.leave_at

    def back_at(self, at: datetime, outcome: str = "") -> None:
        """Be back from it: what was planned is done then, with ``outcome`` for its result unless it has one."""
        at = at.replace(microsecond=0)
        self.leave_at = min(self.leave_at, at)
        self.state, self.return_at = BACK, at
        line = pointed_at(self, "plan_line")
        if line is not None and line.owner_id == self.owner_id and line.document.is_editable and not line.done:
            line.done, line.result = True, line.result or outcome or None

    def fill(self) -> None:
        self.leave_at = (self.leave_at or clock.now()).replace(microsecond=0)  # as a file holds it, and a form

    def faults(self) -> dict[str, list[str]]:
        faults: dict[str, list[str]] = {}
        state: Any = sa.inspect(self)
        if self.return_at is not None and self.return_at < self.leave_at:
            faults["return_at"] = [_("One can't be back before one left.")]
        if state.persistent and self.state in STEADY and not state.attrs.state.history.has_changes():
            for name in STEADY[self.state]:
                if state.attrs[name].history.has_changes():
                    words = (
                        _("%(who)s is back: this stays as it was.", who=self.owner)
                        if self.state == BACK
                        else _("%(who)s is out: this stays until they are back.", who=self.owner)
                    )
                    faults[name.removesuffix("_id")] = [words]
        if self.state == BACK and self.customer_id is not None and not self._is_told():
            faults[""] = [_("An outing to a customer ends with its contact record: write that, and you are back.")]
        return faults

    def stays(self) -> str:
        """Why it can't be deleted: somebody is out on it."""
        if self.state != OUT:
            return ""
        return _("%(who)s is out on it: it stays until they are back.", who=pointed_at(self, "owner") or "")

    def _is_told(self) -> bool:
        """Whether a contact record tells of it, stored or about to be."""
        from app.domains.activities.models.records import ContactRecord

        session = object_session(self)
        if session is None:
            return False
        pending = (row for row in (*session.new, *session.dirty) if isinstance(row, ContactRecord))
        if any(row.outing_id == self.id and row.ends(self) for row in pending):
            return True
        records: Any = sa.inspect(ContactRecord).local_table
        told = sa.select(records.c.id).where(
            records.c.outing_id == self.id,
            records.c.owner_id == self.owner_id,
            records.c.customer_id == self.customer_id,
        )
        return session.connection().execute(told.limit(1)).first() is not None
