"""Numbers: gap-free for documents (by kind and year, taken last, in the transaction), and the next free code for the
rest.

What a number looks like is a ``Sequence`` that an administrator edits: «SA2026-00001» is its prefix, the year and five
digits.  How far it has come is a ``Counter``, whose row stays locked until the transaction ends.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

import sqlalchemy as sa
from flask_appbuilder import Model
from sqlalchemy.orm import Mapped, mapped_column

from app.core import clock, db
from app.core.entity import Entity, Resources, column, derived, registry
from app.core.i18n import gettext as _
from app.core.i18n import lazy_gettext as _l
from app.core.types import CodeText, Flag, Whole, Word

PREFIXES: dict[str, str] = {}
"""What numbers and codes begin with unless an administrator says otherwise, by resource; upper layers fill it.  Without
one: the resource's initials."""
DIGITS = 5
MOST_DIGITS = 12


class Counter(Model):
    """How far a sequence has come: ``kind`` is a resource, ``year`` 0 where a sequence knows no years."""

    __tablename__ = "counters"

    kind: Mapped[str] = mapped_column(sa.String(80), primary_key=True)
    year: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    last: Mapped[int] = mapped_column(default=0)


KINDS = Resources(lambda model: model.numbered_by or model.workflow is not None)
"""What has a sequence: every document, and every entity whose code is given; resource → what people call it."""


class Sequence(Entity):
    """What the numbers of one kind look like.  Changing it changes none that is given already."""

    __tablename__ = "sequences"
    resource = "sequences"
    label, labels = _l("Numbering"), _l("Numbering")
    keys = ("kind",)
    searched = ("kind",)

    kind: Mapped[Word] = column(_l("Numbers of"), choices=KINDS, readonly=True, unique=True)
    prefix: Mapped[str] = column(
        _l("Prefix"), type_=CodeText(20), help=_l("What each number begins with; it has no digits")
    )
    with_year: Mapped[Flag] = column(
        _l("With the year"), default=False, help=_l("The year of the date follows, and counting begins anew each year")
    )
    with_month: Mapped[Flag] = column(
        _l("With the month"), default=False, help=_l("The month follows the year; counting goes on through the year")
    )
    digits: Mapped[Whole] = column(
        _l("Digits"), default=DIGITS, minimum=1, help=_l("Shorter numbers are filled with zeros")
    )

    def __str__(self) -> str:
        return str(KINDS.get(self.kind, self.kind))

    @derived(_l("Example"))
    def example(self) -> str:
        """The first number of this month."""
        return Format(self.prefix, self.with_year, self.with_month, self.digits).number(1, clock.today())

    def faults(self) -> dict[str, list[str]]:
        """A prefix with digits could run into the year or the count; a month alone says nothing."""
        found: dict[str, list[str]] = {}
        if any(letter.isdigit() for letter in self.prefix or ""):
            found["prefix"] = [_("A prefix has no digits: they would run into the number.")]
        if self.with_month and not self.with_year:
            found["with_month"] = [_("The month needs the year before it.")]
        is_document = self.kind in registry and registry[self.kind].workflow is not None
        if self.with_year and not is_document:
            found["with_year"] = [_("Only documents have a date whose year a number could show.")]
        if not 1 <= (self.digits or 0) <= MOST_DIGITS:
            found["digits"] = [_("A number has 1 to %(count)s digits.", count=MOST_DIGITS)]
        return found


@dataclass(frozen=True)
class Format:
    """What numbers of a kind look like: «SA», the year, the month, at least so many digits."""

    prefix: str
    with_year: bool
    with_month: bool
    digits: int

    def number(self, count: int, day: date) -> str:
        """The number ``count`` of ``day``: «SA2026-00001», «SA202611-00001» or «SA00001»."""
        dated = f"{day:%Y%m}-" if self.with_month else f"{day:%Y}-" if self.with_year else ""
        return f"{self.prefix}{dated}{count:0{self.digits}d}"


def default_format(kind: str) -> Format:
    """What numbers of ``kind`` look like until an administrator says otherwise."""
    prefix = PREFIXES.get(kind) or "".join(word[0] for word in kind.split("-")).upper()
    is_document = kind in registry and registry[kind].workflow is not None
    return Format(prefix, is_document, False, DIGITS)


def format_of(connection: sa.Connection, kind: str) -> Format:
    """What numbers of ``kind`` look like now.  One statement."""
    table = Sequence.__table__
    columns = (table.c.prefix, table.c.with_year, table.c.with_month, table.c.digits)
    row = connection.execute(sa.select(*columns).where(table.c.kind == kind)).first()
    return default_format(kind) if row is None else Format(*row)


def sync_sequences() -> None:
    """Add the rows of new kinds, in the current transaction; what an administrator has set stays."""
    known = set(db.session.scalars(sa.select(Sequence.kind)))
    for kind in KINDS:
        if kind not in known:
            form = default_format(kind)
            row = Sequence(kind=kind, prefix=form.prefix, with_year=form.with_year, with_month=False)
            row.digits = form.digits
            db.session.add(row)
    db.session.flush()


def advance(connection: sa.Connection, kind: str, year: int = 0, by: int = 1) -> int:
    """The next of a sequence, or the last of the next ``by``.  Its row stays locked until the transaction ends, so a
    rollback leaves no gap.
    """
    table = Counter.__table__
    statement = db.insert(connection, table).values(kind=kind, year=year, last=by)
    statement = statement.on_conflict_do_update(index_elements=["kind", "year"], set_={"last": table.c.last + by})
    return int(connection.execute(statement.returning(table.c.last)).scalar_one())


def document_number(kind: str, day: date) -> str:
    """The next number of a kind of document in ``day``'s year: «SA2026-00001»."""
    connection = db.session.connection()
    form = format_of(connection, kind)
    return form.number(advance(connection, kind, day.year if form.with_year else 0), day)


def next_code(model: type[Any], attribute: str) -> str:
    """The next code of ``model``'s sequence that no row has yet («C00001»)."""
    return next_codes(model, attribute, 1)[0]


def next_codes(model: type[Any], attribute: str, count: int) -> list[str]:
    """The next ``count`` codes of ``model``'s sequence that no row has yet, in order."""
    connection = db.session.connection()
    form, day = format_of(connection, model.resource), clock.today()
    column = model.__table__.c[attribute]
    codes: list[str] = []
    while len(codes) < count:
        missing = count - len(codes)
        last = advance(connection, model.resource, by=missing)
        fresh = [form.number(number, day) for number in range(last - missing + 1, last + 1)]
        used = set(connection.execute(sa.select(column).where(column.in_(fresh))).scalars())
        codes += [code for code in fresh if code not in used]
        if used:
            # Somebody typed codes of our form by hand, or imported them: go on behind the largest.
            _skip_used(connection, model, column, form)
    return codes


def _skip_used(connection: sa.Connection, model: type[Any], column: Any, form: Format) -> None:
    start, digits = form.prefix, form.digits
    largest = connection.execute(
        sa.select(sa.func.max(column)).where(
            column.like(f"{start}{'_' * digits}"), column.between(start + "0" * digits, start + "9" * digits)
        )
    ).scalar()
    count = (largest or "")[len(start) :]
    if count.isdigit():
        table = Counter.__table__
        connection.execute(
            sa.update(table)
            .where(table.c.kind == model.resource, table.c.year == 0, table.c.last < int(count))
            .values(last=int(count))
        )
