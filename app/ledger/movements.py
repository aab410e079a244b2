"""What a document asks of the stock book, and what the book refuses."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from app.core.document import Document
from app.core.errors import BusinessError, Conflict
from app.core.i18n import gettext as _
from app.core.money import rounded
from app.core.types import exact_decimal
from app.ledger.figures import Key


@dataclass(frozen=True, eq=False)
class Movement:
    """What a document moves: ``quantity`` (4 decimals, signed) of one product in one warehouse.

    What comes in says what it costs: ``unit_cost`` (6 decimals), or ``goods_of``, the withdrawal of the same posting
    whose goods these are, at exactly the amount they left with.  ``line`` is the index of the document's line, for
    refusals.  Raises ValueError for a number with surplus decimals.
    """

    warehouse_id: int
    product_id: int
    quantity: Decimal
    unit_cost: Decimal | None = None
    customer_id: int | None = None
    line: int | None = None
    goods_of: Movement | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "quantity", exact_decimal(self.quantity, 4))
        if self.unit_cost is not None:
            object.__setattr__(self, "unit_cost", exact_decimal(self.unit_cost, 6))
        if self.goods_of is not None and self.goods_of.quantity != -self.quantity:
            raise ValueError("what arrives must be what left")

    @property
    def key(self) -> Key:
        """Where it moves what."""
        return self.warehouse_id, self.product_id

    def errors(self, name: str, message: str) -> dict[str, list[str]]:
        """``message`` at the line's field ``name``; at the whole when the line is not known."""
        return {"" if self.line is None else f"lines.{self.line}.{name}": [message]}


def moved(
    from_warehouse_id: int,
    to_warehouse_id: int,
    product_id: int,
    quantity: Decimal,
    *,
    customer_id: int | None = None,
    line: int | None = None,
) -> list[Movement]:
    """The two movements that bring ``quantity`` (positive) from one warehouse to another at its cost."""
    out = Movement(from_warehouse_id, product_id, -quantity, customer_id=customer_id, line=line)
    return [out, Movement(to_warehouse_id, product_id, quantity, customer_id=customer_id, line=line, goods_of=out)]


class NotEnoughStock(BusinessError):
    """More was asked of ``product`` than is there; quantities have 4 decimals."""

    def __init__(
        self,
        product: str,
        on_hand: Decimal,
        asked: Decimal,
        message: str = "",
        errors: dict[str, list[str]] | None = None,
    ) -> None:
        self.product, self.on_hand, self.asked = product, on_hand, asked
        super().__init__(message or not_enough(product, on_hand, asked), errors)


class AlreadyReversed(Conflict):
    """What the document posted has been reversed before."""

    def __init__(self, document: Document) -> None:
        super().__init__(_("%(document)s has been reversed already.", document=document))


def not_enough(product: str, on_hand: Decimal, asked: Decimal) -> str:
    """The sentence for people."""
    return _(
        "There is not enough of %(product)s: %(on_hand)s can be taken, %(asked)s are asked for. "
        "Reduce the quantity, or book first what has arrived.",
        product=product,
        on_hand=plain(on_hand),
        asked=plain(asked),
    )


def plain(quantity: Decimal) -> str:
    """A quantity without the zeros at its end."""
    return f"{rounded(quantity, 4).normalize():f}"
