"""Administrators are told of a job that fails, once until it has worked again, and of one that does not end."""

from datetime import datetime, timedelta

import pytest
import sqlalchemy as sa

import app.jobs
from app.core import clock, db, notices
from app.core.errors import Conflict
from app.core.outbox import OutboxMail
from app.jobs import commands, execution, troubles
from app.jobs.job import Job
from app.jobs.models import JobRun, ScheduledJob
from tests.jobs.company import user

broken = [True]


def sometimes(_occasion):
    if broken[0]:
        raise Conflict("It can't be.")
    return "Done well."


@pytest.fixture(autouse=True)
def timetable(monkeypatch, either):
    broken[0] = True
    job = Job("shaky", "0 * * * *", sometimes, "Shaky", "")
    monkeypatch.setattr(app.jobs, "TIMETABLE", (*app.jobs.TIMETABLE, job))
    monkeypatch.setattr(commands, "TIMETABLE", app.jobs.TIMETABLE)
    with clock.stopped(datetime(2026, 11, 24, 8)), db.transaction():
        app.jobs.sync_jobs()


def run(hour):
    with clock.stopped(datetime(2026, 11, 24, hour)):
        return execution.run_job("shaky")


def told():
    db.session.rollback()
    return db.session.execute(
        sa.select(notices.Notice.user_id, notices.Notice.kind, notices.Notice.subject).order_by(notices.Notice.id)
    ).all()


class TestFailure:
    def test_is_told_once_until_the_job_works_again(self):
        assert [run(9), run(10)] == [False, False]
        assert told() == [(user("admin"), "job-failed", "The job “Shaky” failed")]
        mail = db.session.scalars(sa.select(OutboxMail)).one()
        assert mail.to == "ada@example.com" and "It failed with: It can't be." in mail.body
        assert "/scheduled-jobs/show/" in mail.body
        broken[0] = False
        assert run(11) is True
        db.session.rollback()
        job = db.session.scalars(sa.select(ScheduledJob).where(ScheduledJob.name == "shaky")).one()
        assert job.failing_since is None
        broken[0] = True
        assert run(12) is False
        assert len(told()) == 2

    def test_whoever_wants_no_news_has_none(self):
        with db.transaction():
            notices.choose(user("admin"), {"job-failed": "none"})
        run(9)
        assert told() == [] and db.session.scalars(sa.select(OutboxMail)).all() == []


class TestOverrun:
    def test_is_told_once(self):
        start = clock.now() - troubles.LONGEST - timedelta(minutes=1)
        with db.transaction() as session:
            job_id = session.scalar(sa.select(ScheduledJob.id).where(ScheduledJob.name == "shaky"))
            for started, state in ((start, "running"), (start, "done"), (clock.now(), "running")):
                session.add(JobRun(job_id=job_id, started=started, state=state, runner="x"))
        for turn in range(2):
            with db.transaction():
                assert troubles.tell_overruns() == (1 if turn == 0 else 0)
        assert told() == [(user("admin"), "job-overrun", "The job “Shaky” does not end")]
