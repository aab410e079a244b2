"""The page of one record: facts, lines, what can be done, related rows and history."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from functools import partial
from typing import Any
from urllib.parse import urlencode

import sqlalchemy as sa
from sqlalchemy.orm import selectinload

from app.core import db, identity, scope
from app.core.audit import AuditEntry
from app.core.document import Document, line_model
from app.core.errors import NotVisible
from app.core.fields import Field, fields_of, readable
from app.core.i18n import gettext as _
from app.core.web import asking, facts, history, line_figures, panels, present, query, reach, remarks, resource
from app.core.web.listing import table_rows
from app.core.web.page import Action, Badge, Cell, CommentForm, Link, RecordPage, Row, Tab, Table
from app.core.web.view import EntityView, Related, views
from app.core.workflow import CANCEL

RELATED = 10  # rows of a tab
AT_ONCE = 1  # tabs whose rows come with the page, where there are many
TabMaker = Callable[[type[EntityView], Any], list[Tab]]
FIRST_TABS: list[TabMaker] = []
"""What upper layers put before the other tabs of a record's page: what the record itself holds."""
MORE_TABS: list[TabMaker] = []
"""What upper layers put among the tabs of any record's page, after what points at it."""


def page(view: type[EntityView], row: Any, comment: CommentForm | None = None) -> RecordPage:
    """What ``row`` (fetched within the scope) shows; ``comment`` is one that was refused."""
    view.prepare([row])
    badge = _badge(view, row)
    told = facts.of(view, row, badge)
    return RecordPage(
        title=str(row),
        resource=view.model.resource,
        breadcrumb=[Link(str(view.model.labels), f"/{view.model.resource}/list/" if reach.may(view, "list") else None)],
        groups=told.groups,
        actions=actions(view, row),
        code=told.code,
        name=told.name,
        badge=badge,
        subtitle=_changed(row, partial(present.moment, inside=True)),
        subtitle_full=_changed(row, present.exact),
        folded=told.folded,
        images=told.images,
        lines=_lines(view, row),
        lines_title=_("Lines"),
        panels=panels.of(row),
        tabs=[
            *(tab for make in FIRST_TABS for tab in make(view, row)),
            *_related(view, row),
            *(tab for make in MORE_TABS for tab in make(view, row)),
            *_history(row),
            *remarks.tab(view, row, comment),
        ],
    )


def _history(row: Any) -> list[Tab]:
    """What happened to the row, if anybody keeps that; of an audit entry, what it tells."""
    if isinstance(row, AuditEntry):
        event = history.of_entry(row)
        return [Tab("history", _("Changes"), events=[event])] if event is not None else []
    return [history.tab(row)] if row.audited else []


def lines_loading(view: type[EntityView]) -> tuple[Any, ...]:
    """Loader options for a document's lines and what they point at."""
    kind = line_model(view.model)
    if kind is None:
        return ()
    return (selectinload(view.model.lines).options(*query.loading(kind, view.grid_columns())),)


def actions(view: type[EntityView], row: Any) -> list[Action]:
    """The buttons: transitions, actions, edit and delete, as far as the actor may and the state allows."""
    base = f"/{view.model.resource}"
    writable = is_writable(view, row)
    found = []
    for step in reach.steps_for(view, row, writable):
        rank = "primary" if step.primary else "secondary"
        if step.name == CANCEL:
            # A page of its own shows first what hangs on it, and asks there.
            url = f"{base}/cancel/{row.id}"
            found.append(Action(step.name, str(step.label), url, method="get", rank=rank, tone=step.tone))
            continue
        url = f"{base}/action/{step.name}/{row.id}"
        found.append(
            Action(
                step.name,
                str(step.label),
                url,
                rank=rank,
                confirm=str(step.confirm),
                fields=asking.fields(view, step, row),
                tone=step.tone,
            )
        )
    free = getattr(row, "owner_id", 0) is None
    for action in reach.actions_for(view, row):
        if not writable and not (action.takes and free):
            continue
        rank = "primary" if action.primary else "secondary"
        url = f"{base}/action/{action.name}/{row.id}"
        found.append(
            Action(
                action.name,
                str(action.label),
                url,
                rank=rank,
                confirm=str(action.confirm),
                fields=asking.fields(view, action, row),
                tone=action.tone,
                placed=action.placed,
            )
        )
    found += resource.links(view, row)
    for link in view.links:
        if reach.may(view, link.operation) and (link.shown is None or link.shown(row)):
            found.append(Action("link", str(link.label), link.url(row), method="get", rank=link.rank))
    if reach.may(view, "visible-to"):
        found.append(Action("visible-to", _("Who sees this"), f"{base}/visible-to/{row.id}", method="get", rank="menu"))
    editable = writable and (not isinstance(row, Document) or row.is_editable)
    if reach.may(view, "edit") and editable:
        rank = "secondary" if any(each.rank == "primary" for each in found) else "primary"
        found.append(Action("edit", _("Edit"), f"{base}/edit/{row.id}", method="get", rank=rank, icon="pencil"))
    if reach.may(view, "delete") and editable and not getattr(row, "number", None):
        sure = _("%(what)s is removed for good.", what=row)
        found.append(
            Action(
                "delete",
                _("Delete"),
                f"{base}/delete/{row.id}",
                rank="danger",
                confirm=sure,
                tone="danger",
                icon="trash",
            )
        )
    return found


def is_writable(view: type[EntityView], row: Any) -> bool:
    """Whether ``row`` is the actor's to change, as far as the scope says.  At most one statement, however many parts of a
    page ask.
    """
    actor = identity.require()
    if actor.unlimited or view.model.scope.everyone:
        return True
    asked = ("writable", view.model.resource, row.id, getattr(row, "version", None))
    known = actor.cache.setdefault("writable", {})
    if asked not in known:
        known[asked] = bool(scope.visible_ids(db.session.connection(), view.model, [row.id], actor, write=True))
    return known[asked]


def _badge(view: type[EntityView], row: Any) -> Badge | None:
    for name in ("state", "status"):
        field = readable(view.model).get(name)
        if field is not None and field.tones and (value := field.value(row)):
            return present.badge(field, value)
    if getattr(row, "active", True) is False:
        return Badge(_("Inactive"), "grey")
    if view.board is not None and (place := getattr(row, view.board.by)) is not None:
        return Badge(str(place), getattr(place, "tone", "blue"))
    return None


def _changed(row: Any, told: Callable[[datetime], str]) -> str:
    if not hasattr(row, "changed_on") or row.changed_on is None or not hasattr(row, "version"):
        return ""
    who = str(row.changed_by) if row.changed_by is not None else identity.SYSTEM_NAME
    return _("Changed by %(who)s, %(when)s", who=who, when=told(row.changed_on))


def _lines(view: type[EntityView], row: Any) -> Table | None:
    kind = line_model(view.model)
    if kind is None:
        return None
    known = readable(kind)
    fields = [known[name] for name in view.grid_columns() if name in known]
    rows = [Row(line.id, None, [present.cell(field, line) for field in fields]) for line in row.lines]
    counted = line_figures.units(row.lines, fields)
    sums = [line_figures.total(field, row.lines, counted) for field in fields]
    totals = [
        present.EMPTY if value is None else Cell("number", present.number(value, field.scale))
        for field, value in zip(fields, sums, strict=True)
    ]
    told = any(cell.kind != "empty" for cell in totals)
    return Table([present.column(field) for field in fields], rows, totals if told else [], empty=_("No lines."))


def related_tab(view: type[EntityView], row: Any, resource: str) -> Tab:
    """The tab of the rows of ``resource`` that point at ``row``, for the page that left it to be asked for.

    Raises NotVisible when there is none for the actor.
    """
    for related in view.related:
        if related.resource == resource and (target := views.get(resource)) is not None and reach.may(target, "list"):
            return _tab(target, related, row)
    raise NotVisible()


def _related(view: type[EntityView], row: Any) -> list[Tab]:
    """The tabs of what points at ``row``: the first with their rows, of many the others with their number alone, which one
    statement finds.
    """
    reached = [(views[each.resource], each) for each in view.related if each.resource in views]
    reached = [(target, each) for target, each in reached if reach.may(target, "list")]
    at_once = reached if len(reached) <= AT_ONCE + 1 else reached[:AT_ONCE]
    later = reached[len(at_once) :]
    tabs = [_tab(target, related, row) for target, related in at_once]
    counts = _counts(later, row.id)
    for (target, related), count in zip(later, counts, strict=True):
        tab = _empty_tab(target, related, row, count)
        tab.lazy_url = f"/{view.model.resource}/related/{row.id}/{related.resource}"
        tabs.append(tab)
    return tabs


def _counts(later: Sequence[tuple[type[EntityView], Related]], pk: int) -> list[int]:
    """How many rows the actor sees of each kind that point at the row ``pk``.  One statement."""
    parts: list[Any] = []
    for number, (target, related) in enumerate(later):
        table = target.model.__table__
        key = table.c[sa.inspect(target.model).column_attrs[_relation(target, related).attribute].columns[0].name]
        counted = sa.select(sa.literal(number), sa.func.count()).select_from(table).where(key == pk)
        where = scope.condition(target.model, identity.current())
        parts.append(counted if where is None else counted.where(where))
    if not parts:
        return []
    found = dict(db.session.connection().execute(sa.union_all(*parts)).tuples().all())
    return [found.get(number, 0) for number in range(len(parts))]


def _relation(target: type[EntityView], related: Related) -> Field:
    return fields_of(target.model)[related.field]


def _empty_tab(target: type[EntityView], related: Related, row: Any, count: int) -> Tab:
    base = f"/{target.model.resource}"
    here = urlencode({"next": f"/{type(row).resource}/show/{row.id}#{related.resource}"})
    return Tab(
        id=related.resource,
        label=str(related.label or target.model.labels),
        count=count,
        add_url=f"{base}/add?{related.field}={row.id}&{here}" if reach.may(target, "add") else None,
        more_url=f"{base}/list/?f={related.field}:rel_o_m:{row.id}",
    )


def _tab(target: type[EntityView], related: Related, row: Any) -> Tab:
    model = target.model
    relation = _relation(target, related)
    known = readable(model)
    names = [name for name in related.columns or target.list_columns() if name in known and name != related.field]
    fields = [known[name] for name in names]
    order, descending = query.default_order(model, target.sort)
    asked = query.ListQuery(
        model, conditions=[query.Condition(relation, "rel_o_m", row.id, row.id)], order=order, descending=descending
    )
    # Rows and their number in one statement.
    statement = asked.ordered().add_columns(sa.func.count().over(), query.writable_rows(model))
    statement = statement.options(*query.loading(model, names)).limit(RELATED)
    found = list(db.session.execute(statement).unique())
    rows = [each[0] for each in found]
    open_rows = {each[0].id for each in found if each[2]}
    target.prepare(rows)
    here = urlencode({"next": f"/{type(row).resource}/show/{row.id}#{related.resource}"})
    tab = _empty_tab(target, related, row, found[0][1] if found else 0)
    tab.table = Table(
        [present.column(field) for field in fields],
        table_rows(target, rows, fields, open_rows, here),
        empty=_("Nothing here yet."),
    )
    return tab
