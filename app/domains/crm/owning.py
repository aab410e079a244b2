"""Whose a customer is: assigning, transferring, claiming, releasing and sharing, for one or for thousands at once.

Each is one deed: all of it or nothing, kept as one run that is undone as one, written to the customers' transfers, and
told to those concerned in one message each.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date

import sqlalchemy as sa

from app.core import bulk, crud, db, giving, identity, notices
from app.core.entity import User
from app.core.errors import Invalid
from app.core.exchange.keeping import Wrote, added, changed, held, keep_run
from app.core.exchange.models import ImportRun
from app.core.exchange.run_kinds import RunKind, add_kind, kind_of
from app.core.giving import Owned
from app.core.i18n import gettext as _
from app.core.i18n import lazy_gettext as _l
from app.core.users import full_name
from app.domains.crm import companions, pool
from app.domains.crm.models import Customer, CustomerShare, CustomerTransfer
from app.domains.crm.models.transfers import kind_of_transfer
from app.domains.people import telling
from app.domains.people.services import colleague

MOST = 20_000  # customers of one deed
MOVED, SHARED = "customers-moved", "customers-shared"
notices.KINDS |= {MOVED: _l("Customers change their owner"), SHARED: _l("Customers are shared with you")}


def _told(run: ImportRun) -> str:
    """What a run says of itself: how many customers, and to whom («12 → Cleo Roy»)."""
    return f"{kind_of(run).label}: {run.file}"


ASSIGN = add_kind(RunKind("assign", _l("Customers assigned"), _told, others="can_assign", gives_away=True))
TRANSFER = add_kind(RunKind("transfer", _l("Customers transferred"), _told, others="can_transfer", gives_away=True))
CLAIM = add_kind(RunKind("claim", _l("Customers claimed"), _told, others="can_transfer", gives_away=True))
RELEASE = add_kind(
    RunKind(
        "release",
        _l("Customers released"),
        _told,
        others="can_transfer",
        gives_away=True,
        guard=pool.require_returnable,
    )
)
SHARE = add_kind(RunKind("share", _l("Customers shared"), _told, others="can_transfer"))


@dataclass(frozen=True)
class Handed:
    """What came of a deed: the run that takes it back, and how many customers it concerned."""

    run: ImportRun
    count: int
    message: str


def assign(ids: Iterable[int], to: int) -> Handed:
    """Give customers of the pool, and of those whom the actor leads, to the user ``to``.

    Raises NotVisible, NotPermitted, Conflict (they are theirs already), Invalid (no such colleague, too many).
    """
    rows = _find(ids)
    giving.require_command(Customer, rows, unowned=True)
    return _hand(ASSIGN, rows, colleague(to))


def transfer(ids: Iterable[int], to: int, along: Collection[str] = (), reason: str | None = None) -> Handed:
    """Give customers of the actor and of those whom the actor leads to the user ``to``, with what of ``along`` (names of
    ``companions``) belongs to them and to their owners.  Raises as ``assign``.
    """
    rows = _find(ids)
    giving.require_command(Customer, rows, unowned=True)
    return _hand(TRANSFER, rows, colleague(to), reason, along)


def claim(ids: Iterable[int]) -> Handed:
    """Take customers out of the pool.  Raises NotVisible, Conflict (somebody has them, or the pool's rules)."""
    rows = _find(ids)
    me = identity.require().user_id
    giving.refuse((row for row in rows if row.owner_id is not None), lambda row: _taken(row, me))
    user = db.session.get(User, me) if me is not None else None
    if user is None:
        raise Invalid({"": [_("Only a person can claim a customer.")]})
    pool.require_claimable(rows, user.id)
    return _hand(CLAIM, rows, user)


def release(ids: Iterable[int], reason: str | None) -> Handed:
    """Give customers of the actor, and of those whom the actor leads, to the pool, and say why.

    Raises NotVisible, NotPermitted, Conflict (it lies there already), Invalid.
    """
    rows = _find(ids)
    giving.require_command(Customer, rows, unowned=True)
    giving.refuse(
        (row for row in rows if row.owner_id is None),
        lambda row: _("%(what)s lies in the public pool already.", what=row.label),
    )
    return _hand(RELEASE, rows, None, reason)


def share(ids: Iterable[int], user_id: int, access: str | None, until: date | None) -> Handed:
    """Let the user see (or, with the access «write», work on) customers of the actor and of those whom the actor leads; a
    share that is there already becomes as this one.  Raises as ``assign``.
    """
    rows = _find(ids)
    giving.require_command(Customer, rows)
    user = colleague(user_id, "user")
    mine = [row for row in rows if row.owner_id != user.id]
    giving.refuse(
        (row for row in rows if row.owner_id == user.id),
        lambda row: _("%(what)s is %(who)s's own.", what=row.label, who=full_name(user)),
    )
    there = {
        each.customer_id: each
        for start in range(0, len(mine), giving.AT_ONCE)
        for each in db.session.scalars(
            sa.select(CustomerShare).where(
                CustomerShare.user_id == user.id,
                CustomerShare.customer_id.in_([row.id for row in mine[start : start + giving.AT_ONCE]]),
            )
        )
    }
    made, edited = [], []
    for row in mine:
        one = there.get(row.id)
        if one is None:
            made.append(CustomerShare(customer_id=row.id, user_id=user.id, access=access or "read", until=until))
        elif (one.access, one.until) != (access or one.access, until):
            edited.append((one, {"access": held(one, "access"), "until": held(one, "until")}))
            one.access, one.until = access or one.access, until
    db.session.add_all(made)
    crud.flush()
    wrote = [*(added(each) for each in made), *(changed(one, before) for one, before in edited)]
    run = keep_run(SHARE, Customer, wrote, f"{len(rows)} → {full_name(user)}")
    who = identity.require().name
    told = telling.Message(
        lambda: _("%(who)s shares %(what)s with you", who=who, what=_what(rows)),
        _items(rows),
        _path(rows),
        (lambda: _("Until %(until)s.", until=until)) if until is not None else None,
        _record(rows),
    )
    if user.id != identity.user_id():
        telling.tell(SHARED, {user.id: told}, f"share, run {run.id}")
    return Handed(
        run,
        len(rows),
        _("%(who)s can see %(what)s now.", who=full_name(user), what=_what(rows)),
    )


def _find(ids: Iterable[int]) -> list[Owned]:
    wanted = list(ids)
    if not wanted:
        raise Invalid({"ids": [_("Choose at least one row.")]})
    bulk.require_few(wanted, MOST)
    return giving.find(Customer, wanted)


def _taken(row: Owned, me: int | None) -> str:
    if row.owner_id == me:
        return _("%(what)s is yours already.", what=row.label)
    return _("Somebody else has just claimed %(what)s.", what=row.label)


def _hand(
    kind: RunKind,
    rows: Sequence[Owned],
    to: User | None,
    reason: str | None = None,
    along: Collection[str] = (),
) -> Handed:
    """Give ``rows`` to ``to`` (None for the pool): the one way in which customers change hands in numbers."""
    to_id = to.id if to is not None else None
    name = full_name(to) if to is not None else ""
    giving.refuse(
        (row for row in rows if row.owner_id == to_id and to_id is not None),
        lambda row: _("%(what)s belongs to %(who)s already.", what=row.label, who=name),
    )
    wrote = hand_over(kind.name, rows, to_id, reason)
    if to_id is not None:
        moves = companions.moves_of(rows, to_id, reason or "")
        for each in companions.COMPANIONS.values():
            if each.name in along and each.move is not None:
                wrote += each.move(moves)
    run = keep_run(kind, Customer, wrote, f"{len(rows)} → {name or _('Public pool')}")
    tell_of(kind.name, rows, to_id, run.id, reason)
    words: dict[str, Callable[[], str]] = {
        "assign": lambda: _("%(who)s has %(what)s now.", who=name, what=_what(rows)),
        "transfer": lambda: _("%(who)s has %(what)s now.", who=name, what=_what(rows)),
        "claim": lambda: _("You have %(what)s now.", what=_what(rows)),
        "release": lambda: _("%(what)s went to the public pool.", what=_what(rows)),
    }
    return Handed(run, len(rows), words[kind.name]())


def hand_over(
    kind: str, rows: Sequence[Owned], to: int | None, reason: str | None = None, action: str = ""
) -> list[Wrote]:
    """Make ``to`` the owner of customers and write that to their transfers (of ``kind``); what a run keeps of it.

    ``action`` stands in their history, unless it is the kind.  Who may do so was asked before.
    """
    with identity.moving_ownership():
        # Before they go: a row about what is no longer the actor's to see can't be written.
        db.session.add_all(
            CustomerTransfer(
                customer_id=row.id, from_owner_id=row.owner_id, to_owner_id=to, kind=kind, reason=reason or None
            )
            for row in rows
        )
        crud.flush()
        return giving.give(Customer, rows, to, action or kind, reason or "")


def _give(rows: Sequence[Owned], to: int | None, action: str, comment: str) -> list[Wrote]:
    """What happens to customers when others hand them on, or take that back."""
    parts: dict[str, list[Owned]] = defaultdict(list)
    for row in rows:
        parts[kind_of_transfer(row.owner_id, to)].append(row)
    return [each for kind, part in parts.items() for each in hand_over(kind, part, to, comment or None, action)]


giving.givers[Customer] = _give


def tell_of(kind: str, rows: Sequence[Owned], to: int | None, run_id: int, reason: str | None = None) -> None:
    """Tell whoever lost customers, and whoever got them, what became of them: one message each, none to who did it."""
    actor = identity.require()
    lost: dict[int, list[Owned]] = defaultdict(list)
    for row in rows:
        if row.owner_id is not None and row.owner_id != to:
            lost[row.owner_id].append(row)
    names = _names({*lost, *([to] if to is not None else [])})
    why = (lambda: _("Reason: %(reason)s", reason=reason)) if reason else None
    messages = {}
    for owner_id, gone in lost.items():
        messages[owner_id] = telling.Message(
            _lost(actor.name, gone, names.get(to, "") if to is not None else ""),
            _items(gone),
            "/customers/list/",
            why,
        )
    if to is not None:

        def got() -> str:
            return _("%(who)s gave you %(what)s", who=actor.name, what=_what(rows))

        messages[to] = telling.Message(got, _items(rows), _path(rows), why, _record(rows))
    messages.pop(actor.user_id or 0, None)
    telling.tell(MOVED, messages, f"{kind}, run {run_id}")


def _lost(who: str, rows: Sequence[Owned], heir: str) -> Callable[[], str]:
    if heir:
        return lambda: _("%(who)s gave %(what)s, yours until now, to %(heir)s", who=who, what=_what(rows), heir=heir)
    return lambda: _("%(who)s put %(what)s, yours until now, into the public pool", who=who, what=_what(rows))


def _what(rows: Sequence[Owned]) -> str:
    """A customer by name, or how many they are."""
    return rows[0].label if len(rows) == 1 else _("%(count)s customers", count=len(rows))


def _names(ids: Collection[int]) -> dict[int, str]:
    users = db.session.scalars(sa.select(User).where(User.id.in_(ids)))
    return {user.id: full_name(user) for user in users.unique()}


def _items(rows: Sequence[Owned]) -> list[telling.Item]:
    return [telling.Item(row.label, path=f"/customers/show/{row.id}") for row in rows]


def _path(rows: Sequence[Owned]) -> str:
    return f"/customers/show/{rows[0].id}" if len(rows) == 1 else "/customers/list/"


def _record(rows: Sequence[Owned]) -> str:
    return f"customers/{rows[0].id}" if len(rows) == 1 else ""
