"""What we sell: products (goods and services) with their categories, units and brands."""

from __future__ import annotations

from decimal import Decimal

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, relationship

from app.core import identity
from app.core.entity import Entity, column, is_own_ancestor, pointed_at, reference
from app.core.i18n import gettext as _
from app.core.i18n import lazy_gettext as _l
from app.core.i18n import lazy_pgettext
from app.core.types import Code, Flag, Name, Pictures, Price, Quantity, Rate, Whole, Word
from app.domains.catalog import queries

MAX_DECIMALS = 4  # of a quantity
AT_TOP = sa.text("parent_id IS NULL")
KINDS = {"goods": _l("Goods"), "service": _l("Service")}
KIND_TONES = {"goods": "blue", "service": "purple"}


class Category(Entity):
    """A kind of products.  Categories form a tree."""

    __tablename__ = "categories"
    __table_args__ = (
        sa.UniqueConstraint("parent_id", "name"),
        # A unique constraint lets any number of rows without a parent pass.
        sa.Index("uq_categories_top_name", "name", unique=True, sqlite_where=AT_TOP, postgresql_where=AT_TOP),
    )
    resource = "categories"
    label, labels = _l("Product category"), _l("Product categories")
    keys = ("name",)
    synonyms = {"name": ("分类", "分类名称", "category"), "parent": ("上级分类", "parent category")}

    name: Mapped[Name] = column(_l("Name"))
    parent_id: Mapped[int | None] = reference("categories.id", _l("Belongs to"), help=_l("The category above"))

    parent: Mapped[Category | None] = relationship(remote_side="Category.id", foreign_keys=[parent_id])

    def faults(self) -> dict[str, list[str]]:
        if is_own_ancestor(self):
            return {"parent": [_("A category can't belong to itself or to one below it.")]}
        return {}


class Unit(Entity):
    """What quantities are counted in, and how finely."""

    __tablename__ = "units"
    resource = "units"
    label, labels = _l("Unit"), _l("Units")
    keys = ("name",)
    synonyms = {"name": ("单位", "计量单位", "unit"), "decimals": ("小数位数", "decimal places")}

    name: Mapped[Word] = column(_l("Name"), unique=True)
    decimals: Mapped[Whole] = column(
        _l("Decimals"), default=0, minimum=0, help=_l("0 for what is counted in whole pieces; at most 4")
    )

    def faults(self) -> dict[str, list[str]]:
        if self.decimals is not None and self.decimals > MAX_DECIMALS:
            return {"decimals": [_("At most %(count)s.", count=MAX_DECIMALS)]}
        return {}

    def takes(self, quantity: Decimal) -> bool:
        """Whether ``quantity`` has no more decimals than the unit."""
        return quantity == round(quantity, self.decimals or 0)


class Brand(Entity):
    """Under whose name a product is made."""

    __tablename__ = "brands"
    resource = "brands"
    label, labels = _l("Brand"), _l("Brands")
    keys = ("name",)
    synonyms = {"name": ("品牌", "品牌名称", "brand")}

    name: Mapped[Name] = column(_l("Name"), unique=True)


class Product(Entity):
    """Goods that lie in warehouses, or a service that does not."""

    __tablename__ = "products"
    __table_args__ = (sa.UniqueConstraint("name", "spec"),)
    resource = "products"
    label, labels = _l("Product"), _l("Products")
    keys = ("code",)
    searched = ("code", "name", "spec", "barcode")
    numbered_by = "code"
    synonyms = {
        "code": ("商品编码", "编码", "货号", "product code", "item code", "SKU"),
        "name": ("商品名称", "名称", "品名", "product name", "item name"),
        "spec": ("规格", "规格型号", "型号", "specification", "model"),
        "unit": ("单位", "计量单位", "UOM"),
        "category": ("分类", "商品分类", "类别"),
        "brand": ("品牌",),
        "barcode": ("条码", "条形码", "EAN", "bar code"),
        "kind": ("类型", "商品类型", "type"),
        "tax_rate": ("税率", "VAT rate"),
        "list_price": ("单价", "销售单价", "标价", "price", "unit price"),
        "min_price": ("最低价", "最低售价", "minimum price", "floor price"),
        "safety_stock": ("安全库存", "minimum stock", "reorder point"),
        "max_stock": ("最高库存", "库存上限", "maximum stock"),
        "lead_days": ("采购周期", "交货天数", "lead time"),
        "active": ("启用", "在售"),
    }

    code: Mapped[Code] = column(
        lazy_pgettext("product", "Code"), unique=True, help=_l("The next free one when left empty")
    )
    name: Mapped[Name] = column(lazy_pgettext("product", "Name"))
    spec: Mapped[Name] = column(
        _l("Specification"), default="", help=_l("Size, model or grade: name and specification are unique")
    )
    unit_id: Mapped[int] = reference("units.id", _l("Unit"))
    category_id: Mapped[int | None] = reference("categories.id", _l("Category"))
    brand_id: Mapped[int | None] = reference("brands.id", _l("Brand"))
    barcode: Mapped[Code | None] = column(_l("Barcode"), index=True)
    kind: Mapped[Word] = column(
        _l("Kind"), choices=KINDS, tones=KIND_TONES, default="goods", help=_l("A service has no stock")
    )
    tax_rate: Mapped[Rate] = column(_l("Tax rate"), minimum=0, help=_l("Such as 13%, or as a fraction 0.13"))
    list_price: Mapped[Price] = column(_l("List price"), minimum=0, help=_l("Without tax"))
    min_price: Mapped[Price | None] = column(
        _l("Lowest price"),
        minimum=0,
        needs=identity.SEE_COST,
        help=_l("Without tax; a sale below it needs approval"),
    )
    cost: Mapped[Price] = column(
        _l("Cost"),
        default=Decimal(0),
        readonly=True,
        needs=identity.SEE_COST,
        help=_l("The moving average over all warehouses"),
    )
    safety_stock: Mapped[Quantity | None] = column(
        _l("Safety stock"),
        minimum=0,
        help=_l("Below it the product is on the list of low stock, unless the warehouse has its own"),
    )
    max_stock: Mapped[Quantity | None] = column(_l("Maximum stock"), minimum=0)
    lead_days: Mapped[Whole | None] = column(_l("Lead time"), minimum=0, help=_l("Days from order to arrival"))
    active: Mapped[Flag] = column(_l("Active"), default=True, help=_l("What is no longer sold keeps its history"))
    pictures: Mapped[Pictures] = column(_l("Pictures"), default=list)

    unit: Mapped[Unit] = relationship(Unit, foreign_keys=[unit_id])
    category: Mapped[Category | None] = relationship(Category, foreign_keys=[category_id])
    brand: Mapped[Brand | None] = relationship(Brand, foreign_keys=[brand_id])

    def __str__(self) -> str:
        return " ".join(part for part in (self.code, self.name, self.spec) if part)

    @property
    def has_stock(self) -> bool:
        """Whether the product lies in warehouses."""
        return self.kind != "service"

    def faults(self) -> dict[str, list[str]]:
        faults: dict[str, list[str]] = {}
        if self.tax_rate is not None and not 0 <= self.tax_rate <= 1:
            faults["tax_rate"] = [_("A tax rate is a fraction between 0 and 1: 0.13 for 13 %.")]
        if self.min_price is not None and self.list_price is not None and self.min_price > self.list_price:
            # Told where it was typed: not everyone who sets the list price sees the lowest.
            faults["min_price" if self._changes("min_price") else "list_price"] = [
                _("The lowest price can't be above the list price.")
            ]
        if not self.has_stock:
            if self.id is not None and self._changes("kind") and queries.has_moved(self.id):
                faults["kind"] = [_("It has moved in and out of warehouses: it can't become a service.")]
            for name in ("safety_stock", "max_stock"):
                if getattr(self, name):
                    faults[name] = [_("A service has no stock.")]
        elif self.safety_stock is not None and self.max_stock is not None and self.max_stock < self.safety_stock:
            faults["max_stock"] = [_("The maximum can't be below the safety stock.")]
        return faults

    def _changes(self, name: str) -> bool:
        return bool(sa.inspect(self).attrs[name].history.has_changes())

    def quantity_faults(self, quantity: Decimal | None) -> list[str]:
        """What is wrong with moving ``quantity`` of the product in or out of a warehouse."""
        if not self.has_stock:
            return [_("%(product)s is a service: it has no stock.", product=self)]
        unit = pointed_at(self, "unit")
        if quantity is None or unit is None or unit.takes(quantity):
            return []
        if not unit.decimals:
            return [_("%(product)s is counted in whole %(unit)s.", product=self, unit=unit.name)]
        return [_("%(product)s takes at most %(count)s decimals.", product=self, count=unit.decimals)]
