"""What lies where: warehouses, the stock they should hold, and adjustments.

The book of what came and went is ``app.ledger``'s.
"""

from __future__ import annotations

from decimal import Decimal

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, relationship

from app.core import identity
from app.core.document import Document, Line
from app.core.entity import Entity, User, column, pointed_at, reckoned, reference
from app.core.i18n import gettext as _
from app.core.i18n import lazy_gettext as _l
from app.core.identity import SEE_COST
from app.core.types import Code, Flag, Name, Note, Price, Quantity, Word
from app.core.workflow import posting
from app.domains.catalog.models import Product
from app.ledger import posted

KINDS = {
    "internal": _l("Warehouse of our own"),
    "transit": _l("On the way"),
    "on_loan": _l("On loan to customers"),
}
KIND_TONES = {"internal": "blue", "transit": "amber", "on_loan": "purple"}


class Warehouse(Entity):
    """A place where goods lie: one of our own, or the books' name for what is on the way or on loan."""

    __tablename__ = "warehouses"
    resource = "warehouses"
    label, labels = _l("Warehouse"), _l("Warehouses")
    keys = ("code",)
    searched = ("code", "name")
    numbered_by = "code"
    synonyms = {
        "code": ("仓库编码", "仓库编号", "warehouse code"),
        "name": ("仓库", "仓库名称", "warehouse", "warehouse name"),
        "kind": ("类型", "仓库类型", "type"),
        "address": ("地址", "仓库地址"),
        "keeper": ("仓管员", "保管员", "负责人", "warehouse keeper"),
        "allow_negative": ("允许负库存", "negative stock"),
        "active": ("启用",),
    }

    code: Mapped[Code] = column(_l("Code"), unique=True, help=_l("The next free one when left empty"))
    name: Mapped[Name] = column(_l("Name"))
    kind: Mapped[Word] = column(_l("Kind"), choices=KINDS, tones=KIND_TONES, default="internal")
    address: Mapped[Note | None] = column(_l("Address"))
    keeper_id: Mapped[int | None] = reference("ab_user.id", _l("Keeper"), help=_l("Is told when stock runs low"))
    allow_negative: Mapped[Flag] = column(
        _l("Negative stock allowed"), default=False, help=_l("Goods may leave before their arrival is booked")
    )
    active: Mapped[Flag] = column(_l("Active"), default=True)

    keeper: Mapped[User | None] = relationship(User, foreign_keys=[keeper_id])


class SafetyStock(Entity):
    """How much of a product a warehouse should hold; it goes before what the product itself says."""

    __tablename__ = "safety_stocks"
    __table_args__ = (sa.UniqueConstraint("warehouse_id", "product_id"),)
    resource = "safety-stocks"
    label, labels = _l("Safety stock"), _l("Safety stocks")
    keys = ("warehouse", "product")
    searched = ("about",)
    synonyms = {
        "warehouse": ("仓库", "仓库编码", "warehouse code"),
        "product": ("商品", "商品编码", "product code", "item code"),
        "minimum": ("最低库存", "安全库存", "min", "safety stock"),
        "maximum": ("最高库存", "库存上限", "max"),
    }

    warehouse_id: Mapped[int] = reference("warehouses.id", _l("Warehouse"))
    product_id: Mapped[int] = reference("products.id", _l("Product"))
    minimum: Mapped[Quantity] = column(
        _l("Minimum"), minimum=0, help=_l("Below it the product is low in this warehouse")
    )
    maximum: Mapped[Quantity | None] = column(_l("Maximum"), minimum=0, help=_l("Empty: the product's maximum stock"))

    warehouse: Mapped[Warehouse] = relationship(Warehouse, foreign_keys=[warehouse_id])
    product: Mapped[Product] = relationship(Product, foreign_keys=[product_id])

    def __str__(self) -> str:
        return self.about

    @property
    def about(self) -> str:
        """Which product where."""
        return f"{pointed_at(self, 'product') or ''} · {pointed_at(self, 'warehouse') or ''}"

    def faults(self) -> dict[str, list[str]]:
        faults: dict[str, list[str]] = {}
        if self.minimum is not None and self.minimum < 0:
            faults["minimum"] = [_("The minimum can't be below 0.")]
        elif self.minimum is not None and self.maximum is not None and self.maximum < self.minimum:
            faults["maximum"] = [_("The maximum can't be below the minimum.")]
        product = pointed_at(self, "product")
        if product is not None and not product.has_stock:
            faults["product"] = product.quantity_faults(None)
        return faults


class StockAdjustment(Document):
    """Goods that came or went for another reason than a purchase or sale: opening stock, breakage, gifts."""

    __tablename__ = "stock_adjustments"
    resource = "stock-adjustments"
    label, labels = _l("Stock adjustment"), _l("Stock adjustments")
    line_class = "StockAdjustmentLine"
    workflow = posting()
    synonyms = {
        "warehouse": ("仓库", "仓库编码", "warehouse code"),
        "reason": ("原因", "事由"),
    }

    warehouse_id: Mapped[int] = reference("warehouses.id", _l("Warehouse"))
    reason: Mapped[Name | None] = column(_l("Reason"), suggests=True)

    warehouse: Mapped[Warehouse] = relationship(Warehouse, foreign_keys=[warehouse_id])

    def fact(self) -> str:
        return self.reason or ""

    @property
    def posted_amounts(self) -> list[Decimal]:
        """By how much each line changed the stock's value, as the stock book has it; nothing before it is posted."""
        if self.state == "draft":
            return []
        if "posted_amounts" not in self.__dict__:
            self.__dict__["posted_amounts"] = [amount for _cost, amount in posted.costs(self)]
        return self.__dict__["posted_amounts"]


class StockAdjustmentLine(Line):
    """What came (positive) or went (negative), and what the goods that came are worth."""

    __tablename__ = "stock_adjustment_lines"
    document_class, document_table = "StockAdjustment", "stock_adjustments"

    product_id: Mapped[int] = reference("products.id", _l("Product"))
    quantity: Mapped[Quantity] = column(_l("Quantity"), help=_l("Negative for what went out"))
    unit_cost: Mapped[Price | None] = column(
        _l("Unit cost"),
        minimum=0,
        needs=SEE_COST,
        help=_l("Of goods that came in; goods that go out take the average"),
    )

    product: Mapped[Product] = relationship(Product, foreign_keys=[product_id])
    value = reckoned(_l("Value"), "quantity * unit_cost", needs=SEE_COST, settled=lambda line: line.posted_amount())

    def posted_amount(self) -> Decimal | None:
        """By how much it changed the stock's value; None before it is posted."""
        amounts = self.document.posted_amounts if self.document is not None else []
        return amounts[self.document.lines.index(self)] if amounts else None

    def fill(self) -> None:
        if self.unit_cost is not None or not self.quantity or self.quantity < 0:
            return
        # Whoever may not see costs can't give one either: their goods come in at the present average.
        product = pointed_at(self, "product")
        if product is not None and product.cost and not identity.require().may(SEE_COST, self.domain()):
            self.unit_cost = product.cost

    def faults(self) -> dict[str, list[str]]:
        faults: dict[str, list[str]] = {}
        product = pointed_at(self, "product")
        if self.quantity is not None and self.quantity == 0:
            faults["quantity"] = [_("The quantity can't be 0.")]
        if product is not None and (wrong := product.quantity_faults(self.quantity)):
            faults["quantity" if product.has_stock else "product"] = wrong
        if self.quantity is not None and self.quantity > 0 and self.unit_cost is None:
            faults["unit_cost"] = [_("What comes in needs its unit cost.")]
        return faults
