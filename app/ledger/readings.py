"""What the books answer when they are asked for a number: where it comes from, and what it was on a day."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import joinedload

from app.core import clock, db
from app.core.entity import Entity
from app.core.fields import Field, fields_of
from app.core.i18n import lazy_gettext as _l
from app.core.web.view import Part, Reading, Sheet, views
from app.ledger import explain, figures
from app.ledger.models import StockBalance, StockEntry


def explain_reading(model: type[Entity], *shown: str, facts: tuple[str, ...]) -> Reading:
    """The reading ``explain`` of a balance: its entries with the fields ``shown`` and what each left, and ``facts`` of
    the balance itself.
    """
    book = explain.BOOKS[model]

    def run(balance: Any, _values: Mapping[str, Any], part: Part) -> Sheet:
        of_entry, of_balance = fields_of(book.entries), fields_of(model)
        columns = []
        for name in ("document_number", "date", *shown):
            columns.append(of_entry[name])
            if name in book.sums:
                columns.append(_running(of_balance[book.sums[name]]))
        columns += [of_entry["document_kind"], of_entry["document_id"]]
        count, entries = explain.history(balance, offset=part.offset, limit=part.size)
        rows = []
        for entry in entries:
            row = SimpleNamespace(**entry._mapping)
            for field in book.sums.values():
                setattr(row, field, getattr(entry, f"left_{field}"))
            row.url = f"/{entry.document_kind}/show/{entry.document_id}" if entry.document_kind in views else None
            rows.append(row)
        told = [(of_balance[name], of_balance[name].value(balance)) for name in facts]
        return Sheet(columns, rows, count, facts=told, more=_contributions(balance))

    return Reading(
        "explain",
        _l("Where this number comes from"),
        run,
        of_row=True,
        operation="show",
        also=(book.entries.resource,),
        help=_l("The entries that add up to it, the latest first, each with what it left."),
    )


def _running(field: Field) -> Field:
    """The balance's ``field`` as what an entry left of it."""
    labels = {
        "on_hand": _l("On hand afterwards"),
        "value": _l("Value afterwards"),
        "balance": _l("Balance afterwards"),
    }
    return replace(field, label=labels[field.name])


def _contributions(balance: Any) -> dict[str, Any]:
    """Who adds what to the figures that are reckoned: [{"figure", "source", "quantity"}]."""
    if not isinstance(balance, StockBalance):
        return {}
    key, connection = (balance.warehouse_id, balance.product_id), db.session.connection()
    return {
        "contributions": [
            {"figure": name, "source": str(source), "quantity": f"{quantity:.4f}"}
            for name in figures.NAMES
            for source, quantity in figures.contributions(name, connection, key)
        ]
    }


def _stock_at(_row: Any, values: Mapping[str, Any], part: Part) -> Sheet:
    day = values["date"] or clock.today()
    statement = explain.stock_at(day, warehouse_id=values["warehouse"], product_id=values["product"])
    count = db.session.scalar(sa.select(sa.func.count()).select_from(statement.order_by(None).subquery()))
    relations = (joinedload(StockBalance.warehouse), joinedload(StockBalance.product))
    found = db.session.execute(statement.options(*relations).offset(part.offset).limit(part.size))
    known = fields_of(StockBalance)
    rows = [
        SimpleNamespace(
            id=balance.id,
            warehouse=balance.warehouse,
            product=balance.product,
            on_hand=Decimal(on_hand),
            value=Decimal(value),
            url=f"/{StockBalance.resource}/show/{balance.id}",
        )
        for balance, on_hand, value in found
    ]
    columns = [known[name] for name in ("product", "warehouse", "on_hand", "value")]
    return Sheet(columns, rows, count or 0, facts=[(fields_of(StockEntry)["date"], day)])


def stock_at_reading() -> Reading:
    """The reading ``at``: what lay where at the end of a day (today unless said)."""
    return Reading(
        "at",
        _l("Stock on a day"),
        _stock_at,
        fields=(lambda: replace(fields_of(StockEntry)["date"], required=False), "warehouse", "product"),
        help=_l("What lay where at the end of the day, by the dates of what was posted."),
    )
