"""A document: an entity with a number, a state and lines, moved by its workflow.

It is edited in draft only; what is posted is never edited or deleted, only reversed.  ``take`` does a transition in one
transaction: lock, permission, state, fields, effect, number, state, audit.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import sqlalchemy as sa
from flask_appbuilder import Model
from sqlalchemy.orm import Mapped, declared_attr, mapped_column, relationship

from app.core import clock, db, identity, numbering, scope
from app.core.entity import Entity, column, scoped
from app.core.errors import Conflict, Invalid, NotPermitted, NotVisible
from app.core.fields import fields_of, parse_all
from app.core.i18n import gettext as _
from app.core.i18n import lazy_gettext as _l
from app.core.readers import storable
from app.core.types import CodeText, Day, Note
from app.core.workflow import CANCEL, Transition, Workflow


class Document(Entity):
    """The base of every document.  A subclass names its ``workflow`` and, if it has lines, its ``line_class``."""

    __abstract__ = True

    keys: ClassVar[tuple[str, ...]] = ("number",)
    searched: ClassVar[tuple[str, ...]] = ("number",)
    workflow: ClassVar[Workflow]
    line_class: ClassVar[str] = ""

    date: Mapped[Day] = column(_l("Date"), default=clock.today, sort_order=-80, index=True)
    note: Mapped[Note | None] = column(_l("Note"), sort_order=800)

    @declared_attr
    def number(cls) -> Mapped[str | None]:
        return column(_l("Number"), readonly=True, type_=CodeText(40), unique=True, nullable=True, sort_order=-90)

    @declared_attr
    def state(cls) -> Mapped[str]:
        flow = cls.workflow
        states, tones = flow.states, flow.tones
        return column(
            _l("State"),
            choices=states,
            tones=tones,
            readonly=True,
            default=flow.initial,
            type_=sa.String(20),
            nullable=False,
            sort_order=-85,
        )

    @declared_attr
    def lines(cls) -> Mapped[list[Any]]:
        if not cls.line_class:
            return None  # type: ignore[return-value]
        order = f"{cls.line_class}.position"
        return relationship(
            cls.line_class,
            order_by=order,
            cascade="all, delete-orphan",
            back_populates="document",
            passive_deletes=False,
        )

    def __str__(self) -> str:
        return self.number or _("%(kind)s (draft)", kind=str(type(self).label))

    @classmethod
    def handed_on(cls) -> sa.ColumnElement[bool] | None:
        """Those that can still be edited."""
        return cls.state.in_(cls.workflow.editable)

    @property
    def is_editable(self) -> bool:
        """Whether fields and lines may be changed in this state."""
        return self.state in type(self).workflow.editable

    def take_number(self) -> str:
        """The document's number, taken now if it has none: the last thing before something is written under it."""
        if self.number is None:
            self.number = numbering.document_number(type(self).resource, self.date)
        return self.number


class Line(Model):
    """The base of a document's lines.  A subclass names its ``document_class`` and ``document_table``."""

    __abstract__ = True
    __allow_unmapped__ = True

    scope: ClassVar[scope.Rule] = scope.through("document")
    document_class: ClassVar[str]
    document_table: ClassVar[str]
    label: ClassVar[Any] = _l("Line")
    audited: ClassVar[bool] = True
    keys: ClassVar[tuple[str, ...]] = ()
    searched: ClassVar[tuple[str, ...]] = ()  # the texts by which a picker finds a line

    id: Mapped[int] = mapped_column(primary_key=True, sort_order=-100, info={"label": _l("ID"), "readonly": True})
    position: Mapped[int] = mapped_column(default=0, sort_order=-90, info={"label": _l("Position"), "readonly": True})

    @declared_attr
    def document_id(cls) -> Mapped[int]:
        key = sa.ForeignKey(f"{cls.document_table}.id", ondelete="CASCADE")
        return mapped_column(key, index=True, sort_order=-95, info={"label": _l("Document"), "readonly": True})

    @declared_attr
    def document(cls) -> Mapped[Any]:
        return relationship(cls.document_class, back_populates="lines")

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if "document_class" in cls.__dict__:
            scoped.append(cls)

    @classmethod
    def of(cls) -> type[Document]:
        """The class of the documents that it is a line of."""
        return sa.inspect(cls).relationships["document"].mapper.class_

    @classmethod
    def domain(cls) -> str:
        """The document's domain."""
        return cls.of().domain()

    @classmethod
    def permission_key(cls) -> str:
        """What permissions on a line are kept by: the document's."""
        return cls.of().permission_key()

    @classmethod
    def offered(cls) -> sa.Select[tuple[Any]]:
        """The lines that a picker looks among, the best first: all that the actor sees, the newest first."""
        return sa.select(cls).order_by(cls.id.desc())

    def fact(self) -> str:
        """One telling fact that a picker shows beside the line: which document it is of."""
        return str(self.document)

    def audit_parent(self) -> Any:
        """The record in whose history the line's changes are told; of a line that goes, the one it belonged to."""
        if self.document is not None:
            return self.document
        before: Any = sa.inspect(self).attrs.document.history.deleted
        return before[0] if before else None


def line_model(model: type[Any]) -> type[Any] | None:
    """The class of a document's lines, if it has any."""
    if not getattr(model, "line_class", ""):
        return None
    return sa.inspect(model).relationships["lines"].mapper.class_


def possible(document: Document) -> list[Transition]:
    """The transitions that the actor may take from the state the document is in."""
    actor = identity.require()
    key = type(document).permission_key()
    return [
        step
        for step in type(document).workflow.transitions
        if document.state in step.sources
        and actor.may(step.permission, key)
        and (step.allowed is None or step.allowed(document))
    ]


def take(document: Document, name: str, data: Mapping[str, Any] | None = None) -> Document:
    """Move ``document`` by the transition ``name``; ``data`` may hold ``comment`` and the transition's own fields, and for
    a cancel what is said of what hangs on it (see ``core.hanging``).

    Raises NotVisible, NotPermitted, Conflict (not from this state), Invalid and what the effect raises.  Nothing is
    committed.
    """
    step = require_step(document, name)
    model = type(document)
    given = dict(data or {})
    if name == CANCEL:
        from app.core import hanging

        given = hanging.take_along(document, given)
    comment = _take_fields(document, step, given)
    with identity.doing(name, comment):
        for effect in model.workflow.effects.get(name, []):
            effect(document)
        document.take_number()
        document.state = step.target
        db.session.flush()
    return document


def require_step(document: Document, name: str) -> Transition:
    """The transition ``name``, if the actor may take it from where ``document`` is, which is locked.

    Raises NotVisible, NotPermitted, Conflict (not from this state).
    """
    model = type(document)
    step = model.workflow.find(name)
    if step is None:
        raise NotVisible()
    actor = identity.require()
    _lock(document)
    if not actor.may(step.permission, model.permission_key()) or (
        step.allowed is not None and not step.allowed(document)
    ):
        raise NotPermitted()
    if not scope.visible_ids(db.session.connection(), model, [document.id], actor, write=True):
        raise NotPermitted()
    if document.state not in step.sources:
        state = str(model.workflow.states.get(document.state, document.state))
        raise Conflict(
            _("%(document)s is %(state)s: it can't be changed that way now.", document=document, state=state.lower())
        )
    return step


def comment_in(data: Mapping[str, Any]) -> str:
    """The comment given with a transition or action.  Raises Invalid when it can't be stored."""
    try:
        return storable(str(data.get("comment") or "").strip())
    except ValueError as error:
        raise Invalid({"comment": [str(error)]}) from None


def _lock(document: Document) -> None:
    """Read the row again, locked, so that two who press the button at once take turns."""
    model = type(document)
    if db.session.scalars(db.locked(sa.select(model).where(model.id == document.id), model)).one_or_none() is None:
        raise NotVisible()


def _take_fields(document: Document, step: Transition, data: dict[str, Any]) -> str:
    comment = comment_in(data)
    data.pop("comment", None)
    fields = {name: field for name, field in fields_of(type(document)).items() if name in step.fields}
    unknown = set(data) - set(fields)
    if unknown:
        raise Invalid({name: [_("There is no such field here.")] for name in sorted(unknown)})
    values, errors = parse_all(fields, data)
    for name in step.required:
        if not errors.get(name) and not values.get(fields[name].attribute, getattr(document, fields[name].attribute)):
            errors[name] = [_("This is required.")]
    if step.comment == "required" and not comment:
        errors["comment"] = [_("Say why: this is kept in the history.")]
    if errors:
        raise Invalid(errors)
    for attribute, value in values.items():
        setattr(document, attribute, value)
    return comment
