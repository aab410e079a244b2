"""Rules of the crm: a share lets others see a customer, or work on it, until its last day."""

from __future__ import annotations

from typing import Any

from app.core import clock
from app.core.identity import Actor
from app.core.numbering import PREFIXES
from app.core.scope import Condition, visibility
from app.domains.crm import queries

PREFIXES["customers"] = "C"


def shared(actor: Actor, customer: Any, write: bool) -> Condition | None:
    """The condition that ``customer`` (a column of ids) is shared with the actor today."""
    if actor.user_id is None:
        return None
    return customer.in_(queries.shared_customers(actor.user_id, clock.today(), write=write))


visibility.shared = shared
