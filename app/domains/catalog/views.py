"""How products, categories, units and brands are shown."""

from __future__ import annotations

from app.core.i18n import lazy_gettext as _l
from app.core.i18n import lazy_pgettext
from app.core.web.view import EntityView, Related
from app.domains.catalog.models import Brand, Category, Product, Unit


class ProductView(EntityView, model=Product):
    icon = "box"
    columns = ("code", "name", "spec", "unit", "category", "list_price", "cost", "safety_stock", "active")
    fieldsets = (
        (
            lazy_pgettext("basics", "Product"),
            ("code", "name", "spec", "kind", "unit", "category", "brand", "barcode", "active"),
        ),
        (_l("Price"), ("list_price", "tax_rate", "min_price", "cost")),
        (_l("Stock"), ("safety_stock", "max_stock", "lead_days")),
        (_l("Pictures"), ("pictures",)),
    )
    sort = "code"
    related = (
        Related("stock-balances", "product", label=_l("Stock")),
        Related("safety-stocks", "product", columns=("warehouse", "minimum", "maximum")),
        Related("stock-entries", "product", label=_l("Stock movements")),
    )
    help = _l("Everything that is bought or sold: goods, which lie in warehouses, and services.")
    empty = _l("Add your first product, or import a price list. It needs a unit: add those first.")


class CategoryView(EntityView, model=Category):
    icon = "folder"
    columns = ("name", "parent")
    fieldsets = (("", ("name", "parent")),)
    sort = "name"
    related = (
        Related("products", "category", columns=("code", "name", "spec", "list_price", "active")),
        Related("categories", "parent", label=_l("Categories below"), columns=("name",)),
    )
    empty = _l("Add categories to find products by: one for each group you sell or count together.")


class UnitView(EntityView, model=Unit):
    icon = "tag"
    columns = ("name", "decimals")
    fieldsets = (("", ("name", "decimals")),)
    sort = "name"
    empty = _l("Add the units you count in: piece, box, metre. Whole pieces have 0 decimals.")


class BrandView(EntityView, model=Brand):
    icon = "tag"
    columns = ("name",)
    fieldsets = (("", ("name",)),)
    sort = "name"
    related = (Related("products", "brand", columns=("code", "name", "spec", "list_price", "active")),)
    empty = _l("Add the brands of what you sell.")
