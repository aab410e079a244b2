"""Alembic's environment: the models' metadata against the application's own engine."""

from __future__ import annotations

from typing import Any

from alembic import context
from flask import current_app

from app.core import db, fulltext, types

PLAIN = (types.CodeText, types.PhoneText, types.EmailText, types.UrlText, types.RecordName)


def render_item(kind: str, item: Any, autogen: Any) -> Any:
    """Our own types in a migration: texts as plain ones, the rest by name."""
    if kind != "type":
        return False
    if isinstance(item, PLAIN):
        return f"sa.String(length={item.length})"
    if isinstance(item, types.LongText):
        return "sa.Text()"
    if type(item).__module__ == types.__name__:
        autogen.imports.add("from app.core import types")
        return f"types.{item!r}"
    return False


def include_name(name: str | None, kind: str, _parents: Any) -> bool:
    """Not the index of texts: its tables are made by what they are for."""
    return kind != "table" or not fulltext.is_ours(name)


def run() -> None:
    """Run the migrations in one transaction: that of the connection that is given, or one of their own."""
    given = context.config.attributes.get("connection")
    if given is not None:
        migrate(given)
        return
    with db.db.engine.connect() as connection:
        migrate(connection)
        connection.commit()


def migrate(connection: Any) -> None:
    """Run the migrations on ``connection``."""
    context.configure(
        connection=connection,
        target_metadata=db.db.metadata,
        render_as_batch=True,
        compare_type=True,
        render_item=render_item,
        include_name=include_name,
    )
    with context.begin_transaction():
        context.run_migrations()


if current_app:
    run()
