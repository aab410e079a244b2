"""Who sees which row: one rule for each model, turned into SQL here and nowhere else.

``core.scope_loading`` puts it on every ORM select, update and delete.  It fails closed: without an identity there are no
rows.  What a rule needs to know of the company (who leads whom, what is shared) it asks of the ``visibility`` registry,
which the people and crm domains fill.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from app.core.i18n import gettext as _
from app.core.i18n import lazy_gettext as _l
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


Ways = dict[str, Condition | None]

WAYS: dict[str, Any] = {
    "everyone": _l("It is everyone's"),
    "administrator": _l("Administrators see everything"),
    "all": _l("The role reaches every row"),
    "own": _l("It is their own"),
    "led": _l("They lead its owner"),
    "shared": _l("The customer is shared with them"),
    "customer": _l("The customer is theirs, or of those they lead"),
    "pool": _l("It lies in the public pool"),
    "addressed": _l("It is addressed to them"),
}
"""The ways in which somebody may see or write a row, as people say them."""


class Rule:
    """A rule.  ``ways`` gives the ways in which ``actor`` comes to rows, each as SQL over ``columns`` (a table's); None
    means every row.
    """

    everyone = False

    def ways(self, model: type[Entity], columns: Any, actor: Actor, write: bool) -> Ways:
        raise NotImplementedError

    def condition(self, model: type[Entity], columns: Any, actor: Actor, write: bool) -> Condition | None:
        """The rows that any of the ways leads to; None for every row."""
        ways = self.ways(model, columns, actor, write)
        if any(way is None for way in ways.values()):
            return None
        return sa.or_(*(way for way in ways.values() if way is not None))


class Everyone(Rule):
    """Every row is everyone's: what one may do is a matter of permissions alone."""

    everyone = True

    def ways(self, model: type[Entity], columns: Any, actor: Actor, write: bool) -> Ways:
        return {"everyone": None}


class OwnRows(Rule):
    """A row is its owner's, the owner's superiors', and of those its customer is shared with.

    ``customer`` names the column that holds the customer's id (``id`` for the customer itself).  With ``pool``, rows
    without an owner are seen (not written) by everyone.  ``domain`` is where «see all» and «change all» are asked for
    (the model's own unless said).
    """

    def __init__(
        self, owner: str = "owner_id", customer: str | None = None, pool: bool = False, domain: str = ""
    ) -> None:
        self.owner = owner
        self.customer = customer
        self.pool = pool
        self.domain = domain

    def ways(self, model: type[Entity], columns: Any, actor: Actor, write: bool) -> Ways:
        domain = self.domain or model.domain()
        if actor.may(CHANGE_ALL if write else SEE_ALL, domain):
            return {"all": None}
        owner = columns[self.owner]
        ways: Ways = {"own": owner == actor.user_id}
        if visibility.led is not None and (led := visibility.led(actor, owner)) is not None:
            ways["led"] = led
        if self.customer and visibility.shared is not None:
            shared = visibility.shared(actor, columns[self.customer], write)
            if shared is not None:
                ways["shared"] = shared
        if self.pool and not write:
            ways["pool"] = owner.is_(None)
        return ways


class WithCustomer(OwnRows):
    """A row about a customer: as ``own_rows``, and read besides by the customer's owner and those above, who come to know
    what others did there.  Nobody comes to it because the customer lies in the pool.
    """

    def __init__(self, owner: str = "owner_id", relation: str = "customer") -> None:
        super().__init__(owner, f"{relation}_id")
        self.relation = relation

    def ways(self, model: type[Entity], columns: Any, actor: Actor, write: bool) -> Ways:
        found = super().ways(model, columns, actor, write)
        if not write and "all" not in found:
            target = sa.inspect(model).relationships[self.relation].mapper.class_
            table = target.__table__
            rule = OwnRows(target.scope.owner, None, False, model.domain())
            theirs = rule.condition(target, table.c, actor, False)
            found["customer"] = (
                None if theirs is None else columns[self.customer].in_(sa.select(table.c.id).where(theirs))
            )
        return found


class Addressed(OwnRows):
    """A row that one writes to another: it is as ``own_rows`` its author's (``owner``), and theirs whom it is for (``to``),
    who come to write their part of it.
    """

    def __init__(self, owner: str, to: str) -> None:
        super().__init__(owner)
        self.to = to
        self.decides = (to,)

    def ways(self, model: type[Entity], columns: Any, actor: Actor, write: bool) -> Ways:
        found = super().ways(model, columns, actor, write)
        return found if "all" in found else found | {"addressed": columns[self.to] == actor.user_id}


class Personal(Rule):
    """A row is its owner's alone: not their superiors', nor theirs who see every row."""

    def __init__(self, owner: str) -> None:
        self.owner = owner

    def ways(self, model: type[Entity], columns: Any, actor: Actor, write: bool) -> Ways:
        return {"own": columns[self.owner] == actor.user_id}


class Published(Personal):
    """A row is its owner's alone until it is ``shared``: then also theirs who hold ``permission`` on the kind of rows that
    it is about (``resource``), one of ``kinds()``.  ``way`` names that, and ``WAYS`` tells it to people as ``told``.
    """

    def __init__(
        self, owner: str, permission: str, kinds: Callable[[], Mapping[str, Any]], way: str, told: Any
    ) -> None:
        super().__init__(owner)
        self.permission, self.kinds, self.way = permission, kinds, way
        WAYS[way] = told

    def ways(self, model: type[Entity], columns: Any, actor: Actor, write: bool) -> Ways:
        found = super().ways(model, columns, actor, write)
        if not write:
            open_to = [name for name, kind in self.kinds().items() if actor.may(self.permission, kind.permission_key())]
            found[self.way] = sa.and_(columns["shared"].is_(sa.true()), columns["resource"].in_(open_to))
        return found


class Through(Rule):
    """A row goes with the row it hangs on: ``through("customer")`` follows ``customer_id``.

    Without ``shares_write`` a share of the target gives no right to write the row: who may share is its owner and those
    above.  With ``own_grant`` it is «see all» of the row's own domain that widens what is seen, not that of the
    target's: who may see every customer does not thereby see what each of them owes.  A row that hangs on nothing is
    seen by nobody but those who see all of that domain.
    """

    def __init__(self, relation: str, *, shares_write: bool = True, own_grant: bool = False) -> None:
        self.relation = relation
        self.shares_write = shares_write
        self.own_grant = own_grant

    def ways(self, model: type[Entity], columns: Any, actor: Actor, write: bool) -> Ways:
        target = sa.inspect(model).relationships[self.relation].mapper.class_
        table = target.__table__
        inner = self._rule(model, target, write).ways(target, table.c, actor, write)
        key = columns[next(iter(sa.inspect(model).relationships[self.relation].local_columns)).key]
        return {name: None if way is None else key.in_(sa.select(table.c.id).where(way)) for name, way in inner.items()}

    def condition(self, model: type[Entity], columns: Any, actor: Actor, write: bool) -> Condition | None:
        """The same with one look into the target's table."""
        target = sa.inspect(model).relationships[self.relation].mapper.class_
        inner = self._rule(model, target, write).condition(target, target.__table__.c, actor, write)
        if inner is None:
            return None
        key = columns[next(iter(sa.inspect(model).relationships[self.relation].local_columns)).key]
        return key.in_(sa.select(target.__table__.c.id).where(inner))

    def _rule(self, model: type[Entity], target: type[Entity], write: bool) -> Rule:
        rule = target.scope
        if write and not self.shares_write and isinstance(rule, OwnRows):
            rule = OwnRows(rule.owner, None, rule.pool)
        if self.own_grant and isinstance(rule, OwnRows):
            rule = OwnRows(rule.owner, rule.customer, rule.pool, model.domain())
        return rule


everyone = Everyone()
own_rows = OwnRows
with_customer = WithCustomer
addressed = Addressed
personal = Personal
published = Published
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


def criterion(model: type[Entity], actor: Actor) -> Condition | None:
    """What ``actor`` sees of ``model``, over its attributes, as loader criteria take it; None for every row."""
    return model.scope.condition(model, _Attributes(model), actor, False)


def reasons(connection: sa.Connection, model: type[Any], pk: int, actor: Actor, *, write: bool = False) -> list[str]:
    """Why ``actor`` sees (or may write) the row ``pk``: keys of ``WAYS``; empty when it does not.  One statement."""
    if actor.unlimited:
        return ["administrator"]
    table = model.__table__
    ways = model.scope.ways(model, table.c, actor, write)
    row = sa.select(sa.literal(1)).select_from(table).where(table.c.id == pk)
    columns = [sa.exists(row if way is None else row.where(way)).label(name) for name, way in ways.items()]
    found = connection.execute(sa.select(*columns)).one()
    return [name for name, holds in zip(ways, found, strict=True) if holds]


def unwritable(connection: sa.Connection, model: type[Any], pk: int, actor: Actor) -> str:
    """Why ``actor``, who may not write the row ``pk``, may not, and what to do.  One statement."""
    ways = reasons(connection, model, pk, actor)
    if "pool" in ways:
        return _("It has no owner. Claim it first, then you can change it.")
    if "shared" in ways:
        return _("It is shared with you for reading. Ask its owner, or their manager, to share it for writing.")
    return _("This belongs to somebody else. Ask them, or their manager, to share it with you for writing.")


def visible_ids(
    connection: sa.Connection, model: type[Any], ids: Iterable[int], actor: Actor, *, write: bool = False
) -> set[int]:
    """Which of ``ids`` the actor sees (or may write), in one statement."""
    return visible_of(connection, {model: set(ids)}, actor, write=write)[model]


def visible_of(
    connection: sa.Connection, wanted: Mapping[type[Any], set[int]], actor: Actor, *, write: bool = False
) -> dict[type[Any], set[int]]:
    """Which rows of several models, given by their ids, the actor sees (or may write).  One statement."""
    found: dict[type[Any], set[int]] = {model: set() for model in wanted}
    models = [model for model, ids in wanted.items() if ids]
    parts = []
    for number, model in enumerate(models):
        table = model.__table__
        statement = sa.select(sa.literal(number), table.c.id).where(table.c.id.in_(wanted[model]))
        rule = getattr(model, "scope", None)
        where = None if rule is None or actor.unlimited else rule.condition(model, table.c, actor, write)
        parts.append(statement if where is None else statement.where(where))
    if parts:
        for number, pk in connection.execute(sa.union_all(*parts) if len(parts) > 1 else parts[0]):
            found[models[number]].add(pk)
    return found
