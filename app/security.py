"""Who may do what: our small security manager on Flask-AppBuilder's, and the roles of the company as one table.

Grants are data: ``grants.sync`` puts the table's defaults into the database once, and never again undoes what an
administrator changed.  Permissions are kept by the entity's class name («can_edit» on «Customer»); grants that widen them
(«can_see_all») by the domain's.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache
from typing import Any

import sqlalchemy as sa
from flask import Flask, jsonify
from flask_appbuilder.security.sqla.apis import PermissionApi, PermissionViewMenuApi, ViewMenuApi
from flask_appbuilder.security.sqla.manager import SecurityManager
from flask_appbuilder.security.sqla.models import (
    Permission,
    PermissionView,
    Role,
    User,
    ViewMenu,
    assoc_group_role,
    assoc_permissionview_role,
    assoc_user_group,
    assoc_user_role,
)
from flask_jwt_extended import JWTManager

from app.core import db, identity, notices, preferences, remarks
from app.core.i18n import gettext as _
from app.core.i18n import lazy_gettext as _l
from app.core.identity import ASSIGN, CHANGE_ALL, SEE_ALL, SEE_COST, SEE_DETAILS, Actor
from app.core.users import ADMINISTRATOR, ROLE_LABELS, full_name
from app.core.web.accounts import KehuGroupApi, KehuRoleApi, KehuUserApi

DOMAINS = (
    "people",
    "catalog",
    "crm",
    "library",
    "activities",
    "stock",
    "sales",
    "purchasing",
    "finance",
    "service",
    "marketing",
    "system",
)

READ = "list show export"
WRITE = "add edit delete import"
OWN_PLANS = "list show export add edit delete submit reopen"


@dataclass(frozen=True)
class RoleTable:
    """What a role begins with: ``may`` maps an entity's class to operations, ``grants`` a grant to domains."""

    may: dict[str, str] = field(default_factory=dict)
    grants: dict[str, tuple[str, ...]] = field(default_factory=dict)
    base: bool = True  # also what everyone with a role may

    def pairs(self) -> set[tuple[str, str]]:
        """(permission, entity or domain) of the role's defaults."""
        found = {(f"can_{name.replace('-', '_')}", key) for key, names in self.may.items() for name in names.split()}
        # Who works on something may talk about it.
        found |= {("can_comment", key) for key, names in self.may.items() if {"show", "edit"} <= set(names.split())}
        found |= {(grant, domain) for grant, domains in self.grants.items() for domain in domains}
        return found | (EVERYONE.pairs() if self.base and self is not EVERYONE else set())


EVERYONE = RoleTable(
    may={
        **dict.fromkeys(
            ("Department", "Employee", "Holiday", "Category", "Unit", "Brand", "Product", "Warehouse"), READ
        ),
        **dict.fromkeys(("Stage", "StageCriterion", "PoolRule", "LeadRule"), READ),
        "User": "pick",
        **dict.fromkeys(("Folder", "File", "Article"), READ),
        "OpenApi": "get",
        "Leave": f"{READ} add edit delete",
        "WeeklyPlan": f"{OWN_PLANS} visible-to",
        "Outing": f"{READ} {WRITE} visible-to leave back cancel",
        "ContactRecord": f"{READ} {WRITE} visible-to",
        "Review": f"{READ} answer",
        "Suggestion": f"{READ} add edit delete",
        "Target": READ,
        "Notice": f"{READ} open read read-all",
        "SavedView": f"{READ} add edit delete default unshare",
        "Tag": f"{READ} add",  # typing a new one makes it
        "ImportRun": f"{READ} undo",  # their own: whoever may edit may edit many rows at once, and take it back
    },
)
_IMPORTS = {"ImportMapping": f"{READ} edit delete"}
_STOCK_BOOK = {"StockEntry": READ, "StockBalance": READ}
_PARTY_BOOK = {"PartyEntry": READ, "PartyBalance": READ}
_PAPERS = {"File": f"{READ} add edit"}
_SALES = {
    "Customer": f"{READ} add edit import visible-to duplicates merge claim release share",
    "Contact": f"{READ} add edit import visible-to",
    "CustomerShare": f"{READ} add edit delete",
    "CustomerTransfer": READ,
    "Lead": f"{READ} {WRITE} visible-to claim convert discard reopen",
    "Opportunity": f"{READ} {WRITE} visible-to move tick",
    "StageMove": READ,
    "StockBalance": READ,
    **_PARTY_BOOK,
    **_PAPERS,
    **_IMPORTS,
}
_BUSINESS = {
    **dict.fromkeys(
        ("Customer", "Contact", "CustomerShare", "SafetyStock", "StockAdjustment", "StockEntry", "StockBalance"), READ
    ),
    **dict.fromkeys(("CustomerTransfer", "Lead", "Opportunity", "StageMove"), READ),
    **_PARTY_BOOK,
    "Period": READ,
}
_TALK = dict.fromkeys(("Customer", "Contact", "StockAdjustment"), f"{READ} comment")
_LEADING = {
    "WeeklyPlan": f"{OWN_PLANS} visible-to review",
    "Review": f"{READ} add edit answer",
    "Suggestion": f"{READ} add edit delete answer close reopen",
}
_SYSTEM = dict.fromkeys(
    (
        "AuditEntry",
        "OutboxMail",
        "ScheduledJob",
        "JobRun",
        "ImportRun",
        "ImportMapping",
        "Sequence",
        "User",
        "Role",
        "SavedView",
        "Tag",
        "Choice",
    ),
    READ,
)

ROLES: dict[str, RoleTable] = {
    ADMINISTRATOR: RoleTable(),
    "Director": RoleTable(
        may={
            **_BUSINESS,
            **_TALK,
            **_LEADING,
            "Target": f"{READ} {WRITE}",
            "SavedView": "share",
        },
        grants={SEE_ALL: DOMAINS[:-1], CHANGE_ALL: ("activities",), SEE_COST: DOMAINS, SEE_DETAILS: DOMAINS},
    ),
    "Sales manager": RoleTable(
        may={
            **_SALES,
            "Customer": f"{READ} {WRITE} visible-to duplicates merge claim release share assign transfer",
            "Contact": f"{READ} {WRITE} visible-to",
            "Stage": f"{READ} {WRITE} usual",
            "StageCriterion": f"{READ} {WRITE}",
            "PoolRule": f"{READ} {WRITE} usual",
            "LeadRule": f"{READ} {WRITE}",
            **_LEADING,
            "Target": f"{READ} {WRITE}",
            "Employee": "handover",
            "Folder": f"{READ} add edit",
            "File": f"{READ} {WRITE}",
            "Article": f"{READ} add edit delete",
            "Role": "pick",
            "SavedView": "share",
        },
        grants={ASSIGN: ("crm", "activities", "people"), SEE_COST: ("catalog",), SEE_DETAILS: ("crm", "people")},
    ),
    "Salesperson": RoleTable(may=_SALES, grants={SEE_DETAILS: ("crm",)}),
    "Warehouse keeper": RoleTable(
        may={
            "Customer": "list show",
            "SafetyStock": f"{READ} {WRITE}",
            "StockAdjustment": f"{READ} {WRITE} post cancel",
            **_STOCK_BOOK,
            **_IMPORTS,
        },
        grants={SEE_ALL: ("crm", "stock"), CHANGE_ALL: ("stock",), SEE_COST: ("stock",)},
    ),
    "Purchaser": RoleTable(
        may={
            **dict.fromkeys(("Category", "Unit", "Brand", "Product"), f"{READ} {WRITE}"),
            "SafetyStock": f"{READ} {WRITE}",
            "StockAdjustment": READ,
            **_STOCK_BOOK,
            **_IMPORTS,
        },
        grants={
            SEE_ALL: ("catalog", "purchasing", "stock"),
            CHANGE_ALL: ("purchasing",),
            SEE_COST: ("catalog", "stock", "purchasing"),
        },
    ),
    "Accountant": RoleTable(
        may={**_BUSINESS, **_TALK},
        grants={
            SEE_ALL: ("crm", "sales", "purchasing", "stock", "finance", "catalog"),
            CHANGE_ALL: ("finance",),
            SEE_COST: ("catalog", "stock", "purchasing", "sales"),
            SEE_DETAILS: ("crm",),
        },
    ),
    "Support agent": RoleTable(
        may={
            **{name: _TALK[name] for name in ("Customer", "Contact")},
            "Article": f"{READ} {WRITE}",
            **_PAPERS,
            **_IMPORTS,
        },
        grants={SEE_ALL: ("crm", "service"), CHANGE_ALL: ("service",), SEE_DETAILS: ("crm",)},
    ),
    "Marketer": RoleTable(
        may={"Customer": READ, "Contact": READ, "Lead": f"{READ} {WRITE} claim discard reopen", **_IMPORTS},
        grants={SEE_ALL: ("crm", "marketing"), SEE_DETAILS: ("crm",)},
    ),
    "Auditor": RoleTable(
        may={
            **_BUSINESS,
            **_SYSTEM,
            **dict.fromkeys(
                (
                    "Department",
                    "Employee",
                    "Holiday",
                    "Leave",
                    "Category",
                    "Unit",
                    "Brand",
                    "Product",
                    "Warehouse",
                    "Stage",
                    "StageCriterion",
                    "PoolRule",
                    "LeadRule",
                    "WeeklyPlan",
                    "Outing",
                    "ContactRecord",
                    "Review",
                    "Suggestion",
                    "Target",
                    "Folder",
                    "File",
                    "Article",
                ),
                READ,
            ),
        },
        grants={SEE_ALL: DOMAINS, SEE_COST: DOMAINS, SEE_DETAILS: DOMAINS},
        base=False,
    ),
}


ROLE_LABELS.update(
    {
        ADMINISTRATOR: _l("Administrator"),
        "Director": _l("Director"),
        "Sales manager": _l("Sales manager"),
        "Salesperson": _l("Salesperson"),
        "Warehouse keeper": _l("Warehouse keeper"),
        "Purchaser": _l("Purchaser"),
        "Accountant": _l("Accountant"),
        "Support agent": _l("Support agent"),
        "Marketer": _l("Marketer"),
        "Auditor": _l("Auditor"),
    }
)


class KehuSecurityManager(SecurityManager):
    """Flask-AppBuilder's users, roles and log-in; permissions are read once a request and kept on the actor."""

    user_api = KehuUserApi
    role_api = KehuRoleApi
    group_api = KehuGroupApi
    permission_api = PermissionApi
    view_menu_api = ViewMenuApi
    permission_view_menu_api = PermissionViewMenuApi

    def register_views(self) -> None:
        """The log-in, and the APIs of users, roles and groups; its pages are replaced by ours."""
        from app.core.web.account import LoginView

        self.auth_view = LoginView()
        self.user_view = None
        self.appbuilder.add_view_no_menu(self.auth_view)
        apis = (
            self.security_api,
            self.permission_api,
            self.role_api,
            self.user_api,
            self.view_menu_api,
            self.permission_view_menu_api,
        )
        for api in (*apis, self.group_api):
            self.appbuilder.add_api(api)

    def create_jwt_manager(self, app: Flask) -> JWTManager:
        """Tokens; one that is no good, over, or somebody's who is no longer active answers 401 with a message like any
        refusal.
        """
        manager = super().create_jwt_manager(app)

        def refused(*_about: Any) -> Any:
            return jsonify(message=_("Please log in.")), 401

        for register in (manager.invalid_token_loader, manager.unauthorized_loader, manager.expired_token_loader):
            register(refused)
        manager.user_lookup_error_loader(refused)
        return manager

    def load_user(self, pk: Any) -> Any:
        """The user of a session or token: read by the system, since nobody acts yet."""
        with identity.acting_as(identity.system()):
            return super().load_user(pk)

    def has_access(self, permission_name: str, view_name: str) -> bool:
        """Whether who acts now holds the permission."""
        actor = identity.current()
        return actor is not None and actor.may(permission_name, view_name)

    def is_item_public(self, permission_name: str, view_name: str) -> bool:
        """Nothing is public."""
        return False

    def auth_user_db(self, username: str, password: str) -> Any:
        """The user, if the password is right; the counters are written as the system, since nobody is logged in yet."""
        db.set_reading(False)
        with identity.acting_as(identity.system()):
            return super().auth_user_db(username, password)


@cache
def _who_and_what(_keys: frozenset[str]) -> sa.CompoundSelect[Any]:
    """What ``load_actor`` reads of the user ``user_id``.  Each request asks, so that it is put together once."""
    user_id: Any = sa.bindparam("user_id", type_=sa.Integer)
    direct = sa.select(assoc_user_role.c.role_id).where(assoc_user_role.c.user_id == user_id)
    by_group = (
        sa.select(assoc_group_role.c.role_id)
        .join(assoc_user_group, assoc_user_group.c.group_id == assoc_group_role.c.group_id)
        .where(assoc_user_group.c.user_id == user_id)
    )
    statement = (
        sa.select(Role.name, Permission.name, ViewMenu.name, notices.unread(user_id))
        .select_from(Role.__table__)
        .outerjoin(assoc_permissionview_role, assoc_permissionview_role.c.role_id == Role.id)
        .outerjoin(PermissionView.__table__, PermissionView.id == assoc_permissionview_role.c.permission_view_id)
        .outerjoin(Permission.__table__, Permission.id == PermissionView.permission_id)
        .outerjoin(ViewMenu.__table__, ViewMenu.id == PermissionView.view_menu_id)
        .where(Role.id.in_(sa.union_all(direct, by_group)))
    )
    return sa.union_all(statement, preferences.along(user_id))


def load_actor(user: User) -> Actor:
    """The actor that ``user`` is: roles (one's own and one's groups'), permissions, unread notices and what every page
    needs of their preferences, in one statement.
    """
    every = _who_and_what(frozenset(preferences.every_page))
    found = db.session.connection().execute(every, {"user_id": user.id}).all()
    rows = [row for row in found if row[0] is not None]
    roles = frozenset(row[0] for row in rows)
    actor = Actor(
        user.id,
        full_name(user),
        roles,
        frozenset((row[1], row[2]) for row in rows if row[1]),
        is_admin=ADMINISTRATOR in roles,
        locale=getattr(user, "locale", None) or "",
        time_zone=user.time_zone or "",
        unread=rows[0][3] if rows else 0,
    )
    preferences.known(actor, {key: value for role, key, value, _unread in found if role is None})
    return actor


remarks.readers.actor = load_actor


def actor_for(user_id: int) -> Actor:
    """The actor that the user with ``user_id`` is: for jobs, tests and «preview as»."""
    user = db.session.get(User, user_id)
    assert user is not None
    return load_actor(user)
