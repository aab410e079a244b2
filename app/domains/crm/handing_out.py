"""Leads without an owner are handed out by the rules, in turn, and whoever is given leads is told.

Whose turn it is is one statement: it moves the rule on and says to whom, so that of two leads made at once neither loses
its turn.  What is rolled back (a preview, a refused import) takes its turns back.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from app.core import crud, db, events, identity, notices, search
from app.core.entity import User
from app.core.i18n import gettext as _
from app.core.i18n import lazy_gettext as _l
from app.domains.crm.models import Lead, LeadRule
from app.domains.people import telling
from app.domains.people.models import Employee

GIVEN = "leads-given"
IMPORT = "import"  # the deed that brings many
notices.KINDS |= {GIVEN: _l("You are given leads")}


def heir(values: Mapping[str, Any], said: bool) -> int | None:
    """The user who gets a new lead with ``values`` for which nobody is ``said``, or who is said to have none; None where no
    rule fits.  Whoever is among those a rule chooses from keeps a lead that they add without saying whose it is; a file's
    are handed out whoever imports it.

    One statement where there are no rules, two where one fits.
    """
    me = identity.user_id() if not said and identity.deed()[0] != IMPORT else None
    for rule_id, department_id in _fitting(values):
        if me is not None and _works_there(me, department_id):
            return None
        if (user_id := _next(rule_id, department_id)) is not None:
            return user_id
    return None


crud.heirs[Lead] = heir


def _fitting(values: Mapping[str, Any]) -> list[tuple[int, int]]:
    """(rule, department) of the active rules that fit, in their order."""
    wanted = sa.select(LeadRule.id, LeadRule.department_id, LeadRule.region, LeadRule.source)
    wanted = wanted.where(LeadRule.active, LeadRule.method == "round_robin").order_by(LeadRule.position, LeadRule.id)
    with db.session.no_autoflush:
        rules = db.session.execute(wanted).all()

    def fits(condition: str | None, name: str) -> bool:
        return not condition or search.folded(condition) == search.folded(values.get(name) or "")

    return [(pk, of) for pk, of, region, source in rules if fits(region, "region") and fits(source, "source")]


def _active(department_id: int) -> Any:
    """The users who work in the department, by id."""
    places, users = sa.inspect(Employee).local_table.c, sa.inspect(User).local_table.c
    return (
        sa.select(places.user_id)
        .join_from(sa.inspect(Employee).local_table, sa.inspect(User).local_table, users.id == places.user_id)
        .where(places.department_id == department_id, places.active, users.active)
    )


def _works_there(user_id: int, department_id: int) -> bool:
    of = _active(department_id).where(sa.inspect(Employee).local_table.c.user_id == user_id)
    return db.session.connection().execute(of).first() is not None


def _next(rule_id: int, department_id: int) -> int | None:
    """Move the rule on to the next user of the department, and say who that is; None when nobody works there.

    An UPDATE reads the row it changes as others left it, also when it had to wait for them.
    """
    table: Any = sa.inspect(LeadRule).local_table
    place = sa.inspect(Employee).local_table.c.user_id
    everyone = _active(department_id).with_only_columns(sa.func.min(place))
    after = everyone.where(place > table.c.last_to_id).scalar_subquery()
    moved = (
        sa.update(table)
        .where(table.c.id == rule_id)
        .values(last_to_id=sa.func.coalesce(after.correlate(table), everyone.scalar_subquery()))
        .returning(table.c.last_to_id)
    )
    found: int | None = db.session.connection().execute(moved).scalar()
    return found


@events.on_records
def tell(_connection: sa.Connection, told: Sequence[events.RecordEvent]) -> None:
    """Tell each person of the new leads that somebody else, or a rule, gave them: one message of all of a flush."""
    given: dict[int, list[events.RecordEvent]] = defaultdict(list)
    for each in told:
        owner = each.changes.get("owner_id", [None, None])[1] if each.name == f"{Lead.resource}.create" else None
        if owner is not None and owner != each.user_id:
            given[owner].append(each)
    if given:
        messages = {owner: _message(several) for owner, several in given.items()}
        telling.tell(
            GIVEN, messages, f"leads given, {min(each.record for several in given.values() for each in several)}"
        )


def _message(given: Sequence[events.RecordEvent]) -> telling.Message:
    items = [telling.Item(_called(each), path=_path(each)) for each in given]
    one = len(given) == 1

    def subject() -> str:
        if one:
            return _("You have a new lead")
        return _("You have %(count)s new leads", count=len(given))

    return telling.Message(
        subject, items, items[0].path if one else "/leads/list/", record=given[0].record if one else ""
    )


def _called(event: events.RecordEvent) -> str:
    name, company = (event.changes.get(each, [None, None])[1] for each in ("name", "company"))
    return f"{name} ({company})" if company else str(name)


def _path(event: events.RecordEvent) -> str:
    return f"/leads/show/{event.record.partition('/')[2]}"
