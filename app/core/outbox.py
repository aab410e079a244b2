"""The outbox: a mail is a row first, written in the transaction of the facts that cause it, and sent afterwards.

So a mail is there exactly when its cause is, and under its ``dedup_key`` once, however often a job is run.  A sender
leases one mail at a time and sends it outside any transaction.  A sender that dies leaves a lease that runs out: the
mail is then sent by the next one under the same Message-ID, so that a mail server or reader that got it already can
tell.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped

from app.core import clock, db, identity, search
from app.core.entity import Entity, column
from app.core.errors import BusinessError, Conflict
from app.core.i18n import gettext as _
from app.core.i18n import lazy_gettext as _l
from app.core.i18n import lazy_pgettext
from app.core.mail import smtp
from app.core.settings import settings
from app.core.types import Email, Moment, Name, Note, Whole, Word

LEASE = timedelta(seconds=60)  # longer than connecting (at most two addresses) and sending together may take
MAX_ATTEMPTS = 8
FIRST_WAIT = timedelta(minutes=1)
LONGEST_WAIT = timedelta(hours=6)
WAIT_FACTOR = 4  # 1, 4, 16, 64, 256 minutes, then every 6 hours: about 18 hours in all
CHUNK = 200  # mails written by one statement
STATES = {"queued": _l("Queued"), "sent": _l("Sent"), "failed": _l("Failed")}
TONES = {"queued": "blue", "sent": "green", "failed": "red"}


class MailServerUnreachable(BusinessError):
    """No mail can be sent now; what waits is tried again."""

    status = 409


class OutboxMail(Entity):
    """One mail to one recipient: what it says, and what has become of it."""

    __tablename__ = "outbox_mails"
    __table_args__ = (sa.Index("ix_outbox_mails_state_not_before", "state", "not_before"),)
    resource = "outbox-mails"
    label, labels = _l("Mail"), _l("Outbox")
    searched = ("to", "subject")
    keys = ("dedup_key",)
    read_only = True
    audited = False

    to: Mapped[Email] = column(_l("To"))
    subject: Mapped[Name] = column(_l("Subject"))
    state: Mapped[Word] = column(_l("State"), choices=STATES, tones=TONES, default="queued")
    attempts: Mapped[Whole] = column(_l("Attempts"), default=0)
    error: Mapped[Note | None] = column(_l("Error"), help=_l("What the mail server said last"))
    not_before: Mapped[Moment | None] = column(_l("Next attempt"), help=_l("Empty: as soon as possible"))
    leased_until: Mapped[Moment | None] = column(
        _l("Leased until"), help=_l("Until then one sender alone has it in hand")
    )
    sent_on: Mapped[Moment | None] = column(lazy_pgettext("time", "Sent"))
    body: Mapped[Note] = column(_l("Text"))
    html: Mapped[Note] = column(_l("HTML"), default="")
    locale: Mapped[Word] = column(_l("Language"), default="")
    dedup_key: Mapped[Name] = column(
        _l("Unique key"), unique=True, help=_l("What the mail is about: there is one mail for each key")
    )
    message_id: Mapped[Name] = column(_l("Message ID"), help=_l("The same in every attempt"))

    def __str__(self) -> str:
        return self.subject


@dataclass(frozen=True)
class Mail:
    """A mail to be written into the outbox.  ``dedup_key`` (at most 200 characters) names what it is about."""

    to: str
    subject: str
    text: str
    html: str
    dedup_key: str
    locale: str = ""


def enqueue(to: str, subject: str, text: str, html: str, dedup_key: str, locale: str = "") -> bool:
    """Write one mail, in the caller's transaction; False when there is one under ``dedup_key`` already."""
    return bool(enqueue_all([Mail(to, subject, text, html, dedup_key, locale)]))


def enqueue_all(mails: Iterable[Mail]) -> set[str]:
    """Write ``mails``, in the caller's transaction and by one statement for many; the keys of those that are new."""
    connection = db.session.connection()
    # In the order of the keys: two who write the same mails at once then wait for each other, and never in a circle.
    rows = [_row(mail) for mail in sorted(mails, key=lambda mail: mail.dedup_key)]
    new: set[str] = set()
    for start in range(0, len(rows), CHUNK):
        statement = (
            db.insert(connection, OutboxMail)
            .values(rows[start : start + CHUNK])
            .on_conflict_do_nothing(index_elements=["dedup_key"])
        )
        new.update(connection.execute(statement.returning(OutboxMail.dedup_key)).scalars())
    return new


def _row(mail: Mail) -> dict[str, Any]:
    now, who = clock.now(), identity.user_id()
    subject = " ".join(mail.subject.split())[:200]
    return {
        "to": mail.to.strip()[:254],
        "subject": subject,
        "state": "queued",
        "attempts": 0,
        "body": mail.text,
        "html": mail.html,
        "locale": mail.locale,
        "dedup_key": mail.dedup_key,
        "message_id": message_id(mail.dedup_key),
        "search_text": search.search_text((mail.to, subject)),
        "version": 1,
        "created_on": now,
        "changed_on": now,
        "created_by_id": who,
        "changed_by_id": who,
    }


def message_id(dedup_key: str) -> str:
    """The Message-ID of the mail under ``dedup_key``: the same for the same key, another in another installation."""
    digest = hashlib.sha256(f"{settings().address}\n{settings().company}\n{dedup_key}".encode()).hexdigest()[:40]
    domain = smtp.bare(settings().mail_from).rpartition("@")[2]
    return f"<{digest}@{domain if domain.isascii() and domain else 'kehu'}>"


def waiting_time(attempts: int) -> timedelta:
    """How long a mail waits after so many attempts (1 or more)."""
    return min(FIRST_WAIT * WAIT_FACTOR ** (attempts - 1), LONGEST_WAIT)


def send_due(ignore_waiting: bool = False, limit: int = 500) -> tuple[int, int]:
    """Send what is due (with ``ignore_waiting`` all that is queued), at most ``limit`` mails; how many went out and
    not.

    Commits by itself, mail by mail: call it outside any transaction.  Without a mail server in the settings the mails
    stay queued. Raises MailServerUnreachable when there is no talking to the server (then the rest is not tried),
    ValueError when its address in the settings is none.
    """
    if not settings().smtp_url:
        return 0, 0
    sent = failed = 0
    with smtp.Mailer(smtp.Server.at(settings().smtp_url)) as mailer:
        for mail in _leased(ignore_waiting, limit):
            try:
                mailer.send(_message(mail), smtp.bare(settings().mail_from), smtp.recipient(mail["to"]).addr_spec)
            except ValueError as error:
                _refused(mail, str(error), for_good=True)
                failed += 1
            except smtp.Refused as error:
                _refused(mail, str(error), error.for_good)
                failed += 1
            except smtp.Unreachable as error:
                _refused(mail, str(error), for_good=False)
                raise MailServerUnreachable(
                    _(
                        "The mail server can't be used now: %(error)s. Sent before that: %(sent)s.",
                        error=error,
                        sent=sent,
                    )
                ) from error
            else:
                _sent(mail)
                sent += 1
    return sent, failed


def _leased(ignore_waiting: bool, limit: int) -> Iterator[sa.RowMapping]:
    """One due mail after the other, each leased when its turn comes."""
    now = clock.now()
    ready = sa.and_(
        OutboxMail.state == "queued", sa.or_(OutboxMail.leased_until.is_(None), OutboxMail.leased_until <= now)
    )
    if not ignore_waiting:
        ready = sa.and_(ready, sa.or_(OutboxMail.not_before.is_(None), OutboxMail.not_before <= now))
    with db.only_reading(), db.transaction() as session:
        ids = session.scalars(sa.select(OutboxMail.id).where(ready).order_by(OutboxMail.id).limit(limit)).all()
    for id_ in ids:
        mail = _lease(id_)
        if mail is not None:
            yield mail


def _lease(id_: int) -> sa.RowMapping | None:
    """Take the mail in hand, unless another sender has it: the condition is in the UPDATE, so that only one gets it."""
    now = clock.now()
    free = sa.or_(OutboxMail.leased_until.is_(None), OutboxMail.leased_until <= now)
    # An attempt is counted when it begins: a mail that brings its sender down is not tried for ever.
    taken = (
        sa.update(OutboxMail)
        .where(OutboxMail.id == id_, OutboxMail.state == "queued", free)
        .values(leased_until=now + LEASE, attempts=OutboxMail.attempts + 1)
    )
    with db.transaction() as session:
        if session.connection().execute(taken).rowcount != 1:
            return None
        columns = ("id", "to", "subject", "body", "html", "locale", "message_id", "attempts", "leased_until")
        return (
            session.execute(sa.select(*(getattr(OutboxMail, name) for name in columns)).where(OutboxMail.id == id_))
            .mappings()
            .one()
        )


def _message(mail: sa.RowMapping) -> Any:
    return smtp.message(
        sender=settings().mail_from,
        to=mail["to"],
        subject=mail["subject"],
        text=mail["body"],
        html=mail["html"],
        message_id=mail["message_id"],
        at=clock.now(),
        language=mail["locale"],
    )


def _sent(mail: sa.RowMapping) -> None:
    _mark(OutboxMail.id == mail["id"], state="sent", sent_on=clock.now(), error=None, not_before=None)


def _refused(mail: sa.RowMapping, error: str, for_good: bool) -> None:
    """Let the mail wait for its next attempt, or give it up.

    Only under our own lease: another sender may have had it meanwhile.
    """
    ours = sa.and_(
        OutboxMail.id == mail["id"], OutboxMail.state == "queued", OutboxMail.leased_until == mail["leased_until"]
    )
    if for_good or mail["attempts"] >= MAX_ATTEMPTS:
        _mark(ours, state="failed", error=error, not_before=None)
    else:
        _mark(ours, error=error, not_before=clock.now() + waiting_time(mail["attempts"]))


def _mark(where: Any, **values: datetime | str | None) -> None:
    statement = sa.update(OutboxMail).where(where).values(leased_until=None, changed_on=clock.now(), **values)
    with db.transaction() as session:
        session.connection().execute(statement)


def retry(mail: OutboxMail) -> OutboxMail:
    """Queue a failed mail again, as if it had never been tried.  Raises Conflict unless it failed."""
    if mail.state != "failed":
        raise Conflict(_("Only a failed mail can be sent again."))
    mail.state, mail.attempts, mail.not_before = "queued", 0, None
    db.session.flush()
    return mail
