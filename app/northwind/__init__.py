"""Bringing in the Northwind sample company from its CSV files by the ordinary import, with a mapping kept for each.

What is there already is left as it is, so that a second run adds nothing twice.  It is one transaction: when a row
fails, nothing is written.
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from app.core import crud, db, document, identity
from app.core.entity import User
from app.core.errors import BusinessError
from app.core.exchange import mappings
from app.core.exchange.importer import Result, run_import
from app.core.exchange.mapping import ColumnMap
from app.core.exchange.models import ImportMapping
from app.domains.catalog.models import Product, Unit
from app.domains.stock.models import StockAdjustment, Warehouse
from app.jobs import recipients
from app.ledger.models import StockEntry
from app.northwind import tables
from app.northwind.steps import OPENING, STEPS, UNIT, WAREHOUSE, Step

HINTS = (
    "The employees' accounts are inactive, without e-mail address and password: an administrator opens them.",
    "Northwind knows no tax: the products' tax rate is 0.",
    "Of orders.csv it was only read who sells most to a customer: that is its owner.",
    "A customer without orders lies in the public pool.",
    "Not imported yet: suppliers.csv, shippers.csv, orders.csv and order_details.csv.",
)
NOBODY_TOLD = (
    "Nobody gets the mail about low stock yet: give a purchaser, a keeper or an administrator an e-mail address."
)
SHOWN = 10  # failed rows that are told


def import_company(folder: Path) -> list[str]:
    """Import the company whose CSV files lie in ``folder``; what was done, in lines for people.

    Raises BusinessError when a file is missing or can't be read, and when a row is refused; then nothing is written.
    """
    source = tables.Source(folder)
    with db.transaction(), identity.acting_as(identity.system()), tempfile.TemporaryDirectory() as scratch:
        _ensure(Unit, "name", {"name": UNIT, "decimals": 0})
        _ensure(Warehouse, "code", WAREHOUSE)
        told: list[str] = []
        for step in STEPS:
            told += _take(step, source, Path(scratch))
        told += _open_stock(source, Path(scratch))
        told += HINTS
        if not _somebody_is_told():
            told.append(NOBODY_TOLD)
    return told


def _ensure(model: type[Any], key: str, data: dict[str, Any]) -> None:
    """See to it that there is a row of ``model`` with the ``key`` of ``data``."""
    if db.session.scalar(sa.select(model.id).where(getattr(model, key) == data[key])) is None:
        crud.create(model, data)


def _take(step: Step, source: tables.Source, scratch: Path) -> list[str]:
    """Import one file into one kind of rows; what came of it, in lines for people."""
    table = step.prepare(source)
    mapping = _kept_mapping(step, table.headers)
    result = _import(step, table, mapping, scratch)
    return [
        f"{step.model.resource}, from {step.file}: {result.created} added, {result.skipped} left as they were.",
        *_rounded(result),
    ]


def _import(step: Step, table: tables.Table, mapping: ColumnMap, scratch: Path) -> Result:
    path = scratch / step.file
    table.write(path)
    result = run_import(step.model, path, step.file, mapping=mapping, mode="commit", on_match="skip")
    if result.failed:
        rows = [f"row {error.row}, {error.column}: {error.message}" for error in result.errors[:SHOWN]]
        raise BusinessError(
            "\n".join([f"Nothing was imported: {result.failed} rows of {step.file} were refused.", *rows])
        )
    return result


def _kept_mapping(step: Step, headers: list[str]) -> ColumnMap:
    """The mapping kept for the step's file; kept now, if there is none."""
    statement = sa.select(ImportMapping).where(
        ImportMapping.target == step.model.resource, ImportMapping.name == step.mapping_name
    )
    kept = db.session.scalars(statement).one_or_none()
    if kept is None:
        # Every other column is left out by name: a guess («region» is a state here) would be wrong.
        columns = {**dict.fromkeys(headers, ""), **step.columns}
        chosen = ColumnMap.from_json({**step.options, "columns": columns})
        kept = mappings.keep(step.model, step.mapping_name, chosen, shared=True)
    return kept.column_map()


def _rounded(result: Result) -> list[str]:
    if not result.rounded_count or not result.created:
        return []
    first, count = result.rounded[0], result.rounded_count
    return [
        f"  {count} numbers were rounded, such as {first.column} {first.before} to {first.after} in row {first.row}."
    ]


def _open_stock(source: tables.Source, scratch: Path) -> list[str]:
    """Post what lies in the warehouse of every product that never moved: a second run finds none."""
    entries = sa.select(StockEntry.id).where(StockEntry.product_id == Product.id)
    moved = set(db.session.scalars(sa.select(Product.code).where(entries.exists())))
    table = tables.opening_stock(source, moved)
    if not table.rows:
        return ["Opening stock: nothing lies there of products that have not moved yet; nothing is posted."]
    result = _import(OPENING, table, _kept_mapping(OPENING, table.headers), scratch)
    newest = sa.select(StockAdjustment).order_by(StockAdjustment.id.desc()).limit(1)
    adjustment = document.take(db.session.scalars(newest).one(), "post")
    return [
        f"Opening stock: {adjustment} posted with {len(table.rows)} products into warehouse {WAREHOUSE['name']}, "
        "each at its list price, the only figure that the files give.",
        *_rounded(result),
    ]


def _somebody_is_told() -> bool:
    """Whether the mail about low stock reaches anybody."""
    keepers = User.id.in_(sa.select(Warehouse.keeper_id).where(Warehouse.keeper_id.is_not(None)))
    told = sa.or_(recipients.having_role(*recipients.PURCHASERS, *recipients.ADMINISTRATORS), keepers)
    return bool(recipients.read(db.session.connection(), told))
