"""When customers return to the public pool, and who may take how many out of it."""

from __future__ import annotations

from datetime import date
from typing import Any

import sqlalchemy as sa
from flask_appbuilder import Model
from sqlalchemy.orm import Mapped, mapped_column, object_session, relationship

from app.core.entity import Entity, column, derived
from app.core.i18n import gettext as _
from app.core.i18n import lazy_gettext as _l
from app.core.i18n import listed
from app.core.tags import Tag
from app.core.types import Whole, Word

WARNED_BEFORE = 3  # days, unless the rule says otherwise or is shorter
pool_rule_tags = sa.Table(
    "pool_rule_tags",
    Model.metadata,
    sa.Column("rule_id", sa.ForeignKey("pool_rules.id", ondelete="CASCADE"), primary_key=True),
    sa.Column("tag_id", sa.ForeignKey("tags.id", ondelete="CASCADE"), primary_key=True, index=True),
)


class PoolRule(Entity):
    """The pool's rule for the customers of a level; the one without a level is for all that have no rule of their own."""

    __tablename__ = "pool_rules"
    resource = "pool-rules"
    label, labels = _l("Pool rule"), _l("Pool rules")
    keys = ("level",)
    searched = ("level",)
    synonyms = {
        "level": ("级别", "客户级别"),
        "idle_days": ("未联系天数", "回收天数", "days without contact"),
        "warn_days": ("提前提醒天数", "提醒天数"),
        "claim_limit": ("领取上限", "持有上限", "limit"),
        "claim_back_days": ("重新领取间隔", "冷却天数"),
        "exempt": ("例外标签", "exempt tags"),
    }

    level: Mapped[Word | None] = column(
        _l("Level"), unique=True, suggests=True, help=_l("Empty: every level without a rule of its own")
    )
    idle_days: Mapped[Whole | None] = column(
        _l("Days without contact"), minimum=1, help=_l("After so many a customer returns to the pool; empty for never")
    )
    warn_days: Mapped[Whole] = column(
        _l("Warned before"), default=WARNED_BEFORE, minimum=0, help=_l("Days: its owner gets a mail so long before")
    )
    claim_limit: Mapped[Whole | None] = column(
        _l("At most held"),
        minimum=0,
        help=_l(
            "Who holds so many customers of the level (without a level: in all) can claim no more; empty for no limit"
        ),
    )
    claim_back_days: Mapped[Whole] = column(
        _l("Not claimed back for"), default=0, minimum=0, help=_l("Days after one has released or lost a customer")
    )

    exempt: Mapped[list[Tag]] = relationship(
        Tag, secondary=pool_rule_tags, info={"label": _l("Exempt tags")}, order_by=Tag.name, lazy="selectin"
    )

    def __str__(self) -> str:
        return _("Level %(level)s", level=self.level) if self.level else _("Every other level")

    @derived(_l("In words"))
    def words(self) -> str:
        parts = []
        if self.idle_days:
            parts.append(_("Returns to the pool after %(days)s days without contact.", days=self.idle_days))
            if self.warn_days:
                parts.append(_("Its owner is warned %(days)s days before.", days=self.warn_days))
        else:
            parts.append(_("Stays with its owner."))
        if self.claim_limit is not None:
            parts.append(_("Nobody claims more than %(count)s.", count=self.claim_limit))
        if self.claim_back_days:
            parts.append(_("Who gave one up can't claim it back for %(days)s days.", days=self.claim_back_days))
        if self.exempt:
            parts.append(_("Exempt: %(tags)s.", tags=listed(tag.name for tag in self.exempt)))
        return " ".join(parts)

    def fill(self) -> None:
        self.level = self.level or None
        if self.warn_days is None:
            self.warn_days = min(WARNED_BEFORE, self.idle_days or WARNED_BEFORE)

    def faults(self) -> dict[str, list[str]]:
        if self.idle_days is not None and self.warn_days > self.idle_days:
            said = _("It returns after %(days)s days: nobody can be warned longer before.", days=self.idle_days)
            return {"warn_days": [said]}
        session: Any = object_session(self)
        if self.level is None and session is not None:
            with session.no_autoflush:
                others = sa.select(PoolRule.id).where(PoolRule.level.is_(None), PoolRule.id != (self.id or 0))
                if session.scalars(others.limit(1)).first() is not None:
                    return {"level": [_("There is a rule for every other level already.")]}
        return {}


class PoolWarning(Model):
    """An owner was warned that a customer returns to the pool: once since there was contact last (or they got it)."""

    __tablename__ = "pool_warnings"
    __table_args__ = (sa.UniqueConstraint("customer_id", "owner_id", "since"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    customer_id: Mapped[int] = mapped_column(sa.ForeignKey("customers.id", ondelete="CASCADE"))
    owner_id: Mapped[int] = mapped_column(sa.ForeignKey("ab_user.id", ondelete="CASCADE"), index=True)
    since: Mapped[date] = mapped_column(sa.Date())
    warned_on: Mapped[date] = mapped_column(sa.Date())
