"""Contact records: when somebody was in contact with a customer, how, what came of it, and what comes next."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, joinedload, relationship

from app.core import clock, identity, scope
from app.core.entity import Entity, User, column, pointed_at, reference
from app.core.i18n import gettext as _
from app.core.i18n import lazy_gettext as _l
from app.core.i18n import lazy_pgettext
from app.core.types import Day, Moment, Note, Word
from app.domains.activities.models.outings import BACK, CANCELLED, OUT, PLANNED, Outing
from app.domains.activities.models.plans import WeeklyPlanLine
from app.domains.crm.models import Contact, Customer, Opportunity

WAYS = {
    "visit": _l("Visit"),
    "phone": _l("Phone"),
    "wechat": _l("WeChat"),
    "email": _l("E-mail"),
    "meeting": _l("Meeting"),
    "other": lazy_pgettext("way of contact", "Other"),
}
WAY_TONES = {"visit": "blue", "phone": "green", "wechat": "green", "email": "grey", "meeting": "amber", "other": "grey"}
SLACK = timedelta(minutes=10)  # how far another clock may be ahead of ours


class ContactRecord(Entity):
    """One contact with a customer.  The latest tells when the customer was last in contact, and when to be next."""

    __tablename__ = "contact_records"
    __table_args__ = (sa.Index("ix_contact_records_customer_at", "customer_id", "at"),)
    resource = "contact-records"
    label, labels = _l("Contact record"), _l("Contact records")
    scope = scope.with_customer()
    own_words = True
    keys = ("customer", "at")
    searched = ("outcome", "summary", "intent")
    synonyms = {
        "customer": ("客户", "客户名称", "customer name"),
        "contact": ("联系人", "contact person"),
        "owner": ("跟进人", "记录人", "salesperson"),
        "at": ("联系时间", "跟进时间", "date", "when"),
        "way": ("联系方式", "跟进方式", "kind", "type"),
        "outcome": ("结果", "联系结果", "result"),
        "summary": ("内容", "联系内容", "跟进内容", "notes"),
        "next_step": ("下一步", "下一步计划"),
        "next_contact_on": ("下次联系日期", "下次联系", "next contact"),
        "intent": ("客户意向", "意向", "interest"),
        "opportunity": ("机会", "商机", "deal"),
    }

    customer_id: Mapped[int] = reference("customers.id", _l("Customer"), active_history=True)
    contact_id: Mapped[int | None] = reference("contacts.id", _l("Contact"))
    owner_id: Mapped[int] = reference("ab_user.id", lazy_pgettext("contact", "Who"))
    at: Mapped[Moment] = column(_l("When"), default=clock.now, index=True)
    way: Mapped[Word] = column(_l("Way"), choices=WAYS, tones=WAY_TONES, default="visit")
    outing_id: Mapped[int | None] = reference(
        "outings.id", _l("Outing"), help=_l("Who is out is back with this record"), active_history=True
    )
    opportunity_id: Mapped[int | None] = reference("opportunities.id", _l("Opportunity"))
    outcome: Mapped[Word] = column(_l("Outcome"), suggests=True, help=_l("In a word: interested, no answer, ordered …"))
    summary: Mapped[Note] = column(lazy_pgettext("contact", "Summary"), help=_l("What was said"))
    next_step: Mapped[Note | None] = column(_l("Next step"))
    next_contact_on: Mapped[Day | None] = column(
        _l("Next contact"), help=_l("The customer's next contact moves to this day")
    )
    intent: Mapped[Note | None] = column(_l("Intent"), help=_l("What the customer wants"))

    customer: Mapped[Customer] = relationship(Customer, foreign_keys=[customer_id])
    contact: Mapped[Contact | None] = relationship(Contact, foreign_keys=[contact_id])
    owner: Mapped[User] = relationship(User, foreign_keys=[owner_id])
    outing: Mapped[Outing | None] = relationship(Outing, foreign_keys=[outing_id])
    opportunity: Mapped[Opportunity | None] = relationship(Opportunity, foreign_keys=[opportunity_id])

    def __str__(self) -> str:
        when = f"{clock.local(self.at):%Y-%m-%d}" if self.at is not None else ""
        return f"{WAYS.get(self.way, self.way)} {when}: {self.outcome}"

    @classmethod
    def handed_on(cls) -> None:
        """It tells whose contact it was: it stays."""

    def fact(self) -> str:
        return str(pointed_at(self, "customer") or "")

    def moment(self) -> datetime:
        """When it was (UTC)."""
        return self.at

    def fill(self) -> None:
        self.at = (self.at or clock.now()).replace(microsecond=0)  # as a file holds it, and a form
        state: Any = sa.inspect(self)
        outing = self._outing() if state.attrs.outing_id.history.has_changes() else None
        if outing is not None and self.ends(outing) and (outing.state == OUT or self._was_due(outing)):
            # Also for who forgot to say that they left.
            outing.back_at(outing.returning or clock.now(), self.outcome or "")

    def faults(self) -> dict[str, list[str]]:
        state: Any = sa.inspect(self)
        faults: dict[str, list[str]] = {}
        if any(state.attrs[name].history.has_changes() for name in ("customer_id", "contact_id", "opportunity_id")):
            faults |= self._foreign()
        if self.at is not None and state.attrs.at.history.has_changes() and self.at > clock.now() + SLACK:
            faults["at"] = [_("This lies ahead: a contact record tells what has been. Plan it instead.")]
        if (
            self.next_contact_on is not None
            and state.attrs.next_contact_on.history.has_changes()
            and self.at is not None
            and self.next_contact_on < clock.local(self.at).date()
        ):
            faults["next_contact_on"] = [_("The next contact can't be before this one.")]
        faults |= self._outing_faults(state)
        return faults

    def _outing(self) -> Outing | None:
        """The outing that it tells of, with the line of the plan that it does: one statement."""
        session = sa.orm.object_session(self)
        if session is None or self.outing_id is None:
            return self.outing
        line = joinedload(Outing.plan_line).joinedload(WeeklyPlanLine.document)
        with session.no_autoflush:
            return session.get(Outing, self.outing_id, options=[line])

    def _foreign(self) -> dict[str, list[str]]:
        """What is wrong where its contact or its opportunity is another customer's.  One statement."""
        session = sa.orm.object_session(self)
        asked = []
        for name, model, key in (
            ("contact", Contact, self.contact_id),
            ("opportunity", Opportunity, self.opportunity_id),
        ):
            table: Any = sa.inspect(model).local_table
            # What is not the actor's to see is told as what is not there.
            within = scope.condition(model, identity.current())
            owner = sa.select(sa.literal(name), table.c.customer_id).where(table.c.id == key)
            if key is not None:
                asked.append(owner if within is None else owner.where(within))
        if not asked or session is None:
            return {}
        found = dict(session.connection().execute(sa.union_all(*asked)).tuples().all())
        words = {
            "contact": _("This is no contact of that customer."),
            "opportunity": _("This is no opportunity of that customer."),
        }
        return {name: [words[name]] for name, customer_id in found.items() if customer_id != self.customer_id}

    def _outing_faults(self, state: Any) -> dict[str, list[str]]:
        names = ("outing_id", "customer_id", "owner_id")
        if not any(state.attrs[name].history.has_changes() for name in names):
            return {}
        outing = pointed_at(self, "outing")
        if state.persistent and outing is not None and outing.state == BACK and not self.ends(outing):
            moved = next((name for name in names[1:] if state.attrs[name].history.has_changes()), "")
            if moved and outing.customer_id is not None and not self._others_end(outing):
                return {moved.removesuffix("_id"): [_("It ended the outing “%(outing)s”: this stays.", outing=outing)]}
        left = state.attrs.outing_id.history.deleted if state.persistent else ()
        if left and left[0] is not None:
            return {"outing": [_("It tells of its outing: it stays with that.")]}
        if outing is None:
            return {}
        if outing.state == CANCELLED:
            return {"outing": [_("That outing was cancelled.")]}
        return {}

    def _was_due(self, outing: Outing) -> bool:
        """Whether ``outing``, on which nobody has left as far as is known, was to be by the day of this contact."""
        return outing.state == PLANNED and clock.local(outing.leave_at).date() <= clock.local(self.at).date()

    def ends(self, outing: Outing) -> bool:
        """Whether it is what ``outing`` ends with: its owner's, with its customer.  What was heard of another customer on
        the way, or by a colleague who came along, is told besides.
        """
        return outing.owner_id == self.owner_id and outing.customer_id in (None, self.customer_id)

    def stays(self) -> str:
        """Why it can't be deleted: it ended an outing to a customer, which would have none then."""
        outing = pointed_at(self, "outing")
        if outing is None or outing.customer_id is None or outing.state != BACK or not self.ends(outing):
            return ""
        if self._others_end(outing):
            return ""
        return _(
            "%(what)s ended the outing “%(outing)s”, which would be without a contact record.",
            what=self,
            outing=outing,
        )

    def _others_end(self, outing: Outing) -> bool:
        """Whether another record than this one is what ``outing`` ended with."""
        records: Any = sa.inspect(ContactRecord).local_table
        session: Any = sa.orm.object_session(self)
        others = sa.select(records.c.id).where(
            records.c.outing_id == outing.id,
            records.c.owner_id == outing.owner_id,
            records.c.customer_id == outing.customer_id,
            records.c.id != self.id,
        )
        return session.connection().execute(others.limit(1)).first() is not None
