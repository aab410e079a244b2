"""A figure that other fields of a row make up, declared once: ``"quantity * price_incl * (1 - discount)"``.

The server reckons it with exact fractions, the line grid of a form does the same in the browser while somebody types
(``static/kehu/decimal.js``).  It is rounded once, half up, to the decimals of the field that holds it.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping
from decimal import Decimal
from fractions import Fraction
from typing import Any

import sqlalchemy as sa

SCALES = {"quantity": 4, "money": 2, "price": 6}
"""Decimals of the kinds of figures."""

_OPERATORS = {ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.Div: "/"}
_DO: dict[str, Callable[[Fraction, Fraction], Fraction]] = {
    "+": lambda one, other: one + other,
    "-": lambda one, other: one - other,
    "*": lambda one, other: one * other,
    "/": lambda one, other: one / other,
}


class Formula:
    """Sums, differences, products and quotients of a row's fields and of numbers.

    ``steps`` is the formula in postfix order, as the browser takes it: a field's name, a number («#0.5») or an
    operator; ``names`` are the fields in it.  ValueError when ``text`` is anything else.
    """

    def __init__(self, text: str) -> None:
        self.text = text
        try:
            self.steps = tuple(_steps(ast.parse(text, mode="eval").body))
        except SyntaxError:
            raise ValueError(f"{text!r} is no formula") from None
        self.names = tuple(dict.fromkeys(each for each in self.steps if each[0] != "#" and each not in _DO))

    def __repr__(self) -> str:
        return f"Formula({self.text!r})"

    def reckon(self, values: Mapping[str, Any], scale: int) -> Decimal | None:
        """The figure for ``values`` by field, with ``scale`` decimals; None when one of them is missing, or is 0 where
        it divides.
        """
        stack: list[Fraction] = []
        for step in self.steps:
            if step in _DO:
                other, one = stack.pop(), stack.pop()
                if step == "/" and other == 0:
                    return None
                stack.append(_DO[step](one, other))
            elif step[0] == "#":
                stack.append(Fraction(step[1:]))
            elif (value := values.get(step)) is None:
                return None
            else:
                stack.append(Fraction(value))
        return rounded(stack.pop(), scale)

    def of(self, row: Any, scale: int) -> Decimal | None:
        """The figure of ``row``; a field that was left out counts as its column's default."""
        return self.reckon({name: _value(row, name) for name in self.names}, scale)


def rounded(value: Fraction, scale: int) -> Decimal:
    """``value`` with ``scale`` decimals, half up (away from 0), as ``core.money`` rounds."""
    unit: int = 10**scale
    whole = (2 * abs(value.numerator) * unit + value.denominator) // (2 * value.denominator)
    return Decimal(whole if value >= 0 else -whole).scaleb(-scale)


def _steps(node: ast.expr) -> list[str]:
    if isinstance(node, ast.BinOp) and type(node.op) in _OPERATORS:
        return [*_steps(node.left), *_steps(node.right), _OPERATORS[type(node.op)]]
    if isinstance(node, ast.Name):
        return [node.id]
    if isinstance(node, ast.Constant) and isinstance(node.value, int) and not isinstance(node.value, bool):
        return [f"#{node.value}"]
    raise ValueError(f"a formula can't hold {ast.unparse(node)!r}")


def _value(row: Any, name: str) -> Any:
    value = getattr(row, name)
    if value is not None:
        return value
    attribute = sa.inspect(type(row)).column_attrs.get(name)
    default = attribute.columns[0].default if attribute is not None else None
    return default.arg if default is not None and default.is_scalar and not attribute.columns[0].nullable else None
