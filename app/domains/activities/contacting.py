"""What contact records make of their customers: when each was last in contact, and when to be next.

Both are kept with the customer, whoever wrote the record: somebody with whom the customer is shared for reading can tell
of a contact as well.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from types import MappingProxyType
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
    bring_up_to_date(connection, customers, written, _taken_back(connection, told))


def _taken_back(connection: sa.Connection, told: Sequence[events.RecordEvent]) -> Mapping[int, set[date]]:
    """The days that records said and say no more, deleted, changed or moved to another, by the customer they were said
    of.  A statement where one was changed or moved.
    """
    changed = [
        each for each in told if each.deed != "delete" and each.changes.keys() & {"customer_id", "next_contact_on"}
    ]
    changed = [each for each in changed if any(before is not None for before, _after in each.changes.values())]
    now: dict[str, Any] = {}
    for part in _parts(sorted({int(each.record.partition("/")[2]) for each in changed})):
        columns = (RECORDS.c.id, RECORDS.c.customer_id, RECORDS.c.next_contact_on)
        found = connection.execute(sa.select(*columns).where(RECORDS.c.id.in_(part)))
        now |= {f"{ContactRecord.resource}/{row.id}": row for row in found}
    days: dict[int, set[date]] = defaultdict(set)
    for each in told:
        row = now.get(each.record)
        if row is None and each.deed != "delete":
            continue  # a new one
        customer = each.changes.get("customer_id", (row.customer_id if row is not None else None,))[0]
        said = each.changes.get("next_contact_on", (row.next_contact_on if row is not None else None,))[0]
        if customer is not None and said is not None:
            days[customer].add(date.fromisoformat(said) if isinstance(said, str) else said)
    return days


def bring_up_to_date(
    connection: sa.Connection,
    ids: Iterable[int],
    written: set[int],
    taken_back: Mapping[int, set[date]] = MappingProxyType({}),
) -> None:
    """Reckon the last contact of the customers ``ids`` anew, and move the next one of those whose latest record is one of
    ``written``.  One that stands on a day ``taken_back`` comes to what the records that are left say.

    For each 500 one statement, one more for those taken back, one where a last contact differs, and two where a next
    contact moves.
    """
    for part in _parts(sorted(set(ids))):
        if connection.dialect.name == "postgresql":
            # Two records of one customer at once take turns, so that the later one counts what the other wrote.
            connection.execute(
                sa.select(CUSTOMERS.c.id).where(CUSTOMERS.c.id.in_(part)).order_by(CUSTOMERS.c.id).with_for_update()
            )
        last, following = [], []
        rows = connection.execute(_newest(part)).all()
        lost = [row.id for row in rows if row.planned in taken_back.get(row.id, ())]
        said_before = _latest_said(connection, lost) if lost else {}
        for row in rows:
            day = clock.local(row.at).date() if row.at is not None else None
            planned = row.planned
            if row.id in lost:
                before = said_before.get(row.id)
                # What they said for a day that has been since was done by the contact of that day.
                ahead = before is not None and day is not None and (row.said == before or before > day)
                planned = before if ahead else None
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


def _latest_said(connection: sa.Connection, ids: Sequence[int]) -> dict[int, date]:
    """The next contact that the latest record which says one says, by customer.  One statement."""
    place = sa.func.row_number().over(
        partition_by=RECORDS.c.customer_id, order_by=(RECORDS.c.at.desc(), RECORDS.c.id.desc())
    )
    ranked = (
        sa.select(RECORDS.c.customer_id, RECORDS.c.next_contact_on, place.label("place"))
        .where(RECORDS.c.customer_id.in_(ids), RECORDS.c.next_contact_on.is_not(None))
        .subquery()
    )
    found = sa.select(ranked.c.customer_id, ranked.c.next_contact_on).where(ranked.c.place == 1)
    return dict(connection.execute(found).tuples().all())


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
