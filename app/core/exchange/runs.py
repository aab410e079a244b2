"""Imports that run by themselves: how far each is, whether whoever runs it still lives, and what is kept of it.

A run is a row (``ImportRun``) and a folder beside the uploads.  The row tells what is committed; how far a run that
commits only at its end has come can't be told by the database (SQLite knows one writer), so it stands in a file, which
is also the sign of life.  docs/decisions says why.
"""

from __future__ import annotations

import contextlib
import json
import os
import socket
import time
from pathlib import Path
from typing import Any
from uuid import uuid4

import sqlalchemy as sa

from app.core import db, identity
from app.core.exchange.models import UNFINISHED, ImportRun
from app.core.exchange.result import Result
from app.core.i18n import gettext as _
from app.core.settings import settings

ME = f"{socket.gethostname()[:30]}/{os.getpid()}/{uuid4().hex[:8]}"
"""This process, as runs name it."""
SILENT = 120.0  # seconds without a sign of life after which a run is taken for lost
ERRORS_TOLD = 200  # messages that the page of a run shows
PROGRESS, OUTCOME = "progress", "outcome.json"
UPLOAD, NAME, REFUSED = "upload", "name", "errors.xlsx"

active: set[int] = set()
"""The runs that this process has begun or will begin."""


def uploads() -> Path:
    """Where uploads and what is kept of runs lie, for a day."""
    return settings().data_dir / "uploads"


def folder_of(run: ImportRun) -> Path:
    """What is kept of ``run`` beside its row."""
    return uploads() / f"{run.created_by_id}-run{run.id}"


def note_progress(folder: Path, rows: int) -> None:
    """Say that the run is alive, and how many rows of its file it has been through."""
    draft = folder / f"{PROGRESS}.new"
    draft.write_text(str(rows), encoding="utf-8")
    draft.replace(folder / PROGRESS)


def progress_of(run: ImportRun) -> int:
    """How many rows of its file the run has been through."""
    try:
        noted = int((folder_of(run) / PROGRESS).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        noted = 0
    return max(noted, run.rows)


def is_alive(run: ImportRun) -> bool:
    """Whether somebody still works on ``run``."""
    if run.state not in UNFINISHED or not run.worker:
        return False
    if run.worker == ME:
        return run.id in active
    host, _slash, rest = run.worker.partition("/")
    pid = rest.partition("/")[0]
    if host == ME.partition("/")[0] and pid.isdecimal() and not _is_running(int(pid)):
        return False
    try:
        seen = (folder_of(run) / PROGRESS).stat().st_mtime
    except OSError:
        seen = run.created_on.timestamp()
    return time.time() - seen < SILENT


def state_of(run: ImportRun) -> str:
    """The run's state as it is, also when nobody has written down yet that its process has gone."""
    return "interrupted" if run.state in UNFINISHED and not is_alive(run) else run.state


def settle_lost() -> int:
    """Write down of each run whose process has gone that it was interrupted; how many there were."""
    with db.unscoped("imports whose process has gone") as everything:
        unfinished = everything.scalars(sa.select(ImportRun).where(ImportRun.state.in_(UNFINISHED))).all()
        lost = [run.id for run in unfinished if not is_alive(run)]
    if lost:
        table: Any = ImportRun.__table__
        gone = sa.and_(table.c.id.in_(lost), table.c.state.in_(UNFINISHED))
        db.session.connection().execute(sa.update(table).where(gone).values(state="interrupted"))
    return len(lost)


def keep_outcome(folder: Path, result: Result) -> None:
    """Keep what the page tells of a run besides its counts."""
    told = {
        "errors": [[each.row, each.column, each.message] for each in result.errors[:ERRORS_TOLD]],
        "ignored": result.ignored,
        "rounded": result.rounded_count,
    }
    (folder / OUTCOME).write_text(json.dumps(told, ensure_ascii=False), encoding="utf-8")


def outcome_of(run: ImportRun) -> dict[str, Any]:
    """What ``keep_outcome`` kept; empty when it is gone."""
    try:
        return json.loads((folder_of(run) / OUTCOME).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}


def told(run: ImportRun) -> str:
    """What became of ``run``, in a sentence; empty when its counts say it all."""
    state = state_of(run)
    if state == "interrupted":
        if run.on_error == "stop" or not run.reached:
            return _("The import was interrupted. Nothing was written.")
        return _(
            "The import was interrupted. The rows of the file up to row %(row)s are done: %(count)s were written. "
            "You can undo that, or import the file again and leave alone what is there.",
            row=run.reached,
            count=run.created + run.updated,
        )
    if state == "failed":
        if run.error:
            return run.error
        return _("Nothing was written, because some rows were refused. Mend them, or choose to leave them out.")
    return ""


def gave_up(result: Result) -> str:
    """What is said of a file whose rest was not looked at (``Result.complete`` is false)."""
    return _(
        "After %(count)s refused rows the rest of the file was not looked at: more may be wrong further down.",
        count=result.failed,
    )


def _is_running(pid: int) -> bool:
    if os.name != "posix":
        return True  # to ask would end it
    with contextlib.suppress(ProcessLookupError):
        try:
            os.kill(pid, 0)
        except PermissionError:
            return True
        return pid != os.getpid()  # it has our number now, but it was not we
    return False


def may_see(run: ImportRun) -> bool:
    """Whether the actor may read what is kept of ``run``: the rows in its files are those of whoever imported it."""
    return run.created_by_id == identity.user_id()
