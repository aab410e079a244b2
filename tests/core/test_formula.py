"""Figures that fields make up: exact, rounded once, half up."""

from __future__ import annotations

from decimal import Decimal

import pytest

from app.core import money
from app.core.formula import Formula

AMOUNT = Formula("quantity * price_incl * (1 - discount)")


@pytest.mark.parametrize(
    ("text", "values", "expected"),
    [
        ("quantity * unit_cost", {"quantity": "0.1", "unit_cost": "0.35"}, "0.04"),
        ("quantity * unit_cost", {"quantity": "-0.1", "unit_cost": "0.35"}, "-0.04"),
        ("amount * rate / (1 + rate)", {"amount": "113.00", "rate": "0.13"}, "13.00"),
        ("a - b - c", {"a": 10, "b": 3, "c": 2}, "5.00"),
        ("a / b", {"a": 1, "b": 3}, "0.33"),
    ],
)
def test_it_is_exact_and_rounded_half_up(text, values, expected):
    numbers = {name: Decimal(value) for name, value in values.items()}
    assert Formula(text).reckon(numbers, 2) == Decimal(expected)


def test_it_agrees_with_the_amounts_of_money():
    for quantity, price, discount in (("3", "19.99", "0.15"), ("0.333", "1.005", "0"), ("7.5", "0.001", "0.999999")):
        values = {"quantity": Decimal(quantity), "price_incl": Decimal(price), "discount": Decimal(discount)}
        assert AMOUNT.reckon(values, 2) == money.line_amount(*values.values())


def test_what_is_missing_or_divides_by_nothing_makes_none():
    assert AMOUNT.reckon({"quantity": Decimal(1), "discount": Decimal(0)}, 2) is None
    assert Formula("a / b").reckon({"a": Decimal(1), "b": Decimal(0)}, 2) is None


def test_the_browser_gets_its_steps():
    assert AMOUNT.steps == ("quantity", "price_incl", "*", "#1", "discount", "-", "*")
    assert AMOUNT.names == ("quantity", "price_incl", "discount")


@pytest.mark.parametrize("text", ["a ** b", "f(a)", "a.b", "1.5 * a", "a if b else c", "a *", "-a"])
def test_nothing_else_is_a_formula(text):
    with pytest.raises(ValueError, match=r"formula"):
        Formula(text)
