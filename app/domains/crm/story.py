"""What the crm tells of a customer's and an opportunity's story."""

from __future__ import annotations

from app.core.i18n import gettext as _
from app.core.timeline import related
from app.domains.crm.models import Contact, CustomerShare, CustomerTransfer, Lead, Opportunity, StageMove
from app.domains.crm.models.customers import ACCESS

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
    along=("from_owner", "to_owner"),
)
related(
    "customers",
    CustomerShare,
    CustomerShare.customer_id,
    lambda row: _("Shared with %(who)s", who=row.user),
    text=lambda row: str(ACCESS[row.access]),
    icon="users",
    along=("user",),
)
for resource, key in (("customers", Lead.customer_id), ("opportunities", Lead.opportunity_id)):
    related(
        resource,
        Lead,
        key,
        lambda row: _("Lead converted: %(name)s", name=row),
        at=Lead.converted_on,
        text=lambda row: row.source or "",
        icon="star",
        who="owner",
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
