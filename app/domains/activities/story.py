"""What plans, outings, contact records and guidance tell of a customer's and an opportunity's story."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, time
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import joinedload

from app.core import clock, db, identity
from app.core.entity import record_name
from app.core.i18n import gettext as _
from app.core.timeline import Happening, related, tells
from app.domains.activities.models import KINDS, ContactRecord, Outing, Review, WeeklyPlan, WeeklyPlanLine
from app.domains.activities.models.records import WAYS
from app.domains.activities.models.reviews import shortened

for resource, key in (("customers", ContactRecord.customer_id), ("opportunities", ContactRecord.opportunity_id)):
    related(
        resource,
        ContactRecord,
        key,
        lambda row: f"{WAYS.get(row.way, row.way)}: {row.outcome}",
        at=ContactRecord.at,
        text=lambda row: row.summary,
        icon="chat",
        who="owner",
    )
related(
    "customers",
    Outing,
    Outing.customer_id,
    lambda row: _("Outing: %(purpose)s", purpose=row.purpose),
    at=Outing.leave_at,
    text=lambda row: row.place or "",
    icon="map",
    who="owner",
)
for resource, key, where in (
    ("customers", Review.customer_id, None),
    ("opportunities", Review.record_id, Review.record_resource == "opportunities"),
):
    related(
        resource,
        Review,
        key,
        lambda row: _("Guidance for %(who)s", who=row.to),
        text=lambda row: shortened(row.body),
        icon="chat",
        who="author",
        where=where,
        along=("to",),
    )
    related(
        resource,
        Review,
        key,
        lambda row: _("Guidance answered"),
        at=Review.answered_at,
        text=lambda row: shortened(row.answer or ""),
        icon="check",
        who="to",
        where=where,
    )


@tells("customers")
def plan_lines(row: Any, before: datetime, most: int) -> Iterable[Happening]:
    """What was planned at the customer until ``before``, each as its day began.  One statement."""
    if not identity.require().may("can_list", WeeklyPlan.permission_key()):
        return
    until = clock.local(before)
    day = WeeklyPlanLine.planned_on
    statement = (
        sa.select(WeeklyPlanLine)
        .where(
            WeeklyPlanLine.customer_id == row.id,
            day < until.date() if until.time() == time.min else day <= until.date(),
        )
        .order_by(day.desc(), WeeklyPlanLine.id.desc())
        .limit(most)
        .options(joinedload(WeeklyPlanLine.document).joinedload(WeeklyPlan.owner))
    )
    for line in db.session.scalars(statement).unique():
        began = datetime.combine(line.planned_on, time.min, clock.zone())
        what = _("Planned: %(what)s", what=f"{KINDS[line.kind]}, {shortened(line.goal)}")
        plan = line.document
        yield Happening(began, str(plan.owner), what, line.result or "", record_name(plan), "calendar")
