"""The vocabulary of column types: what a value means decides how it is stored, compared, shown and typed in.

Decimals are exact on both databases: scaled integers on SQLite, NUMERIC on PostgreSQL.  SQL may add and compare values
of one scale; it may not multiply, divide or average them (a product is a stored column, rounded by ``core.money``).
"""

from __future__ import annotations

import operator
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from typing import Annotated, Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql
from sqlalchemy.orm import mapped_column
from sqlalchemy.sql import operators
from sqlalchemy.sql.functions import GenericFunction

_FORBIDDEN = {operator.mul, operator.truediv, operator.floordiv, operator.mod, operators.mul, operators.truediv}
DIGITS = 18  # a scaled integer must fit SQLite's 64 bits


class ScaledDecimal(sa.types.TypeDecorator[Decimal]):
    """A decimal of exactly ``scale`` places.  Binding a value with more raises ValueError rather than rounding it away."""

    impl = sa.Numeric
    cache_ok = True

    def __init__(self, scale: int) -> None:
        super().__init__(DIGITS, scale)
        self.scale = scale

    def __repr__(self) -> str:
        return f"ScaledDecimal({self.scale})"

    def load_dialect_impl(self, dialect: sa.Dialect) -> sa.types.TypeEngine[Any]:
        if dialect.name == "sqlite":
            return dialect.type_descriptor(sa.BigInteger())
        return dialect.type_descriptor(sa.Numeric(DIGITS, self.scale))

    def process_bind_param(self, value: Any, dialect: sa.Dialect) -> Any:
        if value is None:
            return None
        exact = exact_decimal(value, self.scale)
        return int(exact.scaleb(self.scale)) if dialect.name == "sqlite" else exact

    def process_result_value(self, value: Any, dialect: sa.Dialect) -> Decimal | None:
        if value is None:
            return None
        if dialect.name == "sqlite":
            return Decimal(int(value)).scaleb(-self.scale)
        return Decimal(value).quantize(Decimal(1).scaleb(-self.scale))

    def coerce_compared_value(self, op: Any, value: Any) -> sa.types.TypeEngine[Any]:
        return self

    class comparator_factory(sa.types.TypeDecorator.Comparator):
        """Refuses what would mix scales or need rounding inside SQL."""

        def operate(self, op: Any, *other: Any, **kwargs: Any) -> Any:
            self._check(op, other)
            return super().operate(op, *other, **kwargs)

        def reverse_operate(self, op: Any, *other: Any, **kwargs: Any) -> Any:
            self._check(op, other)
            return super().reverse_operate(op, *other, **kwargs)

        def _check(self, op: Any, other: tuple[Any, ...]) -> None:
            if op in _FORBIDDEN:
                raise TypeError("a decimal column can't be multiplied or divided in SQL: store the product")
            mine = self.type.scale  # type: ignore[attr-defined]
            for value in other:
                theirs = getattr(value, "type", None)
                if isinstance(theirs, ScaledDecimal) and theirs.scale != mine:
                    raise TypeError(f"scales {mine} and {theirs.scale} can't be mixed in SQL")


class ByteCount(sa.Integer):
    """How large a file is; shown as «12 KB»."""


class Fraction(ScaledDecimal):
    """A rate: a fraction of six places (13 % is 0.13), shown as a percentage."""

    cache_ok = True

    def __init__(self) -> None:
        super().__init__(6)

    def __repr__(self) -> str:
        return "Fraction()"


class _NoAverage(GenericFunction[Any]):
    """``avg`` over a ScaledDecimal would come back unscaled on SQLite: refuse it where it is written."""

    name = "avg"
    inherit_cache = True
    type = sa.Numeric()

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        if any(isinstance(getattr(arg, "type", None), ScaledDecimal) for arg in args):
            raise TypeError("a decimal column can't be averaged in SQL: divide the sum by the count")
        super().__init__(*args, **kwargs)


def exact_decimal(value: Any, scale: int) -> Decimal:
    """``value`` (Decimal, int or a decimal's text) with exactly ``scale`` places.

    Raises ValueError when it is no finite number, has surplus decimals or more than 18 digits.
    """
    if isinstance(value, float):
        value = repr(value)
    try:
        number = Decimal(value)
    except (InvalidOperation, TypeError, ValueError):
        raise ValueError(f"{value!r} is not a number") from None
    if not number.is_finite():
        raise ValueError(f"{value!r} is not a number")
    if number.adjusted() + 1 + scale > DIGITS:
        raise ValueError(f"{value} is too large")
    exact = number.quantize(Decimal(1).scaleb(-scale))
    if exact != number:
        raise ValueError(f"{value} has more than {scale} decimals")
    return exact


class UTCDateTime(sa.types.TypeDecorator[datetime]):
    """A moment: aware in Python, UTC in the database (TIMESTAMPTZ on PostgreSQL)."""

    impl = sa.DateTime
    cache_ok = True

    def __init__(self) -> None:
        super().__init__(timezone=True)

    def __repr__(self) -> str:
        return "UTCDateTime()"

    def process_bind_param(self, value: datetime | None, dialect: sa.Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a moment needs a time zone")
        value = value.astimezone(UTC)
        return value.replace(tzinfo=None) if dialect.name == "sqlite" else value

    def process_result_value(self, value: datetime | None, dialect: sa.Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class CodeText(sa.String):
    """A code: shown in a monospace face, compared as typed."""


class PhoneText(sa.String):
    """A phone number, kept as typed."""


class EmailText(sa.String):
    """An e-mail address."""


class UrlText(sa.String):
    """A web address."""


class RecordName(sa.String):
    """The name of a record of any kind: «customers/12»."""


class LongText(sa.Text):
    """Text of several lines."""


class Images(sa.types.TypeDecorator[list[str]]):
    """Pictures of a record: a list of file digests in their order (see ``core.files``)."""

    impl = sa.JSON
    cache_ok = True

    def __repr__(self) -> str:
        return "Images()"


class AddedValues(sa.types.TypeDecorator[dict[str, Any]]):
    """The values of the fields that a company added to an entity, by name (see ``core.custom``)."""

    impl = sa.JSON
    cache_ok = True

    def __init__(self) -> None:
        super().__init__(none_as_null=True)

    def __repr__(self) -> str:
        return "AddedValues()"

    def load_dialect_impl(self, dialect: sa.Dialect) -> sa.types.TypeEngine[Any]:
        if dialect.name == "postgresql":
            return dialect.type_descriptor(postgresql.JSONB(none_as_null=True))
        return dialect.type_descriptor(sa.JSON(none_as_null=True))

    def coerce_compared_value(self, op: Any, value: Any) -> Any:
        # What is asked of a part is no longer of this type: JSON itself knows what it is.
        return self.impl_instance.coerce_compared_value(op, value)


Money = Annotated[Decimal, mapped_column(ScaledDecimal(2))]
Price = Annotated[Decimal, mapped_column(ScaledDecimal(6))]
Quantity = Annotated[Decimal, mapped_column(ScaledDecimal(4))]
Rate = Annotated[Decimal, mapped_column(Fraction())]
Code = Annotated[str, mapped_column(CodeText(64))]
Name = Annotated[str, mapped_column(sa.String(200))]
Word = Annotated[str, mapped_column(sa.String(80))]
Phone = Annotated[str, mapped_column(PhoneText(60))]
Email = Annotated[str, mapped_column(EmailText(254))]
Url = Annotated[str, mapped_column(UrlText(500))]
Note = Annotated[str, mapped_column(LongText())]
Moment = Annotated[datetime, mapped_column(UTCDateTime())]
Day = Annotated[date, mapped_column(sa.Date())]
Flag = Annotated[bool, mapped_column(sa.Boolean())]
Whole = Annotated[int, mapped_column(sa.Integer())]
Bytes = Annotated[int, mapped_column(ByteCount())]
Ref = Annotated[int, mapped_column(sa.Integer(), index=True)]
Pictures = Annotated[list[str], mapped_column(Images())]
