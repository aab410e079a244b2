"""What a call says: its JSON body, and the query in its address."""

from __future__ import annotations

import contextlib
import functools
import json
from collections.abc import Callable, Iterator
from typing import Any

import prison
from flask import request

from app.core.errors import Invalid
from app.core.i18n import gettext as _
from app.core.web import query


def asking(method: Any) -> Any:
    """Give ``method`` what ``q`` asks for (rison or JSON) as the keyword ``rison``.  Raises BadQuery.

    Flask-AppBuilder's own decorator lets some malformed texts crash the reader.
    """

    @functools.wraps(method)
    def asked(self: Any, *args: Any, **kwargs: Any) -> Any:
        text = request.args.get("q") or "()"
        try:
            value = prison.loads(text)
        except Exception:
            try:
                value = json.loads(text)
            except (ValueError, RecursionError):
                raise query.BadQuery(_("The query has the form (filters:!(…),page:0).")) from None
        if not is_text(value, text):
            raise query.BadQuery(_("This contains a character that can't be stored."))
        return method(self, *args, rison=value, **kwargs)

    return asked


def json_body(optional: bool = False) -> dict[str, Any]:
    """The request's JSON object.  Raises Invalid."""
    if optional and not request.get_data(cache=True):
        return {}
    try:
        body = request.get_json(silent=True)
    except RecursionError:
        body = None
    if not isinstance(body, dict):
        raise Invalid({}, _("The body must be a JSON object."))
    if not is_text(body, request.get_data(as_text=True)):
        raise Invalid({}, _("This contains a character that can't be stored."))
    return body


@contextlib.contextmanager
def refused_first(check: Callable[[], object]) -> Iterator[None]:
    """Where the body read within can't be read, what ``check`` raises (404, 403, 409) goes before its 422."""
    try:
        yield
    except Invalid:
        check()
        raise


def is_text(value: Any, source: str) -> bool:
    """Whether ``value``, read from ``source``, holds no half characters: JSON lets them be written, but not be answered."""
    if "\\u" not in source:
        return True
    try:
        json.dumps(value, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        return False
    return True
