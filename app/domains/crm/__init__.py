"""Whom we sell to: customers, their contacts, and who shares them."""

# Its models never go without their rules: whoever imports the former has the latter.
from app.domains.crm import services as services
