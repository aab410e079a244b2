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

from app.core import db, giving
from app.core.exchange.keeping import Wrote
from app.core.giving import Owned
from app.core.i18n import lazy_gettext as _l
from app.domains.crm.models import Opportunity, Stage


@dataclass(frozen=True)
class Moves:
    """Customers that went to ``to`` (a user's id), by the owner that each came from."""

    to: int
    customers: Mapping[int, Sequence[int]]
    reason: str = ""


@dataclass(frozen=True)
class Companion:
    """A kind of rows that goes along.  Without ``move`` they have no owner of their own: they follow by scope."""

    name: str
    label: Any
    move: Callable[[Moves], list[Wrote]] | None = None


COMPANIONS: dict[str, Companion] = {}


class Labels(Mapping[str, Any]):
    """What each of the companions is called, as they are when it is asked: the choices of a field."""

    def __getitem__(self, name: str) -> Any:
        return COMPANIONS[name].label

    def __iter__(self) -> Iterator[str]:
        return iter(COMPANIONS)

    def __len__(self) -> int:
        return len(COMPANIONS)

    def __bool__(self) -> bool:
        return True


def goes_along(companion: Companion) -> Companion:
    """Let ``companion`` go along: for the module that knows its rows."""
    COMPANIONS[companion.name] = companion
    return companion


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
    stages: Any = sa.inspect(Stage).columns
    is_open = sa.select(stages["id"]).where(stages["is_won"].is_(False), stages["is_lost"].is_(False))
    found = []
    for owner_id, customers in moves.customers.items():
        for start in range(0, len(customers), giving.AT_ONCE):
            statement = (
                sa.select(
                    opportunities["id"], opportunities["owner_id"], opportunities["version"], opportunities["name"]
                )
                .where(
                    opportunities["owner_id"] == owner_id,
                    opportunities["customer_id"].in_(customers[start : start + giving.AT_ONCE]),
                    opportunities["stage_id"].in_(is_open),
                )
                .order_by(opportunities["id"])
                .with_for_update()
            )
            found += [Owned(*row) for row in db.session.connection().execute(statement)]
    return giving.give(Opportunity, found, moves.to, "transfer", moves.reason)


CONTACTS = goes_along(Companion("contacts", _l("Contacts")))
OPPORTUNITIES = goes_along(Companion("opportunities", _l("Open opportunities"), _open_opportunities))
