"""How tags are shown, and the page's way to make one of several."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from app.core import crud, tags
from app.core.errors import Invalid
from app.core.fields import Field
from app.core.i18n import gettext as _
from app.core.i18n import lazy_gettext as _l
from app.core.i18n import lazy_pgettext
from app.core.tags import Tag
from app.core.web.view import Done, EntityView, ResourceAction


def _ids() -> Field:
    return Field(Tag, "ids", "ids", "relations", _l("Tags"), target=Tag)


def _into() -> Field:
    return Field(Tag, "into", "into", "relation", lazy_pgettext("merge", "Becomes"), target=Tag)


def merge(values: Mapping[str, Any]) -> Done:
    """Make the chosen tags one: what carries any of them carries ``into``."""
    into = crud.fetch(Tag, values["into"], lock=True)
    crud.require("can_edit", Tag)
    ids = [each for each in values["ids"] if each != into.id]
    if not ids:
        raise Invalid({"ids": [_("Choose at least one other tag.")]})
    moved = tags.merge(ids, into)
    return Done(into, _("%(count)s rows carry “%(name)s” now.", count=moved, name=into.name))


class TagView(EntityView, model=Tag):
    icon = "tag"
    columns = ("name", "tone", "uses", "changed_on")
    fieldsets = (("", ("name", "tone")),)
    sort = "name"
    resource_actions = (
        ResourceAction(
            "merge",
            _l("Merge"),
            merge,
            fields=(_ids, _into),
            required=("ids", "into"),
            confirm=_l("What carries one of the chosen tags carries this one afterwards; they are removed."),
        ),
    )
    help = _l(
        "Words that rows carry. A new one is made by typing it; here they are renamed, coloured, merged and removed."
    )
    empty = _l("No row carries a tag yet. Type one into any form.")

    @classmethod
    def prepare(cls, rows: list[Any]) -> None:
        counted = tags.uses([row.id for row in rows]) if rows else {}
        for row in rows:
            row.counted = counted.get(row.id, 0)
