"""Doing the same to many rows, each by itself: what is refused for one hinders no other, and each says what came of it.

``each(ids, model, action)`` runs ``action(row)`` on every row in a savepoint of its own, within the caller's one
transaction: pages, API and imports commit at their edge as ever, so a request with an Idempotency-Key still takes
effect once.  What an action is and whether the actor may do it is the action's own matter (``crud.update``,
``document.take`` and their like check it); a row that is not there and one that is not the actor's to see come out
alike.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sized
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError, OperationalError

from app.core import crud, db
from app.core.errors import BusinessError, Busy, Invalid
from app.core.i18n import gettext as _

MOST = 1000  # rows of one call, and of all that match on a list
TRIES = 3  # of a row that others and we hold from each other
LARGEST = 2**31 - 1  # an id


@dataclass(frozen=True)
class Outcome:
    """What came of one row: ``error`` is why it was refused, None when it was done.

    ``result`` is what the action returned.  Rows are read anew after the last one (see ``rows``): one that was refused
    rolls its savepoint back, and what the session held of others is old then.
    """

    id: int
    error: BusinessError | None = None
    result: Any = None

    @property
    def ok(self) -> bool:
        """Whether it was done."""
        return self.error is None

    @property
    def status(self) -> int:
        """200, or the status of the refusal, as the same thing done to this row alone would have answered."""
        return 200 if self.error is None else self.error.status


def each(
    ids: Iterable[int], model: type[Any], action: Callable[[Any], Any], *, options: tuple[Any, ...] = ()
) -> list[Outcome]:
    """Do ``action(row)`` to every row of ``model`` in ``ids``; what came of each, in the order of ``ids``, each once.

    A row is fetched within the scope and locked (with the loader ``options``), changed and flushed in a savepoint;
    rows are taken in the order of their ids, so that two who choose the same rows take turns.  Refusals
    (``BusinessError``, and the constraints of the database) are kept in the outcome; anything else is raised and ends
    the whole.  Raises Invalid for more than ``MOST`` ids.  Nothing is committed.
    """
    wanted = list(dict.fromkeys(ids))
    require_few(wanted)
    done = {pk: _one(pk, model, action, options) for pk in sorted(wanted)}
    return [done[pk] for pk in wanted]


def read_ids(raw: Any) -> list[int]:
    """The ids that a body or a form names (numbers, or texts of digits), each once.

    Raises Invalid under «ids» for anything else, for none, and for more than ``MOST``.
    """
    if not isinstance(raw, list) or not raw:
        raise Invalid({"ids": [_("Choose at least one row.")]})
    found: dict[int, None] = {}
    for one in raw:
        text = str(one) if isinstance(one, int | str) and not isinstance(one, bool) else ""
        if not (text.isascii() and text.isdecimal()) or not 0 < len(text) < 11:
            raise Invalid({"ids": [_("Each must be the number of a row.")]})
        found[min(int(text), LARGEST + 1)] = None  # one beyond every number names no row
    require_few(found)
    return list(found)


def require_few(ids: Sized, most: int = MOST) -> None:
    """Raises Invalid when ``ids`` are more than are done at once."""
    if len(ids) > most:
        raise Invalid({"ids": [_("At most %(count)s rows at once.", count=most)]})


def rows(outcomes: Iterable[Outcome], model: type[Any], *, options: tuple[Any, ...] = ()) -> dict[int, Any]:
    """The rows of ``outcomes`` by id as they now stand, done or refused, as far as the actor sees them.  A statement."""
    statement = sa.select(model).where(model.id.in_([outcome.id for outcome in outcomes if outcome.id <= LARGEST]))
    statement = statement.options(*options).execution_options(populate_existing=True)
    return {row.id: row for row in db.session.scalars(statement).unique()}


def _one(pk: int, model: type[Any], action: Callable[[Any], Any], options: tuple[Any, ...]) -> Outcome:
    for left in reversed(range(TRIES)):
        try:
            with db.session.begin_nested():
                result = action(crud.fetch(model, pk, lock=True, options=options))
                db.session.flush()
            return Outcome(pk, result=result)
        except BusinessError as error:
            return Outcome(pk, error)
        except IntegrityError as error:
            return Outcome(pk, crud.in_words(error))
        except OperationalError as error:
            # PostgreSQL breaks a deadlock by refusing a statement; the savepoint let go of what this row had locked.
            if "deadlock" not in str(error):
                raise
            if not left:
                return Outcome(pk, Busy())
    raise AssertionError("unreachable")
