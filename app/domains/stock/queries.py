"""Reads of what lies where."""

from __future__ import annotations

import sqlalchemy as sa

from app.core.document import Document
from app.ledger.models import StockBalance, StockEntry


def entries_of(document: Document) -> sa.Select[tuple[StockEntry]]:
    """What ``document`` wrote to the stock book, its reversal included, in the order of writing."""
    return (
        sa.select(StockEntry)
        .where(StockEntry.document_kind == document.resource, StockEntry.document_id == document.id)
        .order_by(StockEntry.id)
    )


def balances(*, warehouse_id: int | None = None, product_id: int | None = None) -> sa.Select[tuple[StockBalance]]:
    """What lies in a warehouse, or of a product, or both."""
    statement = sa.select(StockBalance).order_by(StockBalance.warehouse_id, StockBalance.product_id)
    if warehouse_id is not None:
        statement = statement.where(StockBalance.warehouse_id == warehouse_id)
    if product_id is not None:
        statement = statement.where(StockBalance.product_id == product_id)
    return statement
