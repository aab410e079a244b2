"""Back-dating: on an earlier day nothing is taken that a later day would then lack."""

import datetime
from decimal import Decimal

import pytest
import sqlalchemy as sa

from app.core import db
from app.core.errors import Conflict, Invalid
from app.domains.stock.models import Warehouse
from app.ledger import explain, party, periods, stock, verify
from tests.ledger.warehouse import (
    balance,
    coming,
    counted,
    going,
    holding,
    make_document,
    moving,
    owe,
    place,
    post,
    post_party,
    product,
)


@pytest.fixture(autouse=True)
def _work(work):
    """Everything here is done in the warehouse."""


def day(number):
    return datetime.date(2026, 3, number)


def at(number, code="P1", warehouse="MAIN"):
    statement = explain.stock_at(day(number), warehouse_id=place(warehouse), product_id=product(code))
    _balance, on_hand, value = db.session.execute(statement).one()
    return str(Decimal(on_hand)), str(Decimal(value))


def test_what_was_there_then_can_be_taken():
    post(coming(10, 2), date=day(1))
    post(going(4), date=day(10))
    post(going(6), date=day(5))
    assert [at(each)[0] for each in (1, 5, 9, 10)] == ["10.0000", "4.0000", "4.0000", "0.0000"]
    assert holding() == ("0.0000", "0.00", "0.000000")


def test_what_a_later_day_needs_can_not():
    post(coming(10, 2), date=day(1))
    post(going(8), date=day(10))
    post(coming(10, 2), date=day(20))
    with pytest.raises(stock.NotEnoughStock) as refused:
        post(going(3, line=0), date=day(5))
    assert "2026-03-10" in refused.value.errors["lines.0.quantity"][0]
    db.session.rollback()


def test_goods_can_not_leave_before_they_came():
    post(coming(10, 2), date=day(10))
    with pytest.raises(stock.NotEnoughStock, match="2026-03-05"):
        post(going(1), date=day(5))


def test_the_day_itself_counts_at_its_end():
    post(coming(10, 2), date=day(10))
    post(going(10), date=day(10))
    post(coming(3, 2), date=day(12))
    with pytest.raises(stock.NotEnoughStock):
        post(going(1), date=day(10))
    db.session.rollback()


def test_what_comes_and_goes_in_one_document_is_counted_together():
    post(coming(10, 2), date=day(10))
    post(coming(5, 2), going(5), date=day(1))
    assert at(1)[0] == "0.0000"


def test_a_warehouse_may_allow_it():
    post(coming(10, 2, warehouse="LOOSE"), date=day(10))
    post(going(1, warehouse="LOOSE"), date=day(5))
    assert at(5, warehouse="LOOSE")[0] == "-1.0000"


def test_each_key_is_looked_at():
    post(coming(10, 2), coming(10, 2, code="P2"), date=day(1))
    post(*moving(10, code="P2"), date=day(10))
    with pytest.raises(stock.NotEnoughStock, match="P2"):
        post(going(1), going(1, code="P2"), coming(1, 2, code="P2", warehouse="EAST"), date=day(5))
    db.session.rollback()


def test_a_reversal_too():
    receipt = post(coming(10, 2), date=day(1))
    post(going(8), date=day(10))
    post(coming(10, 2), date=day(20))
    with pytest.raises(stock.NotEnoughStock, match="2026-03-10"):
        stock.reverse(receipt, date=day(10))
    stock.reverse(receipt, date=day(20))
    assert (at(10)[0], at(20)[0]) == ("2.0000", "2.0000")


def test_a_reversal_is_not_dated_before_the_posting():
    receipt = post(coming(10, 2), date=day(10))
    with pytest.raises(Invalid) as refused:
        stock.reverse(receipt, date=day(9))
    assert "date" in refused.value.errors


def test_the_future_is_refused():
    with pytest.raises(Invalid) as refused:
        post(coming(1, 1), date=datetime.date(2999, 1, 1))
    assert "date" in refused.value.errors


def test_the_average_follows_the_order_of_posting():
    post(coming(10, 2), date=day(1))
    post(going(5), date=day(10))
    post(coming(5, 8), date=day(5))
    # What left on the 10th left at 2.00, though on the 5th dearer goods had come.
    assert holding() == ("10.0000", "50.00", "5.000000")
    assert at(5) == ("15.0000", "60.00")
    assert verify.differences() == []


class TestCost:
    def cost_of(self, *movements, on):
        document = make_document()
        db.session.flush()
        with counted() as statements:
            stock.post(document, movements, date=on)
        return [each for each in statements if "sum(stock_entries.quantity)" in each]

    def test_nothing_is_asked_when_nothing_happened_later(self):
        post(coming(10, 2), date=day(10))
        assert self.cost_of(going(1), on=day(10)) == []
        assert self.cost_of(coming(1, 2), on=day(5)) == []

    def test_one_statement_for_all_keys(self):
        goods = [coming(10, 2, code=f"P{each}", warehouse=where) for each in range(1, 6) for where in ("MAIN", "EAST")]
        post(*goods, date=day(1))
        post(*goods, date=day(10))
        out = [going(1, code=f"P{each}", warehouse=where) for each in range(1, 6) for where in ("MAIN", "EAST")]
        assert len(self.cost_of(*out, on=day(5))) == 1


def test_a_balance_knows_its_latest_day():
    post(coming(10, 2), date=day(10))
    post(coming(10, 2), date=day(5))
    assert balance().moved_on == day(10)


class TestClosed:
    def test_both_books_refuse(self):
        receipt, charge = post(coming(10, 2), date=day(5)), post_party(owe(5), date=day(5))
        periods.close(day(10))
        for act in (
            lambda: post(coming(1, 1), date=day(10)),
            lambda: post_party(owe(1), date=day(10)),
            lambda: stock.reverse(receipt, date=day(10)),
            lambda: party.reverse_party(charge, date=day(10)),
        ):
            with pytest.raises(periods.PeriodClosed, match="2026-03-10"):
                act()
        stock.reverse(receipt)
        post(coming(1, 1), date=day(11))
        assert at(10) == ("10.0000", "20.00")

    def test_reopened_it_takes_them_again(self):
        periods.close(day(5))
        periods.close(day(10))
        assert [period.until for period in periods.reopen(day(5))] == [day(10)]
        post(coming(1, 1), date=day(6))
        with pytest.raises(periods.PeriodClosed):
            post(coming(1, 1), date=day(5))

    def test_it_has_to_be_later_and_not_to_come(self):
        periods.close(day(5))
        with pytest.raises(Conflict):
            periods.close(day(5))
        with pytest.raises(Invalid):
            periods.close(datetime.date(2999, 1, 1))
        with pytest.raises(Conflict):
            periods.reopen(day(5))


def test_a_warehouse_that_no_longer_allows_it():
    """What was below zero then stays so; it may be filled up, not drained further."""
    post(going(5, warehouse="LOOSE"), date=day(5))
    post(coming(20, 2, warehouse="LOOSE"), date=day(10))
    db.session.execute(sa.update(Warehouse).values(allow_negative=False))
    with pytest.raises(stock.NotEnoughStock):
        post(going(1, warehouse="LOOSE"), date=day(6))
    post(coming(1, 2, warehouse="LOOSE"), date=day(6))
