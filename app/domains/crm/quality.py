"""How good what we know of our customers is: what is missing, stale, unreachable or doubtful, for each owner.

Each check is a flag that the list of customers can be filtered by, so that a figure leads to the rows behind it.  The
score is the share of checks that hold: it rises with everything that is mended.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

import sqlalchemy as sa

from app.core import clock, db
from app.core.entity import User
from app.core.flags import flag
from app.core.i18n import gettext as _
from app.core.i18n import lazy_gettext as _l
from app.core.identity import SEE_DETAILS
from app.core.match_keys import KEYS
from app.domains.crm.models import Contact, Customer

STALE_AFTER = timedelta(days=180)  # without contact
WHOLE = 100  # the score of who has nothing to mend

Condition = sa.ColumnElement[bool]


@dataclass(frozen=True)
class Check:
    """Something that may be wrong with a customer: ``kind`` is missing, stale, unreachable or doubtful; ``mend`` says
    what to do.
    """

    name: str
    kind: str
    label: Any
    mend: Any
    wrong: Callable[[], Condition]


CHECKS: list[Check] = []


def check(name: str, kind: str, label: Any, mend: Any) -> Callable[[Callable[[], Condition]], Callable[[], Condition]]:
    """Register a check by the condition under which it is wrong; the list can be filtered by it."""

    def register(wrong: Callable[[], Condition]) -> Callable[[], Condition]:
        CHECKS.append(Check(name, kind, label, mend, wrong))
        flag(Customer, name, label, help=mend, needs=SEE_DETAILS)(wrong)
        return wrong

    return register


def _no(column: Any) -> Condition:
    return sa.func.coalesce(column, "") == ""


def _contacts(*where: Any) -> Any:
    # The company's own fact: contacts follow their customer's scope.
    table: Any = sa.inspect(Contact).local_table
    return sa.exists().where(table.c.customer_id == Customer.id, *where).select_from(table)


@check("lacks_contact", "missing", _l("No contact person"), _l("Add whom you talk to there"))
def lacks_contact() -> Condition:
    """No contact is known."""
    return sa.and_(Customer.kind == "company", ~_contacts())


@check("lacks_class", "missing", _l("Level, industry, region or source is missing"), _l("Fill them in"))
def lacks_class() -> Condition:
    """One of what customers are sorted by is missing."""
    columns = (Customer.level, Customer.industry, Customer.region, Customer.source)
    return sa.or_(*(_no(column) for column in columns))


@check("lacks_address", "missing", _l("No address"), _l("Add where they are"))
def lacks_address() -> Condition:
    """No address is known."""
    return _no(Customer.address)


@check("lacks_tax_number", "missing", _l("Active, without a tax number"), _l("Ask for it: an invoice needs it"))
def lacks_tax_number() -> Condition:
    """A company that buys from us and whose tax number nobody knows."""
    return sa.and_(Customer.status == "active", Customer.kind == "company", _no(Customer.tax_number))


@check("out_of_touch", "stale", _l("No contact for half a year"), _l("Get in touch, or mark them dormant or lost"))
def out_of_touch() -> Condition:
    """Nobody has been in contact for long, though they count as potential or active."""
    long_ago = clock.today() - STALE_AFTER
    silent = sa.or_(Customer.last_contact_on.is_(None), Customer.last_contact_on < long_ago)
    new = Customer.created_on >= clock.now() - STALE_AFTER
    waiting = sa.and_(Customer.last_contact_on.is_(None), new)
    return sa.and_(Customer.status.in_(("potential", "active")), silent, ~waiting)


@check("unreachable", "unreachable", _l("No phone and no e-mail"), _l("Add a way to reach them, or their contact"))
def unreachable() -> Condition:
    """Neither the customer nor any of its contacts has a phone number or an e-mail address."""
    table: Any = sa.inspect(Contact).local_table
    ways = sa.or_(*(sa.func.coalesce(table.c[name], "") != "" for name in ("mobile", "phone", "email")))
    return sa.and_(_no(Customer.phone), _no(Customer.email), ~_contacts(ways))


@check("doubtful_phone", "doubtful", _l("A phone number that can't be one"), _l("Correct the number"))
def doubtful_phone() -> Condition:
    """Its number is none that could be called: no key could be made of it."""
    keyed = sa.exists().where(
        KEYS.c.source == Customer.resource, KEYS.c.source_id == Customer.id, KEYS.c.kind == "phone"
    )
    return sa.and_(~_no(Customer.phone), ~keyed)


@check("looks_double", "doubtful", _l("Looks like another customer"), _l("Compare, and merge them if they are one"))
def looks_double() -> Condition:
    """Another customer has the same name, phone, e-mail address or tax number."""
    mine, other = KEYS.alias(), KEYS.alias()
    return sa.exists().where(
        mine.c.target == Customer.resource,
        mine.c.row_id == Customer.id,
        other.c.target == mine.c.target,
        other.c.kind == mine.c.kind,
        other.c.key == mine.c.key,
        other.c.row_id != mine.c.row_id,
    )


@dataclass
class OwnersQuality:
    """What is to mend among one owner's customers: ``faults`` by check, ``score`` of 100."""

    owner_id: int | None
    name: str
    customers: int
    faults: dict[str, int]
    url: str = ""
    urls: dict[str, str] = field(default_factory=dict)

    @property
    def score(self) -> int:
        """The share of checks that hold, of 100; 100 only when all do."""
        return score_of(self.customers, sum(self.faults.values()))

    def __getattr__(self, name: str) -> int:
        if name.startswith("_") or name not in self.__dict__.get("faults", {}):
            raise AttributeError(name)
        return self.faults[name]


def score_of(customers: int, faults: int) -> int:
    """The score of so many customers with so many faults, rounded down: 100 only for who has none."""
    checks = customers * len(CHECKS)
    return WHOLE if not checks else WHOLE * (checks - faults) // checks


def by_owner() -> list[OwnersQuality]:
    """What is to mend, for each owner of customers that the actor sees; the worst first.  Lost ones don't count.  Two
    statements.
    """
    counts = [sa.func.count().filter(each.wrong()).label(each.name) for each in CHECKS]
    statement = sa.select(Customer.owner_id, sa.func.count().label("customers"), *counts)
    rows = db.session.execute(statement.where(Customer.status != "lost").group_by(Customer.owner_id)).all()
    owners = {
        each.id: str(each) for each in db.session.scalars(sa.select(User).where(User.id.in_([r[0] for r in rows])))
    }
    found = []
    for row in rows:
        faults = {each.name: getattr(row, each.name) for each in CHECKS}
        name = owners.get(row.owner_id, "") if row.owner_id is not None else _("Public pool")
        whose = f"owner:rel_o_m:{row.owner_id}" if row.owner_id is not None else "owner:empty:"
        conditions = [("f", whose), ("f", "status:nin:lost")]
        urls = {
            each: f"/customers/list/?{urlencode([*conditions, ('f', f'{each}:eq:1')])}"
            for each, n in faults.items()
            if n
        }
        url = f"/customers/list/?{urlencode(conditions)}"
        found.append(OwnersQuality(row.owner_id, name, row.customers, faults, url, urls))
    return sorted(found, key=lambda each: (each.score, each.name))
