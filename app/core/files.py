"""Files by their content: a file is kept once under its digest, and belongs to whatever row names the digest.

Written before the row is committed (a crash leaves an unused file, never a missing one); pictures are checked by
reading them, never by their name.  Who may see a file is decided by the row it belongs to.
"""

from __future__ import annotations

import contextlib
import hashlib
import io
import json
import os
import tempfile
import time
from collections.abc import Callable, Iterable
from datetime import timedelta
from pathlib import Path
from typing import IO

import sqlalchemy as sa
from PIL import Image, ImageOps, UnidentifiedImageError

from app.core import db, state
from app.core.errors import Invalid
from app.core.i18n import gettext as _
from app.core.settings import settings
from app.core.types import Images

PICTURE_TYPES = {"JPEG": "image/jpeg", "PNG": "image/png", "WEBP": "image/webp", "GIF": "image/gif"}
MAX_PICTURE_BYTES = 10 * 1024 * 1024
MAX_PICTURE_PIXELS = 40_000_000
THUMBNAIL = (320, 320)  # pixels at most
MAX_PICTURES = 12  # of one record
UNUSED_FILES = "unused files"  # what ``sweep`` remembers for the next
NAMERS: list[Callable[[sa.Connection], Iterable[str]]] = []
"""Who else names files, besides the columns of pictures: each gives the digests that it names."""
UNUSED = timedelta(days=1)  # how long a file that no row names is kept: its row may not be committed yet


def folder() -> Path:
    """Where files are kept."""
    return settings().data_dir / "files"


def path_of(digest: str) -> Path:
    """Where the file with ``digest`` (64 hexadecimal digits) is kept.  Raises ValueError for anything else."""
    if len(digest) != 64 or any(letter not in "0123456789abcdef" for letter in digest):
        raise ValueError("not a digest")
    return folder() / digest[:2] / digest[2:]


def store(content: bytes) -> str:
    """Keep ``content``; its SHA-256 digest."""
    digest = hashlib.sha256(content).hexdigest()
    _write(path_of(digest), content)
    return digest


def store_picture(field: str, stream: IO[bytes]) -> str:
    """Keep a picture and its thumbnail; the digest.  Raises Invalid under ``field`` when it is no picture, or too
    large.
    """
    return store_pictures(field, [stream])[0]


def store_pictures(field: str, streams: Iterable[IO[bytes]]) -> list[str]:
    """Keep pictures and their thumbnails, each once, if all are good; their digests.  Raises Invalid as
    ``store_picture`` does.
    """
    digests = []
    for content, small in [_picture(field, stream) for stream in streams]:
        digest = store(content)
        db.session().info.setdefault("stored", set()).add(digest)
        _write(path_of(digest).with_suffix(".thumb"), small)
        digests.append(digest)
    return list(dict.fromkeys(digests))


def may_name(digest: str, current: Iterable[str]) -> bool:
    """Whether a row may name ``digest``: it names it already, or the file came with this very request."""
    return digest in current or digest in db.session().info.get("stored", ())


def media_type(path: Path) -> str:
    """What kind of picture lies at ``path``, read from its first bytes."""
    with path.open("rb") as file:
        head = file.read(12)
    if head.startswith(b"\x89PNG"):
        return "image/png"
    if head.startswith(b"\xff\xd8"):
        return "image/jpeg"
    if head.startswith(b"GIF8"):
        return "image/gif"
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return "image/webp"
    return "application/octet-stream"


def names(namer: Callable[[sa.Connection], Iterable[str]]) -> Callable[[sa.Connection], Iterable[str]]:
    """Register who names files: what it gives is not swept away."""
    NAMERS.append(namer)
    return namer


def sweep() -> int:
    """Remove files that no row names, that none named at the sweep before, and that nobody stored in the last ``UNUSED``;
    how many.

    Twice unused, so that a backup of the database still finds the files that it names when it is followed by one of the
    folder.
    """
    from app.core.entity import scoped

    connection = db.session.connection()
    used: set[str] = set()
    for model in scoped:
        for column in model.__table__.c:
            if isinstance(column.type, Images):
                for digests in connection.execute(sa.select(column)).scalars():
                    used.update(digests or ())
    for namer in NAMERS:
        used.update(namer(connection))
    unused_before = set(json.loads(state.recall(connection, UNUSED_FILES) or "[]"))
    removed, unused = 0, set()
    before = time.time() - UNUSED.total_seconds()
    for path in folder().glob("??/*"):
        digest = path.parent.name + path.name.split(".")[0]
        if digest in used:
            continue
        # Its age is looked at last: who stores the same content again makes it young (see _write).
        if digest in unused_before and path.stat().st_mtime < before:
            path.unlink(missing_ok=True)
            removed += 1
        else:
            unused.add(digest)
    state.remember(connection, UNUSED_FILES, json.dumps(sorted(unused)))
    return removed


def _picture(field: str, stream: IO[bytes]) -> tuple[bytes, bytes]:
    """A picture's content, and its thumbnail as PNG.  Raises Invalid."""
    content = stream.read(MAX_PICTURE_BYTES + 1)
    if len(content) > MAX_PICTURE_BYTES:
        raise Invalid({field: [_("A picture may have at most %(size)s MB.", size=MAX_PICTURE_BYTES // 2**20)]})
    if not content:
        raise Invalid({field: [_("This file is empty.")]})
    try:
        with Image.open(io.BytesIO(content), formats=list(PICTURE_TYPES)) as picture:
            if picture.width * picture.height > MAX_PICTURE_PIXELS:
                raise Invalid({field: [_("This picture has too many pixels.")]})
            picture.load()
            small = ImageOps.exif_transpose(picture).convert("RGBA")
            small.thumbnail(THUMBNAIL)
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError, Image.DecompressionBombError):
        raise Invalid({field: [_("This is not a picture. JPEG, PNG, WebP and GIF are taken.")]}) from None
    out = io.BytesIO()
    small.save(out, "PNG")
    return content, out.getvalue()


def _write(path: Path, content: bytes) -> None:
    with contextlib.suppress(FileNotFoundError):
        os.utime(path)
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    # Written beside and moved over, so that nobody ever reads half a file.
    handle, name = tempfile.mkstemp(dir=path.parent)
    with os.fdopen(handle, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    Path(name).replace(path)
