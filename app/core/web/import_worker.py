"""Runs imports in threads of the server's process, one at a time, while the page shows how far they are.

A run is begun by the request that asks for it and started once that is committed.  It acts as whoever asked, and is
committed here: at its end, or (where failed rows are left out) after each batch, so that a process that is killed
leaves nothing, or whole batches and a row that says which.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from flask import current_app

from app.core import db, identity
from app.core.errors import BusinessError
from app.core.exchange import importer, runs
from app.core.exchange.mapping import ColumnMap
from app.core.exchange.models import ImportRun
from app.core.exchange.reader import open_table
from app.core.i18n import current_locale, speaking
from app.core.i18n import gettext as _

log = logging.getLogger(__name__)
COUNTED_AT_ONCE = 5000  # rows between two signs of life while a file is counted
PATIENCE = 20.0  # seconds between two signs of life while another run has its turn
_in_turn = threading.Lock()
_ending = threading.Event()
_threads: dict[int, threading.Thread] = {}


class Stopped(Exception):
    """The server is ending."""


@dataclass(frozen=True)
class Task:
    """A run to do: the file, what is done with it, and who asked, in which language."""

    model: type[Any]
    run_id: int
    folder: Path
    filename: str
    mapping: ColumnMap
    options: dict[str, str]
    actor: identity.Actor
    locale: str


def begin(model: type[Any], upload: Path, filename: str, mapping: ColumnMap, options: Mapping[str, str]) -> ImportRun:
    """Note a run of the file ``upload``, in the request's transaction; it starts when that is committed.

    ``options``: on_match, on_error and new_choices, as of ``importer.run_import``.
    """
    runs.settle_lost()
    run = importer.new_run(model, filename, options["on_match"], options["on_error"], state="waiting", worker=runs.ME)
    folder = runs.folder_of(run)
    folder.mkdir(parents=True, exist_ok=True)
    upload.replace(folder / runs.UPLOAD)
    (folder / runs.NAME).write_text(filename, encoding="utf-8")
    runs.note_progress(folder, 0)
    task = Task(model, run.id, folder, filename, mapping, dict(options), identity.require(), current_locale())
    app = current_app._get_current_object()  # type: ignore[attr-defined]
    thread = threading.Thread(target=_live, args=(app, task), name=f"import {run.id}", daemon=True)
    runs.active.add(run.id)
    _threads[run.id] = thread
    sa.event.listen(db.session(), "after_commit", lambda _session: thread.start(), once=True)
    return run


def wait(run_id: int, seconds: float) -> None:
    """Wait for the end of a run of this process, at most so long."""
    thread = _threads.get(run_id)
    if thread is not None and thread.is_alive():
        thread.join(seconds)


def stop(within: float = 10) -> None:
    """The server ends: let each run end after its batch, and wait so many seconds for it."""
    _ending.set()
    for thread in list(_threads.values()):
        if thread.is_alive():
            thread.join(within)


def _live(app: Any, task: Task) -> None:
    while not _in_turn.acquire(timeout=PATIENCE):
        runs.note_progress(task.folder, 0)
    try:
        with app.app_context(), identity.acting_as(task.actor), speaking(task.locale):
            _perform(task)
    except BaseException:
        # Whoever looks finds that nobody works on it any more.
        log.exception("The import %s could not be ended", task.run_id)
    finally:
        _in_turn.release()
        runs.active.discard(task.run_id)
        _threads.pop(task.run_id, None)


def _perform(task: Task) -> None:
    try:
        total = _count(task)
        with db.transaction():
            _set(task, state="running", total=total)
        with db.transaction() as session:
            run = session.get_one(ImportRun, task.run_id)
            result = importer.run_import(
                task.model,
                task.folder / runs.UPLOAD,
                task.filename,
                mapping=task.mapping,
                mode="commit",
                on_match=task.options["on_match"],
                on_error=task.options["on_error"],
                new_choices=task.options["new_choices"],
                progress=lambda rows: _progress(task, rows),
                run=run,
                checkpoint=session.commit,
            )
            # Before the commit: who finds the run done finds what is kept of it.
            _keep(task, result)
            if result.run_id is None:
                told = None if result.complete else _("Nothing was written.") + " " + runs.gave_up(result)
                _set(task, state="failed", rows=result.rows, failed=result.failed, total=result.rows, error=told)
    except Stopped:
        _end(task, "interrupted", None)
    except BusinessError as error:
        told = " ".join([error.message, *error.texts]).strip()
        _end(task, "failed", told)
    except Exception:
        log.exception("The import %s failed", task.run_id)
        _end(task, "failed", _("An unexpected error. It was logged; please tell your administrator."))


def _count(task: Task) -> int:
    """How many rows the file has."""
    total = 0
    for _row in open_table(task.folder / runs.UPLOAD, task.filename):
        total += 1
        if total % COUNTED_AT_ONCE == 0:
            _progress(task, 0)
    return total


def _progress(task: Task, rows: int) -> None:
    runs.note_progress(task.folder, rows)
    if _ending.is_set():
        raise Stopped


def _keep(task: Task, result: importer.Result) -> None:
    runs.keep_outcome(task.folder, result)
    if result.failed_rows:
        importer.error_file(result, task.folder / runs.REFUSED)


def _end(task: Task, state: str, error: str | None) -> None:
    with db.transaction():
        _set(task, state=state, error=error)


def _set(task: Task, **values: Any) -> None:
    table: Any = ImportRun.__table__
    db.session.connection().execute(sa.update(table).where(table.c.id == task.run_id).values(**values))
