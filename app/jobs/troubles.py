"""Telling administrators of a job that failed, or that does not come to its end."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import sqlalchemy as sa

from app.core import clock, db, notices, outbox
from app.core.i18n import gettext as _
from app.core.i18n import lazy_gettext as _l
from app.core.i18n import speaking
from app.core.mail import templates
from app.core.settings import settings
from app.jobs import recipients
from app.jobs.models import JobRun, ScheduledJob

FAILED, OVERRUN = "job-failed", "job-overrun"
notices.KINDS |= {FAILED: _l("A job failed"), OVERRUN: _l("A job does not end")}
LONGEST = timedelta(hours=1)  # a run that takes longer is told


def tell_failure(job_id: int, error: str) -> None:
    """Tell, in the current transaction, that a job failed whose last run had not: a job that keeps failing is told once
    until it has worked again.
    """
    connection = db.session.connection()
    job = connection.execute(
        sa.select(ScheduledJob.name, ScheduledJob.last_state, ScheduledJob.failing_since).where(
            ScheduledJob.id == job_id
        )
    ).one()
    if job.failing_since is not None:
        return
    now = clock.now()
    connection.execute(sa.update(ScheduledJob).where(ScheduledJob.id == job_id).values(failing_since=now))
    _tell(FAILED, job_id, f"{FAILED}, {job.name}, {now:%Y-%m-%d %H:%M:%S}", error)


def works_again(job_id: int) -> None:
    """Note, in the current transaction, that a job works."""
    failing = sa.and_(ScheduledJob.id == job_id, ScheduledJob.failing_since.is_not(None))
    db.session.connection().execute(sa.update(ScheduledJob).where(failing).values(failing_since=None))


def tell_overruns() -> int:
    """Tell of every run that has not ended after ``LONGEST``, once each; how many are new.  In a transaction."""
    long_ago = clock.now() - LONGEST
    statement = sa.select(JobRun.id, JobRun.job_id, JobRun.started).where(
        JobRun.state == "running", JobRun.started < long_ago
    )
    runs = db.session.connection().execute(statement).all()
    told = 0
    for run in runs:
        since = clock.local(run.started).strftime("%Y-%m-%d %H:%M")
        told += bool(_tell(OVERRUN, run.job_id, f"{OVERRUN}, run {run.id}", since))
    return told


def _tell(kind: str, job_id: int, key: str, detail: str) -> set[str]:
    connection = db.session.connection()
    job = db.session.get(ScheduledJob, job_id)
    assert job is not None
    people = recipients.everyone(connection, recipients.having_role(*recipients.ADMINISTRATORS))
    return notices.deliver(_news(kind, job, f"{key}, user {to.user_id}", detail, to) for to in people.values())


def _news(kind: str, job: Any, key: str, detail: str, to: recipients.Recipient) -> notices.News:
    link = f"{settings().address}/scheduled-jobs/show/{job.id}"
    with speaking(to.locale):
        if kind == FAILED:
            subject = _("The job “%(job)s” failed", job=job.title)
            told = _("It failed with: %(error)s", error=detail)
        else:
            subject = _("The job “%(job)s” does not end", job=job.title)
            told = _("It has been running since %(since)s.", since=detail)
        letter = templates.write("job_trouble", to.locale, name=to.name, subject=subject, told=told, link=link)
    mail = outbox.Mail(to.address, subject, *letter, key, to.locale)
    return notices.News(to.user_id, kind, mail, f"scheduled-jobs/{job.id}")
