"""The demo company's warehouses, what lies in them, and what is low: all of it posted by the keepers."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from app.core import crud, document
from app.demo.cast import Cast, moment
from app.demo.goods import GOODS, KG, METRE, SERVICES
from app.domains.stock.models import SafetyStock, StockAdjustment, Warehouse

# code, name, address, keeper, the share of the stock that lies there
WAREHOUSES = (
    ("SH", "上海总仓 Shanghai main warehouse", "上海市嘉定区仓前路 88 号", "jianguo", Decimal("0.5")),
    ("GZ", "广州仓 Guangzhou warehouse", "广州市黄埔区云埔道 12 号", "zhiqiang", Decimal("0.3")),
    ("NB", "宁波口岸仓 Ningbo port warehouse", "宁波市北仑区港前路 5 号", "emma", Decimal("0.2")),
)
OPENED = 90  # days ago
# What is below its safety stock in all warehouses together: the place in GOODS, and the share of it that is left.
LOW = {2: "0.6", 8: "0.5", 14: "0.8", 18: "0.4", 22: "0.9", 26: "0.7", 37: "0.3"}
USED_UP = 20  # a work light sells out in Guangzhou
NO_STOCK = 9  # never bought in yet
MINIMA = (
    # warehouse, place in GOODS, minimum: some lie above, some below
    ("SH", 0, 40),
    ("SH", 12, 240),
    ("GZ", 23, 500),
    ("GZ", 15, 60),
    ("NB", 35, 200),
    ("NB", 31, 20),
)


def fill(cast: Cast) -> None:
    """Put the warehouses in with their opening stock, what should lie there, and what happened since."""
    for code, name, address, keeper, _share in WAREHOUSES:
        data = {"code": code, "name": name, "address": address, "keeper": cast.user_id(keeper)}
        with cast.acting("admin", moment(cast.ago(300), 9, 5)):
            cast.keep("warehouses", code, crud.create(Warehouse, data))
    for code, _name, _address, keeper, share in WAREHOUSES:
        lines = [line for place in range(len(GOODS)) if (line := _opening(cast, place, share)) is not None]
        _adjust(cast, keeper, code, OPENED, "期初库存 Opening stock", lines)
    for code, place, minimum in MINIMA:
        keeper = next(row[3] for row in WAREHOUSES if row[0] == code)
        data = {"warehouse": cast.rows["warehouses"][code].id, "product": _product(cast, place).id, "minimum": minimum}
        with cast.acting(keeper, moment(cast.ago(80), 16, 20)):
            crud.create(SafetyStock, data)
    _happen(cast)


def _product(cast: Cast, place: int) -> Any:
    return cast.rows["products"][f"{GOODS[place].name} {GOODS[place].spec}"]


def _total(place: int) -> Decimal:
    """How much of the goods lies in all warehouses together."""
    safety = GOODS[place].safety or 40
    if place in LOW:
        return Decimal(safety) * Decimal(LOW[place])
    return Decimal(safety) * (2 + place % 3)


def _there(place: int, code: str) -> int:
    share = next(row[4] for row in WAREHOUSES if row[0] == code)
    return int(_total(place) * share)


def _opening(cast: Cast, place: int, share: Decimal) -> dict[str, Any] | None:
    goods = GOODS[place]
    quantity = Decimal(int(_total(place) * share))
    if goods.category == SERVICES or place == NO_STOCK or not quantity:
        return None
    if goods.unit in (METRE, KG):
        quantity += Decimal("0.5")
    cost = (Decimal(goods.price) * Decimal(cast.chance.randint(52, 71)) / 100).quantize(Decimal("0.01"))
    return {"product": _product(cast, place).id, "quantity": quantity, "unit_cost": cost}


def _happen(cast: Cast) -> None:
    """What came and went since: breakage, gifts, a find, a draft that waits, and a mistake that was taken back."""

    def out(place: int, quantity: int) -> dict[str, Any]:
        return {"product": _product(cast, place).id, "quantity": -quantity}

    _adjust(cast, "jianguo", "SH", 61, "运输破损 Damaged in transit", [out(21, 2), out(33, 6)])
    _adjust(cast, "zhiqiang", "GZ", 43, "展会样品 Samples for the fair", [out(7, 1), out(12, 10), out(16, 12)])
    found = {"product": _product(cast, 5).id, "quantity": 8, "unit_cost": Decimal("7.40")}
    _adjust(cast, "emma", "NB", 30, "盘盈 Found at the count", [found])
    wrong = _adjust(cast, "jianguo", "SH", 17, "领用 Own use", [out(27, 40)])
    with cast.acting("jianguo", moment(cast.ago(17), 15, 55)):
        document.take(wrong, "cancel", {"comment": "应为 4 盒，不是 40 盒"})
    _adjust(cast, "jianguo", "SH", 17, "领用 Own use", [out(27, 4)])
    _adjust(cast, "zhiqiang", "GZ", 3, "门店样品 Shop display", [out(USED_UP, _there(USED_UP, "GZ"))])
    _adjust(cast, "emma", "NB", 1, "受潮报废 Spoiled by damp", [out(26, 3), out(35, 25)], post=False)


def _adjust(
    cast: Cast, keeper: str, code: str, days: int, reason: str, lines: list[dict[str, Any]], post: bool = True
) -> Any:
    """An adjustment of so many days ago by the keeper, posted unless said otherwise."""
    day = cast.ago(days)
    data = {"warehouse": cast.rows["warehouses"][code].id, "date": day, "reason": reason, "lines": lines}
    with cast.acting(keeper, moment(day, 15, 30)):
        adjustment = crud.create(StockAdjustment, data)
        return document.take(adjustment, "post") if post else adjustment
