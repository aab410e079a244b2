"""How imports and kept mappings are shown."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from app.core import identity
from app.core.entity import entity_for
from app.core.exchange import runs
from app.core.exchange.models import ImportMapping, ImportRun
from app.core.exchange.undo import undo
from app.core.i18n import gettext as _
from app.core.i18n import lazy_gettext as _l
from app.core.web import importing
from app.core.web.view import Done, EntityView, RecordAction, RecordLink


def take_back(run: ImportRun, _data: Mapping[str, Any]) -> Done:
    """Undo the import and say what could not be taken back."""
    outcome = undo(run)
    message = _("%(deleted)s removed, %(restored)s set back.", deleted=outcome.deleted, restored=outcome.restored)
    if outcome.reversed:
        message += " " + _("%(reversed)s posted documents were reversed.", reversed=outcome.reversed)
    return Done(run, f"{message} {outcome.words}".rstrip(), outcome.as_json())


def may_undo(run: ImportRun) -> bool:
    """Whether ``run`` wrote something that can be taken back."""
    return (
        bool(run.created + run.updated)
        and not run.undone
        and not runs.is_alive(run)
        and entity_for(run.target) is not None
    )


def may_import(run: ImportRun) -> bool:
    """Whether the actor may import what ``run`` did."""
    model = entity_for(run.target)
    return model is not None and identity.require().may("can_import", model.permission_key())


class ImportRunView(EntityView, model=ImportRun):
    icon = "upload"
    columns = (
        "what",
        "kind",
        "resource",
        "state",
        "rows",
        "created",
        "updated",
        "skipped",
        "failed",
        "created_by",
        "created_on",
    )
    fieldsets = (
        ("", ("kind", "file", "resource", "state", "created_by", "created_on")),
        (
            _l("What came of it"),
            ("rows", "total", "created", "updated", "skipped", "failed", "reached", "error", "undone"),
        ),
        (_l("How"), ("on_match", "on_error", "worker")),
    )
    actions = (
        RecordAction(
            "undo",
            _l("Undo"),
            take_back,
            confirm=_l("What it added is removed, what it changed is set back. What was changed or used since stays."),
            tone="danger",
            shown=may_undo,
        ),
    )
    links = (
        RecordLink(_l("Progress and result"), lambda run: f"/{run.target}/import/run/{run.id}", shown=may_import),
        RecordLink(
            _l("Refused rows"),
            lambda run: f"/{run.target}/import/errors/{run.id}",
            shown=lambda run: bool(run.failed) and importing.has_error_file(run.id),
        ),
    )
    help = _l("Every import and every change of many rows at once: what it added and changed, and what was refused.")
    empty = _l("Nothing was imported yet. Every list has an Import button.")


class ImportMappingView(EntityView, model=ImportMapping):
    icon = "upload"
    columns = ("name", "resource", "owner", "shared", "changed_on")
    fieldsets = (("", ("name", "resource", "owner", "shared")), (_l("Columns"), ("pairs", "besides")))
    help = _l("Which column of a file goes into which field, kept for the next file of the same kind.")
    empty = _l("When you import a file, you can keep how its columns are read under a name.")
    addable = importable = False
