"""Posting, reversing and checking over 100,000 balances and entries, beside as many bare INSERTs and UPDATEs."""

from __future__ import annotations

import random
import tempfile
import time
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import sqlalchemy as sa

import app.models  # noqa: F401 (every table: the book names customers by class)
from app.core import clock, db, identity
from app.domains.stock.models import StockAdjustment
from app.ledger import stock, verify
from app.ledger.models import StockBalance, StockEntry
from app.ledger.seals import seal
from bench.company import ROWS, insert, make_app, timed

WAREHOUSES = 4
PRODUCTS = ROWS // WAREHOUSES
SIZES = ((1, 100), (100, 10), (1000, 3))  # lines of a document, and how many documents are posted
SCALES = {"quantity": 4, "unit_cost": 6, "amount": 2, "on_hand": 4, "average_cost": 6, "value": 2}


def run(url: str) -> list[tuple[str, float, str, float]]:
    """(name, measured, unit, raw limit) of each; ``url`` "" is SQLite."""
    dice = random.Random(20)
    with tempfile.TemporaryDirectory() as folder:
        application = make_app(Path(folder), url)
        # A request's context: messages are told in somebody's language.
        with application.test_request_context():
            db.set_reading(False)
            with db.transaction(identity.system()):
                _fill()
            with db.db.engine.connect() as connection:
                connection.exec_driver_sql("ANALYZE")
                connection.commit()
            found = []
            for lines, documents in SIZES:
                raw = _per_document(_plainly, _keys(dice, lines, documents))
                orders = list(zip(_drafts(documents), _keys(dice, lines, documents), strict=True))
                found.append((f"post a document of {_lines(lines)}", _per_document(_post, orders), "ms", raw))
                posted = [document for document, _keys_of_it in orders]
                found.append((f"reverse a document of {_lines(lines)}", _per_document(_reverse, posted), "ms", raw))
            found.append((f"check {ROWS:,} balances against their entries", timed(_check, 3), "ms", timed(_sums, 3)))
            db.session.remove()
            db.db.engine.dispose()
    return found


def _lines(count: int) -> str:
    return "1 line" if count == 1 else f"{count:,} lines"


def _keys(dice: random.Random, lines: int, documents: int) -> list[list[tuple[int, int]]]:
    """What each document moves: one warehouse, different products."""
    return [
        [(warehouse, product) for product in dice.sample(range(1, PRODUCTS + 1), lines)]
        for warehouse in (dice.randint(1, WAREHOUSES) for _ in range(documents))
    ]


def _per_document(work: Callable[[Any], None], documents: list[Any]) -> float:
    """Milliseconds that ``work`` takes for one of ``documents``, on average."""
    start = time.perf_counter()
    for document in documents:
        work(document)
    return (time.perf_counter() - start) * 1000 / len(documents)


def _drafts(count: int) -> list[int]:
    """The ids of ``count`` new drafts."""
    with db.transaction(identity.system()) as session:
        documents = [StockAdjustment(warehouse_id=1, date=clock.today()) for _ in range(count)]
        session.add_all(documents)
        session.flush()
        return [document.id for document in documents]


def _post(order: tuple[int, list[tuple[int, int]]]) -> None:
    """Take one of each, in a transaction of its own."""
    document_id, keys = order
    with db.transaction(identity.system()) as session:
        document = session.get_one(StockAdjustment, document_id)
        movements = [stock.Movement(warehouse, product, Decimal(-1)) for warehouse, product in keys]
        stock.post(document, movements, date=document.date)


def _reverse(document_id: int) -> None:
    with db.transaction(identity.system()) as session:
        stock.reverse(session.get_one(StockAdjustment, document_id))


def _plainly(keys: list[tuple[int, int]]) -> None:
    """The same by bare SQL: for each key an INSERT and an UPDATE, all in one transaction.  It is rolled back."""
    with db.db.engine.connect() as connection:
        is_sqlite = connection.dialect.name == "sqlite"
        mark = "?" if is_sqlite else "%s"
        moment = clock.now().replace(tzinfo=None).isoformat(" ") if is_sqlite else clock.now()
        entry = {
            **dict.fromkeys(("at", "created_on", "changed_on"), moment),
            "date": clock.today().isoformat(),
            **{
                name: _stored(value, name, is_sqlite)
                for name, value in (("quantity", -1), ("unit_cost", 5), ("amount", -5))
            },
            "document_kind": "bench",
            "document_id": 1,
            "document_number": "B-1",
            "version": 1,
        }
        columns = [*entry, "warehouse_id", "product_id"]
        add = f"INSERT INTO stock_entries ({', '.join(columns)}) VALUES ({', '.join(mark for _ in columns)})"
        change = (
            f"UPDATE stock_balances SET on_hand = on_hand - {mark}, value = value - {mark}, average_cost = {mark}, "
            f"version = version + 1, changed_on = {mark} WHERE warehouse_id = {mark} AND product_id = {mark}"
        )
        change_by = tuple(
            _stored(value, name, is_sqlite) for name, value in (("on_hand", 1), ("value", 5), ("average_cost", 5))
        )
        for key in keys:
            connection.exec_driver_sql(add, (*entry.values(), *key))
            connection.exec_driver_sql(change, (*change_by, moment, *key))
        connection.rollback()


def _stored(value: int, name: str, is_sqlite: bool) -> Any:
    return value * 10 ** SCALES[name] if is_sqlite else Decimal(value)


def _check() -> None:
    with db.transaction(identity.system()):
        found = verify.differences()
    assert found == [], found[:3]


def _sums() -> None:
    """What the entries add up to, and every balance, by bare SQL."""
    with db.db.engine.connect() as connection:
        connection.exec_driver_sql(
            "SELECT warehouse_id, product_id, sum(quantity), sum(amount) FROM stock_entries GROUP BY 1, 2"
        ).all()
        connection.exec_driver_sql("SELECT warehouse_id, product_id, on_hand, value FROM stock_balances").all()


def _fill() -> None:
    """Warehouses and products, and 1,000 of every product at 5 in every warehouse: an entry each, 100 a document."""
    insert("units", [{"id": 1, "name": "piece", "decimals": 0}])
    insert(
        "warehouses",
        [
            {"id": number, "code": f"W{number}", "name": f"Warehouse {number}", "kind": "internal"}
            for number in range(1, WAREHOUSES + 1)
        ],
    )
    insert(
        "products",
        [
            {
                "id": number,
                "code": f"B{number:06d}",
                "name": f"Valve {number}",
                "unit_id": 1,
                "tax_rate": Decimal("0.13"),
                "list_price": Decimal(10),
                "cost": Decimal(5),
            }
            for number in range(1, PRODUCTS + 1)
        ],
    )
    moment = clock.now()
    stamps = {"created_on": moment, "changed_on": moment, "version": 1}
    goods = {"quantity": Decimal(1000), "unit_cost": Decimal(5), "amount": Decimal(5000)}
    held = {"on_hand": Decimal(1000), "average_cost": Decimal(5), "value": Decimal(5000), "moved_on": clock.today()}
    nobody = {"customer_id": None, "reverses_id": None, "created_by_id": None}
    opening = {
        "at": moment,
        "date": clock.today(),
        "document_kind": "stock-adjustments",
    }
    keys = [
        {"warehouse_id": warehouse, "product_id": product}
        for warehouse in range(1, WAREHOUSES + 1)
        for product in range(1, PRODUCTS + 1)
    ]
    connection = db.session.connection()
    entries = [
        stamps
        | opening
        | goods
        | nobody
        | key
        | {"document_id": number // 100 + 1, "document_number": f"B-{number // 100 + 1}"}
        for number, key in enumerate(keys)
    ]
    # Without ids: a new table gives them from 1 on, and goes on from there.
    insert(
        "stock-adjustments",
        [
            {"number": f"B-{number + 1}", "date": clock.today(), "state": "posted", "warehouse_id": 1}
            for number in range(-(-len(keys) // 100))
        ],
    )
    for entry in entries:
        entry["seal"] = seal("stock_entries", entry)
    connection.execute(sa.insert(StockEntry.__table__), entries)
    connection.execute(sa.insert(StockBalance.__table__), [stamps | held | key for key in keys])
