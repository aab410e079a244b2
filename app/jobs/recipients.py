"""Whom a mail goes to: see ``people.recipients``."""

from __future__ import annotations

from app.domains.people.recipients import (
    ADMINISTRATORS,
    COLUMNS,
    PURCHASERS,
    Recipient,
    everyone,
    having_role,
    is_real,
    read,
    recipient,
)

__all__ = [
    "ADMINISTRATORS",
    "COLUMNS",
    "PURCHASERS",
    "Recipient",
    "everyone",
    "having_role",
    "is_real",
    "read",
    "recipient",
]
