"""A list as a board: its rows as cards in the columns of a relation, which they are dragged between."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

import sqlalchemy as sa

from app.core import db, identity
from app.core.errors import NotVisible
from app.core.fields import readable
from app.core.i18n import gettext as _
from app.core.web import asking, filters, listing, needs, present, query, reach, saved, totals
from app.core.web.page import Action, Cell, ListPage
from app.core.web.view import Board, EntityView

CARDS = 30  # of a column; the rest is in its list


@dataclass
class Card:
    """A row as a card; ``mark`` says what is remarkable."""

    id: int
    title: str
    url: str | None
    facts: list[tuple[str, Cell]]
    figure: str
    mark: str = ""
    movable: bool = False
    next: int | None = None  # the column that the action offers


@dataclass
class BoardColumn:
    """A column: ``count`` rows in all, of which the first are ``cards``; ``figures`` are (what is summed, sum)."""

    id: int
    title: str
    count: int
    figures: list[tuple[str, str]]
    cards: list[Card] = field(default_factory=list)
    more_url: str = ""


@dataclass
class BoardPage(ListPage):
    """``/<resource>/board/``: the list's search and filters over columns of cards; ``move_url`` takes an id in place of
    «0» and JSON with the field ``by`` (and ``reason``); «» when the reader may move nothing.
    """

    board: list[BoardColumn] = field(default_factory=list)
    figures: list[tuple[str, str]] = field(default_factory=list)
    move_url: str = ""
    move_label: str = ""
    by: str = ""


def page(view: type[EntityView], arguments: Any) -> BoardPage:
    """The board of what ``arguments`` ask for.  Raises NotVisible when the entity has none.  A few statements, however
    many rows there are.
    """
    from flask import flash

    board = view.board
    if board is None:
        raise NotVisible()
    wanted = saved.ask(view, arguments, opening=True)
    for problem in wanted.problems:
        flash(problem, "warning")
    state = listing.State(view, wanted, "board")
    offered = filters.offers(view.model)
    editors = filters.editors(view, offered)
    columns, sums = _columns(view, board, wanted.query, state)
    deed = view.action(board.action)
    may_move = deed is not None and identity.require().may(deed.permission, view.model.permission_key())
    resource = view.model.resource
    return BoardPage(
        title=str(view.model.labels),
        resource=resource,
        url=state.base,
        breadcrumb=[],
        columns=[],
        rows=[],
        pager=state.pager(0, 1, 0),
        search=wanted.query.search,
        hidden=state.pairs(without=("q", "page"), full=True),
        filters=editors,
        adding=filters.adding(editors, arguments),
        chips=state.chips(offered),
        clear_url=state.all_url,
        actions=_head(view, state),
        empty=str(view.empty),
        lack=needs.lack(view, state.base) if not columns else None,
        help=view.said(),
        board=columns,
        figures=sums,
        move_url=f"/api/v1/{resource}/0/{board.action}" if may_move else "",
        move_label=str(deed.label) if deed is not None else "",
        by=board.by,
    )


def _columns(
    view: type[EntityView], board: Board, asked: query.ListQuery, state: listing.State
) -> tuple[list[BoardColumn], list[tuple[str, str]]]:
    known = readable(view.model)
    relation = known[board.by]
    key = getattr(view.model, relation.attribute)
    summed = [known[name] for name in board.figures if name in known]
    counted = totals.by(asked, key, summed)
    cards: dict[int, list[Card]] = {}
    for row, movable in _rows(view, board, asked, key):
        cards.setdefault(getattr(row, relation.attribute), []).append(_card(view, board, known, row, movable))
    found, counting = [], set()
    for each in board.columns():
        if board.counts(each):
            counting.add(each.id)
        count, sums = counted.get(each.id, (0, [Decimal(0)] * len(summed)))
        more = [
            *state.pairs(without=("page", "size", "sort", "cols"), full=True),
            ("f", f"{board.by}:rel_o_m:{each.id}"),
        ]
        found.append(
            BoardColumn(
                each.id,
                str(each),
                count,
                [
                    (str(one.label), present.number(value, one.scale))
                    for one, value in zip(summed, sums, strict=True)
                    if count
                ],
                cards.get(each.id, []),
                f"/{view.model.resource}/list/?{urlencode(more)}" if count > CARDS else "",
            )
        )
    of_all = [sums for column, (_count, sums) in counted.items() if column in counting]
    whole = [
        (
            _("%(figure)s (%(of)s)", figure=one.label, of=board.counted) if str(board.counted) else str(one.label),
            present.number(sum((sums[at] for sums in of_all), Decimal(0)), one.scale),
        )
        for at, one in enumerate(summed)
    ]
    return found, whole


def _rows(view: type[EntityView], board: Board, asked: query.ListQuery, key: Any) -> list[tuple[Any, bool]]:
    """The first rows of each column with whether the actor may change them, in three statements."""
    model = view.model
    place = sa.func.row_number().over(partition_by=key, order_by=asked.ordering()).label("place")
    ranked = asked.filtered().with_only_columns(model.id, place, maintain_column_froms=True).subquery()
    # Which they are is asked first: a few by their ids are found at once, with all that they point at.
    first = db.session.execute(sa.select(ranked.c.id).where(ranked.c.place <= CARDS)).scalars().all()
    statement = sa.select(model).where(model.id.in_(first)).order_by(*asked.ordering())
    names = [name for name in (*board.card, board.by) if name in readable(model)]
    statement = statement.add_columns(query.writable_rows(model)).options(*query.loading(model, names))
    found = [(row, bool(writable)) for row, writable in db.session.execute(statement).unique()]
    view.prepare([row for row, _writable in found])
    return found


def _card(view: type[EntityView], board: Board, known: Any, row: Any, movable: bool) -> Card:
    facts = [
        (str(known[name].label), cell)
        for name in board.card
        if name in known and (cell := present.cell(known[name], row)).kind != "empty"
    ]
    figure = next((known[name] for name in board.figures if name in known), None)
    return Card(
        id=row.id,
        title=str(row),
        url=f"/{view.model.resource}/show/{row.id}" if reach.may(view, "show") else None,
        facts=facts,
        figure=present.number(figure.value(row), figure.scale) if figure is not None else "",
        mark=board.mark(row) if board.mark is not None else "",
        movable=movable,
        next=asking.start_of(view.action(board.action), row, board.by) if movable else None,
    )


def _head(view: type[EntityView], state: listing.State) -> list[Action]:
    base = f"/{view.model.resource}"
    found = [Action("list", _("List"), listing.elsewhere(view, state, "list"), method="get", icon="menu")]
    if reach.may(view, "add"):
        label = _("New %(what)s", what=str(view.model.label).lower())
        found.append(Action("add", label, f"{base}/add", method="get", rank="primary", icon="plus"))
    return found
