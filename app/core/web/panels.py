"""What a record's page shows besides its facts and tabs: panels that domains declare, each a template of plain data.

``@panel("opportunities")`` on a function of the row: what it returns stands above the tabs.  An upper layer may add one to
a lower layer's entity.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Panel:
    """A part of a record's page: ``template`` shows ``about``, plain data, under ``title``."""

    id: str
    title: str
    template: str
    about: Any


Maker = Callable[[Any], Panel | None]
_panels: dict[str, list[Maker]] = {}


def panel(resource: str) -> Callable[[Maker], Maker]:
    """Add what the function makes of a row (None: nothing) to the page of every row of ``resource``."""

    def register(maker: Maker) -> Maker:
        _panels.setdefault(resource, []).append(maker)
        return maker

    return register


def of(row: Any) -> list[Panel]:
    """The panels of ``row``, in the order in which they were declared."""
    made = (maker(row) for maker in _panels.get(type(row).resource, ()))
    return [each for each in made if each is not None]
