"""The timetable's data: what an administrator sees and sets of each job, what its runs came to, and who runs it now.

Which jobs there are, and what they do, is code (``app.jobs.TIMETABLE``).
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import sqlalchemy as sa
from flask_appbuilder import Model
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.core import clock, db, identity
from app.core.entity import Entity, User, column, derived, reference
from app.core.errors import Conflict
from app.core.i18n import gettext as _
from app.core.i18n import lazy_gettext as _l
from app.core.types import Flag, Moment, Note, Ref, UTCDateTime, Word

RESULTS = {"running": _l("Running"), "done": _l("Done"), "failed": _l("Failed"), "missed": _l("Missed")}
RESULT_TONES = {"running": "blue", "done": "green", "failed": "red", "missed": "amber"}
TRIGGERS = {
    "timetable": _l("Timetable"),
    "made_up": _l("Made up for a missed run"),
    "user": _l("By hand"),
    "command": _l("Command"),
}
TRIGGER_TONES = {"timetable": "grey", "made_up": "amber", "user": "blue", "command": "blue"}


class ScheduledJob(Entity):
    """A job of the timetable: its time, whether it runs at all, and how it went last."""

    __tablename__ = "scheduled_jobs"
    resource = "scheduled-jobs"
    label, labels = _l("Scheduled job"), _l("Scheduled jobs")
    keys = ("name",)

    name: Mapped[Word] = column(_l("Name"), unique=True, readonly=True)
    schedule: Mapped[Word] = column(
        _l("Schedule"),
        help=_l(
            "Minute, hour, day of month, month, weekday: “0 15 * * fri” is Friday at 15:00, in the company's time zone"
        ),
    )
    enabled: Mapped[Flag] = column(_l("Enabled"), default=True)
    last_run: Mapped[Moment | None] = column(_l("Last run"), readonly=True)
    next_run: Mapped[Moment | None] = column(_l("Next run"), readonly=True, help=_l("Holidays may move it"))
    last_state: Mapped[Word | None] = column(_l("Last result"), choices=RESULTS, tones=RESULT_TONES, readonly=True)
    last_result: Mapped[Note | None] = column(_l("What came of it"), readonly=True)
    failing_since: Mapped[Moment | None] = column(_l("Failing since"), readonly=True)
    # Set by «run now», taken by whoever runs the timetable.
    asked_on: Mapped[Any] = mapped_column(
        UTCDateTime(), nullable=True, info={"label": _l("Asked for"), "readonly": True}
    )
    asked_by_id: Mapped[int | None] = reference("ab_user.id", _l("Asked by"), readonly=True)
    asked_by: Mapped[User | None] = relationship(User, foreign_keys=[asked_by_id])

    def __str__(self) -> str:
        return str(self.title)

    @derived(_l("Job"))
    def title(self) -> str:
        """What the job is called."""
        job = self._job()
        return str(job.label) if job is not None else self.name

    @derived(_l("What it is for"))
    def description(self) -> str:
        """What the job does, as the code says."""
        job = self._job()
        return str(job.purpose) if job is not None else _("This version has no such job any more.")

    @derived(_l("When"))
    def when(self) -> str:
        """Its schedule in words; a crontab that has no simple ones as it is."""
        from app.jobs.schedule import in_words

        return in_words(self.schedule or "")

    def _job(self) -> Any:
        from app.jobs import find_job

        return find_job(self.name)

    def fill(self) -> None:
        """A new schedule, or enabling it, counts from now on: nothing has been missed."""
        state: Any = sa.inspect(self)
        if not (state.attrs.schedule.history.has_changes() or state.attrs.enabled.history.has_changes()):
            return
        self.next_run = None
        job = self._job()
        if self.schedule:
            self.schedule = " ".join(self.schedule.split())
        if job is None or self.enabled is False or self._fault(job):
            return
        self.next_run = job.when(self.schedule).next_after(clock.now())

    def faults(self) -> dict[str, list[str]]:
        job = self._job()
        fault = self._fault(job) if job is not None else ""
        return {"schedule": [fault]} if fault else {}

    def _fault(self, job: Any) -> str:
        try:
            job.when(self.schedule or "")
        except ValueError as error:
            return str(error)
        return ""


class JobRun(Entity):
    """One run of a job: when, why and what came of it."""

    __tablename__ = "job_runs"
    resource = "job-runs"
    label, labels = _l("Job run"), _l("Job runs")
    searched = ("result", "error")
    read_only = True
    audited = False

    job_id: Mapped[int] = reference("scheduled_jobs.id", _l("Job"), owned=True)
    due: Mapped[Moment | None] = column(_l("Due"), help=_l("Its time by the timetable"))
    started: Mapped[Moment] = column(_l("Started"), index=True)
    finished: Mapped[Moment | None] = column(_l("Finished"))
    state: Mapped[Word] = column(_l("State"), choices=RESULTS, tones=RESULT_TONES, default="running")
    result: Mapped[Note | None] = column(_l("Result"))
    error: Mapped[Note | None] = column(_l("Error"))
    trigger: Mapped[Word] = column(_l("Started by"), choices=TRIGGERS, tones=TRIGGER_TONES, default="timetable")
    user_id: Mapped[int | None] = reference("ab_user.id", _l("User"))
    runner: Mapped[Word] = column(_l("Process"), default="", help=_l("Which process ran it"))

    job: Mapped[ScheduledJob] = relationship(ScheduledJob, foreign_keys=[job_id])
    user: Mapped[User | None] = relationship(User, foreign_keys=[user_id])

    def __str__(self) -> str:
        return f"{self.job} {clock.local(self.started):%Y-%m-%d %H:%M}"


class JobLease(Model):
    """Who runs the timetable: one row, held by one process, renewed while it lives."""

    __tablename__ = "job_leases"

    name: Mapped[str] = mapped_column(sa.String(40), primary_key=True)
    holder: Mapped[str] = mapped_column(sa.String(80))
    expires: Mapped[Any] = mapped_column(UTCDateTime(), nullable=False)


class LowStockAlert(Model):
    """Who was told last, and when, that a product is low: in a warehouse, or (without one) in all of them together."""

    __tablename__ = "low_stock_alerts"

    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[Ref] = mapped_column(sa.ForeignKey("ab_user.id", ondelete="CASCADE"))
    warehouse_id: Mapped[Ref | None] = mapped_column(sa.ForeignKey("warehouses.id", ondelete="CASCADE"))
    product_id: Mapped[Ref] = mapped_column(sa.ForeignKey("products.id", ondelete="CASCADE"))
    told_on: Mapped[Any] = mapped_column(sa.Date(), nullable=False)


WITHOUT_RUNNER = timedelta(minutes=2)


def ask_for(job: ScheduledJob) -> ScheduledJob:
    """Ask for a run now: whoever runs the timetable begins it within seconds.  Raises Conflict when nobody does."""
    held = db.session.scalar(sa.select(sa.func.max(JobLease.expires)))
    if held is None or held < clock.now() - WITHOUT_RUNNER:
        raise Conflict(
            _(
                "No server runs the timetable now: KEHU_RUN_JOBS is off everywhere. "
                "Run it by “python run.py jobs run %(name)s”.",
                name=job.name,
            )
        )
    job.asked_on, job.asked_by_id = clock.now(), identity.user_id()
    db.session.flush()
    return job
