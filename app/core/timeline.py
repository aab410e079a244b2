"""Everything that happened around a record, newest first: what upper layers tell of it, merged.

``@tells("customers")`` on a function that gives the latest happenings of a row before a moment; ``related`` declares the
plain case, rows that point at it.  Everything is read within the scope: a timeline names nothing that its reader does not
see.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import joinedload

from app.core import clock, db, identity, remarks
from app.core.entity import record_name

PAGE = 30  # happenings at once
COMMENTS = 100  # of a record that are looked through


@dataclass(frozen=True)
class Happening:
    """Something that happened: when (UTC), who did it, what in a few words, its text, and the record that tells more."""

    at: datetime
    who: str
    what: str
    text: str = ""
    record: str = ""
    icon: str = "clock"


Teller = Callable[[Any, datetime, int], Iterable[Happening]]
_tellers: dict[str, list[Teller]] = {}


def tells(resource: str) -> Callable[[Teller], Teller]:
    """Register what gives the latest happenings of a row of ``resource`` before a moment, at most so many."""

    def register(teller: Teller) -> Teller:
        _tellers.setdefault(resource, []).append(teller)
        return teller

    return register


def related(
    resource: str,
    model: type[Any],
    key: Any,
    what: Callable[[Any], str],
    *,
    at: Any = None,
    who: str = "created_by",
    text: Callable[[Any], str] = lambda _row: "",
    icon: str = "clock",
    where: Any = None,
    along: tuple[str, ...] = (),
) -> None:
    """Tell of each row of ``model`` whose column ``key`` points at the record (and which is as ``where`` says): when (the
    column ``at``, or when it was made), who (a relation), and ``what`` it says, for which the relations ``along`` are
    read.  For who may list such rows; one statement.
    """
    when = at if at is not None else model.created_on

    @tells(resource)
    def rows(row: Any, before: datetime, most: int) -> Iterable[Happening]:
        if not identity.require().may("can_list", model.permission_key()):
            return
        mine = sa.select(model).where(key == row.id, when < before).order_by(when.desc()).limit(most)
        if where is not None:
            mine = mine.where(where)
        loaded = [joinedload(getattr(model, name)) for name in (who, *along)]
        for each in db.session.scalars(mine.options(*loaded)).unique():
            person = getattr(each, who)
            told = str(person) if person is not None else identity.SYSTEM_NAME
            yield Happening(getattr(each, when.key), told, what(each), text(each), record_name(each), icon)


def has(resource: str) -> bool:
    """Whether anybody tells of rows of ``resource``."""
    return resource in _tellers


def of(row: Any, before: datetime | None = None, most: int = PAGE) -> tuple[list[Happening], bool]:
    """What happened around ``row``, which the actor sees, before a moment (now), newest first, and if there is more."""
    until = before or clock.now()
    found = [each for teller in _tellers.get(type(row).resource, ()) for each in teller(row, until, most + 1)]
    found += _comments(row, until)
    if getattr(row, "created_on", None) is not None and row.created_on < until:
        who = str(row.created_by) if row.created_by is not None else identity.SYSTEM_NAME
        found.append(Happening(row.created_on, who, str(type(row).label), record=record_name(row), icon="plus"))
    found.sort(key=lambda each: each.at, reverse=True)
    return found[:most], len(found) > most


def _comments(row: Any, before: datetime) -> list[Happening]:
    from app.core.i18n import gettext as _

    said, _count = remarks.of(row, most=COMMENTS)
    return [
        Happening(each.at, each.author, _("Comment"), remarks.shortened(each.text), icon="pencil")
        for each in said
        if each.at < before
    ]
