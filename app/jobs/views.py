"""How the timetable, its runs and the outbox are shown: to administrators."""

from __future__ import annotations

from app.core.i18n import gettext as _
from app.core.i18n import lazy_gettext as _l
from app.core.outbox import OutboxMail, retry
from app.core.web.view import Done, EntityView, RecordAction, Related
from app.jobs.models import JobRun, ScheduledJob, ask_for


class ScheduledJobView(EntityView, model=ScheduledJob):
    icon = "clock"
    help = _l("What Kehu does by itself, and when. Times are in the company's time zone.")
    sort = "name"
    addable = deletable = importable = False
    columns = ("title", "when", "enabled", "last_run", "last_state", "last_result", "next_run")
    fieldsets = (
        ("", ("title", "name", "description")),
        (_l("Timetable"), ("when", "schedule", "enabled", "next_run")),
        (_l("Last run"), ("last_run", "last_state", "last_result", "asked_on", "asked_by")),
    )
    related = (Related("job-runs", "job", columns=("started", "trigger", "state", "result", "error", "finished")),)
    actions = (
        RecordAction(
            "run",
            _l("Run now"),
            lambda job, _data: Done(ask_for(job), _("%(job)s begins within seconds.", job=job)),
            confirm=_l("The job begins within seconds, as if its time were now."),
            primary=True,
        ),
    )


class JobRunView(EntityView, model=JobRun):
    icon = "clipboard"
    help = _l("What came of the jobs in the last 90 days. Sending mail is told only when there was some.")
    columns = ("started", "job", "trigger", "state", "result", "error", "finished")
    fieldsets = (("", ("job", "state", "trigger", "user", "due", "started", "finished", "result", "error", "runner")),)


class OutboxMailView(EntityView, model=OutboxMail):
    icon = "mail"
    help = _l("Every mail Kehu has written. What the mail server does not take is tried again for about 18 hours.")
    empty = _l("No mail has been written yet.")
    columns = ("subject", "to", "state", "attempts", "created_on", "sent_on", "not_before", "error")
    fieldsets = (
        ("", ("subject", "to", "state", "body")),
        (
            _l("Sending"),
            ("attempts", "error", "not_before", "leased_until", "sent_on", "message_id", "dedup_key", "locale"),
        ),
    )
    actions = (
        RecordAction(
            "retry",
            _l("Send again"),
            lambda mail, _data: retry(mail),
            bulk=True,
            shown=lambda mail: mail.state == "failed",
        ),
    )
