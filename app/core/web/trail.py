"""The list that a record's page was opened from: where the record stands in it, what comes before and after, and the way
back.

The address of the page says it: ``list`` holds the parameters of the list's address, all that it showed.  A page that was
come to from anywhere else has none, and no neighbours.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import sqlalchemy as sa
from flask import request
from werkzeug.datastructures import MultiDict

from app.core import db
from app.core.fields import fields_of
from app.core.web import reach, saved, selection
from app.core.web.page import RecordPage
from app.core.web.page_lists import Place
from app.core.web.query import ListQuery
from app.core.web.view import EntityView

LIST = "list"


def show_url(resource: str, pk: int, state: str | None) -> str:
    """The page of a record, opened from the list that shows ``state`` (None: from none)."""
    tail = f"?{urlencode({LIST: state})}" if state is not None else ""
    return f"/{resource}/show/{pk}{tail}"


def list_url(resource: str, state: str, pk: int) -> str:
    """The list that shows ``state``, at the row ``pk``."""
    return f"/{resource}/list/{'?' if state else ''}{state}#row-{pk}"


def kept(resource: str, pk: int) -> str:
    """The page of a record after something was done on a record's page: with the list that it was opened from."""
    return show_url(resource, pk, state(resource))


def state(resource: str) -> str | None:
    """What the list showed that the record was opened from on whose page something is done: this address says it, or that
    of the page one came from.
    """
    if (said := request.args.get(LIST)) is not None:
        return said
    came_from = urlsplit(request.referrer or "")
    known = dict(parse_qsl(came_from.query, keep_blank_values=True))
    same = came_from.netloc == request.host and came_from.path.startswith(f"/{resource}/show/")
    return known.get(LIST) if same else None


def lead(page: RecordPage, view: type[EntityView], row: Any, arguments: MultiDict[str, str]) -> RecordPage:
    """Tell ``page`` (of ``row``) of the list that the address names, if it names one that can be shown."""
    state = arguments.get(LIST)
    if state is None or not reach.may(view, "list"):
        return page
    wanted = saved.ask(view, selection.parsed(state))
    if wanted.refusal is not None:
        return page
    page.place = _place(view, row, wanted.query, state)
    here = show_url(view.model.resource, row.id, state)
    if page.breadcrumb:
        page.breadcrumb[0].url = page.place.list_url
    for action in page.actions:
        if action.key == "edit":
            action.url += f"?{urlencode({'next': here})}"
        elif action.key == "delete":
            action.url += f"?{urlencode({LIST: state})}"
    return page


def _place(view: type[EntityView], row: Any, asked: ListQuery, state: str) -> Place:
    """Two statements, neither of which loads the list: how many there are and come before, and the two beside."""
    model = asked.model
    before, after = _sides(asked, row)
    each = (
        asked.filtered()
        .with_only_columns(model.id, sa.case((before, 1), else_=0).label("is_before"))
        .order_by(None)
        .subquery()
    )
    is_here = sa.func.max(sa.case((each.c.id == row.id, 1), else_=0))
    told = sa.select(sa.func.count(), sa.func.sum(each.c.is_before), is_here).select_from(each)
    count, earlier, found = db.session.execute(told).one()
    forward, backward = asked.ordering(), asked.ordering(reverse=True)
    beside = sa.select(
        asked.filtered().with_only_columns(model.id).where(before).order_by(*backward).limit(1).scalar_subquery(),
        asked.filtered().with_only_columns(model.id).where(after).order_by(*forward).limit(1).scalar_subquery(),
    )
    previous, following = db.session.execute(beside).one()
    position = earlier + 1 if found else None
    shown = [pair for pair in parse_qsl(state, keep_blank_values=True) if pair[0] != "page" or position is None]
    if position is not None and (number := (position - 1) // asked.size):
        shown.append(("page", str(number + 1)))
    resource = view.model.resource
    return Place(
        count=count,
        position=position,
        prev_url=show_url(resource, previous, state) if previous else None,
        next_url=show_url(resource, following, state) if following else None,
        list_url=list_url(resource, urlencode(shown), row.id),
    )


def _sides(asked: ListQuery, row: Any) -> tuple[sa.ColumnElement[bool], sa.ColumnElement[bool]]:
    """The conditions that a row of the list comes before ``row``, and after it, as the database orders them."""
    key = asked.model.id
    smaller, larger = key < row.id, key > row.id
    if asked.order and asked.order != "id":
        attribute = fields_of(asked.model)[asked.order].attribute
        column, value = getattr(asked.model, attribute), getattr(row, attribute)
        # SQLite takes nothing for the smallest, PostgreSQL for the largest.
        nothing_is_small = db.session.connection().dialect.name == "sqlite"
        empty = column.is_(None)
        if value is None:
            smaller, larger = sa.and_(empty, smaller), sa.and_(empty, larger)
            if nothing_is_small:
                larger = sa.or_(larger, column.is_not(None))
            else:
                smaller = sa.or_(smaller, column.is_not(None))
        else:
            given = sa.literal(value, column.type)
            less, more = column < given, column > given
            less, more = (sa.or_(less, empty), more) if nothing_is_small else (less, sa.or_(more, empty))
            smaller, larger = (
                sa.or_(less, sa.and_(column == given, smaller)),
                sa.or_(more, sa.and_(column == given, larger)),
            )
    return (larger, smaller) if asked.descending else (smaller, larger)
