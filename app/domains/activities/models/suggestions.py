"""The register of suggestions: what people say the company should do better, and what became of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, object_session, relationship

from app.core import clock, identity, scope
from app.core.entity import Entity, User, column, pointed_at, reference
from app.core.i18n import gettext as _
from app.core.i18n import lazy_gettext as _l
from app.core.i18n import lazy_pgettext
from app.core.types import Flag, Moment, Note
from app.domains.activities.models.reviews import shortened

if TYPE_CHECKING:
    from app.domains.activities.models.plans import WeeklyPlan


class Suggestion(Entity):
    """What somebody suggests to the company, with a weekly plan or by itself; management answers and closes it."""

    __tablename__ = "suggestions"
    resource = "suggestions"
    label, labels = _l("Suggestion"), _l("Suggestions")
    scope = scope.own_rows()
    keys = ("owner", "body")
    searched = ("body", "answer")
    synonyms = {
        "owner": ("提出人", "员工", "employee"),
        "body": ("建议", "建议内容", "suggestion"),
        "plan": ("周计划", "weekly plan"),
    }

    owner_id: Mapped[int] = reference("ab_user.id", lazy_pgettext("suggestion", "Who"))
    body: Mapped[Note] = column(_l("Suggestion"))
    plan_id: Mapped[int | None] = reference(
        "weekly_plans.id", _l("Weekly plan"), loose=True, unique=True, readonly=True
    )
    answer: Mapped[Note | None] = column(_l("Answer"), readonly=True)
    answered_by_id: Mapped[int | None] = reference("ab_user.id", _l("Answered by"), readonly=True)
    answered_at: Mapped[Moment | None] = column(_l("Answered at"), readonly=True)
    closed: Mapped[Flag] = column(_l("Closed"), default=False, readonly=True, index=True)

    owner: Mapped[User] = relationship(User, foreign_keys=[owner_id])
    answered_by: Mapped[User | None] = relationship(User, foreign_keys=[answered_by_id])
    plan: Mapped[WeeklyPlan | None] = relationship("WeeklyPlan", foreign_keys=[plan_id])

    def __str__(self) -> str:
        return shortened(self.body or "")

    @classmethod
    def handed_on(cls) -> None:
        """It tells whose idea it was: it stays."""

    def fact(self) -> str:
        day = clock.local(self.created_on).date().isoformat() if self.created_on else ""
        return " · ".join(filter(None, (str(pointed_at(self, "owner") or ""), day)))

    def stays(self) -> str:
        """Why it can't be deleted: management has dealt with it."""
        return _("It is answered: it stays in the register.") if self.answer or self.closed else ""

    def faults(self) -> dict[str, list[str]]:
        state: Any = sa.inspect(self)
        if not state.persistent or not state.attrs.body.history.has_changes():
            return {}
        actor = identity.require()
        if self.owner_id != actor.user_id and not actor.unlimited:
            return {"body": [_("These are somebody else's words.")]}
        if self.answer or self.closed:
            return {"body": [_("It is answered: what was suggested stays.")]}
        return {}


def note_suggestion(plan: WeeklyPlan) -> None:
    """Keep what ``plan``, about to be flushed, suggests in the register: once for a plan, as it was last written before
    it was answered.
    """
    state: Any = sa.inspect(plan)
    session = object_session(plan)
    if session is None or not state.attrs.suggestion.history.has_changes():
        return
    with session.no_autoflush:
        known = next((row for row in session.new if isinstance(row, Suggestion) and row.plan is plan), None)
        if known is None and state.persistent:
            known = session.scalars(sa.select(Suggestion).where(Suggestion.plan_id == plan.id)).one_or_none()
    text = (plan.suggestion or "").strip()
    if known is None:
        if text:
            session.add(Suggestion(plan=plan, owner_id=plan.owner_id, body=text))
    elif not (known.answer or known.closed):
        if text:
            known.body = text
        elif sa.inspect(known).persistent:
            session.delete(known)
        else:
            session.expunge(known)
