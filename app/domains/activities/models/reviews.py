"""Guidance: what a superior says of somebody's work, and what is answered."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, relationship

from app.core import clock, filing, identity, scope
from app.core.entity import Entity, User, column, derived, reference, registry
from app.core.i18n import gettext as _
from app.core.i18n import lazy_gettext as _l
from app.core.i18n import lazy_pgettext, listed
from app.core.types import Flag, Moment, Note, RecordName, Whole, Word
from app.domains.crm.models import Customer
from app.domains.people.queries import may_lead

GUIDED = ("contact-records", "weekly-plans", "outings", "opportunities")
"""The kinds of rows on which a superior gives guidance."""


SHOWN = 60  # characters of what somebody said, where it is named


def shortened(text: str) -> str:
    """The beginning of ``text``, on one line."""
    words = " ".join(text.split())
    return words if len(words) <= SHOWN else f"{words[: SHOWN - 1]}…"


class GuidedKinds(Mapping[str, Any]):
    """What people call the kinds of rows that guidance may be about, by resource."""

    def __getitem__(self, resource: str) -> Any:
        if resource not in GUIDED:
            raise KeyError(resource)
        return registry[resource].labels

    def __iter__(self) -> Iterator[str]:
        return iter(GUIDED)

    def __len__(self) -> int:
        return len(GUIDED)


class Review(Entity):
    """A superior's words on a contact record, plan, outing or opportunity.  What asks for an answer stays with both until
    it is given.
    """

    __tablename__ = "reviews"
    __table_args__ = (sa.Index("ix_reviews_record", "record_resource", "record_id"),)
    resource = "reviews"
    label, labels = lazy_pgettext("noun", "Guidance"), lazy_pgettext("plural", "Guidance")
    scope = scope.addressed("author_id", "to_id")
    searched = ("body", "answer")
    keys = ()
    takes_files = False
    synonyms = {
        "record": ("所属记录", "关于", "about"),
        "body": ("批复", "批复内容", "text"),
        "requires_answer": ("需要回复", "answer needed"),
    }

    record: Mapped[str] = column(
        lazy_pgettext("guidance", "About"),
        type_=RecordName(80),
        help=_l("The record, such as contact-records/12"),
    )
    body: Mapped[Note] = column(lazy_pgettext("guidance", "Words"))
    requires_answer: Mapped[Flag] = column(
        _l("Asks for an answer"), default=False, help=_l("It stays with both of you until it is answered")
    )
    author_id: Mapped[int] = reference("ab_user.id", lazy_pgettext("guidance", "From"), readonly=True)
    to_id: Mapped[int] = reference("ab_user.id", lazy_pgettext("guidance", "To"), readonly=True)
    customer_id: Mapped[int | None] = reference("customers.id", _l("Customer"), readonly=True)
    answer: Mapped[Note | None] = column(_l("Answer"), readonly=True)
    answered: Mapped[Flag] = column(_l("Answered"), default=False, readonly=True, index=True)
    answered_at: Mapped[Moment | None] = column(_l("Answered at"), readonly=True)
    record_resource: Mapped[Word] = column(_l("Kind of record"), choices=GuidedKinds(), readonly=True)
    record_id: Mapped[Whole] = column(_l("Number of the record"), readonly=True, summed=False)

    author: Mapped[User] = relationship(User, foreign_keys=[author_id])
    to: Mapped[User] = relationship(User, foreign_keys=[to_id])
    customer: Mapped[Customer | None] = relationship(Customer, foreign_keys=[customer_id])

    def __str__(self) -> str:
        return shortened(self.body or "")

    @classmethod
    def handed_on(cls) -> None:
        """It tells whose words they are: it stays."""

    def fact(self) -> str:
        kind = str(registry[self.record_resource].label) if self.record_resource in registry else ""
        return " · ".join(each for each in (kind, str(self.customer or "")) if each)

    @derived(_l("Days open"), kind="integer", help=_l("Since it was said, while it waits for an answer"))
    def age(self) -> int | None:
        """Whole days since it was said, for what waits for an answer."""
        if not self.requires_answer or self.answered or self.created_on is None:
            return None
        return (clock.today() - clock.local(self.created_on).date()).days

    def moment(self) -> datetime:
        """When it was said (UTC)."""
        return self.created_on

    def fill(self) -> None:
        state: Any = sa.inspect(self)
        self._about: Any = None
        if not state.persistent or state.attrs.record.history.has_changes():
            self._about = filing.find(self.record)
            if self._about is not None:
                self.record_resource, self.record_id = type(self._about).resource, self._about.id
                self.to_id = getattr(self._about, "owner_id", None)  # type: ignore[assignment]
                # Whoever leads somebody need not see the customer.
                customer = getattr(self._about, "customer", None)
                self.customer_id = customer.id if customer is not None else None
        if not state.persistent and self.author_id is None:
            # What Kehu itself says, it says in the name of whoever's work it is about.
            self.author_id = identity.user_id() or self.to_id

    def faults(self) -> dict[str, list[str]]:
        state: Any = sa.inspect(self)
        faults: dict[str, list[str]] = {}
        if not state.persistent:
            about = self._about
            if about is None or type(about).resource not in GUIDED:
                names = listed(str(registry[name].label).lower() for name in GUIDED)
                faults["record"] = [
                    _("There is no such record, or it is not yours to see. Guidance is about a %(kinds)s.", kinds=names)
                ]
            elif not may_lead(about.owner_id, type(about).domain()):
                faults["record"] = [_("Guidance is given by a superior of whoever's work it is.")]
            return faults
        if state.attrs.record.history.has_changes():
            faults["record"] = [_("What it is about stays.")]
        words = ("body", "requires_answer")
        if any(state.attrs[name].history.has_changes() for name in words):
            if self.answered:
                faults["body"] = [_("It is answered: what was said stays.")]
            elif not identity.require().unlimited and identity.user_id() != self.author_id:
                faults["body"] = [_("Only who said it can change it.")]
        return faults
