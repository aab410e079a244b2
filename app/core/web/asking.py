"""What a transition or an action asks for before it is done, its fields and a comment: as inputs of a dialog, as the
values that come back, and as inputs that hold what was typed and refused.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import sqlalchemy as sa
from werkzeug.datastructures import MultiDict

from app.core import db
from app.core.document import comment_in
from app.core.errors import BusinessError, Invalid, about
from app.core.fields import Field, fields_of, parse_all
from app.core.i18n import gettext as _
from app.core.web.forms import EntityForm
from app.core.web.inputs import form_field, typed
from app.core.web.page import FormField
from app.core.web.posted import is_id
from app.core.web.view import EntityView, RecordAction, ResourceAction, Start
from app.core.workflow import Transition

COMMENT = "comment"
TICKED = ("bool", "choices")  # of which nothing is sent where nothing is ticked
SEVERAL = ("multipicker", "tags")
UNKEPT = ("images", "password", "figure")  # what a page can't, or must not, hold again


def fields(view: type[EntityView], deed: Any, row: Any = None, prefix: str = "") -> list[FormField]:
    """The inputs of ``deed`` (a transition or an action) for ``row``, or for rows that are not known yet.

    ``prefix`` keeps the ids of several dialogs on a page apart.
    """
    required = getattr(deed, "required", ())
    shown: list[FormField] = []
    quiet = getattr(deed, "quiet", ())
    own = tuple(each for each in deed.fields if isinstance(each, str) and each not in quiet)
    if own:
        form = EntityForm(view, row=row, only=own)
        form.load()
        shown = form.plain_fields()
    made = view.asked([each for each in deed.fields if not isinstance(each, str)])
    shown += inputs(deed, {name: field for name, field in made.items() if name not in quiet})
    if isinstance(deed, Transition) and deed.comment:
        shown.append(FormField(COMMENT, COMMENT, _("Comment"), "longtext", help=_("Is kept in the history")))
        required = (*required, COMMENT) if deed.comment == "required" else required
    if row is not None and isinstance(deed, RecordAction) and deed.begin is not None:
        starts = deed.begin(row)
        shown = [each for each in shown if each.name not in starts or starts[each.name].is_asked]
        _begin(shown, starts)
    for field in shown:
        field.id = f"{prefix}{deed.name}-{field.name}"
        field.required = field.name in required
    return shown


def known(view: type[EntityView], deed: Any) -> dict[str, Field]:
    """The fields that ``deed`` asks for, by name, without its comment."""
    if isinstance(deed, Transition):
        every = fields_of(view.model)
        return {name: every[name] for name in deed.fields}
    return view.asked(deed.fields) if deed is not None else {}


def start_of(deed: RecordAction | None, row: Any, name: str) -> int | None:
    """The id of what the picker ``name`` in the dialog of ``deed`` holds for ``row`` to begin with."""
    start = deed.begin(row).get(name) if deed is not None and deed.begin is not None else None
    return start.row.id if start is not None and start.row is not None else None


def _begin(shown: Iterable[FormField], starts: Mapping[str, Start]) -> None:
    for field in shown:
        if (start := starts.get(field.name)) is None:
            continue
        if start.row is not None:
            field.value, field.text = str(start.row.id), str(start.row)
        field.value = start.value or field.value
        field.offers = [(str(row.id), str(row), said) for row, said in start.offers]
        field.noted = list(start.noted)


def inputs(action: RecordAction | ResourceAction, asked: Mapping[str, Field]) -> list[FormField]:
    """The inputs of ``action`` for the fields ``asked``, which no row holds yet."""
    found = []
    for name, field in asked.items():
        column = field.column
        default = (
            column.default.arg(None) if column is not None and getattr(column.default, "is_callable", False) else None
        )
        shown = form_field(field, name, f"{action.name}-{name}", typed(field, default) if default is not None else "")
        shown.required = name in action.required
        found.append(shown)
    return found


def read(
    view: type[EntityView], action: RecordAction | ResourceAction, data: Mapping[str, Any]
) -> tuple[str, dict[str, Any]]:
    """The comment, and the values by field name, that ``data`` gives ``action``.  Raises Invalid."""
    given = {key: value for key, value in data.items() if key != COMMENT}
    if isinstance(action, RecordAction) and action.raw:
        return comment_in(data), given
    return comment_in(data), values(view.asked(action.fields), given, action.required)


def values(fields: Mapping[str, Field], data: Mapping[str, Any], required: tuple[str, ...] = ()) -> dict[str, Any]:
    """The values by field name, None for what is empty.  Raises Invalid."""
    errors = {name: [_("There is no such field here.")] for name in data if name not in fields}
    said = {name: raw.strip() if isinstance(raw, str) else raw for name, raw in data.items()}
    known = {name: fields[name] for name in data if name in fields and said[name] not in (None, "", [])}
    found, faults = parse_all(known, {name: data[name] for name in known})
    errors |= faults
    errors |= {name: [_("This is required.")] for name in required if name not in known}
    if errors:
        raise Invalid(errors)
    return {name: found[field.attribute] if name in known else None for name, field in fields.items()}


def hold(
    view: type[EntityView], deed: Any, shown: list[FormField], posted: MultiDict[str, str], error: BusinessError
) -> list[tuple[str, str]]:
    """Let ``shown``, the inputs of ``deed``, hold what was ``posted``, each with what ``error`` says of it; all that it
    says, as a form's summary: (an input's id or «», message).
    """
    asked = known(view, deed)
    for field in shown:
        _put(field, asked.get(field.name), posted)
    by_name, every = {field.name: field for field in shown}, fields_of(view.model)
    told = []
    for name, messages in error.errors.items():
        one = by_name.get(name)
        if one is not None:
            one.errors = [*one.errors, *messages]
        label = one.label if one is not None else str(every[name].label) if name in every else ""
        told += [(one.id if one is not None else "", about(label, text)) for text in messages]
    return told or [("", error.message)]


def _put(shown: FormField, field: Field | None, posted: MultiDict[str, str]) -> None:
    """Let an input hold what was posted of it, if that can be held."""
    name, text = shown.name, posted.get(f"{shown.name}-text", "")
    sent = [each for each in posted.getlist(name) if each]
    if shown.kind in UNKEPT or (not {name, f"{name}-text"} & set(posted) and shown.kind not in (*TICKED, *SEVERAL)):
        return
    if shown.kind == "choices":
        shown.chosen = [(each, each) for each in sent]
    elif shown.kind == "tags":
        shown.chosen, shown.text = [(each, each) for each in sent], text
    elif shown.kind == "multipicker":
        shown.chosen, shown.text = list(_labels(field, sent).items()), text
    elif shown.kind == "picker":
        labels = _labels(field, sent[:1])
        shown.value, shown.text = next(iter(labels), ""), text or next(iter(labels.values()), "")
    else:
        shown.value = sent[0] if sent else ""


def _labels(field: Field | None, ids: list[str]) -> dict[str, str]:
    """How the chosen rows are called, by id, those that the actor sees.  A statement."""
    wanted = [int(each) for each in ids if is_id(each)]
    if field is None or field.target is None or not wanted:
        return {}
    found = db.session.scalars(sa.select(field.target).where(field.target.id.in_(wanted))).unique()
    labels = {str(row.id): str(row) for row in found}
    return {each: labels[each] for each in ids if each in labels}
