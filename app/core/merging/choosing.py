"""Which values the row holds that two become: a choice for each field in which they differ, with the better one chosen
already.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from app.core import identity
from app.core.errors import Invalid
from app.core.fields import Field, readable, writable
from app.core.i18n import gettext as _

SIDES = ("this", "other", "both")
SEVERAL = ("relations", "tags")  # they unite
OPAQUE = ("images", "json", "password")  # what can't be chosen between: that of the row that stays


@dataclass(frozen=True)
class Choice:
    """A field in which two rows differ: what each holds, and which side is the better one."""

    field: Field
    this: Any
    other: Any
    better: str
    sides: tuple[str, ...] = ("this", "other")


def choices(row: Any, other: Any) -> list[Choice]:
    """The fields that exist for the actor in which the rows differ."""
    known, found = writable(type(row)), []
    for name, each in readable(type(row)).items():
        if name not in known or each.kind in SEVERAL or each.kind in OPAQUE:
            continue
        this, that = getattr(row, each.attribute), getattr(other, each.attribute)
        if this == that:
            continue
        sides = SIDES if each.kind == "longtext" and this and that else SIDES[:2]
        found.append(Choice(each, each.value(row), each.value(other), better(each, this, that), sides))
    return found


def better(of: Field, this: Any, other: Any) -> str:
    """Which value is kept unless somebody says: what is there rather than nothing, of long texts both, else this one's."""
    if this in (None, "") and other not in (None, ""):
        return "other"
    return "both" if of.kind == "longtext" and this and other else "this"


def values(row: Any, other: Any, take: dict[str, Any]) -> dict[str, Any]:
    """What ``row`` is to hold besides what it holds, by attribute.  Raises Invalid."""
    known = {each.field.name: each for each in choices(row, other)}
    all_fields = readable(type(row))
    errors: dict[str, list[str]] = {}
    for name, side in take.items():
        sides = known[name].sides if name in known else SIDES
        if name not in all_fields:
            errors[name] = [_("There is no such field here.")]
        elif side not in sides:
            errors[name] = [_("Say “this” or “other”.")]
    if errors:
        raise Invalid(errors)
    values: dict[str, Any] = {}
    for name, each in known.items():
        side, attribute = take.get(name, each.better), each.field.attribute
        this, that = getattr(row, attribute), getattr(other, attribute)
        if side == "other":
            values[attribute] = that
        elif side == "both":
            values[attribute] = f"{this}\n\n{that}"
    # What does not exist for the actor must not be lost either.
    for name, hidden in writable(type(row), identity.system()).items():
        if name in all_fields or hidden.kind in SEVERAL or hidden.kind in OPAQUE:
            continue
        this, that = getattr(row, hidden.attribute), getattr(other, hidden.attribute)
        if this in (None, "") and that not in (None, ""):
            values[hidden.attribute] = that
    return values
