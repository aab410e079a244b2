"""Who gets a lead that nobody has: rules that hand them out in turn."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.core.entity import Entity, User, column, reference
from app.core.i18n import gettext as _
from app.core.i18n import lazy_gettext as _l
from app.core.i18n import lazy_pgettext
from app.core.types import Flag, Whole, Word
from app.domains.people.models import Department

METHODS = {"round_robin": _l("In turn")}


class LeadRule(Entity):
    """Leads of a region or source that come without an owner go to the employees of a department, one after the other.

    The rules are asked in the order of their positions; the first that fits, and that has somebody, decides.
    """

    __tablename__ = "lead_rules"
    resource = "lead-rules"
    label, labels = _l("Assignment rule"), _l("Assignment rules")
    keys = ("region", "source", "department")
    searched = ("region", "source")
    synonyms = {
        "position": ("序号", "顺序", "order"),
        "region": ("地区", "区域", "area", "territory"),
        "source": ("来源", "线索来源", "lead source"),
        "department": ("部门", "分配部门"),
        "method": ("方式", "分配方式"),
        "active": ("启用", "有效"),
    }

    position: Mapped[Whole] = column(_l("Position"), default=10, minimum=0, help=_l("The smallest is asked first"))
    region: Mapped[Word | None] = column(_l("Region"), suggests=True, help=_l("Empty: every region"))
    source: Mapped[Word | None] = column(_l("Source"), suggests=True, help=_l("Empty: every source"))
    department_id: Mapped[int] = reference(
        "departments.id", _l("Department"), help=_l("Its active employees get the leads")
    )
    method: Mapped[Word] = column(_l("Method"), choices=METHODS, default="round_robin")
    active: Mapped[Flag] = column(lazy_pgettext("rule", "Active"), default=True)
    # Moved on by a statement of its own, which no saving of the rule takes back.
    last_to_id: Mapped[int | None] = mapped_column(
        sa.ForeignKey("ab_user.id", ondelete="SET NULL"),
        index=True,
        info={"label": _l("Last given to"), "help": "", "readonly": True},
    )

    department: Mapped[Department] = relationship(Department, foreign_keys=[department_id])
    last_to: Mapped[User | None] = relationship(User, foreign_keys=[last_to_id])

    def __str__(self) -> str:
        what = " · ".join(part for part in (self.region, self.source) if part)
        return what or _("Every other lead")
