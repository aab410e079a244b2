"""A company of a given size in a database of its own, made by plain inserts: what the benchmarks run against."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from flask import Flask
from werkzeug.security import generate_password_hash

from app import create_app, setup
from app.core import clock, db, identity, search
from app.core.entity import User, entity_for
from config import Settings

ROWS = 100_000
PASSWORD = "a password for benchmarks"
NAMES = (
    "北京科技",
    "Shanghai Harbour",
    "广州明亮",
    "Bright Tea",
    "成都天府",
    "Northern Mills",
    "深圳前海",
    "Blue River",
)


def make_app(folder: Path, url: str = "") -> Flask:
    """The application on ``url`` (SQLite in ``folder`` when empty), set up and empty."""
    settings = Settings(data_dir=folder, database_url=url, secret_key="k" * 40, admin_password=PASSWORD, run_jobs=False)
    app = create_app(settings)
    with app.app_context():
        setup.prepare()
        with db.transaction(identity.system()):
            admin = db.session.scalars(sa.select(User)).one()
            admin.password = generate_password_hash(PASSWORD, method="pbkdf2:sha256:1")
    return app


def insert(resource: str, rows: list[dict[str, Any]]) -> None:
    """Put ``rows`` (values by attribute) in by one plain statement, stamped and searchable."""
    model = entity_for(resource)
    assert model is not None
    moment = clock.now()
    stamps = {"created_on": moment, "changed_on": moment, "version": 1}
    db.session.connection().execute(
        sa.insert(model.__table__),
        [
            {**stamps, "search_text": search.search_text(row.get(name) for name in model.searched), **row}
            for row in rows
        ],
    )


def fill_customers(count: int = ROWS) -> None:
    """``count`` customers with a contact each."""
    regions = ("华东", "华南", "North", "West")
    customers = [
        {
            "id": number,
            "code": f"B{number:07d}",
            "name": f"{NAMES[number % len(NAMES)]} {number}",
            "kind": "company",
            "status": "active" if number % 3 else "potential",
            "region": regions[number % 4],
            "credit_limit": None,
            "owner_id": 1,
        }
        for number in range(1, count + 1)
    ]
    insert("customers", customers)
    insert(
        "contacts", [{"customer_id": row["id"], "name": f"张伟 {row['id']}", "is_primary": True} for row in customers]
    )


def timed(work: Callable[[], Any], times: int = 5) -> float:
    """The median of ``times`` runs of ``work``, in milliseconds."""
    found = []
    for _number in range(times):
        start = time.perf_counter()
        work()
        found.append((time.perf_counter() - start) * 1000)
    return sorted(found)[len(found) // 2]
