"""What the pages of others show of what they owe."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

import sqlalchemy as sa

from app.core import db, identity
from app.core.i18n import gettext as _
from app.core.web import present
from app.domains.crm.panels import Glance, glance
from app.ledger.models import PartyBalance


@glance
def balance(row: Any) -> Glance | None:
    """What a customer owes, if anything was ever posted.  One statement."""
    if not identity.require().may("can_list", PartyBalance.permission_key()):
        return None
    found = db.session.execute(
        sa.select(PartyBalance.balance, PartyBalance.moved_on).where(PartyBalance.customer_id == row.id)
    ).first()
    if found is None:
        return None
    moved = _("Last: %(day)s", day=present.day(found.moved_on)) if found.moved_on is not None else ""
    asked = urlencode({"f": f"customer:rel_o_m:{row.id}"})
    return Glance(_("Balance"), present.number(found.balance, 2), moved, url=f"/party-entries/list/?{asked}")
