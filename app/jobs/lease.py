"""Exactly one process runs the timetable: whoever holds the lease, a row in the database that it renews while it lives.

A holder that dies stops renewing, and another process takes the lease once it has run out: at most LEASE and one look
later.
"""

from __future__ import annotations

from datetime import timedelta
from typing import NamedTuple

import sqlalchemy as sa

from app.core import clock, db
from app.jobs.models import JobLease

NAME = "timetable"
LEASE = timedelta(seconds=40)
RENEW = 10.0  # seconds between two renewals
LOOK = 5.0  # seconds between two looks of who does not hold it


class Taken(NamedTuple):
    """Whether we hold the lease now, and who held it before (maybe we, maybe nobody)."""

    held: bool
    before: str


def take(holder: str) -> Taken:
    """Take or renew the lease for ``holder``, unless another's still holds.  Commits."""
    with db.only_reading(), db.transaction() as session:
        found = session.execute(sa.select(JobLease.holder, JobLease.expires)).first()
    if found is not None and found.holder != holder and found.expires > clock.now():
        return Taken(False, found.holder)
    with db.transaction() as session:
        now = clock.now()
        connection = session.connection()
        if found is None:
            _insert(connection, holder)
        free = sa.or_(JobLease.holder == holder, JobLease.expires <= now)
        # The condition is in the UPDATE: of two who saw the lease run out, one gets it.
        renewed = sa.update(JobLease).where(JobLease.name == NAME, free).values(holder=holder, expires=now + LEASE)
        held = connection.execute(renewed).rowcount == 1
    return Taken(held, found.holder if found is not None else "")


def _insert(connection: sa.Connection, holder: str) -> None:
    row = {"name": NAME, "holder": holder, "expires": clock.now()}
    connection.execute(db.insert(connection, JobLease).values(**row).on_conflict_do_nothing())


def release(holder: str) -> None:
    """Give the lease up, if ``holder`` has it: another may take it at once.  Commits."""
    with db.transaction() as session:
        session.connection().execute(sa.update(JobLease).where(JobLease.holder == holder).values(expires=clock.now()))
