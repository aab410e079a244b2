"""What the pages of the crm's records show besides their fields."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from app.core import identity
from app.core.i18n import gettext as _
from app.core.web.panels import Panel, panel
from app.domains.crm.standing import Met, Step


@dataclass(frozen=True)
class CriterionShown:
    """A criterion of a stage: ``tick`` is its id where it is ticked by hand, ``figure`` what was measured of a count."""

    name: str
    met: bool
    tick: int | None
    figure: str
    measure: str


@dataclass(frozen=True)
class StepShown:
    """A stage on the way: ``state`` is past, now or ahead; ``move_to`` its id where it can be moved there."""

    name: str
    state: str
    is_met: bool
    criteria: list[CriterionShown]


@dataclass(frozen=True)
class StandingShown:
    """How an opportunity stands, for its page.  ``tick_url`` is empty for whoever may not tick."""

    steps: list[StepShown]
    score: int
    out_of: int
    days: str
    is_stale: bool
    suggested: str
    suggested_id: int | None
    move_url: str
    tick_url: str
    next: str
    missing: list[str]


def _criterion(each: Met) -> CriterionShown:
    by_hand = each.criterion.kind == "manual"
    return CriterionShown(
        str(each.criterion),
        each.met,
        each.criterion.id if by_hand else None,
        "" if each.measured is None else str(each.measured),
        "" if by_hand else str(each.criterion.measure or ""),
    )


@panel("opportunities")
def how_it_stands(row: Any) -> Panel | None:
    """The stages, what is met of their criteria, and what that makes."""
    standing = row.standing
    here = standing.current
    if here is None:
        return None
    place = standing.steps.index(here)

    def state(step: Step, number: int) -> str:
        return "now" if step is here else "past" if number < place and here.stage.is_open else "ahead"

    open_steps = [(number, step) for number, step in enumerate(standing.steps) if step.stage.is_open or step is here]
    actor, key = identity.require(), type(row).permission_key()
    url = f"/opportunities/action/{{}}/{row.id}"
    limit = here.stage.max_days
    days = row.days_in_stage
    suggested = standing.suggested
    differs = suggested is not None and suggested.id != here.stage.id and here.stage.is_open
    ahead = differs and [step.stage for step in standing.steps].index(suggested) > place
    about = StandingShown(
        steps=[
            StepShown(str(step.stage), state(step, number), step.is_met, [_criterion(each) for each in step.criteria])
            for number, step in open_steps
        ],
        score=standing.score,
        out_of=standing.out_of,
        days=_("%(days)s of %(most)s days", days=days, most=limit) if limit else _("%(n)s days", n=days),
        is_stale=row.is_stale,
        suggested=str(suggested) if differs else "",
        suggested_id=suggested.id if ahead and suggested is not None else None,
        move_url=url.format("move") if actor.may("can_move", key) else "",
        tick_url=url.format("tick") if actor.may("can_tick", key) else "",
        next=str(standing.next.stage) if standing.next is not None else "",
        missing=[str(each.criterion) for each in standing.missing],
    )
    return Panel("standing", _("How it stands"), "kehu/panel_standing.html", about)
