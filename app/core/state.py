"""What an installation remembers of itself: a few named texts."""

from __future__ import annotations

import sqlalchemy as sa
from flask_appbuilder import Model
from sqlalchemy.orm import Mapped, mapped_column


class Remembered(Model):
    """One named text."""

    __tablename__ = "remembered"

    name: Mapped[str] = mapped_column(sa.String(80), primary_key=True)
    value: Mapped[str] = mapped_column(sa.Text())


def recall(connection: sa.Connection, name: str) -> str | None:
    """The text kept under ``name``."""
    return connection.execute(sa.select(Remembered.value).where(Remembered.name == name)).scalar()


def remember(connection: sa.Connection, name: str, value: str) -> None:
    """Keep ``value`` under ``name``."""
    if connection.execute(sa.update(Remembered).where(Remembered.name == name).values(value=value)).rowcount == 0:
        connection.execute(sa.insert(Remembered).values(name=name, value=value))
