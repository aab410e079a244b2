"""How weekly plans are shown."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from app.core import clock
from app.core.i18n import lazy_gettext as _l
from app.core.web.view import EntityView
from app.domains.activities.models import OPEN_WHEN_SUBMITTED, WeeklyPlan

LAST_DAY_OF_THIS_WEEK = 2  # Wednesday: from Thursday on a new plan is for the week to come


class WeeklyPlanView(EntityView, model=WeeklyPlan):
    icon = "calendar"
    columns = ("number", "owner", "week", "state", "plan")
    fieldsets = (
        ("", ("number", "owner", "week", "date")),
        (_l("Before the week"), ("plan",)),
        (_l("After the week"), ("summary", "suggestion", "review_comment", "note")),
    )
    line_columns = ("planned_on", "kind", "customer", "goal", "done", "result")
    sort = "-week"
    help = _l("Plan before the week, submit, and fill in the results as they come. Your superior reviews it.")
    empty = _l("Write your first plan: what the week is for, and a line for each visit or call.")

    @classmethod
    def defaults(cls) -> Mapping[str, Any]:
        today = clock.today()
        monday = clock.monday_of(today)
        return {"week": monday if today.weekday() <= LAST_DAY_OF_THIS_WEEK else monday + timedelta(days=7)}

    @classmethod
    def still_open(cls, row: Any) -> frozenset[str] | None:
        return OPEN_WHEN_SUBMITTED if row.state == "submitted" else None
