"""Whom we sell to: customers, the people there, and who besides the owner may see them."""

from __future__ import annotations

import sys
from datetime import date
from decimal import Decimal
from typing import Annotated, Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, object_session, relationship

from app.core import clock, identity, scope
from app.core.entity import Entity, User, column, pointed_at, reference
from app.core.i18n import gettext as _
from app.core.i18n import lazy_gettext as _l
from app.core.i18n import lazy_pgettext
from app.core.identity import SEE_DETAILS
from app.core.types import Code, Day, Email, Flag, Money, Name, Note, Phone, ScaledDecimal, Url, Whole, Word

Degrees = Annotated[Decimal, mapped_column(ScaledDecimal(6))]
KINDS = {"company": _l("Company"), "person": _l("Person")}
STATUSES = {
    "potential": _l("Potential"),
    "active": lazy_pgettext("customer", "Active"),
    "dormant": _l("Dormant"),
    "lost": _l("Lost"),
}
STATUS_TONES = {"potential": "blue", "active": "green", "dormant": "amber", "lost": "grey"}
ACCESS = {"read": _l("Read"), "write": _l("Read and write")}
ACCESS_TONES = {"read": "grey", "write": "amber"}


class Customer(Entity):
    """A company or person that we sell to, or hope to.  Without an owner it lies in the public pool."""

    __tablename__ = "customers"
    resource = "customers"
    label, labels = _l("Customer"), _l("Customers")
    scope = scope.own_rows(customer="id", pool=True)
    keys = ("code",)
    searched = ("code", "name", "short_name", "region")
    numbered_by = "code"
    likeness = {"name": "name", "phone": "phone", "email": "email", "tax_number": "number"}
    tags_need = SEE_DETAILS
    synonyms = {
        "code": ("客户编码", "编码", "客户编号", "customer code", "customer no."),
        "name": ("客户名称", "名称", "客户", "公司名称", "customer", "customer name", "company name"),
        "short_name": ("简称", "客户简称", "abbreviation"),
        "kind": ("类型", "客户类型", "type"),
        "status": ("状态", "客户状态"),
        "level": ("级别", "客户级别", "grade", "rating"),
        "source": ("来源", "客户来源", "lead source"),
        "industry": ("行业", "所属行业", "sector"),
        "region": ("地区", "区域", "area", "territory"),
        "address": ("地址", "详细地址"),
        "phone": ("电话", "联系电话", "telephone", "phone number"),
        "email": ("邮箱", "电子邮箱", "e-mail"),
        "website": ("网址", "网站", "web site", "URL"),
        "tax_number": ("税号", "纳税人识别号", "tax ID", "VAT number"),
        "bank_name": ("开户行", "开户银行", "bank"),
        "bank_account": ("银行账号", "账号", "account number"),
        "credit_limit": ("信用额度", "credit"),
        "payment_days": ("账期", "付款天数", "payment terms"),
        "owner": ("负责人", "业务员", "salesperson", "account manager"),
        "next_contact_on": ("下次联系日期", "下次联系", "next contact"),
        "latitude": ("纬度",),
        "longitude": ("经度",),
        "tags": ("标签", "labels"),
        "note": ("备注", "remark", "remarks", "notes"),
    }

    code: Mapped[Code] = column(
        lazy_pgettext("customer", "Code"), unique=True, help=_l("The next free one when left empty")
    )
    name: Mapped[Name] = column(lazy_pgettext("customer", "Name"), index=True)
    short_name: Mapped[Word | None] = column(_l("Short name"))
    kind: Mapped[Word] = column(_l("Kind"), choices=KINDS, default="company")
    status: Mapped[Word] = column(_l("Status"), choices=STATUSES, tones=STATUS_TONES, default="potential", index=True)
    level: Mapped[Word | None] = column(
        _l("Level"), suggests=True, needs=SEE_DETAILS, help=_l("How important they are: A, B, C …")
    )
    source: Mapped[Word | None] = column(_l("Source"), suggests=True, needs=SEE_DETAILS, help=_l("How they came to us"))
    industry: Mapped[Word | None] = column(_l("Industry"), suggests=True, needs=SEE_DETAILS)
    region: Mapped[Word | None] = column(_l("Region"), suggests=True)
    address: Mapped[Note | None] = column(_l("Address"))
    phone: Mapped[Phone | None] = column(_l("Phone"), needs=SEE_DETAILS)
    email: Mapped[Email | None] = column(_l("E-mail"), needs=SEE_DETAILS)
    website: Mapped[Url | None] = column(_l("Website"), needs=SEE_DETAILS)
    tax_number: Mapped[Word | None] = column(_l("Tax number"), needs=SEE_DETAILS)
    bank_name: Mapped[Name | None] = column(_l("Bank"), needs=SEE_DETAILS)
    bank_account: Mapped[Word | None] = column(_l("Bank account"), needs=SEE_DETAILS)
    credit_limit: Mapped[Money | None] = column(
        _l("Credit limit"),
        minimum=0,
        needs=SEE_DETAILS,
        help=_l("What they may owe at most; empty for no limit"),
    )
    payment_days: Mapped[Whole | None] = column(
        _l("Payment days"), minimum=0, needs=SEE_DETAILS, help=_l("Days until payment is due")
    )
    owner_id: Mapped[int | None] = reference(
        "ab_user.id", _l("Owner"), help=_l("Without one the customer lies in the public pool"), active_history=True
    )
    last_contact_on: Mapped[Day | None] = column(_l("Last contact"), readonly=True, needs=SEE_DETAILS)
    next_contact_on: Mapped[Day | None] = column(_l("Next contact"), needs=SEE_DETAILS)
    latitude: Mapped[Degrees | None] = column(
        _l("Latitude"), minimum=-90, maximum=90, needs=SEE_DETAILS, help=_l("Degrees north")
    )
    longitude: Mapped[Degrees | None] = column(
        _l("Longitude"), minimum=-180, maximum=180, needs=SEE_DETAILS, help=_l("Degrees east")
    )
    note: Mapped[Note | None] = column(_l("Note"), needs=SEE_DETAILS)

    owner: Mapped[User | None] = relationship(User, foreign_keys=[owner_id])

    def fact(self) -> str:
        return self.region or ""

    def fill(self) -> None:
        from app.domains.crm.models.transfers import note_transfer

        note_transfer(self)


class Contact(Entity):
    """A person at a customer."""

    __tablename__ = "contacts"
    resource = "contacts"
    label, labels = _l("Contact"), _l("Contacts")
    scope = scope.through("customer")
    keys = ("customer", "name")
    searched = ("name", "mobile", "phone")
    likeness = {"mobile": "phone", "phone": "phone", "email": "email"}
    likeness_of = "customer"
    card = {
        "name": "FN",
        "customer": "ORG",
        "job_title": "TITLE",
        "mobile": "TEL CELL",
        "phone": "TEL",
        "email": "EMAIL",
        "birthday": "BDAY",
        "wechat": "X-WECHAT",
    }
    synonyms = {
        "customer": ("客户", "客户名称", "company", "customer name"),
        "name": ("联系人", "姓名", "contact", "contact name"),
        "job_title": ("职务", "职位", "title", "position"),
        "mobile": ("手机", "手机号", "mobile phone", "cell phone"),
        "phone": ("电话", "座机", "telephone"),
        "email": ("邮箱", "电子邮箱", "e-mail"),
        "wechat": ("微信", "微信号", "WeChat ID"),
        "birthday": ("生日", "date of birth"),
        "is_primary": ("主要联系人", "首要联系人", "primary contact", "main contact"),
        "decision_role": ("决策角色", "角色", "role"),
    }

    customer_id: Mapped[int] = reference("customers.id", _l("Customer"))
    name: Mapped[Name] = column(lazy_pgettext("person", "Name"))
    job_title: Mapped[Word | None] = column(_l("Job title"))
    mobile: Mapped[Phone | None] = column(_l("Mobile"))
    phone: Mapped[Phone | None] = column(_l("Phone"))
    email: Mapped[Email | None] = column(_l("E-mail"))
    wechat: Mapped[Word | None] = column(_l("WeChat"))
    birthday: Mapped[Day | None] = column(_l("Birthday"))
    is_primary: Mapped[Flag] = column(
        _l("Primary"),
        default=False,
        help=_l("Whom we call first: the first contact, unless another is marked"),
    )
    decision_role: Mapped[Word | None] = column(
        _l("Role in decisions"), suggests=True, help=_l("Decides, influences, uses, buys …")
    )

    customer: Mapped[Customer] = relationship(Customer, foreign_keys=[customer_id])

    def __str__(self) -> str:
        return str(self.name)

    def fact(self) -> str:
        return self.job_title or ""

    def fill(self) -> None:
        state: Any = sa.inspect(self)
        marked, moved = (state.attrs[name].history.has_changes() for name in ("is_primary", "customer_id"))
        if state.persistent and not marked and not moved:
            return
        others = self._others()
        if not others:
            self.is_primary = True
        elif self.is_primary and marked:
            for other in others:
                other.is_primary = False
        elif self.is_primary and any(other.is_primary for other in others):
            self.is_primary = False
        elif marked and identity.deed()[0] == "undo":
            _call_first(others)  # which was it before is not known
        for left in (state.attrs.customer_id.history.deleted or ()) if state.persistent and moved else ():
            _call_first(self._of(left))

    def leave(self) -> None:
        """It is about to be deleted: the next is called first."""
        if self.is_primary:
            _call_first(self._others())

    def faults(self) -> dict[str, list[str]]:
        """There is always one that is called first, unless the customer is merged into another that has its own."""
        faults = {}
        if self.birthday is not None and self.birthday > clock.today():
            faults["birthday"] = [_("A birthday can't be in the future.")]
        history: Any = sa.inspect(self).attrs.is_primary.history
        stored: bool = sa.inspect(self).persistent
        unmarked = stored and not self.is_primary and True in (history.deleted or ())
        if unmarked and identity.deed()[0] != "merge" and not any(each.is_primary for each in self._others()):
            told = _("One contact is always called first: mark another one, and this one is no more.")
            faults["is_primary"] = [told]
        return faults

    def _of(self, customer_id: int | None) -> list[Contact]:
        """The stored contacts of a customer besides this one, without those that are about to go elsewhere."""
        session = object_session(self)
        if session is None or customer_id is None:
            return []
        found = session.scalars(sa.select(Contact).where(Contact.customer_id == customer_id))
        return [
            row for row in found if row is not self and row not in session.deleted and row.customer_id == customer_id
        ]

    def _others(self) -> list[Contact]:
        """The customer's contacts besides this one: the stored ones and, of the new ones, those before it."""
        session = object_session(self)
        if session is None:
            return []
        found = self._of(self.customer_id)
        for row in session.new:
            if row is self:
                break
            if isinstance(row, Contact) and row._customer_key == self._customer_key:
                found.append(row)
        return [row for row in found if row is not self]

    @property
    def _customer_key(self) -> int:
        return self.customer_id or id(self.customer)


def _call_first(contacts: list[Contact]) -> None:
    """Let the one that has been there longest be called first, unless one is."""
    if contacts and not any(each.is_primary for each in contacts):
        min(contacts, key=lambda each: each.id or sys.maxsize).is_primary = True


class CustomerShare(Entity):
    """A customer that somebody besides its owner may see, or work on, until a day."""

    __tablename__ = "customer_shares"
    __table_args__ = (sa.UniqueConstraint("customer_id", "user_id"),)
    resource = "customer-shares"
    label, labels = _l("Customer share"), _l("Customer shares")
    scope = scope.through("customer", shares_write=False)
    keys = ("customer", "user")
    searched = ("person",)
    synonyms = {
        "customer": ("客户", "客户名称", "customer name"),
        "user": ("共享给", "用户", "shared with"),
        "access": ("权限", "访问权限", "permission"),
        "until": ("到期日", "有效期至", "valid until", "expires on"),
    }

    customer_id: Mapped[int] = reference("customers.id", _l("Customer"), owned=True)
    user_id: Mapped[int] = reference("ab_user.id", _l("Shared with"))
    access: Mapped[Word] = column(_l("Access"), choices=ACCESS, tones=ACCESS_TONES, default="read")
    until: Mapped[Day | None] = column(_l("Until"), help=_l("The last day of the share; empty for no end"))

    customer: Mapped[Customer] = relationship(Customer, foreign_keys=[customer_id])
    user: Mapped[User] = relationship(User, foreign_keys=[user_id])

    def __str__(self) -> str:
        return f"{pointed_at(self, 'customer') or ''} → {self.person}"

    @property
    def person(self) -> str:
        """Whom the customer is shared with."""
        return str(pointed_at(self, "user") or "")

    def there_already(self) -> tuple[str, str, Any] | None:
        state: Any = sa.inspect(self)
        session = object_session(self)
        moves = not state.persistent or any(state.attrs[f"{name}_id"].history.has_changes() for name in self.keys)
        if not moves or session is None:
            return None
        same = (CustomerShare.customer_id == self.customer_id, CustomerShare.user_id == self.user_id)
        found = sa.select(CustomerShare).where(*same, CustomerShare.id != (self.id or 0))
        other = session.scalars(found).unique().first()
        if other is None:
            return None
        words = _(
            "It is shared with %(who)s already (%(access)s): change that share.",
            who=other.person,
            access=str(ACCESS[other.access]).lower(),
        )
        return "user", words, other

    def is_open(self, day: date) -> bool:
        """Whether the share reaches ``day``."""
        return self.until is None or self.until >= day

    def faults(self) -> dict[str, list[str]]:
        if not sa.inspect(self).persistent and not self.is_open(clock.today()):
            return {"until": [_("The last day of a new share can't be in the past.")]}
        state: Any = sa.inspect(self)
        customer = pointed_at(self, "customer")
        newly = not state.persistent or state.attrs.user_id.history.has_changes()
        if newly and customer is not None and self.user_id is not None and customer.owner_id == self.user_id:
            return {"user": [_("The customer is %(who)s's own: share it with somebody else.", who=self.person)]}
        return {}
