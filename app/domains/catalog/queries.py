"""Reads of the catalog."""

from __future__ import annotations

import sqlalchemy as sa

from app.core import db
from app.ledger.models import StockEntry


def has_moved(product_id: int) -> bool:
    """Whether the stock book knows the product, wherever it moved."""
    entries = sa.inspect(StockEntry).columns
    statement = sa.select(sa.exists().where(entries["product_id"] == product_id))
    return bool(db.session.connection().execute(statement).scalar())
