"""Telling superiors at the week's end what came of it: for each of their people planned against actual; and who had no
plan, with what they did all the same.

Made up late, it is about the week that it was due in; run by hand, about the last week that has come to its last working
day.  A mail for each superior and week: the key is of both, so that a second run tells nobody again.
"""

from __future__ import annotations

from collections import defaultdict
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
from app.domains.activities import actual
from app.domains.activities.models import WeeklyPlan
from app.domains.people.queries import at_work
from app.domains.people.superiors import Superiors
from app.domains.people.working_days import Calendar
from app.jobs.job import Occasion
from app.jobs.recipients import Recipient
from app.jobs.weekly_plan import away_all_week

REVIEW = "week-review"
SUNDAY, WEEK = timedelta(days=6), timedelta(days=7)
SHOWN = 3  # things named of each kind, for each person
notices.KINDS[REVIEW] = _l("What came of your people's week")


@dataclass(frozen=True)
class PersonsWeek:
    """What came of somebody's week: ``plan`` is None without one, and ``state`` empty; ``counts`` are of ``actual``, where
    nothing was planned by who has not handed in a plan.
    """

    user_id: int
    name: str
    department_id: int
    department: str
    plan: int | None
    state: str
    counts: dict[str, int]
    missed: list[str]
    unplanned: list[str]


def tell(occasion: Occasion) -> str:
    """Write each superior one mail about the week; nobody who has been told of it."""
    calendar = Calendar.load()
    week = clock.monday_of(occasion.day)
    if occasion.by_hand and occasion.day < calendar.last_of_week(occasion.day):
        week -= WEEK
    if not calendar.workdays(week):
        return _("Nobody works in the week of %(week)s.", week=week)
    superiors = Superiors.load(db.session.connection())
    teams: dict[int, list[PersonsWeek]] = defaultdict(list)
    for person in weeks(week, calendar):
        superior = superiors.of(person.user_id, person.department_id)
        if superior is not None:
            teams[superior].append(person)
    told = notices.deliver(
        notices.News(user_id, REVIEW, _mail(week, superiors.reached[user_id], people))
        for user_id, people in teams.items()
    )
    return _("The week of %(week)s: %(told)s superiors told.", week=week, told=len(told))


def weeks(week: date, calendar: Calendar) -> list[PersonsWeek]:
    """What came of the week of everyone who worked in it, by department and name.  Six statements."""
    plans = {plan.owner_id: plan for plan in db.session.scalars(sa.select(WeeklyPlan).where(WeeklyPlan.week == week))}
    handed_in = [plan for plan in plans.values() if plan.state != "draft"]
    away = away_all_week(db.session.connection(), calendar.workdays(week))
    people = db.session.execute(at_work(User.id, User.username, User.first_name, User.last_name)).all()
    came = actual.of_week(week, {row.id for row in people}, handed_in)
    found = []
    for row in people:
        plan, happened = plans.get(row.id), came[row.id]
        if plan is None and row.id in away:
            continue
        found.append(
            PersonsWeek(
                row.id,
                full_name(row),
                row.department_id,
                row.department,
                plan.id if plan is not None else None,
                plan.state if plan is not None else "",
                actual.counts(happened),
                [_called(each) for each in happened if each.what == actual.MISSED],
                [_called(each) for each in happened if each.what == actual.UNPLANNED],
            )
        )
    return found


def _called(happened: actual.Happened) -> str:
    """One thing of a week in a few words."""
    return " · ".join(part for part in (happened.customer, happened.planned or happened.came) if part)


def _mail(week: date, to: Recipient, people: list[PersonsWeek]) -> outbox.Mail:
    address = settings().address
    done, planned = sum(each.counts[actual.DONE] for each in people), sum(_planned(each) for each in people)
    with speaking(to.locale):
        rows = [_row(address, each) for each in people]
        subject = _(
            "The week of %(week)s: %(done)s of %(planned)s planned are done", week=week, done=done, planned=planned
        )
    letter = templates.write(
        "week_review",
        to.locale,
        name=to.name,
        people=rows,
        monday=week,
        sunday=week + SUNDAY,
        link=f"{address}/weekly-plans/list/?f=week:eq:{week}",
    )
    year, number, _weekday = week.isocalendar()
    key = f"{REVIEW}, {year}-W{number:02}, user {to.user_id}"
    return outbox.Mail(to.address, subject, *letter, key, to.locale)


def _planned(person: PersonsWeek) -> int:
    return person.counts[actual.DONE] + person.counts[actual.MISSED] + person.counts[actual.AHEAD]


def _row(address: str, person: PersonsWeek) -> dict[str, Any]:
    """What the letter says of one person; ``has_plan`` is whether it was handed in."""
    has_plan = person.plan is not None and person.state != "draft"
    return {
        "name": person.name,
        "department": person.department,
        "url": f"{address}/weekly-plans/show/{person.plan}" if person.plan is not None else "",
        "has_plan": has_plan,
        "state": str(WeeklyPlan.workflow.states[person.state]) if person.state else "",
        "planned": _planned(person),
        "done": person.counts[actual.DONE],
        "missed": person.counts[actual.MISSED],
        "unplanned": person.counts[actual.UNPLANNED],
        "missed_what": _some(person.missed),
        "unplanned_what": _some(person.unplanned),
    }


def _some(texts: list[str]) -> list[str]:
    """The first of ``texts``, and how many more there are."""
    more = len(texts) - SHOWN
    return texts[:SHOWN] + ([_("and %(count)s more", count=more)] if more > 0 else [])
