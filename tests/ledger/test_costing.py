"""What stock is worth: the arithmetic alone."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.ledger.costing import ZERO, Holding

D = Decimal


def held(on_hand: str, value: str) -> Holding:
    return Holding(D(on_hand), D(value))


class TestWithdraw:
    def test_takes_the_moving_average(self):
        holding = held("3", "10.00")
        assert holding.withdraw(D(1), ZERO) == (D("3.333333"), D("3.33"))
        assert (holding.on_hand, holding.value) == (2, D("6.67"))

    def test_the_one_that_empties_takes_the_whole_value(self):
        holding = held("3", "10.00")
        assert [holding.withdraw(D(1), ZERO)[1] for _ in range(3)] == [D("3.33"), D("3.34"), D("3.33")]
        assert (holding.on_hand, holding.value) == (0, 0)

    def test_takes_no_more_than_there_is(self):
        # 0.01 over 2,000,000 is 0.000000005: rounded up to nothing; and 1.50 over 2,000,000 rounds up to 0.000001.
        holding = held("2000000", "1.50")
        assert holding.withdraw(D(1_999_999), ZERO) == (D("0.000001"), D("1.50"))
        assert holding.value == 0

    def test_what_is_taken_beyond_nothing_is_valued_as_what_was_there(self):
        holding = held("3", "10.00")
        assert holding.withdraw(D(5), D(99))[1] == D("16.67")
        assert (holding.on_hand, holding.value) == (-2, D("-6.67"))

    def test_from_nothing_at_the_cost_known_otherwise(self):
        holding = held("0", "0.00")
        assert holding.withdraw(D(2), D("7.50")) == (D("7.50"), D("15.00"))


class TestReceive:
    def test_needs_no_correction_when_nothing_was_missing(self):
        holding = held("1", "4.00")
        assert holding.receive(D(1), D(2), D("2.00")) == 0
        assert holding.average == 3

    def test_makes_up_for_a_guess(self):
        # Two went out at 10 before they came; they cost 4.
        holding = held("-2", "-20.00")
        assert holding.receive(D(5), D(4), D("20.00")) == D("12.00")
        assert (holding.on_hand, holding.value) == (3, D("12.00"))

    def test_keeps_the_guess_for_what_is_still_missing(self):
        holding = held("-2", "-20.00")
        assert holding.receive(D(1), D(4), D("4.00")) == D("6.00")
        assert (holding.on_hand, holding.value) == (-1, D("-10.00"))


class TestSettle:
    def test_nothing_on_hand_is_worth_nothing(self):
        assert held("0", "-45.00").settle(D("5.5")) == D("45.00")

    def test_what_is_left_is_valued_at_the_average(self):
        holding = held("2", "-3.00")
        assert holding.settle(D("5.5")) == D("14.00")
        assert holding.value == D("11.00")

    @pytest.mark.parametrize(("on_hand", "value"), [("2", "3.00"), ("2", "0.00"), ("-2", "-3.00"), ("0", "0.00")])
    def test_leaves_alone_what_can_be(self, on_hand, value):
        assert held(on_hand, value).settle(D(1)) == 0


QUANTITIES = st.decimals("0.0001", "1000000", places=4)
COSTS = st.decimals("0", "100000", places=6)


@given(st.lists(st.tuples(st.booleans(), QUANTITIES, COSTS), max_size=30))
def test_the_value_has_the_sign_of_the_quantity(moves):
    holding, quantities, amounts = held("0", "0.00"), ZERO, ZERO
    for comes, quantity, cost in moves:
        if comes:
            amount = (quantity * cost).quantize(D("0.01"), rounding="ROUND_HALF_UP")
            amounts += amount + holding.receive(quantity, cost, amount)
            quantities += quantity
        else:
            amounts -= holding.withdraw(quantity, cost)[1]
            quantities -= quantity
        assert holding.on_hand * holding.value >= 0
        assert holding.on_hand != 0 or holding.value == 0
        assert (holding.on_hand, holding.value) == (quantities, amounts)
