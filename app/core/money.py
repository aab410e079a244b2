"""Amounts: rounded half up, once, at the line; totals are sums of rounded lines; tax is the difference."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal

ONE = Decimal(1)
CENT = Decimal("0.01")


def rounded(value: Decimal, scale: int) -> Decimal:
    """``value`` with ``scale`` decimals, half up."""
    return value.quantize(ONE.scaleb(-scale), rounding=ROUND_HALF_UP)


def line_amount(quantity: Decimal, price_incl: Decimal, discount: Decimal = Decimal(0)) -> Decimal:
    """A line's amount with tax (2 decimals): ``quantity × price_incl × (1 − discount)``, ``discount`` a fraction."""
    return rounded(quantity * price_incl * (ONE - discount), 2)


def tax_within(amount_incl: Decimal, rate: Decimal) -> Decimal:
    """The tax (2 decimals) contained in ``amount_incl`` at ``rate`` (a fraction)."""
    return rounded(amount_incl * rate / (ONE + rate), 2)


def cost_amount(quantity: Decimal, unit_cost: Decimal) -> Decimal:
    """What ``quantity`` at ``unit_cost`` (6 decimals) is worth, 2 decimals."""
    return rounded(quantity * unit_cost, 2)


def unit_cost(value: Decimal, quantity: Decimal) -> Decimal:
    """The moving average (6 decimals) of ``quantity`` worth ``value``; 0 when there is nothing."""
    return rounded(value / quantity, 6) if quantity else Decimal(0).quantize(Decimal("0.000001"))
