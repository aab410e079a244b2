"""What both books ask of a posting's day, and what every entry says of its document."""

from __future__ import annotations

from datetime import date
from typing import Any

import sqlalchemy as sa

from app.core import clock, identity
from app.core.document import Document
from app.core.errors import Invalid
from app.core.i18n import gettext as _
from app.ledger import events
from app.ledger import periods as periods  # it listens: whoever posts has the closing


def check(connection: sa.Connection, day: date) -> None:
    """Raises Invalid for a day to come, PeriodClosed, and what a registered check raises."""
    if day > clock.today():
        raise Invalid({"date": [_("Nothing can be posted on a day to come.")]})
    events.check_day(connection, day)


def refuse_before(day: date, posted: date) -> None:
    """Raises Invalid for a reversal dated before what it reverses."""
    if day < posted:
        raise Invalid({"date": [_("A reversal can't be dated before %(day)s, the posting.", day=posted.isoformat())]})


def of_document(document: Document, day: date) -> dict[str, Any]:
    """What every entry of a posting says: when, under which document (whose number is taken now), by whom."""
    return {
        "at": clock.now(),
        "date": day,
        "document_kind": document.resource,
        "document_id": document.id,
        "document_number": document.take_number(),
        **stamps(),
    }


def stamps() -> dict[str, Any]:
    """What every row says of who made it when."""
    moment, who = clock.now(), identity.user_id()
    return {"version": 1, "created_on": moment, "changed_on": moment, "created_by_id": who, "changed_by_id": who}
