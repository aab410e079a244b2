"""Figures of a stock balance that are reckoned, not stored, by whoever knows: what is reserved, what is incoming.

An upper layer registers a function of a connection and of keys (warehouse id, product id); several contributions to
one figure add up.  They are the company's own facts: whoever asks, they count every row.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from decimal import Decimal
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import object_session

from app.core import db

Key = tuple[int, int]
Figure = Callable[[sa.Connection, Collection[Key]], Mapping[Key, Decimal]]

NAMES = ("reserved", "incoming")
AT_ONCE = 1000  # balances that one statement is asked about
_registered: dict[str, dict[str, Figure]] = {name: {} for name in NAMES}


def register(name: str, figure: Figure) -> Figure:
    """Add ``figure`` to what makes up ``name`` («reserved», «incoming»); the same function again counts once.

    It returns quantities (4 decimals) by key and may leave out keys where there is nothing.
    """
    _registered[name][f"{figure.__module__}.{figure.__qualname__}"] = figure
    return figure


def contributions(name: str, connection: sa.Connection, key: Key) -> list[tuple[Any, Decimal]]:
    """What makes up the figure ``name`` of one balance: (who says so, quantity), without those that say nothing."""
    found = []
    for source, figure in _registered[name].items():
        quantity = figure(connection, [key]).get(key, Decimal(0))
        if quantity:
            found.append((getattr(figure, "label", source), quantity))
    return found


def totals(name: str, connection: sa.Connection, keys: Collection[Key]) -> dict[Key, Decimal]:
    """The figure ``name`` by key; 0 where nobody has anything to say.  One statement for each contribution."""
    found = dict.fromkeys(keys, Decimal(0))
    for figure in _registered[name].values() if found else ():
        for key, quantity in figure(connection, keys).items():
            if key in found:
                found[key] += quantity
    return found


def among(keys: Iterable[Key], warehouse: Any, product: Any) -> sa.ColumnElement[bool]:
    """The condition that the columns ``warehouse`` and ``product`` are one of ``keys``; an index on both serves it."""
    products: dict[int, list[int]] = {}
    for warehouse_id, product_id in sorted(set(keys)):
        products.setdefault(warehouse_id, []).append(product_id)
    return sa.or_(sa.false(), *(sa.and_(warehouse == place, product.in_(ids)) for place, ids in products.items()))


def preload(balances: Iterable[Any]) -> None:
    """Look up every figure of ``balances`` at once and keep it on them until they are expired or refreshed."""
    rows = list(balances)
    for start in range(0, len(rows), AT_ONCE):
        batch = rows[start : start + AT_ONCE]
        connection = (object_session(batch[0]) or db.session()).connection()
        keys = {(row.warehouse_id, row.product_id) for row in batch}
        found = {name: totals(name, connection, keys) for name in NAMES}
        for row in batch:
            row._figures = {name: found[name][row.warehouse_id, row.product_id] for name in NAMES}


def of(balance: Any, name: str) -> Decimal:
    """The figure ``name`` of ``balance``.  The first that is asked for fetches those of every balance at hand."""
    if "_figures" not in balance.__dict__:
        session = object_session(balance)
        loaded = session.identity_map.values() if session is not None else ()
        others = (
            row
            for row in loaded
            if type(row) is type(balance)
            and row is not balance
            and {"product_id", "warehouse_id"} <= row.__dict__.keys()
        )
        preload([balance, *(row for row in others if "_figures" not in row.__dict__)])
    return balance._figures[name]


def forget(balance: Any) -> None:
    """Let the figures of ``balance`` be looked up again."""
    balance.__dict__.pop("_figures", None)
