"""The party book's only pen: ``post_party`` writes what a document changes in what parties owe, ``reverse_party`` its
mirror.

As in the stock book the balances are locked in the order of their keys before they are looked at: the period, the
customers (by id), the balances (by party), then the document's number.  A document that writes both books calls
``lock`` before it posts to the stock book, since that takes the number.  Nothing is committed here.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date as Date
from decimal import Decimal
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm.util import identity_key

from app.core import clock, db, identity
from app.core.document import Document
from app.core.errors import Invalid
from app.core.i18n import gettext as _
from app.core.settings import settings
from app.core.types import exact_decimal
from app.ledger import days, periods
from app.ledger.models import PARTY_KINDS, PartyBalance, PartyEntry
from app.ledger.movements import AlreadyReversed

__all__ = ["AlreadyReversed", "PartyMovement", "lock", "post_party", "reverse_party"]

ENTRIES: sa.Table = PartyEntry.__table__
BALANCES: sa.Table = PartyBalance.__table__
ZERO = Decimal(0)

COLUMNS = {"customers": "customer_id"}
"""Which column of the book points at the party, by its resource; suppliers come with purchasing."""


@dataclass(frozen=True, eq=False)
class PartyMovement:
    """By how much a document changes what ``party`` («customers/12») owes us.

    ``amount`` is signed, in base currency (2 decimals): positive is owed to us.  ``currency`` (ISO 4217) and
    ``currency_amount`` (2 decimals) say what was agreed when that was another currency.  ``line`` is the index of the
    document's line, for refusals.  Raises ValueError for surplus decimals, an unknown kind or party.
    """

    party: str
    kind: str
    amount: Decimal
    currency: str = ""
    currency_amount: Decimal | None = None
    due_on: Date | None = None
    line: int | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "amount", exact_decimal(self.amount, 2))
        if self.currency_amount is not None:
            object.__setattr__(self, "currency_amount", exact_decimal(self.currency_amount, 2))
        if self.kind not in PARTY_KINDS:
            raise ValueError(f"{self.kind!r} is no kind of party entry")
        if bool(self.currency) != (self.currency_amount is not None):
            raise ValueError("a currency comes with its amount")
        _points_at(self.party)


@dataclass
class _Balance:
    """A locked balance as it becomes in memory."""

    id: int
    balance: Decimal
    moved_on: Date | None


def post_party(document: Document, movements: Sequence[PartyMovement], *, date: Date) -> None:
    """Write on ``date`` what ``document`` changes in what parties owe.

    Raises Invalid (an amount of 0, too large, a day far ahead, no such party) and what a check of the day raises.
    """
    errors: dict[str, list[str]] = {}
    for movement in movements:
        if movement.amount == 0:
            place = "" if movement.line is None else f"lines.{movement.line}.amount"
            errors[place] = [_("The amount can't be 0.")]
    if errors:
        raise Invalid(errors)
    if not movements:
        return
    connection, balances = _open({movement.party for movement in movements}, date)
    base = settings().currency
    entries = []
    for movement in movements:
        balances[movement.party].balance += movement.amount
        foreign = movement.currency_amount
        entries.append(
            {
                "party": movement.party,
                **_points_at(movement.party),
                "kind": movement.kind,
                "amount": movement.amount,
                "currency": movement.currency or base,
                "currency_amount": movement.amount if foreign is None else foreign,
                "due_on": movement.due_on,
                "reverses_id": None,
            }
        )
    for balance in balances.values():
        try:
            exact_decimal(balance.balance, 2)
        except ValueError:
            raise Invalid({"": [_("This is more than the books can hold.")]}) from None
    _write(connection, balances, entries, document, date)


def reverse_party(document: Document, *, date: Date | None = None) -> None:
    """Write, on ``date`` (today, or the day of the posting if that is later), the mirror of everything that ``document``
    posted here and that is not reversed yet.

    A document that posted nothing has nothing to reverse.  Raises AlreadyReversed, Invalid (a day far ahead, or before
    the posting) and what a check of the day raises.
    """
    mirror = ENTRIES.alias("mirror")
    its_own = sa.and_(
        ENTRIES.c.document_kind == document.resource,
        ENTRIES.c.document_id == document.id,
        ENTRIES.c.reverses_id.is_(None),
    )
    mirrored = sa.exists().where(mirror.c.reverses_id == ENTRIES.c.id)
    touched = (
        db.session.connection().execute(sa.select(ENTRIES.c.party, ENTRIES.c.date).where(its_own).distinct()).all()
    )
    if not touched:
        return
    day = days.reversal(date, max(row.date for row in touched))
    connection, balances = _open({row.party for row in touched}, day)
    # Read only now: whoever reversed it meanwhile held the balances.
    originals = connection.execute(sa.select(ENTRIES).where(its_own, ~mirrored).order_by(ENTRIES.c.id.desc())).all()
    if not originals:
        raise AlreadyReversed(document)
    entries = []
    for entry in originals:
        balances[entry.party].balance -= entry.amount
        entries.append(
            {
                "party": entry.party,
                "customer_id": entry.customer_id,
                "kind": entry.kind,
                "amount": -entry.amount,
                "currency": entry.currency,
                "currency_amount": -entry.currency_amount,
                "due_on": entry.due_on,
                "reverses_id": entry.id,
            }
        )
    _write(connection, balances, entries, document, day)


def lock(parties: Collection[str]) -> dict[str, Decimal]:
    """Lock the balances of ``parties`` until the transaction ends; what each owes us (2 decimals).

    Whoever grants credit locks first and only then reads what is promised, so that nothing is promised twice.  Raises
    Invalid when there is no such party.
    """
    db.session.flush()
    connection = db.session.connection()
    # The period comes first in the order of locks, whatever is posted afterwards.
    periods.hold(connection)
    balances = _lock_balances(connection, set(parties))
    _forget(balances)
    return {party: balance.balance for party, balance in balances.items()}


def _points_at(party: str) -> dict[str, int]:
    """The column that points at ``party``, with its id.  Raises ValueError."""
    resource, _slash, key = party.partition("/")
    if resource not in COLUMNS or not key.isdecimal() or str(int(key)) != key:
        raise ValueError(f"{party!r} is no party")
    return {COLUMNS[resource]: int(key)}


def _open(parties: set[str], day: Date) -> tuple[sa.Connection, dict[str, _Balance]]:
    db.session.flush()  # the document, and whatever it names, must be in the database
    connection = db.session.connection()
    days.check(connection, day)
    return connection, _lock_balances(connection, parties)


def _lock_balances(connection: sa.Connection, parties: Collection[str]) -> dict[str, _Balance]:
    """The balances of ``parties``, made where there are none, locked in the order of their parties."""
    _hold_customers(connection, {_points_at(party)["customer_id"] for party in parties})
    statement = (
        sa.select(BALANCES.c.id, BALANCES.c.party, BALANCES.c.balance, BALANCES.c.moved_on)
        .where(BALANCES.c.party.in_(parties))
        .order_by(BALANCES.c.party)
    )
    rows = connection.execute(statement).all()
    missing = sorted(set(parties) - {row.party for row in rows})
    if missing:
        new = [{"party": party, **_points_at(party), "balance": ZERO, **days.stamps()} for party in missing]
        connection.execute(db.insert(connection, BALANCES).on_conflict_do_nothing(index_elements=["party"]), new)
    if missing or connection.dialect.name != "sqlite":
        rows = connection.execute(statement.with_for_update()).all()
    return {row.party: _Balance(row.id, row.balance, row.moved_on) for row in rows}


def _hold_customers(connection: sa.Connection, ids: set[int]) -> None:
    """Keep the customers from being rewritten, in the order of their ids: that of whoever edits several.

    Entries do so by their foreign keys, but in their own order: an import of customers and a posting would wait for each
    other.  Raises Invalid when one does not exist.
    """
    customers = sa.inspect(PartyBalance).relationships["customer"].mapper.local_table
    statement = sa.select(customers.c.id).where(customers.c.id.in_(ids)).order_by(customers.c.id)
    found = set(connection.execute(statement.with_for_update(read=True, key_share=True)).scalars())
    if found != ids:
        raise Invalid({"": [_("There is no such customer.")]})


def _write(
    connection: sa.Connection,
    balances: Mapping[str, _Balance],
    entries: list[dict[str, Any]],
    document: Document,
    day: Date,
) -> None:
    """Take the number, write entries and balances."""
    common = days.of_document(document, day)
    connection.execute(sa.insert(ENTRIES), days.sealed(ENTRIES.name, entries, common))
    who, moment = identity.user_id(), clock.now()
    statement = sa.update(BALANCES).where(BALANCES.c.id == sa.bindparam("this"))
    statement = statement.values(
        balance=sa.bindparam("now"),
        moved_on=sa.bindparam("latest"),
        version=BALANCES.c.version + 1,
        changed_on=sa.bindparam("moment"),
        changed_by_id=sa.bindparam("who"),
    )
    connection.execute(
        statement,
        [
            {
                "this": balance.id,
                "now": balance.balance,
                "latest": max(balance.moved_on or day, day),
                "moment": moment,
                "who": who,
            }
            for balance in balances.values()
        ],
    )
    _forget(balances)


def _forget(balances: Mapping[str, _Balance]) -> None:
    """Let the session read again what was written behind its back."""
    session = db.session()
    for balance in balances.values():
        row = session.identity_map.get(identity_key(PartyBalance, balance.id))
        if row is not None:
            session.expire(row)
