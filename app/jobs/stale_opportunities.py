"""Telling sellers once a week which of their opportunities have been in their stage for too long.

A mail for each owner and week: the key is of both, so that a second run tells nobody again.
"""

from __future__ import annotations

from collections import defaultdict

import sqlalchemy as sa

from app.core import clock, db, notices, outbox
from app.core.entity import User
from app.core.i18n import gettext as _
from app.core.i18n import lazy_gettext as _l
from app.core.i18n import speaking
from app.core.mail import templates
from app.core.settings import settings
from app.domains.crm import queries
from app.domains.crm.models import Opportunity
from app.jobs import recipients
from app.jobs.job import Occasion
from app.jobs.recipients import Recipient

STALE = "stale-opportunities"
SHOWN = 50  # of one mail
notices.KINDS[STALE] = _l("Your opportunities that do not move")


def tell(occasion: Occasion) -> str:
    """Write each owner one mail about what does not move; nobody who has been told this week."""
    found = (
        sa.select(Opportunity)
        .where(queries.is_stale())
        .options(sa.orm.joinedload(Opportunity.customer), sa.orm.joinedload(Opportunity.stage))
        .order_by(Opportunity.stage_since, Opportunity.id)
    )
    by_owner: dict[int, list[Opportunity]] = defaultdict(list)
    for opportunity in db.session.scalars(found):
        by_owner[opportunity.owner_id].append(opportunity)
    reached = recipients.everyone(db.session.connection(), User.id.in_(by_owner))
    week = clock.monday_of(occasion.day).isoformat()
    told = notices.deliver(
        notices.News(owner, STALE, _mail(week, reached[owner], rows))
        for owner, rows in by_owner.items()
        if owner in reached
    )
    stale = sum(len(rows) for rows in by_owner.values())
    return _("%(stale)s opportunities do not move, %(mails)s owners told.", stale=stale, mails=len(told))


def _mail(week: str, to: Recipient, rows: list[Opportunity]) -> outbox.Mail:
    address = settings().address
    items = [
        {
            "url": f"{address}/opportunities/show/{row.id}",
            "name": row.name,
            "customer": row.customer.name,
            "stage": row.stage.name,
            "days": row.days_in_stage,
            "most": row.stage.max_days,
            "amount": row.amount,
        }
        for row in rows[:SHOWN]
    ]
    link = f"{address}/opportunities/list/?f=stale:eq:1"
    letter = templates.write(
        "stale_opportunities", to.locale, name=to.name, items=items, more=max(0, len(rows) - SHOWN), link=link
    )
    with speaking(to.locale):
        subject = _("Opportunities that do not move: %(count)s", count=len(rows))
    return outbox.Mail(to.address, subject, *letter, f"{STALE}, {week}, user {to.user_id}", to.locale)
