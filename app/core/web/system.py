"""How users, roles and the audit trail are shown: Flask-AppBuilder's own accounts on our pages."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from app.core import identity
from app.core.audit import AuditEntry
from app.core.custom_field import FIXED, CustomField
from app.core.i18n import lazy_gettext as _l
from app.core.numbering import Sequence
from app.core.users import Role, User
from app.core.web.view import EntityView, RecordLink


class UserView(EntityView, model=User):
    icon = "users"
    columns = ("username", "first_name", "last_name", "email", "roles", "active")
    fieldsets = (
        (_l("Account"), ("username", "new_password", "active", "roles")),
        (_l("Person"), ("first_name", "last_name", "email", "locale", "time_zone")),
    )
    sort = "username"
    links = (
        RecordLink(
            _l("Look as this user"),
            lambda user: f"/preview/{user.id}",
            "edit",
            shown=lambda user: user.active and user.id != identity.user_id(),
        ),
    )
    help = _l("Accounts that can log in. Give each its roles here, and its department under Employees.")
    importable = False

    @classmethod
    def defaults(cls) -> Mapping[str, Any]:
        return {"active": True}


class RoleView(EntityView, model=Role):
    icon = "key"
    columns = ("name",)
    fieldsets = (("", ("name",)),)
    links = (RecordLink(_l("Permissions"), lambda role: f"/role-permissions/{role.id}", "edit"),)
    sort = "name"
    help = _l("What a role may do. A change holds from the next click of whoever has it.")
    importable = False


class SequenceView(EntityView, model=Sequence):
    icon = "key"
    columns = ("kind", "prefix", "with_year", "with_month", "digits", "example")
    fieldsets = (("", ("kind", "prefix", "with_year", "with_month", "digits")),)
    sort = "kind"
    addable = deletable = importable = False
    help = _l("What numbers and codes look like. Those that are given already stay as they are.")


class CustomFieldView(EntityView, model=CustomField):
    icon = "box"
    columns = ("label", "resource", "kind", "name", "required", "in_list", "position", "active")
    fieldsets = (
        (_l("Field"), ("resource", "label", "label_zh", "kind", "options", "points_at", "name", "help")),
        (_l("Where it is"), ("required", "in_list", "for_all", "is_searched", "position", "active")),
    )
    sort = "resource"
    help = _l("Fields of your own: at once in forms, lists, search, filters, files, the API and the history.")

    @classmethod
    def still_open(cls, row: CustomField) -> frozenset[str]:
        every = {name for _title, names in cls.fieldsets for name in names}
        return frozenset(every - set(FIXED.values()))


class AuditEntryView(EntityView, model=AuditEntry):
    icon = "clock"
    commentable = False
    columns = ("at", "user", "record", "action", "comment")
    fieldsets = (("", ("at", "user", "record", "action", "comment")),)
    sort = "-at"
    help = _l("Every change of every record: who, when, and from what to what. Nobody can alter it.")
