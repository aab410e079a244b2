"""Who sees which row: one rule for each model, turned into SQL here and nowhere else.

``criteria()`` gives the loader criteria that ``core.db`` adds to every ORM select, update and delete.  It fails closed:
without an identity there are no rows.  What a rule needs to know of the company (who leads whom, what is shared) it
asks of the ``visibility``
registry, which the people and crm domains fill.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from sqlalchemy.orm import with_loader_criteria

from app.core.identity import CHANGE_ALL, SEE_ALL, Actor

if TYPE_CHECKING:
    from app.core.entity import Entity

Condition = sa.ColumnElement[bool]


class Visibility:
    """What upper layers know about who may see whose rows.

    ``led(actor, owner)`` is the condition that ``owner`` (a column of user ids) is somebody the actor leads.
    ``shared(actor, customer, write)`` is the condition that ``customer`` (a column of ids) is shared with the actor.
    """

    def __init__(self) -> None:
        self.led: Callable[[Actor, Any], Condition | None] | None = None
        self.shared: Callable[[Actor, Any, bool], Condition | None] | None = None


visibility = Visibility()


class Rule:
    """A rule.  ``condition`` gives the SQL over ``columns`` (a table's); None means every row."""

    everyone = False

    def condition(self, model: type[Entity], columns: Any, actor: Actor, write: bool) -> Condition | None:
        raise NotImplementedError


class Everyone(Rule):
    """Every row is everyone's: what one may do is a matter of permissions alone."""

    everyone = True

    def condition(self, model: type[Entity], columns: Any, actor: Actor, write: bool) -> Condition | None:
        return None


class OwnRows(Rule):
    """A row is its owner's, the owner's superiors', and of those its customer is shared with.

    ``customer`` names the column that holds the customer's id (``id`` for the customer itself).  With ``pool``, rows
    without an owner are seen (not written) by everyone.
    """

    def __init__(self, owner: str = "owner_id", customer: str | None = None, pool: bool = False) -> None:
        self.owner = owner
        self.customer = customer
        self.pool = pool

    def condition(self, model: type[Entity], columns: Any, actor: Actor, write: bool) -> Condition | None:
        domain = model.domain()
        if actor.may(CHANGE_ALL if write else SEE_ALL, domain):
            return None
        owner = columns[self.owner]
        ways: list[Condition] = [owner == actor.user_id]
        if visibility.led is not None and (led := visibility.led(actor, owner)) is not None:
            ways.append(led)
        if self.customer and visibility.shared is not None:
            shared = visibility.shared(actor, columns[self.customer], write)
            if shared is not None:
                ways.append(shared)
        if self.pool and not write:
            ways.append(owner.is_(None))
        return sa.or_(*ways)


class Through(Rule):
    """A row goes with the row it hangs on: ``through("customer")`` follows ``customer_id``.

    Without ``shares_write`` a share of the target gives no right to write the row: who may share is its owner and those
    above.  A row that hangs on nothing is seen by nobody but those who see all of the target's domain.
    """

    def __init__(self, relation: str, *, shares_write: bool = True) -> None:
        self.relation = relation
        self.shares_write = shares_write

    def condition(self, model: type[Entity], columns: Any, actor: Actor, write: bool) -> Condition | None:
        target = sa.inspect(model).relationships[self.relation].mapper.class_
        table = target.__table__
        rule = target.scope
        if write and not self.shares_write and isinstance(rule, OwnRows):
            rule = OwnRows(rule.owner, None, rule.pool)
        inner = rule.condition(target, table.c, actor, write)
        if inner is None:
            return None
        column = next(iter(sa.inspect(model).relationships[self.relation].local_columns))
        return columns[column.key].in_(sa.select(table.c.id).where(inner))


everyone = Everyone()
own_rows = OwnRows
through = Through


def condition(model: type[Entity], actor: Actor | None, *, write: bool = False) -> Condition | None:
    """The SQL condition over the model's table for what ``actor`` sees (or writes); None for every row."""
    if actor is None:
        return sa.false()
    if actor.unlimited:
        return None
    return model.scope.condition(model, model.__table__.c, actor, write)


class _Attributes:
    """A model's attributes by the names of their columns: a join to an alias of the model adapts them, as it would not
    adapt the table's.
    """

    def __init__(self, model: type[Entity]) -> None:
        self.model = model

    def __getitem__(self, name: str) -> Any:
        return sa.inspect(self.model).get_property_by_column(self.model.__table__.c[name]).class_attribute


def criteria(actor: Actor | None, models: Iterable[type[Entity]]) -> list[Any]:
    """Loader criteria for every model whose rows ``actor`` may not all see.  Kept on the actor: they are costly to
    build.
    """
    if actor is None:
        return [with_loader_criteria(model, sa.false(), include_aliases=True) for model in models]
    if actor.unlimited:
        return []
    if "criteria" not in actor.cache:
        # Marked before they are built: a rule may ask the database which departments the actor leads.
        built = []
        for model in models:
            if model.scope.everyone:
                continue
            where = model.scope.condition(model, _Attributes(model), actor, False)
            if where is not None:
                built.append(with_loader_criteria(model, where, include_aliases=True))
        actor.cache["criteria"] = built
    return actor.cache["criteria"]


def visible_ids(
    connection: sa.Connection, model: type[Any], ids: Iterable[int], actor: Actor, *, write: bool = False
) -> set[int]:
    """Which of ``ids`` the actor sees (or may write), in one statement."""
    wanted = set(ids)
    if not wanted:
        return set()
    table = model.__table__
    statement = sa.select(table.c.id).where(table.c.id.in_(wanted))
    rule = getattr(model, "scope", None)
    where = None if rule is None or actor.unlimited else rule.condition(model, table.c, actor, write)
    if where is not None:
        statement = statement.where(where)
    return set(connection.execute(statement).scalars())
