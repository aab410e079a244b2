"""The demo company's papers: folders of the knowledge base, files in them and on customers, articles."""

from __future__ import annotations

import io
from typing import Any

import sqlalchemy as sa
from flask_appbuilder.security.sqla.models import Role

from app.core import crud, db
from app.core.remarks import Upload
from app.demo import paper
from app.demo.cast import Cast, moment
from app.domains.library import services
from app.domains.library.models import Article, Folder

SELLING = ("Sales manager", "Salesperson")
FOLDERS = (
    # name, the folder above, the roles it is open to (none: everyone)
    ("产品资料 Product papers", None, ()),
    ("价目表 Price lists", "产品资料 Product papers", ()),
    ("合同范本 Contracts to start from", None, ()),
    ("销售内部 Sales only", None, SELLING),
)
PRICES = (
    "Valid from the first of the month until further notice.",
    "Hand tools: 3 % from 50 pieces, 5 % from 200 pieces of one kind.",
    "Power tools: no discount on special offers.",
    "Cable: by the drum of 100 m; cut lengths plus 8 %.",
    "All prices without tax, free on truck at our warehouse.",
)
CONTRACT = (
    "购销合同（范本）",
    "一、产品名称、规格、数量、单价见附件报价单。",
    "二、交货期：合同生效后 15 个工作日内。",
    "三、付款条件：预付 30%，货到验收后 30 天内付清余款。",
    "四、质保期：自验收之日起 12 个月。",
    "五、违约责任：逾期交货按日支付合同金额 0.1% 的违约金。",
)
MARGINS = (
    "销售底价说明（仅供销售内部使用）",
    "低于最低售价的报价须由销售总监批准。",
    "年度框架客户按上一年采购额返点。",
)
SAFETY = "手持电动工具安全须知\n\n1. 使用前检查电源线。\n2. 佩戴护目镜和手套。\n3. 更换刀具前先断电。\n"
OFFER = (
    "Delivery within ten working days after the order.",
    "Payment within thirty days after delivery.",
    "This offer is good for thirty days.",
)
ARTICLES = (
    # author, title, category, folder, text
    (
        "siyuan",
        "退换货怎么处理",
        "售后",
        None,
        "1. 先看**订单**和出库日期：七天内可退，十五天内可换。\n"
        "2. 请客户拍照，上传到客户页面的*文件*里。\n"
        "3. 登记后通知仓库收货，收货后再退款。\n\n> 拆封的切削刀具不退，除非有质量问题。\n\n| 情况 | 运费 |\n|---|---|\n"
        "| 质量问题 | 我们承担 |\n| 客户订错 | 客户承担 |\n",
    ),
    (
        "qihang",
        "第一次拜访前要准备什么",
        "销售",
        "销售内部 Sales only",
        "## 出门前\n\n- 查一下客户的行业、规模和现在的供应商\n"
        "- 带上[价目表](/library/)和两件样品\n- 想好这次要问的三个问题\n\n"
        "## 回来后\n\n当天写联系记录，约好下次联系的日期。\n",
    ),
    (
        "grace",
        "How we answer a request for a price",
        "Sales",
        "产品资料 Product papers",
        "Within **one working day**, always.\n\n"
        "1. Ask for quantities and the place of delivery.\n2. Look at the last price they paid.\n"
        "3. Below the minimum price ask your manager *before* you answer.\n",
    ),
)
SELLERS = {"xiaotong": "zh", "peter": "en", "yutong": "zh", "daniel": "en"}


def fill(cast: Cast) -> None:
    """Write the papers as the people whose work they are."""
    for name, above, roles in FOLDERS:
        with cast.acting("qihang", moment(cast.ago(80), 10)):
            wanted = list(db.session.scalars(sa.select(Role.id).where(Role.name.in_(roles)).order_by(Role.name)))
            data: dict[str, Any] = {"name": name, "parent": cast.rows["folders"][above].id if above else None}
            data |= {"visibility": "roles", "roles": wanted} if roles else {}
            cast.keep("folders", name, crud.create(Folder, data))
    _send(
        cast,
        "qihang",
        60,
        "price list.pdf",
        paper.pdf("Price list", PRICES),
        "价目表 Price lists",
        "标准价目表 Price list",
    )
    _send(
        cast,
        "qihang",
        58,
        "购销合同范本.docx",
        paper.docx(CONTRACT),
        "合同范本 Contracts to start from",
        kind="contract",
    )
    _send(cast, "qihang", 55, "销售底价说明.docx", paper.docx(MARGINS), "销售内部 Sales only")
    _send(
        cast,
        "grace",
        40,
        "安全须知.txt",
        SAFETY.encode(),
        "产品资料 Product papers",
        "电动工具安全须知 Safety of power tools",
    )
    for number, (author, title, category, folder, text) in enumerate(ARTICLES):
        with cast.acting(author, moment(cast.ago(50 - number), 11, 20)):
            values = {"title": title, "category": category, "body": text, "published": True}
            crud.create(Article, values | ({"folder": cast.rows["folders"][folder].id} if folder else {}))
    for number, (seller, language) in enumerate(SELLERS.items()):
        _on_customers(cast, seller, language, number)


def _on_customers(cast: Cast, seller: str, language: str, number: int) -> None:
    """An offer in two versions, a contract, and a photo of the shop front."""
    customers = cast.rows["by_owner"].get(seller, [])[:3]
    for place, customer in enumerate(customers):
        record = f"customers/{customer.id}"
        day = 30 - number - place * 3
        title = f"报价 {customer.name}" if language == "zh" else f"Offer to {customer.name}"
        first = paper.pdf("Offer", [f"No. {2601 + number * 10 + place}", *OFFER])
        file = _send(cast, seller, day, "offer.pdf", first, None, title[:80], kind="quotation", record=record)
        if place == 0:
            with cast.acting(seller, moment(cast.ago(day - 4), 15, 5)):
                second = paper.pdf("Offer, second version", ["With 3 % for the whole quantity.", *OFFER])
                services.add_version(file, [Upload("offer v2.pdf", io.BytesIO(second))])
            picture = paper.photo(("#dfe9f2", "#f3e7d6", "#e4efe4", "#efe4ee")[number], "#c9b08a")
            _send(cast, seller, day - 6, "门头照片.jpg", picture, None, record=record)
        elif place == 1 and language == "zh":
            name = f"购销合同 {customer.name}.docx"
            text = paper.docx((f"甲方：{customer.name}", *CONTRACT))
            _send(cast, seller, day - 5, name, text, None, kind="contract", record=record)


def _send(
    cast: Cast, who: str, day: int, name: str, content: bytes, folder: str | None, title: str = "", **fields: str
) -> Any:
    """A file that ``who`` sent so many days ago."""
    told: dict[str, Any] = {"title": title, **fields}
    if folder is not None:
        told["folder"] = cast.rows["folders"][folder].id
    with cast.acting(who, moment(cast.ago(day), 14, 30)):
        return services.receive([Upload(name, io.BytesIO(content))], told)
