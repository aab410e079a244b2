"""Telling people in one message about many rows: what happened, the first of the rows, and how many more there are."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from app.core import db, notices, outbox
from app.core.entity import User
from app.core.i18n import speaking
from app.core.mail import templates
from app.core.settings import settings
from app.domains.people import recipients

SHOWN = 50  # rows that a message names; the rest is counted


@dataclass(frozen=True)
class Item:
    """A row that a message names: what it is called, what is said of it, and its page («/customers/show/12»)."""

    text: str
    hint: str = ""
    path: str = ""


@dataclass(frozen=True)
class Message:
    """What one person is told.  ``subject`` and ``body`` are made in the reader's language; ``path`` is the page that
    the message leads to, ``record`` what it is about, if that is one row («customers/12»); one that ``waits`` stays unread
    until it is settled.
    """

    subject: Callable[[], str]
    items: Sequence[Item]
    path: str
    body: Callable[[], str] | None = None
    record: str = ""
    waits: bool = False


def tell(kind: str, messages: Mapping[int, Message], key: str) -> set[int]:
    """Tell each user (by id) their message, in the way they chose for news of ``kind``, once for ``key``; who was told
    now.  A few statements for all of them.
    """
    found = recipients.everyone(db.session.connection(), User.id.in_(list(messages))) if messages else {}
    address, news = settings().address, {}
    for user_id, to in sorted(found.items()):
        said = messages[user_id]
        with speaking(to.locale):
            subject, body = said.subject(), said.body() if said.body is not None else ""
        letter = templates.write(
            "told",
            to.locale,
            name=to.name,
            subject=subject,
            body=body,
            items=said.items[:SHOWN],
            more=max(0, len(said.items) - SHOWN),
            link=f"{address}{said.path}",
        )
        dedup_key = f"{key}, user {user_id}"
        mail = outbox.Mail(to.address, subject, *letter, dedup_key, to.locale)
        news[dedup_key] = notices.News(user_id, kind, mail, said.record, said.waits)
    new = notices.deliver(news.values())
    return {news[each].user_id for each in new}
