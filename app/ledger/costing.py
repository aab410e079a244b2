"""What stock is worth: the arithmetic of the moving average, apart from any database.

Quantities have 4 decimals, unit costs 6, amounts 2.  A holding's value is the sum of the amounts of its entries,
exactly, and has the sign of its quantity: nothing on hand is worth nothing, something is never worth less than
nothing.  Where a booked amount would break that, a correction of value, an entry without quantity, restores it.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from app.core.money import cost_amount
from app.core.money import unit_cost as average_of

ZERO = Decimal(0)


@dataclass
class Holding:
    """What lies of one product in one warehouse, and what it is worth."""

    on_hand: Decimal
    value: Decimal

    @property
    def average(self) -> Decimal:
        """The moving average, 6 decimals; 0 when nothing is on hand."""
        return average_of(self.value, self.on_hand)

    def withdraw(self, quantity: Decimal, cost_of_none: Decimal) -> tuple[Decimal, Decimal]:
        """Take ``quantity`` (positive) out; its unit cost and its amount (positive).

        The withdrawal that empties the holding takes its whole value; one that leaves something takes no more than
        there is.  What is taken beyond nothing is valued as what was there, or as is missing already, else at
        ``cost_of_none``.
        """
        cost = self.average if self.on_hand else cost_of_none
        if self.on_hand <= 0:
            amount = cost_amount(quantity, cost)
        elif quantity < self.on_hand:
            amount = min(cost_amount(quantity, cost), self.value)
        else:
            amount = self.value + cost_amount(quantity - self.on_hand, cost)
        self.on_hand -= quantity
        self.value -= amount
        return cost, amount

    def receive(self, quantity: Decimal, unit_cost: Decimal, amount: Decimal) -> Decimal:
        """Add ``quantity`` (positive) worth ``amount``; the correction of value that this makes necessary, mostly 0.

        When goods left before they came, they left at a guess: what came at ``unit_cost`` shows what they cost, and
        the correction makes up the difference.
        """
        missing, guessed = self.on_hand < 0, self.average
        self.on_hand += quantity
        self.value += amount
        if not missing:
            return ZERO
        return self._correct_to(cost_amount(self.on_hand, unit_cost if self.on_hand >= 0 else guessed))

    def undo(self, quantity: Decimal, amount: Decimal) -> None:
        """Take back a movement as it was booked (both signed); ``settle`` when all are taken back."""
        self.on_hand -= quantity
        self.value -= amount

    def settle(self, average: Decimal) -> Decimal:
        """The correction after movements were taken back, mostly 0; ``average`` is what it was before.

        Goods that came at one cost may have left at the average: taking the receipt back at its own cost can leave a
        value without goods, or goods worth less than nothing.  Then what is left is valued at ``average``.
        """
        if self.on_hand == 0 or self.on_hand * self.value < 0:
            return self._correct_to(cost_amount(self.on_hand, average))
        return ZERO

    def _correct_to(self, value: Decimal) -> Decimal:
        correction = value - self.value
        self.value = value
        return correction
