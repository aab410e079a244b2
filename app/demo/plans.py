"""The demo company's weekly plans of the last weeks, this one and the next, in every state."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from app.core import clock, crud, document
from app.demo.cast import Cast, moment
from app.demo.people import PEOPLE
from app.domains.activities.models import WeeklyPlan

WEEK = timedelta(days=7)
PLANNERS = {
    # who plans → who reviews
    "grace": "qihang",
    "junfeng": "qihang",
    "xiaotong": "grace",
    "peter": "grace",
    "yutong": "junfeng",
    "daniel": "junfeng",
    "jianguo": "jianing",
}
# For each week from this one: how far the plan of each planner has come («» for none at all).
STATES = {
    -3: dict.fromkeys(PLANNERS, "reviewed"),
    -2: dict.fromkeys(PLANNERS, "reviewed"),
    -1: {**dict.fromkeys(PLANNERS, "reviewed"), "daniel": "submitted", "jianguo": "submitted"},
    0: {**dict.fromkeys(PLANNERS, "submitted"), "xiaotong": "reviewed", "yutong": "draft", "peter": ""},
    1: {"xiaotong": "submitted", "grace": "draft", "daniel": "draft"},
}
PLANS = {
    "zh": (
        "巩固老客户，推进两家重点客户的年度框架协议。",
        "清理逾期回访，补齐联系人信息，准备下月展会。",
        "拜访开发区新客户，跟进照明改造项目。",
    ),
    "en": (
        "Close the two open frame agreements and prepare the visit of the buyer from abroad.",
        "Call every customer that has been silent for a month; renew the price list.",
        "Visit the port customers, follow up on the safety equipment tender.",
    ),
}
GOALS = {
    "zh": {
        "visit": ("当面确认年度需求和交期", "送样并收集使用反馈", "拜访新任采购经理"),
        "call": ("确认报价有效期", "回访上批货物质量", "约下周拜访时间"),
        "internal": ("与采购核对交期", "整理客户资料", "参加部门周会"),
        "other": ("准备展会资料", "产品培训"),
    },
    "en": {
        "visit": ("Agree on next year's volumes", "Deliver samples, gather feedback", "Meet the new buyer"),
        "call": ("Confirm the offer's terms", "Ask about the last delivery", "Fix a date for the visit"),
        "internal": ("Check lead times with purchasing", "Tidy up customer records", "Team meeting"),
        "other": ("Prepare the trade fair", "Product training"),
    },
}
RESULTS = {
    "zh": ("已确认，下周发正式报价", "客户要求降价 3%，待讨论", "对方出差，改约下周", "顺利完成"),
    "en": (
        "Agreed; the offer goes out next week",
        "They want 3 % off, to be discussed",
        "Away on a trip, moved to next week",
        "Done",
    ),
}
SUMMARIES = {
    "zh": ("完成大部分计划，新增意向两家。", "本周以回访为主，收到三份需求。"),
    "en": ("Most of it done; two new prospects.", "A week of follow-ups; three enquiries came in."),
}
SUGGESTIONS = {"zh": "建议常用规格备足安全库存。", "en": "More safety stock of the common sizes, please."}
COMMENTS = {
    "zh": ("不错，重点客户要盯紧交期。", "新客户多了解决策人。", "同意，注意回款。"),
    "en": (
        "Good week. Keep an eye on the delivery dates.",
        "Find out who decides at the new prospects.",
        "Fine with me.",
    ),
}
LOCALES = {person.username: person.locale for person in PEOPLE}


def fill(cast: Cast) -> None:
    """Write the plans as their owners, and review them as their superiors."""
    this_week = clock.monday_of(cast.today)
    for offset, states in STATES.items():
        for owner, state in states.items():
            if state:
                _fill_plan(cast, owner, this_week + WEEK * offset, offset, state)


def _fill_plan(cast: Cast, owner: str, week: date, offset: int, state: str) -> None:
    language = LOCALES[owner]
    data = {"week": week, "plan": cast.chance.choice(PLANS[language]), "lines": _lines(cast, owner, week)}
    with cast.acting(owner, moment(week - timedelta(days=3), 16, cast.chance.randint(0, 59))):
        plan = crud.create(WeeklyPlan, data)
        if state == "draft":
            return
        document.take(plan, "submit")
    if offset < 0:
        with cast.acting(owner, moment(week + timedelta(days=4), 17, 10)):
            _finish(cast, plan, language)
    if state == "reviewed":
        superior = PLANNERS[owner]
        day = week + (WEEK if offset < 0 else timedelta(days=0))
        comment = cast.chance.choice(COMMENTS[LOCALES[superior]])
        with cast.acting(superior, moment(day, 9, 45)):
            document.take(plan, "review", {"review_comment": comment})


def _lines(cast: Cast, owner: str, week: date) -> list[dict[str, Any]]:
    chance, language = cast.chance, LOCALES[owner]
    customers = cast.rows["by_owner"].get(owner, [])
    lines: list[dict[str, Any]] = []
    taken: set[int] = set()
    for day in sorted(chance.choices(range(5), k=chance.randint(3, 5))):
        kind = chance.choice(
            ("visit", "visit", "call", "call", "internal", "other") if customers else ("internal", "other")
        )
        customer = None
        if kind in ("visit", "call"):
            # Nobody is on a plan twice: it would not be told which of the two was done.
            customer = chance.choice([each for each in customers if each.id not in taken]).id
            taken.add(customer)
        goal = chance.choice(GOALS[language][kind])
        lines.append({"planned_on": week + timedelta(days=day), "customer": customer, "kind": kind, "goal": goal})
    return lines


def _finish(cast: Cast, plan: Any, language: str) -> None:
    """What came of the week, written at its end."""
    chance = cast.chance
    results = [
        {"id": line.id, "done": chance.random() < 0.8, "result": chance.choice(RESULTS[language])}
        for line in plan.lines
    ]
    suggestion = SUGGESTIONS[language] if chance.random() < 0.25 else None
    crud.update(plan, {"summary": chance.choice(SUMMARIES[language]), "suggestion": suggestion, "lines": results})
