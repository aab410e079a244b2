"""What a list can be filtered by besides its fields: a yes or no that is reckoned by the database when it is asked for.

``@flag(Product, "low", _l("Low stock"), also=("StockBalance",))`` on a function that gives the condition as SQL: the lists,
pages, saved views and API of products can be asked for what is low.  It is no field: no row carries it, so that no list
pays for it.  An upper layer may say it of a lower layer's entity.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from app.core import identity
from app.core.fields import Field

Clause = Callable[[], sa.ColumnElement[bool]]


@dataclass(frozen=True, eq=False)
class Flag(Field):
    """A condition under a name; ``also`` are the entities (by permission key) that one must be allowed to list to ask
    it.
    """

    clause: Clause | None = None
    also: tuple[str, ...] = ()

    def condition(self) -> sa.ColumnElement[bool]:
        """The condition on rows of the model, as SQL."""
        assert self.clause is not None
        return self.clause()


_flags: dict[type[Any], dict[str, Flag]] = {}


def flag(
    model: type[Any], name: str, label: Any, *, help: Any = "", also: tuple[str, ...] = (), needs: str = ""
) -> Callable[[Clause], Clause]:
    """Let lists of ``model`` be filtered by ``name``, which no field of it is called; ``needs`` is the grant without
    which it does not exist, as of a field.
    """

    def declare(clause: Clause) -> Clause:
        _flags.setdefault(model, {})[name] = Flag(
            model, name, name, "bool", label, help, readonly=True, needs=needs, stored=False, clause=clause, also=also
        )
        return clause

    return declare


def declared(model: type[Any]) -> dict[str, Flag]:
    """Every flag of ``model``, by name."""
    return _flags.get(model, {})


def of(model: type[Any]) -> dict[str, Flag]:
    """The flags of ``model`` that exist for who acts now."""
    actor = identity.require()
    return {
        name: each
        for name, each in declared(model).items()
        if all(actor.may("can_list", key) for key in each.also)
        and (not each.needs or actor.may(each.needs, model.domain()))
    }
