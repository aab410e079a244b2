"""How a job is run: claimed so that nobody else runs it for the same time, done as the system, and its outcome kept.

What a job does and the record that it is done are one transaction.  A failure is recorded and never goes further.
"""

from __future__ import annotations

import logging
import os
import socket
import threading
import time
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

import sqlalchemy as sa
from sqlalchemy.exc import OperationalError

from app.core import clock, db, identity
from app.core.errors import BusinessError
from app.core.i18n import gettext as _
from app.core.i18n import speaking
from app.jobs import find_job, troubles
from app.jobs.job import Job, Occasion
from app.jobs.models import JobRun, ScheduledJob

log = logging.getLogger(__name__)
LATE = timedelta(minutes=5)  # a run that begins later than this was missed, and is made up
KEPT = timedelta(days=90)  # how long runs are kept
STRAY = timedelta(hours=6)  # a run that has not ended by then never will
TRIES = 3  # of a job whose transaction the database refuses, because others were writing
PAUSE = 2.0  # seconds between them
ME = f"{socket.gethostname()[:30]}/{os.getpid()}/{uuid4().hex[:8]}"
"""This process, as leases and runs name it."""
_in_turn = threading.Lock()


@dataclass(frozen=True)
class Claim:
    """A run that is ours to do.  ``run_id`` is None as long as a quiet job has nothing to tell."""

    job: Job
    job_id: int
    occasion: Occasion
    trigger: str
    started: datetime
    run_id: int | None = None


def run_due(name: str) -> bool | None:
    """Run the job called ``name`` if its time has come and nobody else has claimed it; None when there was nothing to
    do.
    """
    with identity.acting_as(identity.system()), speaking(None):
        claim = _claim_due(name)
        return None if claim is None else _perform(claim)


def run_asked(name: str, asked_on: datetime) -> bool | None:
    """Run the job because somebody asked for it at ``asked_on``, unless another process took that up."""
    with identity.acting_as(identity.system()), speaking(None):
        claim = _claim_asked(name, asked_on)
        return None if claim is None else _perform(claim)


def run_job(name: str, trigger: str = "command") -> bool:
    """Run the job called ``name`` now, in this process, as if its time were now; False when it failed.

    LookupError: no such job.
    """
    job = find_job(name)
    if job is None:
        raise LookupError(name)
    with identity.acting_as(identity.system()), speaking(None):
        with db.transaction() as session:
            job_id = session.scalar(sa.select(ScheduledJob.id).where(ScheduledJob.name == name))
            if job_id is None:
                raise LookupError(name)
            _set(ScheduledJob, ScheduledJob.id == job_id, last_run=clock.now())
            claim = _begin(job, job_id, Occasion(), trigger)
        return _perform(claim)


def make_up_interrupted(runner: str) -> int:
    """Do again what ``runner``, which is gone, had begun and not ended; how many runs.

    What was made up once is not made up again.
    """
    with identity.acting_as(identity.system()), speaking(None):
        claims = []
        with db.transaction() as session:
            lost = sa.or_(JobRun.runner == runner, JobRun.started < clock.now() - STRAY)
            runs = session.execute(
                sa.select(JobRun.id, JobRun.job_id, JobRun.trigger, JobRun.due, JobRun.runner, ScheduledJob.name)
                .join(ScheduledJob, ScheduledJob.id == JobRun.job_id)
                .where(JobRun.state == "running", JobRun.runner != ME, lost)
                .with_for_update(of=JobRun)
            ).all()
            for run in runs:
                ended = {"state": "failed", "finished": clock.now(), "error": _("The process ended while the job ran.")}
                _set(JobRun, JobRun.id == run.id, **ended)
                job = find_job(run.name)
                if job is not None and run.runner == runner and run.trigger != "made_up":
                    claims.append(_begin(job, run.job_id, Occasion(run.due), "made_up"))
        for claim in claims:
            _perform(claim)
        return len(claims)


def _claim_due(name: str) -> Claim | None:
    job = find_job(name)
    if job is None:
        return None
    with db.transaction() as session:
        columns = (ScheduledJob.id, ScheduledJob.schedule, ScheduledJob.next_run, ScheduledJob.last_run)
        row = session.execute(sa.select(*columns).where(ScheduledJob.name == name, ScheduledJob.enabled)).first()
        now = clock.now()
        if row is None or row.next_run is None or row.next_run > now:
            return None
        schedule = job.when(row.schedule)
        late = now - row.next_run > LATE
        # A job that has never run has missed nothing: an old database that is started again does not catch up on what
        # it never did.
        begins = not (late and row.last_run is None)
        ours = sa.and_(
            ScheduledJob.id == row.id,
            ScheduledJob.enabled,
            ScheduledJob.schedule == row.schedule,
            ScheduledJob.next_run == row.next_run,
        )
        values = {"next_run": schedule.next_after(now)} | ({"last_run": now} if begins else {})
        # The time it was due is in the condition: of two runners that see it, one gets it.
        if _set(ScheduledJob, ours, **values) != 1 or not begins:
            return None
        due = schedule.last_between(row.next_run, now)
        if late and not job.quiet:
            why = _("No server was running the timetable at its time.")
            session.add(
                JobRun(
                    job_id=row.id, due=row.next_run, started=now, finished=now, state="missed", result=why, runner=ME
                )
            )
        return _begin(job, row.id, Occasion(due), "made_up" if now - due > LATE else "timetable")


def _claim_asked(name: str, asked_on: datetime) -> Claim | None:
    job = find_job(name)
    with db.transaction() as session:
        row = session.execute(
            sa.select(ScheduledJob.id, ScheduledJob.asked_by_id).where(ScheduledJob.name == name)
        ).first()
        if row is None or job is None:
            return None
        ours = sa.and_(ScheduledJob.id == row.id, ScheduledJob.asked_on == asked_on)
        if _set(ScheduledJob, ours, asked_on=None, last_run=clock.now()) != 1:
            return None
        return _begin(job, row.id, Occasion(), "user", row.asked_by_id)


def _begin(job: Job, job_id: int, occasion: Occasion, trigger: str, user_id: int | None = None) -> Claim:
    """Note in the current transaction that a run begins."""
    started = clock.now()
    run_id = None
    if not (job.quiet and trigger in ("timetable", "made_up")):
        run = JobRun(
            job_id=job_id,
            due=occasion.due,
            started=started,
            state="running",
            trigger=trigger,
            user_id=user_id,
            runner=ME,
        )
        db.session.add(run)
        db.session.flush()
        run_id = run.id
        _set(ScheduledJob, ScheduledJob.id == job_id, last_state="running", last_result=None)
    return Claim(job, job_id, occasion, trigger, started, run_id)


def _perform(claim: Claim) -> bool:
    """Do the claimed run and keep its outcome; False when it failed."""
    job = claim.job
    try:
        if job.commits_itself:
            result = job.run(claim.occasion)
            with db.transaction():
                _end(claim, "done", result=result)
        else:
            with _in_turn:
                _in_one_transaction(claim)
    except Exception as error:
        log.exception("The job %s failed", job.name)
        try:
            with db.transaction():
                _end(claim, "failed", error=_told(error))
                troubles.tell_failure(claim.job_id, _told(error))
        except Exception:
            log.exception("The failure of the job %s could not be recorded", job.name)
        return False
    return True


def _in_one_transaction(claim: Claim) -> None:
    for attempt in range(1, TRIES + 1):
        try:
            with db.transaction():
                _end(claim, "done", result=claim.job.run(claim.occasion))
            return
        except OperationalError:
            if attempt == TRIES:
                raise
            log.warning("The job %s met a busy database, attempt %s", claim.job.name, attempt, exc_info=True)
            time.sleep(PAUSE)


def _end(claim: Claim, state: str, result: str = "", error: str = "") -> None:
    """Write the outcome of a run, in the current transaction."""
    now = clock.now()
    if claim.run_id is not None:
        outcome = {"state": state, "finished": now, "result": result or None, "error": error or None, "changed_on": now}
        _set(JobRun, JobRun.id == claim.run_id, **outcome)
        db.session.connection().execute(sa.delete(JobRun).where(JobRun.started < now - KEPT))
    elif result or error:
        run = JobRun(
            job_id=claim.job_id,
            due=claim.occasion.due,
            started=claim.started,
            finished=now,
            state=state,
            trigger=claim.trigger,
        )
        run.result, run.error, run.runner = result or None, error or None, ME
        db.session.add(run)
    if state == "done":
        troubles.works_again(claim.job_id)
    told = {"last_state": state, "last_result": error or result or None}
    _set(ScheduledJob, ScheduledJob.id == claim.job_id, **told)


def _told(error: Exception) -> str:
    """What an administrator reads of ``error``."""
    if isinstance(error, BusinessError):
        return " ".join([error.message, *error.texts]).strip()
    return f"{type(error).__name__}: {error}"[:2000]


def _set(model: type[Any], where: Any, **values: Any) -> int:
    """Change rows and leave their version alone: an administrator's open form must not go stale by the clock.

    How many rows.
    """
    return db.session.connection().execute(sa.update(model).where(where).values(**values)).rowcount
