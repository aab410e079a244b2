"""The scan of the whole base for duplicates, over 1,000,000 customers of whom 20,000 are there twice, each in a disguise;
and who may be the same while one types.  The raw limit is the bare grouping of the keys, or the bare look into their
index.
"""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import sqlalchemy as sa

from app.core import db, duplicates, identity, match_keys
from app.core.entity import registry
from bench.company import NAMES, insert, make_app, timed

CUSTOMERS = int(os.environ.get("KEHU_BENCH_CUSTOMERS", "1000000"))
TWINS = CUSTOMERS // 50  # customers that are there a second time
BATCH = 20_000
WIDE = str.maketrans({chr(code): chr(code + 0xFEE0) for code in range(0x21, 0x7F)} | {" ": "\u3000"})


def run(url: str) -> list[tuple[str, float, str, float]]:
    """(name, measured, unit, raw limit) of each; ``url`` "" is SQLite."""
    with tempfile.TemporaryDirectory() as folder:
        app = make_app(Path(folder), url)
        with app.app_context():
            spent = _fill()
            with db.db.engine.connect() as connection:
                connection.exec_driver_sql("ANALYZE")
                connection.commit()

            def acting(work: Callable[[], object]) -> Callable[[], None]:
                def done() -> None:
                    with db.transaction(identity.system()):
                        work()

                return done

            keys = match_keys.KEYS
            shared = (
                sa.select(keys.c.kind, keys.c.key)
                .where(keys.c.target == "customers")
                .group_by(keys.c.kind, keys.c.key)
                .having(sa.func.count() > 1)
            )
            bare = sa.select(sa.func.count()).select_from(shared.subquery())
            one = sa.select(keys.c.row_id).where(
                keys.c.target == "customers", keys.c.kind == "name", keys.c.key == "acmetrading7"
            )

            def execute(statement: sa.Select[tuple[int]]) -> Callable[[], object]:
                return lambda: db.session.connection().execute(statement).all()

            def scan() -> None:
                found = duplicates.scan(registry["customers"], anew=True)
                assert len(found.groups) == TWINS, len(found.groups)

            found = [(f"make the keys of {CUSTOMERS:,} customers, each 1,000", spent, "ms", 0.0)]
            found.append(
                (
                    f"scan {CUSTOMERS:,} customers for duplicates",
                    timed(acting(scan), 3) / 1000,
                    "s",
                    timed(acting(execute(bare)), 3) / 1000,
                )
            )
        browser = app.test_client()
        with browser.session_transaction() as session:
            session["_user_id"], session["_fresh"] = "1", True

        def page(path: str) -> Callable[[], None]:
            def get() -> None:
                answer = browser.get(path)
                assert answer.status_code == 200, (path, answer.status_code)

            return get

        typed = page("/customers/like?name=%EF%BD%81%EF%BD%83%EF%BD%8D%EF%BD%85 trading 7 inc.")
        with app.app_context():
            look = timed(acting(execute(one)))
        found.append((f"who may be the same of {CUSTOMERS:,}, while one types", timed(typed), "ms", look))
        found.append(
            ("duplicates, the next page of the groups", timed(page("/customers/duplicates?page=1")), "ms", 0.0)
        )
        return found


def _name(number: int) -> str:
    return f"{NAMES[number % len(NAMES)]} {number} Co., Ltd."


def _disguised(number: int) -> str:
    """The name of the customer ``number`` as somebody else typed it."""
    name = _name(number)
    return (name.upper(), name.translate(WIDE), name.replace(" ", " - "), name.replace("Co., Ltd.", "有限公司"))[
        number % 4
    ]


def _fill() -> float:
    """Make the customers and their keys; the milliseconds of making the keys of 1,000 of them."""
    spent = 0.0
    for start in range(0, CUSTOMERS, BATCH):
        rows = []
        for number in range(start + 1, min(start + BATCH, CUSTOMERS) + 1):
            twin = number - (CUSTOMERS - TWINS)
            rows.append(
                {
                    "id": number,
                    "code": f"B{number:07}",
                    "name": _disguised(twin) if twin > 0 else _name(number),
                    "phone": None if twin > 0 else f"138{number:08}",
                    "kind": "company",
                    "status": "active",
                    "owner_id": 1,
                    "search_text": "",
                }
            )
        with db.transaction(identity.system()):
            insert("customers", rows)
            began = time.perf_counter()
            match_keys.refresh(db.session.connection(), registry["customers"], range(start + 1, start + len(rows) + 1))
            spent += time.perf_counter() - began
    return spent * 1_000_000 / CUSTOMERS
