"""Giving many rows to another owner at once: a few statements however many they are, stamped, told in the history, and
kept so that a run can take it back.

Whoever gives checks what is theirs to give (``find``, ``require_command``), gives (``give``) and keeps what came of it
with ``exchange.keeping``.  Rows that ``give`` changed are read anew by whoever holds them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from app.core import audit, clock, db, identity, scope
from app.core.errors import Conflict, NotPermitted, NotVisible
from app.core.exchange.keeping import Wrote, given
from app.core.i18n import gettext as _

AT_ONCE = 1000  # ids in one statement
NAMED = 5  # rows that a refusal names; the rest is counted
CALLED = ("number", "code", "name", "subject")  # columns that a row is called by


@dataclass(frozen=True)
class Owned:
    """A row that has an owner, or none, as it stands now."""

    id: int
    owner_id: int | None
    version: int
    label: str


def find(model: type[Any], ids: Iterable[int]) -> list[Owned]:
    """The rows ``ids`` of ``model``, kept from other writers, in the order of their ids.

    A row that the actor sees when it is asked for, and that somebody else takes while we wait for it, is told as it
    has become.  Raises NotVisible when one of them is not the actor's to see.
    """
    wanted, actor, connection = sorted(set(ids)), identity.require(), db.session.connection()
    found = []
    for part in parts(wanted):
        if len(scope.visible_ids(connection, model, part, actor)) < len(part):
            raise NotVisible()
        found += locked(model, model.__table__.c.id.in_(part))
    return found


def require_command(model: type[Any], rows: Sequence[Owned], *, unowned: bool = False) -> None:
    """Raises NotPermitted unless every row is the actor's own or of those whom the actor leads (or all are, by a grant):
    what is shared for writing is not thereby theirs to give away.  ``unowned`` rows pass, if that is said.
    """
    actor, connection, table = identity.require(), db.session.connection(), model.__table__
    if actor.unlimited:
        return
    ways = {name: way for name, way in model.scope.ways(model, table.c, actor, True).items() if name != "shared"}
    if any(way is None for way in ways.values()):
        return
    allowed = sa.or_(sa.false(), *(way for way in ways.values() if way is not None))
    mine: set[int] = set()
    for part in parts([row.id for row in rows]):
        mine.update(connection.execute(sa.select(table.c.id).where(table.c.id.in_(part), allowed)).scalars())
    refuse(
        (row for row in rows if row.id not in mine and not (unowned and row.owner_id is None)),
        lambda row: _("%(what)s is not yours, nor of somebody you lead.", what=row.label),
        NotPermitted,
    )


def refuse(rows: Iterable[Owned], why: Callable[[Owned], str], error: Callable[[str], Exception] = Conflict) -> None:
    """Raises ``error`` when there are ``rows``, saying ``why`` of each of the first few, and how many more there are."""
    refused = list(rows)
    if not refused:
        return
    said = [why(row) for row in refused[:NAMED]]
    if len(refused) > NAMED:
        said.append(_("And %(count)s more.", count=len(refused) - NAMED))
    raise error(" ".join(said))


def give(model: type[Any], rows: Sequence[Owned], to: int | None, action: str, comment: str = "") -> list[Wrote]:
    """Make ``to`` (a user's id, None for nobody) the owner of ``rows``; what a run keeps of it.

    ``action`` and ``comment`` stand in each row's history.  Who may do so was asked before: rows may leave the actor's
    scope.
    """
    attribute = owner_of(model)
    table, connection = model.__table__, db.session.connection()
    db.session.flush()
    moving = [row for row in rows if row.owner_id != to]
    for part in parts([row.id for row in moving]):
        values = {
            attribute: to,
            "version": table.c.version + 1,
            "changed_on": clock.now(),
            "changed_by_id": identity.user_id(),
        }
        connection.execute(sa.update(table).where(table.c.id.in_(part)).values(values))
    if model.audited:
        audit.note_all(
            connection,
            [(f"{model.resource}/{row.id}", action, {attribute: [row.owner_id, to]}) for row in moving],
            comment,
        )
    db.session().expire_all()
    return [given(model.resource, row.id, row.version + 1, attribute, row.owner_id, to) for row in moving]


Giver = Callable[[Sequence[Owned], int | None, str, str], list[Wrote]]
givers: dict[type[Any], Giver] = {}
"""What gives rows of a model where more comes of it than another owner: ``give(rows, to, action, comment)``."""


def hand(model: type[Any], rows: Sequence[Owned], to: int | None, action: str, comment: str = "") -> list[Wrote]:
    """``give``, in the model's own way if it has one."""
    giver = givers.get(model)
    return give(model, rows, to, action, comment) if giver is None else giver(rows, to, action, comment)


def locked(model: type[Any], where: sa.ColumnElement[bool]) -> list[Owned]:
    """The rows that ``where`` finds (of the model's table), whoever may see them, kept from other writers, in the order of
    their ids.
    """
    table = model.__table__
    called = [table.c[name] for name in CALLED if name in table.c]
    columns = (table.c.id, table.c[owner_of(model)], table.c.version, *called)
    statement = sa.select(*columns).where(where).order_by(table.c.id).with_for_update()
    return [
        Owned(pk, owner_id, version, " ".join(str(name) for name in names if name) or f"#{pk}")
        for pk, owner_id, version, *names in db.session.connection().execute(statement)
    ]


def owner_of(model: type[Any]) -> str:
    """The attribute (and column) that holds whose a row is."""
    return str(getattr(model.scope, "owner", "owner_id"))


def parts(ids: Sequence[int]) -> Iterator[Sequence[int]]:
    """``ids`` in parts that one statement takes."""
    for start in range(0, len(ids), AT_ONCE):
        yield ids[start : start + AT_ONCE]
