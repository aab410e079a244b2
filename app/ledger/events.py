"""What a posting tells and asks: upper layers listen here, so that the book need not know them.

Listeners run within the posting's transaction; one that raises undoes it.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

import sqlalchemy as sa

Critical = Callable[[int, int], None]
Check = Callable[[sa.Connection, date], None]

_critical: dict[str, Critical] = {}
_checks: dict[str, Check] = {}


def on_critical(listener: Critical) -> Critical:
    """Register ``listener(warehouse_id, product_id)``: what was available in one of our own warehouses is used up.

    It is called when «available» fell from above zero to zero or below, once the balances are written.
    """
    _critical[f"{listener.__module__}.{listener.__qualname__}"] = listener
    return listener


def announce_critical(warehouse_id: int, product_id: int) -> None:
    """Tell the listeners; also for whoever reserves what was still available."""
    for listener in list(_critical.values()):
        listener(warehouse_id, product_id)


def before_posting(check: Check) -> Check:
    """Register ``check(connection, day)``: it raises a BusinessError when ``day`` is closed to postings."""
    _checks[f"{check.__module__}.{check.__qualname__}"] = check
    return check


def check_day(connection: sa.Connection, day: date) -> None:
    """Ask every check whether ``day`` may be posted to."""
    for check in list(_checks.values()):
        check(connection, day)
