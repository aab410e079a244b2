"""How the party book and the closed periods are shown."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from app.core.i18n import gettext as _
from app.core.i18n import lazy_gettext as _l
from app.core.web.view import Done, EntityView, ResourceAction
from app.domains.finance import panels
from app.ledger import periods
from app.ledger.models import PartyBalance, PartyEntry, Period
from app.ledger.readings import explain_reading


class PartyBalanceView(EntityView, model=PartyBalance):
    icon = "chart"
    columns = ("party", "customer", "balance", "moved_on")
    fieldsets = (("", ("customer", "party", "balance", "moved_on")),)
    sort = "-balance"
    readings = (
        explain_reading(
            PartyBalance, "kind", "amount", "currency", "currency_amount", "due_on", facts=("customer", "balance")
        ),
    )
    help = _l("What each customer owes, as posted documents have left it. A negative balance is what we owe.")
    empty = _l("Nobody owes anything yet. Posted documents write here.")


class PartyEntryView(EntityView, model=PartyEntry):
    icon = "clipboard"
    columns = ("document_number", "date", "customer", "kind", "amount", "currency", "currency_amount", "due_on")
    fieldsets = (
        ("", ("date", "at", "document_number", "party", "customer", "kind")),
        (_l("Amount"), ("amount", "currency", "currency_amount", "due_on", "reverses")),
    )
    help = _l("Every change of what a party owes, with the document that caused it. Nothing here is ever changed.")
    empty = _l("Nothing has been posted yet. Posted documents write here.")


def _close(values: Mapping[str, Any]) -> Done:
    period = periods.close(values["until"])
    return Done(period, _("The books are closed until %(until)s.", until=period.until.isoformat()))


def _reopen(values: Mapping[str, Any]) -> Done:
    taken_back = [period.until.isoformat() for period in periods.reopen(values["until"])]
    until = periods.closed_until()
    message = (
        _("The books are closed until %(until)s.", until=until.isoformat()) if until else _("No period is closed.")
    )
    return Done(None, message, {"reopened": taken_back, "closed_until": until.isoformat() if until else None})


class PeriodView(EntityView, model=Period):
    icon = "check"
    columns = ("until", "closed_by", "created_on")
    fieldsets = (("", ("until", "closed_by", "created_on")),)
    sort = "-until"
    resource_actions = (
        ResourceAction(
            "close",
            _l("Close the books"),
            _close,
            fields=("until",),
            required=("until",),
            confirm=_l("Nothing can be posted or reversed on or before this day any more."),
            primary=True,
        ),
        ResourceAction(
            "reopen",
            _l("Reopen the books"),
            _reopen,
            fields=("until",),
            required=("until",),
            confirm=_l("Every closing later than this day is taken back."),
            tone="danger",
        ),
    )
    help = _l("Up to its last closed day, neither the stock book nor the party book changes, whoever asks.")
    empty = _l("Nothing is closed: documents can be posted on any day.")


DECLARING = (panels,)
"""The modules that declare, by being imported, what the pages of others show besides."""
