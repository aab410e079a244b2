"""What is somebody's and goes to others when they leave: every kind of rows that has an owner, found from the registry, as
far as the entity says that a row is handed on (``Entity.handed_on``), and what follows those rows without an owner of
its own (``followers``).
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa

from app.core import db, giving
from app.core.entity import User, registry
from app.core.exchange.keeping import Wrote
from app.core.fields import declared
from app.core.giving import Owned

DEED = "handover"
Move = Callable[[int, Mapping[int, int], str], list[Wrote]]


@dataclass(frozen=True)
class Follower:
    """Rows that go along with those of ``of``, without an owner of their own: ``count(user_id)`` is how many would.

    ``move(user_id, heirs, reason)`` takes along what belongs to the rows that came from the user to their ``heirs`` (user
    ids by the rows' ids); without it they follow by scope.
    """

    label: Any
    of: type[Any]
    count: Callable[[int], int]
    move: Move | None = None


followers: dict[str, Follower] = {}
"""What follows, by name: for the module that knows the rows."""


@dataclass(frozen=True)
class Kind:
    """A kind of rows that somebody has: how many go to others, and how many stay; None where that is not known."""

    name: str
    label: Any
    going: int
    staying: int | None = None
    follows: str = ""  # the kind that it goes along with
    moves: bool = True  # whether it is given at all, not just seen by whoever has what it belongs to


class Labels(Mapping[str, Any]):
    """What the kinds are called that can be left where they are, as they are when it is asked: the choices of a field."""

    def __getitem__(self, name: str) -> Any:
        if name in followers and followers[name].move is not None:
            return followers[name].label
        return {model.resource: model.labels for model in models()}[name]

    def __iter__(self) -> Iterator[str]:
        yield from (model.resource for model in models())
        yield from (name for name, each in followers.items() if each.move is not None)

    def __len__(self) -> int:
        return sum(1 for _name in self)

    def __bool__(self) -> bool:
        return True


@dataclass
class Handed:
    """What came of it: what a run keeps, and who got which rows, by kind."""

    wrote: list[Wrote] = field(default_factory=list)
    got: dict[int, dict[str, list[Owned]]] = field(default_factory=dict)
    followed: Counter[str] = field(default_factory=Counter)


def models() -> list[type[Any]]:
    """Every entity that has an owner and is handed on: what others point at comes before them."""
    found: list[type[Any]] = []
    seen: set[type[Any]] = set()

    def add(model: type[Any]) -> None:
        if model in seen or not _is_handed_on(model):
            return
        seen.add(model)
        for _key, target in _above(model):
            add(target)
        found.append(model)

    for model in registry.values():
        add(model)
    return found


def kinds(user_id: int) -> list[Kind]:
    """What the user has, by kind: one statement for each, and one for each that follows."""
    connection, found = db.session.connection(), []
    for model in models():
        table, goes = model.__table__, model.handed_on()
        going = sa.func.coalesce(sa.func.sum(sa.case((goes, 1), else_=0)), 0)
        statement = sa.select(going, sa.func.count()).select_from(table).where(_of(model, user_id))
        count, whole = connection.execute(statement).one()
        found.append(Kind(model.resource, model.labels, count, whole - count))
        for name, each in followers.items():
            if each.of is model:
                found.append(Kind(name, each.label, each.count(user_id), None, model.resource, each.move is not None))
    return found


def totals() -> dict[int, int]:
    """How many rows of each user would go to others, by the user's id: those without any are left out.  One statement."""
    parts = [
        sa.select(model.__table__.c[giving.owner_of(model)].label("owner"), sa.func.count().label("n"))
        .where(model.handed_on())
        .group_by(sa.text("owner"))
        for model in models()
    ]
    every = sa.union_all(*parts).subquery()
    statement = sa.select(every.c.owner, sa.func.sum(every.c.n)).where(every.c.owner.is_not(None))
    return {owner: int(count) for owner, count in db.session.connection().execute(statement.group_by(every.c.owner))}


def hand_on(user_id: int, heirs: Sequence[int], without: Collection[str] = (), reason: str = "") -> Handed:
    """Give what is the user's to ``heirs`` (ids), except the kinds ``without``.  Several get the rows in turn, and what
    belongs to a row that is handed on goes with it.

    Raises NotPermitted unless all of it is the actor's own or of those whom the actor leads.
    """
    done, went = Handed(), dict[type[Any], dict[int, int]]()
    chosen = [model for model in models() if model.resource not in without]
    every = {model: giving.locked(model, sa.and_(_of(model, user_id), model.handed_on())) for model in chosen}
    for model, rows in every.items():
        giving.require_command(model, rows)
    for model, rows in every.items():
        went[model] = _heirs(model, rows, heirs, went)
        parts: dict[int, list[Owned]] = defaultdict(list)
        for row in rows:
            parts[went[model][row.id]].append(row)
        for heir, part in parts.items():
            done.wrote += giving.hand(model, part, heir, DEED, reason)
            done.got.setdefault(heir, {})[model.resource] = part
    for name, each in followers.items():
        if each.move is not None and name not in without and went.get(each.of):
            wrote = each.move(user_id, went[each.of], reason)
            done.wrote += wrote
            done.followed[name] += len({(one.resource, one.record_id) for one in wrote if not one.created})
    return done


def _heirs(
    model: type[Any], rows: Sequence[Owned], heirs: Sequence[int], went: Mapping[type[Any], Mapping[int, int]]
) -> dict[int, int]:
    """Who gets each of ``rows``: whoever got the row that it belongs to, else one after the other."""
    found: dict[int, int] = {}
    if len(heirs) == 1:
        return dict.fromkeys((row.id for row in rows), heirs[0])
    table, connection = model.__table__, db.session.connection()
    above = [(key, went[target]) for key, target in _above(model) if went.get(target)]
    for start in range(0, len(rows) if above else 0, giving.AT_ONCE):
        part = [row.id for row in rows[start : start + giving.AT_ONCE]]
        columns = [table.c[key] for key, _given in above]
        for pk, *keys in connection.execute(sa.select(table.c.id, *columns).where(table.c.id.in_(part))):
            for key, (_name, given) in zip(keys, above, strict=True):
                if key in given:
                    found.setdefault(pk, given[key])
    rest = [row.id for row in rows if row.id not in found]
    return found | {pk: heirs[number % len(heirs)] for number, pk in enumerate(rest)}


def _is_handed_on(model: type[Any]) -> bool:
    owner = declared(model).get("owner")
    return owner is not None and owner.target is User and model.handed_on() is not None


def _of(model: type[Any], user_id: int) -> sa.ColumnElement[bool]:
    return model.__table__.c[giving.owner_of(model)] == user_id


def _above(model: type[Any]) -> list[tuple[str, type[Any]]]:
    """What rows of ``model`` point at: (column, entity)."""
    return [
        (each.column.name, each.target)
        for each in declared(model).values()
        if each.kind == "relation" and each.target is not None and each.target is not User and each.column is not None
    ]
