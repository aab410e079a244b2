"""Who is acting, and what they may do: a context variable, so that pages, jobs, imports and tests all act as somebody."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any

from app.core.errors import NotPermitted

# Grants widen what a permission reaches, for a whole domain.  They are kept as Flask-AppBuilder permissions on the
# domain's name.
SEE_ALL = "can_see_all"  # every row, not only one's own
CHANGE_ALL = "can_change_all"  # write every row
SEE_COST = "can_see_cost"  # what things cost us
SEE_DETAILS = "can_see_details"  # more than names and addresses
ASSIGN = "can_assign"  # give a row to another owner
GRANTS = {
    SEE_ALL: "every row, not only one's own",
    CHANGE_ALL: "write every row",
    SEE_COST: "what things cost",
    SEE_DETAILS: "more than names and addresses",
    ASSIGN: "give a row to another owner",
}


@dataclass(frozen=True)
class Actor:
    """Somebody who acts.  ``permissions`` are (permission, resource or domain) pairs; a system actor may do everything."""

    user_id: int | None
    name: str
    roles: frozenset[str] = frozenset()
    permissions: frozenset[tuple[str, str]] = frozenset()
    is_system: bool = False
    is_admin: bool = False
    locale: str = ""
    time_zone: str = ""  # IANA; empty for the company's
    unread: int = 0  # notices
    cache: dict[str, Any] = field(default_factory=dict, compare=False, hash=False, repr=False)

    @property
    def unlimited(self) -> bool:
        """Whether permissions and scope do not apply."""
        return self.is_system or self.is_admin

    def may(self, permission: str, key: str) -> bool:
        """Whether the actor holds ``permission`` («can_edit») on ``key`` (an entity's class name) or the grant on a
        domain.
        """
        return self.unlimited or (permission, key) in self.permissions


SYSTEM_NAME = "Kehu"
PREVIEW = "preview"  # what a browser's session keeps: the id of the user whose view an administrator looks at
_actor: ContextVar[Actor | None] = ContextVar("actor", default=None)
_deed: ContextVar[tuple[str, str]] = ContextVar("deed", default=("", ""))
_moving: ContextVar[bool] = ContextVar("moving", default=False)
_pointing: ContextVar[frozenset[tuple[type[Any], int]]] = ContextVar("pointing", default=frozenset())


def current() -> Actor | None:
    """Who acts now, or None."""
    return _actor.get()


def require() -> Actor:
    """Who acts now.  Raises NotPermitted when nobody does."""
    actor = _actor.get()
    if actor is None:
        raise NotPermitted()
    return actor


def user_id() -> int | None:
    """The acting user's id; None for nobody and for the system."""
    actor = _actor.get()
    return actor.user_id if actor else None


def set_current(actor: Actor | None) -> None:
    """Make ``actor`` act from now on in this context: for the edge of a request alone."""
    _actor.set(actor)


@contextmanager
def acting_as(actor: Actor | None) -> Iterator[None]:
    """Let ``actor`` act within the block."""
    token = _actor.set(actor)
    try:
        yield
    finally:
        _actor.reset(token)


def system() -> Actor:
    """Kehu itself: jobs and set-up act as it."""
    return Actor(user_id=None, name=SYSTEM_NAME, is_system=True)


@contextmanager
def doing(action: str, comment: str = "") -> Iterator[None]:
    """Name what is done within the block («approve», «import»), for the audit trail."""
    token = _deed.set((action, comment))
    try:
        yield
    finally:
        _deed.reset(token)


def deed() -> tuple[str, str]:
    """The named action and comment, or two empty texts."""
    return _deed.get()


@contextmanager
def moving_ownership() -> Iterator[None]:
    """Within the block a row may leave the actor's scope: for giving it away alone."""
    token = _moving.set(True)
    try:
        yield
    finally:
        _moving.reset(token)


def may_move_ownership() -> bool:
    """Whether rows may leave the actor's scope now."""
    return _moving.get()


@contextmanager
def pointing_at(model: type[Any], pk: int | None) -> Iterator[None]:
    """Within the block rows may point at the row ``pk`` of ``model`` (None for none) though the actor does not see it:
    where they carry on what the actor has, which points there already.
    """
    also = {(model, pk)} if pk is not None else set()
    token = _pointing.set(_pointing.get() | also)
    try:
        yield
    finally:
        _pointing.reset(token)


def may_point_at() -> frozenset[tuple[type[Any], int]]:
    """The rows (model, id) that may be pointed at now, seen or not."""
    return _pointing.get()
