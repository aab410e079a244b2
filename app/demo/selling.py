"""The demo company's opportunities, each with the way that it has come through the stages, and its leads."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

import sqlalchemy as sa

from app.core import crud, db
from app.demo.cast import Cast, in_both, moment
from app.demo.people import PEOPLE
from app.domains.catalog.models import Product
from app.domains.crm import converting, services, standing
from app.domains.crm.models import Lead, LeadRule, Opportunity, StageCriterion

LOCALES = {person.username: person.locale for person in PEOPLE}
OPEN, WON, LOST = 4, "won", "lost"  # how many open stages the usual ones have, and how a deal ends
ENDS = (0, 1, 1, 2, 3, WON, 2, 0, LOST, 1, 3, WON, 2, 0)  # how far each opportunity has come, in turn
NAMES = {
    "zh": (
        "年度框架采购",
        "仓库照明改造",
        "劳保用品补货",
        "新产线工具配套",
        "安全设备投标",
        "门店陈列物料",
        "应急物资储备",
    ),
    "en": (
        "Frame agreement for the year",
        "Lighting of the new hall",
        "Safety equipment tender",
        "Tools for the second line",
        "Refill of protective wear",
        "Trial order",
        "Emergency stock",
    ),
}
NEXT = {
    "zh": ("约采购经理当面谈价格", "送样并跟进试用", "补充技术参数", "等对方立项"),
    "en": (
        "Meet the buyer about the price",
        "Send samples and ask again",
        "Hand in the specifications",
        "Wait for their budget",
    ),
}
RULES = (("华东销售组 Sales East", "上海"), ("华南销售组 Sales South", "广州"), ("华东销售组 Sales East", None))
RIVALS = {"zh": ("本地经销商", "线上平台"), "en": ("A local dealer", "An online shop")}
REASONS = {
    "zh": ("客户口头确认，材料后补", "对方要求先进入商务谈判"),
    "en": ("They agreed on the phone, the papers follow", "They asked to talk about terms first"),
}
LOSSES = {"zh": "价格高于竞争对手 8%", "en": "Another bid was 8% lower"}
LEADS: tuple[tuple[str, str, str, str, str, str, str | None, str], ...] = (
    # name, company, mobile, source, region, intent, owner, status
    ("陈晓燕", "苏州恒锐自动化", "+86 138 0000 6101", "展会", "苏州", "想了解工具套装的批量价", "xiaotong", "working"),
    ("马国栋", "无锡锦程物流", "+86 138 0000 6102", "官网", "无锡", "仓库照明更换，约 300 盏", "xiaotong", "new"),
    ("郑雪", "嘉兴康源食品", "+86 138 0000 6103", "转介绍", "嘉兴", "手套和口罩年度采购", "yutong", "working"),
    ("Tom Hale", "Hale Joinery", "+44 7700 900701", "Trade fair", "Leeds", "Starter set of hand tools", "peter", "new"),
    ("Maria Lund", "Lund Outdoor", "+44 7700 900702", "Website", "Hull", "Head lamps for their shops", "daniel", "new"),
    ("孙志强", "南通通海造船", "+86 138 0000 6104", "展会", "南通", "防护用品", None, "new"),
    ("Ivy Marsh", "Marsh Estates", "+44 7700 900703", "Website", "York", "Maintenance materials", None, "new"),
    ("何平", "", "+86 138 0000 6105", "官网", "上海", "只要两件样品", "junfeng", "discarded"),
)


def fill(cast: Cast) -> None:
    """Add the stages, then what each seller is after, moved by its owner as the weeks went by."""
    with cast.acting("admin", moment(cast.ago(160), 9)):
        services.add_usual_stages(named=in_both)
    stages = [stage for stage, _criteria in standing.stages_with_criteria()]
    by_hand = [each.id for each in db.session.scalars(sa.select(StageCriterion).where(StageCriterion.kind == "manual"))]
    products = list(db.session.scalars(sa.select(Product).order_by(Product.code).limit(24)))
    number = 0
    for owner, customers in sorted(cast.rows["by_owner"].items()):
        for customer in customers[:6]:
            if customer.status in ("lost", "dormant"):
                continue
            _fill_one(cast, owner, customer, ENDS[number % len(ENDS)], stages, by_hand, products)
            number += 1
    for name, company, mobile, source, region, intent, seller, status in LEADS:
        with cast.acting(seller or "admin", moment(cast.ago(cast.chance.randint(1, 20)), 11)):
            data = {"name": name, "company": company or None, "mobile": mobile, "source": source, "region": region}
            user = cast.user_id(seller) if seller else None
            crud.create(Lead, {**data, "intent": intent, "owner": user, "status": status})
    with cast.acting("admin", moment(cast.ago(1), 9)):
        # After the leads above: what nobody has yet stays so.
        for number, (department, within) in enumerate(RULES, start=1):
            place = cast.rows["departments"][department].id
            crud.create(LeadRule, {"position": number * 10, "region": within, "department": place})
    with cast.acting("xiaotong", moment(cast.ago(1), 10)):
        customer = cast.rows["by_owner"]["xiaotong"][0]
        lead = crud.create(
            Lead, {"name": "郭婷", "company": customer.name, "mobile": "+86 138 0000 6106", "source": "展会"}
        )
        converting.convert(lead, customer.id)


def _fill_one(
    cast: Cast, owner: str, customer: Any, end: Any, stages: list[Any], by_hand: list[int], products: list[Any]
) -> None:
    chance, language = cast.chance, LOCALES[owner]
    begun = chance.randint(20, 95)
    amount = Decimal(chance.randint(8, 180) * 1000)
    data = {
        "customer": customer.id,
        "name": chance.choice(NAMES[language]),
        "stage": stages[0].id,
        "amount": amount,
        "expected_close_on": cast.today + timedelta(days=chance.randint(-5, 60)),
        "next_step": chance.choice(NEXT[language]),
    }
    with cast.acting(owner, moment(cast.ago(begun), 10, chance.randint(0, 59))):
        deal = crud.create(Opportunity, data)
    way = list(range(1, OPEN)) if end in (WON, LOST) else list(range(1, end + 1))
    for step in way:
        days = begun - begun * step // (len(way) + 1)
        with cast.acting(owner, moment(cast.ago(days), 15, chance.randint(0, 59))):
            if step == 1:
                crud.update(deal, {"products": [each.id for each in chance.sample(products, 2)]})
            if step == 2:
                crud.update(deal, {"competitor": chance.choice(RIVALS[language])})
                services.tick(deal, by_hand)
            if step == 3:
                crud.update(deal, {"agreed_amount": amount})
            services.move(deal, stages[step].id, chance.choice(REASONS[language]))
    if end == WON:
        with cast.acting(owner, moment(cast.ago(3), 16)):
            services.move(deal, stages[OPEN].id, chance.choice(REASONS[language]))
    if end == LOST:
        with cast.acting(owner, moment(cast.ago(4), 16)):
            services.move(deal, stages[OPEN + 1].id, LOSSES[language])
