"""Who may be the same: for one row while it is typed, and for the whole base at once.

Only what the actor sees is shown.  Of the rest one is told that it is there and whose it is, and nothing more: no
name, no number.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from app.core import clock, crud, db, identity, match_keys, scope
from app.core.entity import User
from app.core.fields import readable
from app.core.i18n import gettext as _
from app.core.match_keys import KEYS
from app.core.users import full_name

MOST = 20  # matches told of one row
COMMON = 50  # rows with one key: more of them are not one and the same, but share a switchboard
AT_ONCE = 10_000  # ids of one statement
KEPT_FOR = 600  # seconds that the groups of a large base are kept
SLOW = 1.0  # seconds from which on they are


@dataclass(frozen=True)
class Match:
    """A row that may be the same: ``row`` (None when the actor does not see it), whose it is («» when nobody's),
    and the names of the fields by which.
    """

    row: Any
    owner: str
    fields: tuple[str, ...]

    @property
    def words(self) -> str:
        """«Acme · owned by Ann Lee»; of a hidden one «Exists, owned by Ann Lee»."""
        if self.row is not None:
            whose = _("owned by %(name)s", name=self.owner) if self.owner else _("in the pool")
            return f"{self.row} · {whose}"
        if self.owner:
            return _("Exists, owned by %(name)s", name=self.owner)
        return _("Exists, and is not yours to see")

    @property
    def told(self) -> dict[str, Any]:
        """As the API gives it: of a hidden one whose it is and by what, and nothing more."""
        seen = {"id": self.row.id, "label": str(self.row)} if self.row is not None else {"id": None, "label": None}
        return {**seen, "owner": self.owner or None, "fields": list(self.fields), "message": self.words}


@dataclass
class Group:
    """Rows that are likely to be one: those that the actor sees, how many are hidden, and in which kinds they are
    alike.
    """

    ids: list[int]
    kinds: list[str]
    rows: list[Any] = field(default_factory=list)
    hidden: int = 0


@dataclass
class Groups:
    """What a scan found, the largest likeness first; ``common`` keys that too many rows share were left out."""

    at: datetime
    groups: list[Group]
    rows: int
    common: int


def fields_that_tell(model: type[Any]) -> dict[str, str]:
    """The fields by which rows of ``model`` are known and which exist for the actor, each with its kind."""
    known = readable(model)
    return {name: kind for name, kind in match_keys.fields(model).items() if name in known}


def matches(
    model: type[Any], given: Mapping[str, str], besides: int | None = None, *, typing: bool = False
) -> list[Match]:
    """The rows that are like what was ``given`` (texts by field), except the row ``besides``: those that the actor
    sees first.  While somebody is ``typing``, also those whose names begin with it, and these only if the actor sees
    them: what is hidden is not to be found out letter by letter.

    For whoever may add or edit such rows.  Raises NotPermitted.  At most four statements.
    """
    if not any(identity.require().may(f"can_{name}", model.permission_key()) for name in ("add", "edit")):
        crud.require("can_add", model)
    kinds = fields_that_tell(model)
    asked: dict[str, str] = {}
    for name, text in given.items():
        if name in kinds and text:
            asked[kinds[name]] = "\n".join(filter(None, (asked.get(kinds[name]), text[:200])))
    found = match_keys.like(db.session.connection(), model, asked)
    begun = match_keys.begun(model, asked.get("name", "")) if typing else None
    if not found and begun is None:
        return []
    same_ones: Any = model.id.in_(found)
    these = sa.select(model).where(same_ones)
    if begun is not None:
        either = sa.select(model).where(sa.or_(same_ones, model.id.in_(begun)))
        these = either.order_by(sa.case((same_ones, 0), else_=1), model.id).limit(len(found) + MOST)
    seen = {row.id: row for row in db.session.scalars(these).unique()}
    same = set(found)
    for pk in seen:
        found.setdefault(pk, {"name"})
    for each in (found, seen):
        each.pop(besides or 0, None)
    if not found:
        return []
    owners = _owners(model, found)
    names = {kind: tuple(name for name, each in kinds.items() if each == kind and given.get(name)) for kind in asked}

    def match(pk: int) -> Match:
        return Match(
            seen.get(pk), owners.get(pk, ""), tuple(name for kind in asked if kind in found[pk] for name in names[kind])
        )

    order = sorted(found, key=lambda pk: (pk not in seen, pk not in same, -len(found[pk]), pk))
    told = [match(pk) for pk in order if pk in seen]
    # Of those that are hidden one is told as often as somebody owns one, not how many there are.
    told += list(dict.fromkeys(match(pk) for pk in order if pk not in seen))
    return told[:MOST]


def _owners(model: type[Any], ids: Any) -> dict[int, str]:
    """Whose the rows are, whoever may see them."""
    owner = getattr(model.scope, "owner", None)
    if owner is None or owner not in model.__table__.c:
        return {}
    table = model.__table__
    statement = sa.select(table.c.id, User).join(User, User.id == table.c[owner]).where(table.c.id.in_(ids))
    with db.unscoped("whose the rows are that may be the same") as everything:
        return {pk: full_name(user) for pk, user in everything.execute(statement)}


_scans: dict[tuple[str, str], tuple[float, Groups]] = {}
"""The groups of large bases, by database and kind of rows: to find them takes seconds, and one turns pages."""


def scan(model: type[Any], *, anew: bool = False) -> Groups:
    """Every group of rows that are likely to be one, whoever may see them.  Two statements.

    Of a large base what was found is kept for ten minutes, unless it is asked for ``anew``.
    """
    place = (str(db.session.connection().engine.url), model.resource)
    kept = _scans.get(place)
    if kept is not None and not anew and time.monotonic() - kept[0] < KEPT_FOR:
        return kept[1]
    began = time.monotonic()
    found = _scan(model)
    _scans.pop(place, None)
    if time.monotonic() - began > SLOW:
        _scans[place] = (time.monotonic(), found)
    return found


def _scan(model: type[Any]) -> Groups:
    connection = db.session.connection()
    mine = KEYS.c.target == model.resource
    count = sa.func.count(KEYS.c.row_id.distinct())
    shared = (
        sa.select(KEYS.c.kind, KEYS.c.key, count.label("n"))
        .where(mine)
        .group_by(KEYS.c.kind, KEYS.c.key)
        .having(sa.func.min(KEYS.c.row_id) < sa.func.max(KEYS.c.row_id))
    ).cte("shared")
    found = (
        sa.select(KEYS.c.row_id, KEYS.c.kind, KEYS.c.key, shared.c.n)
        .join(shared, sa.and_(shared.c.kind == KEYS.c.kind, shared.c.key == KEYS.c.key))
        .where(mine)
    )
    above: dict[int, int] = {}
    why: list[tuple[int, str]] = []
    first: dict[tuple[str, str], int] = {}
    common: set[tuple[str, str]] = set()
    for row_id, kind, key, n in connection.execute(found):
        if n > COMMON:
            common.add((kind, key))
            continue
        above.setdefault(row_id, row_id)
        one = first.setdefault((kind, key), row_id)
        if one != row_id:
            _unite(above, one, row_id)
            why.append((row_id, kind))
    members: dict[int, list[int]] = {}
    for row_id in above:
        members.setdefault(_root(above, row_id), []).append(row_id)
    kinds: dict[int, set[str]] = {}
    for row_id, kind in why:
        kinds.setdefault(_root(above, row_id), set()).add(kind)
    groups = [Group(sorted(ids), sorted(kinds[root])) for root, ids in members.items() if len(ids) > 1]
    groups.sort(key=lambda each: (-len(each.kinds), each.ids[0]))
    return Groups(clock.now(), groups, sum(len(each.ids) for each in groups), len(common))


def _root(above: dict[int, int], one: int) -> int:
    while above[one] != one:
        above[one] = above[above[one]]
        one = above[one]
    return one


def _unite(above: dict[int, int], one: int, other: int) -> None:
    above.setdefault(one, one)
    low, high = sorted((_root(above, one), _root(above, other)))
    above[high] = low


def shown(model: type[Any], found: Groups, first: int, most: int, options: tuple[Any, ...] = ()) -> list[Group]:
    """``most`` of the groups from the ``first`` on, with the rows that the actor sees; what has gone or was merged
    since the scan is left out.  Two statements.
    """
    part = found.groups[first : first + most]
    ids = [pk for group in part for pk in group.ids]
    if not ids:
        return []
    rows = db.session.scalars(sa.select(model).where(model.id.in_(ids)).options(*options)).unique()
    seen = {row.id: row for row in rows}
    table = model.__table__
    there = set(db.session.connection().execute(sa.select(table.c.id).where(table.c.id.in_(ids))).scalars())
    told = []
    for group in part:
        mine = [seen[pk] for pk in group.ids if pk in seen]
        hidden = sum(pk in there and pk not in seen for pk in group.ids)
        if len(mine) + hidden > 1:
            told.append(Group(group.ids, group.kinds, mine, hidden))
    return told


def visible(model: type[Any], found: Groups) -> Groups:
    """Of the groups that were ``found`` those of which the actor sees at least one row."""
    if model.scope.everyone or identity.require().unlimited:
        return found
    ids = [pk for group in found.groups for pk in group.ids]
    seen: set[int] = set()
    for start in range(0, len(ids), AT_ONCE):
        part = ids[start : start + AT_ONCE]
        seen |= scope.visible_ids(db.session.connection(), model, part, identity.require())
    groups = [group for group in found.groups if not seen.isdisjoint(group.ids)]
    return Groups(found.at, groups, sum(len(each.ids) for each in groups), found.common)
