"""Documents that hang on one another, as sales will have them, declared for the tests alone.

A deal has notices (their lines point at the deal's lines), a notice has deliveries (which post to the stock book), and
a deal has invoices (which can't be cancelled once they are sent), offers that it may come from, and copies of itself.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any

from sqlalchemy.orm import Mapped, relationship

from app.core import db, scope
from app.core import entity as entities
from app.core.document import Document, Line
from app.core.entity import User, column, reference
from app.core.errors import Conflict
from app.core.i18n import lazy_gettext as _l
from app.core.numbering import PREFIXES
from app.core.types import Name, Quantity
from app.core.web import frame
from app.core.web.frame import MapSection
from app.core.web.view import EntityView, views
from app.core.workflow import Transition, Workflow
from app.domains.catalog.models import Product
from app.domains.stock.models import Warehouse
from app.ledger import stock as book

STATES = {
    "draft": _l("Draft"),
    "open": _l("Open"),
    "sent": _l("Sent"),
    "lost": _l("Lost"),
    "cancelled": _l("Cancelled"),
}


def flow(*states: str, cancel_from: tuple[str, ...] = (), over: tuple[str, ...] = (), **options: Any) -> Workflow:
    """A workflow through ``states``, with a way to cancel from ``cancel_from``."""
    steps = [
        Transition(
            f"to-{after}" if after != "open" else "approve",
            before,
            after,
            _l("Approve"),
            comment="required" if after == "lost" else "",
        )
        for before, after in zip(states, states[1:], strict=False)
    ]
    if cancel_from:
        steps.append(Transition("cancel", cancel_from, "cancelled", _l("Cancel"), comment="asked", **options))
    names = (*states, *(("cancelled",) if cancel_from else ()))
    return Workflow(
        states={name: STATES[name] for name in names},
        tones=dict.fromkeys(names, "grey"),
        transitions=tuple(steps),
        over=over,
    )


def declare() -> SimpleNamespace:
    """The classes.  Once in a process: they stay mapped."""

    class Offer(Document):
        """What a deal may come from."""

        __tablename__ = "test_offers"
        resource = "test-offers"
        label, labels = _l("Offer"), _l("Offers")
        workflow = flow("draft", "open", "lost", cancel_from=("open",), over=("lost",))

    class Deal(Document):
        """Sold goods."""

        __tablename__ = "test_deals"
        resource = "test-deals"
        label, labels = _l("Deal"), _l("Deals")
        scope = scope.own_rows()
        line_class = "DealLine"
        workflow = flow("draft", "open", cancel_from=("draft", "open"))

        owner_id: Mapped[int] = reference("ab_user.id", _l("Owner"))
        offer_id: Mapped[int | None] = reference("test_offers.id", _l("Offer"))
        copy_of_id: Mapped[int | None] = reference("test_deals.id", _l("Copy of"), hangs=False)

        owner: Mapped[User] = relationship(User, foreign_keys=[owner_id])
        offer: Mapped[Offer | None] = relationship(Offer, foreign_keys=[offer_id])
        copy_of: Mapped[Any] = relationship("Deal", foreign_keys=[copy_of_id], remote_side="Deal.id")

    class DealLine(Line):
        """A part of a deal."""

        __tablename__ = "test_deal_lines"
        document_class, document_table = "Deal", "test_deals"

        quantity: Mapped[Quantity] = column(_l("Quantity"))

    class Notice_(Document):
        """What is to be sent."""

        __tablename__ = "test_notices"
        resource = "test-notices"
        label, labels = _l("Delivery notice"), _l("Delivery notices")
        line_class = "NoticeLine"
        workflow = flow("draft", "open", cancel_from=("open",))

    class NoticeLine(Line):
        """What is to be sent of a deal's line."""

        __tablename__ = "test_notice_lines"
        document_class, document_table = "Notice_", "test_notices"

        deal_line_id: Mapped[int] = reference("test_deal_lines.id", _l("Deal's line"))
        deal_line: Mapped[DealLine] = relationship(DealLine, foreign_keys=[deal_line_id])

    class Delivery(Document):
        """What was sent."""

        __tablename__ = "test_deliveries"
        resource = "test-deliveries"
        label, labels = _l("Delivery"), _l("Deliveries")
        workflow = flow("draft", "open", cancel_from=("open",))

        notice_id: Mapped[int | None] = reference("test_notices.id", _l("Notice"))
        deal_id: Mapped[int | None] = reference("test_deals.id", _l("Deal"))
        product_id: Mapped[int] = reference("products.id", _l("Product"))
        warehouse_id: Mapped[int] = reference("warehouses.id", _l("Warehouse"))

        notice: Mapped[Notice_ | None] = relationship(Notice_, foreign_keys=[notice_id])
        deal: Mapped[Deal | None] = relationship(Deal, foreign_keys=[deal_id])
        product: Mapped[Product] = relationship(Product, foreign_keys=[product_id])
        warehouse: Mapped[Warehouse] = relationship(Warehouse, foreign_keys=[warehouse_id])

    class Bill(Document):
        """A bill, which stays once it is sent; its owner's alone."""

        __tablename__ = "test_bills"
        resource = "test-bills"
        label, labels = _l("Bill"), _l("Bills")
        scope = scope.own_rows()
        workflow = flow("draft", "open", "sent", cancel_from=("open",))

        owner_id: Mapped[int] = reference("ab_user.id", _l("Owner"))
        deal_id: Mapped[int] = reference("test_deals.id", _l("Deal"))
        title: Mapped[Name | None] = column(_l("Title"))

        owner: Mapped[User] = relationship(User, foreign_keys=[owner_id])
        deal: Mapped[Deal] = relationship(Deal, foreign_keys=[deal_id])

        def fact(self) -> str:
            return self.title or ""

    @Delivery.workflow.effect("approve")
    def send(delivery: Any) -> None:
        movement = book.Movement(delivery.warehouse_id, delivery.product_id, -1, None, line=0)
        book.post(delivery, [movement], date=delivery.date)

    @Delivery.workflow.effect("cancel")
    def take_back(delivery: Any) -> None:
        if delivery.note == "gone":
            raise Conflict("The carrier has lost it.")
        book.reverse(delivery)

    return SimpleNamespace(
        Offer=Offer, Deal=Deal, DealLine=DealLine, Notice=Notice_, NoticeLine=NoticeLine, Delivery=Delivery, Bill=Bill
    )


@contextmanager
def trading() -> Iterator[SimpleNamespace]:
    """The documents with their views on the map while the block runs; afterwards nobody knows of them any more."""
    from app import views as the_map

    before = dict(entities.registry), list(entities.scoped), dict(views), dict(PREFIXES), the_map.CONSOLE
    classes = declare()
    documents = [classes.Offer, classes.Deal, classes.Notice, classes.Delivery, classes.Bill]
    PREFIXES.update({model.resource: f"{model.__name__[0]}{model.__name__[2]}".upper() for model in documents})
    made = tuple(type(f"{model.__name__}View", (EntityView,), {}, model=model) for model in documents)
    the_map.CONSOLE = (*the_map.CONSOLE, MapSection("trading", _l("Trading"), "box", made))
    try:
        yield classes
    finally:
        for registered, kept in zip(
            (entities.registry, views, PREFIXES), (before[0], before[2], before[3]), strict=True
        ):
            registered.clear()
            registered.update(kept)
        entities.scoped[:] = before[1]
        the_map.CONSOLE = before[4]
        frame.console[:] = before[4]
        for table in [table for table in db.db.metadata.sorted_tables if table.name.startswith("test_")][::-1]:
            db.db.metadata.remove(table)
