"""The kinds of deeds that are kept as runs, so that they can be undone: imports and bulk edits, and what a domain adds of
its own.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from app.core.entity import registry
from app.core.fields import fields_of
from app.core.i18n import gettext as _
from app.core.i18n import lazy_gettext as _l


@dataclass(frozen=True)
class RunKind:
    """A kind of runs.

    ``told`` makes of a run what people read as its name (its ``file`` holds what the deed said of itself).  Undoing
    one's own takes the permission ``own`` on the run's kind of rows, somebody else's ``others`` besides.  Where a deed
    ``gives_away`` rows, whoever may undo it gets them back although they are no longer theirs to write.  Where it is
    ``whole``, nothing is undone unless everything that it removed can come back.  ``guard`` raises what else is in the way
    of undoing: it is asked with the run, and whose each row was that it gave away, by id.
    """

    name: str
    label: Any
    told: Callable[[Any], str] = lambda run: str(run.file)
    own: str = "can_edit"
    others: str = ""
    gives_away: bool = False
    whole: bool = False
    guard: Callable[[Any, Mapping[int, int | None]], None] | None = None


KINDS: dict[str, RunKind] = {}
LABELS: dict[str, Any] = {}
"""What each kind is called: the choices of a run's field."""


def add_kind(kind: RunKind) -> RunKind:
    """Let deeds of ``kind`` be kept: for the module that does them."""
    KINDS[kind.name] = kind
    LABELS[kind.name] = kind.label
    return kind


def kind_of(run: Any) -> RunKind:
    """The kind of ``run``."""
    return KINDS.get(run.kind) or RunKind(run.kind, run.kind)


def _fields(run: Any) -> str:
    """The fields that ``run`` changed, as people call them."""
    model = registry.get(run.target)
    known = fields_of(model) if model is not None else {}
    return ", ".join(str(known[name].label) if name in known else name for name in run.file.split(", "))


IMPORT = add_kind(RunKind("import", _l("Import"), own="can_import", others="can_delete"))
EDIT = add_kind(RunKind("edit", _l("Bulk edit"), lambda run: _("Bulk edit: %(fields)s", fields=_fields(run))))
CHOICE = add_kind(
    RunKind("choice", _l("Choice renamed"), lambda run: _("Choice renamed: %(field)s", field=_fields(run)))
)
