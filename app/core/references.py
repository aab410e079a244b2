"""What refers to a row, told as far as whoever asks may see it: the rows by name, the rest as «other records»."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from app.core import custom, db, filing, identity, scope
from app.core.entity import pointing_at, registry
from app.core.errors import InUse
from app.core.i18n import gettext as _
from app.core.i18n import listed

NAMED = 3  # rows of a kind that a refusal names; the rest is counted


@dataclass(frozen=True)
class Use:
    """Rows of one kind that refer to something: how many the actor sees, and the first of them."""

    model: type[Any]
    count: int
    rows: list[Any]

    @property
    def words(self) -> str:
        """«3 contacts (Ann Li, Bo Xu, Cy Wu …)»."""
        what = _("%(count)s %(what)s", count=self.count, what=_called(self.model, self.count))
        names = listed(self.rows) + (" …" if self.count > len(self.rows) else "")
        return _("%(what)s (%(names)s)", what=what, names=names)


@dataclass(frozen=True)
class Uses:
    """What refers to a row: what the actor sees of it, and whether there is more."""

    seen: list[Use]
    others: bool

    def __bool__(self) -> bool:
        return bool(self.seen) or self.others

    @property
    def words(self) -> str:
        """All of it in words; what is not the actor's to see is not even counted."""
        others = [_("other records") if self.seen else _("records that are not yours to see")] if self.others else []
        return listed([*(each.words for each in self.seen), *others])

    @property
    def more(self) -> dict[str, Any]:
        """All of it as the API tells it."""
        told = [
            {
                "resource": each.model.resource,
                "count": each.count,
                "rows": [{"id": row.id, "label": str(row)} for row in each.rows],
            }
            for each in self.seen
        ]
        return {"references": told, "others": self.others}


def require_unused(row: Any) -> None:
    """Raises InUse, saying by what, when something refers to ``row``; owned rows do not count."""
    uses = of(row)
    if uses:
        raise InUse(str(row), uses.words, uses.more, may_rest=hasattr(row, "active"))


def of(row: Any) -> Uses:
    """What refers to ``row``.  One statement, and one more for each kind of rows that the actor sees of it."""
    kinds, others = _where(row)
    if not kinds and not others:
        return Uses([], False)
    actor = identity.require()
    counts = []
    for resource, where in kinds.items():
        model: Any = registry[resource]
        seen: sa.ColumnElement[bool] = sa.false()
        if any(actor.may(f"can_{name}", model.permission_key()) for name in ("list", "show")):
            may = scope.condition(model, actor)
            seen = sa.true() if may is None else may
        visible = sa.func.coalesce(sa.func.sum(sa.case((seen, 1), else_=0)), 0)
        count = sa.select(sa.literal(resource).label("name"), sa.func.count().label("n"), visible.label("seen"))
        counts.append(count.select_from(model.__table__).where(where))
    for table, where in others:
        count = sa.select(sa.literal("").label("name"), sa.func.count().label("n"), sa.literal(0).label("seen"))
        counts.append(count.select_from(table).where(where))
    found = db.session.connection().execute(sa.union_all(*counts)).all()
    uses = [_use(registry[name], kinds[name], int(seen)) for name, _count, seen in found if seen]
    return Uses(uses, any(count > seen for _name, count, seen in found))


def _use(model: Any, where: Any, count: int) -> Use:
    rows = db.session.scalars(sa.select(model).where(where).order_by(model.id).limit(NAMED)).unique()
    return Use(model, count, list(rows))


def _where(row: Any) -> tuple[dict[str, Any], list[tuple[sa.Table, Any]]]:
    """What finds the rows that refer to ``row``: by resource, and of tables that belong to no entity."""
    by_table = {model.__table__: resource for resource, model in registry.items()}
    found: dict[str, list[Any]] = {}
    others: list[tuple[sa.Table, Any]] = []
    for column, key in pointing_at(type(row).__table__):
        if key.ondelete in ("CASCADE", "SET NULL"):
            continue
        table: Any = column.table
        if table in by_table:
            found.setdefault(by_table[table], []).append(column == row.id)
        elif (owner := _owner(table, column, by_table)) is not None:
            # A line, or a choice of several: what refers to the row is what that is part of.
            resource, link = owner
            ids = sa.select(link).where(column == row.id)
            found.setdefault(resource, []).append(registry[resource].__table__.c.id.in_(ids))
        else:
            others.append((table, column == row.id))
    for model, linked in custom.links_to(type(row)):
        found.setdefault(model.resource, []).append(linked == row.id)
    for resource, where in _hanging(row):
        found.setdefault(resource, []).append(where)
    return {resource: sa.or_(*each) for resource, each in found.items()}, others


def _owner(table: sa.Table, column: sa.Column[Any], by_table: dict[Any, str]) -> tuple[str, sa.Column[Any]] | None:
    """The entity whose rows those of ``table`` go with, and the column that says with which."""
    for each in table.c:
        for key in each.foreign_keys:
            if each is not column and key.ondelete == "CASCADE" and key.column.table in by_table:
                return by_table[key.column.table], each
    return None


def _hanging(row: Any) -> Iterator[tuple[str, Any]]:
    """What hangs on ``row`` by its name."""
    for model in filter(filing.hangs, registry.values()):
        hung: Any = model.__table__
        yield (
            model.resource,
            sa.and_(hung.c.record_resource == type(row).resource, hung.c.record_id == row.id),
        )


def _called(model: type[Any], count: int) -> str:
    return str(model.label if count == 1 else model.labels).lower()
