"""The columns we add to Flask-AppBuilder's user, and how a user is named.

A user is an account; an employee (people) is a person with a place in the company.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from flask_appbuilder.security.sqla.models import Role, User

from app.core.i18n import lazy_gettext as _l
from app.core.scope import everyone

# Declarative lets columns join a mapped class later; Flask-AppBuilder's own code never notices them.
User.locale = sa.Column("locale", sa.String(8), nullable=True, info={"label": _l("Language")})  # type: ignore[attr-defined]
User.search_text = sa.Column("search_text", sa.Text(), nullable=False, server_default="", default="")  # type: ignore[attr-defined]

SECRET = frozenset({"password", "last_login", "login_count", "fail_login_count", "search_text"})
"""Columns of a user that neither the audit trail nor an export ever records."""


def full_name(user: Any) -> str:
    """How a user is called: «Nancy Davolio», and 王伟 without a space, family name first."""
    first, last = (user.first_name or "").strip(), (user.last_name or "").strip()
    if any("\u4e00" <= letter <= "\u9fff" for letter in first + last):
        return f"{last}{first}" or str(user.username)
    return f"{first} {last}".strip() or str(user.username)


User.__str__ = full_name  # type: ignore[method-assign]
User.__repr__ = full_name  # type: ignore[method-assign,assignment]

# What core asks of every model, for the two of Flask-AppBuilder's that our pages show.
for model, resource, label, labels in (
    (User, "users", _l("User"), _l("Users")),
    (Role, "roles", _l("Role"), _l("Roles")),
):
    model.resource = resource
    model.label = label
    model.labels = labels
    model.scope = everyone
    model.keys = ("username",) if model is User else ("name",)
    model.searched = ("username", "first_name", "last_name") if model is User else ("name",)
    model.numbered_by = ""
    model.read_only = False
    model.workflow = None
    model.audited = True
    model.synonyms = {}
    model.domain = classmethod(lambda cls: "system")
    model.permission_key = classmethod(lambda cls: cls.__name__)
    model.fact = lambda self: ""
