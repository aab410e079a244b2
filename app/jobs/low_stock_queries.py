"""What is low, as far as the books know: a handful of statements, however many products and warehouses there are.

Everything is read as plain columns over the connection: these are the company's own facts, whoever's posting asks.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import sqlalchemy as sa

from app.core import clock
from app.core.entity import entity_for
from app.domains.catalog.models import Product, Unit
from app.domains.stock.models import SafetyStock, Warehouse
from app.domains.stock.queries import NOTHING, OURS, SOLD, stock_together
from app.ledger import figures
from app.ledger.models import StockBalance

Key = tuple[int | None, int]


@dataclass
class Low:
    """A product that is low: in a warehouse, or (``warehouse_id`` None) in all of ours together.

    Quantities in the product's unit.
    """

    warehouse_id: int | None
    warehouse: str
    product_id: int
    code: str
    name: str
    spec: str
    unit: str
    on_hand: Decimal
    minimum: Decimal | None
    reserved: Decimal = Decimal(0)
    incoming: Decimal = Decimal(0)
    supplier: str = ""
    keepers: set[int] = field(default_factory=set)

    @property
    def key(self) -> Key:
        """What it is about: warehouse (or None) and product."""
        return self.warehouse_id, self.product_id

    @property
    def product(self) -> str:
        """The product's code and name."""
        return f"{self.code} {self.name}"

    @property
    def missing(self) -> Decimal | None:
        """What is missing up to the safety stock; what is incoming is not counted, but shown beside it."""
        return None if self.minimum is None else max(self.minimum - self.on_hand, Decimal(0))


PRODUCT = (Product.id.label("product_id"), Product.code, Product.name, Product.spec, Unit.name.label("unit"))


def below_safety_stock(connection: sa.Connection) -> dict[Key, Low]:
    """Every active product below its safety stock, by warehouse (None: all together) and product.

    A product that never lay anywhere counts as 0; one that lies exactly at its safety stock is not below.
    """
    low = [*_below_in_warehouses(connection), *_below_together(connection)]
    warehouses = _our_warehouses(connection) if low else {}
    _add_figures(connection, low, warehouses)
    _add_suppliers(connection, low)
    return {item.key: item for item in low}


def used_up(connection: sa.Connection, keys: Collection[tuple[int, int]]) -> list[Low]:
    """The products (``keys``: warehouse id, product id) as they lie in the warehouses now, without those that are not
    sold and warehouses that are none of ours.
    """
    rows = connection.execute(
        sa.select(
            *PRODUCT,
            Warehouse.id.label("warehouse_id"),
            Warehouse.name.label("warehouse"),
            Warehouse.keeper_id,
            sa.func.coalesce(StockBalance.on_hand, NOTHING).label("on_hand"),
            sa.func.coalesce(SafetyStock.minimum, Product.safety_stock).label("minimum"),
        )
        .select_from(Product)
        .join(Unit, Unit.id == Product.unit_id)
        .join(Warehouse, figures.among(keys, Warehouse.id, Product.id))
        .outerjoin(
            StockBalance, sa.and_(StockBalance.warehouse_id == Warehouse.id, StockBalance.product_id == Product.id)
        )
        .outerjoin(SafetyStock, sa.and_(SafetyStock.warehouse_id == Warehouse.id, SafetyStock.product_id == Product.id))
        .where(SOLD, OURS)
        .order_by(Warehouse.id, Product.id)
    )
    low = [_low(row, row.warehouse_id, row.warehouse, {row.keeper_id} - {None}) for row in rows]
    _add_figures(connection, low, ())
    _add_suppliers(connection, low)
    return low


def _below_in_warehouses(connection: sa.Connection) -> list[Low]:
    on_hand = sa.func.coalesce(StockBalance.on_hand, NOTHING)
    statement = (
        sa.select(*PRODUCT, Warehouse.id.label("warehouse_id"), Warehouse.name.label("warehouse"), Warehouse.keeper_id)
        .add_columns(on_hand.label("on_hand"), SafetyStock.minimum)
        .select_from(SafetyStock)
        .join(Product, Product.id == SafetyStock.product_id)
        .join(Unit, Unit.id == Product.unit_id)
        .join(Warehouse, Warehouse.id == SafetyStock.warehouse_id)
        .outerjoin(
            StockBalance, sa.and_(StockBalance.warehouse_id == Warehouse.id, StockBalance.product_id == Product.id)
        )
        .where(SOLD, OURS, on_hand < SafetyStock.minimum)
    )
    return [
        _low(row, row.warehouse_id, row.warehouse, {row.keeper_id} - {None}) for row in connection.execute(statement)
    ]


def _below_together(connection: sa.Connection) -> list[Low]:
    together = stock_together()
    on_hand = sa.func.coalesce(together.c.on_hand, NOTHING)
    below = sa.and_(SOLD, on_hand < Product.safety_stock)
    statement = (
        sa.select(*PRODUCT, on_hand.label("on_hand"), Product.safety_stock.label("minimum"))
        .join(Unit, Unit.id == Product.unit_id)
        .outerjoin(together, together.c.product_id == Product.id)
        .where(below)
    )
    low = {row.product_id: _low(row, None, "", set()) for row in connection.execute(statement)}
    if low:
        # A keeper has the product when it ever lay in the warehouse, even if nothing is left: just then it matters.
        holding = (
            sa.select(StockBalance.product_id, Warehouse.keeper_id)
            .join(Warehouse, Warehouse.id == StockBalance.warehouse_id)
            .join(Product, Product.id == StockBalance.product_id)
            .outerjoin(together, together.c.product_id == Product.id)
            .where(OURS, Warehouse.keeper_id.is_not(None), below)
        )
        for product_id, keeper_id in connection.execute(holding):
            low[product_id].keepers.add(keeper_id)
    return list(low.values())


def _low(row: Any, warehouse_id: int | None, warehouse: str, keepers: set[int]) -> Low:
    about = (warehouse_id, warehouse, row.product_id, row.code, row.name, row.spec, row.unit)
    return Low(*about, on_hand=row.on_hand, minimum=row.minimum, keepers=keepers)


def _our_warehouses(connection: sa.Connection) -> dict[int, int | None]:
    """Our own warehouses, with their keepers."""
    return {
        row.id: row.keeper_id
        for row in connection.execute(sa.select(Warehouse.id, Warehouse.keeper_id).where(Warehouse.kind == "internal"))
    }


def _add_figures(connection: sa.Connection, low: Iterable[Low], warehouses: Iterable[int]) -> None:
    """Add what is reserved and incoming: where the product is low, or in all our warehouses."""
    low = list(low)
    places = sorted(warehouses)
    where: dict[tuple[int, int], list[Low]] = defaultdict(list)
    for item in low:
        for place in places if item.warehouse_id is None else (item.warehouse_id,):
            where[place, item.product_id].append(item)
    keys = sorted(where)
    for start in range(0, len(keys), figures.AT_ONCE):
        batch = keys[start : start + figures.AT_ONCE]
        for name in figures.NAMES:
            for key, quantity in figures.totals(name, connection, batch).items():
                for item in where[key]:
                    setattr(item, name, getattr(item, name) + quantity)


def _add_suppliers(connection: sa.Connection, low: Collection[Low]) -> None:
    """Add the supplier of each product by its newest price that holds today, as far as there are suppliers and prices
    at all.
    """
    price, supplier = entity_for("supplier-prices"), entity_for("suppliers")
    if price is None or supplier is None or not low:
        return
    product_ids = {item.product_id for item in low}
    prices: Any = sa.inspect(price).columns
    names: Any = sa.inspect(supplier).columns
    today = clock.today()
    statement = (
        sa.select(prices["product_id"], names["name"])
        .join(names["id"].table, names["id"] == prices["supplier_id"])
        .where(names["active"])
        .where(sa.or_(prices["valid_from"].is_(None), prices["valid_from"] <= today))
        .where(sa.or_(prices["valid_until"].is_(None), prices["valid_until"] >= today))
        .order_by(prices["id"])
    )
    # By the thousand rather than one IN for all; beyond that the whole list of prices is read once.
    if len(product_ids) <= figures.AT_ONCE:
        statement = statement.where(prices["product_id"].in_(product_ids))
    suppliers = {row.product_id: row.name for row in connection.execute(statement)}
    for item in low:
        item.supplier = suppliers.get(item.product_id, "")
