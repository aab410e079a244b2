"""Drafts of forms: what somebody types is kept in the browser until it is saved (``static/kehu/drafts.js``).

The server keeps nothing of them.  A form says what its draft is of, and carries the draft's name; the answer to a save
names the drafts that are saved in a cookie, which the next page reads and takes away.
"""

from __future__ import annotations

import re
from typing import Any

from flask import request
from werkzeug.wrappers import Response

from app.core import identity

FIELD = "draft"
SAVED = "kehu_saved"
MOST = 20  # names that wait in the cookie for a page that reads it
MAX_AGE = 7 * 24 * 3600  # seconds
NAME = re.compile(r"[0-9a-f]{24}")


def place(model: type[Any], row: Any) -> str:
    """What a draft is of: who writes it, and the record or a new one: «7/customers/12»."""
    return f"{identity.user_id() or 0}/{model.resource}/{row.id if row is not None else 'add'}"


def name() -> str:
    """The name of the draft that the form was sent with, empty for a fresh page."""
    given = request.form.get(FIELD, "")
    return given if NAME.fullmatch(given) else ""


def saved(response: Response) -> Response:
    """``response`` to a save, which tells the browser that the form's draft is needed no more."""
    if given := name():
        waiting = [each for each in request.cookies.get(SAVED, "").split(".") if NAME.fullmatch(each)]
        value = ".".join([*waiting, given][-MOST:])
        response.set_cookie(SAVED, value, max_age=MAX_AGE, samesite="Lax", secure=request.is_secure)
    return response
