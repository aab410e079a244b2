"""Importing over the web: the API's single call, uploads, and the files that come back; the work is
``core.exchange.importer``'s, the page is ``import_page``'s.

An uploaded file waits under the data directory, for whoever sent it, until it is imported or a day has passed.
"""

from __future__ import annotations

import json
import re
import secrets
import shutil
import tempfile
import time
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from flask import request, send_file
from werkzeug.wrappers import Response

from app.core import identity
from app.core.errors import Invalid, NotVisible
from app.core.exchange import exporter, importer, mapping
from app.core.exchange.runs import uploads
from app.core.i18n import gettext as _
from app.core.remarks import safe_name
from app.core.web.view import EntityView

KEPT_SECONDS = 24 * 3600  # how long an uploaded file waits
CHOICES = {
    "mode": ("preview", "commit"),
    "on_match": ("fail", "skip", "update"),
    "on_error": ("stop", "skip"),
    "new_choices": ("refuse", "add"),
}
WIDTH_OF_FILE_NAME = 120
OF_A_RUN = re.compile(r"run\d+")  # what follows the dash in the name of a run's folder
RESOURCE = "resource"  # beside an upload: what its rows are to become
BEGUN = "begun"  # beside an upload that became a run: its number


def from_api(view: type[EntityView]) -> dict[str, Any]:
    """The API's import: a multipart ``file`` and its options; the outcome as the web contract says.  Raises Invalid."""
    options = {
        name: request.form.get(name) or default
        for name, default in (("mode", "commit"), ("on_match", "fail"), ("on_error", "stop"), ("new_choices", "refuse"))
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
            new_choices=options["new_choices"],
        )
        if result.run_id is not None:
            _keep_errors(result, upload.filename)
        return result.as_json()


def _mapping_given(errors: dict[str, list[str]]) -> dict[str, Any] | None:
    text = request.form.get("mapping")
    if not text:
        return None
    try:
        given = json.loads(text)
    except (ValueError, RecursionError):
        given = None
    if not isinstance(given, dict):
        errors["mapping"] = [_("The mapping must be a JSON object: header → field.")]
        return None
    return given


def take_upload(view: type[EntityView]) -> str:
    """Keep the uploaded file for whoever sent it, for rows of ``view``; its token.  Raises Invalid."""
    upload = request.files.get("file")
    if upload is None or not upload.filename:
        raise Invalid({"file": [_("Choose a file first.")]})
    _sweep()
    token = f"{identity.user_id()}-{secrets.token_urlsafe(16)}"
    folder = uploads() / token
    folder.mkdir(parents=True)
    upload.save(folder / "upload")
    (folder / "name").write_text(safe_name(upload.filename)[-WIDTH_OF_FILE_NAME:], encoding="utf-8")
    (folder / RESOURCE).write_text(view.model.resource, encoding="utf-8")
    return token


def waiting(view: type[EntityView], token: str) -> tuple[Path, str]:
    """The file behind ``token`` and its name.  Raises NotVisible unless it is the actor's own, and for rows of ``view``."""
    folder = waiting_folder(token)
    if (folder / RESOURCE).read_text(encoding="utf-8") != view.model.resource:
        raise NotVisible(_("This upload is gone: uploads wait a day. Please choose the file again."))
    return folder / "upload", (folder / "name").read_text(encoding="utf-8")


def waiting_folder(token: str) -> Path:
    """Where the file behind ``token`` lies.  Raises NotVisible unless it is the actor's own; what is kept of a run is no
    upload.
    """
    owner, _dash, rest = token.partition("-")
    safe = rest.replace("-", "").replace("_", "").isalnum() and not OF_A_RUN.fullmatch(rest)
    folder = uploads() / token
    if not safe or len(token) > 80 or owner != str(identity.user_id()) or not (folder / RESOURCE).exists():
        raise NotVisible(_("This upload is gone: uploads wait a day. Please choose the file again."))
    return folder


def begun_run(token: str) -> int | None:
    """The run that the upload has become already, if it has."""
    begun = waiting_folder(token) / BEGUN
    for _try in range(50):
        if not begun.exists():
            return None
        if text := begun.read_text(encoding="utf-8"):
            return int(text)
        time.sleep(0.02)  # it is being begun by another request
    return None


def claim(token: str) -> bool:
    """Whether the upload becomes a run now: of several requests that want it, one gets it."""
    try:
        (waiting_folder(token) / BEGUN).touch(exist_ok=False)
    except FileExistsError:
        return False
    return True


def note_begun(token: str, run_id: int | None) -> None:
    """Say which run the upload has become; None when it has become none."""
    begun = waiting_folder(token) / BEGUN
    if run_id is None:
        begun.unlink(missing_ok=True)
    else:
        begun.write_text(str(run_id), encoding="utf-8")


def _sweep() -> None:
    """Remove the uploads that nobody came back to."""
    if not uploads().exists():
        return
    for folder in uploads().iterdir():
        if time.time() - folder.stat().st_mtime > KEPT_SECONDS:
            shutil.rmtree(folder, ignore_errors=True)


def _keep_errors(result: Any, filename: str) -> None:
    """Keep the refused rows as a file, under the run's number."""
    if not result.failed_rows:
        return
    folder = uploads() / f"{identity.user_id()}-run{result.run_id}"
    folder.mkdir(parents=True, exist_ok=True)
    importer.error_file(result, folder / "errors.xlsx")
    (folder / "name").write_text(safe_name(filename)[-WIDTH_OF_FILE_NAME:], encoding="utf-8")


def has_error_file(run: int) -> bool:
    """Whether the refused rows of a run of the actor's are still kept."""
    return (uploads() / f"{identity.user_id()}-run{run}" / "errors.xlsx").exists()


def error_file(view: type[EntityView], run: int) -> Response:
    """The refused rows of an import, with the reason in a last column."""
    folder = uploads() / f"{identity.user_id()}-run{run}"
    errors = folder / "errors.xlsx"
    if not errors.exists():
        raise NotVisible()
    name = (folder / "name").read_text(encoding="utf-8")
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
