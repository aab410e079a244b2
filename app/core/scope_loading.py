"""Puts the scope on an ORM statement: the criteria of the models that it reads, and no row of any other.

The criteria of every model on every statement would cost more than most statements do: building them, and comparing them
with what was compiled before.  So the statement is looked through for the models that it reads.  A model that this look
misses is not shown at all: it fails closed.

What is scoped is what a statement selects and joins.  A model that stands in a condition alone (``has``, ``any``,
``exists``) shows none of its rows and is not scoped by SQLAlchemy's criteria: whoever writes one asks for
``scope.condition`` there.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from sqlalchemy.orm import LoaderCriteriaOption, with_loader_criteria
from sqlalchemy.orm.interfaces import CriteriaOption
from sqlalchemy.orm.strategy_options import Load
from sqlalchemy.sql import visitors

from app.core import scope
from app.core.identity import Actor

if TYPE_CHECKING:
    from app.core.entity import Entity

Models = Sequence["type[Entity]"]


class _Closed(CriteriaOption):
    """No row of any of ``models``, wherever in a statement they stand."""

    propagate_to_loaders = False  # what is loaded later reads other models

    def __init__(self, models: tuple[type[Entity], ...]) -> None:
        self.models = models
        self.options = [with_loader_criteria(model, sa.false(), include_aliases=True) for model in models]

    def _gen_cache_key(self, _anon_map: Any, _bindparams: Any) -> tuple[Any, ...]:
        return type(self), self.models

    def process_compile_state(self, compile_state: Any) -> None:
        for each in self.options:
            each.process_compile_state(compile_state)

    def process_compile_state_replaced_entities(self, compile_state: Any, mapper_entities: Any) -> None:
        for each in self.options:
            each.process_compile_state_replaced_entities(compile_state, mapper_entities)


class _Known:
    """What is known of the models themselves: by table, and which of them come along with which."""

    def __init__(self, models: Models) -> None:
        self.number = len(models)
        self.by_table = {model.__table__.name: model for model in models}
        self.closed: dict[frozenset[type[Entity]], _Closed] = {}
        self.along: dict[type[Entity], frozenset[type[Entity]]] = {}

    def with_joined(self, model: type[Entity]) -> frozenset[type[Entity]]:
        """``model`` and those whose rows are joined to its own whenever they are read."""
        if model not in self.along:
            found, waiting = {model}, [sa.inspect(model)]
            for mapper in waiting:
                for relation in mapper.relationships:
                    target = self.by_table.get(getattr(relation.mapper.local_table, "name", ""))
                    if relation.lazy in ("joined", False) and target is not None and target not in found:
                        found.add(target)
                        waiting.append(relation.mapper)
            self.along[model] = frozenset(found)
        return self.along[model]

    def others(self, read: frozenset[type[Entity]]) -> _Closed:
        """Nothing of the models that are not ``read``."""
        if read not in self.closed:
            self.closed[read] = _Closed(tuple(model for model in self.by_table.values() if model not in read))
        return self.closed[read]


_known = _Known(())


def options(statement: Any, actor: Actor | None, models: Models) -> list[Any]:
    """What keeps ``statement`` to the rows of ``models`` that ``actor`` sees; without anybody there are none."""
    global _known
    if actor is not None and actor.unlimited:
        return []
    if len(models) != _known.number:
        _known = _Known(models)
    if actor is None:
        return [_known.others(frozenset())]
    read = _read(statement, _known)
    kept = actor.cache.setdefault("criteria", {})
    found: list[Any] = [_known.others(read)]
    for model in sorted(read, key=lambda each: each.__table__.name):
        if model not in kept:
            where = None if model.scope.everyone else scope.criterion(model, actor)
            kept[model] = None if where is None else with_loader_criteria(model, where, include_aliases=True)
        # What is loaded along a relationship brings those of the statement before.
        if kept[model] is not None and kept[model] not in statement._with_options:
            found.append(kept[model])
    return found


def _read(statement: Any, known: _Known) -> frozenset[type[Entity]]:
    """The models that ``statement`` reads, or may read; all of them when that can't be told."""
    found: set[type[Entity]] = set()
    for name in _tables(statement):
        model = known.by_table.get(name)
        if model is not None and model not in found:
            found |= known.with_joined(model)
    for option in statement._with_options:
        if isinstance(option, Load):
            for element in option.context:
                for step in element.path.path:
                    mapper = getattr(step, "mapper", None)
                    model = known.by_table.get(getattr(getattr(mapper, "local_table", None), "name", ""))
                    if model is not None:
                        found |= known.with_joined(model)
        elif not isinstance(option, LoaderCriteriaOption | _Closed):
            return frozenset(known.by_table.values())
    return frozenset(found)


def _tables(statement: Any) -> Iterator[str]:
    """The names of the tables in ``statement``, in whatever part of it."""
    seen = set()
    for element in visitors.iterate(statement):
        table = element if isinstance(element, sa.FromClause) else getattr(element, "table", None)
        while table is not None and not isinstance(table, sa.Table):
            table = getattr(table, "element", None)
        if table is not None and table.name not in seen:
            seen.add(table.name)
            yield table.name
