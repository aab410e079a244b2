"""Actions on a resource as a whole and readings (tables that are reckoned), for pages and API alike."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from werkzeug.datastructures import MultiDict

from app.core import crud, db, identity
from app.core.errors import BusinessError, NotPermitted, NotVisible
from app.core.fields import Field
from app.core.i18n import gettext as _
from app.core.web import asking, present, reach
from app.core.web.inputs import form_field
from app.core.web.page import Action, Cell, Fact, FormField, Link, Row, SheetPage, Table
from app.core.web.view import Done, EntityView, Part, Reading, ResourceAction, Sheet, views

LARGEST = 100  # rows of a page
Refused = tuple[MultiDict[str, str], BusinessError]
"""What was typed, and why it was refused."""


def do(view: type[EntityView], name: str, data: Mapping[str, Any]) -> Done:
    """Do the action ``name`` on the resource with what ``data`` says, by field.

    Raises NotVisible for an unknown name, NotPermitted, Invalid and what the action raises.
    """
    action = require(view, name)
    comment, values = asking.read(view, action, data)
    with identity.doing(name, comment):
        done = action.run(values)
        crud.flush()
    return done


def require(view: type[EntityView], name: str) -> ResourceAction:
    """The action ``name`` on the resource, if the actor may do it.  Raises NotVisible for an unknown name, NotPermitted."""
    reach.approach(view)
    action = view.resource_action(name)
    if action is None:
        raise NotVisible()
    crud.require(action.permission, view.model)
    return action


def find(view: type[EntityView], name: str, pk: int | None, arguments: Mapping[str, str]) -> tuple[Reading, Any, Sheet]:
    """The reading ``name`` (of the row ``pk``), the row, and what it finds for ``arguments`` (by field, ``page`` and
    ``page_size`` besides).

    Raises NotVisible for an unknown name or row, NotPermitted, Invalid.
    """
    reach.approach(view)
    reading = next((each for each in view.readings if each.name == name and each.of_row == (pk is not None)), None)
    if reading is None:
        raise NotVisible()
    row = reach.row(view, pk, reading.operation) if pk is not None else None
    if not may_read(view, reading):
        raise NotPermitted()
    fields = view.asked(reading.fields)
    given = {key: value for key, value in arguments.items() if key in fields}
    part = Part(_number(arguments.get("page"), 0, 10**6), _number(arguments.get("page_size"), 25, LARGEST) or 1)
    return reading, row, reading.run(row, asking.values(fields, given), part)


def may_read(view: type[EntityView], reading: Reading) -> bool:
    """Whether the actor may do what ``reading`` asks for."""
    return reach.may(view, reading.operation) and all(
        resource in views and reach.may(views[resource], "list") for resource in reading.also
    )


def columns(view: type[EntityView], sheet: Sheet) -> list[Field]:
    """The columns of ``sheet`` that exist for the actor."""
    return [field for field in sheet.fields if _exists(view, field)]


def as_json(view: type[EntityView], sheet: Sheet) -> dict[str, Any]:
    """``sheet`` as the API gives it."""
    fields = columns(view, sheet)
    facts = {field.name: field.to_json(value) for field, value in sheet.facts if _exists(view, field)}
    result = [{field.name: field.to_json(field.value(row)) for field in fields} for row in sheet.rows]
    return {**facts, **sheet.more, "count": sheet.count, "result": result}


def page(
    view: type[EntityView], name: str, pk: int | None, arguments: Mapping[str, str], refused: Refused | None = None
) -> SheetPage:
    """The page of a reading; ``refused`` is what was asked there and refused.  Raises as ``find``."""
    reading, row, sheet = find(view, name, pk, arguments)
    fields = columns(view, sheet)
    shown = []
    for number, each in enumerate(sheet.rows):
        cells = [present.cell(field, each) for field in fields]
        url = getattr(each, "url", None)
        for field, cell in zip(fields, cells, strict=True):
            cell.url = getattr(each, "urls", {}).get(field.name) or cell.url
        if cells and url:
            cells[0].url = url
            if cells[0].kind == "empty":
                cells[0] = Cell("text", _("Open"), url=url)
        shown.append(Row(number, url, cells))
    base = f"/{view.model.resource}"
    path = f"{base}/look/{name}" + (f"/{pk}" if pk is not None else "")
    number = _number(arguments.get("page"), 0, 10**6)
    size = _number(arguments.get("page_size"), 25, LARGEST) or 1
    kept = {key: value for key, value in arguments.items() if key != "page"}
    trail = [Link(str(view.model.labels), f"{base}/list/" if reach.may(view, "list") else None)]
    if row is not None:
        trail.append(Link(str(row), f"{base}/show/{pk}"))
    action = _action(view, reading, row)
    errors = []
    if action is not None and refused is not None:
        errors = asking.hold(view, view.action(action.key), action.fields, *refused)
    return SheetPage(
        title=str(reading.label),
        resource=view.model.resource,
        url=path,
        breadcrumb=trail,
        inputs=[_input(key, field, arguments.get(key, "")) for key, field in view.asked(reading.fields).items()],
        facts=[
            Fact(str(field.label), present.cell(field, _Holder(field, value)))
            for field, value in sheet.facts
            if _exists(view, field)
        ],
        table=Table([present.column(field) for field in fields], shown, empty=_("Nothing here yet.")),
        count=sheet.count,
        prev_url=f"{path}?{urlencode({**kept, 'page': number - 1})}" if number else None,
        next_url=f"{path}?{urlencode({**kept, 'page': number + 1})}" if (number + 1) * size < sheet.count else None,
        help=str(reading.help),
        action=action,
        errors=errors,
        return_to=path,
    )


def _action(view: type[EntityView], reading: Reading, row: Any) -> Action | None:
    """What the page of ``reading`` offers to do with ``row``, if the actor may."""
    action = view.action(reading.action) if row is not None and reading.action else None
    if action is None or not identity.require().may(action.permission, view.model.permission_key()):
        return None
    url = f"/{view.model.resource}/action/{action.name}/{row.id}"
    return Action(action.name, str(action.label), url, rank="primary", fields=asking.fields(view, action, row))


def buttons(view: type[EntityView], *, chosen: bool) -> list[Action]:
    """The list page's buttons for what can be done with the resource, or (``chosen``) with rows chosen on it."""
    actor = identity.require()
    found = []
    for action in view.resource_actions:
        if not actor.may(action.permission, view.model.permission_key()):
            continue
        asked = view.asked(action.fields)
        if ("ids" in asked) != chosen:
            continue
        url = f"/{view.model.resource}/do/{action.name}"
        rank = "primary" if action.primary else "secondary"
        fields = asking.inputs(action, {name: field for name, field in asked.items() if name != "ids"})
        found.append(
            Action(
                action.name,
                str(action.label),
                url,
                rank=rank,
                confirm=str(action.confirm),
                fields=fields,
                tone=action.tone,
            )
        )
    return found


def links(view: type[EntityView], row: Any = None) -> list[Action]:
    """The buttons that lead to the readings of the resource, or of ``row``."""
    tail = f"/{row.id}" if row is not None else ""
    return [
        Action("look", str(each.label), f"/{view.model.resource}/look/{each.name}{tail}", method="get")
        for each in view.readings
        if each.of_row == (row is not None)
        and may_read(view, each)
        and (row is None or each.shown is None or each.shown(row))
    ]


class _Holder:
    """Something that a field can be read from: holds one value under the field's name."""

    def __init__(self, field: Field, value: Any) -> None:
        self.id = 0
        setattr(self, field.name if field.kind == "relation" else field.attribute, value)


def _exists(view: type[EntityView], field: Field) -> bool:
    return not field.needs or identity.require().may(field.needs, view.model.domain())


def _input(name: str, field: Field, raw: str) -> FormField:
    """What a reading asks for, as typed; the label of a picker's row within the scope."""
    shown = form_field(field, name, f"look-{name}", raw)
    shown.required = False
    if field.target is not None and raw.isdecimal() and len(raw) < 10:
        row = db.session.get(field.target, int(raw))
        shown.text = str(row) if row is not None else ""
    return shown


def _number(text: str | None, default: int, largest: int) -> int:
    return min(int(text), largest) if text and text.isdecimal() and len(text) < 10 else default
