"""The weekly plan, written by its owner and reviewed by a superior."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, object_session, relationship

from app.core import clock, identity, scope
from app.core.document import Document, Line
from app.core.entity import User, column, pointed_at, reference
from app.core.errors import Conflict
from app.core.i18n import gettext as _
from app.core.i18n import lazy_gettext as _l
from app.core.types import Day, Flag, Note, Word
from app.core.workflow import Transition, Workflow
from app.domains.activities.models.suggestions import note_suggestion
from app.domains.crm.models import Customer
from app.domains.people.queries import may_lead

KINDS = {"visit": _l("Visit"), "call": _l("Call"), "internal": _l("Internal"), "other": _l("Other")}
KIND_TONES = {"visit": "blue", "call": "green", "internal": "grey", "other": "grey"}
OPEN_WHEN_SUBMITTED = frozenset({"summary", "suggestion", "note", "done", "result", "position"})
"""What is still written while the week goes on; to change the plan itself, it is reopened."""
STAMPS = frozenset({"version", "changed_on", "changed_by_id", "search_text"})


def may_review(plan: WeeklyPlan) -> bool:
    """Whether the actor leads the owner, or may change every plan; nobody reviews their own."""
    return may_lead(plan.owner_id, plan.domain())


class WeeklyPlan(Document):
    """What somebody means to do in a week, what came of it, and what the superior says to that."""

    __tablename__ = "weekly_plans"
    __table_args__ = (sa.UniqueConstraint("owner_id", "week"),)
    resource = "weekly-plans"
    label, labels = _l("Weekly plan"), _l("Weekly plans")
    scope = scope.own_rows()
    own_words = True
    keys = ("owner", "week")
    searched = ("number", "person", "plan")
    line_class = "WeeklyPlanLine"
    workflow = Workflow(
        states={"draft": _l("Draft"), "submitted": _l("Submitted"), "reviewed": _l("Reviewed")},
        tones={"draft": "grey", "submitted": "blue", "reviewed": "green"},
        transitions=(
            Transition("submit", "draft", "submitted", _l("Submit"), primary=True),
            Transition(
                "review",
                "submitted",
                "reviewed",
                _l("Review"),
                fields=("review_comment",),
                allowed=may_review,
                primary=True,
            ),
            Transition("reopen", "submitted", "draft", _l("Reopen")),
        ),
        editable=("draft", "submitted"),
    )
    synonyms = {
        "owner": ("员工", "姓名", "employee"),
        "week": ("周", "周次", "week of", "Monday"),
        "plan": ("计划", "本周计划", "weekly plan"),
        "summary": ("总结", "本周总结"),
        "suggestion": ("建议", "suggestions"),
        "review_comment": ("批复", "批复意见"),
    }

    owner_id: Mapped[int] = reference("ab_user.id", _l("Owner"))
    week: Mapped[Day] = column(
        _l("Week"), help=_l("Any day of the week; it is kept as the week's Monday"), spans="week"
    )
    plan: Mapped[Note] = column(_l("Plan"), default="", help=_l("What the week is for"))
    summary: Mapped[Note | None] = column(
        _l("Summary"), help=_l("What came of it; can be written until the plan is reviewed")
    )
    suggestion: Mapped[Note | None] = column(_l("Suggestion"), help=_l("What the company should do better"))
    review_comment: Mapped[Note | None] = column(_l("Review comment"), readonly=True)

    owner: Mapped[User] = relationship(User, foreign_keys=[owner_id])

    @classmethod
    def handed_on(cls) -> None:
        """None: a plan is its owner's; what is open in it goes with the customers (``along``)."""

    @property
    def person(self) -> str:
        """Whose plan it is."""
        return str(pointed_at(self, "owner") or "")

    def fact(self) -> str:
        return f"{self.week}"

    def there_already(self) -> tuple[str, str, Any] | None:
        state: Any = sa.inspect(self)
        session = object_session(self)
        moves = not state.persistent or any(state.attrs[name].history.has_changes() for name in ("owner_id", "week"))
        if not moves or self.week is None or session is None:
            return None
        same = (WeeklyPlan.owner_id == self.owner_id, WeeklyPlan.week == clock.monday_of(self.week))
        other = session.scalars(sa.select(WeeklyPlan).where(*same, WeeklyPlan.id != (self.id or 0))).unique().first()
        return ("week", _("There is a plan for this week already: change that one."), other) if other else None

    def fill(self) -> None:
        if self.week is not None:
            self.week = clock.monday_of(self.week)
        note_suggestion(self)

    def faults(self) -> dict[str, list[str]]:
        refuse_changed_plan(self, self)
        state: Any = sa.inspect(self)
        if not state.persistent or not state.attrs.week.history.has_changes():
            return {}
        # Those that move themselves are asked themselves.
        stay = (line for line in self.lines if not line.moves())
        return {f"lines.{line.position}.planned_on": said for line in stay if (said := line.outside(self))}


class WeeklyPlanLine(Line):
    """One thing to do in the week, and what came of it."""

    __tablename__ = "weekly_plan_lines"
    document_class, document_table = "WeeklyPlan", "weekly_plans"
    searched = ("goal",)

    planned_on: Mapped[Day] = column(_l("Day"))
    customer_id: Mapped[int | None] = reference("customers.id", _l("Customer"))
    kind: Mapped[Word] = column(_l("Kind"), choices=KINDS, tones=KIND_TONES, default="visit")
    goal: Mapped[Note] = column(_l("Goal"))
    done: Mapped[Flag] = column(_l("Done"), default=False)
    result: Mapped[Note | None] = column(_l("Result"))

    customer: Mapped[Customer | None] = relationship(Customer, foreign_keys=[customer_id])

    def __str__(self) -> str:
        return f"{self.planned_on} {self.goal}"

    @property
    def owner_id(self) -> int | None:
        """Whose plan it is of."""
        plan = pointed_at(self, "document")
        return plan.owner_id if plan is not None else None

    @classmethod
    def offered(cls) -> sa.Select[tuple[Any]]:
        """What a picker offers: one's own lines of last week, this one and the next, the latest first."""
        week = clock.monday_of(clock.today())
        return (
            sa.select(cls)
            .join(WeeklyPlan, WeeklyPlan.id == cls.document_id)
            .where(
                WeeklyPlan.owner_id == (identity.user_id() or 0),
                WeeklyPlan.week.between(week - timedelta(days=7), week + timedelta(days=7)),
            )
            .order_by(cls.planned_on.desc(), cls.id)
        )

    def faults(self) -> dict[str, list[str]]:
        if self.document is None:
            return {}
        refuse_changed_plan(self, self.document)
        outside = self.outside(self.document) if self.moves() else []
        return {"planned_on": outside} if outside else {}

    def moves(self) -> bool:
        """Whether it comes to the day on which it is planned only now."""
        state: Any = sa.inspect(self)
        return not state.persistent or state.attrs.planned_on.history.has_changes()

    def outside(self, plan: WeeklyPlan) -> list[str]:
        """What is wrong with its day where that is not in the week of ``plan``."""
        if plan.week is None or self.planned_on is None or clock.monday_of(self.planned_on) == plan.week:
            return []
        last = min(plan.week, date.max - timedelta(days=6)) + timedelta(days=6)  # the calendar ends in a week
        return [_("This plan is for the days from %(first)s to %(last)s.", first=plan.week, last=last)]


def refuse_changed_plan(row: WeeklyPlan | WeeklyPlanLine, plan: WeeklyPlan) -> None:
    """Raises Conflict when more of a submitted plan changes than results, summary and suggestion."""
    steady = not sa.inspect(plan).attrs.state.history.has_changes()
    if plan.state != "submitted" or not steady:
        return
    state: Any = sa.inspect(row)
    changed = {
        attribute.key
        for attribute in state.mapper.column_attrs
        if state.attrs[attribute.key].history.has_changes() and attribute.key not in STAMPS
    }
    lines = state.attrs.lines.history if row is plan else None
    if changed - OPEN_WHEN_SUBMITTED or (lines is not None and (lines.added or lines.deleted)):
        raise Conflict(
            _(
                "%(plan)s is submitted: only its summary, suggestion and results can be written. "
                "Reopen it to change the plan.",
                plan=plan,
            )
        )
