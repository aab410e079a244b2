"""The public pool: what returns to it and when, who is warned, and who may claim."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import selectinload

from app.core import clock, db, giving, identity, notices, tags
from app.core.entity import User
from app.core.errors import Conflict
from app.core.exchange.keeping import keep_run
from app.core.exchange.models import ImportRun, ImportRunRow
from app.core.exchange.run_kinds import RunKind, add_kind
from app.core.flags import flag
from app.core.giving import Owned
from app.core.i18n import gettext as _
from app.core.i18n import lazy_gettext as _l
from app.core.i18n import ngettext
from app.domains.crm.models import Customer, CustomerTransfer, Opportunity
from app.domains.crm.models.pool import PoolRule, PoolWarning
from app.domains.people import telling
from app.domains.people.superiors import superiors_of

WARNED, RECYCLED = "pool-warning", "pool-recycled"
notices.KINDS |= {
    WARNED: _l("Customers are about to return to the pool"),
    RECYCLED: _l("Customers returned to the pool"),
}
RECYCLE = add_kind(
    RunKind(
        "recycle",
        _l("Customers back to the pool"),
        lambda run: run.file,
        own="can_transfer",
        gives_away=True,
        guard=lambda run, former: require_returnable(run, former),
    )
)
GIVEN_UP = ("release", "recycle")
CHUNK = 500
FOREVER = 36500  # days
DEFAULTS: dict[str, Any] = {"idle_days": 90, "warn_days": 3, "claim_limit": 200, "claim_back_days": 30}


@flag(Customer, "in_pool", _l("In the public pool"))
def in_pool() -> sa.ColumnElement[bool]:
    """Customers that nobody owns."""
    return Customer.owner_id.is_(None)


@flag(
    Customer,
    "returning",
    _l("About to return to the pool"),
    help=_l("Their owners were warned, and there was no contact"),
)
def returning() -> sa.ColumnElement[bool]:
    """Customers whose owner was warned since they got it, and neither was in contact nor has hopes there since."""
    moves: Any = sa.inspect(CustomerTransfer).columns
    got = sa.select(moves["id"]).where(
        moves["customer_id"] == Customer.id,
        moves["to_owner_id"] == Customer.owner_id,
        sa.func.date(moves["at"]) > PoolWarning.warned_on,
    )
    warned = sa.select(PoolWarning.id).where(
        PoolWarning.customer_id == Customer.id,
        PoolWarning.owner_id == Customer.owner_id,
        sa.or_(Customer.last_contact_on.is_(None), Customer.last_contact_on <= PoolWarning.since),
        ~got.correlate(Customer, PoolWarning).exists(),
    )
    return sa.and_(warned.correlate(Customer).exists(), Customer.id.not_in(_with_open_opportunities()))


def told() -> list[str]:
    """The pool's rules in words, and how many customers the actor holds of those they may.  At most three statements."""
    known = rules()
    if not known:
        return [_("There are no rules: everyone claims as many as they like, and keeps them.")]
    said = [
        f"{rule}: {rule.words}" for _level, rule in sorted(known.items(), key=lambda each: (not each[0], each[0] or ""))
    ]
    me = identity.user_id()
    if me is None or all(rule.claim_limit is None for rule in known.values()):
        return said
    customers: Any = sa.inspect(Customer).columns
    mine = sa.select(customers["level"], sa.func.count()).where(customers["owner_id"] == me)
    held = dict(db.session.connection().execute(mine.group_by(customers["level"])).tuples().all())
    for level, rule in known.items():
        if rule.claim_limit is not None:
            has, of = (sum(held.values()), _("in all")) if level is None else (held.get(level, 0), str(rule))
            said.append(_("You hold %(has)s of at most %(limit)s (%(of)s).", has=has, limit=rule.claim_limit, of=of))
    return said


@dataclass(frozen=True)
class Due:
    """A customer that returns to the pool, unless there is contact; ``since`` there was none."""

    id: int
    owner_id: int
    version: int
    label: str
    since: date
    returns_on: date
    warn_on: date


def add_usual_rule() -> PoolRule:
    """Add the rule that most companies begin with.  Raises Conflict when there are rules already."""
    if db.session.scalars(sa.select(PoolRule.id).limit(1)).first() is not None:
        raise Conflict(_("There are rules already: change them as you need."))
    rule = PoolRule(**DEFAULTS)
    db.session.add(rule)
    db.session.flush()
    return rule


def rules() -> dict[str | None, PoolRule]:
    """The rules by level; under None that of all the others."""
    statement = sa.select(PoolRule).options(selectinload(PoolRule.exempt))
    return {rule.level: rule for rule in db.session.scalars(statement).unique()}


def due(today: date, ids: Collection[int] | None = None, ahead: int | None = None) -> list[Due]:
    """The customers (of ``ids``, if given) that return to the pool or are to be warned of by ``today``, whoever may see
    them; ``ahead`` looks so many days further than the rules' warnings do.

    What was never contacted counts from the day its owner got it, and so does what was contacted before.  One statement
    for each rule, and one for the warnings.
    """
    found: list[Due] = []
    known = rules()
    for rule in known.values():
        if rule.idle_days:
            found += _due_by(rule, known, today, ids, rule.warn_days if ahead is None else ahead)
    return _with_warning(found, today)


def due_of(owner_id: int, until: date) -> list[Due]:
    """The customers of a user that return to the pool by ``until``.  Statements as of ``due``, and one."""
    customers: Any = sa.inspect(Customer).columns
    theirs = sa.select(customers["id"]).where(customers["owner_id"] == owner_id)
    ids = list(db.session.connection().execute(theirs).scalars())
    ahead = max(0, (until - clock.today()).days)
    return [each for each in due(clock.today(), ids, ahead) if each.returns_on <= until] if ids else []


def _with_warning(found: Sequence[Due], today: date) -> list[Due]:
    """``found`` with the days on which they return, since nobody loses what they were not warned of."""
    warned = _warned({each.id for each in found})
    result = []
    for each in found:
        told = warned.get((each.id, each.owner_id, each.since))
        days = (each.returns_on - each.warn_on).days
        # Nobody loses what they were not warned of: an old customer under a new rule is warned of first.
        earliest = (told if told is not None else max(today, each.warn_on)) + timedelta(days=days)
        returns_on = max(each.returns_on, earliest)
        result.append(Due(**{**vars(each), "returns_on": returns_on}))
    return result


def _due_by(
    rule: PoolRule, known: Mapping[str | None, PoolRule], today: date, ids: Collection[int] | None, ahead: int
) -> list[Due]:
    customers: Any = sa.inspect(Customer).columns
    moves: Any = sa.inspect(CustomerTransfer).columns
    got = (
        sa.select(sa.func.max(moves["at"]))
        .where(
            moves["customer_id"] == customers["id"],
            moves["to_owner_id"] == customers["owner_id"],
            moves["kind"] != "merge",  # by which nobody got it
            moves["id"].not_in(_taken_back()),  # who takes back what they gave up has had it all along
        )
        .scalar_subquery()
    )
    assert rule.idle_days is not None
    latest = today + timedelta(days=ahead - rule.idle_days)  # who had contact after it is not due
    midnight = datetime.combine(latest + timedelta(days=1), datetime.min.time(), clock.zone())
    levels = [level for level in known if level is not None]
    statement = sa.select(
        *(customers[name] for name in ("id", "owner_id", "version", "code", "name", "last_contact_on", "created_on")),
        got.label("got"),
    ).where(
        customers["owner_id"].is_not(None),
        customers["level"] == rule.level
        if rule.level is not None
        else sa.or_(customers["level"].is_(None), customers["level"].not_in(levels)),
        sa.or_(customers["last_contact_on"].is_(None), customers["last_contact_on"] <= latest),
        customers["created_on"] < midnight,
        customers["id"].not_in(_with_open_opportunities()),
    )
    if ids is not None:
        statement = statement.where(customers["id"].in_(ids))
    if rule.exempt:
        statement = statement.where(sa.not_(tags.carried(Customer, [tag.name for tag in rule.exempt])))
    found = []
    for row in db.session.connection().execute(statement.order_by(customers["id"])):
        began = clock.local(row.got or row.created_on).date()
        since = max(began, row.last_contact_on or began)
        if since > latest:
            continue
        returns_on = since + timedelta(days=rule.idle_days)
        warn_on = returns_on - timedelta(days=rule.warn_days)
        found.append(Due(row.id, row.owner_id, row.version, f"{row.code} {row.name}", since, returns_on, warn_on))
    return found


def _by_undoing(kind: str) -> tuple[Any, Any]:
    """The transfers that came of undoing runs of ``kind`` (their ids, and when the run was made), and the runs' columns."""
    moves: Any = sa.inspect(CustomerTransfer).columns
    runs: Any = sa.inspect(ImportRun).local_table
    rows: Any = sa.inspect(ImportRunRow).local_table
    statement = (
        sa.select(moves["id"], runs.c.created_on)
        .join(rows, rows.c.record_id == moves["customer_id"])
        .join(runs, runs.c.id == rows.c.run_id)
        .where(runs.c.kind == kind, runs.c.undone, moves["at"].between(runs.c.created_on, runs.c.changed_on))
    )
    return statement, runs.c


def _taken_back() -> Any:
    """The ids of the transfers by which somebody undid a release of their own."""
    moves: Any = sa.inspect(CustomerTransfer).columns
    statement, _runs = _by_undoing("release")
    mine = moves["created_by_id"] == moves["to_owner_id"]
    return statement.with_only_columns(moves["id"]).where(moves["kind"] == "assign", mine)


def open_opportunities(ids: Sequence[int]) -> dict[int, int]:
    """How many open opportunities the customers ``ids`` have, whoever may see them: those that have any."""
    columns: Any = sa.inspect(Opportunity).columns
    found: dict[int, int] = {}
    for start in range(0, len(ids), CHUNK):
        part = columns["customer_id"].in_(ids[start : start + CHUNK])
        counted = sa.select(columns["customer_id"], sa.func.count()).where(part, Opportunity.handed_on())
        found |= dict(db.session.connection().execute(counted.group_by(columns["customer_id"])).tuples().all())
    return found


def _with_open_opportunities() -> Any:
    return sa.select(sa.inspect(Opportunity).columns["customer_id"]).where(Opportunity.handed_on())


def _warned(ids: Collection[int]) -> dict[tuple[int, int, date], date]:
    found, wanted = {}, sorted(ids)
    for start in range(0, len(wanted), CHUNK):
        statement = sa.select(
            PoolWarning.customer_id, PoolWarning.owner_id, PoolWarning.since, PoolWarning.warned_on
        ).where(PoolWarning.customer_id.in_(wanted[start : start + CHUNK]))
        for customer_id, owner_id, since, on in db.session.connection().execute(statement):
            found[customer_id, owner_id, since] = on
    return found


def recycle(today: date) -> tuple[int, int]:
    """Warn of what is about to return to the pool and return what is due, each once however often it is asked for; how
    many customers were warned of, and returned.  As the system.
    """
    from app.domains.crm import owning

    every = due(today)
    warned = _warned({each.id for each in every})
    fresh = [
        each
        for each in every
        if each.warn_on <= today < each.returns_on and (each.id, each.owner_id, each.since) not in warned
    ]
    _warn(fresh, today)
    rows = giving.find(Customer, _returning(every, today))
    if rows:
        # Kept from other writers from now on: who had contact, or another owner, while we waited for the rows stays.
        still = _returning(due(today), today)
        rows = [row for row in rows if row.id in still]
    if rows:
        reasons = _("No contact within the days that the pool's rules allow")
        wrote = owning.hand_over("recycle", rows, None, reasons)
        run = keep_run(RECYCLE, Customer, wrote, _("Back to the pool: %(count)s customers", count=len(rows)))
        _tell_recycled(rows, run.id)
    return len(fresh), len(rows)


def _returning(found: Sequence[Due], today: date) -> set[int]:
    return {each.id for each in found if each.returns_on <= today}


def _warn(customers: Sequence[Due], today: date) -> None:
    if not customers:
        return
    connection = db.session.connection()
    for start in range(0, len(customers), CHUNK):
        values = [
            {"customer_id": each.id, "owner_id": each.owner_id, "since": each.since, "warned_on": today}
            for each in customers[start : start + CHUNK]
        ]
        statement = db.insert(connection, PoolWarning).values(values)
        connection.execute(statement.on_conflict_do_nothing(index_elements=["customer_id", "owner_id", "since"]))
    by_owner: dict[int, list[Due]] = defaultdict(list)
    for each in customers:
        by_owner[each.owner_id].append(each)
    messages = {owner_id: _warning(mine) for owner_id, mine in by_owner.items()}
    telling.tell(WARNED, messages, f"pool-warning, {today}, {max(each.id for each in customers)}")


def _warning(customers: Sequence[Due]) -> telling.Message:
    soonest = sorted(customers, key=lambda each: (each.returns_on, each.id))
    items = [telling.Item(each.label, str(each.returns_on), f"/customers/show/{each.id}") for each in soonest]
    return telling.Message(
        lambda: _("About to return to the public pool: %(count)s", count=len(items)),
        items,
        "/customers/list/?f=returning:eq:1",
        lambda: _("Without contact they return on the day that stands beside each."),
        f"customers/{soonest[0].id}" if len(soonest) == 1 else "",
    )


def _tell_recycled(rows: Sequence[Owned], run_id: int) -> None:
    """Tell each owner what they lost, and their nearest superior."""
    lost: dict[int, list[Owned]] = defaultdict(list)
    owners = {row.owner_id for row in rows if row.owner_id is not None}
    above = superiors_of(db.session.connection(), owners)
    for row in rows:
        if row.owner_id is not None:
            lost[row.owner_id].append(row)
            if (superior := above.get(row.owner_id)) is not None:
                lost[superior.user_id].append(row)
    telling.tell(RECYCLED, {who: _returned(mine) for who, mine in lost.items()}, f"recycle, run {run_id}")


def _returned(rows: Sequence[Owned]) -> telling.Message:
    items = [telling.Item(row.label, path=f"/customers/show/{row.id}") for row in rows]
    return telling.Message(
        lambda: _("Back in the public pool: %(count)s", count=len(items)),
        items,
        "/customers/list/",
        lambda: _("There was no contact for as long as the pool's rules allow."),
    )


def require_claimable(rows: Sequence[Owned], me: int) -> None:
    """Raises Conflict when the rules let ``me`` (a user's id) not claim all of ``rows``: too many would be held, or one
    was given up lately.
    """
    known = rules()
    if not known:
        return
    levels = _require_room(known, rows, me)
    until = _blocked(known, levels, me)
    giving.refuse(
        (row for row in rows if row.id in until),
        lambda row: _("You gave up %(what)s: you can claim it again from %(day)s.", what=row.label, day=until[row.id]),
    )


def require_returnable(run: ImportRun, former: Mapping[int, int | None]) -> None:
    """Raises Conflict when the actor would get back by undoing ``run`` what the rules let them not claim: what they gave up
    themselves comes back on the day of it, while it lies in the pool and there is room for it; later it is to be claimed
    as any other.  Who may assign customers can give them to anybody: nothing holds them up.  ``former``: whose each was.
    """
    actor, known = identity.require(), rules()
    mine = [pk for pk, owner_id in former.items() if owner_id is not None and owner_id == actor.user_id]
    if not mine or not known or actor.unlimited or actor.may("can_assign", Customer.permission_key()):
        return
    assert actor.user_id is not None
    table: Any = sa.inspect(Customer).columns
    rows: list[Owned] = []
    for start in range(0, len(mine), giving.AT_ONCE):
        part = table["id"].in_(mine[start : start + giving.AT_ONCE])
        rows += giving.locked(Customer, sa.and_(part, table["owner_id"].is_(None)))
    if not rows:
        raise Conflict(_("What you gave up is no longer in the public pool."))
    levels = _require_room(known, rows, actor.user_id)
    if clock.local(run.created_on).date() != clock.today():
        until = _blocked(known, levels, actor.user_id)
        giving.refuse(
            rows,
            lambda row: _(
                "You gave up %(what)s on another day, and others have seen it since: you can claim it again from %(day)s.",
                what=row.label,
                day=until.get(row.id, clock.today()),
            ),
        )


def _require_room(known: Mapping[str | None, PoolRule], rows: Sequence[Owned], me: int) -> dict[int, str | None]:
    """The levels of the customers ``rows``, by id.  Raises Conflict when ``me`` would hold too many with them."""
    # Two claims of one person take turns: each counts what the other got.
    db.session.scalars(db.locked(sa.select(User).where(User.id == me), User)).unique().one()
    customers: Any = sa.inspect(Customer).columns
    levels: dict[int, str | None] = {}
    for start in range(0, len(rows), giving.AT_ONCE):
        part = [row.id for row in rows[start : start + giving.AT_ONCE]]
        statement = sa.select(customers["id"], customers["level"]).where(customers["id"].in_(part))
        levels |= {each.id: each.level for each in db.session.connection().execute(statement)}
    mine = sa.select(customers["level"], sa.func.count().label("n")).where(customers["owner_id"] == me)
    held: dict[str | None, int] = {
        each.level: each.n for each in db.session.connection().execute(mine.group_by(customers["level"]))
    }
    for level, rule in known.items():
        if rule.claim_limit is None:
            continue
        wanted = sum(level is None or each == level for each in levels.values())
        has = held.get(level, 0) if level is not None else sum(held.values())
        if wanted and has + wanted > rule.claim_limit:
            of = _("of level %(level)s", level=level) if level is not None else _("in all")
            raise Conflict(
                ngettext(
                    "The most that one may hold %(of)s is %(limit)s. You hold %(has)s: one more is too many.",
                    "The most that one may hold %(of)s is %(limit)s. You hold %(has)s: %(num)s more are too many.",
                    wanted,
                    has=has,
                    of=of,
                    limit=rule.claim_limit,
                )
            )
    return levels


def _blocked(known: Mapping[str | None, PoolRule], levels: Mapping[int, str | None], me: int) -> dict[int, date]:
    """From which day ``me`` may claim each of the customers again that they gave up too lately: released themselves, or
    lost to the pool.  What a superior released is not theirs to answer for; a claim that was undone on its day was none.
    """
    today, longest = clock.today(), max(rule.claim_back_days for rule in known.values())
    midnight = datetime.combine(today - timedelta(days=longest), datetime.min.time(), clock.zone())
    moves: Any = sa.inspect(CustomerTransfer).columns
    statement = sa.select(moves["id"], moves["customer_id"], moves["at"]).where(
        moves["from_owner_id"] == me,
        sa.or_(moves["kind"] == "recycle", sa.and_(moves["kind"] == "release", moves["created_by_id"] == me)),
        moves["at"] >= midnight,
    )
    undone, found = _undone_claims(me, midnight), dict[int, date]()
    for pk, customer_id, at in db.session.connection().execute(statement):
        day = clock.local(at).date()
        if customer_id not in levels or undone.get(pk) == day:
            continue
        rule = known.get(levels[customer_id]) or known.get(None)
        again = day + timedelta(days=rule.claim_back_days if rule is not None else 0)
        if again > today:
            found[customer_id] = max(again, found.get(customer_id, again))
    return found


def _undone_claims(me: int, since: datetime) -> dict[int, date]:
    """The transfers by which customers went back to the pool when ``me`` undid claims: by id, the day of the claim."""
    moves: Any = sa.inspect(CustomerTransfer).columns
    statement, runs = _by_undoing("claim")
    statement = statement.where(
        runs.created_by_id == me,
        moves["from_owner_id"] == me,
        moves["kind"] == "release",
        moves["at"] >= since,
    )
    return {pk: clock.local(at).date() for pk, at in db.session.connection().execute(statement)}


def returns(customer: Customer) -> Due | None:
    """When ``customer`` returns to the pool unless there is contact; None when it does not.  At most four statements."""
    known = rules()
    rule = known.get(customer.level) or known.get(None)
    if customer.owner_id is None or rule is None or not rule.idle_days:
        return None
    return next(iter(_with_warning(_due_by(rule, known, clock.today(), [customer.id], FOREVER), clock.today())), None)


def words(customer: Customer) -> str:
    """When ``customer`` returns to the pool, as its page says it; empty when it does not."""
    back = returns(customer)
    if back is None:
        return ""
    return _(
        "Returns to the pool on %(day)s unless there is contact; warned from %(warned)s",
        day=back.returns_on,
        warned=min(back.warn_on, back.returns_on),
    )
