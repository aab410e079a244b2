"""Rules of the stock: what an adjustment writes to the stock book."""

from __future__ import annotations

from app.core.errors import Invalid
from app.core.i18n import gettext as _
from app.core.numbering import PREFIXES
from app.domains.stock.models import StockAdjustment
from app.ledger import posted
from app.ledger import stock as book

PREFIXES["warehouses"] = "W"
PREFIXES["stock-adjustments"] = "SA"


@StockAdjustment.workflow.effect("post")
def post_adjustment(adjustment: StockAdjustment) -> None:
    """Write the lines to the stock book.  Raises Invalid without lines, and what the book refuses."""
    if not adjustment.lines:
        raise Invalid({"lines": [_("Add at least one line: there is nothing to post.")]})
    movements = [
        book.Movement(
            warehouse_id=adjustment.warehouse_id,
            product_id=line.product_id,
            quantity=line.quantity,
            # What goes out takes the average, whatever was typed beside it.
            unit_cost=line.unit_cost if line.quantity > 0 else None,
            line=index,
        )
        for index, line in enumerate(adjustment.lines)
    ]
    book.post(adjustment, movements, date=adjustment.date)
    for line, (cost, _amount) in zip(adjustment.lines, posted.costs(adjustment), strict=True):
        if line.quantity < 0:
            line.unit_cost = cost


@StockAdjustment.workflow.effect("cancel")
def cancel_adjustment(adjustment: StockAdjustment) -> None:
    """Write the opposite of what was posted, today.  Raises what the book refuses."""
    book.reverse(adjustment)
