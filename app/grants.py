"""Putting the table of roles into the database: every permission that the code knows, and each role's defaults once."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from typing import Any

import sqlalchemy as sa
from flask import current_app
from flask_appbuilder import Model
from flask_appbuilder.security.sqla.models import (
    Permission,
    PermissionView,
    Role,
    ViewMenu,
    assoc_permissionview_role,
)
from sqlalchemy.orm import Mapped, mapped_column

from app.core import db, search
from app.core.i18n import in_each_language
from app.core.identity import GRANTS
from app.core.users import ADMINISTRATOR, ROLE_LABELS
from app.core.web.view import views
from app.security import DOMAINS, ROLES


class SeededGrant(Model):
    """A default that has been given to a role once; whatever an administrator does with it since, it is not given
    again.
    """

    __tablename__ = "seeded_grants"
    __table_args__ = (sa.UniqueConstraint("role", "permission", "subject"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    role: Mapped[str] = mapped_column(sa.String(64))
    permission: Mapped[str] = mapped_column(sa.String(100))
    subject: Mapped[str] = mapped_column(sa.String(250))


def needed() -> set[tuple[str, str]]:
    """Every (permission, subject) that the code knows: of the views, of Flask-AppBuilder's APIs, and the grants."""
    # A domain that no role names has its grants too: the page of a role's permissions offers them.
    domains = {*DOMAINS, *(view.model.domain() for view in views.values())}
    pairs: set[tuple[str, str]] = {(grant, domain) for grant in GRANTS for domain in domains}
    for view in views.values():
        pairs |= {(f"can_{name.replace('-', '_')}", view.model.permission_key()) for name in view.operations()}
    for base in current_app.appbuilder.baseviews:  # type: ignore[attr-defined]
        pairs |= {(permission, base.class_permission_name) for permission in base.base_permissions or []}
    for table in ROLES.values():
        pairs |= table.pairs()
    return pairs


def fingerprint() -> str:
    """A digest of what ``sync`` would see to: unchanged, there is nothing to do."""
    text = repr((sorted(needed()), [(name, sorted(table.pairs())) for name, table in ROLES.items()]))
    return hashlib.sha256(text.encode()).hexdigest()


def sync() -> None:
    """Make the database know every permission and role, and give each role its defaults once.  A few statements,
    whatever their number.
    """
    connection = db.session.connection()
    pairs = needed()
    permissions = _ensure_names(connection, Permission.__table__, {name for name, _subject in pairs})
    subjects = _ensure_names(connection, ViewMenu.__table__, {subject for _name, subject in pairs})
    known = _permission_views(connection)
    missing = [
        {"permission_id": permissions[name], "view_menu_id": subjects[subject]}
        for name, subject in sorted(pairs)
        if (name, subject) not in known
    ]
    if missing:
        connection.execute(sa.insert(PermissionView.__table__), missing)
        known = _permission_views(connection)
    seeded = set(
        connection.execute(sa.select(SeededGrant.role, SeededGrant.permission, SeededGrant.subject)).tuples().all()
    )
    new_roles = {name for name in ROLES if (name, "", "") not in seeded}
    existing = dict(connection.execute(sa.select(Role.name, Role.id)).tuples().all())
    to_make = [{"name": name, "search_text": _searched(name)} for name in sorted(new_roles - set(existing))]
    if to_make:
        connection.execute(sa.insert(Role.__table__), to_make)
        existing = dict(connection.execute(sa.select(Role.name, Role.id)).tuples().all())
    marks = [{"role": name, "permission": "", "subject": ""} for name in sorted(new_roles)]
    gifts = []
    held = set(
        connection.execute(
            sa.select(assoc_permissionview_role.c.role_id, assoc_permissionview_role.c.permission_view_id)
        )
        .tuples()
        .all()
    )
    for name, table in ROLES.items():
        for permission, subject in sorted(table.pairs() if name != ADMINISTRATOR else pairs):
            if (name, permission, subject) in seeded:
                continue
            marks.append({"role": name, "permission": permission, "subject": subject})
            role_id = existing.get(name)
            if role_id is not None and (role_id, known[permission, subject]) not in held:
                gifts.append({"role_id": role_id, "permission_view_id": known[permission, subject]})
    if gifts:
        connection.execute(sa.insert(assoc_permissionview_role), gifts)
    if marks:
        connection.execute(sa.insert(SeededGrant.__table__), marks)


def _searched(name: str) -> str:
    """What a role is found by: its name, and what it is called in each language."""
    return search.search_text((name, *sorted(in_each_language(ROLE_LABELS.get(name, name)) - {name})))


def _ensure_names(connection: sa.Connection, table: Any, names: Iterable[str]) -> dict[str, int]:
    found = dict(connection.execute(sa.select(table.c.name, table.c.id)).tuples().all())
    missing = [{"name": name} for name in sorted(set(names) - set(found))]
    if missing:
        connection.execute(sa.insert(table), missing)
        found = dict(connection.execute(sa.select(table.c.name, table.c.id)).tuples().all())
    return found


def _permission_views(connection: sa.Connection) -> dict[tuple[str, str], int]:
    statement = (
        sa.select(Permission.name, ViewMenu.name, PermissionView.id)
        .select_from(PermissionView.__table__)
        .join(Permission.__table__, Permission.id == PermissionView.permission_id)
        .join(ViewMenu.__table__, ViewMenu.id == PermissionView.view_menu_id)
    )
    return {(permission, subject): key for permission, subject, key in connection.execute(statement)}
