"""The rows chosen on a list: ticked one by one (``ids``), or all that match what the list shows (``match``, the
parameters of its address).
"""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qsl, urlencode

from werkzeug.datastructures import MultiDict

from app.core import bulk
from app.core.errors import Invalid
from app.core.i18n import gettext as _
from app.core.web import query
from app.core.web.posted import is_id
from app.core.web.view import EntityView


def chosen(view: type[EntityView], form: MultiDict[str, Any], most: int = bulk.MOST) -> list[int]:
    """The ids that ``form`` chose, each once, in their order, ``most`` of them.

    Raises Invalid when they are too many, and when anything in ``match`` can't be understood: without a condition that
    is gone since, it would match rows that nobody meant.
    """
    if (match := form.get("match")) is not None:
        arguments = parsed(match)
        asked, problems = query.from_address(view.model, arguments, view.sort)
        unknown = [name for name in arguments if name not in query.PARAMETERS]
        problems += [_("There is nothing called “%(name)s” to filter by.", name=name) for name in unknown]
        if problems:
            raise Invalid({"ids": problems})
        return matching(view, asked, most)
    ids = list(dict.fromkeys(int(each) for each in form.getlist("ids") if is_id(each)))
    bulk.require_few(ids, most)
    return ids


def matching(view: type[EntityView], asked: query.ListQuery, most: int = bulk.MOST) -> list[int]:
    """The ids of all rows that ``asked`` finds, whatever its page.  Raises Invalid when they are too many."""
    from app.core import db

    statement = asked.filtered().with_only_columns(view.model.id).order_by(view.model.id).limit(most + 1)
    ids = list(db.session.scalars(statement))
    bulk.require_few(ids, most)
    return ids


def list_url(view: type[EntityView], state: str) -> str:
    """The address of the list as ``state`` (a posted text) says that it was; it can hold nothing but parameters."""
    shown = urlencode(list(parsed(state).items(multi=True)))
    return f"/{view.model.resource}/list/{'?' if shown else ''}{shown}"


def parsed(state: str) -> MultiDict[str, str]:
    """The parameters of an address."""
    return MultiDict(parse_qsl(state, keep_blank_values=True))
