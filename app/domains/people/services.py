"""Rules of the people domain: a manager sees what the people below do."""

from __future__ import annotations

from typing import Any

from app.core.identity import Actor
from app.core.scope import Condition, visibility
from app.domains.people import queries


def led(actor: Actor, owner: Any) -> Condition | None:
    """The condition that ``owner`` (a column of user ids) works in a department that the actor leads."""
    users = queries.users_led(actor)
    return None if users is None else owner.in_(users)


visibility.led = led
