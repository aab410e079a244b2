"""A seal on every entry: a digest of what it said when it was written.

Sums tell when an amount was changed; the seal tells also of a date, a document or a customer.  It keeps nobody from
tampering (whoever writes into the database can reckon it anew): it is for what happens by accident or by hand.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

# What is sealed, in this order: to change it is to seal every entry anew.
SEALED = {
    "stock_entries": (
        "at",
        "date",
        "warehouse_id",
        "product_id",
        "customer_id",
        "quantity",
        "unit_cost",
        "amount",
        "document_kind",
        "document_id",
        "document_number",
        "reverses_id",
        "created_by_id",
    ),
    "party_entries": (
        "at",
        "date",
        "party",
        "customer_id",
        "kind",
        "amount",
        "currency",
        "currency_amount",
        "due_on",
        "document_kind",
        "document_id",
        "document_number",
        "reverses_id",
        "created_by_id",
    ),
}


def seal(table: str, entry: Mapping[str, Any]) -> str:
    """The seal (SHA-256, 64 hexadecimal digits) of an entry of ``table``, whose values are Python's, as the database
    gives them back.
    """
    text = "\x1f".join(_said(entry[name]) for name in SEALED[table])
    return hashlib.sha256(text.encode()).hexdigest()


def _said(value: Any) -> str:
    """``value`` in the same words however it was written and whichever database keeps it."""
    if isinstance(value, Decimal):
        return f"{value.normalize() + 0:f}"
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat(timespec="microseconds")
    return "" if value is None else str(value)
