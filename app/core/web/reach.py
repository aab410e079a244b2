"""How a page or an API call comes to a row: who is asking, may they see it, may they do this, in the order of the web
contract.
"""

from __future__ import annotations

from typing import Any

from app.core import crud, identity
from app.core.document import possible
from app.core.errors import BusinessError, NotPermitted
from app.core.i18n import gettext as _
from app.core.web.view import EntityView, RecordAction


class NotLoggedIn(BusinessError):
    """Nobody is logged in: pages send to the log-in, the API answers 401."""

    status = 401

    def __init__(self) -> None:
        super().__init__(_("Please log in."))


def enter(view: type[EntityView], operation: str) -> identity.Actor:
    """Who asks, if they may do ``operation`` with the entity as such.  Raises NotLoggedIn, NotPermitted."""
    actor = identity.current()
    if actor is None:
        raise NotLoggedIn()
    crud.require(f"can_{operation.replace('-', '_')}", view.model)
    return actor


def approach(view: type[EntityView]) -> identity.Actor:
    """Who asks, if they may do anything at all with the entity: what a foreign id must not be told from a missing one
    before.

    Raises NotLoggedIn, NotPermitted.
    """
    actor = identity.current()
    if actor is None:
        raise NotLoggedIn()
    key = view.model.permission_key()
    if not any(actor.may(f"can_{name.replace('-', '_')}", key) for name in view.operations()):
        raise NotPermitted()
    return actor


def row(view: type[EntityView], pk: int, operation: str, *, lock: bool = False, options: tuple[Any, ...] = ()) -> Any:
    """The row, if the actor sees it (404) and may do ``operation`` with it (403)."""
    approach(view)
    found = crud.fetch(view.model, pk, lock=lock, options=options)
    crud.require(f"can_{operation.replace('-', '_')}", view.model)
    return found


def may(view: type[EntityView], operation: str) -> bool:
    """Whether the actor may do ``operation`` and the entity knows it."""
    actor = identity.current()
    return (
        actor is not None
        and operation in view.operations()
        and actor.may(f"can_{operation.replace('-', '_')}", view.model.permission_key())
    )


def steps_for(view: type[EntityView], found: Any, writable: bool) -> list[Any]:
    """The transitions that the actor may take from where ``found`` is."""
    if view.model.workflow is None or not writable:
        return []
    return possible(found)


def actions_for(view: type[EntityView], found: Any) -> list[RecordAction]:
    """The actions that make sense for ``found`` and that the actor may do."""
    actor = identity.require()
    key = view.model.permission_key()
    return [
        action
        for action in view.actions
        if actor.may(action.permission, key) and (action.shown is None or action.shown(found))
    ]
