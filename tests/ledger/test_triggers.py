"""The database itself keeps entries as they were written."""

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import DatabaseError

from app.core import db
from app.ledger import triggers
from app.ledger.models import StockEntry
from tests.ledger.warehouse import coming, post


@pytest.fixture(autouse=True)
def _work(work):
    """Everything here is done in the warehouse."""
    post(coming(5, 1, customer_id=1))
    db.session.commit()


def run(statement):
    with db.db.engine.begin() as connection:
        return connection.exec_driver_sql(statement).rowcount


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE stock_entries SET quantity = 6",
        "UPDATE stock_entries SET quantity = quantity",
        "UPDATE stock_entries SET customer_id = NULL",
        "DELETE FROM stock_entries",
        "UPDATE audit_entries SET record = 'customers/1'",
        "DELETE FROM audit_entries",
    ],
)
def test_they_refuse_to_tamper(statement):
    with pytest.raises(DatabaseError, match="is append only"):
        run(statement)


def test_they_refuse_to_replace(url):
    if url.startswith("postgresql"):
        statement = "TRUNCATE stock_entries CASCADE"
    else:
        columns = ", ".join(column.name for column in StockEntry.__table__.c)
        statement = f"INSERT OR REPLACE INTO stock_entries ({columns}) SELECT {columns} FROM stock_entries"
    with pytest.raises(DatabaseError, match="is append only"):
        run(statement)


def test_they_are_made_anew_where_they_exist():
    with db.db.engine.begin() as connection:
        triggers.create(connection)
        assert triggers.missing(connection) == []


def test_what_is_not_there_is_missed(url):
    drop = "DROP TRIGGER stock_entries_no_delete"
    if url.startswith("postgresql"):
        drop += " ON stock_entries"
        run("ALTER TABLE audit_entries DISABLE TRIGGER audit_entries_no_update")
    run(drop)
    with db.db.engine.connect() as connection:
        gone = triggers.missing(connection)
    assert gone == (["audit_entries_no_update"] if url.startswith("postgresql") else []) + ["stock_entries_no_delete"]


def test_they_come_and_go_with_the_tables(url):
    """Before the first migration there is nothing to guard."""
    with db.db.engine.begin() as connection:
        connection.execute(sa.text("DROP TABLE stock_entries"))
        triggers.create(connection)
        assert {name.split("_no_")[0] for name in triggers.missing(connection)} == {"stock_entries"}
