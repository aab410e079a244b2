"""Closed periods: up to a day both books stay as they are, whoever asks.

Postings share a lock that closing takes for itself, so that none slips in between.  The lock comes before the balances:
period, balances, products or customers, number.
"""

from __future__ import annotations

from datetime import date

import sqlalchemy as sa
from sqlalchemy.exc import OperationalError

from app.core import clock, db, identity
from app.core.errors import Conflict, Invalid
from app.core.i18n import gettext as _
from app.ledger import events
from app.ledger.models import Period

LOCK_KEY = 0x6B656872  # «kehr», of PostgreSQL's advisory locks
PATIENCE = 200  # milliseconds in the queue; less than PostgreSQL's deadlock_timeout
TRIES = 50

PERIODS: sa.Table = Period.__table__


class PeriodClosed(Conflict):
    """The books are closed on ``day``; ``until`` is the last day that is."""

    def __init__(self, day: date, until: date) -> None:
        self.day, self.until = day, until
        super().__init__(
            _(
                "The books are closed until %(until)s: nothing can be posted or reversed on %(day)s. "
                "Take a later date, or ask an administrator to reopen the period.",
                until=until.isoformat(),
                day=day.isoformat(),
            )
        )


def closed_until() -> date | None:
    """The last closed day; None when nothing is closed."""
    return _closed_until(db.session.connection())


def hold(connection: sa.Connection) -> None:
    """Keep the books from being closed or reopened until the transaction ends; any number may at once."""
    if connection.dialect.name == "postgresql":
        connection.execute(sa.select(sa.func.pg_advisory_xact_lock_shared(LOCK_KEY)))


@events.before_posting
def refuse_closed(connection: sa.Connection, day: date) -> None:
    """Raises PeriodClosed when ``day`` is closed; else the books can't be closed until the transaction ends."""
    hold(connection)
    until = _closed_until(connection)
    if until is not None and day <= until:
        raise PeriodClosed(day, until)


def close(until: date) -> Period:
    """Close both books up to and including ``until``.

    Raises Invalid (a day to come), Conflict (closed that far already, or postings never paused).
    """
    if until > clock.today():
        raise Invalid({"until": [_("The books can't be closed for days to come.")]})
    db.session.flush()
    connection = db.session.connection()
    _lock(connection)
    last = _closed_until(connection)
    if last is not None and until <= last:
        raise Conflict(_("The books are closed until %(until)s already.", until=last.isoformat()))
    period = Period(until=until, closed_by_id=identity.user_id())
    db.session.add(period)
    db.session.flush()
    return period


def reopen(until: date) -> list[Period]:
    """Take back every closing later than ``until``; those that were taken back.

    Raises Conflict when there is none, or postings never paused.
    """
    db.session.flush()
    _lock(db.session.connection())
    later = list(db.session.scalars(sa.select(Period).where(Period.until > until).order_by(Period.until)))
    if not later:
        raise Conflict(_("Nothing after %(until)s is closed.", until=until.isoformat()))
    for period in later:
        db.session.delete(period)
    db.session.flush()
    return later


def _closed_until(connection: sa.Connection) -> date | None:
    return connection.execute(sa.select(sa.func.max(PERIODS.c.until))).scalar()


def _lock(connection: sa.Connection) -> None:
    """Wait until no posting is under way, and let none begin.  Raises Conflict.  SQLite has one writer at a time anyway.

    A posting that has begun may wait for another's document, whose posting would wait behind us: so nobody is kept in
    the queue for long, and it is we who step back.
    """
    if connection.dialect.name != "postgresql":
        return
    before = connection.execute(sa.text("SHOW lock_timeout")).scalar_one()
    for _try in range(TRIES):
        try:
            with connection.begin_nested():
                connection.execute(sa.text(f"SET LOCAL lock_timeout = {PATIENCE}"))
                connection.execute(sa.select(sa.func.pg_advisory_xact_lock(LOCK_KEY)))
            connection.execute(sa.select(sa.func.set_config("lock_timeout", before, True)))
            return
        except OperationalError as error:
            if getattr(error.orig, "sqlstate", "") != "55P03":  # lock_not_available
                raise
    raise Conflict(_("Documents are being posted without a pause. Please try again in a moment."))
