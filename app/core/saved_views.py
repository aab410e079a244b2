"""Views that people save of a list: its filter, columns and order under a name, for themselves or for everyone who may
read the list, and which of them it opens with.

What a view shows is asked for anew by whoever looks: their scope and their fields, not those of its author.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from flask_appbuilder import Model
from sqlalchemy.orm import Mapped, joinedload, mapped_column, relationship

from app.core import crud, db, identity, merging, scope
from app.core.entity import Entity, User, column, reference
from app.core.errors import BusinessError, NotPermitted, NotVisible
from app.core.fields import fields_of
from app.core.i18n import gettext as _
from app.core.i18n import lazy_gettext as _l
from app.core.i18n import lazy_pgettext
from app.core.types import Flag, Name, Word
from app.core.web.view import views

MAX_COLUMNS = 60
SHARE = "can_share"
FOR_ALL = "can_preset"


class Lists(Mapping[str, Any]):
    """What the rows of each list are called, by resource."""

    def __getitem__(self, resource: str) -> Any:
        return views[resource].model.labels

    def __iter__(self) -> Iterator[str]:
        return iter(views)

    def __len__(self) -> int:
        return len(views)


class SavedView(Entity):
    """A list's filter, columns and order under a name; its owner's alone until it is shared."""

    __tablename__ = "saved_views"
    __table_args__ = (sa.UniqueConstraint("owner_id", "resource", "name"),)
    resource = "saved-views"
    label, labels = _l("View"), _l("Views")
    scope = scope.published(
        "owner_id",
        "can_list",
        lambda: {name: view.model for name, view in views.items()},
        "published",
        _l("It is shared with everyone who may read those rows"),
    )
    keys = ("owner", "resource", "name")

    name: Mapped[Name] = column(_l("Name"))
    target: Mapped[Word] = column(
        _l("List"), name="resource", choices=Lists(), index=True, help=_l("The kind of rows: customers, products …")
    )
    filter: Mapped[dict[str, Any]] = mapped_column(
        sa.JSON,
        default=dict,
        info={"label": _l("Filter"), "help": _l('As in the API: {"filters": [{"col", "opr", "value"}], "search"}')},
    )
    columns: Mapped[list[str]] = mapped_column(
        sa.JSON,
        default=list,
        info={
            "label": lazy_pgettext("list", "Columns"),
            "help": _l("Names of fields in their order; empty for the list's own"),
        },
    )
    order: Mapped[Word] = column(_l("Order"), default="", help=_l("A field, with “-” for the largest first"))
    shared: Mapped[Flag] = column(_l("Shared"), default=False)
    owner_id: Mapped[int] = reference("ab_user.id", _l("Owner"), owned=True)

    owner: Mapped[User] = relationship(User, foreign_keys=[owner_id])

    def fill(self) -> None:
        self.filter, self.columns, self.order = self.filter or {}, self.columns or [], self.order or ""
        if self.owner_id is None:
            self.owner_id = identity.user_id()
        # What others see is changed by those alone who may share; to keep to oneself what one shared needs no leave.
        if self.shared and not may_share():
            raise NotPermitted(_("You may not share views. Ask an administrator."))

    def faults(self) -> dict[str, list[str]]:
        state: Any = sa.inspect(self)

        def changed(*names: str) -> bool:
            return any(state.attrs[name].history.has_changes() for name in names)

        taken = self._name_is_taken() if changed("owner_id", "target", "name") else {}
        if taken or not changed("target", "filter", "columns", "order"):
            return taken  # a field that has gone since is told to whoever opens the view
        model: Any = views[self.target].model if self.target in views else None
        if model is None or not identity.require().may("can_list", model.permission_key()):
            return {"resource": [_("There is no such list, or it is not yours to see.")]}
        return {**_filter_faults(model, self.filter), **_layout_faults(model, self.columns, self.order)}

    def _name_is_taken(self) -> dict[str, list[str]]:
        """Told once, of the name: the constraint behind it is on the owner and the list too."""
        held = SavedView.__table__.c
        same = sa.select(held.id).where(
            held.owner_id == self.owner_id, held.resource == self.target, held.name == self.name
        )
        if db.session.connection().execute(same.where(held.id != (self.id or 0))).first() is None:
            return {}
        return {"name": [_("There is one with this value already.")]}


class DefaultView(Model):
    """The view that a list opens with: for a user, or (without one) for everybody who chose none.

    Without a view the user wants every row, whatever the others open it with.
    """

    __tablename__ = "default_views"
    __table_args__ = (sa.UniqueConstraint("resource", "user_id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    resource: Mapped[str] = mapped_column(sa.String(80))
    user_id: Mapped[int | None] = mapped_column(sa.ForeignKey("ab_user.id", ondelete="CASCADE"), index=True)
    view_id: Mapped[int | None] = mapped_column(sa.ForeignKey("saved_views.id", ondelete="CASCADE"), index=True)


DEFAULTS: sa.Table = DefaultView.__table__


@dataclass(frozen=True)
class Offered:
    """The views that a list offers to who acts now, by name; ``default`` is what it opens with, ``chosen`` whether the
    actor said so, ``for_all`` what it opens with for those who said nothing.
    """

    views: tuple[SavedView, ...] = ()
    default: SavedView | None = None
    chosen: bool = False
    for_all: SavedView | None = None

    def find(self, pk: int) -> SavedView | None:
        """The one with the id."""
        return next((each for each in self.views if each.id == pk), None)


def may_share() -> bool:
    """Whether the actor may show views to others."""
    return identity.require().may(SHARE, SavedView.permission_key())


def offered(model: type[Any]) -> Offered:
    """The views of lists of ``model`` that the actor owns or that are shared.  One statement."""
    actor = identity.require()
    if not actor.may("can_list", SavedView.permission_key()):
        return Offered()
    # Who sees everything does not thereby want everybody's private views in the menu.
    own = sa.or_(SavedView.owner_id == actor.user_id, SavedView.shared.is_(True))
    # «Every row» is 0, nothing said is NULL; the largest, since nothing keeps two from being said for all at once.
    said = sa.func.max(sa.func.coalesce(DEFAULTS.c.view_id, 0))
    here = sa.select(said).where(DEFAULTS.c.resource == model.resource)
    statement = sa.select(
        SavedView,
        here.where(DEFAULTS.c.user_id == actor.user_id).scalar_subquery(),
        here.where(DEFAULTS.c.user_id.is_(None)).scalar_subquery(),
    )
    statement = statement.where(SavedView.target == model.resource, own).order_by(SavedView.name, SavedView.id)
    statement = statement.options(joinedload(SavedView.owner))
    rows = db.session.execute(statement).all()
    if not rows:
        return Offered()
    found = tuple(row[0] for row in rows)
    _first, mine, everybodys = rows[0]
    by_id = {view.id: view for view in found}
    for_all = by_id.get(everybodys)
    chosen = mine == 0 or mine in by_id  # one that is no longer shared is none
    return Offered(found, by_id.get(mine) if chosen else for_all, chosen, for_all)


def named(model: type[Any], pk: Any) -> SavedView:
    """The view ``pk`` of lists of ``model``.  Raises NotVisible, also when it is somebody else's own."""
    try:
        found = crud.fetch(SavedView, int(pk))
    except (TypeError, ValueError, OverflowError):
        raise NotVisible() from None
    if found.target != model.resource:
        raise NotVisible()
    return found


def merged(model: type[Any], arguments: dict[str, Any], pk: Any = None) -> dict[str, Any]:
    """The API's ``arguments`` with what the view ``pk`` (or the one in ``view`` of them) asks for: its filter besides,
    its order, search and columns (those that are still there) where they say nothing.  Raises NotVisible, and BadQuery
    as they would themselves.
    """
    from app.core.web import query

    pk = arguments.get("view") if pk in (None, "") else pk
    if pk in (None, ""):
        return arguments
    view = named(model, pk)
    found = {name: value for name, value in arguments.items() if name != "view"}
    own = arguments.get("filters") or []
    if isinstance(own, list):
        found["filters"] = [*(view.filter.get("filters") or []), *own]
    found.setdefault("search", view.filter.get("search") or "")
    known = query.shown(model)
    if columns := [name for name in view.columns or () if name in known]:
        found.setdefault("columns", columns)
    if view.order and "order_column" not in found:
        found["order_column"] = view.order.removeprefix("-")
        found["order_direction"] = "desc" if view.order.startswith("-") else "asc"
    return found


def open_with(model: type[Any], view: SavedView | None, *, for_all: bool = False) -> None:
    """Let lists of ``model`` open with ``view`` (every row, when None): for the actor, or for everybody who chose none.

    Raises NotPermitted.
    """
    actor = identity.require()
    who = None if for_all else actor.user_id
    if for_all:
        crud.require(FOR_ALL, SavedView)
        if view is not None and not view.shared:
            view.shared = True
            crud.flush()
    connection = db.session.connection()
    same = DEFAULTS.c.user_id.is_(None) if who is None else DEFAULTS.c.user_id == who
    connection.execute(sa.delete(DEFAULTS).where(DEFAULTS.c.resource == model.resource, same))
    if view is not None or who is not None:
        values = {"resource": model.resource, "user_id": who, "view_id": view.id if view is not None else None}
        connection.execute(sa.insert(DEFAULTS).values(values))


def share(view: SavedView, shared: bool) -> SavedView:
    """Show ``view`` to everyone who may read those rows, or to its owner alone.  Raises NotPermitted."""
    view.shared = shared
    crud.flush()
    return view


def _filter_faults(model: type[Any], given: Any) -> dict[str, list[str]]:
    from app.core.web import query

    if not isinstance(given, dict) or set(given) - {"filters", "search"}:
        return {"filter": [_("A filter is an object with “filters” and “search”.")]}
    if not isinstance(given.get("search", ""), str) or len(given.get("search", "")) > 200:
        return {"filter": [_("“search” is a text of at most 200 characters.")]}
    try:
        query.from_api(model, {"filters": given.get("filters")}, "", whole=True)
    except BusinessError as error:
        return {"filter": [error.message]}
    return {}


def _layout_faults(model: type[Any], columns: Any, order: str) -> dict[str, list[str]]:
    from app.core.web import query

    faults: dict[str, list[str]] = {}
    if not isinstance(columns, list) or len(columns) > MAX_COLUMNS:
        faults["columns"] = [_("Columns are a list of names of fields.")]
    else:
        known = query.shown(model)
        unknown = [each for each in columns if not isinstance(each, str) or each not in known]
        if unknown:
            faults["columns"] = [_("There is no field “%(name)s” to show.", name=unknown[0])]
    if order:
        try:
            query.order(model, order.removeprefix("-"))
        except BusinessError as error:
            faults["order"] = [error.message]
    return faults


def follow_merge(work: merging.Merging, row: Any, other: Any) -> None:
    """Let the filters of every view that name ``other``, which becomes one with ``row``, name that."""
    for view in db.session.scalars(sa.select(SavedView).order_by(SavedView.id)).unique().all():
        of = views[view.target].model if view.target in views else None
        asked = (view.filter or {}).get("filters")
        if of is None or not isinstance(asked, list):
            continue
        pointing = {name for name, each in fields_of(of).items() if each.target is type(row)}
        told = [_naming(each, row.id, other.id) if each.get("col") in pointing else each for each in asked]
        # One that can't be read any longer, because a field has gone, says nothing of anybody.
        if told != asked and not _filter_faults(of, changed := {**view.filter, "filters": told}):
            work.change(view, {"filter": changed})


def _naming(condition: dict[str, Any], here: int, there: int) -> dict[str, Any]:
    """``condition`` with the row ``here`` in the place of ``there``."""

    def named(value: Any) -> Any:
        return type(value)(here) if not isinstance(value, bool) and str(value) == str(there) else value

    value = condition.get("value")
    value = list(dict.fromkeys(map(named, value))) if isinstance(value, list) else named(value)
    return {**condition, "value": value}


merging.naming.append(follow_merge)
