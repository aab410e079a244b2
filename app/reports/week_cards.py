"""The home page's cards of the week: what one has to answer, one's own week, and the team now."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.orm import joinedload

from app.core import clock, db, identity
from app.core.i18n import gettext as _
from app.core.i18n import ngettext, pgettext
from app.core.web import present
from app.core.web.page import Cell, Column, Link, Row, Table
from app.core.web.page_frame import Card
from app.domains.activities import actual, pages, panels, team
from app.domains.activities.models import KINDS, Review, WeeklyPlan
from app.domains.activities.models.reviews import shortened

SHOWN = 6  # rows of a card


def guidance() -> Card | None:
    """Guidance that the reader has to answer, then what waits for others' answers; the oldest first."""
    me = identity.user_id()
    mine = Review.to_id == me
    statement = (
        sa.select(Review, sa.func.count().filter(mine).over(), sa.func.count().over())
        .where(Review.requires_answer.is_(True), Review.answered.is_(False), sa.or_(mine, Review.author_id == me))
        .options(joinedload(Review.author), joinedload(Review.to), joinedload(Review.customer))
        .order_by(sa.case((mine, 0), else_=1), Review.created_on, Review.id)
        .limit(SHOWN)
    )
    found = db.session.execute(statement).unique().all()
    owed, every = (found[0][1], found[0][2]) if found else (0, 0)
    columns = [
        Column("body", _("Guidance"), "text"),
        Column("customer", _("Customer"), "text"),
        Column("who", pgettext("guidance", "Who"), "text"),
        Column("age", _("Waits"), "text"),
    ]
    rows = []
    for review, _owed, _every in found:
        url = f"/reviews/show/{review.id}"
        is_mine = review.to_id == me
        who = _("from %(who)s", who=review.author) if is_mine else _("to %(who)s", who=review.to)
        customer = review.customer.name if review.customer is not None else ""
        age = panels.age(review.age or 0)
        rows.append(Row(review.id, url, [
            Cell("text", shortened(review.body), url),
            Cell("text", customer) if customer else present.EMPTY,
            Cell("text", who),
            Cell("text", age, tone="red" if is_mine and review.age else ""),
        ]))  # fmt: skip
    links = [
        Link(_("%(count)s to answer", count=owed), pages.rows("reviews", "open:eq:1", f"to:rel_o_m:{me}")),
        Link(
            _("%(count)s wait for others", count=every - owed),
            pages.rows("reviews", "open:eq:1", f"author:rel_o_m:{me}"),
        ),
    ]
    return Card(
        _("Guidance to answer"),
        present.number(owed),
        "",
        "red" if owed else "",
        links[0].url,
        Table(columns, rows, empty=_("Nothing waits for an answer.")),
        links=links if every else [],
    )


def week() -> Card | None:
    """The reader's plan of this week: today's lines, and what of the week is done and missed.  Three statements."""
    today = clock.today()
    monday = clock.monday_of(today)
    mine = sa.select(WeeklyPlan).where(WeeklyPlan.owner_id == identity.user_id(), WeeklyPlan.week == monday)
    plan = db.session.scalars(mine).first()
    if plan is None:
        return None
    found = actual.of([plan])[plan.id]
    counted = actual.counts(found)
    planned = len([each for each in found if each.line is not None])
    url = f"/weekly-plans/show/{plan.id}"
    rows = []
    for number, each in enumerate((each for each in found if each.day == today), start=1):
        kind = KINDS.get(each.kind)
        rows.append(Row(number, each.url or url, [
            Cell("text", each.customer or each.planned or each.came, each.url or url),
            Cell("text", str(kind)) if kind is not None else present.EMPTY,
            Cell("text", each.planned) if each.customer and each.planned else present.EMPTY,
            Cell("badge", str(actual.WHAT[each.what]), tone=actual.TONES[each.what]),
        ]))  # fmt: skip
    columns = [
        Column("customer", _("Today"), "text"),
        Column("kind", _("Kind"), "text"),
        Column("goal", _("Goal"), "text"),
        Column("what", _("State"), "text"),
    ]
    told = [f"{actual.WHAT[name]} {counted[name]}" for name in actual.WHAT if counted[name]]
    figure = _("%(done)s of %(count)s", done=counted[actual.DONE], count=planned)
    links = [Link(" · ".join(told), url)] if told else [Link(_("Open the plan"), url)]
    empty = _("Nothing is planned for today.")
    return Card(_("Your week"), figure, "", "", url, Table(columns, rows[:SHOWN], empty=empty), links=links)


def team_today() -> Card | None:
    """Who is out, whose plan is missing, and what waits for an answer, of those whom the reader leads."""
    found = team.brief()
    if not found.people:
        return None
    missing = ngettext("%(num)s plan is missing", "%(num)s plans are missing", found.missing)
    waiting = _("%(count)s to be answered", count=found.waiting)
    links = [Link(missing, "/team/?sort=plan"), Link(waiting, "/team/?sort=-guidance")]
    caption = ngettext("of %(num)s person", "of %(num)s people", found.people)
    tone = "amber" if found.missing or found.waiting else "green"
    return Card(_("Team today"), _("%(count)s out", count=found.out), caption, tone, "/team/", links=links)
