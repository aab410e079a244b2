"""What a cell means in a field: texts as people write them become values, with the mapping's choices and rounding.

A relation is only cleaned here; ``resolve`` finds the row that it names.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping
from datetime import date, datetime
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from typing import Any

from app.core import decimals
from app.core.exchange.cells import CUT, UNCALCULATED, Cell, CellError
from app.core.exchange.mapping import Column, ColumnMap
from app.core.fields import Field
from app.core.i18n import gettext as _
from app.core.i18n import in_each_language

SEVERAL = re.compile(r"\s*[,，;；、\n]\s*")
_DAY = re.compile(r"(\d{4})\s*[-/.年]\s*(\d{1,2})\s*[-/.月]\s*(\d{1,2})\s*日?(.*)", re.DOTALL)

Rounded = Callable[[Decimal, Decimal], None]


class Converter:
    """Reads the cells of one column.  ``rounded`` is told of each number that the mapping rounds."""

    def __init__(self, column: Column, name: str, mapping: ColumnMap, used: frozenset[str] | None) -> None:
        self.field = column.field
        self.choices = {_same(raw): value for raw, value in mapping.choices.get(name, {}).items()}
        self.places = mapping.round.get(name)
        self.used = used
        self.labels: dict[str, str] = {}
        if self.field.choices is not None:
            for value, label in self.field.choices.items():
                for text in (*in_each_language(label), value):
                    self.labels[_same(text)] = value
        self._read = getattr(self, f"_{self.field.kind}", self._text)

    def __call__(self, cell: Any, rounded: Rounded) -> Any:
        """The value of ``cell``; None for an empty one; a text (a list of them) for a relation (relations).  Raises
        ValueError.
        """
        if isinstance(cell, CellError):
            if cell == CUT:
                raise ValueError(_("This text was too long for a spreadsheet's cell and has been cut."))
            if cell == UNCALCULATED:
                raise ValueError(
                    _("This formula has no result in the file. Open it in a spreadsheet, save it, and import it again.")
                )
            raise ValueError(_("The cell holds an error: %(error)s.", error=str(cell)))
        if self.choices and cell is not None:
            cell = self.choices.get(_same(cell_text(cell)), cell)
        if cell is None or cell == "":
            return None
        if self.places is not None and self.field.scale is not None:
            cell = self._round(cell, rounded)
        return self._read(cell)

    def _text(self, cell: Cell) -> Any:
        value = self.field.parse(cell_text(cell))
        if self.used is not None and value not in self.used:
            raise ValueError(_("“%(text)s” has not been used here before.", text=value))
        return value

    def _choice(self, cell: Cell) -> Any:
        text = cell_text(cell)
        found = self.labels.get(_same(text))
        return self.field.parse(text) if found is None else found

    def _bool(self, cell: Cell) -> Any:
        return self.field.parse(cell if isinstance(cell, bool) else cell_text(cell))

    def _integer(self, cell: Cell) -> Any:
        return self.field.parse(cell)

    def _decimal(self, cell: Cell) -> Any:
        return self.field.parse(_number(cell) if isinstance(cell, str) else cell)

    def _date(self, cell: Cell) -> Any:
        if isinstance(cell, str) and (day := _DAY.fullmatch(cell)) and not day[4].strip(" T0:"):
            cell = f"{day[1]}-{day[2]}-{day[3]}"
        return self.field.parse(cell)

    def _datetime(self, cell: Cell) -> Any:
        if isinstance(cell, str) and (day := _DAY.fullmatch(cell)):
            clock = day[4].strip(" T")
            hour = f"T{clock:0>5}" if re.fullmatch(r"\d:\d\d", clock) else f"T{clock}" if clock else ""
            cell = f"{day[1]}-{int(day[2]):02}-{int(day[3]):02}{hour}"
        elif isinstance(cell, date) and not isinstance(cell, datetime):
            cell = cell.isoformat()
        return self.field.parse(cell)

    def _relation(self, cell: Cell) -> Any:
        return cell_text(cell)

    def _relations(self, cell: Cell) -> Any:
        return [text for text in SEVERAL.split(cell_text(cell)) if text]

    def _tags(self, cell: Cell) -> Any:
        return self.field.parse(cell_text(cell))

    def _json(self, cell: Cell) -> Any:
        return [text for text in SEVERAL.split(cell_text(cell)) if text] if isinstance(cell, str) else cell

    def _round(self, cell: Cell, rounded: Rounded) -> Any:
        number = _number(cell) if isinstance(cell, str) else cell
        if isinstance(number, bool) or not isinstance(number, int | Decimal):
            return cell
        places = min(self.places or 0, self.field.scale or 0)
        try:
            result = Decimal(number).quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP)
        except InvalidOperation:
            return cell
        if result != number:
            rounded(Decimal(number), result)
        return result


def cell_text(cell: Any) -> str:
    """``cell`` as the text it would be in a text column: a code typed as a number, a truth value, a day."""
    if isinstance(cell, bool):
        return "TRUE" if cell else "FALSE"
    if isinstance(cell, Decimal):
        return format(cell, "f")
    if isinstance(cell, datetime):
        return cell.isoformat(sep=" ")
    return str(cell).strip()


def _same(text: Any) -> str:
    return str(text).strip().casefold()


def _number(text: str) -> Decimal:
    """The number that people write as «1,234.50» or «13 %».  Raises ValueError when it is none."""
    plain = text.strip().replace("％", "%")
    share = plain.endswith("%")
    number = decimals.read(plain.removesuffix("%"))
    return number.scaleb(-2) if share else number


def used_choices(
    model: type[Any], columns: Mapping[str, Field], known_only: Collection[str], refuse_new: bool
) -> dict[str, frozenset[str]]:
    """What the open fields among ``columns`` take, by the name they are given under: of those ``known_only``, and with
    ``refuse_new`` of all that have choices already, what they have.  One statement.

    A field that nobody has ever filled knows no choices yet, and takes what comes.
    """
    from app.core import db
    from app.core.choices import known

    asked = {name: field for name, field in columns.items() if name in known_only or (refuse_new and field.suggests)}
    if not asked:
        return {}
    used = known(db.session.connection(), model.resource)
    return {
        name: used.get(field.attribute, frozenset())
        for name, field in asked.items()
        if name in known_only or used.get(field.attribute)
    }
