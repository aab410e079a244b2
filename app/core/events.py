"""What happens to records, told to whoever listens: web hooks, automations, whatever a later layer makes of it.

Each change that the audit trail keeps is one event, raised where the trail is written: within the transaction, once the
record is written.  A listener that must not be lost writes a row of its own (as the outbox does) and acts on it later; one
that raises undoes the change.  Slow calls have no place in one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa


@dataclass(frozen=True)
class RecordEvent:
    """One change of one record.

    ``record`` names it («customers/12»); ``deed`` is create, update or delete, or the transition or action that was taken
    (submit, post, import, undo); ``changes`` maps an attribute to [before, after], as the audit trail keeps them (never a
    secret); ``at`` is UTC; ``user_id`` None when Kehu itself acted.
    """

    record: str
    deed: str
    at: datetime
    user_id: int | None
    changes: Mapping[str, Any]
    comment: str = ""

    @property
    def resource(self) -> str:
        """The record's resource: «customers»."""
        return self.record.partition("/")[0]

    @property
    def name(self) -> str:
        """What happened: «customers.update», «weekly-plans.submit»."""
        return f"{self.resource}.{self.deed}"


Listener = Callable[[sa.Connection, Sequence[RecordEvent]], None]

_listeners: dict[str, Listener] = {}
_patient: set[str] = set()
_waiting: ContextVar[list[tuple[sa.Connection, Sequence[RecordEvent]]] | None] = ContextVar("waiting", default=None)


def on_records(listener: Listener) -> Listener:
    """Register ``listener(connection, events)``: the changes of one flush, in their order, within its transaction."""
    _listeners[f"{listener.__module__}.{listener.__qualname__}"] = listener
    return listener


def on_deeds(listener: Listener) -> Listener:
    """``on_records`` for who tells people: of what is done ``together`` it hears at the end, all at once.  By then some of
    it may have been rolled back: what counts is how the rows stand.
    """
    _patient.add(f"{listener.__module__}.{listener.__qualname__}")
    return on_records(listener)


@contextmanager
def together() -> Iterator[None]:
    """Let what is done to many rows within the block be one deed for those who listen ``on_deeds``."""
    if _waiting.get() is not None:
        yield  # a part of another
        return
    kept: list[tuple[sa.Connection, Sequence[RecordEvent]]] = []
    token = _waiting.set(kept)
    try:
        yield
    finally:
        _waiting.reset(token)
    if kept:
        connection, every = kept[-1][0], [each for _connection, part in kept for each in part]
        for name in _patient & set(_listeners):
            _listeners[name](connection, every)


def forget(listener: Listener) -> None:
    """Take ``listener`` off again."""
    _listeners.pop(f"{listener.__module__}.{listener.__qualname__}", None)


def is_heard() -> bool:
    """Whether anybody listens at all."""
    return bool(_listeners)


def tell(connection: sa.Connection, events: Sequence[RecordEvent]) -> None:
    """Tell the listeners, in the order in which they registered, if there is anything to tell."""
    waiting = _waiting.get()
    if events and waiting is not None and _patient:
        waiting.append((connection, events))
    for name, listener in list(_listeners.items()) if events else ():
        if waiting is None or name not in _patient:
            listener(connection, events)
