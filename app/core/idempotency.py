"""A request with a key takes effect once: its answer is kept in the transaction of its effect, and given again.

A refused request leaves nothing behind, its key neither: sent again it is tried again.  Two that come at once take
turns at the key's row.  Keys belong to the user who sends them.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa
from flask_appbuilder import Model
from sqlalchemy.orm import Mapped, mapped_column

from app.core import clock, db
from app.core.errors import Conflict, Invalid
from app.core.i18n import gettext as _
from app.core.types import UTCDateTime

KEPT = timedelta(days=7)  # how long a key is remembered
LONGEST = 200  # characters of a key


class IdempotencyKey(Model):
    """A key that a user has sent, what it was sent with, and what was answered (``status`` 0: not yet)."""

    __tablename__ = "idempotency_keys"
    __table_args__ = (sa.UniqueConstraint("user_id", "key"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(sa.ForeignKey("ab_user.id", ondelete="CASCADE"))
    key: Mapped[str] = mapped_column(sa.String(LONGEST))
    request: Mapped[str] = mapped_column(sa.String(64))  # a digest of method, address and body
    status: Mapped[int] = mapped_column(default=0)
    media_type: Mapped[str] = mapped_column(sa.String(200), default="")
    location: Mapped[str] = mapped_column(sa.Text(), default="")
    body: Mapped[bytes] = mapped_column(sa.LargeBinary(), default=b"")
    at: Mapped[datetime] = mapped_column(UTCDateTime(), index=True)


@dataclass(frozen=True)
class Answer:
    """What was answered: status, media type, where to (of a redirect), and body."""

    status: int
    media_type: str
    location: str
    body: bytes


KEYS: sa.Table = IdempotencyKey.__table__


def begin(user_id: int, key: str, request: str) -> Answer | None:
    """Claim ``key`` for the transaction that runs now, or the answer that was given under it before.

    ``request`` is a digest (64 characters) of what is asked.  Raises Invalid (a key that can't be, or that was sent
    with something else) and Conflict (what came of it is not known).
    """
    if not 0 < len(key) <= LONGEST or not key.isprintable():
        raise Invalid({}, _("An Idempotency-Key has 1 to %(count)s printable characters.", count=LONGEST))
    connection = db.session.connection()
    mine = sa.and_(KEYS.c.user_id == user_id, KEYS.c.key == key)
    # Another transaction that has the key holds this up until it ends.
    claim = db.insert(connection, KEYS).values(user_id=user_id, key=key, request=request, at=clock.now(), **_blank())
    if connection.execute(claim.on_conflict_do_nothing().returning(KEYS.c.id)).first() is not None:
        return None
    row = connection.execute(sa.select(KEYS).where(mine)).one()
    if row.at + KEPT < clock.now():
        connection.execute(sa.update(KEYS).where(mine).values(request=request, at=clock.now(), **_blank()))
        return None
    if row.request != request:
        raise Invalid({}, _("This Idempotency-Key was used for another request. Take a new key for each."))
    if not row.status:
        raise Conflict(_("A request with this Idempotency-Key was begun, and what came of it is not known."))
    return Answer(row.status, row.media_type, row.location, row.body)


def keep(user_id: int, key: str, answer: Answer) -> None:
    """Keep what is answered under ``key``, in the transaction that claimed it."""
    kept = {
        "status": answer.status,
        "media_type": answer.media_type,
        "location": answer.location,
        "body": answer.body,
    }
    mine = sa.and_(KEYS.c.user_id == user_id, KEYS.c.key == key)
    db.session.connection().execute(sa.update(KEYS).where(mine).values(**kept))


def forget_old() -> int:
    """Drop the keys that are no longer remembered; how many."""
    old = sa.delete(KEYS).where(KEYS.c.at < clock.now() - KEPT)
    return db.session.connection().execute(old).rowcount


def _blank() -> dict[str, object]:
    return {"status": 0, "media_type": "", "location": "", "body": b""}
