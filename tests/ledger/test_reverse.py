"""Reversal: the mirror of what was posted, once, and only while it can be taken back."""

import datetime
from decimal import Decimal

import pytest
import sqlalchemy as sa

from app.core import clock, db
from app.core.errors import Conflict
from app.ledger import stock, verify
from app.ledger.models import StockEntry
from tests.ledger.warehouse import DAY, coming, cost, entries, going, holding, make_document, moving, post


@pytest.fixture(autouse=True)
def _work(work):
    """Everything here is done in the warehouse."""


def test_it_writes_the_mirror():
    document = post(coming(3, 5, customer_id=1), coming(2, 4, code="P2"))
    number = document.number
    stock.reverse(document)
    assert entries(document)[2:] == [("-2.0000", "4.000000", "-8.00"), ("-3.0000", "5.000000", "-15.00")]
    mirror = db.session.scalars(sa.select(StockEntry).order_by(StockEntry.id.desc())).first()
    assert mirror.reverses.quantity == 3 and mirror.customer_id == 1 and mirror.document_number == number
    assert holding() == ("0.0000", "0.00", "0.000000")
    assert verify.differences() == []


def test_a_withdrawal_comes_back_at_what_it_left_with():
    post(coming(10, 10))
    document = post(going(4))
    post(coming(6, 20))
    stock.reverse(document)
    assert holding() == ("16.0000", "220.00", "13.750000")
    assert cost() == "13.750000"


def test_a_move_goes_back():
    post(coming(3, "3.333333"))
    before = holding()
    document = post(*moving(2))
    stock.reverse(document)
    assert (holding(), holding(warehouse="EAST")) == (before, ("0.0000", "0.00", "0.000000"))


def test_once():
    document = post(coming(3, 5))
    stock.reverse(document)
    with pytest.raises(stock.AlreadyReversed) as refusal:
        stock.reverse(document)
    assert isinstance(refusal.value, Conflict) and refusal.value.status == 409
    assert len(entries(document)) == 2


def test_what_posted_nothing_has_nothing_to_reverse():
    document = make_document()
    stock.post(document, [], date=DAY)
    stock.reverse(document)
    assert entries(document) == []


def test_a_document_that_posted_twice_is_taken_back_as_a_whole():
    document = make_document()
    stock.post(document, [coming(3, 5)], date=DAY)
    stock.post(document, [going(1)], date=DAY)
    stock.reverse(document)
    assert len(entries(document)) == 4 and holding()[0] == "0.0000"


def test_what_it_posts_after_a_reversal_can_be_reversed_again():
    document = post(coming(3, 5))
    stock.reverse(document)
    stock.post(document, [coming(1, 5)], date=DAY)
    stock.reverse(document)
    assert len(entries(document)) == 4
    assert verify.differences() == []


def test_what_has_left_again_can_not_be_taken_back():
    document = post(coming(3, 5))
    post(going(1))
    with pytest.raises(stock.NotEnoughStock) as refusal:
        stock.reverse(document)
    assert (refusal.value.on_hand, refusal.value.asked) == (2, 3)
    assert "Cancel first what took them out" in refusal.value.message


def test_value_without_goods_is_corrected():
    dear = post(coming(10, 10))
    post(coming(10, 1))
    post(going(10))
    assert holding() == ("10.0000", "55.00", "5.500000")
    stock.reverse(dear)
    assert entries(dear)[1:] == [("-10.0000", "10.000000", "-100.00"), ("0.0000", "0.000000", "45.00")]
    assert holding() == ("0.0000", "0.00", "0.000000")
    assert verify.differences() == []


def test_goods_are_never_worth_less_than_nothing():
    dear = post(coming(10, 10))
    post(coming(20, 1))
    post(going(15))
    stock.reverse(dear)
    assert holding() == ("5.0000", "20.00", "4.000000")
    assert verify.differences() == []


def test_a_correction_is_taken_back_too():
    post(coming(1, 10, warehouse="LOOSE"), going(3, warehouse="LOOSE"))
    before = holding(warehouse="LOOSE")
    document = post(coming(5, 4, warehouse="LOOSE"))
    stock.reverse(document)
    assert holding(warehouse="LOOSE") == before
    assert verify.differences() == []


def test_it_is_dated_today_unless_said_otherwise():
    first, second = post(coming(3, 5)), post(coming(3, 5))
    with clock.stopped(datetime.datetime(2026, 4, 1, 9)):
        stock.reverse(first)
        stock.reverse(second, date=DAY)
    statement = sa.select(StockEntry.date).where(StockEntry.reverses_id.is_not(None)).order_by(StockEntry.id)
    assert list(db.session.scalars(statement)) == [datetime.date(2026, 4, 1), DAY]


def test_within_one_document_what_went_in_last_comes_out_first():
    document = post(coming(3, 5), going(3), coming(2, 4))
    stock.reverse(document)
    assert holding() == ("0.0000", "0.00", "0.000000")
    assert sum(Decimal(amount) for _quantity, _cost, amount in entries(document)) == 0
