"""Whom we sell to and what we hope to sell them."""

from app.domains.crm.models.customers import STATUS_TONES, STATUSES, Contact, Customer, CustomerShare
from app.domains.crm.models.lead_rules import LeadRule
from app.domains.crm.models.leads import Lead
from app.domains.crm.models.opportunities import Opportunity, StageMove
from app.domains.crm.models.pool import PoolRule, PoolWarning
from app.domains.crm.models.stages import Stage, StageCriterion
from app.domains.crm.models.transfers import CustomerTransfer

__all__ = [
    "STATUSES",
    "STATUS_TONES",
    "Contact",
    "Customer",
    "CustomerShare",
    "CustomerTransfer",
    "Lead",
    "LeadRule",
    "Opportunity",
    "PoolRule",
    "PoolWarning",
    "Stage",
    "StageCriterion",
    "StageMove",
]
