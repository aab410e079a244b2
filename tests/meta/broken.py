"""Entities with one fault each, declared when pytest is told «-p tests.meta.broken»: test_broken asks whether the tests over
the registry name them.  Their tables are made beside the migrated ones.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from flask_appbuilder import Model
from sqlalchemy.orm import Mapped, object_session, relationship

import app.views as console
from app import setup
from app.core import db, scope
from app.core.document import Document
from app.core.entity import Entity, User, column, derived, reference
from app.core.i18n import lazy_gettext as _l
from app.core.types import Name, Whole
from app.core.web.frame import MapSection
from app.core.web.view import EntityView
from app.core.workflow import Transition, Workflow


class Nameless(Entity):
    __tablename__ = "broken_nameless"
    resource = "broken-nameless"
    label, labels = "Nameless", "Nameless"  # no doc string, and names of one language
    keys = ("name",)
    name: Mapped[Name] = column("Name", unique=True)


class Misnamed(Entity):
    """Its view names a field that there is not, and its form forgets one that there is."""

    __tablename__ = "broken_misnamed"
    resource = "broken-misnamed"
    label, labels = _l("Entry"), _l("Entry")
    keys = ("name",)
    name: Mapped[Name] = column(_l("Name"), unique=True)
    size: Mapped[Whole] = column(_l("Number"), default=0)


class Stuck(Document):
    """A state of it can't be come to."""

    __tablename__ = "broken_stuck"
    resource = "broken-stuck"
    label, labels = _l("Entry"), _l("Entry")
    keys = ("number",)
    workflow = Workflow(
        {"draft": _l("Draft"), "done": _l("Done"), "lost": _l("Failed")},
        {"draft": "grey", "done": "green", "lost": "red"},
        (Transition("finish", "draft", "done", _l("Done")),),
    )


class Keyless(Entity):
    """It can be imported, and never matched."""

    __tablename__ = "broken_keyless"
    resource = "broken-keyless"
    label, labels = _l("Entry"), _l("Entry")
    name: Mapped[Name] = column(_l("Name"))


class Slow(Entity):
    """Each row of its list asks the database once more."""

    __tablename__ = "broken_slow"
    resource = "broken-slow"
    label, labels = _l("Entry"), _l("Entry")
    keys = ("name",)
    name: Mapped[Name] = column(_l("Name"), unique=True)

    @derived(_l("Number"))
    def others(self) -> str:
        """How many there are."""
        session = object_session(self)
        assert session is not None
        return str(session.scalar(sa.select(sa.func.count()).select_from(Slow)))


class Ambiguous(Entity):
    """An import matches it by what many rows share."""

    __tablename__ = "broken_ambiguous"
    resource = "broken-ambiguous"
    label, labels = _l("Entry"), _l("Entry")
    keys = ("size",)
    name: Mapped[Name] = column(_l("Name"), unique=True)
    size: Mapped[Whole] = column(_l("Number"), default=0)


class _Careless(scope.OwnRows):
    """Meant as own rows, and lets everybody see them."""

    def condition(self, *_about: Any) -> Any:
        return None


class Leaky(Entity):
    """It shows everybody what is one's own."""

    __tablename__ = "broken_leaky"
    resource = "broken-leaky"
    label, labels = _l("Entry"), _l("Entry")
    scope = _Careless()
    keys = ("name",)
    name: Mapped[Name] = column(_l("Name"), unique=True)
    owner_id: Mapped[int | None] = reference("ab_user.id", _l("Owner"))
    owner: Mapped[User | None] = relationship(User, foreign_keys=[owner_id])


class Forgotten(Entity):
    """Nobody put it on the map or into the index."""

    __tablename__ = "broken_forgotten"
    resource = "broken-forgotten"
    label, labels = _l("Entry"), _l("Entry")
    keys = ("name",)
    name: Mapped[Name] = column(_l("Name"), unique=True)


class NamelessView(EntityView, model=Nameless):
    pass


class MisnamedView(EntityView, model=Misnamed):
    columns = ("name", "colour")
    fieldsets = (("", ("name",)),)


class StuckView(EntityView, model=Stuck):
    pass


class KeylessView(EntityView, model=Keyless):
    pass


class SlowView(EntityView, model=Slow):
    columns = ("name", "others")


class AmbiguousView(EntityView, model=Ambiguous):
    pass


class LeakyView(EntityView, model=Leaky):
    pass


BROKEN = (NamelessView, MisnamedView, StuckView, KeylessView, SlowView, AmbiguousView, LeakyView)
console.CONSOLE = (*console.CONSOLE, MapSection("broken", _l("Failed"), "box", BROKEN))

_prepare = setup.prepare


def _prepare_with_tables(*args: Any, **options: Any) -> Any:
    """Set the company up, with tables for what no migration knows."""
    found = _prepare(*args, **options)
    tables = [table for table in Model.metadata.tables.values() if table.name.startswith("broken_")]
    Model.metadata.create_all(db.db.engine, tables=tables)
    return found


setup.prepare = _prepare_with_tables
