"""What papers tell of an opportunity: which kinds of files hang on it, or on its customer."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from app.core.i18n import lazy_gettext as _l
from app.domains.crm.measured import yes
from app.domains.crm.measures import measure
from app.domains.library.models import File

FILES: Any = sa.inspect(File).local_table


def _has(opportunity: Any, kind: str) -> Any:
    """1 where a file of ``kind`` hangs on the opportunity itself or on its customer, else 0."""
    on_it = sa.and_(FILES.c.record_resource == "opportunities", FILES.c.record_id == opportunity.c.id)
    on_customer = sa.and_(FILES.c.record_resource == "customers", FILES.c.record_id == opportunity.c.customer_id)
    return yes(sa.exists().where(FILES.c.kind == kind, sa.or_(on_it, on_customer)))


@measure("quotation_sent", _l("A quotation is filed with the opportunity or its customer"))
def quotation_sent(opportunity: Any) -> Any:
    """Whether there is a file of the kind quotation."""
    return _has(opportunity, "quotation")


@measure("requirement_known", _l("What the customer requires is filed"))
def requirement_known(opportunity: Any) -> Any:
    """Whether there is a file of the kind requirement."""
    return _has(opportunity, "requirement")


@measure("contract_filed", _l("A contract is filed"))
def contract_filed(opportunity: Any) -> Any:
    """Whether there is a file of the kind contract."""
    return _has(opportunity, "contract")
