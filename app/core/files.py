"""Files by their content: a file is kept once under its digest, and belongs to whatever row names the digest.

Written before the row is committed (a crash leaves an unused file, never a missing one); what a file is, is read from its
content, never from its name alone.  Who may see a file is decided by the row it belongs to.  Where it lies is the
store's matter (``core.store``).
"""

from __future__ import annotations

import contextlib
import hashlib
import io
import json
import os
import shutil
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import IO

import sqlalchemy as sa
from PIL import Image, ImageOps, UnidentifiedImageError

from app.core import db, state
from app.core.errors import Invalid
from app.core.i18n import gettext as _
from app.core.store import Folder, name_of, sweep_waiting, waiting
from app.core.store import store as where
from app.core.types import Images

PICTURE_TYPES = {"JPEG": "image/jpeg", "PNG": "image/png", "WEBP": "image/webp", "GIF": "image/gif"}
MAX_PICTURE_BYTES = 10 * 1024 * 1024
MAX_PICTURE_PIXELS = 40_000_000
THUMBNAIL = (320, 320)  # pixels at most
THUMB = ".thumb"  # what a thumbnail's name ends in
PIECE = 2**20  # bytes that are held at once
MAX_PICTURES = 12  # of one record
UNUSED_FILES = "unused files"  # what ``sweep`` remembers for the next
NAMERS: list[Callable[[sa.Connection], Iterable[str]]] = []
"""Who else names files, besides the columns of pictures: each gives the digests that it names."""
UNUSED = timedelta(days=1)  # how long a file that no row names is kept: its row may not be committed yet


@dataclass(frozen=True)
class Arrived:
    """A file that came and lies on this machine, not yet in the store: ``size`` is in bytes."""

    path: Path
    digest: str
    size: int


class TooLarge(ValueError):
    """A file that has more bytes than it may have."""


@contextmanager
def arriving(stream: IO[bytes], most: int) -> Iterator[Arrived]:
    """The file that ``stream`` brings, written and hashed piece by piece; it is gone after the block unless ``keep`` took
    it.  Raises TooLarge as soon as there are more than ``most`` bytes.
    """
    handle, name = tempfile.mkstemp(dir=waiting())
    path, whole, size = Path(name), hashlib.sha256(), 0
    try:
        with os.fdopen(handle, "wb") as file:
            while piece := stream.read(PIECE):
                size += len(piece)
                if size > most:
                    raise TooLarge()
                whole.update(piece)
                file.write(piece)
            file.flush()
            os.fsync(file.fileno())
        yield Arrived(path, whole.hexdigest(), size)
    finally:
        path.unlink(missing_ok=True)


def keep(arrived: Arrived, *, thumbnail: bool = False) -> None:
    """Put what arrived into the store; of a picture that a browser shows also a small one, if ``thumbnail``."""
    small = _small(arrived.path) if thumbnail else None
    where().put(arrived.path, name_of(arrived.digest))
    db.session.info.setdefault("stored", set()).add(arrived.digest)
    if small is not None:
        _put(small, name_of(arrived.digest, THUMB))


def store(whole: bytes) -> str:
    """Keep ``whole``, which is small; its SHA-256 digest."""
    digest = hashlib.sha256(whole).hexdigest()
    _put(whole, name_of(digest))
    return digest


def opened(digest: str, *, small: bool = False) -> tuple[IO[bytes], int]:
    """The content with ``digest`` (``small``: its thumbnail if it has one), to be read and sought in, and its size in
    bytes.  Raises FileNotFoundError, and ValueError for what is no digest.
    """
    if small:
        with contextlib.suppress(FileNotFoundError):
            return where().open(name_of(digest, THUMB))
    return where().open(name_of(digest))


@contextmanager
def at_hand(digest: str) -> Iterator[Path]:
    """The content with ``digest`` as a file of this machine, for a program that reads one.  Raises FileNotFoundError."""
    chosen = where()
    if isinstance(chosen, Folder):
        path = chosen.folder / name_of(digest)
        if not path.exists():
            raise FileNotFoundError(digest)
        yield path.resolve()
        return
    file, _size = opened(digest)
    handle, name = tempfile.mkstemp(dir=waiting())
    try:
        with file, os.fdopen(handle, "wb") as copy:
            shutil.copyfileobj(file, copy, PIECE)
        yield Path(name).resolve()
    finally:
        Path(name).unlink(missing_ok=True)


def exists(digest: str) -> bool:
    """Whether the content with ``digest`` is there."""
    return where().exists(name_of(digest))


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
    for whole, small in [_picture(field, stream) for stream in streams]:
        digest = store(whole)
        db.session().info.setdefault("stored", set()).add(digest)
        _put(small, name_of(digest, THUMB))
        digests.append(digest)
    return list(dict.fromkeys(digests))


def may_name(digest: str, current: Iterable[str]) -> bool:
    """Whether a row may name ``digest``: it names it already, or the file came with this very request."""
    return digest in current or digest in db.session().info.get("stored", ())


def media_type(head: bytes) -> str:
    """What kind of picture begins with ``head`` (12 bytes or more)."""
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
    sweep_waiting(before)
    chosen = where()
    for each in chosen.all():
        if each.digest in used:
            continue
        # Who stores the same content again makes it young.
        if each.digest in unused_before and each.at < before:
            chosen.remove(each.name)
            removed += 1
        else:
            unused.add(each.digest)
    state.remember(connection, UNUSED_FILES, json.dumps(sorted(unused)))
    return removed


def _picture(field: str, stream: IO[bytes]) -> tuple[bytes, bytes]:
    """A picture's content, and its thumbnail as PNG.  Raises Invalid."""
    whole = stream.read(MAX_PICTURE_BYTES + 1)
    if len(whole) > MAX_PICTURE_BYTES:
        raise Invalid({field: [_("A picture may have at most %(size)s MB.", size=MAX_PICTURE_BYTES // 2**20)]})
    if not whole:
        raise Invalid({field: [_("This file is empty.")]})
    try:
        with Image.open(io.BytesIO(whole), formats=list(PICTURE_TYPES)) as picture:
            if picture.width * picture.height > MAX_PICTURE_PIXELS:
                raise Invalid({field: [_("This picture has too many pixels.")]})
            picture.load()
            return whole, _thumbnail(picture)
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError, Image.DecompressionBombError):
        raise Invalid({field: [_("This is not a picture. JPEG, PNG, WebP and GIF are taken.")]}) from None


def _small(path: Path) -> bytes | None:
    """The thumbnail of the file at ``path``, if it is a picture of a reasonable size that can be read whole."""
    try:
        with Image.open(path, formats=list(PICTURE_TYPES)) as picture:
            picture.draft("RGB", (THUMBNAIL[0] * 2, THUMBNAIL[1] * 2))  # a JPEG is read small at once
            if picture.width * picture.height > MAX_PICTURE_PIXELS:
                return None
            return _thumbnail(picture)
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError, Image.DecompressionBombError):
        return None


def _thumbnail(picture: Image.Image) -> bytes:
    small = ImageOps.exif_transpose(picture).convert("RGBA")
    small.thumbnail(THUMBNAIL)
    out = io.BytesIO()
    small.save(out, "PNG")
    return out.getvalue()


def _put(whole: bytes, name: str) -> None:
    handle, path = tempfile.mkstemp(dir=waiting())
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(whole)
            file.flush()
            os.fsync(file.fileno())
        where().put(Path(path), name)
    finally:
        Path(path).unlink(missing_ok=True)
