"""Whatever is posted and reversed in whatever order: the book adds up, and no value is without goods."""

import random
from contextlib import suppress
from decimal import Decimal

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.core import db
from app.ledger import stock, verify
from app.ledger.models import StockBalance
from tests.ledger.warehouse import DAY, coming, going, make_document, moving, place

PLACES = ("MAIN", "EAST", "LOOSE")
QUANTITIES = st.decimals("0.0001", "50", places=4)
COSTS = st.one_of(
    st.decimals("0", "20", places=6), st.sampled_from([Decimal(0), Decimal("0.000001"), Decimal("99999.999999")])
)
CODES = st.sampled_from(["P1", "P2"])
MOVES = st.one_of(
    st.tuples(st.just("in"), CODES, st.sampled_from(PLACES), QUANTITIES, COSTS),
    st.tuples(st.just("out"), CODES, st.sampled_from(PLACES), QUANTITIES),
    st.tuples(st.just("move"), CODES, st.permutations(PLACES), QUANTITIES),
    st.tuples(st.just("empty"), CODES, st.sampled_from(PLACES)),
)
STEPS = st.lists(st.one_of(st.lists(MOVES, min_size=1, max_size=4), st.integers(0, 20)), min_size=1, max_size=12)


@pytest.fixture(autouse=True)
def _work(work):
    """Everything here is done in the warehouse."""


def movements(move):
    kind, code, where, *rest = move
    if kind == "in":
        return [coming(*rest, code=code, warehouse=where)]
    if kind == "out":
        return [going(*rest, code=code, warehouse=where)]
    if kind == "move":
        return moving(*rest, code=code, source=where[0], target=where[1])
    row = db.session.scalar(
        sa.select(StockBalance.on_hand).where(
            StockBalance.warehouse_id == place(where), StockBalance.product.has(code=code)
        )
    )
    return [going(row, code=code, warehouse=where)] if row and row > 0 else []


def check_signs():
    rows = db.session.execute(
        sa.select(StockBalance.warehouse_id, StockBalance.on_hand, StockBalance.value, StockBalance.average_cost)
    ).all()
    for warehouse_id, on_hand, value, average in rows:
        assert on_hand * value >= 0 and (on_hand != 0 or value == 0) and average >= 0
        if warehouse_id != place("LOOSE"):
            assert on_hand >= 0 and value >= 0
    return rows


@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(STEPS)
def test_the_book_adds_up(steps):
    posted = []
    try:
        for step in steps:
            with suppress(stock.NotEnoughStock, stock.AlreadyReversed):
                if isinstance(step, int):
                    if posted:
                        stock.reverse(posted[step % len(posted)], date=DAY)
                    continue
                document = make_document()
                stock.post(document, [each for move in step for each in movements(move)], date=DAY)
                posted.append(document)
            check_signs()
        assert verify.differences() == []
    finally:
        db.session.rollback()


def test_taking_everything_back_leaves_nothing():
    dice = random.Random(7)
    posted = []
    for _ in range(60):
        code, where = dice.choice(["P1", "P2"]), dice.choice(PLACES[:2])
        quantity = Decimal(dice.randint(1, 100_000)).scaleb(-4)
        document = make_document()
        with suppress(stock.NotEnoughStock):
            goods = (
                coming(quantity, Decimal(dice.randint(0, 10**7)).scaleb(-6), code, where)
                if dice.random() < 0.6
                else going(quantity, code, where)
            )
            stock.post(document, [goods], date=DAY)
            posted.append(document)
    for document in reversed(posted):
        stock.reverse(document, date=DAY)
    assert all(row.on_hand == row.value == row.average_cost == 0 for row in check_signs())
    assert verify.differences() == []
