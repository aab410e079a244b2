"""What a row says is its owner's to change, where its entity says so (``own_words = True``): who may write such rows
besides, as a superior or by a share, takes their steps, gives them away and tags them, and changes no word.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from app.core import identity
from app.core.errors import NotPermitted
from app.core.fields import fields_of
from app.core.i18n import gettext as _

NO_WORDS = ("owner", "tags")  # fields that others may set


def are_mine(row: Any) -> bool:
    """Whether what ``row`` says is the actor's to change: its owner's, and administrators'."""
    actor = identity.require()
    return not getattr(type(row), "own_words", False) or actor.unlimited or row.owner_id == actor.user_id


def may_edit(row: Any) -> bool:
    """Whether there is anything that the actor, who may write ``row``, changes in a form of it."""
    return are_mine(row) or identity.require().may(identity.ASSIGN, type(row).domain())


def require(
    row: Any, values: Mapping[str, Any], lines: Iterable[tuple[int | None, Mapping[str, Any]]] | None = None
) -> None:
    """Raises NotPermitted where ``values`` (by attribute) and ``lines`` (id and values of each) change somebody else's
    words.
    """
    if are_mine(row):
        return
    known = fields_of(type(row))
    free = {known[name].attribute for name in NO_WORDS if name in known}
    if _differ(row, {name: value for name, value in values.items() if name not in free}):
        _refuse(row)
    if lines is None:
        return
    now, given = {line.id: line for line in row.lines}, list(lines)
    if [key for key, _values in given] != list(now) or any(_differ(now[key], said) for key, said in given):
        _refuse(row)


def require_delete(row: Any) -> None:
    """Raises NotPermitted where ``row`` says somebody else's words."""
    if not are_mine(row):
        _refuse(row)


def _differ(row: Any, values: Mapping[str, Any]) -> bool:
    return any(getattr(row, name) != value for name, value in values.items())


def _refuse(row: Any) -> None:
    raise NotPermitted(
        _("These are the words of %(who)s, who alone changes them. Say yours in guidance or a comment.", who=row.owner)
    )
