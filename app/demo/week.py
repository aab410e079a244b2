"""What the demo company's sellers do all week, as their plans say: contacts and outings, guidance that they were given,
suggestions, and targets.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

import sqlalchemy as sa

from app.core import clock, crud, db
from app.demo.cast import Cast, moment
from app.demo.plans import LOCALES, PLANNERS, WEEK
from app.domains.activities import services
from app.domains.activities.models import ContactRecord, Outing, Review, Suggestion, WeeklyPlan
from app.domains.people.models import Target

AFTERWARDS = timedelta(minutes=70)  # how long a visit takes, there and back
OUT_NOW = "daniel"
OUT_FOR = timedelta(minutes=40)
LATER = timedelta(hours=3)  # when the next outing of today begins
SELLERS = tuple(name for name in PLANNERS if name != "jianguo")
OUTCOMES = {
    "zh": ("有意向", "需报价", "已确认", "待跟进", "暂不需要"),
    "en": ("Interested", "Wants an offer", "Agreed", "To be followed up", "Not now"),
}
SUMMARIES = {
    "zh": (
        "对方确认了需求数量，希望下周收到正式报价。",
        "现场看了仓库，照明和标识都要更新，预算在年底前批下来。",
        "上批货物质量没有问题，只是送货晚了一天。",
        "采购经理换人，已加微信，约好再访。",
    ),
    "en": (
        "They confirmed the quantities and expect our offer next week.",
        "Saw the warehouse: lighting and signs are due, the budget comes before the year ends.",
        "The last delivery was fine, only a day late.",
        "There is a new buyer; we agreed on another visit.",
    ),
}
STEPS = {"zh": ("发正式报价", "寄样品", "约下次拜访"), "en": ("Send the offer", "Send samples", "Fix the next visit")}
ERRANDS = {"zh": "参加行业展会", "en": "Visit the trade fair"}
CALLED_OFF = {"zh": "客户临时改期", "en": "The customer moved the date"}
# To whom, what, for how many days, and the answer (none: it waits).
GUIDANCE = (
    (
        "xiaotong",
        "价格谈到什么程度了？请说明对方的心理价位和决策人。",
        9,
        "对方能接受 3% 以内的让利，由总经理拍板。",
    ),
    ("xiaotong", "下次拜访请带上新样品，并确认交期。", 2, None),
    ("peter", "Who else is bidding? Please find out before the next visit.", 6, "A local dealer; they are 4% dearer."),
    ("peter", "They have been silent for a while. What is your next step?", 4, None),
    ("yutong", "这家客户回款偏慢，先谈账期再报价。", 5, None),
    ("daniel", "请补充客户现有供应商的情况。", 8, "They buy from two dealers and want one source."),
    ("daniel", "Agree on the packing before you promise a date.", 0, None),
)
# Who suggests what, how many days ago, and what management says (none: it waits).
SUGGESTED = (
    ("xiaotong", "报价单能否增加英文版式？", 16, "已安排，下月起可选双语版式。"),
    ("peter", "A sample case for visits would save a second trip.", 7, None),
    ("yutong", "希望仓库每周公布一次到货计划。", 3, None),
)
CONTACTS_A_MONTH = {"grace": 24, "junfeng": 24, "xiaotong": 44, "peter": 40, "yutong": 44, "daniel": 36}


def fill(cast: Cast) -> None:
    """Let them do what they planned, and a little besides."""
    _fill_targets(cast)
    for place, owner in enumerate(SELLERS):
        _fill_earlier(cast, owner, place)
    plans = db.session.scalars(sa.select(WeeklyPlan).order_by(WeeklyPlan.week, WeeklyPlan.id)).all()
    records: dict[str, list[ContactRecord]] = {owner: [] for owner in SELLERS}
    names = {cast.user_id(owner): owner for owner in SELLERS}
    for plan in plans:
        if plan.state != "draft" and plan.owner_id in names and plan.week <= cast.today:
            records[names[plan.owner_id]] += _do(cast, names[plan.owner_id], plan)
    _fill_outings(cast)
    _guide(cast, records)
    _suggest(cast)


def _fill_targets(cast: Cast) -> None:
    months = (cast.today, cast.today.replace(day=1) - timedelta(days=1))
    for owner, contacts in CONTACTS_A_MONTH.items():
        superior = PLANNERS[owner]
        with cast.acting(superior, moment(cast.ago(40), 9, 5)):
            for month in months:
                data = {"owner": cast.user_id(owner), "month": month}
                crud.create(Target, data | {"metric": "contacts", "amount": contacts})
                crud.create(Target, data | {"metric": "orders", "amount": contacts * 5000})


def _fill_earlier(cast: Cast, owner: str, place: int) -> None:
    """The last call before the plans that are on record, with those customers that are still looked after."""
    for number, customer in enumerate(cast.rows["by_owner"].get(owner, ())):
        silent = customer.status in ("lost", "dormant")
        days = (200 if silent else 30) + 3 * number + place
        day = max(cast.ago(days), clock.local(customer.created_on).date())
        _tell(cast, owner, customer.id, datetime.combine(day, datetime.min.time().replace(hour=15)), "phone")


def _do(cast: Cast, owner: str, plan: WeeklyPlan) -> list[ContactRecord]:
    """What came of a plan: of a week that is over, what it says was done; of this one, most of what is past."""
    made = []
    is_over = plan.week + WEEK <= cast.today
    for number, line in enumerate(sorted(plan.lines, key=lambda line: (line.planned_on, line.position))):
        is_done = line.done if is_over else line.planned_on < cast.today and number % 4 != 3
        if line.customer_id is None or not is_done:
            continue
        at = moment(line.planned_on, 9 + number % 6, 10 * (number % 6))
        if line.kind == "visit" and plan.week >= cast.today - 2 * WEEK:
            made.append(_visit(cast, owner, line, at))
        else:
            made.append(_tell(cast, owner, line.customer_id, at, "visit" if line.kind == "visit" else "phone"))
    customers = cast.rows["by_owner"][owner]
    day = plan.week + timedelta(days=cast.chance.randint(0, 4))
    if day < cast.today:
        # Somebody always calls.
        made.append(_tell(cast, owner, cast.chance.choice(customers).id, moment(day, 16, 20), "wechat"))
    return made


def _said(cast: Cast, owner: str, day: date) -> dict[str, Any]:
    """What a contact record says."""
    language, chance = LOCALES[owner], cast.chance
    following = day + timedelta(days=chance.randint(6, 24)) if chance.random() < 0.5 else None
    return {
        "outcome": chance.choice(OUTCOMES[language]),
        "summary": chance.choice(SUMMARIES[language]),
        "next_step": chance.choice(STEPS[language]) if following else None,
        "next_contact_on": following,
    }


def _tell(cast: Cast, owner: str, customer: int, at: datetime, way: str) -> ContactRecord:
    with cast.acting(owner, at):
        said = _said(cast, owner, clock.today())
        record: ContactRecord = crud.create(ContactRecord, {"customer": customer, "way": way, **said})
        return record


def _visit(cast: Cast, owner: str, line: Any, at: datetime) -> ContactRecord:
    """A visit as an outing, which its contact record ends."""
    outing = _leave(cast, owner, {"customer": line.customer_id, "plan_line": line.id, "purpose": line.goal}, at)
    with cast.acting(owner, at + AFTERWARDS):
        services.come_back(outing, {"way": "visit", **_said(cast, owner, clock.today())})
        return db.session.scalars(sa.select(ContactRecord).where(ContactRecord.outing_id == outing.id)).one()


def _leave(cast: Cast, owner: str, data: dict[str, Any], at: datetime) -> Outing:
    with cast.acting(owner, at):
        return services.leave(crud.create(Outing, data))


def _fill_outings(cast: Cast) -> None:
    """One is out now, one goes later, one went to the fair, one did not go at all."""
    now = clock.local().replace(tzinfo=None)
    purpose = {"zh": "上门演示", "en": "Show the new range"}
    places = {owner: cast.rows["by_owner"][owner] for owner in SELLERS}
    visit = {
        "customer": places[OUT_NOW][0].id,
        "purpose": purpose[LOCALES[OUT_NOW]],
        "place": places[OUT_NOW][0].region,
    }
    _leave(cast, OUT_NOW, visit, now - OUT_FOR)
    with cast.acting("xiaotong", now - timedelta(hours=1)):
        data = {"customer": places["xiaotong"][1].id, "purpose": purpose["zh"], "leave_at": clock.now() + LATER}
        crud.create(Outing, data)
    for owner in ("grace", "junfeng"):
        at = moment(cast.ago(6), 9, 20)
        outing = _leave(cast, owner, {"purpose": ERRANDS[LOCALES[owner]], "place": "上海 Shanghai"}, at)
        with cast.acting(owner, at + 4 * AFTERWARDS):
            services.come_back(outing)
    with cast.acting("yutong", moment(cast.ago(5), 8, 50)):
        outing = crud.create(Outing, {"customer": places["yutong"][2].id, "purpose": purpose["zh"]})
        services.call_off(outing, CALLED_OFF["zh"])


def _guide(cast: Cast, records: dict[str, list[ContactRecord]]) -> None:
    """Superiors ask about what their people wrote; some of it is answered."""
    given: dict[str, int] = {}
    for to, words, days, answer in GUIDANCE:
        known = [each for each in records[to] if clock.local(each.at).date() <= cast.ago(days)]
        place = given[to] = given.get(to, 0) + 1
        if len(known) < place:
            continue
        at = moment(cast.ago(days), 17, 30)
        with cast.acting(PLANNERS[to], at):
            said = {"record": f"contact-records/{known[-place].id}", "body": words, "requires_answer": True}
            review = crud.create(Review, said)
        if answer is not None:
            with cast.acting(to, at + timedelta(hours=16)):
                services.answer_review(review, answer)


def _suggest(cast: Cast) -> None:
    """What is suggested besides the plans; management has answered the oldest."""
    for owner, words, days, answer in SUGGESTED:
        with cast.acting(owner, moment(cast.ago(days), 17, 45)):
            suggestion = crud.create(Suggestion, {"body": words})
        if answer is not None:
            with cast.acting("jianing", moment(cast.ago(days - 3), 10, 15)):
                services.answer_suggestion(suggestion, answer, True)
