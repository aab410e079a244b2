"""Posting: what comes and goes, at which cost, and what is refused."""

from decimal import Decimal

import pytest
import sqlalchemy as sa

from app.core import db, identity
from app.core.errors import Invalid
from app.domains.catalog.models import Product
from app.ledger import events, figures, stock, verify
from app.ledger.models import StockBalance, StockEntry
from tests.ledger.warehouse import (
    DAY,
    balance,
    coming,
    cost,
    counted,
    entries,
    going,
    holding,
    make_document,
    make_product,
    moving,
    place,
    post,
    product,
)


@pytest.fixture(autouse=True)
def _work(work):
    """Everything here is done in the warehouse."""


@pytest.fixture
def reserve():
    """``reserve(quantity)``: so much of P1 is reserved in MAIN."""
    promised = {}
    figures.register("reserved", lambda connection, keys: promised)

    def set_aside(quantity):
        promised[place(), product()] = Decimal(quantity)

    return set_aside


class TestMovingAverage:
    def test_receipts_are_averaged(self):
        post(coming(10, 10), coming(10, 1))
        assert holding() == ("20.0000", "110.00", "5.500000")

    def test_a_withdrawal_takes_the_average(self):
        post(coming(3, "3.333333"))
        document = post(going(1))
        assert entries(document) == [("-1.0000", "3.333333", "-3.33")]
        assert holding() == ("2.0000", "6.67", "3.335000")

    def test_the_one_that_empties_takes_the_whole_value(self):
        post(coming(3, "3.333333"))
        post(going(1))
        post(going(1))
        assert entries(post(going(1))) == [("-1.0000", "3.330000", "-3.33")]
        assert holding() == ("0.0000", "0.00", "0.000000")
        assert verify.differences() == []

    def test_movements_of_one_product_follow_each_other(self):
        document = post(coming(2, 5), going(1), coming(1, 8), going(2))
        assert [amount for _quantity, _cost, amount in entries(document)] == ["10.00", "-5.00", "8.00", "-13.00"]
        assert holding() == ("0.0000", "0.00", "0.000000")

    def test_it_tells_the_amounts(self):
        assert stock.post(make_document(), [coming(2, 5), going(1)], date=DAY) == [Decimal("10.00"), Decimal("-5.00")]

    def test_what_changes_its_place_keeps_its_amount(self):
        post(coming(3, "3.333333"), coming(1, 9, warehouse="EAST"))
        post(*moving(2))
        assert holding() == ("1.0000", "3.33", "3.330000")
        assert holding(warehouse="EAST") == ("3.0000", "15.67", "5.223333")

    def test_the_products_cost_is_the_average_over_our_own_warehouses(self):
        post(coming(10, 10), coming(10, 1, warehouse="EAST"))
        assert cost() == "5.500000"
        post(*moving(10, target="LOAN"))
        assert cost() == "1.000000"

    def test_a_product_that_is_gone_keeps_its_cost(self):
        post(coming(2, 7))
        post(going(2))
        assert cost() == "7.000000"


class TestEntry:
    def test_says_what_who_when_and_why(self):
        document = make_document()
        stock.post(document, [coming(2, 5, customer_id=1)], date=DAY)
        entry = db.session.scalars(sa.select(StockEntry)).one()
        assert (entry.document_kind, entry.document_id, entry.document_number) == (
            "stock-adjustments",
            document.id,
            document.number,
        )
        assert (entry.date, str(entry.customer), entry.warehouse_id, entry.product_id) == (
            DAY,
            "C00001 北京科技",
            place(),
            product(),
        )
        assert entry.at is not None and entry.reverses is None and entry.version == 1

    def test_the_document_takes_its_number(self):
        document = make_document()
        assert document.number is None
        stock.post(document, [coming(1, 1)], date=DAY)
        assert document.number == "SA2026-00001"

    def test_nobody_writes_the_book_by_hand(self):
        db.session.add(StockEntry(document_number="X"))
        with pytest.raises(RuntimeError):
            db.session.flush()
        db.session.rollback()

    def test_it_is_found_by_document_product_and_warehouse(self):
        post(coming(1, 1), coming(1, 1, code="P2"))
        for text, count in (("%sa2026%", 2), ("%valve p2%", 1), ("%main%", 2), ("%east%", 0)):
            found = db.session.scalars(
                sa.select(StockEntry).where(StockEntry.search_text.like(text, escape="\\"))
            ).all()
            assert len(found) == count, text
        assert len(db.session.scalars(sa.select(StockBalance).where(StockBalance.search_text.like("%p2%"))).all()) == 1


class TestRefusal:
    def test_what_would_go_negative(self):
        post(coming(3, 5))
        with pytest.raises(stock.NotEnoughStock) as refusal:
            post(going("3.0001", line=4))
        assert refusal.value.status == 422
        assert (refusal.value.product, refusal.value.on_hand, refusal.value.asked) == (
            "P1 Valve P1",
            3,
            Decimal("3.0001"),
        )
        assert refusal.value.message.startswith(
            "There is not enough of P1 Valve P1: 3 can be taken, 3.0001 are asked for."
        )
        assert refusal.value.errors == {"lines.4.quantity": [refusal.value.message]}

    def test_every_line_that_is_short_is_told(self):
        post(coming(10, 5), coming(1, 5, code="P2"))
        with pytest.raises(stock.NotEnoughStock) as refusal:
            post(going(6, line=0), going(6, line=1), going(4, line=2), going(2, code="P2", line=3))
        assert sorted(refusal.value.errors) == ["lines.1.quantity", "lines.3.quantity"]
        assert refusal.value.on_hand == 4

    def test_it_writes_nothing(self):
        post(coming(3, 5))
        db.session.commit()
        document = make_document()
        with pytest.raises(stock.NotEnoughStock):
            stock.post(document, [going(1), going(1, code="P2")], date=DAY)
        assert document.number is None and entries(document) == []
        assert holding()[0] == "3.0000"

    def test_an_order_of_lines_that_would_go_negative_in_between(self):
        with pytest.raises(stock.NotEnoughStock):
            post(going(1), coming(1, 5))

    def test_goods_that_do_not_leave_do_not_arrive(self):
        with pytest.raises(stock.NotEnoughStock):
            post(*moving(1))

    @pytest.mark.parametrize(
        ("quantity", "unit_cost", "field"), [("0", "1", "quantity"), ("1", None, "unit_cost"), ("1", "-1", "unit_cost")]
    )
    def test_what_is_unclear(self, quantity, unit_cost, field):
        movement = stock.Movement(
            place(), product(), Decimal(quantity), None if unit_cost is None else Decimal(unit_cost), line=2
        )
        with pytest.raises(Invalid) as refusal:
            post(movement)
        assert list(refusal.value.errors) == [f"lines.2.{field}"]

    def test_more_than_the_books_can_hold(self):
        with pytest.raises(Invalid) as refusal:
            post(coming("99999999999999", "999999", line=0))
        assert list(refusal.value.errors) == ["lines.0.quantity"]

    def test_surplus_decimals_are_a_mistake_of_the_caller(self):
        with pytest.raises(ValueError):
            going("0.00001")

    def test_a_day_that_is_closed(self):
        class Closed(Invalid):
            pass

        def closed(connection, day):
            raise Closed({"date": [str(day)]})

        events.before_posting(closed)
        with pytest.raises(Closed):
            post(coming(1, 1))

    def test_what_is_reserved_stays_when_asked_for(self, reserve):
        post(coming(10, 5))
        reserve(8)
        with pytest.raises(stock.NotEnoughStock) as refusal:
            post(going(3), keep_reserved=True)
        assert refusal.value.on_hand == 2
        post(going(2), keep_reserved=True)
        post(going(3))
        assert holding()[0] == "5.0000"


class TestNegative:
    def test_a_warehouse_may_allow_it(self):
        post(coming(2, 5, warehouse="LOOSE"))
        post(going(3, warehouse="LOOSE"))
        assert holding(warehouse="LOOSE") == ("-1.0000", "-5.00", "5.000000")

    def test_out_of_nothing_at_the_products_cost(self):
        post(coming(1, 7))
        assert entries(post(going(2, warehouse="LOOSE"))) == [("-2.0000", "7.000000", "-14.00")]

    def test_what_comes_later_makes_up_for_the_guess(self):
        post(coming(1, 10, warehouse="LOOSE"), going(3, warehouse="LOOSE"))
        document = post(coming(5, 4, warehouse="LOOSE"))
        assert entries(document) == [("5.0000", "4.000000", "20.00"), ("0.0000", "0.000000", "12.00")]
        assert holding(warehouse="LOOSE") == ("3.0000", "12.00", "4.000000")
        assert verify.differences() == []


class TestCritical:
    @pytest.fixture
    def told(self):
        heard = []
        events.on_critical(heard.extend)
        return heard

    def test_when_what_is_available_is_used_up(self, told, reserve):
        post(coming(10, 5), coming(10, 5, code="P2"))
        reserve(6)
        post(going(3), going(1, code="P2"))
        assert told == []
        post(going(1))
        assert told == [(place(), product())]
        post(going(1))
        assert told == [(place(), product())]

    def test_the_balance_is_written_by_then(self, told):
        seen = []
        events.on_critical(lambda _keys: seen.append(holding()[0]))
        post(coming(1, 5))
        post(going(1))
        assert seen == ["0.0000"]

    def test_not_where_goods_are_on_loan(self, told):
        post(coming(1, 5))
        post(*moving(1, target="LOAN"))
        told.clear()
        post(*moving(1, source="LOAN", target="MAIN"))
        assert told == []


class TestSession:
    def test_reads_what_was_written_behind_its_back(self):
        post(coming(1, 5))
        row = balance()
        goods = db.session.get(Product, product())
        assert (row.on_hand, goods.cost) == (1, 5)
        post(coming(1, 7))
        assert (row.on_hand, goods.cost) == (2, 6)

    def test_a_products_version_stays(self):
        before = db.session.get(Product, product()).version
        post(coming(1, 5))
        db.session.expire_all()
        assert db.session.get(Product, product()).version == before

    def test_the_acting_user_is_kept(self):
        from app.core.entity import User

        db.session.add(User(first_name="Wei", last_name="", username="wei", email="wei@kehu.test"))
        db.session.flush()
        who = db.session.scalar(sa.select(User.id))
        with identity.acting_as(identity.Actor(who, "Wei", is_admin=True)):
            post(coming(1, 5))
        assert balance().changed_by_id == who
        assert db.session.scalars(sa.select(StockEntry)).one().created_by_id == who


class TestCost:
    """How many statements a posting takes: the same for any number of lines."""

    @staticmethod
    def posting_of(count, codes):
        document = make_document()
        movements = [coming(2, 3, code=code) for code in codes[:count]] + [
            going(1, code=code) for code in codes[:count]
        ]
        with counted() as sent:
            stock.post(document, movements, date=DAY)
        return len(sent)

    def test_statements_do_not_grow_with_the_lines(self):
        codes = [make_product(f"N{number}").code for number in range(200)]
        first = self.posting_of(200, codes)
        assert first <= 16  # of which two hold and read the last closing
        assert self.posting_of(1, codes) <= first
        assert self.posting_of(200, codes) <= 11  # on PostgreSQL, whose lock keeps the books from being closed

    def test_a_reversal_neither(self):
        codes = [make_product(f"N{number}").code for number in range(200)]
        counts = []
        for count in (1, 200):
            document = make_document()
            stock.post(document, [coming(2, 3, code=code) for code in codes[:count]], date=DAY)
            db.session.flush()
            with counted() as sent:
                stock.reverse(document, date=DAY)
            counts.append(len(sent))
        assert counts[0] == counts[1] <= 11
