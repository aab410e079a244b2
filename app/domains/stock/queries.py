"""Reads of what lies where, what it is worth, and what is low."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import sqlalchemy as sa

from app.core.document import Document
from app.core.flags import flag
from app.core.i18n import lazy_gettext as _l
from app.core.types import ScaledDecimal
from app.domains.catalog.models import Product, Unit
from app.domains.stock.models import SafetyStock, Warehouse
from app.ledger.models import StockBalance, StockEntry

NOTHING = sa.literal(Decimal(0), ScaledDecimal(4))
SOLD = sa.and_(Product.active, Product.kind != "service")
OURS = sa.and_(Warehouse.active, Warehouse.kind == "internal")
PRODUCT = (Product.id, Product.code, Product.name, Product.spec, Unit.name.label("unit"))
LOW = _l("Below its safety stock")


def entries_of(document: Document) -> sa.Select[tuple[StockEntry]]:
    """What ``document`` wrote to the stock book, its reversal included, in the order of writing."""
    return (
        sa.select(StockEntry)
        .where(StockEntry.document_kind == document.resource, StockEntry.document_id == document.id)
        .order_by(StockEntry.id)
    )


def balances(*, warehouse_id: int | None = None, product_id: int | None = None) -> sa.Select[tuple[StockBalance]]:
    """What lies in a warehouse, or of a product, or both."""
    statement = sa.select(StockBalance).order_by(StockBalance.warehouse_id, StockBalance.product_id)
    if warehouse_id is not None:
        statement = statement.where(StockBalance.warehouse_id == warehouse_id)
    if product_id is not None:
        statement = statement.where(StockBalance.product_id == product_id)
    return statement


def lying() -> sa.ScalarSelect[Any]:
    """What lies of a safety stock's product in its warehouse; 0 where it never lay: a column beside SafetyStock."""
    here = (
        sa.select(StockBalance.on_hand)
        .where(StockBalance.warehouse_id == SafetyStock.warehouse_id, StockBalance.product_id == SafetyStock.product_id)
        .correlate(SafetyStock)
    )
    return sa.func.coalesce(here.scalar_subquery(), NOTHING)  # type: ignore[return-value]


def lying_together() -> sa.ScalarSelect[Any]:
    """What lies of a product in all of our own warehouses together: a column beside Product."""
    everywhere = (
        sa.select(sa.func.sum(StockBalance.on_hand, type_=ScaledDecimal(4)))
        .join(Warehouse, Warehouse.id == StockBalance.warehouse_id)
        .where(StockBalance.product_id == Product.id, Warehouse.kind == "internal")
        .correlate(Product)
    )
    return sa.func.coalesce(everywhere.scalar_subquery(), NOTHING)  # type: ignore[return-value]


@flag(SafetyStock, "low", LOW, also=("StockBalance",))
def low_in_its_warehouse() -> sa.ColumnElement[bool]:
    """Whether less of the product lies in the warehouse than the safety stock there says."""
    sold = sa.select(Product.id).where(SOLD).correlate(None)
    ours = sa.select(Warehouse.id).where(OURS).correlate(None)
    return sa.and_(lying() < SafetyStock.minimum, SafetyStock.product_id.in_(sold), SafetyStock.warehouse_id.in_(ours))


@flag(Product, "low", LOW, also=("StockBalance",))
def low_together() -> sa.ColumnElement[bool]:
    """Whether less of the product lies in all of our own warehouses together than its own safety stock says."""
    # One without a safety stock is not low: the first condition spares the database to look what lies of it.
    return sa.and_(Product.safety_stock.is_not(None), SOLD, lying_together() < Product.safety_stock)


def value_by_warehouse() -> sa.Select[Any]:
    """What the stock of each warehouse is worth (base currency, 2 decimals), and how many products lie there, the most
    valuable first: rows of id, name, value and products.
    """
    worth = sa.func.sum(StockBalance.value, type_=ScaledDecimal(2)).label("value")
    return (
        sa.select(Warehouse.id, Warehouse.name, worth, sa.func.count(StockBalance.id).label("products"))
        .join(StockBalance, StockBalance.warehouse_id == Warehouse.id)
        .where(StockBalance.on_hand != NOTHING)
        .group_by(Warehouse.id, Warehouse.name)
        .order_by(worth.desc(), Warehouse.id)
    )


def lowest_in_warehouses() -> sa.Select[Any]:
    """What is low in a warehouse, the one that lacks most first: rows of product id, code, name, spec, unit, warehouse,
    on_hand, minimum and how many there are in all (``every``).
    """
    on_hand = sa.func.coalesce(StockBalance.on_hand, NOTHING)
    here = sa.and_(
        StockBalance.warehouse_id == SafetyStock.warehouse_id, StockBalance.product_id == SafetyStock.product_id
    )
    return (
        sa.select(*PRODUCT, Warehouse.name.label("warehouse"), on_hand.label("on_hand"), SafetyStock.minimum)
        .add_columns(sa.func.count().over().label("every"))
        .select_from(SafetyStock)
        .join(Product, Product.id == SafetyStock.product_id)
        .join(Unit, Unit.id == Product.unit_id)
        .join(Warehouse, Warehouse.id == SafetyStock.warehouse_id)
        .outerjoin(StockBalance, here)
        .where(SOLD, OURS, on_hand < SafetyStock.minimum)
        .order_by(on_hand - SafetyStock.minimum, SafetyStock.id)
    )


def stock_together() -> sa.Subquery:
    """What lies in all of our warehouses together: ``on_hand`` by ``product_id``, summed once for all products."""
    return (
        sa.select(StockBalance.product_id, sa.func.sum(StockBalance.on_hand, type_=ScaledDecimal(4)).label("on_hand"))
        .join(Warehouse, Warehouse.id == StockBalance.warehouse_id)
        .where(Warehouse.kind == "internal")
        .group_by(StockBalance.product_id)
        .subquery()
    )


def lowest_together() -> sa.Select[Any]:
    """What is low in all warehouses together; rows as of ``lowest_in_warehouses``, without a warehouse."""
    together = stock_together()
    on_hand = sa.func.coalesce(together.c.on_hand, NOTHING)
    return (
        sa.select(*PRODUCT, sa.null().label("warehouse"), on_hand.label("on_hand"))
        .add_columns(Product.safety_stock.label("minimum"), sa.func.count().over().label("every"))
        .select_from(Product)
        .join(Unit, Unit.id == Product.unit_id)
        .outerjoin(together, together.c.product_id == Product.id)
        .where(SOLD, on_hand < Product.safety_stock)
        .order_by(on_hand - Product.safety_stock, Product.id)
    )
