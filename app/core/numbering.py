"""Numbers: gap-free for documents (by kind and year, taken last, in the transaction), and the next free code for the
rest.
"""

from __future__ import annotations

from datetime import date
from typing import Any

import sqlalchemy as sa
from flask_appbuilder import Model
from sqlalchemy.orm import Mapped, mapped_column

from app.core import db


class Counter(Model):
    """How far a sequence has come: ``kind`` is a resource, ``year`` 0 where a sequence knows no years."""

    __tablename__ = "counters"

    kind: Mapped[str] = mapped_column(sa.String(80), primary_key=True)
    year: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    last: Mapped[int] = mapped_column(default=0)


PREFIXES: dict[str, str] = {}
"""What numbers and codes begin with, by resource; upper layers fill it.  Without one: the resource's initials."""
DIGITS = 5


def prefix(kind: str) -> str:
    """What numbers of ``kind`` begin with: «SA» for stock-adjustments."""
    return PREFIXES.get(kind) or "".join(word[0] for word in kind.split("-")).upper()


def advance(connection: sa.Connection, kind: str, year: int = 0, by: int = 1) -> int:
    """The next of a sequence, or the last of the next ``by``.  Its row stays locked until the transaction ends, so a
    rollback leaves no gap.
    """
    if connection.dialect.name == "postgresql":
        from sqlalchemy.dialects.postgresql import insert
    else:
        from sqlalchemy.dialects.sqlite import insert  # type: ignore[assignment]
    table = Counter.__table__
    statement = insert(table).values(kind=kind, year=year, last=by)
    statement = statement.on_conflict_do_update(index_elements=["kind", "year"], set_={"last": table.c.last + by})
    return int(connection.execute(statement.returning(table.c.last)).scalar_one())


def document_number(kind: str, day: date) -> str:
    """The next number of a kind of document in ``day``'s year: «SA2026-00001»."""
    count = advance(db.session.connection(), kind, day.year)
    return f"{prefix(kind)}{day.year}-{count:0{DIGITS}d}"


def next_code(model: type[Any], attribute: str) -> str:
    """The next code of ``model``'s sequence that no row has yet («C00001»)."""
    return next_codes(model, attribute, 1)[0]


def next_codes(model: type[Any], attribute: str, count: int) -> list[str]:
    """The next ``count`` codes of ``model``'s sequence that no row has yet, in order."""
    connection = db.session.connection()
    column = model.__table__.c[attribute]
    codes: list[str] = []
    while len(codes) < count:
        missing = count - len(codes)
        last = advance(connection, model.resource, by=missing)
        fresh = [f"{prefix(model.resource)}{number:0{DIGITS}d}" for number in range(last - missing + 1, last + 1)]
        used = set(connection.execute(sa.select(column).where(column.in_(fresh))).scalars())
        codes += [code for code in fresh if code not in used]
        if used:
            # Somebody typed codes of our form by hand, or imported them: go on behind the largest.
            _skip_used(connection, model, column)
    return codes


def _skip_used(connection: sa.Connection, model: type[Any], column: Any) -> None:
    start = prefix(model.resource)
    largest = connection.execute(
        sa.select(sa.func.max(column)).where(
            column.like(f"{start}{'_' * DIGITS}"), column.between(start + "0" * DIGITS, start + "9" * DIGITS)
        )
    ).scalar()
    digits = (largest or "")[len(start) :]
    if digits.isdigit():
        table = Counter.__table__
        connection.execute(
            sa.update(table)
            .where(table.c.kind == model.resource, table.c.year == 0, table.c.last < int(digits))
            .values(last=int(digits))
        )
