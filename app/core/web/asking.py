"""What a transition or an action asks for before it is done, its fields and a comment: as inputs of a dialog, and as the
values that come back.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from app.core.document import comment_in
from app.core.errors import Invalid
from app.core.fields import Field, parse_all
from app.core.i18n import gettext as _
from app.core.web.forms import EntityForm
from app.core.web.inputs import form_field, typed
from app.core.web.page import FormField
from app.core.web.view import EntityView, RecordAction, ResourceAction, Start
from app.core.workflow import Transition

COMMENT = "comment"


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
    known = {name: fields[name] for name in data if name in fields and data[name] not in (None, "", [])}
    found, faults = parse_all(known, {name: data[name] for name in known})
    errors |= faults
    errors |= {name: [_("This is required.")] for name in required if name not in known}
    if errors:
        raise Invalid(errors)
    return {name: found[field.attribute] if name in known else None for name, field in fields.items()}
