"""Figures of a balance that upper layers know: batched, added up, and looked up again when things move."""

from decimal import Decimal

import pytest
import sqlalchemy as sa

from app.core import db
from app.ledger import figures, stock
from app.ledger.models import StockBalance
from tests.ledger.warehouse import balance, coming, counted, place, post, product


@pytest.fixture(autouse=True)
def _work(work):
    """Everything here is done in the warehouse."""


@pytest.fixture
def asked():
    """Reserved: 2 of P1 in MAIN, by one statement; the keys that were asked for, call by call."""
    calls = []

    def reserved(connection, keys):
        calls.append(set(keys))
        connection.execute(sa.select(1))
        return {(place(), product()): Decimal(2), (999, 999): Decimal(9)}

    figures.register("reserved", reserved)
    return calls


def all_balances():
    return db.session.scalars(sa.select(StockBalance).order_by(StockBalance.id)).all()


def test_nothing_is_reserved_where_nobody_says_so():
    post(coming(5, 1))
    assert (balance().reserved, balance().available, balance().incoming) == (0, 5, 0)


def test_what_is_available_is_on_hand_and_not_reserved(asked):
    post(coming(5, 1), coming(4, 1, code="P2"))
    assert [(row.reserved, row.available) for row in all_balances()] == [(2, 3), (0, 4)]


def test_several_contributions_add_up(asked):
    figures.register("reserved", lambda connection, keys: dict.fromkeys(keys, Decimal("0.5")))
    post(coming(5, 1))
    assert balance().reserved == Decimal("2.5")


def test_the_same_contribution_counts_once(asked):
    function = next(iter(figures._registered["reserved"].values()))
    figures.register("reserved", function)
    post(coming(5, 1))
    assert balance().reserved == 2


def test_a_list_asks_once(asked):
    post(coming(5, 1), coming(4, 1, code="P2"), coming(4, 1, code="P3"))
    rows = all_balances()
    asked.clear()
    with counted() as sent:
        assert [row.available for row in rows] == [3, 4, 4]
        assert [row.incoming for row in rows] == [0, 0, 0]
    assert len(asked) == 1
    assert len([statement for statement in sent if statement.startswith("SELECT 1")]) == 1


def test_preloaded_rows_ask_no_more(asked):
    post(coming(5, 1), coming(4, 1, code="P2"))
    rows = all_balances()
    figures.preload(rows)
    with counted() as sent:
        assert [row.available for row in rows] == [3, 4]
    assert sent == []


def test_a_posting_makes_them_be_looked_up_again(asked):
    post(coming(5, 1))
    row = balance()
    assert row.reserved == 2
    asked.clear()
    post(coming(1, 1))
    assert (row.available, len(asked)) == (4, 2)  # once by the posting itself


def test_so_does_a_lock(asked):
    post(coming(5, 1))
    row = balance()
    assert row.reserved == 2
    asked.clear()
    held = stock.lock([(place(), product()), (place("EAST"), product())])
    assert {key: found.on_hand for key, found in held.items()} == {
        (place(), product()): 5,
        (place("EAST"), product()): 0,
    }
    assert row.reserved == 2 and len(asked) == 1


def test_balances_are_found_by_key():
    post(coming(5, 1), coming(4, 1, code="P2"), coming(3, 1, warehouse="EAST"))
    keys = [(place("EAST"), product()), (place(), product("P2")), (place(), product("P5"))]
    condition = figures.among(keys, StockBalance.warehouse_id, StockBalance.product_id)
    assert sorted(db.session.scalars(sa.select(StockBalance.on_hand).where(condition))) == [3, 4]
    assert (
        db.session.scalars(
            sa.select(StockBalance).where(figures.among([], StockBalance.warehouse_id, StockBalance.product_id))
        ).all()
        == []
    )
