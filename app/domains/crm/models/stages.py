"""The stages that an opportunity goes through, and what must be so before it stands in one."""

from __future__ import annotations

from decimal import Decimal

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, relationship

from app.core.entity import Entity, column, pointed_at, reference
from app.core.i18n import gettext as _
from app.core.i18n import lazy_gettext as _l
from app.core.i18n import lazy_pgettext
from app.core.types import Flag, Name, Rate, Whole, Word
from app.domains.crm import measures

CRITERION_KINDS = {"manual": _l("Ticked by hand"), "measured": _l("Measured")}
CRITERION_TONES = {"manual": "grey", "measured": "blue"}


class Stage(Entity):
    """A stage of an opportunity.  Opportunities go through the stages in the order of their positions."""

    __tablename__ = "stages"
    resource = "stages"
    label, labels = _l("Stage"), _l("Stages")
    keys = ("name",)
    synonyms = {
        "name": ("阶段", "阶段名称", "stage name"),
        "position": ("顺序", "排序", "order"),
        "probability": ("赢率", "成功率", "win probability"),
        "is_won": ("赢单", "won"),
        "is_lost": ("输单", "lost"),
        "max_days": ("停留天数", "最长天数", "days"),
    }

    name: Mapped[Name] = column(_l("Name"))
    position: Mapped[Whole] = column(
        lazy_pgettext("stage", "Position"), minimum=0, help=_l("Stages follow each other by it")
    )
    probability: Mapped[Rate] = column(
        _l("Probability"),
        minimum=0,
        maximum=1,
        default=Decimal(0),
        help=_l("How likely it is won from here: 0.25 is a quarter"),
    )
    is_won: Mapped[Flag] = column(_l("Won"), default=False, help=_l("Opportunities here are won"))
    is_lost: Mapped[Flag] = column(
        lazy_pgettext("stage", "Lost"), default=False, help=_l("Opportunities here are lost")
    )
    max_days: Mapped[Whole | None] = column(
        _l("Most days"), minimum=1, help=_l("After so many days here an opportunity is stale; empty for no limit")
    )

    @property
    def tone(self) -> str:
        """Its colour beside a title."""
        return "green" if self.is_won else "red" if self.is_lost else "blue"

    @property
    def is_open(self) -> bool:
        """Whether an opportunity here is neither won nor lost."""
        return not (self.is_won or self.is_lost)

    def fill(self) -> None:
        if not self.is_open:
            self.probability = Decimal(1 if self.is_won else 0)

    def faults(self) -> dict[str, list[str]]:
        faults: dict[str, list[str]] = {}
        if self.is_won and self.is_lost:
            faults["is_lost"] = [_("A stage is won or lost, not both.")]
        return faults


class StageCriterion(Entity):
    """What must be so before an opportunity stands in a stage: measured by Kehu, or ticked by whoever knows."""

    __tablename__ = "stage_criteria"
    __table_args__ = (sa.UniqueConstraint("stage_id", "name"),)
    resource = "stage-criteria"
    label, labels = _l("Stage criterion"), _l("Stage criteria")
    keys = ("stage", "name")
    synonyms = {
        "stage": ("阶段", "机会阶段"),
        "name": ("指标", "指标名称", "criterion"),
        "kind": ("类型", "方式"),
        "measure": ("度量", "测量"),
        "weight": ("权重", "分值"),
    }

    stage_id: Mapped[int] = reference("stages.id", _l("Stage"), owned=True)
    name: Mapped[Name] = column(_l("Name"))
    kind: Mapped[Word] = column(_l("Kind"), choices=CRITERION_KINDS, tones=CRITERION_TONES, default="manual")
    measure: Mapped[Word | None] = column(
        _l("Measure"),
        suggests=True,
        help=_l("What is measured, such as contact_records >= 2, decision_maker_known or quotation_sent"),
    )
    weight: Mapped[Whole] = column(_l("Weight"), default=1, minimum=0, help=_l("What it counts for in the score"))

    stage: Mapped[Stage] = relationship(Stage, foreign_keys=[stage_id])

    def __str__(self) -> str:
        return str(self.name)

    def fact(self) -> str:
        return str(pointed_at(self, "stage") or "")

    def fill(self) -> None:
        if self.kind != "measured":
            self.measure = None
        elif self.measure:
            self.measure = measures.written(self.measure)

    def faults(self) -> dict[str, list[str]]:
        if self.kind != "measured":
            return {}
        if not self.measure:
            return {"measure": [_("Say what is measured.")]}
        try:
            measures.read(self.measure)
        except ValueError as error:
            return {"measure": [str(error)]}
        return {}
