"""Writing many rows at once without losing all for one: a batch that is refused is halved until the culprit stands
alone.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

from sqlalchemy.exc import DataError, IntegrityError

from app.core import crud, db
from app.core.errors import BusinessError

Item = TypeVar("Item")


def write(
    items: Sequence[Item], write_all: Callable[[Sequence[Item]], None], refuse: Callable[[Item, BusinessError], None]
) -> None:
    """Call ``write_all`` for ``items`` inside a savepoint; when a rule or the database refuses, for each half in turn,
    and so on down to the items that are refused by themselves, which go to ``refuse``.

    ``write_all`` must leave nothing behind but what the savepoint takes back.
    """
    if not items:
        return
    try:
        with db.session.begin_nested():
            write_all(items)
    except (BusinessError, IntegrityError, DataError) as error:
        if len(items) > 1:
            middle = len(items) // 2
            write(items[:middle], write_all, refuse)
            write(items[middle:], write_all, refuse)
            return
        refuse(items[0], error if isinstance(error, BusinessError) else crud.in_words(error))
