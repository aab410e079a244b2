"""How an opportunity stands: which criteria of its stages are met, what that makes for a score, which stage suits it, and
whether it may be moved.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from sqlalchemy.orm import Session, object_session

from app.core import clock, db, identity
from app.core.entity import pointed_at
from app.core.i18n import gettext as _
from app.domains.crm import measures

if TYPE_CHECKING:
    from app.domains.crm.models import Opportunity, Stage, StageCriterion, StageMove

MOVE = "move"  # the deed that takes an opportunity to another stage
UNDO = "undo"  # the deed that sets back what many were given: its own reason


@dataclass(frozen=True)
class Met:
    """A criterion, whether it is met, and for a count what was measured."""

    criterion: StageCriterion
    met: bool
    measured: int | None = None


@dataclass
class Step:
    """A stage with its criteria."""

    stage: Stage
    criteria: list[Met] = field(default_factory=list)

    @property
    def is_met(self) -> bool:
        """Whether every criterion is met."""
        return all(each.met for each in self.criteria)


@dataclass
class Standing:
    """How one opportunity stands.  ``steps`` are all stages in their order, with what is met of each."""

    steps: list[Step]
    stage_id: int | None

    @property
    def score(self) -> int:
        """The weight of the criteria that are met."""
        return sum(each.criterion.weight for step in self.steps for each in step.criteria if each.met)

    @property
    def out_of(self) -> int:
        """The weight of all criteria."""
        return sum(each.criterion.weight for step in self.steps for each in step.criteria)

    @property
    def current(self) -> Step | None:
        """The stage it is in."""
        return next((step for step in self.steps if step.stage.id == self.stage_id), None)

    @property
    def next(self) -> Step | None:
        """The open or won stage that follows the one it is in."""
        here = self.current
        if here is None or not here.stage.is_open:
            return None
        after = (step for step in self.steps if _order(step.stage) > _order(here.stage) and not step.stage.is_lost)
        return next(after, None)

    @property
    def onward(self) -> Stage | None:
        """Where it may go from here: the suggested stage when that lies ahead, else the next one."""
        here, suggested = self.current, self.suggested
        if here is not None and suggested is not None and _order(suggested) > _order(here.stage):
            return suggested
        return self.next.stage if self.next is not None else None

    @property
    def missing(self) -> list[Met]:
        """What is not met of what the next stage asks for."""
        return self.unmet(self.next.stage) if self.next is not None else []

    @property
    def suggested(self) -> Stage | None:
        """The furthest open stage whose criteria, and those of every open stage before it, are met; the stage it is in
        once it is won or lost.
        """
        here = self.current
        if here is not None and not here.stage.is_open:
            return here.stage
        found: Stage | None = None
        for step in (each for each in self.steps if each.stage.is_open):
            if not step.is_met:
                break
            found = step.stage
        return found or next((step.stage for step in self.steps if step.stage.is_open), None)

    def unmet(self, target: Stage) -> list[Met]:
        """What is not met of the stages from the one it is in up to ``target``."""
        here = self.current
        return self.unmet_between(here.stage if here is not None else None, target)

    def unmet_between(self, before: Stage | None, target: Stage) -> list[Met]:
        """What is not met of the stages from ``before`` up to ``target``; nothing when that one is lost."""
        first = _order(before) if before is not None else (0, 0)
        between = (step for step in self.steps if first <= _order(step.stage) <= _order(target))
        passed = [step for step in between if not step.stage.is_lost and not target.is_lost]
        return [each for step in passed for each in step.criteria if not each.met]


def _order(stage: Stage) -> tuple[int, int]:
    return stage.position, stage.id


def load(opportunities: Iterable[Opportunity]) -> None:
    """Find how ``opportunities`` (stored ones) stand, in three statements however many they are."""
    rows = [row for row in opportunities if row.id is not None]
    ids = [row.id for row in rows]
    stages = stages_with_criteria()
    criteria = [each for _stage, several in stages for each in several]
    ticked = {row.id: {each.id for each in row.ticked} for row in rows if "ticked" in row.__dict__}
    if any(each.kind == "manual" for each in criteria):
        ticked |= _ticks([row.id for row in rows if row.id not in ticked])
    tests = {each.id: _test(each) for each in criteria if each.kind == "measured"}
    found = measures.values(ids, [test.measure for test in tests.values() if test is not None])
    for row in rows:
        row.__dict__["standing"] = _standing(row, stages, ticked.get(row.id, set()), tests, found.get(row.id, {}))


def now(opportunity: Opportunity) -> Standing:
    """How ``opportunity``, stored or new, stands with what is about to be saved of it: for whoever checks it before it is
    written.
    """
    stages = stages_with_criteria()
    tests = {each.id: _test(each) for _stage, several in stages for each in several if each.kind == "measured"}
    names = [test.measure for test in tests.values() if test is not None]
    if opportunity.id:
        measured = dict(measures.values([opportunity.id], names).get(opportunity.id, {}))
    else:
        measured = dict(measures.of_customer(getattr(pointed_at(opportunity, "customer"), "id", None), names))
    for name in names:
        own = measures.MEASURES[name].own
        if own is not None:
            measured[name] = int(own(opportunity))
    return _standing(opportunity, stages, {each.id for each in opportunity.ticked}, tests, measured)


def stages_with_criteria() -> list[tuple[Stage, list[StageCriterion]]]:
    """Every stage in its order, with its criteria.  One statement."""
    from app.domains.crm.models import Stage, StageCriterion

    joined = sa.select(Stage, StageCriterion).outerjoin(StageCriterion, StageCriterion.stage_id == Stage.id)
    found: dict[int, tuple[Stage, list[StageCriterion]]] = {}
    with db.session.no_autoflush:
        for stage, criterion in db.session.execute(joined.order_by(Stage.position, Stage.id, StageCriterion.id)):
            several = found.setdefault(stage.id, (stage, []))[1]
            if criterion is not None:
                several.append(criterion)
    return list(found.values())


def stages(session: Session) -> list[Stage]:
    """Every stage in its order: an opportunity begins in the first.  One statement."""
    from app.domains.crm.models import Stage

    with session.no_autoflush:
        return list(session.scalars(sa.select(Stage).order_by(Stage.position, Stage.id)))


def stage_before(opportunity: Opportunity) -> Stage | None:
    """The stage that ``opportunity``, whose stage is being changed, was in; None for a new one and an unchanged one."""
    from app.domains.crm.models import Stage

    state: Any = sa.inspect(opportunity)
    session = object_session(opportunity)
    if not state.persistent or session is None:
        return None
    for key in (each for each in state.attrs.stage_id.history.deleted or () if each is not None):
        return session.get(Stage, key)
    if state.attrs.stage.history.has_changes():
        return session.get(Stage, opportunity.stage_id)  # the key follows when it is written
    return None


def move_of(opportunity: Opportunity, before: Stage | None, stage: Stage, first: Stage | None = None) -> StageMove:
    """The row that remembers a move, which is about to be written; ``first`` is the stage in which a new one begins."""
    from app.domains.crm.models import StageMove

    # A new one begins in the first stage: one that is added further on has passed what lies between.
    begun = before or first or stage
    missing = now(opportunity).unmet_between(begun, stage) if stage.id != begun.id else []
    action, comment = identity.deed()
    said = [comment or opportunity.take_stage_reason(), (opportunity.lost_reason or "") if stage.is_lost else ""]
    reason = "; ".join(dict.fromkeys(each for each in said if each)) or (_("Undone") if action == UNDO else "")
    days = (clock.today() - clock.local(opportunity.stage_since).date()).days if before is not None else 0
    return StageMove(
        opportunity=opportunity,
        from_stage=before,
        to_stage=stage,
        at=clock.now(),
        days=days,
        reason=reason or None,
        missing=told(missing) or None,
    )


def why_lost(opportunity: Opportunity) -> str | None:
    """What the last move that lost ``opportunity`` says of why; None when it was never lost.  One statement."""
    from app.domains.crm.models import Stage, StageMove

    last = (
        sa.select(StageMove.reason)
        .join(Stage, Stage.id == StageMove.to_stage_id)
        .where(StageMove.opportunity_id == opportunity.id, Stage.is_lost.is_(True))
        .order_by(StageMove.id.desc())
    )
    return db.session.scalars(last.limit(1)).first()


def told(missing: Sequence[Met]) -> str:
    """What is missing, as one text."""
    return "; ".join(str(each.criterion) for each in missing)


def check_move(move: StageMove) -> dict[str, list[str]]:
    """What refuses ``move``, which is about to be written: backwards, out of a closed stage, or past criteria that are
    not met it needs a reason; a new opportunity beyond the first stage needs it as one that moves there.
    """
    before, stage = move.from_stage, move.to_stage
    if move.reason:
        return {}
    where = "reason" if identity.deed()[0] == MOVE else "stage_reason"
    if before is not None and (not before.is_open or _order(stage) < _order(before)):
        return {where: [_("Say why it goes back from “%(before)s” to “%(stage)s”.", before=before, stage=stage)]}
    if move.missing and before is None:
        return {where: [_("Not met yet: %(missing)s. Say why it begins here all the same.", missing=move.missing)]}
    if move.missing:
        return {where: [_("Not met yet: %(missing)s. Say why it moves on all the same.", missing=move.missing)]}
    return {}


def _test(criterion: StageCriterion) -> measures.Test | None:
    """What the criterion asks for; None when nobody measures that any more."""
    try:
        return measures.read(criterion.measure or "")
    except ValueError:
        return None


def _ticks(ids: Sequence[int]) -> dict[int, set[int]]:
    from app.domains.crm.models.opportunities import opportunity_ticks as table

    found: dict[int, set[int]] = {}
    if ids:
        statement = sa.select(table).where(table.c.opportunity_id.in_(ids))
        for row in db.session.connection().execute(statement):
            found.setdefault(row.opportunity_id, set()).add(row.criterion_id)
    return found


def _standing(
    row: Opportunity, stages: Any, ticked: set[int], tests: dict[int, measures.Test | None], measured: Any
) -> Standing:
    def met(criterion: StageCriterion) -> Met:
        if criterion.kind == "manual":
            return Met(criterion, criterion.id in ticked)
        test = tests[criterion.id]
        if test is None:
            return Met(criterion, False)
        value = measured.get(test.measure)
        counted = value is not None and measures.MEASURES[test.measure].counts
        return Met(criterion, test.holds(value), int(value) if counted else None)

    stage = pointed_at(row, "stage")
    return Standing(
        [Step(stage, [met(each) for each in criteria]) for stage, criteria in stages], stage.id if stage else None
    )
