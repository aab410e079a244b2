"""The board of opportunities: 20,000 of them in the usual stages, as somebody who sees half of them.  The raw limit is the
sums of each stage and its first cards by bare SQL, whoever looks.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path

import sqlalchemy as sa
from flask_appbuilder.security.sqla.models import Role

from app.core import clock, db, identity
from app.core.entity import User
from app.core.web.board import CARDS
from bench.company import insert, make_app, timed

OPPORTUNITIES = 20_000
CUSTOMERS = 5_000


def run(url: str) -> list[tuple[str, float, str, float]]:
    """(name, measured, unit, raw limit) of each; ``url`` "" is SQLite."""
    with tempfile.TemporaryDirectory() as folder:
        app = make_app(Path(folder), url)
        with app.app_context():
            with db.transaction(identity.system()):
                seller, stages = _fill()
            with db.db.engine.connect() as connection:
                connection.exec_driver_sql("ANALYZE")
                connection.commit()
        browser = app.test_client()
        with browser.session_transaction() as session:
            session["_user_id"], session["_fresh"] = str(seller), True

        def page(path: str) -> Callable[[], None]:
            def get() -> None:
                answer = browser.get(path)
                assert answer.status_code == 200, (path, answer.status_code)

            return get

        def raw() -> None:
            with app.app_context(), db.db.engine.connect() as connection:
                sums = "SELECT stage_id, count(*), sum(amount), sum(weighted) FROM opportunities GROUP BY stage_id"
                connection.execute(sa.text(sums)).all()
                for stage in stages:
                    few = "SELECT * FROM opportunities WHERE stage_id = :stage ORDER BY expected_close_on LIMIT :most"
                    connection.execute(sa.text(few), {"stage": stage, "most": CARDS}).all()

        limit = timed(raw)
        what = f"of {OPPORTUNITIES:,} opportunities"
        return [
            (f"board {what}", timed(page("/opportunities/board/")), "ms", limit),
            (f"board {what}, searched", timed(page("/opportunities/board/?q=deal+7")), "ms", limit),
        ]


def _fill() -> tuple[int, list[int]]:
    """The company; the seller's id, and the stages'."""
    from app.domains.crm import services

    user = User(username="ann", first_name="Ann", last_name="Lee", email="ann@example.com", active=True)
    user.password = "-"
    user.roles = [db.session.scalars(sa.select(Role).where(Role.name == "Salesperson")).one()]
    db.session.add(user)
    stages = [stage.id for stage in services.add_usual_stages()]
    db.session.flush()
    owners = (1, user.id)
    insert(
        "customers",
        [
            {
                "id": number,
                "code": f"B{number:05}",
                "name": f"Customer {number}",
                "kind": "company",
                "status": "active",
                "owner_id": owners[number % 2],
            }
            for number in range(1, CUSTOMERS + 1)
        ],
    )
    today = clock.today()
    insert(
        "opportunities",
        [
            {
                "name": f"Deal {number}",
                "customer_id": number % CUSTOMERS + 1,
                "owner_id": owners[(number + 1) % 2],
                "stage_id": stages[number % len(stages)],
                "amount": number % 1000,
                "weighted": number % 500,
                "probability": 0,
                "expected_close_on": today,
                "stage_since": clock.now(),
                "lost_reason": "Price",
            }
            for number in range(OPPORTUNITIES)
        ],
    )
    return int(user.id), stages
