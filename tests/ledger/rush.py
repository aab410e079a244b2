"""What the processes of a rush do: each posts on its own connection, one transaction at a time."""

from __future__ import annotations

import datetime
from collections import Counter
from collections.abc import Callable
from typing import Any

import sqlalchemy as sa

from app.core import db
from app.ledger import party, periods, stock
from tests.ledger.warehouse import DAY, at_work, coming, going, make_document, moving, owe
from tests.support.process import ready_made


def rush(url: str, work: Callable[..., str], rounds: int, processes: int = 4) -> Counter[str]:
    """``work(process, round)`` done ``rounds`` times by each of ``processes`` at once; how often what came of it."""
    context = ready_made()
    start, outcomes = context.Event(), context.Queue()
    workers = [
        context.Process(target=_work, args=(url, work, number, rounds, start, outcomes), daemon=True)
        for number in range(processes)
    ]
    for worker in workers:
        worker.start()
    ready = [outcomes.get(timeout=120) for _worker in workers]
    assert ready == ["ready"] * processes, ready
    start.set()
    found: Counter[str] = Counter()
    for _worker in workers:
        found += outcomes.get(timeout=170)
    for worker in workers:
        worker.join(timeout=30)
    return found


def _work(url: str, work: Callable[..., str], number: int, rounds: int, start: Any, outcomes: Any) -> None:
    found: Counter[str] = Counter()
    with at_work(url):
        outcomes.put("ready")
        start.wait()
        for turn in range(rounds):
            try:
                found[work(number, turn)] += 1
            except Exception as error:
                found[f"{type(error).__name__}: {error}"] += 1
    outcomes.put(found)


def withdraw(_number: int, _turn: int) -> str:
    """Sell one of P1."""
    try:
        with db.transaction():
            stock.post(make_document(), [going(1)], date=DAY)
    except stock.NotEnoughStock:
        return "refused"
    return "sold"


def cross(number: int, turn: int) -> str:
    """Move P1 and P2 between warehouses, every other process the other way round and naming them in the other order."""
    lines = [("P1", "MAIN", "EAST"), ("P2", "EAST", "MAIN"), ("P3", "MAIN", "EAST")]
    if (number + turn) % 2:
        lines = [(code, target, source) for code, source, target in reversed(lines)]
    with db.transaction():
        document = make_document()
        stock.post(
            document,
            [each for code, source, target in lines for each in moving(1, code=code, source=source, target=target)],
            date=DAY,
        )
    return "moved"


def open_balances(number: int, turn: int) -> str:
    """Bring in products that nobody has had yet, each process in an order of its own."""
    codes = [f"R{turn}-{each}" for each in range(6)]
    codes = codes[number:] + codes[:number]
    with db.transaction():
        stock.post(
            make_document(),
            [coming(1, 5, code=code, warehouse=("MAIN", "EAST")[number % 2]) for code in codes],
            date=DAY,
        )
    return "brought"


def edit_or_open(number: int, turn: int) -> str:
    """Bring in products that nobody has had yet while another process edits them, as an import does."""
    if number % 2 == 0:
        return open_balances(number, turn)
    from app.domains.catalog.models import Product

    with db.transaction() as session:
        codes = Product.code.in_([f"R{turn}-{each}" for each in range(6)])
        for product in session.scalars(db.locked(sa.select(Product).where(codes).order_by(Product.id), Product)):
            product.spec = f"edited by {number}, {product.code}"
            session.flush()
    return "edited"


def owe_across(number: int, turn: int) -> str:
    """Change what three customers owe, each process naming them in another order, and take every third posting back."""
    customers = [1, 2, 3]
    customers = customers[number % 3 :] + customers[: number % 3]
    with db.transaction():
        document = make_document()
        party.post_party(document, [owe("10.01", each) for each in customers], date=DAY)
        if turn % 3 == 2:
            party.reverse_party(document, date=DAY)
    return "posted"


def owe_or_edit(number: int, turn: int) -> str:
    """Change what customers owe while another process edits them, as an import does."""
    if number % 2 == 0:
        return owe_across(number, turn)
    from app.domains.crm.models import Customer

    with db.transaction() as session:
        for customer in session.scalars(db.locked(sa.select(Customer).order_by(Customer.id), Customer)):
            customer.address = f"edited by {number}, {turn}"
            session.flush()
    return "edited"


def both_books(number: int, turn: int) -> str:
    """Sell goods, the party locked first: one process by way of both books, another of the party book alone."""
    with db.transaction():
        document = make_document()
        if number % 2:
            party.lock(["customers/1", "customers/2"])
            stock.post(document, [going(1)], date=DAY)
        party.post_party(document, [owe("5", 2), owe("5", 1)], date=DAY)
    return "posted"


def close_or_post(number: int, turn: int) -> str:
    """One process closes day after day, the others post on the day that is being closed."""
    day = DAY + datetime.timedelta(days=turn)
    try:
        with db.transaction():
            if number == 0:
                periods.close(day)
                return "closed"
            stock.post(make_document(), [coming(1, 1)], date=day)
            party.post_party(make_document(), [owe("1")], date=day)
    except periods.PeriodClosed:
        return "refused"
    return "posted"


def take_back(number: int, turn: int) -> str:
    """Reverse a document that every process reverses at the same time."""
    from app.domains.stock.models import StockAdjustment

    try:
        with db.transaction() as session:
            stock.reverse(session.get_one(StockAdjustment, turn + 1), date=DAY)
    except stock.AlreadyReversed:
        return "refused"
    return "reversed"
