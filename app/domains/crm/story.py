"""What the crm tells of a customer's and an opportunity's story."""

from __future__ import annotations

from app.core.i18n import gettext as _
from app.core.timeline import related
from app.domains.crm.models import Contact, CustomerTransfer, Opportunity, StageMove

related("customers", Contact, Contact.customer_id, lambda row: _("Contact: %(name)s", name=row), icon="people")
related(
    "customers",
    Opportunity,
    Opportunity.customer_id,
    lambda row: _("Opportunity: %(name)s", name=row),
    icon="target",
)
related(
    "customers",
    CustomerTransfer,
    CustomerTransfer.customer_id,
    lambda row: str(row),
    at=CustomerTransfer.at,
    text=lambda row: row.reason or "",
    icon="swap",
)
related(
    "opportunities",
    StageMove,
    StageMove.opportunity_id,
    lambda row: str(row),
    at=StageMove.at,
    text=lambda row: row.reason or "",
    icon="swap",
)
