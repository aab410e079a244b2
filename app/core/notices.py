"""News for people: under the bell of the console, by mail, or both, as each of them wants it for each kind of news.

Whoever has news writes it as a mail that names its reader and its kind; ``deliver`` does the rest, in the caller's
transaction, once for each key.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import sqlalchemy as sa
from flask_appbuilder import Model
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.core import audit, clock, crud, db, identity, outbox, scope, search
from app.core.entity import Entity, User, column, entity_for, reference
from app.core.errors import Conflict, NotVisible
from app.core.i18n import gettext as _
from app.core.i18n import lazy_gettext as _l
from app.core.i18n import lazy_pgettext
from app.core.types import Flag, Name, Note, Word

CHUNK = 300  # rows in one statement
WAYS = {
    "both": _l("Here and by mail"),
    "mail": _l("By mail"),
    "console": _l("Here"),
    "none": _l("Not at all"),
}
KINDS: dict[str, Any] = {}
"""The kinds of news, each with what people call it; whoever has news of a kind adds it here."""
KEPT = timedelta(days=90)  # how long a notice that was read is kept
DEFAULT = "both"  # the way of whoever has not chosen


class Notice(Entity):
    """One piece of news for one person."""

    __tablename__ = "notices"
    __table_args__ = (sa.UniqueConstraint("user_id", "dedup_key"),)
    resource = "notices"
    label, labels = _l("Notice"), _l("Notices")
    scope = scope.personal("user_id")
    searched = ("subject",)
    read_only = True
    audited = False

    user_id: Mapped[int] = reference("ab_user.id", _l("User"), owned=True)
    kind: Mapped[Word] = column(_l("Kind"), choices=KINDS)
    subject: Mapped[Note] = column(_l("Subject"))
    body: Mapped[Note] = column(_l("Text"), default="")
    record: Mapped[Word | None] = column(_l("Record"), help=_l("What it is about, such as customers/12"))
    read: Mapped[Flag] = column(lazy_pgettext("notice", "Read"), default=False)
    waiting: Mapped[Flag] = column(
        _l("Waits"), default=False, help=_l("It stays unread until what it asks for is done")
    )
    dedup_key: Mapped[Name] = column(_l("Unique key"))

    user: Mapped[User] = relationship(User, foreign_keys=[user_id])

    def __str__(self) -> str:
        return self.subject


class NoticeChoice(Model):
    """How one person wants one kind of news."""

    __tablename__ = "notice_choices"
    __table_args__ = (sa.UniqueConstraint("user_id", "kind"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(sa.ForeignKey("ab_user.id", ondelete="CASCADE"))
    kind: Mapped[str] = mapped_column(sa.String(80))
    way: Mapped[str] = mapped_column(sa.String(20))


@dataclass(frozen=True)
class News:
    """A mail, and whom it is for as a user; ``to`` may be empty for who has no address and is told here alone.

    ``record`` names what it is about («products/12»).  One that ``waits`` stands under the bell, whatever its reader chose,
    and stays unread until it is settled (``settle``).
    """

    user_id: int
    kind: str
    mail: outbox.Mail
    record: str = ""
    waits: bool = False


NOTICES: sa.Table = Notice.__table__
CHOICES: sa.Table = NoticeChoice.__table__


def deliver(news: Iterable[News]) -> set[str]:
    """Tell ``news``, each in the way its reader chose; the keys of those that are new.  At most a few statements."""
    items = list(news)
    if not items:
        return set()
    ways = chosen({item.user_id for item in items})

    def way(item: News) -> str:
        return ways.get((item.user_id, item.kind), DEFAULT)

    new = outbox.enqueue_all(item.mail for item in items if way(item) in ("mail", "both") and item.mail.to)
    new |= _write([item for item in items if item.waits or way(item) in ("console", "both")])
    # Who wants to hear nothing has been told so, as it were: the news counts as told.
    return new | {item.mail.dedup_key for item in items if way(item) == "none"}


def chosen(user_ids: Iterable[int]) -> dict[tuple[int, str], str]:
    """The ways that the users have chosen, by (user id, kind).  One statement."""
    statement = sa.select(CHOICES.c.user_id, CHOICES.c.kind, CHOICES.c.way).where(CHOICES.c.user_id.in_(set(user_ids)))
    return {(user_id, kind): way for user_id, kind, way in db.session.connection().execute(statement)}


def choose(user_id: int, ways: dict[str, str]) -> None:
    """Keep how a user wants each kind of news (kind → way); unknown ones are left out.  It is told in the audit trail."""
    connection = db.session.connection()
    before = {kind: way for (_user, kind), way in chosen([user_id]).items()}
    connection.execute(sa.delete(CHOICES).where(CHOICES.c.user_id == user_id))
    rows = [
        {"user_id": user_id, "kind": kind, "way": way}
        for kind, way in sorted(ways.items())
        if kind in KINDS and way in WAYS and way != DEFAULT
    ]
    if rows:
        connection.execute(sa.insert(CHOICES), rows)
    after = {row["kind"]: row["way"] for row in rows}
    if after != before:
        audit.note(connection, f"users/{user_id}", "update", {"notices": [before, after]})


def unread(user_id: Any) -> Any:
    """How many notices the user (a value or a column) has not read, as a scalar subquery."""
    count = sa.select(sa.func.count()).select_from(NOTICES)
    return count.where(NOTICES.c.user_id == user_id, NOTICES.c.read.is_(False)).scalar_subquery()


def read(notice: Notice) -> Notice:
    """Mark a notice as read.  Raises Conflict when it waits for something."""
    if notice.waiting:
        raise Conflict(_("It stays here until it is answered."))
    notice.read = True
    db.session.flush()
    return notice


def read_all(user_id: int) -> int:
    """Mark everything of a user as read, but for what waits; how many there were."""
    mine = sa.and_(NOTICES.c.user_id == user_id, NOTICES.c.read.is_(False), NOTICES.c.waiting.is_(False))
    return db.session.connection().execute(sa.update(NOTICES).where(mine).values(read=True)).rowcount


def wait(record: str, kind: str) -> int:
    """News of ``kind`` about ``record`` that was told already waits from now on; how many there were."""
    told = sa.and_(NOTICES.c.record == record, NOTICES.c.kind == kind)
    return db.session.connection().execute(sa.update(NOTICES).where(told).values(read=False, waiting=True)).rowcount


def settle(record: str, kinds: Iterable[str]) -> int:
    """What news of ``kinds`` about ``record`` waited for is done: it is read; how many there were."""
    waited = sa.and_(NOTICES.c.record == record, NOTICES.c.kind.in_(list(kinds)), NOTICES.c.waiting.is_(True))
    return db.session.connection().execute(sa.update(NOTICES).where(waited).values(read=True, waiting=False)).rowcount


def about(notice: Notice) -> Any:
    """The row that a notice is about.  Raises NotVisible when it is gone, or not the actor's to see."""
    resource, _slash, pk = (notice.record or "").partition("/")
    model = entity_for(resource)
    if model is None or not pk.isdecimal():
        raise NotVisible()
    return crud.fetch(model, int(pk))


def forget_old() -> int:
    """Drop what was read long ago; how many."""
    old = sa.and_(NOTICES.c.read, NOTICES.c.created_on < clock.now() - KEPT)
    return db.session.connection().execute(sa.delete(NOTICES).where(old)).rowcount


def _write(items: list[News]) -> set[str]:
    connection = db.session.connection()
    rows = [_row(item) for item in sorted(items, key=lambda item: (item.user_id, item.mail.dedup_key))]
    found: set[str] = set()
    for start in range(0, len(rows), CHUNK):
        statement = db.insert(connection, NOTICES).values(rows[start : start + CHUNK])
        statement = statement.on_conflict_do_nothing(index_elements=["user_id", "dedup_key"])
        found.update(connection.execute(statement.returning(NOTICES.c.dedup_key)).scalars())
    return found


def _below(subject: str, text: str) -> str:
    """``text`` without the line that says the ``subject`` again: that stands above it."""
    kept = [line for line in text.splitlines() if " ".join(line.split()) != subject]
    return re.sub(r"\n{3,}", "\n\n", "\n".join(kept)).strip()


def _row(item: News) -> dict[str, Any]:
    now, who = clock.now(), identity.user_id()
    subject = " ".join(item.mail.subject.split())
    return {
        "user_id": item.user_id,
        "kind": item.kind,
        "subject": subject,
        "body": _below(subject, item.mail.text),
        "record": item.record or None,
        "read": False,
        "waiting": item.waits,
        "dedup_key": item.mail.dedup_key,
        "search_text": search.search_text((subject,)),
        "version": 1,
        "created_on": now,
        "changed_on": now,
        "created_by_id": who,
        "changed_by_id": who,
    }
