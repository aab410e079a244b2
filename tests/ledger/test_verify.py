"""The check finds whatever was done to the book behind its back, and nothing when it is right."""

import pytest

from app.core import db, identity
from app.ledger import stock, triggers, verify
from app.ledger.models import StockEntry
from tests.ledger.warehouse import coming, going, moving, post


@pytest.fixture(autouse=True)
def _work(work):
    """A busy book: receipts, withdrawals, moves, a reversal, a correction."""
    post(coming(10, "3.333333"), coming(4, 7, code="P2"))
    stock.reverse(post(coming(1, 5), coming(3, 5, code="P3")))
    post(going("2.5"), *moving(2, code="P2"))
    post(going(1, code="P3", warehouse="LOOSE"))
    post(coming(4, 9, code="P3", warehouse="LOOSE"))
    db.session.commit()


@pytest.fixture
def tamper(url):
    """Do something to the book with its triggers off, and put them back."""

    def run(*statements):
        db.session.rollback()
        with db.db.engine.begin() as connection:
            for table in triggers.TABLES:
                for name in triggers._triggers(table, connection.dialect.name == "sqlite"):
                    connection.exec_driver_sql(
                        f"DROP TRIGGER {name}" + ("" if url.startswith("sqlite") else f" ON {table}")
                    )
            for statement in statements:
                assert connection.exec_driver_sql(statement).rowcount >= 1, statement
            triggers.create(connection)
        return verify.differences()

    return run


def scaled(url, number, scale):
    return number * 10**scale if url.startswith("sqlite") else number


def test_nothing_when_all_is_right():
    assert verify.differences() == []


def test_it_sees_through_every_scope():
    post(coming(1, 1))
    with identity.acting_as(None):
        assert verify.differences() == []


def test_a_quantity(url, tamper):
    found = tamper(f"UPDATE stock_entries SET quantity = {scaled(url, 11, 4)} WHERE id = 1")
    assert "P1 in MAIN: the balance says 7.5000 on hand, its entries add up to 8.5000." in found
    assert any(each.startswith("Entry 1 of SA2026-00001: 11.0000 at 3.333333 does not make 33.33") for each in found)


def test_an_amount(url, tamper):
    found = tamper(f"UPDATE stock_entries SET amount = {scaled(url, 34, 2)} WHERE id = 1")
    assert "P1 in MAIN: it is worth 25.00, the amounts of its entries add up to 25.67." in found


def test_a_unit_cost(url, tamper):
    found = tamper(f"UPDATE stock_entries SET unit_cost = {scaled(url, 3, 6)} WHERE id = 1")
    assert found == ["Entry 1 of SA2026-00001: 10.0000 at 3.000000 does not make 33.33."]


def test_an_entry_that_was_deleted(tamper):
    found = tamper("DELETE FROM stock_entries WHERE id = 1")
    assert "P1 in MAIN: the balance says 7.5000 on hand, its entries add up to -2.5000." in found


def test_every_entry_deleted(tamper):
    # Mirrors first: they point at their originals.
    found = tamper("DELETE FROM stock_entries WHERE reverses_id IS NOT NULL", "DELETE FROM stock_entries")
    assert "P1 in MAIN: the balance says 7.5000 on hand, its entries add up to 0.0000." in found


def test_an_entry_that_was_made_up(tamper):
    columns = ", ".join(column.name for column in StockEntry.__table__.c if column.name != "id")
    found = tamper(f"INSERT INTO stock_entries ({columns}) SELECT {columns} FROM stock_entries WHERE id = 1")
    assert "P1 in MAIN: the balance says 7.5000 on hand, its entries add up to 17.5000." in found


def test_an_entry_moved_to_another_product(tamper):
    found = tamper("UPDATE stock_entries SET product_id = 5 WHERE id = 1")
    assert "P5 in MAIN: there are entries, adding up to 10.0000, but no balance." in found
    assert any(each.startswith("P1 in MAIN") for each in found)


def test_a_balance(url, tamper):
    found = tamper(
        f"UPDATE stock_balances SET on_hand = {scaled(url, 100, 4)}, value = {scaled(url, 1, 2)} WHERE product_id = 1"
    )
    assert "P1 in MAIN: the balance says 100.0000 on hand, its entries add up to 7.5000." in found
    assert "P1 in MAIN: it is worth 1.00, the amounts of its entries add up to 25.00." in found


def test_an_average(url, tamper):
    found = tamper(f"UPDATE stock_balances SET average_cost = {scaled(url, 4, 6)} WHERE product_id = 1")
    assert found == ["P1 in MAIN: the average cost is 4.000000, by its value it should be 3.333333."]


def test_a_balance_that_is_gone(tamper):
    found = tamper("DELETE FROM stock_balances WHERE product_id = 1")
    assert found == ["P1 in MAIN: there are entries, adding up to 7.5000, but no balance."]


def test_a_mirror_that_is_none(url, tamper):
    moved = "UPDATE stock_entries SET quantity = quantity - 1, amount = amount - 1 WHERE reverses_id = 3"
    # Made up for elsewhere, so that every sum is right.
    hidden = "UPDATE stock_entries SET quantity = quantity + 1, amount = amount + 1 WHERE id = 1"
    found = tamper(moved, hidden)
    assert "Entry 6 of SA2026-00002 reverses entry 3, but is not its mirror." in found


def test_a_mirror_that_was_cut_loose(tamper):
    found = tamper("UPDATE stock_entries SET reverses_id = NULL WHERE reverses_id = 3")
    assert "Entry 3 of SA2026-00002 is not reversed, though the document is." in found


@pytest.mark.parametrize(
    "name", ["stock_entries_no_update", "stock_entries_no_delete", "audit_entries_no_update", "audit_entries_no_delete"]
)
def test_a_trigger_that_is_missing(url, name):
    with db.db.engine.begin() as connection:
        connection.exec_driver_sql(
            f"DROP TRIGGER {name}" + ("" if url.startswith("sqlite") else f" ON {name.split('_no_')[0]}")
        )
    assert verify.differences() == [f"The trigger {name}, which keeps entries as they were written, is missing."]
