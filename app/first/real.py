"""Starting for real: the demo company goes, whole, and the database is made anew, with the administrator's account in it.

Offered only while the database holds nothing but demo data.  What people have done since tells by itself: the audit trail
is append only, and every row says who made and changed it when.
"""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from flask_appbuilder.security.sqla.models import Role, assoc_user_role
from sqlalchemy.exc import OperationalError

from app import setup
from app.core import audit, db, identity, store
from app.core.audit import ACTIONS, AuditEntry
from app.core.entity import User, entity_for, registry
from app.core.errors import Conflict
from app.core.exchange import runs
from app.core.exchange.models import ImportRun
from app.core.i18n import gettext as _
from app.core.i18n import listed
from app.core.users import ADMINISTRATOR, full_name
from app.core.web import present
from app.first.steps import look

REASONS = 3  # that are told
PATIENCE = "10s"  # that PostgreSQL waits until nobody else works with the tables
DEED = "start-for-real"


class NotNow(Conflict):
    """The database can't be made anew: ``reasons`` say why."""

    def __init__(self, reasons: Sequence[str]) -> None:
        self.reasons = list(reasons)
        super().__init__("\n".join([_("The demo company can't be replaced."), *self.reasons]))


def obstacles() -> list[str]:
    """Why the database can't be made anew, in words; empty when it holds nothing but demo data and nothing runs.

    At most three statements.
    """
    demo = look().demo
    if demo is None:
        return [_("There is no demo company in this database.")]
    return _deeds(int(demo["audit"])) or _rows(datetime.fromisoformat(demo["at"])) or _running()


def _deeds(last: int) -> list[str]:
    """What people have done since the entry ``last`` of the trail, besides with their own accounts."""
    own_account = sa.literal("users/") + sa.cast(AuditEntry.user_id, sa.String())
    statement = (
        sa.select(AuditEntry, User)
        .join(User, User.id == AuditEntry.user_id)
        .where(AuditEntry.id > last, AuditEntry.record != own_account, AuditEntry.action != "preview")
        .order_by(AuditEntry.id)
        .limit(REASONS)
    )
    told = []
    for entry, user in db.session.execute(statement).unique():
        resource, _slash, id = entry.record.partition("/")
        model: Any = registry.get(resource)
        what = f"{model.label} {id}" if model is not None else entry.record
        told.append(
            _(
                "%(who)s, %(when)s: %(what)s – %(action)s",
                who=full_name(user),
                when=present.moment(entry.at, inside=True),
                what=what,
                action=str(ACTIONS.get(entry.action, entry.action)),
            )
        )
    return told


def _rows(since: datetime) -> list[str]:
    """The kinds of rows that people have made or changed since: what the trail has not told."""
    kinds = [model for model in registry.values() if not model.read_only or model is ImportRun]
    asked = []
    for model in kinds:
        columns: Any = sa.inspect(model).columns
        if not {"created_by_id", "changed_by_id"} <= set(columns.keys()):
            continue
        made = sa.and_(columns["created_by_id"].is_not(None), columns["created_on"] > since)
        changed = sa.and_(columns["changed_by_id"].is_not(None), columns["changed_on"] > since)
        asked.append((model, sa.exists(sa.select(columns["id"]).where(sa.or_(made, changed)))))
    row = db.session.connection().execute(sa.select(*(each for _model, each in asked))).one()
    found = [str(model.labels) for (model, _each), there in zip(asked, row, strict=True) if there]
    return [_("Somebody has added or changed: %(kinds)s", kinds=listed(found))] if found else []


def _running() -> list[str]:
    """What runs now and would lose the ground under its feet."""
    job_run: Any = entity_for("job-runs")
    running = sa.select(
        sa.exists().where(job_run.state == "running"), sa.exists().where(ImportRun.state.in_(("waiting", "running")))
    )
    jobs, imports = db.session.execute(running).one()
    if jobs or imports:
        return [_("A job or an import is running. Please try again in a moment.")]
    return []


def start() -> None:
    """Make the database anew with the actor's account alone, in the current transaction; the demo's files go when that is
    committed.

    Raises NotNow when it holds more than demo data, or others work with it.
    """
    actor = identity.require()
    connection = db.session.connection()
    if connection.dialect.name != "sqlite":
        _lock_all(connection)
    if reasons := obstacles():
        raise NotNow(reasons)
    users: Any = User.__table__
    account = dict(connection.execute(sa.select(users).where(users.c.id == actor.user_id)).mappings().one())
    last = connection.scalar(sa.select(sa.func.max(users.c.id)))
    with identity.acting_as(identity.system()):
        setup.make_anew()
    connection = db.session.connection()
    account |= {name: None for name in ("created_by_fk", "changed_by_fk") if name in account}
    connection.execute(sa.insert(users).values(**account))
    role = connection.scalar(sa.select(Role.id).where(Role.name == ADMINISTRATOR))
    connection.execute(sa.insert(assoc_user_role).values(user_id=account["id"], role_id=role))
    _never_again(connection, last)
    audit.note(connection, f"users/{account['id']}", DEED)
    sa.event.listen(db.session(), "after_commit", _forget_files, once=True)


def _lock_all(connection: sa.Connection) -> None:
    """Wait until nobody else works with any table, and let nobody begin."""
    names = sa.inspect(connection).get_table_names()
    quoted = ", ".join(connection.dialect.identifier_preparer.quote(name) for name in sorted(names))
    connection.execute(sa.select(sa.func.pg_advisory_xact_lock(setup.LOCK_KEY)))
    connection.exec_driver_sql(f"SET LOCAL lock_timeout = '{PATIENCE}'")
    try:
        connection.exec_driver_sql(f"LOCK TABLE {quoted} IN ACCESS EXCLUSIVE MODE")
    except OperationalError:
        raise NotNow([_("Others are working with the database. Please try again in a moment.")]) from None


def _never_again(connection: sa.Connection, last: int) -> None:
    """Let no new account have the number of one that went: a browser that was logged in as that one would be let in."""
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql("UPDATE sqlite_sequence SET seq = ? WHERE name = 'ab_user'", (last,))
    else:
        connection.exec_driver_sql("SELECT setval(pg_get_serial_sequence('ab_user', 'id'), %s)", (last,))


def _forget_files(_session: Any) -> None:
    """Remove the demo's pictures and uploads; what is left of them, ``clean-up`` sweeps as files that no row names."""
    store.store().clear()
    shutil.rmtree(runs.uploads(), ignore_errors=True)


def what_goes() -> list[tuple[str, int]]:
    """What would go: each kind of rows of the company's with how many there are.  One statement."""
    kinds = [model for model in registry.values() if model.domain() != "system"]
    counts = (
        sa.select(sa.func.count()).select_from(sa.inspect(model).local_table).scalar_subquery() for model in kinds
    )
    row = db.session.connection().execute(sa.select(*counts)).one()
    found = [(str(model.labels), count) for model, count in zip(kinds, row, strict=True) if count]
    people = db.session.scalar(sa.select(sa.func.count(User.id))) or 0
    return [*found, (_("Accounts besides yours"), people - 1)]
