"""Importing over the web: the page's upload, check and result, and the API's single call; the work is
``core.exchange.importer``'s.

An uploaded file waits under the data directory, for whoever sent it, until it is imported or a day has passed.
"""

from __future__ import annotations

import json
import secrets
import shutil
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from flask import render_template, request, send_file
from werkzeug.wrappers import Response

from app.core import db, identity
from app.core.errors import BusinessError, Invalid, NotVisible
from app.core.exchange import exporter, importer, mapping
from app.core.exchange.reader import open_table
from app.core.i18n import gettext as _
from app.core.settings import settings
from app.core.web.page import Cell, FormField, ImportColumn, ImportPage, Link, Row
from app.core.web.view import EntityView

KEPT_SECONDS = 24 * 3600  # how long an uploaded file waits
SAMPLES = 3  # values shown of each column
CHOICES = {"mode": ("preview", "commit"), "on_match": ("fail", "skip", "update"), "on_error": ("stop", "skip")}
WIDTH_OF_FILE_NAME = 120


def from_api(view: type[EntityView]) -> dict[str, Any]:
    """The API's import: a multipart ``file`` and its options; the outcome as the web contract says.  Raises Invalid."""
    options = {
        name: request.form.get(name) or default
        for name, default in (("mode", "commit"), ("on_match", "fail"), ("on_error", "stop"))
    }
    errors = {
        name: [_("One of: %(choices)s.", choices=", ".join(CHOICES[name]))]
        for name, value in options.items()
        if value not in CHOICES[name]
    }
    upload = request.files.get("file")
    if upload is None or not upload.filename:
        errors["file"] = [_("Send the file as multipart form data, in the field “file”.")]
    chosen = _mapping_given(errors)
    if errors:
        raise Invalid(errors)
    assert upload is not None and upload.filename is not None
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "upload"
        upload.save(path)
        result = importer.run_import(
            view.model,
            path,
            upload.filename,
            mapping=chosen,
            mode=options["mode"],
            on_match=options["on_match"],
            on_error=options["on_error"],
        )
        if result.run_id is not None:
            _keep_errors(view, result, upload.filename)
        return result.as_json()


def _mapping_given(errors: dict[str, list[str]]) -> dict[str, Any] | None:
    text = request.form.get("mapping")
    if not text:
        return None
    try:
        given = json.loads(text)
    except ValueError:
        given = None
    if not isinstance(given, dict):
        errors["mapping"] = [_("The mapping must be a JSON object: header → field.")]
        return None
    return given


def respond(view: type[EntityView]) -> str | tuple[str, int]:
    """The page: what to show for the step that the request is at."""
    if request.method == "GET":
        return _render(view, "upload", options=_options({}))
    values = {name: request.form.get(name, "") for name in ("on_match", "on_error")}
    values = {name: value if value in CHOICES[name] else CHOICES[name][0] for name, value in values.items()}
    token = request.form.get("token", "")
    try:
        if not token:
            token = _take_upload()
        path, filename = _waiting(token)
        table = open_table(path, filename)
        chosen = _chosen(view, table.headers, bool(request.form.get("token")))
        committing = request.form.get("mode") == "commit" and bool(request.form.get("token"))
        result = importer.run_import(
            view.model,
            path,
            filename,
            mapping=chosen,
            mode="commit" if committing else "preview",
            on_match=values["on_match"],
            on_error=values["on_error"],
        )
    except BusinessError as error:
        if error.status in (403, 404):
            raise
        db.session.rollback()
        message = " ".join(text for texts in error.errors.values() for text in texts) or error.message
        return _render(view, "upload", options=_options(values), message=message), 422
    counts = _counts(result, committing)
    errors = [(each.row, each.column, each.message) for each in result.errors[:200]]
    if committing:
        stopped = bool(result.failed) and values["on_error"] == "stop"
        error_url = None
        if result.failed_rows:
            error_url = f"/{view.model.resource}/import/errors/{result.run_id or 0}"
            if result.run_id is None:
                error_url += f"?token={token}"
            _keep_errors(view, result, filename, token if result.run_id is None else "")
        message = (
            _("Nothing was written, because some rows were refused. Mend them, or choose to leave them out.")
            if stopped
            else ""
        )
        return _render(
            view,
            "result",
            counts=counts,
            errors=errors,
            error_file_url=error_url,
            list_url=f"/{view.model.resource}/list/",
            message=message,
        )
    bad = {(each.row, each.column): each.message for each in result.errors}
    columns = _columns(view, table.headers, chosen, path, filename)
    rows = []
    for each in result.preview:
        cells = [
            _cell(value, bad.get((each.row, header))) for header, value in zip(table.headers, each.cells, strict=False)
        ]
        rows.append(Row(each.row, None, cells))
    hidden = [("token", token)]
    return _render(
        view,
        "preview",
        options=_options(values),
        hidden=hidden,
        columns=columns,
        rows=rows,
        counts=counts,
        errors=errors,
    )


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
        **values,
    )
    return render_template("kehu/import.html", page=page)


def _options(values: Mapping[str, str]) -> list[FormField]:
    on_match = [
        ("fail", _("Refuse the row")),
        ("skip", _("Leave it as it is")),
        ("update", _("Change it to what the file says")),
    ]
    on_error = [
        ("stop", _("Write nothing at all")),
        ("skip", _("Write the good rows, and give back the others as a file")),
    ]
    return [
        FormField(
            "on_match",
            "on_match",
            _("When a row is there already"),
            "choice",
            value=values.get("on_match") or "fail",
            choices=on_match,
            width="l",
        ),
        FormField(
            "on_error",
            "on_error",
            _("When rows are refused"),
            "choice",
            value=values.get("on_error") or "stop",
            choices=on_error,
            width="l",
        ),
    ]


def _counts(result: Any, committing: bool) -> list[tuple[str, int, str]]:
    made = (_("Added"), _("Updated")) if committing else (_("Will be added"), _("Will be changed"))
    return [
        (_("Rows"), result.rows, ""),
        (made[0], result.created, "green"),
        (made[1], result.updated, "blue"),
        (_("Left as they are"), result.skipped, "grey"),
        (_("Refused"), result.failed, "red"),
    ]


def _chosen(view: type[EntityView], headers: list[str], mapped: bool) -> dict[str, Any]:
    """The mapping the page's selects hold, or the one that suggests itself."""
    if not mapped:
        return mapping.suggest(view.model, headers)
    allowed = {name for name, _label in _targets(view)}
    found = {}
    for index, header in enumerate(headers):
        name = request.form.get(f"map-{index}", "")
        found[header] = name if name in allowed else ""
    return found


def _targets(view: type[EntityView]) -> list[tuple[str, str]]:
    """The fields that a column may become."""
    return [
        ("", _("(left out)")),
        *((name, mapping.header_of(view.model, name)) for name in mapping.importable(view.model)),
    ]


def _columns(
    view: type[EntityView], headers: list[str], chosen: Mapping[str, Any], path: Path, filename: str
) -> list[ImportColumn]:
    samples: list[list[str]] = [[] for _header in headers]
    for _line, values in open_table(path, filename):
        for index, value in enumerate(values[: len(headers)]):
            if value is not None and len(samples[index]) < SAMPLES:
                samples[index].append(str(value)[:60])
        if all(len(each) >= SAMPLES for each in samples) or _line > 50:
            break
    targets = _targets(view)
    return [
        ImportColumn(header, str(chosen.get(header) or ""), targets, samples[index])
        for index, header in enumerate(headers)
    ]


def _uploads() -> Path:
    return settings().data_dir / "uploads"


def _take_upload() -> str:
    """Keep the uploaded file for whoever sent it; its token.  Raises Invalid."""
    upload = request.files.get("file")
    if upload is None or not upload.filename:
        raise Invalid({"file": [_("Choose a file first.")]})
    _sweep()
    token = f"{identity.user_id()}-{secrets.token_urlsafe(16)}"
    folder = _uploads() / token
    folder.mkdir(parents=True)
    upload.save(folder / "upload")
    (folder / "name").write_text(upload.filename[-WIDTH_OF_FILE_NAME:], encoding="utf-8")
    return token


def _waiting(token: str) -> tuple[Path, str]:
    """The file behind ``token`` and its name.  Raises NotVisible unless it is the actor's own."""
    owner, _dash, rest = token.partition("-")
    safe = rest.replace("-", "").replace("_", "").isalnum()
    folder = _uploads() / token
    if not safe or len(token) > 80 or owner != str(identity.user_id()) or not (folder / "name").exists():
        raise NotVisible(_("This upload is gone: uploads wait a day. Please choose the file again."))
    return folder / "upload", (folder / "name").read_text(encoding="utf-8")


def _sweep() -> None:
    """Remove the uploads that nobody came back to."""
    if not _uploads().exists():
        return
    for folder in _uploads().iterdir():
        if time.time() - folder.stat().st_mtime > KEPT_SECONDS:
            shutil.rmtree(folder, ignore_errors=True)


def _keep_errors(view: type[EntityView], result: Any, filename: str, token: str = "") -> None:
    """Keep the refused rows as a file, beside the upload or under the run's number."""
    if not result.failed_rows:
        return
    folder = _uploads() / (token or f"{identity.user_id()}-run{result.run_id}")
    folder.mkdir(parents=True, exist_ok=True)
    importer.error_file(result, folder / "errors.xlsx")
    (folder / "name").write_text(filename[-WIDTH_OF_FILE_NAME:], encoding="utf-8")


def has_error_file(run: int) -> bool:
    """Whether the refused rows of a run of the actor's are still kept."""
    return (_uploads() / f"{identity.user_id()}-run{run}" / "errors.xlsx").exists()


def error_file(view: type[EntityView], run: int) -> Response:
    """The refused rows of an import, with the reason in a last column."""
    token = request.args.get("token") or f"{identity.user_id()}-run{run}"
    path, name = _waiting(token)
    errors = path.with_name("errors.xlsx")
    if not errors.exists():
        raise NotVisible()
    return send_file(errors.resolve(), as_attachment=True, download_name=f"{Path(name).stem}-refused.xlsx")


def template(view: type[EntityView]) -> Response:
    """An empty XLSX with the headings that an import of the entity takes."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "template.xlsx"
        names = [name for name in mapping.importable(view.model) if name != "number"]
        nothing = sa.select(view.model).where(sa.false())
        exporter.export(
            view.model,
            nothing,
            names,
            "xlsx",
            path,
            with_lines=any(name.startswith(mapping.LINE_MARK) for name in names),
        )
        file = path.open("rb")
    mime = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
    return send_file(file, mimetype=mime, as_attachment=True, download_name=f"{view.model.resource}.xlsx")
