"""What every page or row of the console goes through is the same test many times over.  The widest of them are marked
`sweep`: `make test` leaves them to `make test-all`, which continuous integration runs, and goes through one entity of each kind.
"""

from collections.abc import Callable, Iterable
from typing import Any

import pytest

from app.core.document import line_model
from app.views import CONSOLE


def one_of_each_kind() -> list[str]:
    """The resources of the first entity of each section, and of the first with each set of pages."""
    found, seen = [], set()
    for section in CONSOLE:
        for place, view in enumerate(section.views):
            pages = frozenset(view.operations()) & {"add", "edit", "import", "cancel"}
            kind = pages, view.board is not None, line_model(view.model) is not None, view.model.workflow is not None
            if place == 0 or kind not in seen:
                found.append(view.model.resource)
            seen.add(kind)
    return found


def swept(values: Iterable[Any], resource: Callable[[Any], str] = str) -> list[Any]:
    """``values`` as parameters of a test, those of entities of whose kind another is tried as well marked `sweep`."""
    some = set(one_of_each_kind())
    return [value if resource(value) in some else pytest.param(value, marks=pytest.mark.sweep) for value in values]
