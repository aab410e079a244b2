"""Opportunities: what we hope to sell to a customer, and the way each takes through the stages."""

from __future__ import annotations

from contextlib import nullcontext
from datetime import datetime
from decimal import Decimal
from typing import Any

import sqlalchemy as sa
from flask_appbuilder import Model
from sqlalchemy.orm import Mapped, object_session, relationship

from app.core import clock, identity, scope
from app.core.entity import Entity, User, column, derived, pointed_at, reference
from app.core.fields import Field
from app.core.i18n import gettext as _
from app.core.i18n import lazy_gettext as _l
from app.core.i18n import lazy_pgettext
from app.core.types import Day, Moment, Money, Name, Note, Rate, Whole, Word
from app.domains.catalog.models import Product
from app.domains.crm import standing
from app.domains.crm.models.customers import Customer
from app.domains.crm.models.stages import Stage, StageCriterion

opportunity_products = sa.Table(
    "opportunity_products",
    Model.metadata,
    sa.Column("opportunity_id", sa.ForeignKey("opportunities.id", ondelete="CASCADE"), primary_key=True),
    sa.Column("product_id", sa.ForeignKey("products.id"), primary_key=True, index=True),
)
opportunity_ticks = sa.Table(
    "opportunity_ticks",
    Model.metadata,
    sa.Column("opportunity_id", sa.ForeignKey("opportunities.id", ondelete="CASCADE"), primary_key=True),
    sa.Column("criterion_id", sa.ForeignKey("stage_criteria.id", ondelete="CASCADE"), primary_key=True, index=True),
)


def open_stages() -> sa.Select[tuple[int]]:
    """The ids of the stages in which nothing is decided yet, whoever asks."""
    stages: Any = sa.inspect(Stage).columns
    return sa.select(stages["id"]).where(stages["is_won"].is_(False), stages["is_lost"].is_(False))


def _by_rule() -> None:
    """What ``fill`` gives when nobody says it."""


class Opportunity(Entity):
    """What we hope to sell to a customer.  It goes through the stages; what is measured of it says which suits it."""

    __tablename__ = "opportunities"
    resource = "opportunities"
    label, labels = _l("Opportunity"), _l("Opportunities")
    scope = scope.with_customer()
    keys = ("customer", "name")
    searched = ("name",)
    synonyms = {
        "customer": ("客户", "客户名称", "account", "company"),
        "name": ("机会", "机会名称", "商机", "opportunity name", "deal"),
        "owner": ("负责人", "业务员", "salesperson"),
        "stage": ("阶段", "机会阶段", "sales stage"),
        "stage_reason": ("阶段原因", "推进原因", "reason for the stage"),
        "amount": ("金额", "预计金额", "expected revenue", "value"),
        "probability": ("赢率", "成功率"),
        "expected_close_on": ("预计成交日期", "close date", "expected close"),
        "agreed_amount": ("谈定金额", "agreed price"),
        "source": ("来源", "机会来源"),
        "competitor": ("竞争对手", "competitors"),
        "lost_reason": ("输单原因", "reason lost"),
        "products": ("意向产品", "商品"),
        "next_step": ("下一步", "下一步行动"),
    }

    customer_id: Mapped[int] = reference("customers.id", _l("Customer"))
    name: Mapped[Name] = column(_l("Name"), index=True)
    owner_id: Mapped[int] = reference("ab_user.id", _l("Owner"))
    stage_id: Mapped[int] = reference(
        "stages.id", _l("Stage"), help=_l("The first one when left empty"), default=_by_rule, active_history=True
    )
    amount: Mapped[Money] = column(_l("Amount"), minimum=0, help=_l("What we expect to sell, without tax"))
    probability: Mapped[Rate] = column(
        _l("Probability"),
        minimum=0,
        maximum=1,
        default=_by_rule,
        help=_l("The stage's, unless you know better: 0.25 is a quarter. What is won has 1, what is lost 0."),
    )
    weighted: Mapped[Money] = column(_l("Weighted"), formula="amount * probability", help=_l("Amount × probability"))
    expected_close_on: Mapped[Day] = column(_l("Expected close"), index=True)
    agreed_amount: Mapped[Money | None] = column(
        _l("Agreed amount"), minimum=0, help=_l("What the customer has agreed to pay, once they have")
    )
    source: Mapped[Word | None] = column(_l("Source"), suggests=True)
    competitor: Mapped[Name | None] = column(_l("Competitor"))
    lost_reason: Mapped[Note | None] = column(_l("Why it was lost"))
    next_step: Mapped[Note | None] = column(_l("Next step"))
    note: Mapped[Note | None] = column(_l("Note"))
    stage_since: Mapped[Moment] = column(_l("In this stage since"), readonly=True, default=clock.now)

    customer: Mapped[Customer] = relationship(Customer, foreign_keys=[customer_id])
    owner: Mapped[User] = relationship(User, foreign_keys=[owner_id])
    stage: Mapped[Stage] = relationship(Stage, foreign_keys=[stage_id])
    products: Mapped[list[Product]] = relationship(
        Product, secondary=opportunity_products, info={"label": _l("Products")}, order_by=Product.code
    )
    ticked: Mapped[list[StageCriterion]] = relationship(
        StageCriterion,
        secondary=opportunity_ticks,
        info={"label": _l("Ticked by hand"), "readonly": True},
        order_by=StageCriterion.id,
    )

    @property
    def stage_reason(self) -> str:
        """Why it is put into its stage, said with the save that does it and kept in the move: nothing to read here."""
        return ""

    @stage_reason.setter
    def stage_reason(self, reason: str | None) -> None:
        self.__dict__["_stage_reason"] = reason or ""

    def take_stage_reason(self) -> str:
        """What was said of the move that is about to be written; it is said of that one alone."""
        return str(self.__dict__.pop("_stage_reason", "")).strip()

    @classmethod
    def handed_on(cls) -> sa.ColumnElement[bool]:
        """The open ones."""
        return cls.stage_id.in_(open_stages())

    @property
    def standing(self) -> standing.Standing:
        """How it stands by the criteria of its stages."""
        if "standing" not in self.__dict__:
            standing.load([self])
        return self.__dict__["standing"]

    @derived(_l("Criteria score"), kind="integer", help=_l("The weight of the criteria that are met"))
    def score(self) -> int:
        return self.standing.score

    @derived(_l("Suggested stage"), help=_l("The furthest one whose criteria, and those of the stages before, are met"))
    def suggested_stage(self) -> str:
        return str(self.standing.suggested or "")

    @derived(_l("Days in stage"), kind="integer")
    def days_in_stage(self) -> int:
        return (clock.today() - clock.local(self.stage_since).date()).days if self.stage_since else 0

    @property
    def is_stale(self) -> bool:
        """Whether it has been in its stage for longer than the stage allows."""
        stage = self.stage
        return bool(stage.is_open and stage.max_days is not None and self.days_in_stage > stage.max_days)

    def __str__(self) -> str:
        return str(self.name)

    def fact(self) -> str:
        return str(pointed_at(self, "customer") or "")

    def fill(self) -> None:
        session = object_session(self)
        state: Any = sa.inspect(self)
        # At hand they spare a new one the question for its own.
        stages = standing.stages(session) if session is not None and not state.persistent else []
        if stages and self.stage_id is None and self.stage is None:
            self.stage = stages[0]
        stage = pointed_at(self, "stage")
        if stage is None:
            return
        before = standing.stage_before(self)
        if stage.is_lost and not self.lost_reason and before is not None and identity.deed()[0] == standing.UNDO:
            with session.no_autoflush if session is not None else nullcontext():
                self.lost_reason = standing.why_lost(self)  # it was cleared when it was opened again
        if state.persistent and (before is None or before.id == stage.id):
            self.__dict__.pop("_move", None)
            self.take_stage_reason()
        elif (move := self.__dict__.get("_move")) is None or move.to_stage is not stage or move not in (session or ()):
            with session.no_autoflush if session is not None else nullcontext():
                self.__dict__["_move"] = standing.move_of(self, before, stage, stages[0] if stages else None)
            if session is not None:
                session.add(self.__dict__["_move"])
            self.stage_since = clock.now()
            if self.probability is None or (before is not None and not state.attrs.probability.history.has_changes()):
                self.probability = stage.probability
            if before is not None and before.is_lost and not stage.is_lost:
                self.lost_reason = None  # the move that lost it keeps why
        if not stage.is_open:
            self.probability = Decimal(1 if stage.is_won else 0)
        if self.probability is None:
            self.probability = Decimal(0)

    def faults(self) -> dict[str, list[str]]:
        faults: dict[str, list[str]] = {}
        stage = pointed_at(self, "stage")
        if stage is None and self.stage_id is not None:
            return {}  # one that is not there: told with what else is pointed at
        if stage is None:
            return {"stage": [_("There are no stages yet. Add them first: Stages, “Add the usual stages”.")]}
        if stage.is_lost and not (self.lost_reason or "").strip():
            faults["lost_reason"] = [_("Say why it was lost.")]
        if not faults and (move := self.__dict__.get("_move")) is not None:
            faults = standing.check_move(move)
        return faults


Opportunity.extra_fields = {
    "stage_reason": Field(
        Opportunity,
        "stage_reason",
        "stage_reason",
        "longtext",
        _l("Why this stage"),
        _l("Needed where the stage is put past what is not met, or back; kept in the moves"),
        write_only=True,
    )
}


class StageMove(Entity):
    """A move of an opportunity from one stage to another: who, when, why, and what was missing."""

    __tablename__ = "stage_moves"
    resource = "stage-moves"
    label, labels = _l("Stage move"), _l("Stage moves")
    scope = scope.through("opportunity")
    searched = ("reason",)
    read_only = True
    audited = False  # it is itself the record of what was done

    opportunity_id: Mapped[int] = reference("opportunities.id", _l("Opportunity"), owned=True)
    from_stage_id: Mapped[int | None] = reference("stages.id", lazy_pgettext("stage move", "From"))
    to_stage_id: Mapped[int] = reference("stages.id", lazy_pgettext("stage move", "To"))
    at: Mapped[Moment] = column(_l("When"), default=clock.now, index=True)
    days: Mapped[Whole] = column(_l("Days before"), default=0, help=_l("How long it was in the stage before"))
    reason: Mapped[Note | None] = column(_l("Reason"))
    missing: Mapped[Note | None] = column(_l("What was missing"))

    opportunity: Mapped[Opportunity] = relationship(Opportunity, foreign_keys=[opportunity_id])
    from_stage: Mapped[Stage | None] = relationship(Stage, foreign_keys=[from_stage_id])
    to_stage: Mapped[Stage] = relationship(Stage, foreign_keys=[to_stage_id])

    def __str__(self) -> str:
        return f"{self.from_stage or '–'} → {self.to_stage}"

    def moment(self) -> datetime:
        """When it was moved (UTC)."""
        return self.at
