"""Search-as-you-type: what a relation may be set to, by code, name and pinyin, within the scope, a few at a time.

A picker sends the id of what was chosen.  Where no script runs, or nothing was chosen, the text that was typed comes
beside it under the field's name with «-text», and is looked up here: what can't be told is refused, never dropped.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import joinedload

from app.core import db, identity, looking, scope, search
from app.core.document import Line, line_model
from app.core.errors import NotPermitted, NotVisible
from app.core.fields import writable
from app.core.i18n import gettext as _
from app.core.web import reach
from app.core.web.inputs import must_be_typed
from app.core.web.page import FormField
from app.core.web.view import EntityView, views

SHOWN = 20  # rows offered at most
NAMED = 50  # texts of one question
BRIEF = 6  # fields that a new row may ask for in a picker's dialog
OPAQUE = frozenset({"password", "images", "json"})  # kinds that have no place in it


def require(model: type[Any]) -> None:
    """Raises NotPermitted unless the actor may choose among rows of ``model``: who may list them, or pick them by name."""
    actor = identity.require()
    key = model.permission_key()
    if not (actor.may("can_list", key) or actor.may("can_pick", key)):
        raise NotPermitted()


def offer(shown: FormField, target: type[Any] | None, *, create: bool = True) -> None:
    """Let a picker's input lead to what is chosen in it, and with ``create`` to what it lacks, as far as the actor may
    open the one and add the other.
    """
    resource = getattr(target, "resource", "")  # a line of a document is no row of its own
    view = views.get(resource) if shown.picker_url and not shown.by_name else None
    if view is None:
        return
    if shown.kind == "picker" and reach.may(view, "show"):
        shown.show_url = f"/{view.model.resource}/show/"
    if create and not shown.readonly and is_brief(view) and reach.may(view, "add"):
        shown.create_url = f"/{view.model.resource}/add"
        shown.create_label = _("New %(what)s", what=str(view.model.label).lower())


def is_brief(view: type[EntityView]) -> bool:
    """Whether a row can be made with few words: no lines, and few fields that must be typed, all of them in a line."""
    known = writable(view.model)
    names = [name for _title, group in view.groups() for name in group if name in known]
    asked = [known[name].kind for name in names if must_be_typed(known[name])]
    return line_model(view.model) is None and len(asked) <= BRIEF and not OPAQUE & set(asked)


def find(model: type[Any], text: str, *, to_write: bool = False) -> list[dict[str, Any]]:
    """The first rows that match every word of ``text``: {"id", "label", "name", "code", "fact"}; those that begin with
    it come first.  ``label`` is how the row is shown wherever it was chosen.  ``to_write``: only what the actor may write.
    """
    return [shown(row) for row in _rows(model, text, to_write)]


def asked_for(model: type[Any], arguments: Mapping[str, str]) -> list[dict[str, Any]]:
    """What ``find`` finds for the parameters of an address: ``q``, and ``for=write``."""
    return find(model, arguments.get("q", ""), to_write=arguments.get("for") == "write")


def find_lines(model: type[Any], text: str) -> list[dict[str, Any]]:
    """The first lines of documents of ``model`` that match, as ``find`` gives them.  Raises NotVisible when they have
    none, NotPermitted.
    """
    kind = line_model(model)
    if kind is None:
        raise NotVisible()
    require(kind)
    return find(kind, text)


def name_all(model: type[Any], texts: Iterable[str]) -> list[dict[str, Any]]:
    """What each of ``texts`` (a pasted column) names: {"text", "row" (as ``find`` gives it, or None), "message"}.

    Texts that are codes cost one statement altogether, each other text costs one.
    """
    wanted = list(dict.fromkeys(texts))
    coded: dict[str, list[Any]] = {}
    if "code" in model.__table__.c:
        statement = _active(sa.select(model), model).where(model.code.in_([text.strip() for text in wanted]))
        for row in db.session.scalars(statement).unique():
            coded.setdefault(row.code, []).append(row)
    found = []
    for text in wanted:
        row, message = None, ""
        if len(same := coded.get(text.strip(), [])) == 1:
            row = same[0]
        else:
            try:
                row = resolve(model, text)
            except ValueError as error:
                message = str(error)
        found.append({"text": text, "row": shown(row) if row is not None else None, "message": message})
    return found


def shown(row: Any) -> dict[str, Any]:
    """``row`` as a picker shows it, see ``find``."""
    return {
        "id": row.id,
        "label": str(row),
        "name": str(getattr(row, "name", None) or ""),
        "code": str(getattr(row, "code", None) or ""),
        "fact": str(row.fact() or getattr(row, "username", None) or ""),
        **({"unit": row.unit_id} if hasattr(row, "unit_id") else {}),
    }


def resolve(model: type[Any], text: str, *, to_write: bool = False) -> Any:
    """The row that ``text`` names: by its code, its label or its name, or as the only match (of what the actor may write).

    Raises ValueError with a message for people when it names none, or several.
    """
    require(model)
    wanted = plain(text)
    rows = _rows(model, text, to_write)
    for same in (lambda row: getattr(row, "code", None), str, lambda row: getattr(row, "name", None)):
        found = [row for row in rows if plain(str(same(row) or "")) == wanted]
        if len(found) == 1:
            return found[0]
    if len(rows) == 1:
        return rows[0]
    if rows:
        raise ValueError(_("Several match “%(text)s”. Please choose from the list.", text=text.strip()))
    raise ValueError(_("“%(text)s” was not found. Please choose from the list.", text=text.strip()))


def plain(text: str) -> str:
    """``text`` as far as two of them are compared: without case and surplus spaces."""
    return " ".join(text.split()).casefold()


def _rows(model: type[Any], text: str, to_write: bool = False) -> list[Any]:
    if issubclass(model, Line):
        return _lines(model, text)
    statement = sa.select(model)
    if to_write and (writable := scope.condition(model, identity.current(), write=True)) is not None:
        statement = statement.where(writable)
    words = looking.matches(model, text[:200])
    if words is not None:
        statement = statement.where(words)
        start = search.escaped(search.folded(text[:200]))
        statement = statement.order_by(sa.case((model.search_text.like(f"{start}%", escape="\\"), 0), else_=1))
    return list(db.session.scalars(_active(statement, model).order_by(model.id).limit(SHOWN)).unique())


def _lines(model: type[Line], text: str) -> list[Any]:
    """The lines among those that are offered that have every word of ``text`` in what they are searched by."""
    statement: Any = model.offered().options(joinedload(model.document))
    for word in text[:200].split():
        pattern = f"%{search.escaped(word)}%"
        texts = (getattr(model, name) for name in model.searched)
        statement = statement.where(sa.or_(*(column.ilike(pattern, escape="\\") for column in texts)))
    return list(db.session.scalars(statement.limit(SHOWN)).unique())


def _active(statement: sa.Select[Any], model: type[Any]) -> sa.Select[Any]:
    for name in ("active", "is_active"):
        if name in model.__table__.c:
            statement = statement.where(getattr(model, name).is_(True))
    return statement
