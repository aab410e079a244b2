"""What the demo company sells: categories, brands, units, and products with pictures for some."""

from __future__ import annotations

from decimal import Decimal
from typing import NamedTuple

from app.core import crud
from app.demo import pictures
from app.demo.cast import Cast, moment
from app.domains.catalog.models import Brand, Category, Product, Unit

PURCHASER = "wenjing"
TAX = Decimal("0.13")
SERVICE_TAX = Decimal("0.06")
UNITS = (("件 piece", 0), ("箱 box", 0), ("副 pair", 0), ("米 metre", 2), ("千克 kg", 3), ("小时 hour", 1))
BRANDS = ("Brennvik", "Tolmark", "岚工", "Orreby", "青屿")
CATEGORIES = (
    # name, the category above
    ("工具 Tools", None),
    ("手动工具 Hand tools", "工具 Tools"),
    ("电动工具 Power tools", "工具 Tools"),
    ("劳保用品 Safety", None),
    ("照明电气 Light and power", None),
    ("办公用品 Office", None),
    ("清洁用品 Cleaning", None),
    ("包装材料 Packaging", None),
    ("服务 Services", None),
)


class Goods(NamedTuple):
    """A product: ``shape`` is the picture drawn for it ("" for none), ``safety`` what all warehouses should hold."""

    name: str
    spec: str
    unit: str
    category: str
    brand: str
    price: str
    safety: int | None
    shape: str = ""


PIECE, BOX, PAIR, METRE, KG, HOUR = (name for name, _decimals in UNITS)
HAND, POWER, SAFETY, LIGHT = (CATEGORIES[place][0] for place in (1, 2, 3, 4))
OFFICE, CLEANING, PACKAGING, SERVICES = (CATEGORIES[place][0] for place in (5, 6, 7, 8))
GOODS = (
    Goods("羊角锤 Claw hammer", "500 g", PIECE, HAND, "Brennvik", "48.00", 60, "hammer"),
    Goods("活动扳手 Adjustable wrench", "10″", PIECE, HAND, "Brennvik", "62.50", 50, "wrench"),
    Goods("螺丝刀套装 Screwdriver set", "12 pcs", PIECE, HAND, "岚工", "89.00", 40, "screwdriver"),
    Goods("卷尺 Tape measure", "5 m", PIECE, HAND, "岚工", "19.90", 120),
    Goods("钢锯架 Hacksaw", "300 mm", PIECE, HAND, "岚工", "36.00", None),
    Goods("美工刀 Utility knife", "18 mm", PIECE, HAND, "Tolmark", "12.80", 100),
    Goods("内六角扳手组 Hex key set", "1.5–10 mm", PIECE, HAND, "Tolmark", "45.00", 30),
    Goods("充电钻 Cordless drill", "18 V", PIECE, POWER, "Brennvik", "698.00", 25, "drill"),
    Goods("角磨机 Angle grinder", "125 mm", PIECE, POWER, "Brennvik", "459.00", 20, "grinder"),
    Goods("曲线锯 Jigsaw", "650 W", PIECE, POWER, "Tolmark", "529.00", 12),
    Goods("热风枪 Heat gun", "2000 W", PIECE, POWER, "Tolmark", "268.00", 10),
    Goods("激光测距仪 Laser distance meter", "50 m", PIECE, POWER, "Orreby", "339.00", 15, "laser"),
    Goods("安全帽 Safety helmet", "白色 white", PIECE, SAFETY, "青屿", "35.00", 200, "helmet"),
    Goods("安全帽 Safety helmet", "黄色 yellow", PIECE, SAFETY, "青屿", "35.00", 200, "helmet"),
    Goods("防护手套 Work gloves", "L", PAIR, SAFETY, "青屿", "9.60", 500, "glove"),
    Goods("绝缘手套 Insulating gloves", "1 kV", PAIR, SAFETY, "青屿", "118.00", 40),
    Goods("护目镜 Safety goggles", "防雾 anti-fog", PIECE, SAFETY, "青屿", "26.00", 150, "goggles"),
    Goods("反光背心 High-vis vest", "XL", PIECE, SAFETY, "Orreby", "22.00", 180),
    Goods("防尘口罩 Dust mask", "20 pcs", BOX, SAFETY, "Orreby", "58.00", 80),
    Goods("安全鞋 Safety shoes", "42", PAIR, SAFETY, "Orreby", "189.00", 30),
    Goods("LED 工作灯 Work light", "30 W", PIECE, LIGHT, "Tolmark", "128.00", 40, "lamp"),
    Goods("应急灯 Emergency light", "双头 twin", PIECE, LIGHT, "Tolmark", "86.00", 30),
    Goods("LED 灯管 LED tube", "T8 1.2 m", PIECE, LIGHT, "岚工", "24.50", 300),
    Goods("电缆 Cable", "3 × 2.5 mm²", METRE, LIGHT, "岚工", "8.75", 2000, "cable"),
    Goods("接线板 Power strip", "6 位 6 sockets", PIECE, LIGHT, "岚工", "59.00", 60),
    Goods("空气开关 Circuit breaker", "C32", PIECE, LIGHT, "Orreby", "38.00", 90),
    Goods("复印纸 Copy paper", "A4 70 g", BOX, OFFICE, "青屿", "118.00", 150, "paper"),
    Goods("中性笔 Gel pen", "0.5 mm 黑 black", BOX, OFFICE, "青屿", "18.00", 80),
    Goods("文件夹 Ring binder", "A4 2″", PIECE, OFFICE, "Orreby", "11.50", None),
    Goods("白板 Whiteboard", "90 × 120 cm", PIECE, OFFICE, "Orreby", "168.00", 8),
    Goods("订书机 Stapler", "24/6", PIECE, OFFICE, "Tolmark", "29.00", 40),
    Goods("多功能清洁剂 All-purpose cleaner", "5 L", PIECE, CLEANING, "青屿", "46.00", 60, "bottle"),
    Goods("工业擦拭布 Industrial wipes", "500 张 sheets", BOX, CLEANING, "青屿", "96.00", 50),
    Goods("洗手液 Hand soap", "500 ml", PIECE, CLEANING, "青屿", "13.90", 200, "bottle"),
    Goods("垃圾袋 Bin liners", "120 L", BOX, CLEANING, "岚工", "42.00", 90),
    Goods("瓦楞纸箱 Corrugated box", "60 × 40 × 40", PIECE, PACKAGING, "岚工", "6.80", 1000, "box"),
    Goods("缠绕膜 Stretch film", "50 cm", PIECE, PACKAGING, "岚工", "39.00", 100),
    Goods("封箱胶带 Packing tape", "48 mm", PIECE, PACKAGING, "岚工", "5.20", 600, "tape"),
    Goods("硅胶干燥剂 Desiccant", "散装 loose", KG, PACKAGING, "Orreby", "14.60", 120),
    Goods("老款手电筒 Flashlight, old model", "2 × AA", PIECE, LIGHT, "Tolmark", "32.00", 20),
    Goods("安装服务 Installation", "", HOUR, SERVICES, "", "180.00", None),
    Goods("设备培训 Equipment training", "", HOUR, SERVICES, "", "260.00", None),
)
DISCONTINUED = "老款手电筒 Flashlight, old model"


def fill(cast: Cast) -> None:
    """Put the catalogue in, as the purchaser."""
    with cast.acting(PURCHASER, moment(cast.ago(300), 9, 40)):
        for name, decimals in UNITS:
            cast.keep("units", name, crud.create(Unit, {"name": name, "decimals": decimals}))
        for name in BRANDS:
            cast.keep("brands", name, crud.create(Brand, {"name": name}))
        for name, parent in CATEGORIES:
            above = cast.rows["categories"][parent].id if parent else None
            cast.keep("categories", name, crud.create(Category, {"name": name, "parent": above}))
        for index, goods in enumerate(GOODS):
            _fill_product(cast, index, goods)


def _fill_product(cast: Cast, index: int, goods: Goods) -> None:
    service = goods.category == SERVICES
    price = Decimal(goods.price)
    data = {
        "name": goods.name,
        "spec": goods.spec,
        "unit": cast.rows["units"][goods.unit].id,
        "category": cast.rows["categories"][goods.category].id,
        "brand": cast.rows["brands"][goods.brand].id if goods.brand else None,
        "barcode": None if service else barcode(index + 1),
        "kind": "service" if service else "goods",
        "tax_rate": SERVICE_TAX if service else TAX,
        "list_price": price,
        "min_price": None if service else (price * Decimal("0.85")).quantize(Decimal("0.01")),
        "safety_stock": goods.safety,
        "max_stock": goods.safety * 5 if goods.safety else None,
        "lead_days": None if service else (3, 7, 14, 21)[index % 4],
        "active": goods.name != DISCONTINUED,
        "pictures": [pictures.draw(goods.shape, index)] if goods.shape else [],
    }
    cast.keep("products", f"{goods.name} {goods.spec}", crud.create(Product, data))


def barcode(number: int) -> str:
    """An EAN-13 from the range for use within a company (200…), with its check digit."""
    digits = f"200{number:09d}"
    weighted = sum(int(digit) * (3 if place % 2 else 1) for place, digit in enumerate(digits))
    return f"{digits}{-weighted % 10}"
