"""Two rows that are one are made one: ``row`` stays, ``other`` goes, and whatever pointed at the one that goes points at
the one that stays.

It walks the metadata, so that a new entity needs to say nothing: every foreign key, every field that a company added and
that links, and every column that names records as text («customers/12»).  Where two rows would come to be the same (a
share with the same user), they unite too.  The whole is one run, and one undo.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from app.core import crud, db, giving, identity, scope
from app.core.document import Document
from app.core.errors import Conflict, Invalid, NotPermitted, NotVisible
from app.core.exchange import keeping
from app.core.exchange.models import ImportRun
from app.core.exchange.run_kinds import RunKind, add_kind
from app.core.fields import fields_of
from app.core.i18n import gettext as _
from app.core.i18n import lazy_gettext as _l
from app.core.merging.choosing import Choice, better, choices, values
from app.core.merging.following import MERGE, MergedAway, followed
from app.core.merging.work import FIXED, Merging, naming, rules, uniting

PERMISSION = "can_merge"
RUN = add_kind(
    RunKind(
        MERGE,
        _l("Merge"),
        lambda run: _("Merged: %(what)s", what=run.file),
        own=PERMISSION,
        others="can_delete",
        gives_away=True,
        whole=True,
    )
)


@dataclass
class Merged:
    """What came of it: the row that stays, the run that undoes it, and how many rows were moved and united."""

    row: Any
    run: ImportRun
    moved: int = 0
    united: int = 0


def merge(row: Any, other_id: Any, take: Mapping[str, Any] | None = None) -> Merged:
    """Make ``row`` (which need not be locked) and the row ``other_id`` one, which is ``row``, with the values that ``take``
    says («this» or «other» by field, «both» for long texts; else the better one).

    Both must be the actor's to write, and their own or of those whom they lead.  Raises NotVisible, NotPermitted,
    Conflict, Invalid.
    """
    model = type(row)
    crud.require(PERMISSION, model)
    if model.read_only or issubclass(model, Document):
        raise Conflict(_("Documents are not merged: cancel the one that is too much."))
    row, other = _pair(row, other_id)
    ids = {row.id, other.id}
    if scope.visible_ids(db.session.connection(), model, ids, identity.require(), write=True) != ids:
        raise NotPermitted(_("Both must be yours to change. Ask whoever owns the other one, or their manager."))
    if "owner" in fields_of(model):
        # What is shared with somebody for writing is not thereby theirs to do away with.
        giving.require_command(model, giving.find(model, ids), unowned=True)
    chosen = values(row, other, dict(take or {}))
    crud.require_giving(row, chosen)
    work = Merging(row, other)
    actor = identity.require()
    said = _("%(other)s into %(this)s", other=other, this=row)
    with identity.acting_as(replace(actor, is_system=True, cache={})), identity.doing(MERGE, said):
        wrote = work.go(chosen)
        run = keeping.keep_run(RUN, model, wrote, said)
    db.session().expire_all()
    return Merged(row, run, work.moved, work.united)


def _pair(row: Any, other_id: Any) -> tuple[Any, Any]:
    """Both rows, locked: in the order of their ids, in which everyone locks them.  Whoever was quicker has won.

    Raises Conflict (one of them was merged or removed meanwhile), Invalid (the other is none, or nothing the actor sees).
    """
    text = str(other_id)
    if isinstance(other_id, bool) or not (text.isascii() and text.isdecimal() and len(text) < 10):
        raise Invalid({"other": [_("Choose one from the list.")]})
    pk = int(text)
    if pk == row.id:
        raise Invalid({"other": [_("A row can't be merged with itself.")]})
    model, here, found = type(row), row.id, {}
    for each in sorted((here, pk)):
        try:
            found[each] = crud.fetch(model, each, lock=True)
        except NotVisible:
            if each == here or followed(model, each) is not None:
                raise Conflict(_("Somebody has merged one of them already. Look for the row that is left.")) from None
            message = _("There is no such %(what)s, or it is not yours to see.", what=str(model.label).lower())
            raise Invalid({"other": [message]}) from None
    return found[here], found[pk]


__all__ = [
    "FIXED",
    "Choice",
    "Merged",
    "MergedAway",
    "Merging",
    "better",
    "choices",
    "followed",
    "merge",
    "naming",
    "rules",
    "uniting",
]
