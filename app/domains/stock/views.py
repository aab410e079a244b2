"""How warehouses, safety stocks, adjustments and the stock book are shown."""

from __future__ import annotations

from typing import Any

from app.core.i18n import lazy_gettext as _l
from app.core.web.view import EntityView, Related
from app.domains.stock.models import SafetyStock, StockAdjustment, Warehouse
from app.ledger import figures
from app.ledger.models import StockBalance, StockEntry
from app.ledger.readings import explain_reading, stock_at_reading


class WarehouseView(EntityView, model=Warehouse):
    icon = "home"
    columns = ("code", "name", "kind", "keeper", "address", "allow_negative", "active")
    fieldsets = (
        ("", ("code", "name", "kind", "keeper", "address")),
        (_l("Rules"), ("allow_negative", "active")),
    )
    sort = "code"
    related = (
        Related("stock-balances", "warehouse", label=_l("Stock")),
        Related("safety-stocks", "warehouse", columns=("product", "minimum", "maximum")),
        Related("stock-adjustments", "warehouse", columns=("number", "date", "state", "reason")),
    )
    empty = _l("Add the place where your goods lie, with the person who keeps it.")


class SafetyStockView(EntityView, model=SafetyStock):
    icon = "alert"
    columns = ("product", "warehouse", "minimum", "maximum")
    fieldsets = (("", ("warehouse", "product", "minimum", "maximum")),)
    sort = "warehouse"
    help = _l("How much a warehouse should hold. Its keeper and the purchasers are told when less is available.")
    empty = _l("Say here what a warehouse should hold where it differs from what the product says.")


class StockAdjustmentView(EntityView, model=StockAdjustment):
    icon = "pencil"
    columns = ("number", "date", "warehouse", "state", "reason", "created_by")
    fieldsets = (("", ("number", "date", "warehouse", "reason", "note")),)
    line_columns = ("product", "quantity", "unit_cost", "value")
    help = _l("Goods that came or went for another reason than a purchase or sale.")
    empty = _l("Start with an adjustment for what lies in each warehouse today: products, quantities and unit costs.")


class StockBalanceView(EntityView, model=StockBalance):
    icon = "chart"
    columns = (
        "product",
        "warehouse",
        "on_hand",
        "reserved",
        "available",
        "incoming",
        "average_cost",
        "value",
    )
    fieldsets = (
        ("", ("product", "warehouse", "moved_on")),
        (_l("Quantity"), ("on_hand", "reserved", "available", "incoming")),
        (_l("Value"), ("average_cost", "value")),
    )
    sort = "product"
    readings = (
        stock_at_reading(),
        explain_reading(
            StockBalance,
            "quantity",
            "amount",
            facts=("on_hand", "reserved", "available", "incoming", "value"),
        ),
    )
    help = _l("What lies where, as posted documents have left it.")
    empty = _l("Post a stock adjustment with what lies in your warehouses today, and it shows here.")

    @classmethod
    def prepare(cls, rows: list[Any]) -> None:
        figures.preload(rows)


class StockEntryView(EntityView, model=StockEntry):
    icon = "clipboard"
    columns = (
        "document_number",
        "date",
        "warehouse",
        "product",
        "quantity",
        "unit_cost",
        "amount",
        "customer",
    )
    fieldsets = (
        ("", ("date", "at", "document_number", "warehouse", "product", "customer")),
        (_l("Movement"), ("quantity", "unit_cost", "amount", "reverses")),
    )
    help = _l("Every movement of goods, with the document that caused it. Nothing here is ever changed.")
    empty = _l("Nothing has moved yet. Posted documents write here.")
