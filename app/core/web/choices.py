"""How the company's choices are shown and kept in order."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from app.core import choice_keeping
from app.core.choices import Choice
from app.core.errors import about
from app.core.fields import Field
from app.core.i18n import gettext as _
from app.core.i18n import lazy_gettext as _l
from app.core.web.view import Done, EntityView, RecordLink, ResourceAction, views


def _ids() -> Field:
    return Field(Choice, "ids", "ids", "relations", _l("Choices"), target=Choice)


def _to() -> Field:
    return Field(Choice, "to", "to", "text", _l("New name"), _l("One that there is already merges them"), length=200)


def rename(values: Mapping[str, Any]) -> Done:
    """Make the chosen choices one, called ``to``, on every row that has one of them."""
    done = choice_keeping.rename(values["ids"], values["to"])
    message = _("“%(name)s”: %(count)s rows changed.", name=done.choice.value, count=done.changed)
    if done.kept:
        told = "; ".join(about(str(row), reason) for row, reason in done.kept[:20])
        message += " " + _("Kept as they were: %(rows)s.", rows=told)
    kept = [{"record": row.record_name(), "label": str(row), "message": reason} for row, reason in done.kept]
    run = done.run.id if done.run is not None else None
    return Done(done.choice, message, {"run": run, "changed": done.changed, "kept": kept})


class ChoiceView(EntityView, model=Choice):
    icon = "clipboard"
    columns = ("value", "resource", "field", "position", "retired")
    fieldsets = (("", ("resource", "field", "value", "position", "retired")),)
    sort = "resource"
    resource_actions = (
        ResourceAction(
            "rename",
            _l("Rename or merge"),
            rename,
            fields=(_ids, _to),
            required=("ids", "to"),
            confirm=_l(
                "Every row that has one of the chosen choices gets this one. It can be undone under Imports and bulk edits."
            ),
        ),
    )
    links = (RecordLink(_l("Rows that have it"), choice_keeping.uses, shown=lambda choice: choice.target in views),)
    help = _l(
        "What open fields (level, source, region …) offer: what was used before, in your order, without what you retire."
    )
    empty = _l("Nothing is offered yet: what people type into open fields comes here.")

    @classmethod
    def still_open(cls, row: Any) -> frozenset[str] | None:
        return frozenset({"position", "retired"})
