"""Who acts in the demo company, and what its parts share: the chance, the users, and the days."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime, time, timedelta
from random import Random
from typing import Any

import sqlalchemy as sa

from app import security
from app.core import clock, db, identity
from app.core.entity import Entity, User, entity_for
from app.core.i18n import speaking
from app.core.identity import Actor


class Cast:
    """The demo company while it is being made: ``rows`` holds by kind and name what later parts point at."""

    def __init__(self, chance: Random) -> None:
        self.chance = chance
        self.today = clock.today()
        self.rows: dict[str, dict[str, Any]] = {}
        self._actors: dict[str, Actor] = {}

    def keep(self, kind: str, name: str, row: Any) -> Any:
        """Remember ``row`` under ``name``."""
        self.rows.setdefault(kind, {})[name] = row
        return row

    def user_id(self, username: str) -> int:
        """The id of the user called ``username``."""
        return int(self.rows["users"][username].id)

    @contextmanager
    def acting(self, username: str, at: datetime | None = None) -> Iterator[None]:
        """Let the user act within the block, at the moment ``at`` when it has passed."""
        if username not in self._actors:
            user = db.session.scalars(sa.select(User).where(User.username == username)).one()
            self._actors[username] = security.load_actor(user)
        moment = min(at.replace(tzinfo=clock.zone()), clock.now()) if at is not None else clock.now()
        with clock.stopped_here(moment), identity.acting_as(self._actors[username]):
            yield

    def ago(self, days: int) -> date:
        """The last working day so many days ago or before."""
        day = self.today - timedelta(days=days)
        return day - timedelta(days=max(0, day.weekday() - 4))


def moment(day: date, hour: int, minute: int = 0) -> datetime:
    """A time of ``day``."""
    return datetime.combine(day, time(hour, minute))


def in_both(text: Any) -> str:
    """A text of the catalogue as the demo company names things: in Chinese and English, «初步接触 First contact»."""
    spoken = []
    for locale in ("zh", "en"):
        with speaking(locale):
            spoken.append(str(text))
    return " ".join(spoken)


def model(resource: str) -> type[Entity]:
    """The entity behind ``resource``, which there is."""
    found = entity_for(resource)
    assert found is not None
    return found
