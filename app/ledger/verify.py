"""The books held against themselves: every balance recomputed from its entries, and every difference named.

It reads whole tables, each in one statement, row by row; what is held in memory are the differences alone.  It sees
every row, whoever asks.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import sqlalchemy as sa

from app.core import clock, db, money
from app.core.document import Document
from app.core.entity import entity_for
from app.core.i18n import gettext as _
from app.ledger import places, seals, triggers
from app.ledger.days import AHEAD
from app.ledger.models import PartyBalance, PartyEntry, Period, StockBalance, StockEntry
from app.ledger.party import COLUMNS

ENTRIES: sa.Table = StockEntry.__table__
BALANCES: sa.Table = StockBalance.__table__
PARTY_ENTRIES: sa.Table = PartyEntry.__table__
PARTY_BALANCES: sa.Table = PartyBalance.__table__
PERIODS: sa.Table = Period.__table__
AT_ONCE = 1000  # rows fetched at a time


def differences() -> list[str]:
    """Every difference, as a sentence for people; empty when the books are right."""
    return list(each_difference())


def each_difference() -> Iterator[str]:
    """The differences, one after the other."""
    connection = db.session.connection()
    yield from _missing_triggers(connection)
    yield from _wrong_balances(connection)
    yield from _entries_without_balance(connection)
    yield from _wrong_averages(connection)
    yield from _wrong_amounts(connection)
    yield from _wrong_stock_mirrors(connection)
    yield from _wrong_stock_days(connection)
    yield from _wrong_party_balances(connection)
    yield from _party_entries_without_balance(connection)
    yield from _wrong_party_mirrors(connection)
    yield from _wrong_parties(connection)
    for entries in (ENTRIES, PARTY_ENTRIES):
        yield from _broken_seals(connection, entries)
        yield from _half_reversed(connection, entries)
        yield from _out_of_period(connection, entries)
        yield from _other_documents(connection, entries)


def _rows(connection: sa.Connection, statement: Any) -> Iterator[Any]:
    result = connection.execute(statement, execution_options={"yield_per": AT_ONCE})
    try:
        yield from result
    finally:
        result.close()


def _missing_triggers(connection: sa.Connection) -> Iterator[str]:
    for name in triggers.missing(connection):
        yield _("The trigger %(name)s, which keeps entries as they were written, is missing.", name=name)


def _named(statement: Any, table: Any) -> Any:
    """``statement`` over ``table`` with the codes of its product and warehouse."""
    product, warehouse = places.table_of("product"), places.table_of("warehouse")
    statement = statement.add_columns(product.c.code.label("product"), warehouse.c.code.label("warehouse"))
    statement = statement.outerjoin(product, product.c.id == table.c.product_id)
    return statement.outerjoin(warehouse, warehouse.c.id == table.c.warehouse_id)


def _sums() -> Any:
    """What the entries add up to, by warehouse and product."""
    quantity, amount = sa.func.sum(ENTRIES.c.quantity), sa.func.sum(ENTRIES.c.amount)
    statement = sa.select(
        ENTRIES.c.warehouse_id, ENTRIES.c.product_id, quantity.label("quantity"), amount.label("amount")
    )
    return statement.group_by(ENTRIES.c.warehouse_id, ENTRIES.c.product_id).subquery("sums")


def _wrong_balances(connection: sa.Connection) -> Iterator[str]:
    sums = _sums()
    quantity, amount = sa.func.coalesce(sums.c.quantity, 0), sa.func.coalesce(sums.c.amount, 0)
    same = sa.and_(sums.c.warehouse_id == BALANCES.c.warehouse_id, sums.c.product_id == BALANCES.c.product_id)
    statement = (
        sa.select(BALANCES.c.on_hand, BALANCES.c.value, quantity.label("quantity"), amount.label("amount"))
        .select_from(BALANCES)
        .outerjoin(sums, same)
        .where(sa.or_(BALANCES.c.on_hand != quantity, BALANCES.c.value != amount))
        .order_by(BALANCES.c.warehouse_id, BALANCES.c.product_id)
    )
    for row in _rows(connection, _named(statement, BALANCES)):
        if row.on_hand != row.quantity:
            yield _(
                "%(product)s in %(warehouse)s: the balance says %(balance)s on hand, its entries add up to %(sum)s.",
                product=row.product,
                warehouse=row.warehouse,
                balance=row.on_hand,
                sum=row.quantity,
            )
        if row.value != row.amount:
            yield _(
                "%(product)s in %(warehouse)s: it is worth %(balance)s, the amounts of its entries add up to %(sum)s.",
                product=row.product,
                warehouse=row.warehouse,
                balance=row.value,
                sum=row.amount,
            )


def _entries_without_balance(connection: sa.Connection) -> Iterator[str]:
    sums = _sums()
    same = sa.and_(sums.c.warehouse_id == BALANCES.c.warehouse_id, sums.c.product_id == BALANCES.c.product_id)
    statement = sa.select(sums.c.quantity).select_from(sums).where(~sa.exists().where(same))
    for row in _rows(connection, _named(statement, sums)):
        yield _(
            "%(product)s in %(warehouse)s: there are entries, adding up to %(sum)s, but no balance.",
            product=row.product,
            warehouse=row.warehouse,
            sum=row.quantity,
        )


def _wrong_averages(connection: sa.Connection) -> Iterator[str]:
    """A quotient can't be reckoned in SQL: every balance is read."""
    statement = sa.select(BALANCES.c.on_hand, BALANCES.c.value, BALANCES.c.average_cost).select_from(BALANCES)
    for row in _rows(connection, _named(statement, BALANCES)):
        average = money.unit_cost(row.value, row.on_hand)
        if row.average_cost != average:
            yield _(
                "%(product)s in %(warehouse)s: the average cost is %(balance)s, by its value it should be %(should)s.",
                product=row.product,
                warehouse=row.warehouse,
                balance=row.average_cost,
                should=average,
            )


def _wrong_amounts(connection: sa.Connection) -> Iterator[str]:
    """An amount is quantity by unit cost, but for what rounding leaves in a holding and who empties it takes along."""
    quantity, unit_cost, amount = (_number(connection, ENTRIES.c[name]) for name in ("quantity", "unit_cost", "amount"))
    slack = 0.02 + sa.func.abs(quantity) * 0.000001
    if connection.dialect.name == "sqlite":
        slack += sa.func.abs(amount) * 1e-14  # these are binary fractions
    suspect = sa.select(
        ENTRIES.c.id, ENTRIES.c.document_number, ENTRIES.c.quantity, ENTRIES.c.unit_cost, ENTRIES.c.amount
    ).where(ENTRIES.c.quantity != 0, sa.func.abs(amount - quantity * unit_cost) > slack)
    for row in _rows(connection, suspect):
        yield _(
            "Entry %(id)s of %(document)s: %(quantity)s at %(unit_cost)s does not make %(amount)s.",
            id=row.id,
            document=row.document_number,
            quantity=row.quantity,
            unit_cost=row.unit_cost,
            amount=row.amount,
        )


def _number(connection: sa.Connection, column: Any) -> Any:
    """``column`` as a number that SQL may multiply: near enough to find what is wrong."""
    if connection.dialect.name != "sqlite":
        return sa.type_coerce(column, sa.Numeric())
    return sa.cast(sa.type_coerce(column, sa.BigInteger()), sa.Float()) / float(Decimal(10) ** column.type.scale)


def _wrong_stock_mirrors(connection: sa.Connection) -> Iterator[str]:
    """A reversing entry is its original with the signs turned; only a correction of value that comes with it is not."""
    original = ENTRIES.alias("original")
    turned = sa.and_(
        sa.or_(ENTRIES.c.quantity != 0, original.c.quantity == 0),
        sa.or_(
            ENTRIES.c.quantity + original.c.quantity != 0,
            ENTRIES.c.amount + original.c.amount != 0,
            ENTRIES.c.unit_cost != original.c.unit_cost,
            ENTRIES.c.customer_id.is_distinct_from(original.c.customer_id),
            original.c.reverses_id.is_not(None),
        ),
    )
    same = ("warehouse_id", "product_id", "document_kind", "document_id")
    yield from _wrong_mirrors(connection, ENTRIES, original, same, turned)


def _wrong_party_mirrors(connection: sa.Connection) -> Iterator[str]:
    original = PARTY_ENTRIES.alias("original")
    turned = sa.or_(
        PARTY_ENTRIES.c.amount + original.c.amount != 0,
        PARTY_ENTRIES.c.currency_amount + original.c.currency_amount != 0,
        PARTY_ENTRIES.c.due_on.is_distinct_from(original.c.due_on),
        original.c.reverses_id.is_not(None),
    )
    same = ("party", "kind", "currency", "document_kind", "document_id")
    yield from _wrong_mirrors(connection, PARTY_ENTRIES, original, same, turned)


def _wrong_mirrors(
    connection: sa.Connection, entries: sa.Table, original: Any, same: tuple[str, ...], turned: Any
) -> Iterator[str]:
    """Entries that say to reverse another, but differ from it in what is the ``same``, are not ``turned``, or earlier."""
    statement = (
        sa.select(entries.c.id, entries.c.document_number, original.c.id.label("original"))
        .select_from(entries)
        .join(original, original.c.id == entries.c.reverses_id)
        .where(
            sa.or_(
                sa.or_(*(entries.c[name] != original.c[name] for name in same)),
                entries.c.date < original.c.date,
                turned,
            )
        )
        .order_by(entries.c.id)
    )
    for row in _rows(connection, statement):
        yield _(
            "Entry %(id)s of %(document)s reverses entry %(original)s, but is not its mirror.",
            id=row.id,
            document=row.document_number,
            original=row.original,
        )


def _half_reversed(connection: sa.Connection, entries: sa.Table) -> Iterator[str]:
    """What a document had posted when it was reversed must be reversed as a whole."""
    mirror = entries.alias("mirror")
    document = (entries.c.document_kind, entries.c.document_id)
    last = (
        sa.select(*document, sa.func.max(entries.c.id).label("id"))
        .where(entries.c.reverses_id.is_not(None))
        .group_by(*document)
        .subquery("last")
    )
    same = sa.and_(last.c.document_kind == entries.c.document_kind, last.c.document_id == entries.c.document_id)
    statement = (
        sa.select(entries.c.id, entries.c.document_number)
        .join(last, same)
        .where(
            entries.c.reverses_id.is_(None),
            entries.c.id < last.c.id,
            ~sa.exists().where(mirror.c.reverses_id == entries.c.id),
        )
        .order_by(entries.c.id)
    )
    for row in _rows(connection, statement):
        yield _(
            "Entry %(id)s of %(document)s is not reversed, though the document is.",
            id=row.id,
            document=row.document_number,
        )


def _wrong_stock_days(connection: sa.Connection) -> Iterator[str]:
    """A balance knows the latest date of its entries: back-dating relies on it."""
    last = (
        sa.select(ENTRIES.c.warehouse_id, ENTRIES.c.product_id, sa.func.max(ENTRIES.c.date).label("date"))
        .group_by(ENTRIES.c.warehouse_id, ENTRIES.c.product_id)
        .subquery("last")
    )
    same = sa.and_(last.c.warehouse_id == BALANCES.c.warehouse_id, last.c.product_id == BALANCES.c.product_id)
    statement = (
        sa.select(BALANCES.c.moved_on, last.c.date)
        .select_from(BALANCES)
        .outerjoin(last, same)
        .where(BALANCES.c.moved_on.is_distinct_from(last.c.date))
        .order_by(BALANCES.c.id)
    )
    for row in _rows(connection, _named(statement, BALANCES)):
        yield _(
            "%(what)s: its last movement is said to be on %(balance)s, by its entries it was on %(should)s.",
            what=f"{row.product} · {row.warehouse}",
            balance=row.moved_on or "–",
            should=row.date or "–",
        )


def _party_sums() -> Any:
    """What the party book's entries add up to, and their latest date, by party."""
    amount, last = sa.func.sum(PARTY_ENTRIES.c.amount), sa.func.max(PARTY_ENTRIES.c.date)
    statement = sa.select(PARTY_ENTRIES.c.party, amount.label("amount"), last.label("date"))
    return statement.group_by(PARTY_ENTRIES.c.party).subquery("sums")


def _wrong_party_balances(connection: sa.Connection) -> Iterator[str]:
    sums = _party_sums()
    amount = sa.func.coalesce(sums.c.amount, 0)
    late = PARTY_BALANCES.c.moved_on.is_distinct_from(sums.c.date)
    statement = (
        sa.select(PARTY_BALANCES.c.party, PARTY_BALANCES.c.balance, PARTY_BALANCES.c.moved_on, amount.label("amount"))
        .add_columns(sums.c.date)
        .select_from(PARTY_BALANCES)
        .outerjoin(sums, sums.c.party == PARTY_BALANCES.c.party)
        .where(sa.or_(PARTY_BALANCES.c.balance != amount, late))
        .order_by(PARTY_BALANCES.c.party)
    )
    for row in _rows(connection, statement):
        if row.balance != row.amount:
            yield _(
                "%(party)s: the balance says %(balance)s, its entries add up to %(sum)s.",
                party=row.party,
                balance=row.balance,
                sum=row.amount,
            )
        if row.moved_on != row.date:
            yield _(
                "%(what)s: its last movement is said to be on %(balance)s, by its entries it was on %(should)s.",
                what=row.party,
                balance=row.moved_on or "–",
                should=row.date or "–",
            )


def _party_entries_without_balance(connection: sa.Connection) -> Iterator[str]:
    sums = _party_sums()
    known = sa.exists().where(PARTY_BALANCES.c.party == sums.c.party)
    for row in _rows(connection, sa.select(sums.c.party, sums.c.amount).where(~known)):
        yield _("%(party)s: there are entries, adding up to %(sum)s, but no balance.", party=row.party, sum=row.amount)


def _wrong_parties(connection: sa.Connection) -> Iterator[str]:
    """The party's name and the foreign key that scope and reference checks go by must say the same."""
    for table in (PARTY_ENTRIES, PARTY_BALANCES):
        same = sa.or_(
            *(
                sa.and_(table.c[name].is_not(None), table.c.party == resource + "/" + sa.cast(table.c[name], sa.String))
                for resource, name in COLUMNS.items()
            )
        )
        statement = sa.select(table.c.id, table.c.party).where(~same).order_by(table.c.id)
        for row in _rows(connection, statement):
            yield _(
                "Row %(id)s of %(table)s says %(party)s, but points at another party.",
                id=row.id,
                table=table.name,
                party=row.party,
            )


def _broken_seals(connection: sa.Connection, entries: sa.Table) -> Iterator[str]:
    """Every entry still says what it said when it was written."""
    names = seals.SEALED[entries.name]
    statement = sa.select(entries.c.id, entries.c.seal, *(entries.c[name] for name in names)).order_by(entries.c.id)
    for row in _rows(connection, statement):
        if row.seal != seals.seal(entries.name, row._mapping):
            yield _(
                "Entry %(id)s of %(document)s no longer says what it said when it was written.",
                id=row.id,
                document=row.document_number,
            )


def _out_of_period(connection: sa.Connection, entries: sa.Table) -> Iterator[str]:
    """What is dated in a closed period was written before it was closed, and nothing is dated after it was written."""
    closed = sa.exists().where(PERIODS.c.until >= entries.c.date, PERIODS.c.created_on < entries.c.at)
    columns = (entries.c.id, entries.c.document_number, entries.c.date, entries.c.at)
    for row in _rows(connection, sa.select(*columns).where(closed).order_by(entries.c.id)):
        yield _(
            "Entry %(id)s of %(document)s is dated %(day)s, but was written after that day was closed.",
            id=row.id,
            document=row.document_number,
            day=row.date,
        )
    latest = clock.today() + AHEAD
    for row in _rows(connection, sa.select(*columns).where(entries.c.date > latest).order_by(entries.c.id)):
        yield _(
            "Entry %(id)s of %(document)s is dated %(day)s, more than a year ahead.",
            id=row.id,
            document=row.document_number,
            day=row.date,
        )


def _other_documents(connection: sa.Connection, entries: sa.Table) -> Iterator[str]:
    """Every entry is under a document that there is, and bears its number."""
    kinds = connection.execute(sa.select(entries.c.document_kind).distinct().order_by(entries.c.document_kind))
    for kind in kinds.scalars().all():
        model = entity_for(kind)
        columns = (entries.c.id, entries.c.document_number)
        statement = sa.select(*columns).where(entries.c.document_kind == kind).order_by(entries.c.id)
        if model is not None and issubclass(model, Document):
            document: Any = model.__table__
            statement = statement.outerjoin(document, document.c.id == entries.c.document_id)
            statement = statement.where(sa.or_(document.c.id.is_(None), document.c.number != entries.c.document_number))
        for row in _rows(connection, statement):
            yield _(
                "Entry %(id)s is under %(document)s, but there is no such document.",
                id=row.id,
                document=row.document_number,
            )
