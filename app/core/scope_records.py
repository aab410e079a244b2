"""Rules for rows that hang on any record, lie in something that some roles see, or follow one rule or another.

They are made of the rules of ``core.scope`` and are turned into SQL in the same place and way.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from app.core.i18n import lazy_gettext as _l
from app.core.identity import CHANGE_ALL, SEE_ALL, Actor
from app.core.scope import WAYS, Condition, Rule, Ways

if TYPE_CHECKING:
    from app.core.entity import Entity

WAYS["record"] = _l("They see what it belongs to")
WAYS["public"] = _l("It is public")
WAYS["role"] = _l("It is open to their role")


class ThroughRecord(Rule):
    """A row goes with the record that it hangs on, of whatever kind: the columns ``resource`` and ``key`` name it.

    ``kinds`` are the kinds of rows that something may hang on, by resource.  What hangs on a kind that the actor may
    not open is not seen; to write it, the actor must be allowed to edit that kind, and that row.
    """

    def __init__(
        self, kinds: Callable[[], Mapping[str, type[Entity]]], resource: str = "record_resource", key: str = "record_id"
    ) -> None:
        self.kinds, self.resource, self.key = kinds, resource, key
        self.decides = (resource, key)
        self._rows: dict[type[Any], Any] = {}

    def _table(self, kind: type[Entity]) -> Any:
        """The table of ``kind`` under a name of this rule's own; made once, since it costs more than the rest."""
        if kind not in self._rows:
            self._rows[kind] = kind.__table__.alias()
        return self._rows[kind]

    def ways(self, model: type[Entity], columns: Any, actor: Actor, write: bool) -> Ways:
        permission = "can_edit" if write else "can_show"
        every: list[str] = []
        some: list[Condition] = []
        for resource, kind in self.kinds().items():
            if not actor.may(permission, kind.permission_key()):
                continue
            table = self._table(kind)
            within = kind.scope.condition(kind, table.c, actor, write)
            if within is None:
                every.append(resource)
            else:
                row = sa.exists().where(table.c.id == columns[self.key], within)
                some.append(sa.and_(columns[self.resource] == resource, row))
        return {"record": sa.or_(columns[self.resource].in_(every), *some)}


class ToRoles(Rule):
    """A row is everyone's where ``column`` says ``public``; else theirs whose roles it names (``names`` is the table of
    its ids, ``row_id``, and the ids of roles, ``role_id``), and theirs who made it.
    """

    def __init__(self, column: str, public: str, names: Callable[[], sa.Table]) -> None:
        self.column, self.public, self.names = column, public, names
        self.decides = (column,)

    def ways(self, model: type[Entity], columns: Any, actor: Actor, write: bool) -> Ways:
        if actor.may(CHANGE_ALL if write else SEE_ALL, model.domain()):
            return {"all": None}
        names = self.names()
        role: Any = names.metadata.tables["ab_role"]
        open_to = (
            sa.select(names.c.row_id)
            .join(role, role.c.id == names.c.role_id)
            .where(role.c.name.in_(sorted(actor.roles)))
        )
        return {
            "public": columns[self.column] == self.public,
            "role": columns["id"].in_(open_to),
            "own": columns["created_by_id"] == actor.user_id,
        }


class Either(Rule):
    """A row follows the rule ``yes`` where ``test`` (made of its columns) holds, else the rule ``no``."""

    def __init__(self, test: Callable[[Any], Condition], yes: Rule, no: Rule, decided_by: tuple[str, ...]) -> None:
        self.test, self.yes, self.no = test, yes, no
        inner = [getattr(rule, "decides", ()) for rule in (yes, no)]
        named = [getattr(rule, name, "") for rule in (yes, no) for name in ("owner",)]
        self.decides = (*decided_by, *inner[0], *inner[1], *(name for name in named if name))

    def ways(self, model: type[Entity], columns: Any, actor: Actor, write: bool) -> Ways:
        test = self.test(columns)
        found: dict[str, list[Condition]] = {}
        for holds, rule in ((test, self.yes), (sa.not_(test), self.no)):
            for name, way in rule.ways(model, columns, actor, write).items():
                found.setdefault(name, []).append(holds if way is None else sa.and_(holds, way))
        return {name: sa.or_(*conditions) for name, conditions in found.items()}


through_record = ThroughRecord
to_roles = ToRoles
either = Either
