"""What contact records make of their customers: when each was last in contact, and when to be next.

Both are kept with the customer, whoever wrote the record: somebody with whom the customer is shared for reading can tell
of a contact as well.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm.util import identity_key

from app.core import audit, clock, db, events, identity
from app.domains.activities.models import ContactRecord
from app.domains.crm.models import Customer

RECORDS: Any = sa.inspect(ContactRecord).local_table
CUSTOMERS: Any = sa.inspect(Customer).local_table
TELLING = frozenset({"customer_id", "at", "next_contact_on"})
AT_ONCE = 500  # ids in one statement
NEXT_CONTACT = "next-contact"  # the deed, as the customer's history knows it


@events.on_records
def keep_customers(connection: sa.Connection, happened: Sequence[events.RecordEvent]) -> None:
    """Bring the customers of contact records that were written, moved or deleted up to date."""
    told = [each for each in happened if each.resource == ContactRecord.resource and TELLING & set(each.changes)]
    if not told:
        return
    written = {int(each.record.partition("/")[2]) for each in told if each.deed != "delete"}
    customers = {key for each in told for key in each.changes.get("customer_id", ()) if key is not None}
    # A new one says whose it is.
    untold = {int(each.record.partition("/")[2]) for each in told if "customer_id" not in each.changes}
    for part in _parts(sorted(untold)):
        customers.update(connection.execute(sa.select(RECORDS.c.customer_id).where(RECORDS.c.id.in_(part))).scalars())
    bring_up_to_date(connection, customers, written)


def bring_up_to_date(connection: sa.Connection, ids: Iterable[int], written: set[int]) -> None:
    """Reckon the last contact of the customers ``ids`` anew, and move the next one of those whose latest record is one of
    ``written``.  For each 500 one statement, one where a last contact differs, and two where a next contact moves.
    """
    for part in _parts(sorted(set(ids))):
        if connection.dialect.name == "postgresql":
            # Two records of one customer at once take turns, so that the later one counts what the other wrote.
            connection.execute(
                sa.select(CUSTOMERS.c.id).where(CUSTOMERS.c.id.in_(part)).order_by(CUSTOMERS.c.id).with_for_update()
            )
        last, following = [], []
        for row in connection.execute(_newest(part)):
            day = clock.local(row.at).date() if row.at is not None else None
            planned = row.planned
            if day is not None and row.record in written:
                planned = _next_after(day, row.said, planned)
            if planned != row.planned:
                following.append((row.id, row.planned, {"key": row.id, "last": day, "planned": planned}))
            elif day != row.last_contact_on:
                last.append({"key": row.id, "last": day})
        _keep_last(connection, last)
        _keep_next(connection, following)
        for pk in part:
            held = db.session.identity_map.get(identity_key(Customer, pk))
            if held is not None and not db.session.is_modified(held):
                db.session.expire(held)


def _next_after(day: date, said: date | None, planned: date | None) -> date | None:
    """When the next contact is, after one on ``day`` that says ``said``: what was planned until then is done by it."""
    if said is not None:
        return said
    return None if planned is not None and planned <= day else planned


def _newest(ids: Sequence[int]) -> sa.Select[Any]:
    """The customers with their latest contact record (``record``, ``at``, ``said``; None without one)."""
    place = sa.func.row_number().over(
        partition_by=RECORDS.c.customer_id, order_by=(RECORDS.c.at.desc(), RECORDS.c.id.desc())
    )
    ranked = (
        sa.select(RECORDS.c.id, RECORDS.c.customer_id, RECORDS.c.at, RECORDS.c.next_contact_on, place.label("place"))
        .where(RECORDS.c.customer_id.in_(ids))
        .subquery()
    )
    columns = (
        CUSTOMERS.c.id,
        CUSTOMERS.c.last_contact_on,
        CUSTOMERS.c.next_contact_on.label("planned"),
        ranked.c.id.label("record"),
        ranked.c.at,
        ranked.c.next_contact_on.label("said"),
    )
    latest = sa.and_(ranked.c.customer_id == CUSTOMERS.c.id, ranked.c.place == 1)
    return sa.select(*columns).outerjoin(ranked, latest).where(CUSTOMERS.c.id.in_(ids)).order_by(CUSTOMERS.c.id)


def _keep_last(connection: sa.Connection, rows: list[dict[str, Any]]) -> None:
    """A derived figure: no new version of the customer, so that nobody's form is overtaken by it."""
    if rows:
        statement = sa.update(CUSTOMERS).where(CUSTOMERS.c.id == sa.bindparam("key"))
        connection.execute(statement.values(last_contact_on=sa.bindparam("last")), rows)


def _keep_next(connection: sa.Connection, moved: list[tuple[int, date | None, dict[str, Any]]]) -> None:
    """What people plan by is a change of the customer, told in its history; the last contact is kept along."""
    if not moved:
        return
    statement = (
        sa.update(CUSTOMERS)
        .where(CUSTOMERS.c.id == sa.bindparam("key"))
        .values(
            last_contact_on=sa.bindparam("last"),
            next_contact_on=sa.bindparam("planned"),
            version=CUSTOMERS.c.version + 1,
            changed_on=clock.now(),
            changed_by_id=identity.user_id(),
        )
    )
    connection.execute(statement, [values for _pk, _before, values in moved])
    audit.note_all(
        connection,
        [
            (
                f"{Customer.resource}/{pk}",
                NEXT_CONTACT,
                {"next_contact_on": [audit.plain(before), audit.plain(values["planned"])]},
            )
            for pk, before, values in moved
        ],
    )


def _parts(ids: Sequence[int]) -> Iterable[Sequence[int]]:
    for start in range(0, len(ids), AT_ONCE):
        yield ids[start : start + AT_ONCE]
