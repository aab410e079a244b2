"""The two books: what came and went (entries), and what that leaves (balances); and the days that are closed.

Nobody writes them but ``app.ledger.stock``, ``app.ledger.party`` and ``app.ledger.periods``.  Warehouses, products and
customers are known by key: their classes live in layers above.
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.ext.hybrid import Comparator, hybrid_property
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.core import scope
from app.core.entity import Entity, User, column, derived, reference
from app.core.i18n import lazy_gettext as _l
from app.core.identity import SEE_COST
from app.core.types import Code, Day, Moment, Money, Price, Quantity, Whole, Word
from app.ledger import figures

# Most entries reverse nothing: SQLite would not trust an index that is full of them.
MIRRORS = sa.text("reverses_id IS NOT NULL")


class Searched(Comparator[str]):
    """The text of what a row points at, searched there: a renamed product is found in the book by its new name."""

    def __init__(
        self,
        model: type[Any],
        own: Callable[[str, str | None], Any] | None = None,
        relations: tuple[str, ...] = ("product", "warehouse"),
    ) -> None:
        self.model, self.own, self.relations = model, own, relations
        super().__init__(model.id)

    def like(self, other: Any, escape: str | None = None) -> Any:
        """Whether the row's own text, or that of a row it points at, is like ``other``."""
        ways = [self.own(other, escape)] if self.own else []
        for relation in self.relations:
            table = sa.inspect(self.model).relationships[relation].mapper.local_table
            found = sa.select(table.c.id).where(table.c.search_text.like(other, escape=escape))
            ways.append(getattr(self.model, f"{relation}_id").in_(found))
        return sa.or_(*ways)


class Written:
    """What the books keep is written by postings alone, never through the session."""

    def fill(self) -> None:
        """Refuse to be flushed."""
        raise RuntimeError("the books are written by postings alone")


class StockEntry(Written, Entity):
    """One movement of one product in one warehouse, under the document that caused it.

    ``quantity`` and ``amount`` are signed.  An entry without quantity is a correction of value: see
    ``app.ledger.costing``.
    """

    __tablename__ = "stock_entries"
    __table_args__ = (
        sa.Index("ix_stock_entries_warehouse_id_product_id_id", "warehouse_id", "product_id", "id"),
        sa.Index("ix_stock_entries_warehouse_id_product_id_date", "warehouse_id", "product_id", "date"),
        sa.Index("ix_stock_entries_document_kind_document_id", "document_kind", "document_id"),
        # An entry is reversed once, whatever happens at the same time; a correction of value may come with its mirror.
        sa.Index(
            "uq_stock_entries_reverses_id_quantity",
            "reverses_id",
            "quantity",
            unique=True,
            sqlite_where=MIRRORS,
            postgresql_where=MIRRORS,
        ),
    )
    resource = "stock-entries"
    label, labels = _l("Stock entry"), _l("Stock entries")
    searched = ()
    read_only = True
    audited = False

    at: Mapped[Moment] = column(_l("Time"))
    date: Mapped[Day] = column(_l("Date"), index=True)
    warehouse_id: Mapped[int] = reference("warehouses.id", _l("Warehouse"), index=False)
    product_id: Mapped[int] = reference("products.id", _l("Product"))
    customer_id: Mapped[int | None] = reference("customers.id", _l("Customer"), help=_l("Who has the goods on loan"))
    quantity: Mapped[Quantity] = column(_l("Quantity"), help=_l("Negative for what went out"))
    unit_cost: Mapped[Price] = column(_l("Unit cost"), needs=SEE_COST)
    amount: Mapped[Money] = column(_l("Amount"), needs=SEE_COST, help=_l("By how much the stock's value changed"))
    document_kind: Mapped[Word] = column(_l("Kind of document"))
    document_id: Mapped[Whole] = column(_l("Document's ID"))
    document_number: Mapped[Code] = column(_l("Document number"))
    reverses_id: Mapped[int | None] = reference("stock_entries.id", _l("Reverses"), index=False)
    seal: Mapped[str | None] = mapped_column(sa.String(64))  # of what it says: see ``app.ledger.seals``

    warehouse: Mapped[Any] = relationship("Warehouse", foreign_keys=[warehouse_id])
    product: Mapped[Any] = relationship("Product", foreign_keys=[product_id])
    customer: Mapped[Any] = relationship("Customer", foreign_keys=[customer_id])
    reverses: Mapped[StockEntry | None] = relationship(remote_side="StockEntry.id", foreign_keys=[reverses_id])

    @derived(_l("Source document"), kind="json")
    def document(self) -> dict[str, Any]:
        """The document that moved the goods: its kind (a resource), id and number."""
        return {"kind": self.document_kind, "id": self.document_id, "number": self.document_number}

    @hybrid_property
    def search_text(self) -> str:
        """What a list is searched by."""
        return self.document_number

    @search_text.inplace.comparator
    @classmethod
    def _searched(cls) -> Searched:
        return Searched(cls, lambda pattern, escape: cls.document_number.ilike(pattern, escape=escape))

    def __str__(self) -> str:
        return f"{self.document_number} · {self.quantity}"


class StockBalance(Written, Entity):
    """What lies of one product in one warehouse, and what it is worth: the sum of its entries, kept at hand."""

    __tablename__ = "stock_balances"
    __table_args__ = (sa.UniqueConstraint("warehouse_id", "product_id"),)
    resource = "stock-balances"
    label, labels = _l("Stock balance"), _l("Stock")
    keys = ("warehouse", "product")
    searched = ()
    read_only = True
    audited = False

    warehouse_id: Mapped[int] = reference("warehouses.id", _l("Warehouse"), index=False)
    product_id: Mapped[int] = reference("products.id", _l("Product"))
    on_hand: Mapped[Quantity] = column(_l("On hand"), default=Decimal(0))
    average_cost: Mapped[Price] = column(
        _l("Average cost"), default=Decimal(0), needs=SEE_COST, help=_l("Value by quantity")
    )
    value: Mapped[Money] = column(_l("Value"), default=Decimal(0), needs=SEE_COST)
    moved_on: Mapped[Day | None] = column(_l("Last movement"), help=_l("The latest date of its entries"))

    warehouse: Mapped[Any] = relationship("Warehouse", foreign_keys=[warehouse_id])
    product: Mapped[Any] = relationship("Product", foreign_keys=[product_id])

    @derived(_l("Reserved"), kind="quantity", help=_l("Promised to customers and not yet delivered"))
    def reserved(self) -> Decimal:
        return figures.of(self, "reserved")

    @derived(_l("Available"), kind="quantity", help=_l("On hand and not reserved"))
    def available(self) -> Decimal:
        return self.on_hand - self.reserved

    @derived(_l("Incoming"), kind="quantity", help=_l("Ordered or on the way here"))
    def incoming(self) -> Decimal:
        return figures.of(self, "incoming")

    @hybrid_property
    def search_text(self) -> str:
        """What a list is searched by."""
        return str(self)

    @search_text.inplace.comparator
    @classmethod
    def _searched(cls) -> Searched:
        return Searched(cls)

    def __str__(self) -> str:
        return f"{self.product} · {self.warehouse}"


PARTY_KINDS = {
    "opening": _l("Opening balance"),
    "sale": _l("Sale"),
    "purchase": _l("Purchase"),
    "receipt": _l("Receipt"),
    "payment": _l("Payment"),
    "fee": _l("Fee"),
    "discount": _l("Discount"),
    "refund": _l("Refund"),
    "exchange": _l("Exchange difference"),
    "return": _l("Return"),
}


class PartyRow:
    """What both tables of the party book share: whose it is, and that it is money, whatever layer the book lives in."""

    @classmethod
    def domain(cls) -> str:
        """Grants on the party book are those on finance."""
        return "finance"


class PartyEntry(PartyRow, Written, Entity):
    """One change of what a party owes us, under the document that caused it.

    ``amount`` is signed: positive is what the party owes us more, negative what it owes us less (or we owe it).
    """

    __tablename__ = "party_entries"
    __table_args__ = (
        sa.Index("ix_party_entries_party_date", "party", "date"),
        sa.Index("ix_party_entries_document_kind_document_id", "document_kind", "document_id"),
        # An entry is reversed once, whatever happens at the same time.
        sa.Index(
            "uq_party_entries_reverses_id",
            "reverses_id",
            unique=True,
            sqlite_where=MIRRORS,
            postgresql_where=MIRRORS,
        ),
    )
    resource = "party-entries"
    label, labels = _l("Party entry"), _l("Party entries")
    scope = scope.through("customer", own_grant=True)
    searched = ()
    read_only = True
    audited = False

    at: Mapped[Moment] = column(_l("Time"))
    date: Mapped[Day] = column(_l("Date"), index=True)
    party: Mapped[Word] = column(_l("Party"), help=_l("The customer or supplier, as a record's name"))
    customer_id: Mapped[int | None] = reference("customers.id", _l("Customer"))
    kind: Mapped[Word] = column(_l("Kind"), choices=PARTY_KINDS)
    amount: Mapped[Money] = column(_l("Amount"), help=_l("Positive: the party owes us more"))
    currency: Mapped[Word] = column(_l("Currency"))
    currency_amount: Mapped[Money] = column(_l("Amount in currency"), currency="currency")
    due_on: Mapped[Day | None] = column(_l("Due on"))
    document_kind: Mapped[Word] = column(_l("Kind of document"))
    document_id: Mapped[Whole] = column(_l("Document's ID"))
    document_number: Mapped[Code] = column(_l("Document"))
    reverses_id: Mapped[int | None] = reference("party_entries.id", _l("Reverses"), index=False)
    seal: Mapped[str | None] = mapped_column(sa.String(64))  # of what it says: see ``app.ledger.seals``

    customer: Mapped[Any] = relationship("Customer", foreign_keys=[customer_id])
    reverses: Mapped[PartyEntry | None] = relationship(remote_side="PartyEntry.id", foreign_keys=[reverses_id])

    @hybrid_property
    def search_text(self) -> str:
        """What a list is searched by."""
        return self.document_number

    @search_text.inplace.comparator
    @classmethod
    def _searched(cls) -> Searched:
        return Searched(
            cls, lambda pattern, escape: cls.document_number.ilike(pattern, escape=escape), relations=("customer",)
        )

    def __str__(self) -> str:
        return f"{self.document_number} · {self.amount}"


class PartyBalance(PartyRow, Written, Entity):
    """What a party owes us, in base currency: the sum of its entries, kept at hand.  Negative: we owe it."""

    __tablename__ = "party_balances"
    resource = "party-balances"
    label, labels = _l("Party balance"), _l("Party balances")
    scope = scope.through("customer", own_grant=True)
    keys = ("party",)
    searched = ()
    read_only = True
    audited = False

    party: Mapped[Word] = column(_l("Party"), unique=True, help=_l("The customer or supplier, as a record's name"))
    customer_id: Mapped[int | None] = reference("customers.id", _l("Customer"))
    balance: Mapped[Money] = column(_l("Balance"), default=Decimal(0), help=_l("Positive: the party owes us"))
    moved_on: Mapped[Day | None] = column(_l("Last movement"), help=_l("The latest date of its entries"))

    customer: Mapped[Any] = relationship("Customer", foreign_keys=[customer_id])

    @hybrid_property
    def search_text(self) -> str:
        """What a list is searched by."""
        return str(self)

    @search_text.inplace.comparator
    @classmethod
    def _searched(cls) -> Searched:
        return Searched(cls, relations=("customer",))

    def __str__(self) -> str:
        return str(self.customer or self.party)


class Period(Entity):
    """A closing: until this day both books stay as they are."""

    __tablename__ = "periods"
    resource = "periods"
    label, labels = _l("Closed period"), _l("Closed periods")
    keys = ("until",)
    searched = ()
    read_only = True  # closed and reopened by ``app.ledger.periods`` alone

    until: Mapped[Day] = column(_l("Closed until"), unique=True, help=_l("The last day that is closed"))
    closed_by_id: Mapped[int | None] = reference("ab_user.id", _l("Closed by"))

    closed_by: Mapped[User | None] = relationship(User, foreign_keys=[closed_by_id])

    @classmethod
    def domain(cls) -> str:
        return "finance"

    def __str__(self) -> str:
        return self.until.isoformat()


@event.listens_for(StockEntry, "before_delete")
@event.listens_for(StockBalance, "before_delete")
@event.listens_for(PartyEntry, "before_delete")
@event.listens_for(PartyBalance, "before_delete")
def _stays(_mapper: Any, _connection: Any, row: Written) -> None:
    row.fill()


@event.listens_for(StockBalance, "expire")
def _forget(balance: StockBalance, _attributes: Any) -> None:
    figures.forget(balance)


@event.listens_for(StockBalance, "refresh")
def _forget_too(balance: StockBalance, _context: Any, _attributes: Any) -> None:
    figures.forget(balance)
