"""Giving a file of the store to a browser: piece by piece, parts of it when asked, and so that it can do no harm.

Whatever a file holds, nothing of it is run: its type is what we found in it (never guessed again), and it stands alone
in a sandbox.  Only what a browser can show or play safely is shown in place; all else is saved.
"""

from __future__ import annotations

from typing import IO

from flask import request
from werkzeug.http import dump_options_header
from werkzeug.wrappers import Response
from werkzeug.wsgi import FileWrapper

from app.core import content, files
from app.core.errors import NotVisible

ALONE = "default-src 'none'; sandbox"
# A browser's own viewer of PDF does not start within a sandbox; it runs no script of the page it is in, and none of
# another page's can reach it.  Recordings are played by the browser itself.
SHOWN_ALONE = "default-src 'none'; img-src 'self'; media-src 'self'; style-src 'unsafe-inline'; object-src 'self'"
FRAMED = f"{SHOWN_ALONE}; frame-ancestors 'self'"
PIECE = 64 * 1024
INLINE = content.SHOWN | content.PLAYED | {content.PDF}


def respond(
    digest: str, *, name: str = "", media_type: str = content.UNKNOWN, inline: bool = False, small: bool = False,
    kept: int = 0,
) -> Response:  # fmt: skip
    """The content with ``digest``, called ``name``; ``inline`` shows what can be shown, ``small`` is a picture's
    thumbnail, and a browser may keep it for ``kept`` seconds.  Raises NotVisible when it is not there.
    """
    try:
        file, size = files.opened(digest, small=small)
    except (FileNotFoundError, ValueError):
        raise NotVisible() from None
    shown = inline and media_type in INLINE
    if small or not media_type:
        media_type = files.media_type(_head(file))
    response = Response(
        FileWrapper(file, PIECE),
        mimetype=media_type if shown or small or kept else content.UNKNOWN if media_type in _RUN else media_type,
        direct_passthrough=True,
    )
    response.call_on_close(file.close)
    response.content_length = size
    response.set_etag(f"{digest}{'-small' if small else ''}")
    if name:
        response.headers["Content-Disposition"] = _disposition("inline" if shown else "attachment", name)
    framed = shown and media_type == content.PDF
    response.headers["Content-Security-Policy"] = FRAMED if framed else ALONE
    if framed:
        response.headers["X-Frame-Options"] = "SAMEORIGIN"
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Cache-Control"] = f"private, max-age={kept}" if kept else "private, no-cache"
    return response.make_conditional(request.environ, accept_ranges=True, complete_length=size)


_RUN = frozenset({"text/html", "image/svg+xml"})  # what a browser would run if it were shown


def _head(file: IO[bytes]) -> bytes:
    head = file.read(16)
    file.seek(0)
    return head


def _disposition(how: str, name: str) -> str:
    """The header, with the name for old and new browsers (RFC 6266)."""
    plain = name.encode("ascii", "ignore").decode().replace('"', "").replace("\\", "").strip() or "file"
    found = dump_options_header(how, {"filename": plain})
    if plain != name:
        from urllib.parse import quote

        found += f"; filename*=UTF-8''{quote(name, safe='')}"
    return found
