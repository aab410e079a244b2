"""Choices that a company extends (level, source, region …): text, with the values used before offered again."""

from __future__ import annotations

from collections.abc import Iterable

import sqlalchemy as sa
from flask_appbuilder import Model
from sqlalchemy.orm import Mapped, mapped_column


class Choice(Model):
    """A value that a field has had: what a form suggests, without looking through the table itself."""

    __tablename__ = "choices"
    __table_args__ = (sa.UniqueConstraint("resource", "field", "value"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    resource: Mapped[str] = mapped_column(sa.String(80))
    field: Mapped[str] = mapped_column(sa.String(80))
    value: Mapped[str] = mapped_column(sa.String(200))


SUGGESTED = 200  # values offered at most


def remember(connection: sa.Connection, used: Iterable[tuple[str, str, str]]) -> None:
    """Keep the (resource, field, value) that were used, once each."""
    rows = [{"resource": resource, "field": field, "value": value} for resource, field, value in set(used)]
    if not rows:
        return
    if connection.dialect.name == "postgresql":
        from sqlalchemy.dialects.postgresql import insert
    else:
        from sqlalchemy.dialects.sqlite import insert  # type: ignore[assignment]
    connection.execute(
        insert(Choice.__table__).on_conflict_do_nothing(), sorted(rows, key=lambda row: tuple(row.values()))
    )


def suggestions(connection: sa.Connection, resource: str) -> dict[str, list[str]]:
    """What to offer for each open field of ``resource``."""
    table = Choice.__table__
    found: dict[str, list[str]] = {}
    statement = sa.select(table.c.field, table.c.value).where(table.c.resource == resource).order_by(table.c.value)
    for field, value in connection.execute(statement):
        found.setdefault(field, []).append(value)
    return {field: values[:SUGGESTED] for field, values in found.items()}
