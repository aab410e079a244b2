"""What ``python run.py jobs`` does: list the jobs, and run one in this process."""

from __future__ import annotations

import sys
from datetime import datetime

import sqlalchemy as sa

from app.core import clock, db, identity
from app.core.i18n import gettext as _
from app.core.i18n import speaking
from app.jobs import TIMETABLE, execution, sync_jobs
from app.jobs.models import RESULTS, JobRun, ScheduledJob


def list_jobs() -> list[str]:
    """The timetable, a line for each job: name, schedule, last run with its result, next run, what it is for."""
    with identity.acting_as(identity.system()), speaking(None), db.transaction() as session:
        sync_jobs()
        rows = {row.name: row for row in session.scalars(sa.select(ScheduledJob))}
        table = [[_("Name"), _("Schedule"), _("Last run"), _("Last result"), _("Next run"), _("What it is for")]]
        for job in TIMETABLE:
            row = rows[job.name]
            state = str(RESULTS[row.last_state]) if row.last_state else "–"
            next_run = _moment(row.next_run) if row.enabled else _("off")
            table.append([job.name, row.schedule, _moment(row.last_run), state, next_run, str(job.purpose)])
    widths = [max(len(line[i]) for line in table) for i in range(len(table[0]))]
    return ["  ".join(text.ljust(width) for text, width in zip(line, widths, strict=True)).rstrip() for line in table]


def run(name: str) -> bool:
    """Run the job called ``name`` once, in this process, as if its time were now, and print what came of it; False when
    it failed.
    """
    with identity.acting_as(identity.system()), speaking(None):
        with db.transaction():
            sync_jobs()
        try:
            done = execution.run_job(name)
        except LookupError:
            names = ", ".join(job.name for job in TIMETABLE)
            print(_("There is no job “%(name)s”. There are: %(names)s.", name=name, names=names), file=sys.stderr)
            return False
        with db.transaction() as session:
            last = sa.select(JobRun).join(ScheduledJob).where(ScheduledJob.name == name, JobRun.runner == execution.ME)
            outcome = session.scalars(last.order_by(JobRun.id.desc()).limit(1)).one()
            print(outcome.error or outcome.result or _("Nothing to do."), file=sys.stdout if done else sys.stderr)
    return done


def _moment(moment: datetime | None) -> str:
    return f"{clock.local(moment):%Y-%m-%d %H:%M}" if moment is not None else "–"
