"""What contact records and outings tell of an opportunity."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from app.core.i18n import lazy_gettext as _l
from app.domains.activities.models import ContactRecord
from app.domains.crm.measures import measure

RECORDS: Any = sa.inspect(ContactRecord).local_table


def _records(opportunity: Any, *where: Any) -> Any:
    """How many contact records there are with the opportunity's customer, of it or of nothing else."""
    mine = sa.or_(RECORDS.c.opportunity_id == opportunity.c.id, RECORDS.c.opportunity_id.is_(None))
    statement = sa.select(sa.func.count()).select_from(RECORDS)
    return statement.where(RECORDS.c.customer_id == opportunity.c.customer_id, mine, *where).scalar_subquery()


@measure("contact_records", _l("Contact records with the customer"), counts=True)
def contact_records(opportunity: Any) -> Any:
    """How many contacts with the customer are written down; those about another opportunity do not count."""
    return _records(opportunity)


@measure("visits", _l("Visits to the customer"), counts=True)
def visits(opportunity: Any) -> Any:
    """How many of the contacts were visits."""
    return _records(opportunity, RECORDS.c.way == "visit")
