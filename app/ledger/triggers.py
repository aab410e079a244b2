"""Entries stay as they were written: triggers in the database refuse to update or delete them, whoever asks.

``create`` is called after every migration, since Alembic's batch mode on SQLite drops them silently; ``missing`` says
what is not there.
"""

from __future__ import annotations

import sqlalchemy as sa

from app.core import merging
from app.core.i18n import lazy_gettext as _l

TABLES = ["audit_entries", "party_entries", "stock_entries"]
"""The tables that are append only."""
merging.FIXED.update(
    dict.fromkeys(TABLES, _l("The books have entries of the one that would go: merge the other into it."))
)

FUNCTION = """
CREATE OR REPLACE FUNCTION kehu_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION USING MESSAGE = TG_TABLE_NAME || ' is append only', ERRCODE = 'restrict_violation';
END $$
"""


def create(connection: sa.Connection) -> None:
    """Make the triggers, anew where they exist, on every append-only table that there is."""
    existing = set(sa.inspect(connection).get_table_names())
    is_sqlite = connection.dialect.name == "sqlite"
    if not is_sqlite:
        connection.exec_driver_sql(FUNCTION)
    for table in TABLES:
        if table not in existing:
            continue
        for name, body in _triggers(table, is_sqlite).items():
            connection.exec_driver_sql(f"DROP TRIGGER IF EXISTS {name}" + ("" if is_sqlite else f" ON {table}"))
            connection.exec_driver_sql(f"CREATE TRIGGER {name} {body}")


def missing(connection: sa.Connection) -> list[str]:
    """The names of the triggers that are not there, or are switched off."""
    is_sqlite = connection.dialect.name == "sqlite"
    if is_sqlite:
        statement = "SELECT name, tbl_name FROM sqlite_master WHERE type = 'trigger'"
    else:
        statement = (
            "SELECT tgname, relname FROM pg_trigger JOIN pg_class ON pg_class.oid = tgrelid "
            "WHERE relnamespace = current_schema()::regnamespace AND tgenabled IN ('O', 'A')"
        )
    found = {(name, table) for name, table in connection.exec_driver_sql(statement)}
    wanted = [(name, table) for table in TABLES for name in _triggers(table, is_sqlite)]
    return [name for name, table in wanted if (name, table) not in found]


def _triggers(table: str, is_sqlite: bool) -> dict[str, str]:
    """The triggers of ``table``: what follows CREATE TRIGGER, by name."""
    if not is_sqlite:
        refuse = "EXECUTE FUNCTION kehu_append_only()"
        return {
            f"{table}_no_update": f"BEFORE UPDATE ON {table} FOR EACH ROW {refuse}",
            f"{table}_no_delete": f"BEFORE DELETE ON {table} FOR EACH ROW {refuse}",
            f"{table}_no_truncate": f"BEFORE TRUNCATE ON {table} FOR EACH STATEMENT {refuse}",
        }
    refuse = f"BEGIN SELECT RAISE(ABORT, '{table} is append only'); END"
    return {
        f"{table}_no_update": f"BEFORE UPDATE ON {table} {refuse}",
        f"{table}_no_delete": f"BEFORE DELETE ON {table} {refuse}",
        # INSERT OR REPLACE deletes without asking the trigger above.
        f"{table}_no_replace": f"BEFORE INSERT ON {table} WHEN EXISTS (SELECT 1 FROM {table} WHERE id = NEW.id) "
        + refuse,
    }
