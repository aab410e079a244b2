"""The rules of papers: how a file comes with its first version, how it gets another, and what is inside it."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from typing import Any

import sqlalchemy as sa

from app.core import clock, content, crud, db, extraction, files, fulltext, identity
from app.core.errors import Invalid, NotVisible
from app.core.i18n import gettext as _
from app.core.remarks import Upload
from app.core.uploads import Taken, taking
from app.domains.library import measured as measured
from app.domains.library.models import FAILED, MISSING, NOTHING, PENDING, READ, File, FileVersion

NEW_VERSION = "new-version"  # the deed, as the history knows it
TITLE = 200  # characters of a title
PORTION, PATIENCE = 200, 100.0  # files, and seconds, of one run of the job that reads what is inside
GUESSED = {"image": "photo", "audio": "voice"}  # kinds that are told by what a file is
READABLE = frozenset(content.KINDS[name].media_type for name in ("pdf", "docx", "xlsx", "text"))
"""The media types whose text is read."""

fulltext.indexed.add(File.resource)


def receive(uploads: Iterable[Upload], data: Mapping[str, Any]) -> File:
    """A new file with its first version.  ``data`` holds the file's fields; without a title it is called as it came.

    Raises NotPermitted, Invalid; nothing of it is kept then.
    """
    crud.require("can_add", File)
    found = list(uploads)
    if len(found) != 1:
        raise Invalid({"file": [_("Choose a file.") if not found else _("One file at a time.")]})
    with taking(found[0]) as taken:
        told = {key: value for key, value in data.items() if key not in ("csrf_token", "file")}
        told["title"] = str(told.get("title") or "").strip() or taken.name.rpartition(".")[0][:TITLE] or taken.name
        guessed = GUESSED.get(taken.media_type.split("/")[0])
        if guessed and not told.get("kind"):
            told["kind"] = guessed
        file: File = crud.create(File, told)
        _keep(file, taken)
    return file


def add_version(file: File, uploads: Iterable[Upload], comment: str = "") -> File:
    """The next version of ``file`` (fetched with ``lock``).  Raises NotPermitted, Invalid."""
    crud.require_change(file)
    found = list(uploads)
    if len(found) != 1:
        raise Invalid({"file": [_("Choose a file.") if not found else _("One file at a time.")]})
    with taking(found[0]) as taken, identity.doing(NEW_VERSION, comment):
        _keep(file, taken)
    return file


def version(file: File, number: int | None = None) -> FileVersion:
    """The version ``number`` of ``file`` (the latest when None).  Raises NotVisible."""
    for each in file.kept:
        if number is None or each.number == number:
            return each
    raise NotVisible()


def _keep(file: File, taken: Taken) -> None:
    taken.keep()
    who = identity.require()
    file.latest = (file.latest or 0) + 1
    file.name, file.media_type = taken.name, taken.media_type
    file.size, file.sha256 = taken.arrived.size, taken.arrived.digest
    file.text_state, file.text_fault = (PENDING if taken.media_type in READABLE else NOTHING), None
    file.kept.insert(
        0,
        FileVersion(
            number=file.latest,
            name=taken.name,
            size=taken.arrived.size,
            sha256=taken.arrived.digest,
            media_type=taken.media_type,
            uploaded_by_id=who.user_id,
            uploaded_by=who.name[:200],
            at=clock.now(),
        ),
    )
    crud.flush()


@files.names
def _digests(connection: sa.Connection) -> Iterable[str]:
    """The contents that versions name."""
    return connection.execute(sa.select(FileVersion.sha256).distinct()).scalars()


def read_waiting(most: int = PORTION, seconds: float = PATIENCE) -> tuple[int, int]:
    """Read the text inside the files that wait for it, each in a transaction of its own, until ``most`` were read or
    ``seconds`` have passed; how many were read, and how many could not be.
    """
    read = failed = 0
    until = time.monotonic() + seconds
    while read + failed < most and time.monotonic() < until:
        with db.transaction(identity.system()):
            waiting = sa.select(File.id, File.sha256, File.media_type).where(File.text_state == PENDING)
            found = db.session.execute(waiting.order_by(File.id).limit(1)).first()
        if found is None:
            break
        text, reason = _text_of(found[1], found[2])
        with db.transaction(identity.system()):
            _settle(found[0], found[1], text, reason)
        read, failed = read + (not reason), failed + bool(reason)
    return read, failed


def _text_of(digest: str, media_type: str) -> tuple[str, str]:
    """The text inside a content, or why it could not be read."""
    kind = next(name for name in ("pdf", "docx", "xlsx", "text") if content.KINDS[name].media_type == media_type)
    try:
        with files.at_hand(digest) as path:
            return extraction.text_of(path, kind), ""
    except FileNotFoundError:
        return "", MISSING
    except extraction.Unreadable as error:
        return "", str(error)


def _settle(key: int, digest: str, text: str, reason: str) -> None:
    """Note what came of reading a file; if it has another version by now, that is still to be read.

    The register of the file is not touched otherwise: nobody changed it, and nobody's save is refused for it.
    """
    state = FAILED if reason else READ if text.strip() else NOTHING
    done = db.session.execute(
        sa.update(File)
        .where(File.id == key, File.sha256 == digest, File.text_state == PENDING)
        .values(text_state=state, text_fault=reason or None)
        .execution_options(synchronize_session=False)
    )
    if done.rowcount:
        fulltext.put(db.session.connection(), File.resource, key, text)
