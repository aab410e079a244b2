"""What a posting tells and asks: upper layers listen here, so that the book need not know them.

Listeners run within the posting's transaction; one that raises undoes it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date

import sqlalchemy as sa

from app.ledger.figures import Key

Critical = Callable[[Sequence[Key]], None]
Check = Callable[[sa.Connection, date], None]

_critical: dict[str, Critical] = {}
_checks: dict[str, Check] = {}


def on_critical(listener: Critical) -> Critical:
    """Register ``listener(keys)``, pairs of warehouse id and product id: what our own warehouses have used up.

    It is called when «available» fell from above zero to zero or below, once for a posting and once the balances are
    written.
    """
    _critical[f"{listener.__module__}.{listener.__qualname__}"] = listener
    return listener


def announce_critical(keys: Sequence[Key]) -> None:
    """Tell the listeners, if there is anything to tell; also for whoever reserves what was still available."""
    for listener in list(_critical.values()) if keys else ():
        listener(keys)


def before_posting(check: Check) -> Check:
    """Register ``check(connection, day)``: it raises a BusinessError when ``day`` is closed to postings."""
    _checks[f"{check.__module__}.{check.__qualname__}"] = check
    return check


def check_day(connection: sa.Connection, day: date) -> None:
    """Ask every check whether ``day`` may be posted to."""
    for check in list(_checks.values()):
        check(connection, day)
