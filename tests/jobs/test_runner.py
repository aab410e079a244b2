import time
from datetime import timedelta

import sqlalchemy as sa

from app.core import clock, db
from app.jobs import execution
from app.jobs.models import JobLease, JobRun, ScheduledJob
from app.jobs.runner import Runner, start_runner
from tests.jobs.company import at_work, make_app, run
from tests.support.process import ready_made


def set_job(application, name: str, **values) -> None:
    with at_work(application):
        db.session.connection().execute(sa.update(ScheduledJob).where(ScheduledJob.name == name).values(**values))
        db.session.commit()


def wait_for(application, name: str, count: int = 1, within: float = 30) -> list[JobRun]:
    """The runs of the job, once there are ``count`` that have ended."""
    deadline = time.monotonic() + within
    while True:
        with at_work(application):
            chosen = sa.select(JobRun).join(ScheduledJob).where(ScheduledJob.name == name, JobRun.state != "running")
            found = list(db.session.scalars(chosen.order_by(JobRun.id)))
            db.session.expunge_all()
        if len(found) >= count:
            return found
        assert time.monotonic() < deadline, f"{len(found)} runs, not {count}"
        time.sleep(0.2)


class TestRunner:
    def test_runs_what_is_due_and_what_is_asked_for(self, url):
        application = make_app(url)
        set_job(application, "low-stock-alert", next_run=clock.now() + timedelta(seconds=1), last_run=None)
        runner = start_runner(application)
        try:
            (run,) = wait_for(application, "low-stock-alert")
            assert (run.state, run.trigger, run.runner) == ("done", "timetable", execution.ME)
            set_job(application, "weekly-plan-reminder", asked_on=clock.now())
            (asked,) = wait_for(application, "weekly-plan-reminder")
            assert (asked.state, asked.trigger) == ("done", "user")
            # A new time counts without a restart.
            set_job(application, "low-stock-alert", next_run=clock.now() + timedelta(seconds=1))
            wait_for(application, "low-stock-alert", 2)
        finally:
            runner.stop()
        with at_work(application):
            assert db.session.scalars(sa.select(JobLease.expires)).one() <= clock.now()

    def test_makes_up_a_missed_run_once(self, url):
        application = make_app(url)
        day = timedelta(days=1)
        set_job(application, "low-stock-alert", next_run=clock.now() - 3 * day, last_run=clock.now() - 4 * day)
        set_job(application, "weekly-plan-reminder", next_run=clock.now() - 3 * day, last_run=None)
        runner = start_runner(application)
        try:
            runs = wait_for(application, "low-stock-alert", 2)
            time.sleep(3)
        finally:
            runner.stop()
        assert [run.state for run in runs] == ["missed", "done"]
        assert len(wait_for(application, "low-stock-alert")) == 2
        assert wait_for(application, "weekly-plan-reminder", 0) == []

    def test_takes_up_what_a_dead_holder_has_left(self, url):
        application = make_app(url)
        with at_work(application):
            job = db.session.scalars(sa.select(ScheduledJob).where(ScheduledJob.name == "low-stock-alert")).one()
            now = clock.now()
            db.session.add(
                JobRun(job_id=job.id, due=now, started=now, state="running", trigger="timetable", runner="gone/1")
            )
            db.session.add(JobLease(name="timetable", holder="gone/1", expires=now))
            db.session.commit()
        runner = start_runner(application)
        try:
            runs = wait_for(application, "low-stock-alert", 2)
        finally:
            runner.stop()
        assert [(run.state, run.trigger) for run in runs] == [("failed", "timetable"), ("done", "made_up")]

    def test_runs_nothing_when_the_settings_say_so(self, sqlite_url):
        runner = start_runner(make_app(sqlite_url, run_jobs=False))
        assert not runner.holds
        runner.stop()

    def test_outlives_a_database_that_fails(self, sqlite_url, tmp_path):
        application = make_app(sqlite_url)
        runner = Runner(application)
        with application.app_context():
            db.db.metadata.drop_all(db.db.engine, tables=[JobLease.__table__])
        runner.start()
        time.sleep(1)
        with application.app_context():
            db.db.metadata.create_all(db.db.engine, tables=[JobLease.__table__])
        set_job(application, "low-stock-alert", next_run=clock.now(), last_run=clock.now())
        wait_for(application, "low-stock-alert")
        runner.stop()

    def test_of_several_processes_one_runs_and_another_takes_over(self, url):
        application = make_app(url)
        context = ready_made()
        ready = context.Queue()
        started = [context.Process(target=run, args=(url, 150, ready), daemon=True) for _number in range(3)]
        for process in started:
            process.start()
        processes = {process.pid: process for process in started}
        try:
            assert [ready.get(timeout=100) for _process in started] == ["ready"] * 3
            set_job(application, "low-stock-alert", next_run=clock.now() + timedelta(seconds=1), last_run=clock.now())
            (first,) = wait_for(application, "low-stock-alert")
            holder = int(first.runner.split("/")[1])
            processes[holder].kill()
            with at_work(application):
                # The lease would run out by itself, in less than a minute.
                db.session.connection().execute(sa.update(JobLease).values(expires=clock.now()))
                db.session.commit()
            set_job(application, "low-stock-alert", next_run=clock.now() + timedelta(seconds=1))
            time.sleep(2)
            runs = wait_for(application, "low-stock-alert", 2)
        finally:
            for process in started:
                process.kill()
                process.join(10)
        assert [run.state for run in runs] == ["done", "done"]
        assert runs[0].runner != runs[1].runner
