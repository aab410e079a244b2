"""Rules of weekly plans: what a plan needs before it is submitted."""

from __future__ import annotations

from app.core.errors import Invalid
from app.core.i18n import gettext as _
from app.core.numbering import PREFIXES
from app.domains.activities.models import WeeklyPlan

PREFIXES["weekly-plans"] = "WP"


@WeeklyPlan.workflow.effect("submit")
def submit(plan: WeeklyPlan) -> None:
    """Let ``plan`` go to its owner's superior.  Raises Invalid when it says nothing."""
    if not (plan.plan or "").strip() and not plan.lines:
        raise Invalid({"plan": [_("Write what the week is for, or add a line, before you submit.")]})
