"""The columns we add to Flask-AppBuilder's user, and how a user is named.

A user is an account; an employee (people) is a person with a place in the company.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
import sqlalchemy.orm
from flask_appbuilder.security.sqla.models import (
    Group,
    Role,
    User,
    assoc_group_role,
    assoc_user_group,
    assoc_user_role,
)
from werkzeug.security import generate_password_hash

from app.core import clock, identity
from app.core.errors import Conflict
from app.core.fields import Field, fields_of
from app.core.i18n import LANGUAGES
from app.core.i18n import gettext as _
from app.core.i18n import lazy_gettext as _l
from app.core.readers import storable
from app.core.scope import everyone
from app.core.types import EmailText

ADMINISTRATOR = "Administrator"  # the role that may do everything
PASSWORD_MIN, PASSWORD_MAX = 8, 64  # characters
COMMON = frozenset(
    {
        "password",
        "12345678",
        "123456789",
        "qwertyui",
        "11111111",
        "88888888",
        "password1",
        "iloveyou",
        "abcd1234",
        "1234567890",
    }
)

# Declarative lets columns join a mapped class later; Flask-AppBuilder's own code never notices them.
User.locale = sa.Column("locale", sa.String(8), nullable=True, info={"label": _l("Language")})
User.time_zone = sa.Column(
    "time_zone",
    sa.String(64),
    nullable=True,
    info={
        "label": _l("Time zone"),
        "help": _l("Such as Asia/Shanghai; empty for the company's"),
        "choices": {name: name for name in clock.zone_names()},
    },
)
for _model in (User, Role):
    _model.search_text = sa.Column("search_text", sa.Text(), nullable=False, server_default="", default="")
NO_PASSWORD = "!"  # a hash that no password has

# An account that a sample company brings need not have an address.
User.__table__.c.email.nullable = True
User.__table__.c.email.type = EmailText(User.__table__.c.email.type.length)
LABELS = {
    "username": _l("User name"),
    "first_name": _l("First name"),
    "last_name": _l("Last name"),
    "email": _l("E-mail"),
    "active": _l("Active"),
    "created_on": _l("Created"),
    "changed_on": _l("Changed"),
    "created_by_fk": _l("Created by"),
    "changed_by_fk": _l("Changed by"),
}
for _name, _label in LABELS.items():
    User.__table__.c[_name].info["label"] = _label
User.__table__.c.locale.info["choices"] = LANGUAGES
Role.__table__.c.name.info["label"] = _l("Name")

SECRET = frozenset({"password", "last_login", "login_count", "fail_login_count", "search_text"})
"""Columns of a user that neither the audit trail nor an export ever records."""


def full_name(user: Any) -> str:
    """How a user is called: «Nancy Davolio», and 王伟 without a space, family name first."""
    first, last = (user.first_name or "").strip(), (user.last_name or "").strip()
    if any("\u4e00" <= letter <= "\u9fff" for letter in first + last):
        return f"{last}{first}" or str(user.username)
    return f"{first} {last}".strip() or str(user.username)


User.__str__ = full_name
User.__repr__ = full_name
User.full_name = property(full_name)  # searched as people say it: 林晓彤 is found by «lxt»

ROLE_LABELS: dict[str, Any] = {}
"""What the roles that Kehu brings are called in each language; ``app.security`` fills it."""
Role.__str__ = lambda role: str(ROLE_LABELS.get(role.name, role.name))


def _set_password(user: Any, password: str | None) -> None:
    if password:
        user.password = generate_password_hash(password)


User.new_password = property(lambda user: None, _set_password)


def _fill(user: Any) -> None:
    """An account without a password can't be logged into."""
    if not user.password:
        user.password = NO_PASSWORD


def zone_faults(name: str) -> list[str]:
    """What is wrong with ``name`` as somebody's time zone; nothing with an empty one."""
    if not name or name in clock.zone_names():
        return []
    return [_("“%(name)s” is not a time zone. Write it as Asia/Shanghai.", name=name[:64])]


def _faults(user: Any) -> dict[str, list[str]]:
    if user.email and sa.inspect(user).attrs.email.history.has_changes():
        try:
            fields_of(User)["email"].parse(user.email)
        except ValueError as error:
            return {"email": [str(error)]}
    if user.id is not None and user.id == identity.user_id() and not user.active:
        return {"active": [_("You can't shut yourself out. Ask another administrator.")]}
    return {}


User.fill, User.faults = _fill, _faults


def _role_faults(role: Any) -> dict[str, list[str]]:
    name = sa.inspect(role).attrs.name.history
    if not (role.name or "").strip():
        return {"name": [_("This is required.")]}
    if ADMINISTRATOR in (name.deleted or ()) and role.name != ADMINISTRATOR:
        return {"name": [_("The administrators' role keeps its name.")]}
    return {}


def _role_stays(role: Any) -> str:
    """Why the role can't be deleted: the administrators' never, others while somebody has them."""
    if role.name == ADMINISTRATOR:
        return _("The administrators' role stays: without it nobody could administer.")
    session = sa.orm.object_session(role)
    assert session is not None
    held = [
        session.scalar(sa.select(sa.func.count()).where(table.c.role_id == role.id))
        for table in (assoc_user_role, assoc_group_role)
    ]
    if any(held):
        return _(
            "%(role)s is still given to %(users)s users and %(groups)s groups. Give them another role first.",
            role=role,
            users=held[0],
            groups=held[1],
        )
    return ""


Role.faults, Role.stays = _role_faults, _role_stays


def _still_administered(connection: sa.Connection) -> None:
    """Raises Conflict when nobody is left who is active and an administrator; set-up may do without."""
    actor = identity.current()
    if actor is None or actor.is_system:
        return
    users, roles = User.__table__, Role.__table__
    ways = (
        sa.select(assoc_user_role.c.user_id).join(roles, roles.c.id == assoc_user_role.c.role_id),
        sa.select(assoc_user_group.c.user_id)
        .join(assoc_group_role, assoc_group_role.c.group_id == assoc_user_group.c.group_id)
        .join(roles, roles.c.id == assoc_group_role.c.role_id),
    )
    named = sa.union_all(*(way.where(roles.c.name == ADMINISTRATOR) for way in ways))
    if connection.execute(sa.select(users.c.id).where(users.c.active, users.c.id.in_(named)).limit(1)).first() is None:
        raise Conflict(_("Somebody active must remain an administrator. Give another user that role first."))


def password_fault(password: str, username: str = "") -> str:
    """What is wrong with a new password, for people; empty when nothing is."""
    if len(password) < PASSWORD_MIN:
        return _("At least %(count)s characters.", count=PASSWORD_MIN)
    if len(password) > PASSWORD_MAX:
        return _("At most %(count)s characters.", count=PASSWORD_MAX)
    if password.casefold() in COMMON or password.casefold() == username.casefold():
        return _("This password is too common. Choose another.")
    return ""


class PasswordField(Field):
    """A password to be set: never read back, empty for leaving it as it is."""

    def parse(self, raw: Any) -> str | None:
        if raw is not None and not isinstance(raw, str):
            raise ValueError(_("This must be a text."))
        text = storable(raw or "")
        if text and (fault := password_fault(text)):
            raise ValueError(fault)
        return text or None


User.extra_fields = {
    "new_password": PasswordField(
        User,
        "new_password",
        "new_password",
        "password",
        _l("New password"),
        _l("At least 8 characters. Empty leaves it as it is; a new account without one can't be logged into."),
        length=PASSWORD_MAX,
        write_only=True,
    )
}


@sa.event.listens_for(sa.orm.Mapper, "after_configured")
def _label_roles() -> None:
    sa.inspect(User).relationships["roles"].info["label"] = _l("Roles")


# What core asks of every model, for those of Flask-AppBuilder's that our pages show, or that are audited.
for model, resource, label, labels in (
    (User, "users", _l("User"), _l("Users")),
    (Role, "roles", _l("Role"), _l("Roles")),
    (Group, "groups", _l("Group"), _l("Groups")),
):
    model.resource = resource
    if model is not Group:  # which has a column of this name, and no page
        model.label, model.labels = label, labels
    model.scope = everyone
    model.keys = ("username",) if model is User else ("name",)
    model.searched = ("full_name", "username", "first_name", "last_name") if model is User else ("name",)
    model.settled = staticmethod(_still_administered)
    model.numbered_by = ""
    model.read_only = False
    model.workflow = None
    model.audited = True
    model.synonyms, model.card = {}, {}
    model.domain = classmethod(lambda cls: "system")
    model.permission_key = classmethod(lambda cls: cls.__name__)
    model.fact = lambda self: ""
