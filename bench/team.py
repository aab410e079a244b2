"""The team board of 200 people over 100,000 customers, 200,000 contact records and a week at work, by page and by API,
beside the bare SQL of the same figures.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from app.core import clock, db, identity
from app.core.document import line_model
from app.core.entity import User, entity_for
from bench.company import PASSWORD, ROWS, fill_customers, insert, make_app, timed

PEOPLE = 200
DEPARTMENTS = 20
RECORDS = 200_000
OFTEN = 40  # contact records of each in this week
FIRST = 100  # the first user's id


def run(url: str) -> list[tuple[str, float, str, float]]:
    """(name, measured, unit, raw limit) of each; ``url`` "" is SQLite."""
    with tempfile.TemporaryDirectory() as folder:
        app = make_app(Path(folder), url)
        with app.app_context():
            with db.transaction(identity.system()):
                fill_customers()
                _fill_week()
            with db.db.engine.connect() as connection:
                connection.exec_driver_sql("ANALYZE")
                connection.commit()
            director = db.session.execute(sa.text("SELECT id FROM ab_user WHERE username = 'director'")).scalar_one()
        client = app.test_client(use_cookies=False)
        login = {"username": "admin", "password": PASSWORD, "provider": "db"}
        token = client.post("/api/v1/security/login", json=login).json["access_token"]  # type: ignore[index]
        headers = {"Authorization": f"Bearer {token}"}

        def page(user_id: int, path: str) -> Callable[[], None]:
            browser = app.test_client()
            with browser.session_transaction() as session:
                session["_user_id"] = str(user_id)
                session["_fresh"] = True

            def get() -> None:
                answer = browser.get(path)
                assert answer.status_code == 200, (path, answer.status_code)
                assert answer.text.count('id="person-') == PEOPLE

            return get

        def api() -> None:
            answer = client.get("/api/v1/team/", headers=headers)
            assert answer.status_code == 200 and answer.json["count"] >= PEOPLE, answer.text  # type: ignore[index]

        def raw() -> None:
            with app.app_context(), db.db.engine.connect() as connection:
                for statement in RAW:
                    connection.execute(sa.text(statement), _days()).all()

        limit = timed(raw)
        return [
            (f"team board of {PEOPLE}: page, who leads them", timed(page(director, "/team/")), "ms", limit),
            (f"team board of {PEOPLE}: page, sorted", timed(page(director, "/team/?sort=-week")), "ms", limit),
            (f"team board of {PEOPLE}: API, who sees all", timed(api), "ms", limit),
        ]


RAW = (
    "SELECT * FROM ab_user JOIN employees ON employees.user_id = ab_user.id"
    " LEFT JOIN weekly_plans ON weekly_plans.owner_id = ab_user.id AND week = :week",
    "SELECT * FROM outings WHERE state = 'out'",
    "SELECT * FROM weekly_plan_lines JOIN weekly_plans ON weekly_plans.id = document_id WHERE week = :week",
    "SELECT owner_id + 0, count(*) FROM contact_records WHERE at >= :since GROUP BY owner_id + 0",
    "SELECT * FROM targets WHERE month = :month",
    "SELECT created_by_id, count(*) FROM stage_moves WHERE at >= :since GROUP BY created_by_id",
    "SELECT to_id, count(*), min(created_on) FROM reviews WHERE requires_answer AND NOT answered GROUP BY to_id",
)


def _days() -> dict[str, Any]:
    monday = clock.monday_of(clock.today())
    since = datetime(monday.year, monday.month, monday.day)
    return {"week": monday.isoformat(), "since": since, "month": monday.replace(day=1).isoformat()}


def _fill_week() -> None:
    """Who works where, and what they do this week and have done for a year."""
    monday, now = clock.monday_of(clock.today()), clock.now()
    users = [
        {"id": FIRST + number, "username": f"u{number}", "first_name": "Ann", "last_name": f"Lee {number:03}"}
        for number in range(PEOPLE)
    ]
    users.append({"id": FIRST - 1, "username": "director", "first_name": "Dora", "last_name": "Key"})
    table: Any = User.__table__
    rows = [{"email": f"{each['username']}@example.com", "active": True, **each} for each in users]
    db.session.connection().execute(sa.insert(table), rows)
    role = sa.text("INSERT INTO ab_user_role (user_id, role_id) SELECT :id, id FROM ab_role WHERE name = :role")
    db.session.connection().execute(role, {"id": FIRST - 1, "role": "Sales manager"})
    insert("departments", [{"id": 1, "name": "Company", "parent_id": None, "manager_id": FIRST - 1}])
    insert(
        "departments",
        [{"id": 2 + at, "name": f"Team {at}", "parent_id": 1, "manager_id": None} for at in range(DEPARTMENTS)],
    )
    people = range(FIRST, FIRST + PEOPLE)
    insert(
        "employees",
        [{"user_id": pk, "department_id": 2 + pk % DEPARTMENTS, "active": True} for pk in people],
    )
    insert("targets", [_of(pk, metric="contacts", month=monday.replace(day=1), amount=40) for pk in people])
    plans = [_of(pk, id=pk, number=None, date=monday, state="submitted", week=monday, plan="Visits") for pk in people]
    insert("weekly-plans", plans)
    model = entity_for("weekly-plans")
    assert model is not None
    lines = line_model(model)
    assert lines is not None
    days = [
        {
            "document_id": pk,
            "position": at + 1,
            "planned_on": monday + timedelta(days=at),
            "customer_id": pk,
            "kind": "visit",
            "goal": "Prices",
            "done": at < 2,
        }
        for pk in people
        for at in range(5)
    ]
    db.session.connection().execute(sa.insert(sa.inspect(lines).local_table), days)
    stages = [("First", 1), ("Second", 2)]
    insert(
        "stages",
        [
            {"id": at, "name": name, "position": at, "probability": 0, "is_won": False, "is_lost": False}
            for name, at in stages
        ],
    )
    deal = {
        "name": "Valves",
        "stage_id": 2,
        "amount": 1000,
        "probability": 0,
        "weighted": 0,
        "expected_close_on": monday,
        "stage_since": now,
    }
    insert("opportunities", [_of(pk, id=pk, customer_id=pk, **deal) for pk in people])
    move = {"from_stage_id": 1, "to_stage_id": 2, "at": now, "days": 3}
    insert("stage-moves", [{"opportunity_id": pk, "created_by_id": pk, **move} for pk in people for _time in range(3)])
    records = []
    for number in range(RECORDS):
        ago = timedelta(minutes=7 * (number % OFTEN)) if number < OFTEN * PEOPLE else timedelta(days=8 + number % 360)
        told = {"customer_id": 1 + number % ROWS, "way": "visit", "outcome": "Interested", "summary": "Prices"}
        records.append(_of(FIRST + number % PEOPLE, at=now - ago, **told))
    insert("contact-records", records)
    out = {"purpose": "Visit", "leave_at": now - timedelta(hours=1)}
    insert(
        "outings",
        [_of(pk, customer_id=pk, state="out" if pk % 3 else "planned", **out) for pk in people],
    )
    insert(
        "reviews",
        [
            {
                "record": f"weekly-plans/{pk}",
                "record_resource": "weekly-plans",
                "record_id": pk,
                "body": "When?",
                "requires_answer": True,
                "answered": False,
                "author_id": FIRST - 1,
                "to_id": pk,
            }
            for pk in people
        ],
    )


def _of(owner: int, **fields: Any) -> dict[str, Any]:
    return {"owner_id": owner, **fields}
