"""Leads: people and companies that might become customers, and the rules by which those without an owner get one."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, relationship

from app.core import identity, scope
from app.core.entity import Entity, User, column, reference
from app.core.i18n import gettext as _
from app.core.i18n import lazy_gettext as _l
from app.core.i18n import lazy_pgettext
from app.core.types import Email, Moment, Name, Note, Phone, Word
from app.domains.crm.models.customers import Contact, Customer
from app.domains.crm.models.opportunities import Opportunity

LEAD_STATUSES = {
    "new": lazy_pgettext("lead", "New"),
    "working": lazy_pgettext("lead", "Working on it"),
    "converted": lazy_pgettext("lead", "Converted"),
    "discarded": lazy_pgettext("lead", "Discarded"),
}
CLAIM, CONVERT, DISCARD, REOPEN, UNDO = "claim", "convert", "discard", "reopen", "undo"
"""The deeds that alone set a status which is reached by no editing."""
CLOSED = ("converted", "discarded")
LEAD_TONES = {"new": "blue", "working": "amber", "converted": "green", "discarded": "grey"}


class Lead(Entity):
    """Somebody who may become a customer: a name from a fair, a call, a form.  Without an owner it is everyone's to see."""

    __tablename__ = "leads"
    resource = "leads"
    label, labels = _l("Lead"), _l("Leads")
    scope = scope.own_rows(pool=True)
    keys = ("name", "company")
    searched = ("name", "company", "mobile", "email")
    card = {"name": "FN", "company": "ORG", "mobile": "TEL CELL", "email": "EMAIL", "note": "NOTE"}
    synonyms = {
        "name": ("姓名", "线索名称", "lead", "lead name"),
        "company": ("公司", "公司名称", "company name", "organisation"),
        "mobile": ("手机", "电话", "mobile phone", "phone"),
        "email": ("邮箱", "电子邮箱", "e-mail"),
        "source": ("来源", "线索来源", "lead source"),
        "region": ("地区", "区域", "area", "territory"),
        "industry": ("行业", "所属行业", "sector"),
        "intent": ("意向", "需求", "interest", "needs"),
        "campaign": ("营销活动", "市场活动"),
        "owner": ("负责人", "业务员", "salesperson"),
        "status": ("状态", "线索状态"),
    }

    name: Mapped[Name] = column(lazy_pgettext("person", "Name"), index=True)
    company: Mapped[Name | None] = column(_l("Company"), index=True)
    mobile: Mapped[Phone | None] = column(_l("Mobile"))
    email: Mapped[Email | None] = column(_l("E-mail"))
    source: Mapped[Word | None] = column(_l("Source"), suggests=True, help=_l("How they came to us"))
    region: Mapped[Word | None] = column(_l("Region"), suggests=True)
    industry: Mapped[Word | None] = column(_l("Industry"), suggests=True)
    intent: Mapped[Note | None] = column(_l("Intent"), help=_l("What they want"))
    campaign: Mapped[Word | None] = column(_l("Campaign"), suggests=True)
    owner_id: Mapped[int | None] = reference("ab_user.id", _l("Owner"))
    status: Mapped[Word] = column(
        _l("Status"), choices=LEAD_STATUSES, tones=LEAD_TONES, default="new", index=True, active_history=True
    )
    discard_reason: Mapped[Note | None] = column(_l("Why it was discarded"), readonly=True)
    note: Mapped[Note | None] = column(_l("Note"))
    converted_on: Mapped[Moment | None] = column(_l("Converted"), readonly=True)
    customer_id: Mapped[int | None] = reference("customers.id", _l("Customer"), readonly=True)
    contact_id: Mapped[int | None] = reference("contacts.id", _l("Contact"), readonly=True)
    opportunity_id: Mapped[int | None] = reference("opportunities.id", _l("Opportunity"), readonly=True)

    owner: Mapped[User | None] = relationship(User, foreign_keys=[owner_id])
    customer: Mapped[Customer | None] = relationship(Customer, foreign_keys=[customer_id])
    contact: Mapped[Contact | None] = relationship(Contact, foreign_keys=[contact_id])
    opportunity: Mapped[Opportunity | None] = relationship(Opportunity, foreign_keys=[opportunity_id])

    def __str__(self) -> str:
        return f"{self.name} ({self.company})" if self.company else str(self.name)

    @classmethod
    def handed_on(cls) -> sa.ColumnElement[bool]:
        """Those that somebody still has to see to."""
        return cls.status.not_in(CLOSED)

    def fact(self) -> str:
        return self.company or self.region or ""

    def faults(self) -> dict[str, list[str]]:
        state: Any = sa.inspect(self)
        history = state.attrs.status.history
        if identity.deed()[0] in (CONVERT, DISCARD, REOPEN, UNDO) or not history.has_changes():
            return {}
        before = history.deleted[0] if state.persistent and history.deleted else "new"
        if before == self.status:
            return {}
        if before == "converted":
            return {"status": [_("What was converted stays so.")]}
        if before == "discarded":
            return {"status": [_("Use “Reopen” to take it up again.")]}
        if self.status == "converted":
            return {"status": [_("Use “Convert”: it makes the customer and the contact.")]}
        if self.status == "discarded" and state.persistent:
            return {"status": [_("Use “Discard”, and say why.")]}
        return {}
