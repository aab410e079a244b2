"""A company that began with the first schema goes on with this one: the demo company of then, on both databases.

``tests/data/upgrade/0001.json.gz`` holds every row that the first version's demo company had, by table.
"""

from __future__ import annotations

import gzip
import json
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from flask_appbuilder import Model

from app import create_app, setup
from app.core import db, identity
from app.domains.crm.models import Customer
from app.ledger import triggers, verify
from tests.app_fixtures import Api, Pages, settings_for

FIRST = Path(__file__).parent / "data" / "upgrade" / "0001.json.gz"
PASSWORD = "correct-horse"  # of that company's administrator
READ = {
    "decimal": Decimal,
    "moment": datetime.fromisoformat,
    "day": date.fromisoformat,
    "json": lambda value: value,
}


BECAME_ROWS = {"customers": {"tags"}}  # columns that are rows of other tables by now


def rows() -> dict[str, list[dict[str, Any]]]:
    """Every row of the first version's company, by table."""
    with gzip.open(FIRST) as file:
        tables = json.load(file)
    found = {}
    for name, table in tables.items():
        found[name] = [
            {column: _value(value) for column, value in zip(table["columns"], row, strict=True)}
            for row in table["rows"]
        ]
    return found


def _value(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    ((kind, text),) = value.items()
    return READ[kind](text)


def fill(connection: sa.Connection, company: dict[str, list[dict[str, Any]]]) -> None:
    """Put the rows into a database of the first schema: its columns, with the types that they still have."""
    for table in Model.metadata.sorted_tables:
        if not company.get(table.name):
            continue
        names = list(company[table.name][0])
        types = {name: table.c[name].type if name in table.c else sa.Text() for name in names}
        old = sa.table(table.name, *(sa.column(name, type) for name, type in types.items()))
        connection.execute(sa.insert(old), sorted(company[table.name], key=lambda row: row.get("id") or 0))
        if connection.dialect.name == "postgresql" and "id" in names:
            last = f"(SELECT max(id) FROM {table.name})"
            sequence = connection.exec_driver_sql(f"SELECT pg_get_serial_sequence('{table.name}', 'id')").scalar()
            if sequence is None and table.name.startswith("ab_"):
                sequence = f"{table.name}_id_seq"
            connection.exec_driver_sql(f"SELECT setval('{sequence}', {last})")


@pytest.fixture(params=["sqlite", "postgresql"])
def upgraded(request, tmp_path):
    """The company, upgraded; and what it was."""
    from alembic import command

    url = request.getfixturevalue("postgres_url") if request.param == "postgresql" else ""
    app = create_app(settings_for(tmp_path, url))
    company = rows()
    with app.app_context():
        command.upgrade(setup.alembic_config(), "0001")
        with db.db.engine.begin() as connection:
            triggers.create(connection)
            fill(connection, company)
        outcome = setup.prepare()
        assert not outcome.was_empty and outcome.password is None
        db.session.remove()
    yield app, company
    with app.app_context():
        db.session.remove()
        db.db.engine.dispose()


def test_nothing_is_lost_and_all_works(upgraded):
    app, company = upgraded
    with app.app_context(), db.transaction(identity.system()) as session:
        connection = session.connection()
        for name, before in company.items():
            table = Model.metadata.tables[name]
            gone = BECAME_ROWS.get(name, set())
            before = [{column: value for column, value in row.items() if column not in gone} for row in before]
            found = (
                connection.execute(sa.select(*(table.c[column] for column in before[0]))).mappings() if before else []
            )
            kept = {repr(sorted(dict(row).items())) for row in found}
            if name in ("remembered", "scheduled_jobs"):
                continue  # which the new version brings up to date
            lost = [row for row in before if repr(sorted(row.items())) not in kept]
            assert lost == [], name
        written = {row["id"]: set(row["tags"].split(", ")) for row in company["customers"] if row["tags"]}
        carried = {row.id: {str(tag) for tag in row.tags} for row in session.scalars(sa.select(Customer)) if row.tags}
        assert carried == written and written
        assert triggers.missing(connection) == []
        assert verify.differences() == []
    from alembic import command

    with app.app_context():
        command.check(setup.alembic_config())
    admin, browser = Api(app, "admin", PASSWORD), Pages(app, "admin", PASSWORD)
    for resource in ("customers", "weekly-plans", "stock-entries", "sequences", "notices", "scheduled-jobs"):
        assert admin.get(f"{resource}/").status_code == 200, resource
        assert browser.get(f"/{resource}/list/").status_code == 200, resource
    assert {row["name"] for row in admin.rows("scheduled-jobs", page_size=50)} >= {"send-mail", "clean-up"}


def test_what_is_new_works_on_what_is_old(upgraded):
    app, company = upgraded
    admin = Api(app, "admin", PASSWORD)
    largest = max(row["id"] for row in company["customers"])
    made = admin.post("customers/", {"name": "New"}, headers={"Idempotency-Key": "one"}).json
    assert made["id"] > largest
    assert made["result"]["code"] not in {row["code"] for row in company["customers"]}
    numbers = [row["number"] for row in company["stock_adjustments"] if row["number"]]
    draft = next(row for row in company["stock_adjustments"] if row["state"] == "draft")
    answer = admin.post(f"stock-adjustments/{draft['id']}/post")
    assert answer.status_code in (200, 422), answer.text
    if answer.status_code == 200:
        assert answer.json["result"]["number"] not in numbers
