"""What both books ask of a posting's day, and what every entry says of its document."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import sqlalchemy as sa

from app.core import clock, identity
from app.core.document import Document
from app.core.errors import Invalid
from app.core.i18n import gettext as _
from app.ledger import events, seals
from app.ledger import periods as periods  # it listens: whoever posts has the closing

AHEAD = timedelta(days=366)  # a date beyond it is a slip of the keyboard


def reversal(date: date | None, posted: date) -> date:
    """The day of a reversal of what was posted on ``posted``: ``date``, or today, or the posting's own if that is later.

    Raises Invalid for one before the posting.
    """
    if date is None:
        return max(clock.today(), posted)
    if date < posted:
        raise Invalid({"date": [_("A reversal can't be dated before %(day)s, the posting.", day=posted.isoformat())]})
    return date


def check(connection: sa.Connection, day: date) -> None:
    """Raises Invalid for a day that is farther away than ``AHEAD``, PeriodClosed, and what a registered check raises."""
    if day > clock.today() + AHEAD:
        raise Invalid({"date": [_("Nothing can be posted more than a year ahead.")]})
    events.check_day(connection, day)


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


def sealed(table: str, entries: list[dict[str, Any]], common: dict[str, Any]) -> list[dict[str, Any]]:
    """The ``entries`` with what they have in ``common``, each under its seal: as they are written to ``table``."""
    rows = [entry | common for entry in entries]
    for row in rows:
        row["seal"] = seals.seal(table, row)
    return rows


def stamps() -> dict[str, Any]:
    """What every row says of who made it when."""
    moment, who = clock.now(), identity.user_id()
    return {"version": 1, "created_on": moment, "changed_on": moment, "created_by_id": who, "changed_by_id": who}
