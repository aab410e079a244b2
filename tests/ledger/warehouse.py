"""A small company with a few warehouses and products, for the tests of the stock book and their processes."""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from typing import Any

import sqlalchemy as sa
from flask import Flask
from flask_babel import Babel

import app.ledger.models
import app.models  # noqa: F401 (every table)
from app.core import crud, db, identity
from app.domains.catalog.models import Product, Unit
from app.domains.crm.models import Customer
from app.domains.stock.models import StockAdjustment, Warehouse
from app.ledger import party, stock, triggers
from app.ledger.models import PartyBalance, StockBalance, StockEntry
from config import Settings

DAY = datetime.date(2026, 3, 2)


def make_app(url: str) -> Flask:
    """An application around the database at ``url``, without pages."""
    application = Flask("kehu")
    application.config["SQLALCHEMY_DATABASE_URI"] = url
    application.extensions["kehu.settings"] = Settings()
    Babel(application)
    db.db.init_app(application)
    return application


@contextmanager
def at_work(url: str) -> Iterator[None]:
    """Within the block the system acts on the database at ``url``."""
    application = make_app(url)
    with application.test_request_context(), identity.acting_as(identity.system()):
        try:
            yield
        finally:
            db.session.remove()
            db.db.engine.dispose()


def build() -> None:
    """The tables with their triggers; warehouses MAIN, EAST, LOOSE (may go negative) and LOAN; products P1 to P5."""
    db.db.metadata.create_all(db.db.engine)
    with db.db.engine.begin() as connection:
        triggers.create(connection)
    for code, kind, allow_negative in (
        ("MAIN", "internal", False),
        ("EAST", "internal", False),
        ("LOOSE", "internal", True),
        ("LOAN", "on_loan", False),
    ):
        crud.create(Warehouse, {"code": code, "name": code.title(), "kind": kind, "allow_negative": allow_negative})
    unit = crud.create(Unit, {"name": "kg", "decimals": 4})
    for number in range(1, 6):
        make_product(f"P{number}", unit.id)
    for name in ("北京科技", "上海贸易", "广州实业"):
        crud.create(Customer, {"name": name})
    db.session.commit()


def make_product(code: str, unit_id: int = 1) -> Product:
    """A product."""
    data = {"code": code, "name": f"Valve {code}", "tax_rate": "0.13", "list_price": "10", "unit": unit_id}
    return crud.create(Product, data)  # type: ignore[no-any-return]


def place(code: str = "MAIN") -> int:
    """The id of the warehouse ``code``."""
    return _id(Warehouse, code)


def product(code: str = "P1") -> int:
    """The id of the product ``code``."""
    return _id(Product, code)


def _id(model: Any, code: str) -> int:
    found = db.session.scalar(sa.select(model.id).where(model.code == code))
    assert found is not None
    return int(found)


def make_document(warehouse: str = "MAIN") -> StockAdjustment:
    """A draft without lines: what it moves is given to the book directly."""
    document = StockAdjustment(warehouse_id=place(warehouse), date=DAY)
    db.session.add(document)
    db.session.flush()
    return document


def coming(quantity: Any, cost: Any, code: str = "P1", warehouse: str = "MAIN", **options: Any) -> stock.Movement:
    """Goods that come in."""
    return stock.Movement(place(warehouse), product(code), Decimal(quantity), Decimal(cost), **options)


def going(quantity: Any, code: str = "P1", warehouse: str = "MAIN", **options: Any) -> stock.Movement:
    """Goods that go out (``quantity`` is positive)."""
    return stock.Movement(place(warehouse), product(code), -Decimal(quantity), **options)


def moving(
    quantity: Any, code: str = "P1", source: str = "MAIN", target: str = "EAST", **options: Any
) -> list[stock.Movement]:
    """Goods that change their place."""
    return stock.moved(place(source), place(target), product(code), Decimal(quantity), **options)


def post(*movements: stock.Movement, date: datetime.date = DAY, **options: Any) -> StockAdjustment:
    """A document that moves ``movements``, posted."""
    document = make_document()
    stock.post(document, movements, date=date, **options)
    return document


def owe(amount: Any, customer: int = 1, kind: str = "sale", **options: Any) -> party.PartyMovement:
    """What a customer owes us more (or less)."""
    return party.PartyMovement(f"customers/{customer}", kind, Decimal(amount), **options)


def post_party(*movements: party.PartyMovement, date: datetime.date = DAY) -> StockAdjustment:
    """A document that changes what customers owe, posted."""
    document = make_document()
    party.post_party(document, movements, date=date)
    return document


def owed(customer: int = 1) -> str:
    """What the customer owes us."""
    statement = sa.select(PartyBalance.balance).where(PartyBalance.party == f"customers/{customer}")
    return str(db.session.scalar(statement))


def balance(code: str = "P1", warehouse: str = "MAIN") -> StockBalance:
    """The balance of a product in a warehouse."""
    statement = sa.select(StockBalance).where(
        StockBalance.product_id == product(code), StockBalance.warehouse_id == place(warehouse)
    )
    return db.session.scalars(statement).one()


def holding(code: str = "P1", warehouse: str = "MAIN") -> tuple[str, str, str]:
    """On hand, value and average cost, as texts."""
    row = balance(code, warehouse)
    return str(row.on_hand), str(row.value), str(row.average_cost)


def cost(code: str = "P1") -> str:
    """What the product costs."""
    return str(db.session.scalar(sa.select(Product.cost).where(Product.code == code)))


def entries(document: StockAdjustment) -> list[tuple[str, str, str]]:
    """Quantity, unit cost and amount of the document's entries."""
    statement = sa.select(StockEntry).where(StockEntry.document_id == document.id).order_by(StockEntry.id)
    return [(str(entry.quantity), str(entry.unit_cost), str(entry.amount)) for entry in db.session.scalars(statement)]


@contextmanager
def counted() -> Iterator[list[str]]:
    """The SQL that the block sends, one for each statement however many rows it carries."""
    found: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        found.append(statement)

    sa.event.listen(db.db.engine, "before_cursor_execute", note)
    try:
        yield found
    finally:
        sa.event.remove(db.db.engine, "before_cursor_execute", note)
