"""Looking for something everywhere at once: rows of every kind that the actor may see, by code, name, number or pinyin.

One statement asks every kind for its best few, each within its scope; the rows that are shown are then read kind by
kind through the session, which scopes them again.  So the cost does not grow with the number of kinds.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

import sqlalchemy as sa

from app.core import db, fulltext, identity, looking, scope, search
from app.core.web import query, reach
from app.core.web.frame import console
from app.core.web.page import Badge
from app.core.web.view import EntityView, views

SHOWN = 5  # rows of a kind
KINDS = 8  # kinds that are shown: as many statements at most
RECENT = 12  # rows that are named by who opened them before
LONGEST = 100  # characters that are looked for


@dataclass
class Found:
    """A row that was found: ``record`` is its name across the system, ``fact`` one telling thing about it."""

    record: str
    url: str
    label: str
    code: str = ""
    name: str = ""
    fact: str = ""
    state: Badge | None = None
    kind: str = ""  # what one of its kind is called
    icon: str = ""


@dataclass
class Kind:
    """Rows of one kind that were found, the best first; ``more`` says that there are others, in the list at ``url``."""

    resource: str
    label: str
    icon: str
    url: str
    rows: list[Found] = field(default_factory=list)
    more: bool = False


def searchable() -> list[type[EntityView]]:
    """The kinds that the actor may look for, in the order of the console's map.  What nobody writes (the books, the
    trail) is reached by what it is about.
    """
    return [
        view
        for section in console
        for view in section.views
        if view.model.searched
        and not view.model.read_only
        and "search_text" in view.model.__table__.c
        and reach.may(view, "list")
        and reach.may(view, "show")
    ]


def find(text: str) -> list[Kind]:
    """What matches every word of ``text``, or is called or written to there, kind by kind: those whose codes and
    beginnings match come first.
    """
    words = search.folded(text[:LONGEST])
    # One letter of Latin script is in everything.
    if len(words) < 2 and words.isascii():
        return []
    statement = _best(searchable(), words)
    if statement is None:
        return []
    hits: dict[str, list[int]] = {}
    for resource, pk, _rank in db.session.connection().execute(statement):
        hits.setdefault(resource, []).append(pk)
    found = []
    for resource, ids in list(hits.items())[:KINDS]:
        view = views[resource]
        rows = _rows(view, ids[:SHOWN])
        inside = fulltext.snippets(view.model, rows, words)
        base = f"/{resource}/list/"
        kind = Kind(resource, str(view.model.labels), view.icon, f"{base}?{urlencode({'q': text.strip()})}")
        kind.rows = [_shown(view, rows[pk]) for pk in ids[:SHOWN] if pk in rows]
        for each in kind.rows:
            if pieces := inside.get(int(each.record.partition("/")[2])):
                each.fact = "".join(piece for piece, _marked in pieces)
        kind.more = len(ids) > SHOWN
        if kind.rows:
            found.append(kind)
    return found


def named(records: Sequence[str]) -> list[Found]:
    """The rows that ``records`` («customers/12») name, in their order; those that are gone, or no longer the actor's to
    see, are left out.
    """
    wanted: dict[str, list[int]] = {}
    for record in records[:RECENT]:
        resource, _slash, pk = record.partition("/")
        if resource in views and pk.isdecimal() and len(pk) < 10 and reach.may(views[resource], "show"):
            wanted.setdefault(resource, []).append(int(pk))
    found = {}
    for resource, ids in list(wanted.items())[:KINDS]:
        for row in _rows(views[resource], ids).values():
            found[f"{resource}/{row.id}"] = _shown(views[resource], row)
    return [found[record] for record in dict.fromkeys(records[:RECENT]) if record in found]


def _best(kinds: Sequence[type[EntityView]], words: str) -> sa.Select[Any] | None:
    """The ids of each kind's best few as (resource, id, rank), the kind that holds the best of them first."""
    actor = identity.require()
    start = search.escaped(words)
    asked = []
    for place, view in enumerate(kinds):
        table = view.model.__table__
        text = table.c.search_text
        matches = looking.matches(view.model, words)
        assert matches is not None
        inside = fulltext.found(view.model, words)
        if inside is not None:
            matches = sa.or_(matches, table.c.id.in_(inside))
        ranks = [(text.like(f"{start}%", escape="\\"), 1), (text.like(f"% {start}%", escape="\\"), 2)]
        if "code" in table.c:
            ranks.insert(0, (sa.func.lower(table.c.code) == words, 0))
        rank = sa.case(*ranks, else_=3).label("rank")
        columns = (sa.literal(place).label("place"), table.c.id.label("id"), rank)
        statement = sa.select(*columns).where(matches)
        within = scope.condition(view.model, actor)
        if within is not None:
            statement = statement.where(within)
        few = statement.order_by(rank, table.c.id.desc()).limit(SHOWN + 1).subquery()
        asked.append(sa.select(few.c.place, sa.literal(view.model.resource).label("resource"), few.c.id, few.c.rank))
    if not asked:
        return None
    every = sa.union_all(*asked).subquery()
    best = sa.func.min(every.c.rank).over(partition_by=every.c.place)
    # What the company works with comes before what the console itself is made of.
    system = [place for place, view in enumerate(kinds) if view.model.domain() == "system"]
    order = (every.c.place.in_(system), best, every.c.place, every.c.rank, every.c.id.desc())
    return sa.select(every.c.resource, every.c.id, every.c.rank).order_by(*order)


def _rows(view: type[EntityView], ids: list[int]) -> dict[int, Any]:
    """The rows with ``ids`` that the actor sees, with what they point at: one statement."""
    pointing = [each.key for each in sa.inspect(view.model).relationships if not each.uselist]
    names = [name for name in pointing if name not in ("created_by", "changed_by")]
    statement = sa.select(view.model).where(view.model.id.in_(ids)).options(*query.loading(view.model, names))
    return {row.id: row for row in db.session.scalars(statement).unique()}


def _shown(view: type[EntityView], row: Any) -> Found:
    resource, label = view.model.resource, str(row)
    code = str(getattr(row, "code", None) or "")
    # «C00001 Beijing Tech» is shown as its code and the rest.
    name = label.removeprefix(code).strip() if code and label.startswith(code) else label
    flow, state = view.model.workflow, None
    if flow is not None and row.state in flow.states:
        state = Badge(str(flow.states[row.state]), flow.tones.get(row.state, "grey"))
    return Found(
        record=f"{resource}/{row.id}",
        url=f"/{resource}/show/{row.id}",
        label=label,
        code=code if name != label else "",
        name=name or label,
        fact=str(row.fact() or getattr(row, "username", None) or "") if hasattr(row, "fact") else "",
        state=state,
        kind=str(view.model.label),
        icon=view.icon,
    )
