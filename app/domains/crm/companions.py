"""What can go along when a customer comes to another owner: a registry that upper layers add to.

``COMPANIONS["plans"] = Companion("plans", _l("Plans"), move)``: ``move(moves)`` takes along what belongs to the customers
and to the owner they came from, and gives back what a run keeps of it.  What is closed stays where it is, and so does who
made what.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from app.core import db, giving, handing
from app.core.exchange.keeping import Wrote
from app.core.giving import Owned
from app.core.handing import Follower
from app.core.i18n import lazy_gettext as _l
from app.domains.crm.models import Contact, Customer, Opportunity


@dataclass(frozen=True)
class Moves:
    """Customers that went to ``to`` (a user's id), by the owner that each came from."""

    to: int
    customers: Mapping[int, Sequence[int]]
    reason: str = ""


@dataclass(frozen=True)
class Companion:
    """A kind of rows that goes along.  Without ``move`` they have no owner of their own: they follow by scope.

    What a handover does not find by itself (rows without an owner field of their own) says how many of them go along with
    the customers of a user, ``count``.
    """

    name: str
    label: Any
    move: Callable[[Moves], list[Wrote]] | None = None
    count: Callable[[int], int] | None = None
    offered: bool = True  # whether pages ask for it


COMPANIONS: dict[str, Companion] = {}


class Labels(Mapping[str, Any]):
    """What each of the companions is called, as they are when it is asked: the choices of a field."""

    def __getitem__(self, name: str) -> Any:
        return COMPANIONS[name].label

    def __iter__(self) -> Iterator[str]:
        return (name for name, each in COMPANIONS.items() if each.offered)

    def __len__(self) -> int:
        return sum(1 for _name in self)

    def __bool__(self) -> bool:
        return True


def goes_along(companion: Companion) -> Companion:
    """Let ``companion`` go along: for the module that knows its rows."""
    COMPANIONS[companion.name] = companion
    if companion.count is not None:
        move = _in_a_handover(companion.move) if companion.move is not None else None
        handing.followers[companion.name] = Follower(companion.label, Customer, companion.count, move)
    return companion


def _in_a_handover(move: Callable[[Moves], list[Wrote]]) -> handing.Move:
    """``move`` for customers that went to several."""

    def moved(user_id: int, heirs: Mapping[int, int], reason: str) -> list[Wrote]:
        parts: dict[int, list[int]] = defaultdict(list)
        for customer_id, heir in heirs.items():
            parts[heir].append(customer_id)
        return [each for heir, ids in parts.items() for each in move(Moves(heir, {user_id: ids}, reason))]

    return moved


def moves_of(rows: Sequence[Owned], to: int, reason: str = "") -> Moves:
    """The moves that ``rows`` (as they stood before) make when they go to ``to``."""
    customers: dict[int, list[int]] = defaultdict(list)
    for row in rows:
        if row.owner_id is not None and row.owner_id != to:
            customers[row.owner_id].append(row.id)
    return Moves(to, customers, reason)


def _open_opportunities(moves: Moves) -> list[Wrote]:
    """The open ones of the customers' former owners; those of others at the same customer stay theirs."""
    opportunities: Any = sa.inspect(Opportunity).columns
    found: list[Owned] = []
    for owner_id, customers in moves.customers.items():
        for start in range(0, len(customers), giving.AT_ONCE):
            theirs = sa.and_(
                opportunities["owner_id"] == owner_id,
                opportunities["customer_id"].in_(customers[start : start + giving.AT_ONCE]),
                Opportunity.handed_on(),
            )
            found += giving.locked(Opportunity, theirs)
    return giving.give(Opportunity, found, moves.to, "transfer", moves.reason)


def _contacts_of(user_id: int) -> int:
    contacts, customers = sa.inspect(Contact).columns, sa.inspect(Customer).columns
    statement = sa.select(sa.func.count(contacts["id"])).join_from(
        sa.inspect(Contact).local_table,
        sa.inspect(Customer).local_table,
        contacts["customer_id"] == customers["id"],
    )
    return db.session.connection().execute(statement.where(customers["owner_id"] == user_id)).scalar_one()


CONTACTS = goes_along(Companion("contacts", _l("Contacts"), count=_contacts_of))
OPPORTUNITIES = goes_along(Companion("opportunities", _l("Open opportunities"), _open_opportunities))
TASKS = goes_along(Companion("tasks", _l("Tasks"), offered=False))
"""Nothing yet: there are no tasks.  Who brings them lets them go along under this name."""
