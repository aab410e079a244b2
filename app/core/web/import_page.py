"""The pages of an import: choose a file; say what its columns become, beside what they hold, and see what would come of
it; watch the import, and what came of it.

What is shown of an import that runs is its row and what its folder keeps (``core.exchange.runs``); the page asks again
until it has ended, by a script or, without one, by itself.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from flask import redirect, render_template, request
from werkzeug.wrappers import Response

from app.core import crud, db, identity
from app.core.choices import open_fields
from app.core.errors import BusinessError, Conflict, NotVisible
from app.core.exchange import importer, mapping, mappings, runs
from app.core.exchange.mapping import ColumnMap
from app.core.exchange.models import UNFINISHED, ImportMapping, ImportRun
from app.core.exchange.reader import UnreadableFile, open_table
from app.core.exchange.result import PreviewRow
from app.core.i18n import gettext as _
from app.core.web import import_worker, importing, reach
from app.core.web.page import Action, Badge, Cell, FormField, Link
from app.core.web.page_forms import ImportColumn, ImportMappings, ImportPage, ImportProgress, ImportRow
from app.core.web.view import EntityView, views

SAMPLES = 3  # values shown of each column
LOOKED_AT = 200  # rows in which they are looked for
CHECKED = 2000  # rows that the page checks before anything is written
SOON = 1.5  # seconds that the page waits for a small import before it shows how far it is
Answer = str | Response | tuple[str, int]


def respond(view: type[EntityView]) -> Answer:
    """The page for the step that the request is at."""
    if request.method == "GET":
        return _render(view, "upload", options=_options(view, {}))
    values = {name: request.form.get(name, "") for name in ("on_match", "on_error", "new_choices")}
    values = {
        name: value if value in importing.CHOICES[name] else importing.CHOICES[name][0]
        for name, value in values.items()
    }
    token = request.form.get("token", "")
    is_new = not token
    try:
        if is_new:
            token = importing.take_upload(view)
        path, filename = importing.waiting(view, token)
        begun = importing.begun_run(token)
        if begun is not None:
            return redirect(_run_url(view, begun))  # the button was pressed twice
        table = open_table(path, filename)
        if is_new and next(iter(table), None) is None:
            raise UnreadableFile("no_rows")
        headers = table.headers
    except BusinessError as error:
        if error.status in (403, 404):
            raise
        db.session.rollback()
        return _render(view, "upload", options=_options(view, values), message=error.words), 422
    step = _Mapping(view, headers, is_new)
    mode = request.form.get("mode", "preview")
    message, status = "", 200
    try:
        if mode == "keep" and not is_new:
            message = step.keep()
        chosen = step.column_map()
        if mode == "commit" and not is_new:
            mapping.bind(view.model, headers, chosen)
            return redirect(_run_url(view, _begin(view, token, (path, filename), chosen, values)))
        result = importer.run_import(
            view.model,
            path,
            filename,
            mapping=chosen,
            on_match=values["on_match"],
            on_error=values["on_error"],
            new_choices=values["new_choices"],
            limit=CHECKED,
        )
    except BusinessError as error:
        if error.status in (403, 404):
            raise
        db.session.rollback()
        # What the columns become is wrong, or can't be guessed: it is said here, beside them.
        result, message, status = None, error.words, 200 if is_new else 422
    return _checked(view, step, values, token, (path, filename), result, message, status)


def _begin(
    view: type[EntityView], token: str, file: tuple[Path, str], chosen: ColumnMap, values: Mapping[str, str]
) -> int:
    """Let the upload become a run, once; the run's number."""
    if not importing.claim(token):
        begun = importing.begun_run(token)
        if begun is None:
            raise Conflict(_("This file is being imported already."))
        return begun
    try:
        run = import_worker.begin(view.model, *file, chosen, values)
    except BaseException:
        importing.note_begun(token, None)
        raise
    importing.note_begun(token, run.id)
    return run.id


def _checked(
    view: type[EntityView],
    step: _Mapping,
    values: Mapping[str, str],
    token: str,
    file: tuple[Path, str],
    result: importer.Result | None,
    message: str,
    status: int,
) -> Answer:
    columns = _columns(view, step, *file)
    rows, counts, errors, checked = [], [], [], ""
    if result is not None:
        counts = _counts(result, done=False)
        rows = [_row(each, step.headers) for each in result.preview]
        told = {each.line for each in rows}
        more = [(each.row, each.column, each.message) for each in result.errors if each.row not in told]
        errors = more[: runs.ERRORS_TOLD]
        if not result.complete:
            checked = runs.gave_up(result)
        elif result.rows >= CHECKED:
            checked = _("The first %(count)s rows were checked; all are when they are imported.", count=CHECKED)
    shown = _render(
        view,
        "preview",
        options=_options(view, values),
        hidden=[("token", token)],
        columns=columns,
        rows=rows,
        counts=counts,
        errors=errors,
        message=message,
        is_wrong=result is None,
        checked=checked,
        mappings=step.shown(),
        refused=result.failed if result is not None else 0,
        is_idle=result is not None and _is_idle(result, values),
    )
    return (shown, status) if status != 200 else shown


def _is_idle(result: Any, values: Mapping[str, str]) -> bool:
    """Whether an import of what was checked would write nothing."""
    stops = values.get("on_error", "stop") != "skip" and result.failed > 0
    return stops or not (result.created or result.updated)


class _Mapping:
    """What the columns of a file become: a kept mapping, what was chosen on the page, or what suggests itself."""

    def __init__(self, view: type[EntityView], headers: list[str], is_new: bool) -> None:
        self.view, self.model, self.headers = view, view.model, headers
        self.offered = mappings.offered(view.model, headers)
        self.kept: ImportMapping | None = None
        used = request.form.get("mapping", "")
        if request.form.get("mode") == "use" or is_new:
            used = request.form.get("use", "") if not is_new else self._best()
            if used.isdecimal() and len(used) < 10:
                self.kept = mappings.find(view.model, int(used))
            self.columns = self._of_kept() if self.kept is not None else mapping.suggest(view.model, headers)
        else:
            if used.isdecimal() and len(used) < 10:
                self.kept = mappings.find(view.model, int(used))
            allowed = {name for name, _label in targets(view)}
            given = [request.form.get(f"map-{index}", "") for index in range(len(headers))]
            self.columns = {
                header: name if name in allowed else "" for header, name in zip(headers, given, strict=True) if header
            }

    def _best(self) -> str:
        """The mapping to begin with: one that knows every header of the file."""
        return next((str(each.id) for each, _known in self.offered if mappings.fits(each, self.headers)), "")

    def _of_kept(self) -> dict[str, str]:
        assert self.kept is not None
        said = mapping.said_of(self.headers, self.kept.mapping)
        known = {header: name for header, name in zip(self.headers, said, strict=True) if name is not None}
        allowed = mapping.importable(self.model)
        guessed = mapping.suggest(self.model, [each for each in self.headers if each not in known])
        found = {header: known.get(header, guessed.get(header, "")) for header in self.headers if header}
        return {header: name if name in allowed else "" for header, name in found.items()}

    def column_map(self) -> ColumnMap:
        """What the import takes; a kept mapping brings its constants, choices and roundings along."""
        options = dict(self.kept.options or {}) if self.kept is not None else {}
        columns = {header: self.columns.get(header, "") for header in self.headers if header}
        return importer.as_column_map({**options, "skip": [], "columns": columns})

    def keep(self) -> str:
        """Keep what was chosen under the name that was typed; a sentence about it."""
        name = request.form.get("keep-name", "")
        self.kept = mappings.keep(self.model, name, self.column_map(), shared=bool(request.form.get("keep-shared")))
        self.offered = mappings.offered(self.model, self.headers)
        return _("These columns are kept as “%(name)s” and offered for the next file like this.", name=self.kept.name)

    def shown(self) -> ImportMappings:
        """What the page offers of kept mappings."""
        choices = [("", _("What suggests itself"))]
        total = len([header for header in self.headers if header])
        for each, known in self.offered:
            owner = str(each.owner) if each.owner is not None and each.owner_id != identity.user_id() else ""
            fit = _("%(known)s of %(total)s columns", known=known, total=total)
            choices.append((str(each.id), " · ".join(part for part in (each.name, owner, fit) if part)))
        return ImportMappings(
            choices=choices if self.offered else [],
            used=str(self.kept.id) if self.kept is not None else "",
            name=request.form.get("keep-name", "") or (self.kept.name if self.kept is not None else ""),
            shared=self.kept.shared if self.kept is not None else bool(request.form.get("keep-shared")),
            lacking=mappings.lacking(self.model, self.columns),
        )


def run_page(view: type[EntityView], pk: int) -> str:
    """How far a run is, or what came of it.  Raises NotVisible."""
    run = _fetched(view, pk)
    if run.state in UNFINISHED:
        db.session.rollback()  # what is read before the run ends is old
        import_worker.wait(pk, SOON)
        run = _fetched(view, pk)
    state = runs.state_of(run)
    is_running = state in UNFINISHED
    kept = runs.outcome_of(run) if runs.may_see(run) and not is_running else {}
    stopped = state in ("failed", "interrupted")
    error_file = runs.may_see(run) and not is_running and (runs.folder_of(run) / runs.REFUSED).exists()
    run_view = views.get(ImportRun.resource)
    may_undo = run_view is not None and reach.may(run_view, "undo") and not is_running and not run.undone
    done = runs.progress_of(run)
    progress = ImportProgress(
        file=run.file,
        state=state,
        done=done,
        total=run.total,
        share=min(100, done * 100 // run.total) if run.total else None,
        undo=_undo(run_view, run) if run_view is not None and may_undo and run.created + run.updated else None,
        record_url=f"/{ImportRun.resource}/show/{run.id}"
        if run_view is not None and reach.may(run_view, "show")
        else None,
    )
    return _render(
        view,
        "result",
        progress=progress,
        counts=[] if is_running else _counts(run, done=True),
        errors=[(row, column, message) for row, column, message in kept.get("errors", [])],
        error_file_url=f"/{view.model.resource}/import/errors/{run.id}" if error_file else None,
        list_url=f"/{view.model.resource}/list/" if reach.may(view, "list") else None,
        message=runs.told(run),
        is_wrong=stopped,
    )


def _fetched(view: type[EntityView], pk: int) -> ImportRun:
    run: ImportRun = crud.fetch(ImportRun, pk)
    if run.target != view.model.resource:
        raise NotVisible()
    return run


def _undo(run_view: type[EntityView], run: ImportRun) -> Action | None:
    """The button that takes the import back, as on the run's own page."""
    action = run_view.action("undo")
    if action is None:
        return None
    url = f"/{ImportRun.resource}/action/undo/{run.id}"
    return Action("undo", _("Undo this import"), url, confirm=str(action.confirm), tone="danger", icon="undo")


def _run_url(view: type[EntityView], run_id: int) -> str:
    return f"/{view.model.resource}/import/run/{run_id}"


def _row(row: PreviewRow, headers: Sequence[str]) -> ImportRow:
    """A row of the file with what would come of it; what is wrong is said at the cell, or for the row as a whole."""
    marks = {
        "create": Badge(_("Will be added"), "green"),
        "update": Badge(_("Will be changed"), "blue"),
        "skip": Badge(_("Left as they are"), "grey"),
        "fail": Badge(_("Refused"), "red"),
    }
    reasons: dict[str, str] = {}
    for error in row.errors:
        column = error.column if error.column in headers else ""
        reasons[column] = " ".join(each for each in (reasons.get(column), error.message) if each)
    cells = [_cell(value, reasons.get(header)) for header, value in zip(headers, row.cells, strict=False)]
    rest = [reasons[""]] if "" in reasons else []
    return ImportRow(row.row, marks[row.action], cells, row.action == "fail", rest)


def _cell(value: Any, reason: str | None) -> Cell:
    text = "" if value is None else str(value)
    return Cell("text" if text else "empty", text, tone="red" if reason else "", title=reason or "")


def _render(view: type[EntityView], step: str, **values: Any) -> str:
    base = f"/{view.model.resource}"
    page = ImportPage(
        title=_("Import %(what)s", what=str(view.model.labels).lower()),
        resource=view.model.resource,
        breadcrumb=[Link(str(view.model.labels), f"{base}/list/")],
        step=step,
        action_url=f"{base}/import",
        cancel_url=f"{base}/list/",
        template_url=f"{base}/import/template",
        drop_label=_("Drop an XLSX, CSV or vCard file here, or choose one")
        if view.model.card
        else _("Drop an XLSX or CSV file here, or choose one"),
        accept=".xlsx,.csv,.txt,.vcf" if view.model.card else ".xlsx,.csv,.txt",
        **values,
    )
    return render_template("kehu/import.html", page=page)


def _options(view: type[EntityView], values: Mapping[str, str]) -> list[FormField]:
    def option(name: str, label: str, *choices: tuple[str, str]) -> FormField:
        value = values.get(name) or choices[0][0]
        return FormField(name, name, label, "choice", value=value, choices=list(choices), width="l")

    options = [
        option(
            "on_match",
            _("When a row is there already"),
            ("fail", _("Refuse the row")),
            ("skip", _("Leave it as it is")),
            ("update", _("Change it to what the file says")),
        ),
        option(
            "on_error",
            _("When rows are refused"),
            ("stop", _("Write nothing at all")),
            ("skip", _("Write the good rows, and give back the others as a file")),
        ),
    ]
    if open_fields(view.model.resource):
        label = _("When a choice is not known yet")
        options.append(
            option("new_choices", label, ("refuse", _("Refuse the row")), ("add", _("Add it to the choices")))
        )
    return options


def _counts(counted: Any, *, done: bool) -> list[tuple[str, int, str]]:
    made = (_("Added"), _("Updated")) if done else (_("Will be added"), _("Will be changed"))
    return [
        (_("Rows"), counted.rows, ""),
        (made[0], counted.created, "green"),
        (made[1], counted.updated, "blue"),
        (_("Left as they are"), counted.skipped, "grey"),
        (_("Refused"), counted.failed, "red"),
    ]


def targets(view: type[EntityView]) -> list[tuple[str, str]]:
    """The fields that a column may become, as a select offers them."""
    return [
        ("", _("(left out)")),
        *((name, mapping.header_of(view.model, name)) for name in mapping.importable(view.model)),
    ]


def _columns(view: type[EntityView], step: _Mapping, path: Path, filename: str) -> list[ImportColumn]:
    headers: Sequence[str] = step.headers
    samples: list[list[str]] = [[] for _header in headers]
    try:
        for number, (_line, values) in enumerate(open_table(path, filename), 1):
            for index, value in enumerate(values[: len(headers)]):
                if value is not None and len(samples[index]) < SAMPLES and str(value)[:60] not in samples[index]:
                    samples[index].append(str(value)[:60])
            if number == LOOKED_AT or all(len(each) >= SAMPLES for each in samples):
                break
    except BusinessError:
        pass  # the file is damaged further down: the check has said so
    offered = targets(view)
    return [
        ImportColumn(header, str(step.columns.get(header) or ""), offered, samples[index])
        for index, header in enumerate(headers)
    ]
