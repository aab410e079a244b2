"""A transition, an action or a delete for chosen rows: what came of each, as a page and as JSON."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from werkzeug.datastructures import MultiDict

from app.core import bulk, crud
from app.core.errors import NotPermitted, NotVisible
from app.core.fields import fields_of
from app.core.i18n import gettext as _
from app.core.web import asking, asking_again, present, query, reach, record, selection
from app.core.web.deeds import action_label, perform, refusal_text
from app.core.web.page import Badge, Cell, Column, FormField, Link, OutcomePage, Row, Table
from app.core.web.page_forms import FormPage
from app.core.web.view import Done, EntityView, RecordAction, views
from app.core.workflow import Transition

STATES = ("state", "status")


@dataclass(frozen=True)
class _Done:
    """What was done to a row: how it was called before, and what is said of it."""

    label: str
    done: Done


def find(view: type[EntityView], name: str) -> Callable[[Any, Mapping[str, Any]], Done]:
    """What ``name`` does to one row with some data.  Raises NotVisible for what can't be done to many, NotPermitted."""
    actor = reach.approach(view)
    if name not in view.operations():
        raise NotVisible()
    if not actor.may(f"can_{name.replace('-', '_')}", view.model.permission_key()):
        raise NotPermitted()
    if name == "delete":
        return lambda row, _data: _deleted(row)
    flow, action = view.model.workflow, view.action(name)
    if (flow is None or flow.find(name) is None) and (action is None or not action.bulk):
        raise NotVisible()
    return lambda row, data: perform(view, row, name, dict(data))


def run(view: type[EntityView], name: str, ids: Sequence[int], data: Mapping[str, Any]) -> list[bulk.Outcome]:
    """Do ``name`` (a transition, an action for many, «delete») to each of ``ids`` by itself, with the same ``data``.

    Raises as ``find``, and Invalid for too many; what is refused for a row is told in its outcome.
    """
    deed = find(view, name)

    def act(row: Any) -> _Done:
        label = str(row)
        return _Done(label, deed(row, data))

    return bulk.each(ids, view.model, act, options=record.lines_loading(view))


def as_json(view: type[EntityView], outcomes: Sequence[bulk.Outcome]) -> dict[str, Any]:
    """``outcomes`` as the API gives them: each as the same thing done to that row alone would have been answered."""
    from app.core.web.api_schema import with_lines

    rows = _rows(view, outcomes)
    result = []
    for each in outcomes:
        told: dict[str, Any] = {"id": each.id, "ok": each.ok, "status": each.status}
        if each.error is not None:
            told["message"] = each.error.message
            if each.error.errors or each.status == 422:
                told["errors"] = each.error.errors
            told |= each.error.more
        else:
            done = each.result.done if isinstance(each.result, _Done) else None
            made = done.row if done is not None else None
            if made is not None and (type(made) is not view.model or made.id != each.id):
                told["row"] = with_lines(views.get(type(made).resource, view), made)
            elif each.id in rows:
                told["row"] = with_lines(view, rows[each.id])
            told |= {**done.data} if done is not None else {}
        result.append(told)
    done_count = sum(each.ok for each in outcomes)
    return {"result": result, "done": done_count, "refused": len(outcomes) - done_count}


def page(
    view: type[EntityView],
    title: str,
    outcomes: Sequence[bulk.Outcome],
    back: str,
    again: tuple[str, Sequence[tuple[str, str]]] | None = None,
) -> OutcomePage:
    """The page that tells ``outcomes``: each row with what came of it, those refused first.

    ``back`` is the list one came from; ``again`` (an address, and the inputs to send there besides the ids) offers to
    try what was refused once more.
    """
    rows = _rows(view, outcomes)
    known = fields_of(view.model)
    state = next((known[name] for name in STATES if name in known and known[name].tones), None)
    columns = [Column("what", str(view.model.label)), Column("outcome", _("Result"))]
    columns += [present.column(state)] if state is not None else []
    columns.append(Column("why", _("Why")))
    shown = []
    for each in sorted(outcomes, key=lambda one: one.ok):
        row = rows.get(each.id)
        label = _label(row, each)
        url = present.record_url(row) if row is not None else None
        cells = [Cell("text", label, url=url)]
        badge = Badge(_("Done"), "green") if each.ok else Badge(_("Refused"), "red")
        cells.append(Cell("badge", badge.text, tone=badge.tone))
        if state is not None:
            cells.append(present.cell(state, row) if row is not None else present.EMPTY)
        said = _said(view, each)
        cells.append(Cell("text", said) if said else present.EMPTY)
        shown.append(Row(each.id, url, cells))
    refused = [each for each in outcomes if not each.ok]
    retry = again is not None and any(each.status not in (403, 404) for each in refused)
    return OutcomePage(
        title=title,
        resource=view.model.resource,
        breadcrumb=[Link(str(view.model.labels), back), Link(title)],
        table=Table(columns, shown),
        counts=[
            (_("Done"), len(outcomes) - len(refused), "green" if len(outcomes) > len(refused) else ""),
            (_("Refused"), len(refused), "red" if refused else ""),
        ],
        back_url=back,
        again_url=again[0] if again is not None and retry else None,
        again=[*(again[1] if again is not None else ()), *(("ids", str(each.id)) for each in refused)] if retry else [],
    )


def _label(row: Any, outcome: bulk.Outcome) -> str:
    """How the row is called; drafts, which are all called alike, by their telling fact or id besides."""
    if row is None:
        return outcome.result.label if isinstance(outcome.result, _Done) else f"#{outcome.id}"
    return str(row) if getattr(row, "number", row.id) else f"{row} · {row.fact() or f'#{row.id}'}"


def _said(view: type[EntityView], outcome: bulk.Outcome) -> str:
    if outcome.error is not None:
        return refusal_text(outcome.error, view)
    return outcome.result.done.message if isinstance(outcome.result, _Done) else ""


def asking_page(view: type[EntityView], name: str, ids: Sequence[int], shown: str) -> FormPage:
    """The page that asks, where there are no scripts for a dialog, what ``name`` takes, and whether it is meant;
    ``shown`` is what the list showed, as its address says it.
    """
    deed = _deed(view, name)
    sent: list[tuple[str, str]] = [*(("ids", str(pk)) for pk in ids), ("back", shown)]
    return _form(view, name, asking.fields(view, deed) if deed else [], len(ids), MultiDict(sent))


def asked_again(
    view: type[EntityView], name: str, outcomes: Sequence[bulk.Outcome], posted: MultiDict[str, str]
) -> FormPage | None:
    """The page that asks once more what ``name`` takes, where every row was refused for what was typed; else None."""
    deed = _deed(view, name)
    fields = asking.fields(view, deed) if deed else []
    names = {field.name for field in fields}
    refused = [each.error for each in outcomes if each.error is not None and each.error.errors]
    if not outcomes or len(refused) < len(outcomes) or any(set(each.errors) - names for each in refused):
        return None
    errors = asking.hold(view, deed, fields, posted, refused[0])
    return _form(view, name, fields, len(outcomes), posted, errors)


def _deed(view: type[EntityView], name: str) -> Transition | RecordAction | None:
    flow = view.model.workflow
    return (flow.find(name) if flow is not None else None) or view.action(name)


def _form(
    view: type[EntityView],
    name: str,
    fields: list[FormField],
    count: int,
    posted: MultiDict[str, str],
    errors: Sequence[tuple[str, str]] = (),
) -> FormPage:
    deed = _deed(view, name)
    confirm = str(deed.confirm) if deed is not None else _("The chosen rows are removed for good.")
    back = selection.list_url(view, posted.get("back", ""))
    return asking_again.form(
        view,
        action_label(view, name),
        asking_again.sure(count, confirm),
        fields,
        to=f"/{view.model.resource}/bulk/{name}",
        back=back,
        way=[Link(str(view.model.labels), back)],
        posted=posted,
        errors=errors,
    )


def _rows(view: type[EntityView], outcomes: Sequence[bulk.Outcome]) -> dict[int, Any]:
    options = (*query.loading(view.model, fields_of(view.model)), *record.lines_loading(view))
    rows = bulk.rows(outcomes, view.model, options=options)
    view.prepare(list(rows.values()))
    return rows


def _deleted(row: Any) -> Done:
    crud.delete(row)
    return Done(row)
