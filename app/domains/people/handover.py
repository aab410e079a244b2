"""Handing over what somebody has who leaves: what there is, to whom it goes, in one run that is undone as one, and told to
those concerned.

What is handed on follows from the registry (``core.handing``); here is who may, and who is told.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from app.core import audit, db, handing, identity, notices
from app.core.entity import User, registry
from app.core.errors import Conflict, Invalid, NotPermitted
from app.core.exchange.keeping import keep_run
from app.core.exchange.models import ImportRun
from app.core.exchange.run_kinds import RunKind, add_kind
from app.core.giving import Owned
from app.core.handing import Handed, Kind
from app.core.i18n import gettext as _
from app.core.i18n import lazy_gettext as _l
from app.core.i18n import lazy_pgettext, listed
from app.core.users import full_name
from app.domains.people import queries, telling
from app.domains.people.models import Employee
from app.domains.people.services import colleague

PERMISSION = "can_handover"
NEWS = "work-handed-over"
notices.KINDS |= {NEWS: _l("Somebody's work is handed over")}
audit.WORDS |= {handing.DEED: lazy_pgettext("deed", "Handed over")}
HANDOVER = add_kind(
    RunKind(
        handing.DEED,
        _l("Handover"),
        lambda run: _("Handover: %(what)s", what=run.file),
        own=PERMISSION,
        others=PERMISSION,
        gives_away=True,
    )
)


@dataclass(frozen=True)
class Done:
    """What came of a handover: the run that takes it back, how many rows went, and how people say so."""

    run: ImportRun
    count: int
    message: str


def may_hand_over(user_id: int) -> bool:
    """Whether the actor may hand over what the user has: one who leads them, or an administrator."""
    actor = identity.require()
    return actor.may(PERMISSION, Employee.permission_key()) and (actor.unlimited or queries.leads(actor, user_id))


def preview(employee: Employee) -> list[Kind]:
    """What the employee has, by kind.  Raises NotPermitted unless the actor leads them."""
    _require(employee.user_id)
    return handing.kinds(employee.user_id)


def people() -> list[tuple[Employee, int]]:
    """Whom the actor leads, with how many rows each would hand over: who has left and has some first, then by name."""
    actor = identity.require()
    statement = sa.select(Employee)
    if not actor.unlimited:
        led = queries.users_led(actor)
        statement = statement.where(sa.false() if led is None else Employee.user_id.in_(led))
    counts = handing.totals()
    found = [
        (employee, counts.get(employee.user_id, 0))
        for employee in db.session.scalars(
            statement.options(sa.orm.joinedload(Employee.user), sa.orm.joinedload(Employee.department))
        ).unique()
    ]
    return sorted(found, key=lambda each: (_is_here(each[0]) or not each[1], each[0].person))


def _is_here(employee: Employee) -> bool:
    return bool(employee.active and employee.user.active)


def hand_over(employee: Employee, to: Sequence[int], without: Collection[str] = (), reason: str | None = None) -> Done:
    """Give what the employee has to the users ``to`` (several take turns, and what belongs together stays together),
    except the kinds ``without``.

    Raises NotPermitted, Invalid (no such colleagues), Conflict (there is nothing to hand over).
    """
    leaver = employee.user
    _require(leaver.id)
    heirs = [colleague(each) for each in dict.fromkeys(to)]
    if not heirs:
        raise Invalid({"to": [_("This is required.")]})
    if leaver.id in {heir.id for heir in heirs}:
        raise Invalid({"to": [_("%(who)s can't take over from themselves.", who=full_name(leaver))]})
    handed = handing.hand_on(leaver.id, [heir.id for heir in heirs], without, reason or "")
    if not handed.wrote:
        raise Conflict(_("%(who)s has nothing to hand over.", who=full_name(leaver)))
    names = {heir.id: full_name(heir) for heir in heirs}
    label = f"{full_name(leaver)} → {', '.join(names.values())}"
    run = keep_run(HANDOVER, Employee, handed.wrote, label)
    _tell(leaver, names, handed, run.id, reason)
    count = sum(len(rows) for mine in handed.got.values() for rows in mine.values())
    words = _("%(what)s of %(who)s went to %(heirs)s.", what=_what(handed), who=full_name(leaver), heirs=_list(names))
    return Done(run, count, words)


def _require(user_id: int) -> None:
    if not may_hand_over(user_id):
        raise NotPermitted(_("Only whoever leads somebody hands over their work."))


def _list(names: Mapping[int, str]) -> str:
    return listed(names.values())


def _what(handed: Handed, heir: int | None = None) -> str:
    """«12 customers, 3 leads»: what one of the heirs got, or all of them."""
    counts: dict[str, int] = {}
    for user_id, mine in handed.got.items():
        if heir in (None, user_id):
            for name, rows in mine.items():
                counts[name] = counts.get(name, 0) + len(rows)
    parts = [_("%(kind)s: %(count)s", kind=registry[name].labels, count=count) for name, count in counts.items()]
    if heir is None:
        parts += [
            _("%(kind)s: %(count)s", kind=handing.followers[name].label, count=count)
            for name, count in handed.followed.items()
            if count
        ]
    return listed(parts)


def _tell(leaver: User, names: Mapping[int, str], handed: Handed, run_id: int, reason: str | None) -> None:
    """Tell whoever got something, and who had it: one message each, none to who did it."""
    actor = identity.require()
    gone = full_name(leaver)
    why = (lambda: _("Reason: %(reason)s", reason=reason)) if reason else None
    messages = {
        heir: telling.Message(_got(actor.name, gone, handed, heir), _items(mine), "/", why)
        for heir, mine in handed.got.items()
    }
    every: dict[str, list[Owned]] = {}
    for mine in handed.got.values():
        for name, rows in mine.items():
            every.setdefault(name, []).extend(rows)
    lost = telling.Message(
        lambda: _("%(who)s handed over your work to %(heirs)s", who=actor.name, heirs=_list(names)),
        _items(every),
        "/",
        why,
    )
    messages[leaver.id] = lost
    messages.pop(actor.user_id or 0, None)
    telling.tell(NEWS, messages, f"handover, run {run_id}")


def _got(who: str, gone: str, handed: Handed, heir: int) -> Callable[[], str]:
    return lambda: _(
        "%(who)s handed %(gone)s's work over to you: %(what)s", who=who, gone=gone, what=_what(handed, heir)
    )


def _items(mine: Mapping[str, Sequence[Owned]]) -> list[telling.Item]:
    return [telling.Item(row.label, path=f"/{name}/show/{row.id}") for name, rows in mine.items() for row in rows]
