"""Scripts, styles and pictures of the console, under an address that names their content.

``/static/<version>/kehu/shell.js``: the version is a segment of the path, so that what a script or a sheet asks for
beside itself has it too.  Such an address may be kept for ever, and a page that was seen before asks for none of its
files again; a new release has new addresses.  What is text goes out packed, packed once in the life of a process.
"""

from __future__ import annotations

import gzip
import hashlib
import mimetypes
import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from flask import Flask, Response, current_app, request
from werkzeug.exceptions import NotFound
from werkzeug.security import safe_join

FOREVER = "public, max-age=31536000, immutable"
ASK = "no-cache"  # keep it, and ask each time whether it is still so
DIGITS = 10  # of a version
PACKED_FROM = 500  # bytes below which packing saves nothing
_VERSIONED = re.compile(rf"v[0-9a-f]{{{DIGITS}}}/")
TEXTS = ("text/", "application/javascript", "application/json", "image/svg+xml")


@dataclass(frozen=True)
class Kept:
    """A file as it is sent: plain, and packed where that is worth it."""

    body: bytes
    packed: bytes | None
    media_type: str
    tag: str


def init_app(app: Flask) -> None:
    """Serve the folder of ``app`` under addresses with a version, which ``url_for("static", …)`` builds by itself."""
    folder = Path(str(app.static_folder))
    version = version_of(folder)

    def with_version(endpoint: str, values: dict[str, Any]) -> None:
        if endpoint == "static" and "filename" in values:
            values["filename"] = f"{version}/{values['filename']}"

    def send(filename: str) -> Response:
        asked = _VERSIONED.match(filename)
        kept = _read(folder, filename[asked.end() :] if asked else filename)
        # A page that was open while another release was put in place is given what there is now, but not to keep.
        return _answer(kept, FOREVER if asked and asked.group() == f"{version}/" else ASK)

    app.url_defaults(with_version)
    app.view_functions["static"] = send


@cache
def version_of(folder: Path) -> str:
    """What the files in ``folder`` are together, in a few digits: another one as soon as one of them differs."""
    whole = hashlib.sha256()
    for path in sorted(each for each in folder.rglob("*") if each.is_file()):
        whole.update(f"{path.relative_to(folder).as_posix()}\0{path.stat().st_size}\0".encode())
        whole.update(path.read_bytes())
    return f"v{whole.hexdigest()[:DIGITS]}"


def _read(folder: Path, name: str) -> Kept:
    """The file ``name`` in ``folder``.  Raises NotFound."""
    path = safe_join(str(folder), name)
    if path is None or not Path(path).is_file():
        raise NotFound()
    return _kept(path, Path(path).stat().st_mtime_ns)


@cache
def _kept(path: str, _changed: int) -> Kept:
    body = Path(path).read_bytes()
    media_type = mimetypes.guess_type(path)[0] or "application/octet-stream"
    packed = None
    if media_type.startswith(TEXTS):
        small = gzip.compress(body, mtime=0) if len(body) >= PACKED_FROM else body
        packed = small if len(small) < len(body) else None
    if media_type.startswith("text/"):
        media_type += "; charset=utf-8"
    return Kept(body, packed, media_type, hashlib.sha256(body).hexdigest()[:20])


def _answer(kept: Kept, keeping: str) -> Response:
    packed = kept.packed is not None and request.accept_encodings["gzip"] > 0
    response: Response = current_app.response_class(
        kept.packed if packed else kept.body, content_type=kept.media_type, headers={"Cache-Control": keeping}
    )
    if kept.packed is not None:
        response.headers["Vary"] = "Accept-Encoding"
    if packed:
        response.headers["Content-Encoding"] = "gzip"
    response.set_etag(f"{kept.tag}-gzip" if packed else kept.tag)
    response.make_conditional(request)
    return response
