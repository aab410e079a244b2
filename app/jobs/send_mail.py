"""The job that sends what is in the outbox."""

from __future__ import annotations

from app.core import outbox
from app.core.i18n import gettext as _
from app.jobs.job import Occasion


def send(occasion: Occasion) -> str:
    """Send what is due; by hand also what waits for its next attempt.  Raises MailServerUnreachable."""
    sent, failed = outbox.send_due(ignore_waiting=occasion.by_hand)
    if not sent and not failed:
        return ""
    return _("%(sent)s sent, %(failed)s not taken by the mail server.", sent=sent, failed=failed)
