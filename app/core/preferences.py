"""What the console keeps for each person about how they like it: which pages stand on top, which columns a list shows.

A value is anything that JSON can say, under a key of whoever keeps it («menu», «list/customers»).  It is the actor's own
and nobody else's; like the theme it is no business of the company's, so no history tells of it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa
from flask_appbuilder import Model
from sqlalchemy.orm import Mapped, mapped_column

from app.core import db, identity
from app.core.errors import Invalid, NotPermitted
from app.core.i18n import gettext as _

LONGEST = 8000  # characters of a value as JSON
MOST = 500  # keys of one person
every_page: set[str] = set()
"""Keys that the frame of every page asks for: they are read along with who asks."""


class Preference(Model):
    """One value of one person."""

    __tablename__ = "preferences"
    __table_args__ = (sa.UniqueConstraint("user_id", "key"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(sa.ForeignKey("ab_user.id", ondelete="CASCADE"))
    key: Mapped[str] = mapped_column(sa.String(120))
    value: Mapped[str] = mapped_column(sa.Text())  # JSON


PREFERENCES: sa.Table = Preference.__table__


def get(key: str, default: Any = None) -> Any:
    """What the actor keeps under ``key``; ``default`` where that is nothing.  One statement, and none for a key that every
    page needs or that was read before in the request.
    """
    actor = identity.current()
    if actor is None or actor.user_id is None:
        return default
    kept = actor.cache.setdefault("preferences", {})
    if key not in kept:
        mine = sa.select(PREFERENCES.c.value).where(PREFERENCES.c.user_id == actor.user_id, PREFERENCES.c.key == key)
        text = db.session.connection().scalar(mine)
        kept[key] = None if text is None else json.loads(text)
    return default if kept[key] is None else kept[key]


def along(user_id: Any) -> sa.Select[Any]:
    """What every page needs of a user's preferences, as rows (NULL, key, value, 0) to be read along with who they are; the
    user is an id, or what stands for one in a statement.
    """
    columns = (sa.null(), PREFERENCES.c.key, PREFERENCES.c.value, sa.literal(0))
    return sa.select(*columns).where(PREFERENCES.c.user_id == user_id, PREFERENCES.c.key.in_(every_page))


def known(actor: identity.Actor, texts: Mapping[str, str]) -> None:
    """Let ``get`` know what was read along with ``actor``: JSON by key."""
    read = {key: json.loads(text) for key, text in texts.items()}
    actor.cache["preferences"] = {**dict.fromkeys(every_page), **read}


def put(key: str, value: Any) -> None:
    """Keep ``value`` for the actor under ``key`` (at most 120 characters); None forgets it.

    Raises NotPermitted when nobody is there to keep it for, Invalid when it is too long or one too many.
    """
    actor = identity.require()
    if actor.user_id is None:
        raise NotPermitted()
    text = json.dumps(value, ensure_ascii=True, separators=(",", ":"))
    connection = db.session.connection()
    mine = PREFERENCES.c.user_id == actor.user_id
    if value is None:
        connection.execute(sa.delete(PREFERENCES).where(mine, PREFERENCES.c.key == key))
    else:
        others = sa.select(sa.func.count()).select_from(PREFERENCES).where(mine, PREFERENCES.c.key != key)
        if len(text) > LONGEST or len(key) > 120 or (connection.scalar(others) or 0) >= MOST:
            raise Invalid({}, _("This is more than can be kept for one person."))
        row = db.insert(connection, PREFERENCES).values(user_id=actor.user_id, key=key, value=text)
        row = row.on_conflict_do_update(index_elements=["user_id", "key"], set_={"value": row.excluded.value})
        connection.execute(row)
    actor.cache.setdefault("preferences", {})[key] = value
