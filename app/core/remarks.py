"""What people say about a record, and the files they attach: comments on any row of any entity.

A comment belongs to the record that it is about («customers/12») and is seen by whoever sees that: every function here
takes the row, which the caller has fetched within the scope.  It changes nothing of the record, whatever state that is
in, and its version neither.  It is never edited; its author, or an administrator, may take it away, and the audit trail
keeps what it said.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import datetime
from typing import IO, Any

import sqlalchemy as sa
from flask_appbuilder import Model
from sqlalchemy.orm import Mapped, mapped_column

from app.core import audit, clock, crud, db, files, identity, notices, outbox, scope
from app.core.entity import User, record_name
from app.core.errors import Invalid, NotPermitted, NotVisible
from app.core.i18n import gettext as _
from app.core.i18n import lazy_gettext as _l
from app.core.i18n import speaking
from app.core.mail import templates
from app.core.readers import storable
from app.core.settings import settings
from app.core.types import LongText, UTCDateTime
from app.core.users import full_name

COMMENT = "comment"  # the operation, and the deed in the audit trail
UNCOMMENT = "uncomment"
KIND = "comment"  # of news
LONGEST = 10_000  # characters of a comment
MOST_FILES = 10  # of one comment
MAX_FILE_BYTES = 25 * 2**20
LONGEST_NAME = 200  # characters of a file's name
CHUNK = 500  # records in one statement
TOLD = 300  # characters that the history and news repeat

notices.KINDS[KIND] = _l("Somebody comments on what is yours")


class Remark(Model):
    """One comment on one record (``record``: its resource and id)."""

    __tablename__ = "remarks"

    id: Mapped[int] = mapped_column(primary_key=True)
    record: Mapped[str] = mapped_column(sa.String(120), index=True)
    author_id: Mapped[int | None] = mapped_column(sa.ForeignKey("ab_user.id", ondelete="SET NULL"), index=True)
    author: Mapped[str] = mapped_column(sa.String(200))  # the name, for when the user is gone
    at: Mapped[datetime] = mapped_column(UTCDateTime())
    text: Mapped[str] = mapped_column(LongText(), default="")


class RemarkFile(Model):
    """A file attached to a comment, by its content's digest (``core.files``)."""

    __tablename__ = "remark_files"

    id: Mapped[int] = mapped_column(primary_key=True)
    remark_id: Mapped[int] = mapped_column(sa.ForeignKey("remarks.id", ondelete="CASCADE"), index=True)
    position: Mapped[int] = mapped_column()
    name: Mapped[str] = mapped_column(sa.String(LONGEST_NAME))
    digest: Mapped[str] = mapped_column(sa.String(64))
    size: Mapped[int] = mapped_column()  # bytes


REMARKS: sa.Table = Remark.__table__
FILES: sa.Table = RemarkFile.__table__


@dataclass(frozen=True)
class Attached:
    """A file of a comment: ``number`` counts from 1, ``size`` is in bytes."""

    number: int
    name: str
    size: int
    digest: str


@dataclass(frozen=True)
class Comment:
    """A comment as read.  ``may_go``: whether the actor may take it away."""

    id: int
    author_id: int | None
    author: str
    at: datetime
    text: str
    may_go: bool
    files: list[Attached] = field(default_factory=list)


@dataclass(frozen=True)
class Upload:
    """A file as it comes: its name, and where its content is read."""

    name: str
    stream: IO[bytes]


class Readers:
    """What upper layers know about users: ``actor`` is who a user is when it acts."""

    def __init__(self) -> None:
        self.actor: Callable[[Any], identity.Actor] | None = None


readers = Readers()


def of(row: Any, *, first: int = 0, most: int = 100) -> tuple[list[Comment], int]:
    """The comments on ``row``, which the actor sees, newest first, and how many there are.  At most two statements."""
    about = REMARKS.c.record == record_name(row)
    statement = sa.select(REMARKS, sa.func.count().over().label("of_all")).where(about)
    connection = db.session.connection()
    found = connection.execute(statement.order_by(REMARKS.c.id.desc()).offset(first).limit(most)).all()
    if not found:
        count = connection.execute(sa.select(sa.func.count()).select_from(REMARKS).where(about)) if first else None
        return [], int(count.scalar_one()) if count is not None else 0
    attached: dict[int, list[Attached]] = {}
    wanted = FILES.c.remark_id.in_([each.id for each in found])
    for file in connection.execute(sa.select(FILES).where(wanted).order_by(FILES.c.remark_id, FILES.c.position)):
        attached.setdefault(file.remark_id, []).append(Attached(file.position, file.name, file.size, file.digest))
    return [_read(each, attached.get(each.id, [])) for each in found], found[0].of_all


def one(row: Any, remark_id: int) -> Comment:
    """A comment on ``row``.  Raises NotVisible when it is none of that row's."""
    connection = db.session.connection()
    mine = sa.and_(REMARKS.c.id == remark_id, REMARKS.c.record == record_name(row))
    found = connection.execute(sa.select(REMARKS).where(mine)).first() if 0 < remark_id < 2**31 else None
    if found is None:
        raise NotVisible()
    rows = connection.execute(sa.select(FILES).where(FILES.c.remark_id == remark_id).order_by(FILES.c.position))
    return _read(found, [Attached(file.position, file.name, file.size, file.digest) for file in rows])


def attached(row: Any, remark_id: int, number: int) -> Attached:
    """A file of a comment on ``row``.  Raises NotVisible."""
    for file in one(row, remark_id).files:
        if file.number == number and files.exists(file.digest):
            return file
    raise NotVisible()


def add(row: Any, text: Any, uploads: Sequence[Upload] = ()) -> Comment:
    """Say ``text`` about ``row``, which the actor sees, with files; its owner is told when it is somebody else's.

    Raises NotPermitted, Invalid.
    """
    crud.require(f"can_{COMMENT}", type(row))
    said, errors = _text(text)
    if len(uploads) > MOST_FILES:
        errors["file"] = [_("At most %(count)s files.", count=MOST_FILES)]
    if not said and not uploads and not errors:
        errors["text"] = [_("Write something, or attach a file.")]
    kept = _stored(uploads, errors) if not errors else []
    if errors:
        raise Invalid(errors)
    connection, who, record = db.session.connection(), identity.require(), record_name(row)
    values = {"record": record, "author_id": who.user_id, "author": who.name[:200], "at": clock.now(), "text": said}
    pk = int(connection.execute(sa.insert(REMARKS).values(values).returning(REMARKS.c.id)).scalar_one())
    if kept:
        connection.execute(sa.insert(FILES), [{"remark_id": pk, **each} for each in kept])
    names = [each["name"] for each in kept]
    audit.note(connection, record, COMMENT, {"files": [None, names]} if names else {}, shortened(said))
    comment = one(row, pk)
    _tell_owner(row, comment)
    return comment


def remove(row: Any, remark_id: int) -> Comment:
    """Take a comment on ``row`` away, with its files: for its author and administrators.

    Raises NotVisible, NotPermitted.  The audit trail keeps what it said.
    """
    comment = one(row, remark_id)
    if not comment.may_go:
        raise NotPermitted(_("Only who wrote a comment, or an administrator, may delete it."))
    connection = db.session.connection()
    connection.execute(sa.delete(FILES).where(FILES.c.remark_id == comment.id))
    connection.execute(sa.delete(REMARKS).where(REMARKS.c.id == comment.id))
    changes: dict[str, Any] = {"remark": [f"{comment.author}: {comment.text}", None]}
    if comment.files:
        changes["files"] = [[file.name for file in comment.files], None]
    audit.note(connection, record_name(row), UNCOMMENT, changes)
    return comment


def forget(connection: sa.Connection, records: Iterable[str]) -> None:
    """Drop the comments on records that are deleted; their files are swept away when nothing else names them."""
    names = list(records)
    for start in range(0, len(names), CHUNK):
        about = REMARKS.c.record.in_(names[start : start + CHUNK])
        connection.execute(sa.delete(FILES).where(FILES.c.remark_id.in_(sa.select(REMARKS.c.id).where(about))))
        connection.execute(sa.delete(REMARKS).where(about))


def of_others(connection: sa.Connection, records: Iterable[str], user_id: int | None) -> set[str]:
    """Those of ``records`` that somebody besides the user has commented on."""
    names = list(records)
    found: set[str] = set()
    by_another = REMARKS.c.author_id.is_distinct_from(user_id)
    for start in range(0, len(names), CHUNK):
        about = REMARKS.c.record.in_(names[start : start + CHUNK])
        found.update(connection.execute(sa.select(REMARKS.c.record).where(about, by_another).distinct()).scalars())
    return found


def shortened(text: str) -> str:
    """The beginning of a comment, as the history and news repeat it."""
    return text if len(text) <= TOLD else f"{text[:TOLD].rstrip()}…"


def safe_name(name: str) -> str:
    """A file's name without folders, and without characters that can't be seen: what it is called can do no harm."""
    base = name.replace("\\", "/").rsplit("/", 1)[-1]
    shown = "".join(letter for letter in base if unicodedata.category(letter) not in ("Cc", "Cf", "Cs", "Co", "Cn"))
    shown = " ".join(shown.split()).strip(". ")
    if len(shown) > LONGEST_NAME:
        stem, dot, ending = shown.rpartition(".")
        kept = f"{dot}{ending}" if stem and len(ending) <= 10 else ""
        shown = shown[: LONGEST_NAME - len(kept)] + kept
    return shown or "file"


def _read(found: Any, attached: list[Attached]) -> Comment:
    actor = identity.require()
    own = found.author_id is not None and found.author_id == actor.user_id
    return Comment(found.id, found.author_id, found.author, found.at, found.text, own or actor.unlimited, attached)


def _text(text: Any) -> tuple[str, dict[str, list[str]]]:
    if text is not None and not isinstance(text, str):
        return "", {"text": [_("This must be a text.")]}
    try:
        said = storable((text or "").replace("\r\n", "\n").strip())
    except ValueError as error:
        return "", {"text": [str(error)]}
    if len(said) > LONGEST:
        message = _("At most %(length)s characters; this has %(given)s.", length=LONGEST, given=len(said))
        return "", {"text": [message]}
    return said, {}


def _stored(uploads: Sequence[Upload], errors: dict[str, list[str]]) -> list[dict[str, Any]]:
    """Keep the files, if none is wrong; what is wrong with them goes to ``errors``."""
    kept: list[dict[str, Any]] = []
    arrived: list[files.Arrived] = []
    with ExitStack() as came:
        for position, upload in enumerate(uploads, start=1):
            name = safe_name(upload.name)
            try:
                found = came.enter_context(files.arriving(upload.stream, MAX_FILE_BYTES))
            except files.TooLarge:
                size = MAX_FILE_BYTES // 2**20
                errors["file"] = [_("%(name)s: a file may have at most %(size)s MB.", name=name, size=size)]
                continue
            if not found.size:
                errors["file"] = [_("%(name)s: this file is empty.", name=name)]
                continue
            kept.append({"position": position, "name": name, "digest": found.digest, "size": found.size})
            arrived.append(found)
        if not errors:
            for found in arrived:
                files.keep(found)
    return kept


def _tell_owner(row: Any, comment: Comment) -> None:
    """News for whom ``row`` belongs to (or, where nobody owns it, who made it), if that is somebody else who sees it."""
    owner_id = _owner_id(row)
    if readers.actor is None or owner_id is None or owner_id == comment.author_id:
        return
    owner = db.session.get(User, owner_id)
    if owner is None or not owner.active or not _sees(readers.actor(owner), row):
        return
    link = f"{settings().address}/{type(row).resource}/show/{row.id}#comments"
    with speaking(owner.locale):
        subject = _("%(who)s commented on %(what)s", who=comment.author, what=row)[:200]
        told = shortened(comment.text) or ", ".join(file.name for file in comment.files)
        letter = templates.write("comment", owner.locale, name=full_name(owner), subject=subject, told=told, link=link)
    mail = outbox.Mail(
        owner.email or "", subject, *letter, f"{KIND}, {comment.id}, user {owner.id}", owner.locale or ""
    )
    notices.deliver([notices.News(owner.id, KIND, mail, record_name(row))])


def _owner_id(row: Any) -> int | None:
    """Whose ``row`` is: its own owner, or that of what it hangs on, or whoever made it."""
    about = row
    while about is not None and isinstance(type(about).scope, scope.Through):
        about = getattr(about, type(about).scope.relation)
    named = getattr(type(about).scope, "owner", "owner_id") if about is not None else "owner_id"
    return getattr(about, named, None) or getattr(row, "created_by_id", None)


def _sees(actor: identity.Actor, row: Any) -> bool:
    model = type(row)
    return actor.may("can_show", model.permission_key()) and bool(
        scope.visible_ids(db.session.connection(), model, [row.id], actor)
    )


@files.names
def _digests(connection: sa.Connection) -> Iterable[str]:
    """The files that comments name."""
    return connection.execute(sa.select(FILES.c.digest).distinct()).scalars()


def as_json(comment: Comment, base: str) -> Mapping[str, Any]:
    """``comment`` as the API gives it; ``base`` is the address of the record's comments."""
    return {
        "id": comment.id,
        "author": {"id": comment.author_id, "label": comment.author},
        "at": clock.local(comment.at).isoformat(),
        "text": comment.text,
        "files": [
            {"n": file.number, "name": file.name, "size": file.size, "url": f"{base}/{comment.id}/files/{file.number}"}
            for file in comment.files
        ],
        "may_delete": comment.may_go,
    }
