"""The runner: a thread of the server process that runs the timetable, if this is the process that holds the lease.

APScheduler ticks in memory; the rows of ``scheduled_jobs`` are the truth.  They are read every few seconds, so that
what an administrator changes, or another process has run, counts at once.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from datetime import datetime, timedelta
from time import monotonic
from typing import Any

import sqlalchemy as sa
from apscheduler.executors.pool import ThreadPoolExecutor
from apscheduler.schedulers.background import BackgroundScheduler
from flask import Flask

from app.core import clock, db, identity
from app.core.i18n import speaking
from app.core.settings import settings
from app.jobs import execution, find_job, lease, sync_jobs, troubles
from app.jobs.models import ScheduledJob

log = logging.getLogger(__name__)
CHECK = 2.0  # seconds between two looks at the timetable
WATCH = 60.0  # seconds between two looks for runs that do not end
THREADS = 4  # jobs run at once
OVERDUE = timedelta(seconds=30)  # a job that is still due by then is given to the scheduler again


class Runner:
    """Runs the timetable from ``start`` to ``stop``, whenever this process holds the lease."""

    def __init__(self, app: Flask, holder: str = execution.ME) -> None:
        self.app = app
        self.holder = holder
        self.holds = False
        self._held_until = 0.0  # monotonic; after it another process may hold the lease
        self._next_try = 0.0
        self._next_watch = 0.0
        self._loaded: dict[str, tuple[str, datetime | None]] = {}
        self._scheduler: BackgroundScheduler | None = None
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._live, name="timetable", daemon=True)

    def start(self) -> Runner:
        """Begin, in a thread."""
        self._thread.start()
        return self

    def stop(self) -> None:
        """End: let what runs come to its end, and give the lease up."""
        if self._ending.is_set():
            return
        self._ending.set()
        if self._thread.is_alive():
            self._thread.join()

    def _live(self) -> None:
        while True:
            self._in_context(self._step)
            if self._ending.wait(CHECK):
                break
        held = self.holds
        self._rest()
        if held:
            self._in_context(lambda: lease.release(self.holder))

    def _in_context(self, do: Callable[[], Any]) -> None:
        """Do something that must not end the thread, whatever it raises."""
        try:
            with self.app.app_context(), identity.acting_as(identity.system()), speaking(None):
                do()
        except Exception:
            log.exception("The timetable's runner met an error; it goes on")

    def _step(self) -> None:
        try:
            if monotonic() >= self._next_try:
                self._take()
        finally:
            # Also when the database can't be asked: another process may have taken over by now.
            if monotonic() >= self._held_until:
                self._rest()
        if self.holds:
            self._load()
            if monotonic() >= self._next_watch:
                self._next_watch = monotonic() + WATCH
                with db.transaction():
                    troubles.tell_overruns()

    def _take(self) -> None:
        began = monotonic()
        taken = lease.take(self.holder)
        self._next_try = began + (lease.RENEW if taken.held else lease.LOOK)
        if not taken.held:
            self._rest()
            return
        self._held_until = began + lease.LEASE.total_seconds()
        if self.holds:
            return
        log.info("This process runs the timetable")
        with db.transaction():
            sync_jobs()
        self._scheduler = BackgroundScheduler(
            timezone=clock.zone(),
            executors={"default": ThreadPoolExecutor(THREADS)},
            # However late a job is, it runs, and once for all the times that were missed.
            job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": None},
        )
        self._scheduler.start()
        self.holds = True
        if taken.before and taken.before != self.holder:
            self._scheduler.add_job(self._run, args=(execution.make_up_interrupted, taken.before))

    def _rest(self) -> None:
        """Run nothing any more; what is running comes to its end."""
        scheduler, self._scheduler = self._scheduler, None
        self.holds = False
        self._loaded.clear()
        if scheduler is not None:
            scheduler.shutdown(wait=True)
            log.info("This process no longer runs the timetable")

    def _load(self) -> None:
        """Bring the scheduler in line with the timetable's rows, and begin what was asked for."""
        assert self._scheduler is not None
        with db.only_reading(), db.transaction() as session:
            columns = ("id", "name", "schedule", "enabled", "next_run", "asked_on")
            rows = session.execute(sa.select(*(getattr(ScheduledJob, name) for name in columns))).all()
            rows = [row for row in rows if find_job(row.name) is not None]
            moved = {row.name: self._moved(row) for row in rows if row.enabled}
        now = clock.now()
        for row in rows:
            next_run = moved.get(row.name)
            if row.asked_on is not None:
                self._begin_asked(row.name, row.asked_on)
            if row.enabled and next_run != row.next_run:
                self._correct(row, next_run)
            if not row.enabled or next_run is None:
                if self._loaded.pop(row.name, None) is not None:
                    self._scheduler.remove_job(row.name)
            elif self._loaded.get(row.name) != (row.schedule, next_run) or next_run < now - OVERDUE:
                self._add(row.name, row.schedule, next_run)

    def _moved(self, row: Any) -> datetime | None:
        """When the job runs next: as its row says, unless the holidays have changed since, or nobody has said yet."""
        job = find_job(row.name)
        assert job is not None
        now = clock.now()
        if row.next_run is not None and (job.moved is None or row.next_run <= now):
            return row.next_run
        return job.when(row.schedule).next_after(now)

    def _correct(self, row: Any, next_run: datetime | None) -> None:
        same = sa.and_(ScheduledJob.id == row.id, ScheduledJob.schedule == row.schedule, ScheduledJob.enabled)
        was = ScheduledJob.next_run == row.next_run if row.next_run is not None else ScheduledJob.next_run.is_(None)
        with db.transaction() as session:
            session.connection().execute(sa.update(ScheduledJob).where(same, was).values(next_run=next_run))

    def _add(self, name: str, crontab: str, next_run: datetime) -> None:
        assert self._scheduler is not None
        job = find_job(name)
        assert job is not None
        with db.only_reading(), db.transaction():
            schedule = job.when(crontab)
        self._loaded[name] = (crontab, next_run)
        self._scheduler.add_job(
            self._run,
            schedule,
            id=name,
            args=(execution.run_due, name),
            # Never in the past: the scheduler would go through every time since.
            next_run_time=max(next_run, clock.now()),
            replace_existing=True,
        )

    def _begin_asked(self, name: str, asked_on: datetime) -> None:
        assert self._scheduler is not None
        self._scheduler.add_job(
            self._run, id=f"{name}, asked", args=(execution.run_asked, name, asked_on), replace_existing=True
        )

    def _run(self, do: Callable[..., Any], *about: Any) -> None:
        """What a thread of the scheduler does: one run, if this process still holds the lease."""
        if monotonic() < self._held_until:
            self._in_context(lambda: do(*about))


def start_runner(app: Flask) -> Runner:
    """The runner of this process, started unless the settings say that it runs no jobs.

    Its ``stop()`` belongs to the server's end.
    """
    runner = Runner(app)
    with app.app_context():
        return runner.start() if settings().run_jobs else runner
