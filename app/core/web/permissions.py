"""What a role may do, as a page of ticks: each entity with its operations, each grant with the domains it reaches."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa
from flask import flash, redirect, render_template, request
from flask_appbuilder import BaseView, expose
from flask_appbuilder.security.sqla.models import Permission, PermissionView, Role, ViewMenu, assoc_permissionview_role

from app.core import audit, db
from app.core.errors import Conflict
from app.core.i18n import gettext as _
from app.core.users import ADMINISTRATOR
from app.core.web import frame, history, reach, record
from app.core.web.page import Cell, Change, Column, Link, Row, Tab, Table
from app.core.web.system import RoleView
from app.core.web.view import READ, WRITE, EntityView


@dataclass
class Tick:
    """One permission: ``name`` is the input's, «can_edit Customer»."""

    name: str
    label: str
    ticked: bool


@dataclass
class TickRow:
    """The permissions of one entity, or one grant; None keeps the place of what the entity has not."""

    label: str
    ticks: list[Tick | None]


@dataclass
class TickGroup:
    """A section of the console."""

    title: str
    rows: list[TickRow] = field(default_factory=list)


frame.belongs["role-permissions"] = "roles"


class RolePermissionsView(BaseView):
    """``/role-permissions/<role>``."""

    route_base = "/role-permissions"
    default_view = "edit"
    base_permissions: list[str] = []

    @expose("/<int:pk>", methods=("GET", "POST"))
    def edit(self, pk: int) -> Any:
        """Look at and change what a role may do."""
        role = reach.row(RoleView, pk, "edit", lock=request.method == "POST")
        if role.name == ADMINISTRATOR and request.method == "POST":
            raise Conflict(_("The administrator may always do everything."))
        known = known_permissions(groups(set()))
        if request.method == "POST":
            save(role, known, {name for name in request.form.getlist("may") if name in known})
            flash(_("%(what)s was saved.", what=role), "success")
            return redirect(f"/roles/show/{pk}")
        page = {
            "title": _("Permissions of %(role)s", role=role),
            "breadcrumb": [
                Link(str(RoleView.model.labels), "/roles/list/"),
                Link(str(role), f"/roles/show/{pk}"),
                Link(_("Permissions")),
            ],
            "groups": groups(held(role)),
            "action_url": f"/role-permissions/{pk}",
            "cancel_url": f"/roles/show/{pk}",
            "fixed": role.name == ADMINISTRATOR,
            "errors": [],
        }
        return render_template("kehu/permissions.html", page=page)


def tab(_view: type[EntityView], role: Any) -> list[Tab]:
    """What a role may do, on its own page: the rows of the ticks with what is ticked."""
    if not isinstance(role, Role):
        return []
    if role.name == ADMINISTRATOR:
        return [Tab("permissions", _("Permissions"), html=_("The administrator may always do everything."))]
    rows = [
        Row(0, None, [Cell("text", row.label), Cell("longtext", " · ".join(may))])
        for group in groups(held(role))
        for row in group.rows
        if (may := [tick.label for tick in row.ticks if tick is not None and tick.ticked])
    ]
    columns = [Column("what", _("What")), Column("may", _("Permissions"), "longtext")]
    return [Tab("permissions", _("Permissions"), table=Table(columns, rows))]


record.FIRST_TABS.append(tab)


def words(operation: str, view: type[EntityView]) -> str:
    """An operation as people say it."""
    known = {
        "list": _("List"),
        "show": _("Open"),
        "export": _("Export"),
        "add": _("Add"),
        "edit": _("Edit"),
        "delete": _("Delete"),
        "import": _("Import"),
        "visible-to": _("See who sees it"),
        "duplicates": _("Find duplicates"),
        "comment": _("Write comments"),
    }
    step = view.model.workflow.find(operation) if view.model.workflow is not None else None
    action = view.action(operation) or view.resource_action(operation)
    return known.get(operation) or str(
        step.label if step is not None else action.label if action is not None else operation
    )


def grant_words() -> dict[str, str]:
    """The grants as people say them."""
    return {
        "can_see_all": _("See every row, not only one's own"),
        "can_change_all": _("Change every row"),
        "can_see_cost": _("See what things cost"),
        "can_see_details": _("See more than names and addresses"),
        "can_assign": _("Give rows to another owner"),
    }


def groups(ticked: set[str]) -> list[TickGroup]:
    """Every permission of the console by section, those in ``ticked`` ticked."""
    found = []
    domains: dict[str, str] = {}
    for section in frame.console:
        group = TickGroup(str(section.label))
        for view in section.views:
            key = view.model.permission_key()
            ticks: list[Tick | None] = []
            has = view.operations()
            for operation in (*READ, *WRITE, *(each for each in has if each not in READ + WRITE)):
                if operation not in has:
                    ticks.append(None)
                    continue
                name = f"can_{operation.replace('-', '_')} {key}"
                ticks.append(Tick(name, words(operation, view), name in ticked))
            group.rows.append(TickRow(str(view.model.labels), ticks))
            domains.setdefault(view.model.domain(), str(section.label))
        found.append(group)
    reaches = TickGroup(_("How far it reaches"))
    for grant, label in grant_words().items():
        names = {f"{grant} {domain}": title for domain, title in domains.items()}
        reaches.rows.append(TickRow(label, [Tick(name, title, name in ticked) for name, title in names.items()]))
    return [reaches, *found]


SHOWN = 30  # permissions that the history names of one change


@history.tells("roles", "permissions")
def changed_permissions(removed: list[str], added: list[str]) -> list[Change]:
    """A change of a role's permissions, in the words of the page."""
    names = {
        tick.name: f"{row.label} · {tick.label}"
        for group in groups(set())
        for row in group.rows
        for tick in row.ticks
        if tick is not None
    }

    def told(permissions: list[str]) -> str:
        shown = [names.get(each, each) for each in permissions]
        more = len(shown) - SHOWN
        return "; ".join(shown[:SHOWN]) + (f" +{more}" if more > 0 else "")

    changes = [Change(_("Allowed"), "", told(added))] if added else []
    return changes + ([Change(_("No longer allowed"), "", told(removed))] if removed else [])


def known_permissions(shown: Iterable[TickGroup]) -> set[str]:
    """The names of every permission on the page."""
    return {tick.name for group in shown for row in group.rows for tick in row.ticks if tick is not None}


def held(role: Role) -> set[str]:
    """The permissions the role has, as «can_edit Customer»."""
    statement = (
        sa.select(Permission.name, ViewMenu.name)
        .select_from(assoc_permissionview_role)
        .join(PermissionView.__table__, PermissionView.id == assoc_permissionview_role.c.permission_view_id)
        .join(Permission.__table__, Permission.id == PermissionView.permission_id)
        .join(ViewMenu.__table__, ViewMenu.id == PermissionView.view_menu_id)
        .where(assoc_permissionview_role.c.role_id == role.id)
    )
    return {f"{permission} {subject}" for permission, subject in db.session.connection().execute(statement)}


def save(role: Role, known: set[str], wanted: set[str]) -> None:
    """Make the role's permissions among ``known`` those in ``wanted``, and write down what changed."""
    has = held(role)
    added, removed = wanted - has, (has & known) - wanted
    if not (added or removed):
        return
    connection = db.session.connection()
    statement = (
        sa.select(Permission.name, ViewMenu.name, PermissionView.id)
        .select_from(PermissionView.__table__)
        .join(Permission.__table__, Permission.id == PermissionView.permission_id)
        .join(ViewMenu.__table__, ViewMenu.id == PermissionView.view_menu_id)
    )
    keys = {f"{permission} {subject}": key for permission, subject, key in connection.execute(statement)}
    table = assoc_permissionview_role
    if removed:
        gone = [keys[name] for name in removed]
        connection.execute(sa.delete(table).where(table.c.role_id == role.id, table.c.permission_view_id.in_(gone)))
    if added:
        connection.execute(
            sa.insert(table),
            [{"role_id": role.id, "permission_view_id": keys[name]} for name in sorted(added) if name in keys],
        )
    audit.note(connection, f"roles/{role.id}", "update", {"permissions": [sorted(removed), sorted(added)]})
