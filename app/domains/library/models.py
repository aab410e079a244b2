"""Papers: folders, files with their versions, and articles."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any

import sqlalchemy as sa
from flask_appbuilder import Model
from flask_appbuilder.security.sqla.models import Role
from sqlalchemy.orm import Mapped, mapped_column, object_session, relationship

from app.core import filing, scope
from app.core.entity import Entity, User, column, derived, is_own_ancestor, pointed_at, reference
from app.core.i18n import gettext as _
from app.core.i18n import lazy_gettext as _l
from app.core.i18n import lazy_pgettext
from app.core.scope_records import either, through_record, to_roles
from app.core.types import Bytes, Flag, Name, Note, RecordName, UTCDateTime, Whole, Word
from app.domains.crm.models import Customer

Record = Annotated[str, mapped_column(RecordName(80))]
PUBLIC = "public"
VISIBILITIES = {PUBLIC: _l("Everyone"), "roles": _l("Some roles")}
VISIBILITY_TONES = {PUBLIC: "green", "roles": "amber"}
KINDS = {
    "quotation": _l("Quotation"),
    "solution": _l("Solution"),
    "requirement": _l("Requirement"),
    "contract": _l("Contract"),
    "photo": _l("Photo"),
    "voice": _l("Voice memo"),
    "other": lazy_pgettext("kind of file", "Other"),
}
NOTHING, PENDING, READ, FAILED = "nothing", "pending", "read", "failed"
TEXT_STATES = {
    NOTHING: _l("No text"),
    PENDING: _l("To be read"),
    READ: _l("Searchable"),
    FAILED: _l("Could not be read"),
}
TEXT_TONES = {NOTHING: "grey", PENDING: "blue", READ: "green", FAILED: "amber"}
MISSING = "missing"
TEXT_FAULTS = {
    "locked": _l("It asks for a password"),
    "damaged": _l("It is damaged, or not what it says"),
    "slow": _l("Reading it takes too long, or too much memory"),
    MISSING: _l("Its content is not in the store"),
}
FOLDER_ROLES = sa.Table(
    "folder_roles",
    Model.metadata,
    sa.Column("row_id", sa.ForeignKey("folders.id", ondelete="CASCADE"), primary_key=True),
    sa.Column("role_id", sa.ForeignKey("ab_role.id", ondelete="CASCADE"), primary_key=True, index=True),
)


class Folder(Entity):
    """A folder of the knowledge base, in a tree: everyone's, or open to some roles."""

    __tablename__ = "folders"
    __table_args__ = (sa.UniqueConstraint("parent_id", "name"),)
    resource = "folders"
    label, labels = _l("Folder"), _l("Folders")
    scope = to_roles("visibility", PUBLIC, lambda: FOLDER_ROLES)
    keys = ("name",)
    takes_files = False  # they lie in it
    synonyms = {"name": ("文件夹", "名称"), "parent": ("上级文件夹",), "visibility": ("可见范围",), "roles": ("角色",)}

    name: Mapped[Name] = column(lazy_pgettext("folder", "Name"))
    parent_id: Mapped[int | None] = reference("folders.id", _l("Lies in"), help=_l("Empty: at the top"))
    visibility: Mapped[Word] = column(
        _l("Open to"), choices=VISIBILITIES, tones=VISIBILITY_TONES, default=PUBLIC, help=_l("Who sees what lies in it")
    )

    parent: Mapped[Folder | None] = relationship("Folder", foreign_keys=[parent_id], remote_side="Folder.id")
    roles: Mapped[list[Role]] = relationship(Role, secondary=FOLDER_ROLES, info={"label": _l("Roles")})

    def __str__(self) -> str:
        return str(self.name)

    def fact(self) -> str:
        return str(pointed_at(self, "parent") or "")

    def fill(self) -> None:
        self.visibility = self.visibility or PUBLIC

    def faults(self) -> dict[str, list[str]]:
        faults: dict[str, list[str]] = {}
        if is_own_ancestor(self):
            faults["parent"] = [_("A folder can't lie within itself.")]
            return faults
        above = pointed_at(self, "parent")
        if above is not None and above.visibility != PUBLIC and self.visibility == PUBLIC:
            faults["visibility"] = [_("“%(folder)s” is open to some roles only: so is what lies in it.", folder=above)]
        session = object_session(self)
        if self.visibility != PUBLIC and self.id is not None and session is not None:
            within = sa.select(Folder.name).where(Folder.parent_id == self.id, Folder.visibility == PUBLIC).limit(1)
            with session.no_autoflush:
                if (name := session.scalars(within).first()) is not None:
                    faults["visibility"] = [_("“%(folder)s” lies in it and is open to everyone.", folder=name)]
        return faults


class File(Entity):
    """A file with all its versions: on the record that it belongs to, or in a folder.  Whoever sees that sees it."""

    __tablename__ = "files"
    __table_args__ = (sa.Index("ix_files_record", "record_resource", "record_id"),)
    resource = "files"
    label, labels = _l("File"), _l("Files")
    scope = either(
        lambda columns: columns["record_id"].is_not(None),
        through_record(lambda: filing.kinds),
        either(
            lambda columns: columns["folder_id"].is_not(None),
            scope.through("folder"),
            scope.own_rows(),
            ("folder_id",),
        ),
        ("record_id",),
    )
    keys = ("title",)
    searched = ("title", "name")
    takes_files = False
    synonyms = {
        "title": ("标题", "文档名称"),
        "folder": ("文件夹",),
        "record": ("所属记录", "belongs to"),
        "customer": ("客户",),
        "kind": ("类型", "文档类型"),
        "owner": ("负责人",),
        "tags": ("标签",),
    }

    title: Mapped[Name] = column(_l("Title"))
    kind: Mapped[Word] = column(_l("Kind"), choices=KINDS, default="other", index=True)
    folder_id: Mapped[int | None] = reference("folders.id", _l("Folder"))
    record: Mapped[Record | None] = column(
        lazy_pgettext("file", "Belongs to"),
        help=_l("The record that it hangs on, such as customers/12: whoever sees that sees the file"),
    )
    customer_id: Mapped[int | None] = reference("customers.id", _l("Customer"))
    owner_id: Mapped[int] = reference("ab_user.id", _l("Owner"))
    name: Mapped[Name | None] = column(_l("File name"), readonly=True)
    media_type: Mapped[Word | None] = column(lazy_pgettext("file", "Format"), readonly=True)
    size: Mapped[Bytes | None] = column(lazy_pgettext("file", "Size"), readonly=True, summed=False)
    sha256: Mapped[Name | None] = column(_l("SHA-256"), readonly=True, index=True)
    latest: Mapped[Whole] = column(_l("Latest version"), readonly=True, default=0, summed=False)
    text_state: Mapped[Word] = column(
        _l("Text inside"), choices=TEXT_STATES, tones=TEXT_TONES, default=NOTHING, readonly=True, index=True
    )
    text_fault: Mapped[Word | None] = column(_l("Why it could not be read"), choices=TEXT_FAULTS, readonly=True)
    record_resource: Mapped[Word | None] = column(_l("Kind of record"), readonly=True)
    record_id: Mapped[Whole | None] = column(_l("Number of the record"), readonly=True, summed=False)

    folder: Mapped[Folder | None] = relationship(Folder, foreign_keys=[folder_id])
    customer: Mapped[Customer | None] = relationship(Customer, foreign_keys=[customer_id])
    owner: Mapped[User] = relationship(User, foreign_keys=[owner_id])
    kept: Mapped[list[FileVersion]] = relationship(
        "FileVersion", order_by="FileVersion.number.desc()", cascade="all, delete-orphan", passive_deletes=True
    )

    @classmethod
    def handed_on(cls) -> sa.ColumnElement[bool]:
        """Those that lie nowhere: others follow the record or the folder, and whoever sent one stays its sender."""
        return sa.and_(cls.record_id.is_(None), cls.folder_id.is_(None))

    def __str__(self) -> str:
        return str(self.title)

    def fact(self) -> str:
        return self.name or ""

    @derived(_l("Versions"), kind="json")
    def versions(self) -> list[Mapping[str, Any]]:
        """Every version, the newest first."""
        return [each.as_json() for each in self.kept]

    def fill(self) -> None:
        self._about, self._follows = None, False
        if not self._changed("record", "customer_id"):
            return
        if not self._changed("record") and self._is_on_customer(self.record) or not self.record:
            # The customer alone was said: it hangs on that.
            self.record = f"customers/{self.customer_id}" if self.customer_id is not None else None
            self._follows = True
        self._about = filing.find(self.record)
        if self._about is not None:
            on_customer = self._is_on_customer(self.record)
            self.customer_id = self._about.id if on_customer else getattr(self._about, "customer_id", self.customer_id)
        self.record_resource, self.record_id = filing.parts(self.record) or (None, None)

    def faults(self) -> dict[str, list[str]]:
        if self.record and self._changed("record", "customer_id") and self._about is None and not self._follows:
            return {"record": [_("There is no such record, or it is not yours to see. Write it as customers/12.")]}
        return {}

    def _changed(self, *names: str) -> bool:
        state: Any = sa.inspect(self)
        return not state.persistent or any(state.attrs[name].history.has_changes() for name in names)

    @staticmethod
    def _is_on_customer(record: str | None) -> bool:
        return (record or "").startswith("customers/")


class FileVersion(Model):
    """One version of a file: a content that is never changed (``sha256`` finds it in the store), as it was called."""

    __tablename__ = "file_versions"
    __table_args__ = (sa.UniqueConstraint("file_id", "number"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    file_id: Mapped[int] = mapped_column(sa.ForeignKey("files.id", ondelete="CASCADE"))
    number: Mapped[int] = mapped_column()
    name: Mapped[str] = mapped_column(sa.String(200))
    size: Mapped[int] = mapped_column()  # bytes
    sha256: Mapped[str] = mapped_column(sa.String(64), index=True)
    media_type: Mapped[str] = mapped_column(sa.String(120))
    uploaded_by_id: Mapped[int | None] = mapped_column(sa.ForeignKey("ab_user.id", ondelete="SET NULL"), index=True)
    uploaded_by: Mapped[str] = mapped_column(sa.String(200))  # the name, for when the user is gone
    at: Mapped[datetime] = mapped_column(UTCDateTime())

    def as_json(self) -> Mapping[str, Any]:
        """The version as the API gives it."""
        return {
            "version": self.number,
            "name": self.name,
            "size": self.size,
            "sha256": self.sha256,
            "media_type": self.media_type,
            "uploaded_by": {"id": self.uploaded_by_id, "label": self.uploaded_by},
            "at": self.at.isoformat(),
        }


class Article(Entity):
    """An article of the knowledge base, written in Markdown.  A draft is its author's until it is published."""

    __tablename__ = "articles"
    resource = "articles"
    label, labels = _l("Article"), _l("Articles")
    scope = either(
        lambda columns: columns["published"].is_(sa.true()),
        either(
            lambda columns: columns["folder_id"].is_not(None), scope.through("folder"), scope.everyone, ("folder_id",)
        ),
        scope.own_rows(),
        ("published",),
    )
    keys = ("title",)
    searched = ("title", "category")
    inside = "body"
    takes_files = False
    synonyms = {
        "title": ("标题",),
        "body": ("正文", "内容", "text"),
        "category": ("分类",),
        "folder": ("文件夹",),
        "published": ("已发布",),
        "owner": ("作者", "author"),
        "tags": ("标签",),
    }

    title: Mapped[Name] = column(_l("Title"))
    category: Mapped[Word | None] = column(_l("Category"), suggests=True)
    folder_id: Mapped[int | None] = reference("folders.id", _l("Folder"))
    body: Mapped[Note] = column(_l("Text"), help=_l("In Markdown: # heading, **bold**, - list, [link](/files/show/1)"))
    published: Mapped[Flag] = column(_l("Published"), default=False, help=_l("A draft is seen by its author alone"))
    owner_id: Mapped[int] = reference("ab_user.id", _l("Author"))

    folder: Mapped[Folder | None] = relationship(Folder, foreign_keys=[folder_id])
    owner: Mapped[User] = relationship(User, foreign_keys=[owner_id])

    @classmethod
    def handed_on(cls) -> sa.ColumnElement[bool]:
        """Drafts, which nobody else sees: whoever wrote what is published stays its author."""
        return cls.published.is_(sa.false())

    def __str__(self) -> str:
        return str(self.title)

    def fact(self) -> str:
        return self.category or ""
