"""Saved views on a list page: what an address asks for, the menu of views, the chooser of columns, and what the menu
does.

An address that says nothing opens the default; ``view=12`` alone asks for what the view holds, ``view=all`` for every
row.  With a filter, search, order or columns beside it the address says all of it, and the view is only what it began
with.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, urlencode

from flask import flash, redirect, request
from flask_appbuilder import BaseView, expose
from werkzeug.datastructures import MultiDict
from werkzeug.wrappers import Response

from app.core import crud, db, identity
from app.core import saved_views as kept
from app.core.errors import BusinessError, Invalid, NotVisible
from app.core.i18n import gettext as _
from app.core.i18n import lazy_gettext as _l
from app.core.saved_views import Offered, SavedView
from app.core.web import layout, query, reach, selection
from app.core.web.frame import MapPage
from app.core.web.layout import Layout
from app.core.web.page import Action, FormField
from app.core.web.page_lists import ColumnChoice, ViewItem, ViewMenu
from app.core.web.query import ListQuery
from app.core.web.view import Done, EntityView, RecordAction, RecordLink, views

STATE = ("f", "ff", "q", "sort", "cols")  # what an address says of what is shown; «page» and «size» are how much of it
ALL = "all"


@dataclass
class Asked:
    """What an address asks for: the query, the view that it began with, and the views that there are.

    ``refusal`` is why the query finds other rows than were asked for: the list tells it and shows them, a file does not.
    ``layout`` is how the actor likes the list, where neither address nor view says anything.
    """

    query: ListQuery
    problems: list[str] = field(default_factory=list)
    view: SavedView | None = None
    own: ListQuery | None = None  # what the view holds
    offered: Offered = field(default_factory=Offered)
    refusal: BusinessError | None = None
    layout: Layout = field(default_factory=Layout)

    def columns(self) -> list[str]:
        """The columns that are wanted; empty for the list's own."""
        return self.query.columns or list(self.layout.columns)


def ask(view: type[EntityView], arguments: MultiDict[str, str], *, opening: bool = False) -> Asked:
    """What ``arguments`` (of a page's address) ask for; ``opening``: one that says nothing opens the default."""
    model = view.model
    wanted = arguments.get("view")
    offered = kept.offered(model) if opening or wanted not in (None, ALL) else Offered()
    problems: list[str] = []
    base: SavedView | None = None
    refusal: BusinessError | None = None
    if wanted is not None and wanted != ALL:
        base, problems = _named(model, wanted, offered)
        refusal = NotVisible(problems[0]) if base is None else None
    elif opening and not arguments:
        base = offered.default
    own = None
    if base is not None:
        own, faults = query.from_address(model, MultiDict(pairs_of(base)), view.sort)
        if len(own.conditions) < len(_filters(base)):
            problems.append(_("The view “%(name)s” can't be shown: %(why)s", name=base.name, why=faults[0]))
            refusal = query.BadQuery(problems[-1])
            own = base = None
        else:
            problems += [_("The view “%(name)s” lacks something: %(why)s", name=base.name, why=each) for each in faults]
    if own is None or any(name in arguments for name in STATE):
        asked, faults = query.from_address(model, arguments, view.sort)
        problems += faults
    else:
        asked, _faults = query.from_address(model, MultiDict([*pairs_of(base), *_paging(arguments)]), view.sort)
    if asked.unread and refusal is None:
        refusal = query.BadQuery(" ".join(asked.unread))
    likes = layout.of(model)
    if "size" not in arguments:
        asked.size = likes.size
    return Asked(asked, problems, base, own, offered, refusal, likes)


def pairs_of(view: SavedView | None) -> list[tuple[str, str]]:
    """What ``view`` holds as the parameters of an address."""
    if view is None:
        return []
    pairs = [("f", f"{each['col']}:{each['opr']}:{query.raw_text(each.get('value'))}") for each in _filters(view)]
    search = str((view.filter or {}).get("search") or "")
    rest = [("q", search), ("sort", view.order or ""), ("cols", ",".join(map(str, view.columns or ())))]
    return pairs + [pair for pair in rest if pair[1]]


def menu(
    view: type[EntityView],
    asked: Asked,
    state: Sequence[tuple[str, str]],
    changed: bool,
    place: MapPage | None = None,
) -> ViewMenu | None:
    """The menu for who acts now; ``state`` is what the list shows, as parameters, ``place`` the page of the map that it
    is.  None for who may not see views.

    A view that is saved now keeps the columns that its author sees.
    """
    listed = views[SavedView.resource]
    if not reach.may(listed, "list"):
        return None
    base, offered, actor = f"/{view.model.resource}/list/", asked.offered, identity.require()
    here = asked.view

    liked = [("cols", ",".join(asked.layout.columns))] if asked.layout.columns and not asked.query.columns else []
    saving, back = urlencode([*state, *liked]), urlencode(state)
    stars = asked.layout.stars

    def item(each: SavedView) -> ViewItem:
        starred = each.id in stars
        deed = f"/list-views/{each.id}/{'unstar' if starred else 'star'}?{urlencode({'state': here_url(back)})}"
        owner = str(each.owner) if each.owner_id != actor.user_id else ""
        url = f"{base}?view={each.id}"
        return ViewItem(each.name, url, each is here, each is offered.default, starred, deed, owner)

    def here_url(shown: str) -> str:
        return f"view={here.id}" if here is not None and not changed else shown or f"view={ALL}"

    everything = ViewItem(_("All"), f"{base}?view={ALL}", here is None and not state, offered.default is None)
    items = {each.id: item(each) for each in offered.views}
    starred = [items[pk] for pk in stars if pk in items]
    rest = [each for each in offered.views if each.id not in stars]
    mine = [items[each.id] for each in rest if each.owner_id == actor.user_id]
    shared = [items[each.id] for each in rest if each.owner_id != actor.user_id]
    groups = [("", [everything]), (_("Starred"), starred), (_("My views"), mine), (_("Shared with me"), shared)]
    unnamed = str(place.label) if place is not None and list(state) == place.pairs else _("Not saved")
    label = here.name if here is not None else unnamed if state else _("All")
    return ViewMenu(
        label,
        changed and here is not None,
        [group for group in groups if group[1]],
        _actions(listed, view.model, here, offered, saving, changed),
        [everything, *starred] if starred else [],
    )


def chooser(view: type[EntityView], asked: Asked) -> list[ColumnChoice]:
    """What may be shown in columns: what is, in its order, then the rest by name."""
    known = query.shown(view.model)
    now = [name for name in asked.columns() or view.list_columns() if name in known]
    rest = sorted((name for name in known if name not in now), key=lambda name: str(known[name].label))
    return [ColumnChoice(name, str(known[name].label), name in now) for name in (*now, *rest)]


def _actions(
    listed: type[EntityView], model: type[Any], here: SavedView | None, offered: Offered, state: str, changed: bool
) -> list[Action]:
    actor = identity.require()
    found: list[Action] = []

    def add(name: str, label: str, path: str, *, asks: str | None = None, confirm: str = "", tone: str = "") -> None:
        url = f"/list-views/{path}?{urlencode({'state': state})}"
        fields = []
        if asks is not None:
            named = FormField("name", f"view-{name}-name", _("Name"), "text", asks, required=True, maxlength=200)
            fields = [named]
        found.append(Action(f"view-{name}", label, url, confirm=confirm, fields=fields, tone=tone))

    its_own = here is not None and (here.owner_id == actor.user_id or actor.unlimited)
    if here is not None and its_own and changed and reach.may(listed, "edit"):
        add("update", _("Save changes"), f"{here.id}/update")
    if reach.may(listed, "add"):
        add("save", _("Save as a view"), f"{model.resource}/save", asks="")
    if here is not None and its_own and reach.may(listed, "edit"):
        add("rename", _("Rename"), f"{here.id}/rename", asks=here.name)
        if not here.shared and kept.may_share():
            add("share", _("Share with everyone"), f"{here.id}/share")
        elif here.shared:
            add("unshare", _("Stop sharing"), f"{here.id}/unshare")
    if actor.user_id is not None and reach.may(listed, "default"):
        if here is not None and (here is not offered.default or not offered.chosen):
            add("default", _("Make it my default"), f"{here.id}/default")
        elif here is None and offered.default is not None:
            add("default", _("Make all rows my default"), f"{model.resource}/default-all")
    if actor.may(kept.FOR_ALL, SavedView.permission_key()) and here is not None:
        if here is not offered.for_all:
            add("preset", _("Make it everybody's default"), f"{here.id}/preset")
        else:
            add("no-default", _("Take away everybody's default"), f"{model.resource}/no-default")
    if here is not None and its_own and reach.may(listed, "delete"):
        sure = _("The view “%(name)s” is removed; the rows stay.", name=here.name)
        add("delete", _("Delete the view"), f"{here.id}/delete", confirm=sure, tone="danger")
    return found


def _named(model: type[Any], wanted: str, offered: Offered) -> tuple[SavedView | None, list[str]]:
    """The view that the address names, and why there is none."""
    try:
        pk = int(wanted) if wanted.isdecimal() and len(wanted) < 10 else 0
        return offered.find(pk) or kept.named(model, pk), []
    except NotVisible:
        return None, [_("There is no such view, or it is not yours to see.")]


def _filters(view: SavedView) -> list[dict[str, Any]]:
    found = (view.filter or {}).get("filters") or []
    return [each for each in found if isinstance(each, dict) and {"col", "opr"} <= set(each)]


def _paging(arguments: MultiDict[str, str]) -> list[tuple[str, str]]:
    return [(name, arguments[name]) for name in ("page", "size") if name in arguments]


def held(view: type[EntityView], state: str) -> dict[str, Any]:
    """What a list shows, given as the parameters of its address, as the values of a view.

    Raises Invalid when something in it can't be understood: the view would show other rows than the list did.
    """
    asked, problems = query.from_address(view.model, MultiDict(parse_qsl(state, keep_blank_values=True)), view.sort)
    if problems:
        raise Invalid({"filter": problems})
    filters = [{"col": each.field.name, "opr": each.operator, "value": each.raw} for each in asked.conditions]
    order = f"{'-' if asked.descending else ''}{asked.order}"
    found: dict[str, Any] = {"filters": filters} if filters else {}
    if asked.search:
        found["search"] = asked.search
    plain = (asked.order, asked.descending) == query.default_order(view.model, view.sort)
    return {"filter": found, "columns": asked.columns, "order": "" if plain else order}


class ListViews(BaseView):
    """``/list-views/…``: what the menu of views on a list does; each leads back to the list."""

    route_base = "/list-views"
    default_view = "begin"
    base_permissions: list[str] = []

    @expose("/<resource>/<deed>", methods=("POST",))
    def begin(self, resource: str, deed: str) -> Response:
        """Save what the list shows as a new view, let the list open with every row, or keep how one likes it."""
        view = _view_of(resource)
        if deed == "layout":
            return self._do(view, lambda: _lay_out(view), back=True)
        if deed == "save":
            return self._do(view, lambda: _save(view))
        if deed in ("default-all", "no-default"):
            crud.require("can_default", SavedView)
            return self._do(view, lambda: kept.open_with(view.model, None, for_all=deed == "no-default"))
        raise NotVisible()

    @expose("/<int:pk>/<deed>", methods=("POST",))
    def change(self, pk: int, deed: str) -> Response:
        """Do something with a view."""
        reach.approach(views[SavedView.resource])
        found = crud.fetch(SavedView, pk, lock=True)
        view = _view_of(found.target)
        if deed not in DEEDS:
            raise NotVisible()
        return self._do(view, lambda: DEEDS[deed](view, found), back=deed in ("star", "unstar"))

    def _do(self, view: type[EntityView], deed: Any, *, back: bool = False) -> Response:
        """Do it and lead to the view it came to; ``back``: to the list as it was."""
        state = request.args.get("state", "")
        url = f"/{view.model.resource}/list/"
        try:
            done = deed()
            crud.flush()
        except BusinessError as error:
            if error.status in (401, 403, 404):
                raise
            db.session.rollback()
            flash(" ".join(dict.fromkeys(error.texts)) or error.message, "error")
            return redirect(selection.list_url(view, state) if state else f"{url}?view={ALL}")
        if back:
            return redirect(selection.list_url(view, state))
        if done is None:
            return redirect(f"{url}?view={ALL}")
        return redirect(f"{url}?view={done.id}")


def _view_of(resource: str) -> type[EntityView]:
    """The declaration behind ``resource``, if the actor may list its rows.  Raises NotVisible, NotPermitted."""
    if identity.current() is None:
        raise reach.NotLoggedIn()
    view = views.get(resource)
    if view is None:
        raise NotVisible()
    reach.enter(view, "list")
    return view


def _save(view: type[EntityView]) -> SavedView:
    data = {"name": request.form.get("name", ""), "resource": view.model.resource}
    saved = crud.create(SavedView, data | held(view, request.args.get("state", "")))
    flash(_("The view “%(name)s” was saved.", name=saved.name), "success")
    return saved


def _lay_out(view: type[EntityView]) -> None:
    """Keep the columns or the rows a page that were posted; «reset» forgets the columns."""
    change: dict[str, Any] = {}
    if "size" in request.form:
        change["size"] = next((size for size in query.SIZES if str(size) == request.form["size"]), query.DEFAULT_SIZE)
    elif "reset" in request.form:
        change["columns"] = ()
    else:
        known = query.shown(view.model)
        names = [name for text in request.form.getlist("cols") for name in text.split(",")]
        columns = tuple(dict.fromkeys(name for name in names if name in known))[: kept.MAX_COLUMNS]
        change["columns"] = () if columns == view.list_columns() else columns
    layout.keep(view.model, **change)


def _update(view: type[EntityView], saved: SavedView) -> SavedView:
    crud.update(saved, held(view, request.args.get("state", "")))
    flash(_("The view “%(name)s” was saved.", name=saved.name), "success")
    return saved


def _rename(_view: type[EntityView], saved: SavedView) -> SavedView:
    return crud.update(saved, {"name": request.form.get("name", "")})


def _delete(_view: type[EntityView], saved: SavedView) -> None:
    name = saved.name
    crud.delete(saved)
    flash(_("%(what)s was deleted.", what=name), "success")


def _open_with(saved: SavedView, _data: Mapping[str, Any]) -> Done:
    kept.open_with(_model(saved), saved)
    return Done(saved, _("Your list opens with “%(name)s” now.", name=saved.name))


def _open_with_for_all(saved: SavedView, _data: Mapping[str, Any]) -> Done:
    kept.open_with(_model(saved), saved, for_all=True)
    return Done(saved, _("Everybody's list opens with “%(name)s” now, unless they chose another.", name=saved.name))


def _share(saved: SavedView, _data: Mapping[str, Any]) -> Done:
    return Done(kept.share(saved, True), _("Whoever may read these rows finds “%(name)s” now.", name=saved.name))


def _unshare(saved: SavedView, _data: Mapping[str, Any]) -> Done:
    return Done(kept.share(saved, False), _("“%(name)s” is yours alone again.", name=saved.name))


def _model(saved: SavedView) -> type[Any]:
    if saved.target not in views:
        raise NotVisible()
    return views[saved.target].model


def _act(name: str) -> Any:
    """What the menu does by an action of the view's own."""

    def act(_view: type[EntityView], saved: SavedView) -> SavedView:
        action = views[SavedView.resource].action(name)
        assert action is not None
        crud.require(action.permission, SavedView)
        done = action.run(saved, {})
        flash(done.message, "success")
        return saved

    return act


DEEDS: dict[str, Any] = {
    "star": lambda view, saved: layout.star(view.model, saved.id, on=True),
    "unstar": lambda view, saved: layout.star(view.model, saved.id, on=False),
    "update": _update,
    "rename": _rename,
    "delete": _delete,
    **{name: _act(name) for name in ("default", "preset", "share", "unshare")},
}


class SavedViewView(EntityView, model=SavedView):
    icon = "filter"
    columns = ("name", "resource", "owner", "shared", "order", "changed_on")
    fieldsets = (("", ("name", "resource", "shared", "owner")), (_l("What it shows"), ("filter", "columns", "order")))
    sort = "name"
    actions = (
        RecordAction("default", _l("Make it my default"), _open_with),
        RecordAction("preset", _l("Make it everybody's default"), _open_with_for_all),
        RecordAction("share", _l("Share with everyone"), _share, shown=lambda saved: not saved.shared),
        RecordAction("unshare", _l("Stop sharing"), _unshare, shown=lambda saved: bool(saved.shared)),
    )
    links = (
        RecordLink(
            _l("Open the list"),
            lambda saved: f"/{saved.target}/list/?view={saved.id}",
            shown=lambda saved: saved.target in views,
        ),
    )
    help = _l(
        "Lists as people saved them: a filter, columns and an order under a name. The menu on each list makes them."
    )
    empty = _l("Nobody has saved a view yet.")
    importable = False

    @classmethod
    def groups(cls) -> tuple[tuple[Any, tuple[str, ...]], ...]:
        """Who may not share is not asked."""
        if identity.current() is not None and not kept.may_share():
            return tuple((title, tuple(name for name in names if name != "shared")) for title, names in cls.fieldsets)
        return cls.fieldsets
