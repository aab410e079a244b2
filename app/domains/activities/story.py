"""What contact records and outings tell of a customer's and an opportunity's story."""

from __future__ import annotations

from app.core.i18n import gettext as _
from app.core.timeline import related
from app.domains.activities.models import ContactRecord, Outing
from app.domains.activities.models.records import WAYS

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
