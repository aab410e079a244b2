"""The timetable: every job there is, when it runs unless the administrator says otherwise, and what it is for.

The times and whether a job runs at all are data (``scheduled_jobs``), which ``sync_jobs`` fills in for new jobs and
otherwise leaves alone.  A job is added here, with a thin file of its own.
"""

from __future__ import annotations

import sqlalchemy as sa

from app.core import db
from app.core.i18n import lazy_gettext as _l
from app.domains.people.working_days import Calendar
from app.jobs.job import Job

# isort: split
from app.jobs import (
    clean_up,
    low_stock,
    pool_recycle,
    read_papers,
    send_mail,
    stale_opportunities,
    week_review,
    weekly_plan,
)

TIMETABLE: tuple[Job, ...] = (
    Job(
        "weekly-plan-reminder",
        "0 15 * * fri",
        weekly_plan.remind,
        _l("Weekly plan: reminder"),
        _l(
            "Reminds everyone who has not submitted a plan for next week. "
            "If the day is a holiday: on the last working day of the week."
        ),
        moved=Calendar.end_of_week,
    ),
    Job(
        "weekly-plan-last-call",
        "0 9 * * mon",
        weekly_plan.last_call,
        _l("Weekly plan: last call"),
        _l(
            "Reminds once more who still has no plan for this week, and tells their superiors. "
            "After a holiday: on the next working day."
        ),
        moved=Calendar.workday_from,
    ),
    Job(
        "week-review",
        "0 17 * * fri",
        week_review.tell,
        _l("The week that was"),
        _l(
            "Tells superiors what of their people's plans was done, what was missed, and what was done without a plan. "
            "On the last working day of the week."
        ),
        moved=Calendar.last_of_week,
    ),
    Job(
        "low-stock-alert",
        "0 8 * * *",
        low_stock.tell,
        _l("Low stock"),
        _l("Tells keepers and purchasers which products are below their safety stock."),
    ),
    Job(
        "stale-opportunities",
        "30 8 * * mon",
        stale_opportunities.tell,
        _l("Opportunities that do not move"),
        _l("Tells sellers once a week which of their opportunities have been in their stage for too long."),
        moved=Calendar.workday_from,
    ),
    Job(
        "pool-recycle",
        "0 1 * * *",
        pool_recycle.run,
        _l("Public pool"),
        _l("Warns who has not been in contact with customers for long, and returns those that are due to the pool."),
    ),
    Job(
        "send-mail",
        "* * * * *",
        send_mail.send,
        _l("Send mail"),
        _l("Sends what is in the outbox."),
        commits_itself=True,
        quiet=True,
    ),
    Job(
        "read-papers",
        "*/2 * * * *",
        read_papers.read,
        _l("Read files"),
        _l("Reads the text inside new files, so that they are found by it."),
        commits_itself=True,
        quiet=True,
    ),
    Job(
        "clean-up",
        "30 3 * * *",
        clean_up.run,
        _l("Clean up"),
        _l("Removes files that no record uses any more, and what is kept of requests that must not be done twice."),
    ),
)


def find_job(name: str) -> Job | None:
    """The job called ``name``."""
    return next((job for job in TIMETABLE if job.name == name), None)


def sync_jobs() -> None:
    """Add the rows of new jobs, in the current transaction; what an administrator has set stays."""
    from app.jobs.models import ScheduledJob

    known = set(db.session.scalars(sa.select(ScheduledJob.name)))
    db.session.add_all(
        ScheduledJob(name=job.name, schedule=job.schedule, enabled=True) for job in TIMETABLE if job.name not in known
    )
    db.session.flush()
