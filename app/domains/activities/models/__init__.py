"""What people plan, do, write down and say to each other."""

from app.domains.activities.models.outings import Outing
from app.domains.activities.models.plans import KINDS, OPEN_WHEN_SUBMITTED, WeeklyPlan, WeeklyPlanLine
from app.domains.activities.models.records import ContactRecord
from app.domains.activities.models.reviews import Review
from app.domains.activities.models.suggestions import Suggestion

__all__ = [
    "KINDS",
    "OPEN_WHEN_SUBMITTED",
    "ContactRecord",
    "Outing",
    "Review",
    "Suggestion",
    "WeeklyPlan",
    "WeeklyPlanLine",
]
