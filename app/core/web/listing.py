"""The list page of an entity: rows as cells, conditions as chips, pages and what can be done."""

from __future__ import annotations

from collections.abc import Container, Iterable
from typing import Any
from urllib.parse import urlencode

from app.core import fulltext, identity, own_words
from app.core.bulk import MOST
from app.core.fields import Field, readable
from app.core.i18n import gettext as _
from app.core.web import asking, cards, filters, frame, needs, present, query, reach, resource, saved, totals, trail
from app.core.web.deeds import formats
from app.core.web.page import Action, Cell, Column, ListPage, Pager, Row
from app.core.web.page_lists import Chip
from app.core.web.view import EntityView


def page(view: type[EntityView], arguments: Any) -> ListPage:
    """The list that ``arguments`` (the address's query) ask for."""
    from flask import flash

    model = view.model
    wanted = saved.ask(view, arguments, opening=True)
    asked = wanted.query
    for problem in wanted.problems:
        flash(problem, "warning")
    known = readable(model)
    fields = [known[name] for name in wanted.columns() or view.list_columns() if name in known]
    count, summed = totals.count(asked, fields)
    pages = max(1, -(-count // asked.size))
    asked.page = min(asked.page, pages - 1)
    found = asked.rows_and_rights([field.name for field in fields]) if count else []
    rows = [row for row, _writable in found]
    view.prepare(rows)
    state = State(view, wanted)
    inside = fulltext.snippets(model, [row.id for row in rows], asked.search) if asked.search else {}
    shown = table_rows(view, rows, fields, {row.id for row, open_ in found if open_}, shown=urlencode(state.pairs()))
    for each in shown:
        each.snippet = inside.get(each.id, [])
    offered = filters.offers(view.model)
    editors = filters.editors(view, offered)
    place = frame.here()
    shown_now = state.shown()
    return ListPage(
        title=str(place.label if place is not None else model.labels),
        resource=model.resource,
        url=state.base,
        breadcrumb=[],
        columns=[state.column(field) for field in fields],
        rows=shown,
        pager=state.pager(count, pages, len(rows)),
        search=asked.search,
        hidden=state.pairs(without=("q", "page"), full=True),
        filters=editors,
        adding=filters.adding(editors, arguments),
        chips=state.chips(offered),
        clear_url=state.all_url,
        views=saved.menu(view, wanted, shown_now, state.changed(), place),
        chooser=saved.chooser(view, wanted),
        chooser_hidden=state.pairs(without=("cols",), full=True),
        layout_url=state.layout_url(),
        keeps_columns=wanted.view is None,
        actions=_head(view, state),
        bulk_actions=_bulk(view),
        state=urlencode(shown_now),
        back=urlencode(state.pairs()),
        match=bool(rows) and len(rows) < count <= _most(view),
        empty=str(view.empty) or _("Nothing here yet."),
        lack=needs.lack(view, state.base) if not count else None,
        help=str(place.help) if place is not None else view.said(),
        told=[str(each) for each in view.told_of(asked.conditions)],
        totals=totals.cells(fields, summed),
    )


def table_rows(
    view: type[EntityView],
    rows: Iterable[Any],
    fields: list[Field],
    writable: Container[int] = (),
    here: str = "",
    shown: str | None = None,
) -> list[Row]:
    """``rows`` as rows of a table; the first column links to the record.

    Those whose ids are ``writable`` can be edited from it; ``here`` («next=…») is where that leads back to.  A
    record is opened from a list that shows ``shown`` (see ``core.web.trail``), and edited from it leads back to its row.
    """
    found = []
    openable, editable = reach.may(view, "show"), reach.may(view, "edit")
    for row in rows:
        url = trail.show_url(view.model.resource, row.id, shown) if openable else None
        cells = [present.cell(field, row) for field in fields]
        if cells and url:
            if cells[0].kind == "empty":
                cells[0] = Cell("text", str(row))
            cells[0].url = url
        actions = []
        if editable and row.id in writable and getattr(row, "is_editable", True) and own_words.may_edit(row):
            back = here
            if shown is not None:
                back = urlencode({"next": trail.list_url(view.model.resource, shown, row.id)})
            edit_url = f"/{view.model.resource}/edit/{row.id}{f'?{back}' if back else ''}"
            actions.append(Action("edit", _("Edit"), edit_url, method="get", icon="pencil"))
        found.append(Row(row.id, url, cells, actions))
    return found


class State:
    """The address of a list, so that every link keeps what the others set."""

    def __init__(self, view: type[EntityView], wanted: saved.Asked, shape: str = "list") -> None:
        self.asked, self.wanted = wanted.query, wanted
        self.base = f"/{view.model.resource}/{shape}/"
        self.default = query.default_order(view.model, view.sort)
        self.columns = view.list_columns()
        self.texts = self._texts(self.asked)
        self.sortable = set(query.sortable(view.model))
        # Where the plain address opens a view, every row has an address of its own.
        self.all_url = f"{self.base}?view={saved.ALL}" if wanted.offered.default is not None else self.base

    @staticmethod
    def _texts(asked: query.ListQuery) -> list[tuple[str, query.Condition]]:
        return [(f"{each.field.name}:{each.operator}:{query.raw_text(each.raw)}", each) for each in asked.conditions]

    def shown(self, asked: query.ListQuery | None = None, drop: str = "", **change: Any) -> list[tuple[str, str]]:
        """What ``asked`` (the list as it is) shows, as parameters, less the condition ``drop``, with ``change``."""
        asked = asked or self.asked
        found = [("f", text) for text, _condition in self._texts(asked) if text != drop]
        values: dict[str, Any] = {"q": asked.search}
        if (asked.order, asked.descending) != self.default:
            values["sort"] = f"{'-' if asked.descending else ''}{asked.order}"
        if asked.columns and tuple(asked.columns) != self.columns:
            values["cols"] = ",".join(asked.columns)
        values.update(change)
        return found + [(name, str(value)) for name, value in values.items() if value not in ("", None)]

    def changed(self) -> bool:
        """Whether the list shows something else than the view it began with."""
        own = self.wanted.own
        return own is not None and self.shown() != self.shown(own)

    def pairs(
        self, without: tuple[str, ...] = (), drop: str = "", full: bool = False, **change: Any
    ) -> list[tuple[str, str]]:
        """The address's parameters, less ``without`` and the condition ``drop``, with ``change``.

        What is as the view has it goes without saying, but not where a form will add to it (``full``).
        """
        asked, view = self.asked, self.wanted.view
        paging = {"size": asked.size if asked.size != self.wanted.layout.size else "", "page": asked.page + 1}
        paging.update({name: change.pop(name) for name in ("page", "size") if name in change})
        if paging["page"] == 1:
            paging["page"] = ""
        state = self.shown(drop=drop, **change)
        if view is not None and self.wanted.own is not None:
            if not full and state == self.shown(self.wanted.own):
                state = []
            elif not state:
                state = [("f", "")]
            state = [("view", str(view.id)), *state]
        elif not state and not full and self.wanted.offered.default is not None:
            state = [("view", saved.ALL)]
        state += [(name, str(value)) for name, value in paging.items() if value not in ("", None)]
        return [pair for pair in state if pair[0] not in without]

    def layout_url(self) -> str:
        """Where what somebody likes of the list is posted to; it leads back to the list as it is, at its first page."""
        state = self.pairs(without=("page", "size", *(("cols",) if self.wanted.view is None else ())))
        return f"/list-views/{self.wanted.query.model.resource}/layout?{urlencode({'state': urlencode(state)})}"

    def url(self, **options: Any) -> str:
        pairs = self.pairs(**options)
        return f"{self.base}?{urlencode(pairs)}" if pairs else self.base

    def column(self, field: Field) -> Column:
        column = present.column(field)
        if field.name in self.sortable:
            current = self.asked.order == field.name
            column.sort = ("desc" if self.asked.descending else "asc") if current else ""
            descending = current and not self.asked.descending
            column.sort_url = self.url(sort=f"{'-' if descending else ''}{field.name}", without=("page",))
        return column

    def chips(self, offered: filters.Offered) -> list[Chip]:
        """The conditions in force, each with what can be made of it."""
        found = []
        named = filters.names(each for _text, each in self.texts)
        for number, (text, each) in enumerate(self.texts):
            rest = self.pairs(drop=text, without=("page",), full=True)
            opposite = filters.opposite(each)
            found.append(
                Chip(
                    filters.words(each, named.get(id(each), [])),
                    self.url(drop=text, without=("page",)),
                    f"{self.base}?{urlencode([*rest, ('f', opposite)])}" if opposite else None,
                    filters.editor(each.field, f"chip-{number}", each, named.get(id(each), []), offered=offered),
                    rest,
                )
            )
        return found

    def pager(self, count: int, pages: int, shown: int) -> Pager:
        asked = self.asked
        first = asked.page * asked.size + 1 if shown else 0
        return Pager(
            count=count,
            first=first,
            last=asked.page * asked.size + shown,
            page=asked.page + 1,
            pages=pages,
            prev_url=self.url(page=asked.page if asked.page > 1 else "") if asked.page else None,
            next_url=self.url(page=asked.page + 2) if asked.page + 1 < pages else None,
            sizes=[(size, size == asked.size) for size in query.SIZES] if count > query.SIZES[0] else [],
        )


def _head(view: type[EntityView], state: State) -> list[Action]:
    base = f"/{view.model.resource}"
    actions = []
    if reach.may(view, "add") and not view.begun_elsewhere:
        label = _("New %(what)s", what=str(view.model.label).lower())
        actions.append(Action("add", label, view.add_at or f"{base}/add", method="get", rank="primary", icon="plus"))
    if reach.may(view, "import"):
        actions.append(Action("import", _("Import"), f"{base}/import", method="get", icon="upload"))
    if reach.may(view, "export"):
        query_text = urlencode(state.pairs(without=("page", "size")))
        labels = {"xlsx": _("Export to Excel"), "csv": _("Export as CSV"), "vcf": _("Export as vCard")}
        for format in formats(view):
            tail = f"&{query_text}" if query_text else ""
            actions.append(
                Action(
                    f"export-{format}",
                    labels[format],
                    f"{base}/export?format={format}{tail}",
                    method="get",
                    rank="menu",
                    icon="download",
                )
            )
    further = [
        Action("link", str(link.label), link.url(None), method="get")
        for link in view.list_links
        if reach.may(view, link.operation)
    ]
    if reach.may(view, "duplicates"):
        actions.append(Action("duplicates", _("Find duplicates"), f"{base}/duplicates", method="get", rank="menu"))
    if view.board is not None:
        actions.insert(0, Action("board", _("Board"), elsewhere(view, state, "board"), method="get", icon="columns"))
    return [*resource.buttons(view, chosen=False), *actions, *resource.links(view), *further]


def elsewhere(view: type[EntityView], state: State, shape: str) -> str:
    """Where the same rows are shown in another shape."""
    pairs = urlencode(state.pairs(without=("page", "size", "sort", "cols")))
    return f"/{view.model.resource}/{shape}/" + (f"?{pairs}" if pairs else "")


def _most(view: type[EntityView]) -> int:
    """How many rows can be chosen at once for anything that is done to chosen rows."""
    return max([MOST, *(action.most for action in view.resource_actions)])


def _bulk(view: type[EntityView]) -> list[Action]:
    base = f"/{view.model.resource}/bulk"
    actor = identity.require()
    key = view.model.permission_key()
    actions = []
    if reach.may(view, "edit"):
        actions.append(Action("bulk-edit", _("Edit…"), f"/{view.model.resource}/bulk-edit", icon="pencil"))
    deeds = [*(view.model.workflow.transitions if view.model.workflow is not None else ())]
    deeds += [action for action in view.actions if action.bulk]
    actions += [
        Action(
            deed.name,
            str(deed.label),
            f"{base}/{deed.name}",
            confirm=str(deed.confirm),
            fields=asking.fields(view, deed, prefix="bulk-"),
            tone=deed.tone,
        )
        for deed in deeds
        if actor.may(deed.permission, key)
    ]
    actions += resource.buttons(view, chosen=True)
    if view.model.card and reach.may(view, "export"):
        actions.append(Action(cards.CHOSEN, _("Export as vCard"), f"{base}/{cards.CHOSEN}", icon="download"))
    if reach.may(view, "delete"):
        sure = _("The chosen rows are removed for good.")
        actions.append(
            Action("delete", _("Delete"), f"{base}/delete", confirm=sure, rank="danger", tone="danger", icon="trash")
        )
    return actions
