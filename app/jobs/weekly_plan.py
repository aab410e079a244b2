"""Reminding of the weekly plan: on Friday who has none for next week, on Monday who still has none, and superiors.

Run by hand, either job acts as if its time were now.  Until the first working day of a week has passed, the reminder is
the last call for that week; on any other day it is the first reminder for the next week in which anybody works.  Each
mail has a key of week, kind and user, so that a second run tells nobody again.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import sqlalchemy as sa

from app.core import clock, db, notices, outbox
from app.core.entity import User
from app.core.i18n import gettext as _
from app.core.i18n import lazy_gettext as _l
from app.core.i18n import speaking
from app.core.mail import templates
from app.core.settings import settings
from app.core.users import full_name
from app.domains.activities.models import WeeklyPlan
from app.domains.people.models import Leave
from app.domains.people.queries import at_work
from app.domains.people.superiors import Superiors
from app.domains.people.working_days import Calendar
from app.jobs import recipients
from app.jobs.job import Occasion
from app.jobs.recipients import Recipient

SUNDAY = timedelta(days=6)
PLANS, TEAM_PLANS = "weekly-plans", "team-plans"
notices.KINDS |= {PLANS: _l("Your weekly plan is missing"), TEAM_PLANS: _l("Plans of your people are missing")}


@dataclass(frozen=True)
class Missing:
    """Somebody without a submitted plan.

    ``reached`` is None when no mail reaches them; ``draft`` the plan that waits to be submitted.
    """

    user_id: int
    name: str
    department_id: int
    department: str
    draft: int | None
    reached: Recipient | None


def remind(occasion: Occasion) -> str:
    """The reminder; on the first days of a week the last call for it."""
    calendar = Calendar.load()
    this_week = clock.monday_of(occasion.day)
    worked = calendar.workdays(this_week)
    if worked and occasion.day <= worked[0]:
        return _call(this_week, calendar)
    week = calendar.week_to_plan(occasion.day)
    if not occasion.by_hand and week <= clock.today():
        return _("The week of %(week)s has begun: the last call takes the reminder's place.", week=week)
    first = _remind_all(week, missing(week, calendar), second=False)
    return _("%(count)s reminded of their plan for the week of %(week)s.", count=first, week=week)


def last_call(occasion: Occasion) -> str:
    """The second reminder for the week that has begun, and the lists for the superiors."""
    return _call(clock.monday_of(occasion.day), Calendar.load())


def _call(week: date, calendar: Calendar) -> str:
    if week + SUNDAY < clock.today():
        return _("The week of %(week)s is over.", week=week)
    people = missing(week, calendar)
    second = _remind_all(week, people, second=True)
    told = _tell_superiors(week, people)
    return _(
        "%(count)s reminded once more of their plan for the week of %(week)s, %(told)s superiors told.",
        count=second,
        week=week,
        told=told,
    )


def missing(week: date, calendar: Calendar) -> list[Missing]:
    """Who works in the week of the Monday ``week`` and has no submitted plan for it, by department and name.

    Four statements.
    """
    worked = calendar.workdays(week)
    connection = db.session.connection()
    plans = {
        row.owner_id: row
        for row in connection.execute(
            sa.select(WeeklyPlan.owner_id, WeeklyPlan.id, WeeklyPlan.state).where(WeeklyPlan.week == week)
        )
    }
    away = away_all_week(connection, worked)
    found = []
    for row in connection.execute(at_work(*recipients.COLUMNS)):
        plan = plans.get(row.user_id)
        if row.user_id in away or (plan is not None and plan.state != "draft"):
            continue
        draft = plan.id if plan is not None else None
        reached = recipients.recipient(row)
        found.append(Missing(row.user_id, full_name(row), row.department_id, row.department, draft, reached))
    return found


def away_all_week(connection: sa.Connection, worked: list[date]) -> set[int]:
    """Who is on leave on every one of the days ``worked``; everybody, when none is."""
    if not worked:
        return set(connection.execute(sa.select(User.id)).scalars())
    statement = sa.select(Leave.owner_id, Leave.starts_on, Leave.ends_on).where(
        Leave.starts_on <= worked[-1], Leave.ends_on >= worked[0]
    )
    days: dict[int, set[date]] = defaultdict(set)
    for owner_id, starts_on, ends_on in connection.execute(statement):
        days[owner_id].update(day for day in worked if starts_on <= day <= ends_on)
    return {owner_id for owner_id, covered in days.items() if len(covered) == len(worked)}


def _remind_all(week: date, people: Iterable[Missing], second: bool) -> int:
    """Write a mail to each of ``people``; how many had not been told yet."""
    news = [
        notices.News(
            person.user_id,
            PLANS,
            _reminder(week, person, person.reached, second),
            f"weekly-plans/{person.draft}" if person.draft else "",
        )
        for person in people
        if person.reached is not None
    ]
    return len(notices.deliver(news))


def _reminder(week: date, person: Missing, to: Recipient, second: bool) -> outbox.Mail:
    place = f"edit/{person.draft}" if person.draft else f"add?week={week}"
    about: dict[str, Any] = {"name": to.name, "draft": bool(person.draft), "second": second, **_days(week)}
    letter = templates.write("weekly_plan", to.locale, link=f"{settings().address}/weekly-plans/{place}", **about)
    with speaking(to.locale):
        if second:
            subject = _("Second reminder: your plan for the week of %(week)s", week=week)
        else:
            subject = _("Your plan for the week of %(week)s", week=week)
    return outbox.Mail(to.address, subject, *letter, _key(week, "second" if second else "first", to), to.locale)


def _tell_superiors(week: date, people: Iterable[Missing]) -> int:
    """Write each superior one list of who has no plan; how many had not been told yet."""
    superiors = Superiors.load(db.session.connection())
    lists: dict[int, list[Missing]] = defaultdict(list)
    for person in people:
        superior = superiors.of(person.user_id, person.department_id)
        if superior is not None:
            lists[superior].append(person)
    return len(
        notices.deliver(
            notices.News(user_id, TEAM_PLANS, _list_for(week, superiors.reached[user_id], names))
            for user_id, names in lists.items()
        )
    )


def _list_for(week: date, to: Recipient, people: list[Missing]) -> outbox.Mail:
    rows = [{"name": person.name, "department": person.department, "draft": bool(person.draft)} for person in people]
    link = f"{settings().address}/weekly-plans/list/"
    letter = templates.write("weekly_plan_missing", to.locale, name=to.name, people=rows, link=link, **_days(week))
    with speaking(to.locale):
        subject = _("Without a plan for the week of %(week)s: %(count)s", week=week, count=len(people))
    return outbox.Mail(to.address, subject, *letter, _key(week, "missing", to), to.locale)


def _days(week: date) -> dict[str, date]:
    return {"monday": week, "sunday": week + SUNDAY}


def _key(week: date, kind: str, to: Recipient) -> str:
    year, number, _weekday = week.isocalendar()
    return f"weekly-plan, {year}-W{number:02}, {kind}, user {to.user_id}"
