"""Rules of the people domain: a manager sees what the people below do."""

from __future__ import annotations

from typing import Any

from app.core import db
from app.core.entity import User
from app.core.errors import Invalid
from app.core.i18n import gettext as _
from app.core.identity import Actor
from app.core.scope import Condition, visibility
from app.core.users import full_name
from app.domains.people import queries


def led(actor: Actor, owner: Any) -> Condition | None:
    """The condition that ``owner`` (a column of user ids) works in a department that the actor leads."""
    users = queries.users_led(actor)
    return None if users is None else owner.in_(users)


visibility.led = led


def colleague(user_id: int, field: str = "to") -> User:
    """The user with the id, who must be able to log in, for whoever gives them something.  Raises Invalid."""
    user = db.session.get(User, user_id)
    if user is None:
        raise Invalid({field: [_("There is no such colleague.")]})
    if not user.active:
        raise Invalid({field: [_("%(who)s's account is not active.", who=full_name(user))]})
    return user
