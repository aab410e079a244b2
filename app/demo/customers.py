"""The demo company's customers with their contacts, whom they are shared with, and those in the public pool."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from app.core import crud
from app.demo.cast import Cast, moment
from app.domains.crm import pool
from app.domains.crm.models import Contact, Customer, CustomerShare, PoolRule

# short name, place, trade; the company is called by the three together.
CHINESE = (
    ("沐岚", "上海", "机电设备", "east"),
    ("澄屿", "上海", "建筑装饰工程", "east"),
    ("衡砚", "苏州", "精密机械", "east"),
    ("栖木", "杭州", "家居用品", "east"),
    ("云荇", "宁波", "港口物流", "east"),
    ("拓原", "南京", "自动化科技", "east"),
    ("嘉禾里", "嘉兴", "纺织", "east"),
    ("启珩", "无锡", "电气", "east"),
    ("观澜石", "温州", "阀门制造", "east"),
    ("知岸", "上海", "物业服务", "east"),
    ("北檐", "合肥", "建设工程", "east"),
    ("砺舟", "南通", "船舶配套", "east"),
    ("青筠", "绍兴", "包装材料", "east"),
    ("朔川", "常州", "新能源科技", "east"),
    ("鹿鸣台", "杭州", "酒店管理", "east"),
    ("润泽仓", "上海", "仓储服务", "east"),
    ("穗临", "广州", "物业服务", "south"),
    ("越岭", "广州", "市政工程", "south"),
    ("南屏", "深圳", "电子", "south"),
    ("禾拓", "深圳", "智能装备", "south"),
    ("陶然居", "佛山", "陶瓷", "south"),
    ("海棠湾", "厦门", "酒店用品", "south"),
    ("岭上云", "东莞", "五金制品", "south"),
    ("榕宁", "福州", "医疗器械", "south"),
    ("汇澜", "珠海", "水务工程", "south"),
    ("木棉道", "广州", "餐饮管理", "south"),
    ("坤达来", "中山", "照明", "south"),
    ("三角屿", "泉州", "鞋业", "south"),
    ("星垣", "深圳", "数据服务", "south"),
    ("湘和", "长沙", "工程机械", "south"),
    ("桂湖", "南宁", "食品", "south"),
    ("新垦", "惠州", "化工", "south"),
    ("柏舟", "成都", "教育装备", "pool"),
    ("望朔", "西安", "检测技术", "pool"),
    ("乐土", "武汉", "园林绿化", "pool"),
    ("弘砺", "青岛", "海洋工程", "pool"),
)
# name, short name, place, trade, team
ENGLISH = (
    ("Harrowfield Marine Supplies Ltd", "Harrowfield", "Hull", "Ship supplies", "east"),
    ("Brackenmoor Joinery", "Brackenmoor", "Leeds", "Joinery", "east"),
    ("Ostwind Werkzeughandel GmbH", "Ostwind", "Hamburg", "Tool trade", "east"),
    ("Van Terlingen Installaties BV", "Van Terlingen", "Rotterdam", "Building services", "east"),
    ("Tessaline Hotels & Resorts", "Tessaline", "Lisbon", "Hospitality", "east"),
    ("Northquay Facilities", "Northquay", "Dublin", "Facility services", "east"),
    ("Møllevang Byg A/S", "Møllevang", "Aarhus", "Construction", "east"),
    ("Calder & Wynn Contractors", "Calder & Wynn", "Manchester", "Construction", "east"),
    ("Larkspur Office Outfitters", "Larkspur", "Bristol", "Office supplies", "east"),
    ("Pasir Emas Trading Pte Ltd", "Pasir Emas", "Singapore", "Wholesale", "south"),
    ("Banyan Ridge Engineering", "Banyan Ridge", "Kuala Lumpur", "Engineering", "south"),
    ("Coralhaven Shipyard", "Coralhaven", "Cebu", "Ship repair", "south"),
    ("Saffron Gate Wholesale", "Saffron Gate", "Dubai", "Wholesale", "south"),
    ("Kauri Point Hardware", "Kauri Point", "Auckland", "Hardware", "south"),
    ("Blue Gum Safety Pty Ltd", "Blue Gum", "Brisbane", "Safety equipment", "south"),
    ("Marlowe Steppe Mining", "Marlowe Steppe", "Ulaanbaatar", "Mining", "south"),
    ("Delta Lotus Garments", "Delta Lotus", "Hanoi", "Textiles", "south"),
    ("Quintal Verde Alimentos", "Quintal Verde", "Santos", "Food", "south"),
    ("Old Mill Maintenance", "Old Mill", "Cork", "Facility services", "pool"),
    ("Fjordlys Elektro AS", "Fjordlys", "Bergen", "Electrical trade", "pool"),
    ("Tamarind Lane Catering", "Tamarind Lane", "Colombo", "Catering", "pool"),
    ("Sunder Valley Cooperative", "Sunder Valley", "Pune", "Agriculture", "pool"),
)
PERSONS = (("赵一鸣", "上海", "east"), ("Rosalind Achterberg", "Utrecht", "south"))
TEAMS = {
    "east": ("xiaotong", "peter", "xiaotong", "grace", "peter"),
    "south": ("yutong", "daniel", "yutong", "junfeng", "daniel"),
}

FAMILY = "陈刘黄吴徐孙朱马胡郑谢冯董程曹袁邓许傅曾彭吕苏卢"
GIVEN = (
    "伟明",
    "晓燕",
    "国华",
    "丽娜",
    "建平",
    "思琪",
    "志远",
    "雅婷",
    "海波",
    "春梅",
    "文博",
    "佳怡",
    "立群",
    "秀兰",
    "宇轩",
    "静宜",
)
FIRST = (
    "Alice",
    "Marcus",
    "Ingrid",
    "Tom",
    "Sofia",
    "Rahul",
    "Beatrix",
    "Owen",
    "Mei",
    "Lucas",
    "Priya",
    "Jonas",
    "Nora",
    "Felix",
)
LAST = (
    "Ashdown",
    "Bergström",
    "Castellane",
    "Dekkers",
    "Eastlake",
    "Fenwright",
    "Goh",
    "Haverly",
    "Iwanek",
    "Jelling",
    "Kerrigan",
)
POOL_RULES: dict[str, dict[str, int]] = {
    "A": {"idle_days": 120, "warn_days": 7, "claim_limit": 20, "claim_back_days": 30},
    "C": {"idle_days": 60, "claim_back_days": 15},
}
"""Besides the usual rule: who matters more is kept longer, and nobody collects them."""
TITLES = {
    "zh": ("采购经理", "总经理", "行政主管", "工程部经理", "采购员", "财务"),
    "en": ("Buyer", "Owner", "Office manager", "Site manager", "Procurement lead"),
}
DECISIONS = ("决策 decides", "采购 buys", "使用 uses", "影响 influences")
SOURCES = ("展会 Trade fair", "转介绍 Referral", "官网 Website", "电话拜访 Cold call", "老客户 Repeat customer")
TAGS = (
    "重点 key account",
    "月结 monthly terms",
    "长期 long-term",
    "出口 export",
    "看价格 price-sensitive",
    "新开发 newly won",
)
NOTES = (
    "每月 25 日对账，发票随货。",
    "Prefers one delivery a month; calls before 10 am.",
    "年底前有扩建计划，关注安防与照明。",
    "Pays on time. Asks for English packing lists.",
    None,
    None,
    None,
)


def fill(cast: Cast) -> None:
    """Put the customers in: each by who looks after it, those of the pool by the administrator."""
    turns = dict.fromkeys(TEAMS, 0)
    for index, row in enumerate(_rows()):
        team = row.pop("team")
        owner = None
        if team in TEAMS:
            owner = TEAMS[team][turns[team] % len(TEAMS[team])]
            turns[team] += 1
        with cast.acting(owner or "admin", moment(cast.ago(20 + 5 * index), 10, index % 60)):
            if owner is None:
                row["owner"] = None
            customer = cast.keep("customers", row["name"], crud.create(Customer, row | _details(cast, index, owner)))
            _fill_contacts(cast, customer, index)
        if owner is not None:
            cast.rows.setdefault("by_owner", {}).setdefault(owner, []).append(customer)
    _share(cast)
    with cast.acting("admin", moment(cast.ago(3), 9)):
        pool.add_usual_rule()
        for level, more in POOL_RULES.items():
            crud.create(PoolRule, {"level": level, **more})


def _rows() -> list[dict[str, Any]]:
    """The customers, Chinese and foreign ones mixed as they come in over the years."""
    chinese = [
        {
            "name": f"{place}{short}{trade}有限公司",
            "short_name": short,
            "region": place,
            "industry": trade,
            "address": f"{place}市{short[0]}江路 {18 + 7 * index} 号",
            "phone": f"021-5555 {1000 + 83 * index % 9000:04}",
            "email": f"info@c{index + 1:02}.example.com",
            "team": team,
        }
        for index, (short, place, trade, team) in enumerate(CHINESE)
    ]
    english = [
        {
            "name": name,
            "short_name": short,
            "region": place,
            "industry": trade,
            "address": f"{12 + 9 * index} Weavers Row, {place}",
            "phone": f"+44 161 496 0{100 + 31 * index:03}",
            "email": f"office@{short.split()[0].lower().encode('ascii', 'ignore').decode()}.example.com",
            "website": f"https://{short.split()[0].lower().encode('ascii', 'ignore').decode()}.example.com",
            "team": team,
        }
        for index, (name, short, place, trade, team) in enumerate(ENGLISH)
    ]
    persons = [{"name": name, "region": place, "kind": "person", "team": team} for name, place, team in PERSONS]
    mixed: list[dict[str, Any]] = []
    while chinese or english:
        mixed += [group.pop(0) for group in (chinese, english, chinese) if group]
    return mixed + persons


def _details(cast: Cast, index: int, owner: str | None) -> dict[str, Any]:
    chance = cast.chance
    if owner is None:
        return {"status": "potential", "source": SOURCES[0], "tags": [TAGS[-1]]}
    status = ("active", "active", "active", "potential", "active", "dormant", "active", "potential", "active", "lost")[
        index % 10
    ]
    details: dict[str, Any] = {
        "status": status,
        "level": "C" if status in ("lost", "dormant") else chance.choice("AABBBC"),
        "source": chance.choice(SOURCES),
        "tags": chance.sample(TAGS, chance.randint(0, 2)),
        "note": chance.choice(NOTES),
    }
    if status == "active":
        details["credit_limit"] = chance.choice((20_000, 50_000, 80_000, 150_000))
        details["payment_days"] = chance.choice((15, 30, 30, 45, 60))
    if status in ("active", "potential"):
        details["next_contact_on"] = cast.today + timedelta(days=chance.randint(-3, 24))
    return details


def _fill_contacts(cast: Cast, customer: Customer, index: int) -> None:
    chance = cast.chance
    language = "zh" if "\u4e00" <= customer.name[0] <= "\u9fff" else "en"
    names: set[str] = {customer.name} if customer.kind == "person" else set()
    while len(names) < (1 if customer.kind == "person" else (1, 2, 1, 3, 2)[index % 5]):
        zh = chance.choice(FAMILY) + chance.choice(GIVEN)
        names.add(zh if language == "zh" else f"{chance.choice(FIRST)} {chance.choice(LAST)}")
    for place, name in enumerate(sorted(names)):
        data = {
            "customer": customer.id,
            "name": name,
            "job_title": chance.choice(TITLES[language]) if customer.kind == "company" else None,
            "mobile": f"+86 139 0000 {2000 + index * 11 + place}"
            if language == "zh"
            else f"+44 7700 900{100 + index * 3 + place:03}",
            "email": f"contact{place + 1}@c{index + 1:02}.example.com",
            "wechat": f"wx_{customer.code.lower()}_{place + 1}" if language == "zh" else None,
            "decision_role": chance.choice(DECISIONS),
        }
        crud.create(Contact, data)


def _share(cast: Cast) -> None:
    """A few customers that a colleague of the other team helps with."""
    shares = (
        # owner, which of its customers, with whom, access, for how many days
        ("xiaotong", 0, "yutong", "read", None),
        ("xiaotong", 3, "daniel", "write", 60),
        ("peter", 1, "junfeng", "read", 30),
        ("yutong", 2, "peter", "write", None),
        ("daniel", 0, "grace", "read", 14),
        ("junfeng", 1, "siyuan", "read", None),
    )
    for owner, place, user, access, days in shares:
        until = cast.today + timedelta(days=days) if days else None
        data = {
            "customer": cast.rows["by_owner"][owner][place].id,
            "user": cast.user_id(user),
            "access": access,
            "until": until,
        }
        with cast.acting(owner, moment(cast.ago(6), 14, 5)):
            crud.create(CustomerShare, data)
