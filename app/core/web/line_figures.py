"""The figures of a line grid: what a line's other fields make up, and the totals of its columns.

The browser reckons them while somebody types and sends along what it showed; the server reckons them from what it
stored.  Where the two differ nothing is saved: whoever typed is told the right figure, and may save it then.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal, InvalidOperation
from typing import Any

from app.core.document import line_model
from app.core.fields import Field, fields_of, readable
from app.core.i18n import gettext as _
from app.core.types import Fraction
from app.core.web import present
from app.core.web.view import EntityView

MONEY, QUANTITY = 2, 4  # decimals of what makes a total; prices and rates make none
SEEN, TOLD = "seen", "told"
TOTAL = "total"


def is_summed(field: Field) -> bool:
    """Whether a column of ``field`` has a total."""
    return field.kind == "decimal" and field.scale in (MONEY, QUANTITY) and not isinstance(_type(field), Fraction)


def total(field: Field, lines: Iterable[Any], units: set[Any]) -> Decimal | None:
    """The sum of ``field`` over ``lines``; None where there is none: pieces and kilograms make no sum."""
    if not is_summed(field) or (field.scale == QUANTITY and len(units - {None}) > 1):
        return None
    return sum((field.value(line) or Decimal(0) for line in lines), start=Decimal(0))


def unit_of(row: Any) -> Any:
    """What quantities of ``row`` count in, if it says so."""
    return getattr(row, "unit_id", None)


def units(lines: Iterable[Any], fields: Sequence[Field]) -> set[Any]:
    """What the lines count in: the units of what they are about."""
    relations = [field for field in fields if field.kind == "relation"]
    return {
        next((unit for each in relations if (unit := unit_of(each.value(line))) is not None), None) for line in lines
    }


def figures(view: type[EntityView]) -> dict[str, Field]:
    """The figures of a line that exist for the actor, by name, in the order in which they are reckoned."""
    kind = line_model(view.model)
    return {name: field for name, field in readable(kind).items() if field.formula is not None} if kind else {}


def in_the_browser(view: type[EntityView], typed: Sequence[str]) -> dict[str, Any]:
    """What the browser needs to reckon: the columns it reads, the figures it can make of them, and what is summed."""
    kind = line_model(view.model)
    assert kind is not None
    known = fields_of(kind)
    numbers = {
        name: {"scale": known[name].scale or 0, "empty": "" if known[name].empty is None else str(known[name].empty)}
        for name in typed
        if known[name].kind in ("decimal", "integer")
    }
    reckoned: list[dict[str, Any]] = []
    within = set(numbers)
    for name, field in figures(view).items():
        assert field.formula is not None
        if set(field.formula.names) <= within:
            reckoned.append({"name": name, "scale": field.scale, "steps": field.formula.steps})
            within.add(name)
    shown = [name for name in view.grid_columns() if name in within]
    sums = [{"name": name, "scale": known[name].scale} for name in shown if is_summed(known[name])]
    return {"numbers": numbers, "figures": reckoned, "totals": sums}


def plain(value: Decimal, field: Field) -> str:
    """``value`` as the browser sends it: all decimals of ``field``, no separators."""
    return f"{value.quantize(Decimal(1).scaleb(-(field.scale or 0))):f}"


class Differences:
    """What the browser showed of a saved document's lines, against what they are."""

    def __init__(self, view: type[EntityView], posted: Mapping[str, Any], places: Sequence[int]) -> None:
        self.posted, self.places = posted, places
        self.kind: Any = line_model(view.model)
        self.columns = view.grid_columns()
        self.figures = figures(view)
        self.errors: dict[str, list[str]] = {}
        self.told: dict[str, str] = {}

    def of(self, row: Any) -> dict[str, list[str]]:
        """The refusals, by place («lines.3.amount», «totals.amount»); empty when the browser showed what is stored."""
        known = readable(self.kind)
        for index, line in enumerate(row.lines):
            for name, field in self.figures.items():
                at = f"lines-{self.places[index]}-{name}" if index < len(self.places) else ""
                self._compare(f"lines.{index}.{name}", at, field, field.value(line))
        fields = [known[name] for name in self.columns if name in known]
        counted = units(row.lines, fields)
        for field in fields:
            if is_summed(field):
                self._compare(
                    f"totals.{field.name}", f"lines-{TOTAL}-{field.name}", field, total(field, row.lines, counted)
                )
        return self.errors

    def _compare(self, place: str, at: str, field: Field, right: Decimal | None) -> None:
        seen = str(self.posted.get(f"{at}-{SEEN}") or "")
        if not at or not seen or right is None:
            return
        exact = plain(right, field)
        if _number(seen) == right or self.posted.get(f"{at}-{TOLD}") == exact:
            return
        self.told[place] = exact
        self.errors[place] = [
            _(
                "This page made it %(seen)s, but it is %(right)s. Look at it again and save.",
                seen=seen,
                right=present.text(field, right),
            )
        ]


def _number(text: str) -> Decimal | None:
    try:
        number = Decimal(text)
    except InvalidOperation:
        return None
    return number if number.is_finite() else None


def _type(field: Field) -> Any:
    return field.column.type if field.stored and field.column is not None else None
