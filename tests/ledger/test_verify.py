"""The check finds whatever was done to the book behind its back, and nothing when it is right."""

import datetime

import pytest

from app.core import db, identity
from app.ledger import party, periods, stock, triggers, verify
from app.ledger.models import PartyEntry, StockEntry
from tests.ledger.warehouse import DAY, coming, going, moving, owe, post, post_party


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


BROKEN = "Entry {} of {} no longer says what it said when it was written."


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
    assert found == [
        "Entry 1 of SA2026-00001: 10.0000 at 3.000000 does not make 33.33.",
        BROKEN.format(1, "SA2026-00001"),
    ]


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


def test_a_date(tamper):
    found = tamper("UPDATE stock_entries SET date = '2026-03-01' WHERE id = 1")
    assert found == [BROKEN.format(1, "SA2026-00001")]


def test_a_customer(tamper):
    found = tamper("UPDATE stock_entries SET customer_id = 1 WHERE id = 2")
    assert found == [BROKEN.format(2, "SA2026-00001")]


def test_a_seal(tamper):
    found = tamper("UPDATE stock_entries SET seal = NULL WHERE id = 2")
    assert found == [BROKEN.format(2, "SA2026-00001")]


def test_the_latest_day_of_a_balance(tamper):
    found = tamper("UPDATE stock_balances SET moved_on = '2026-03-01' WHERE product_id = 1")
    assert len(found) == 1
    assert found[0].startswith("P1 · MAIN: its last movement is said to be on 2026-03-01, by its entries it was on ")


def test_a_day_to_come(tamper):
    found = tamper("UPDATE stock_entries SET date = '2999-01-01' WHERE id = 1")
    assert "Entry 1 of SA2026-00001 is dated 2999-01-01, more than a year ahead." in found


def test_an_entry_slipped_into_a_closed_period(tamper):
    periods.close(DAY)
    late = post(coming(1, 1), date=DAY + datetime.timedelta(days=1))
    db.session.commit()
    found = tamper(f"UPDATE stock_entries SET date = '{DAY}' WHERE document_id = {late.id}")
    assert any(each.endswith("is dated 2026-03-02, but was written after that day was closed.") for each in found)


def test_another_document(tamper):
    found = tamper("UPDATE stock_entries SET document_id = 987654 WHERE id = 1")
    assert "Entry 1 is under SA2026-00001, but there is no such document." in found


class TestParty:
    """The same in the party book: customer 1 owes 70.00, what customer 2 owed was taken back."""

    @pytest.fixture(autouse=True)
    def _work(self, _work):
        post_party(owe(100))
        post_party(owe(-30, kind="receipt"))
        party.reverse_party(post_party(owe(50, customer=2)), date=DAY)
        db.session.commit()

    def test_nothing_when_all_is_right(self):
        assert verify.differences() == []

    def test_an_amount(self, url, tamper):
        found = tamper(f"UPDATE party_entries SET amount = {scaled(url, 90, 2)} WHERE id = 1")
        assert found == [
            "customers/1: the balance says 70.00, its entries add up to 60.00.",
            BROKEN.format(1, "SA2026-00006"),
        ]

    def test_an_entry_that_was_deleted(self, tamper):
        found = tamper("DELETE FROM party_entries WHERE id = 1")
        assert found == ["customers/1: the balance says 70.00, its entries add up to -30.00."]

    def test_an_entry_that_was_made_up(self, tamper):
        columns = ", ".join(column.name for column in PartyEntry.__table__.c if column.name != "id")
        found = tamper(f"INSERT INTO party_entries ({columns}) SELECT {columns} FROM party_entries WHERE id = 1")
        assert found == ["customers/1: the balance says 70.00, its entries add up to 170.00."]

    def test_a_balance(self, url, tamper):
        found = tamper(f"UPDATE party_balances SET balance = {scaled(url, 1, 2)} WHERE party = 'customers/1'")
        assert found == ["customers/1: the balance says 1.00, its entries add up to 70.00."]

    def test_a_balance_that_is_gone(self, tamper):
        found = tamper("DELETE FROM party_balances WHERE party = 'customers/1'")
        assert found == ["customers/1: there are entries, adding up to 70.00, but no balance."]

    def test_an_entry_given_to_another_party(self, tamper):
        found = tamper("UPDATE party_entries SET party = 'customers/3' WHERE id = 1")
        assert "customers/3: there are entries, adding up to 100.00, but no balance." in found
        assert "Row 1 of party_entries says customers/3, but points at another party." in found

    def test_a_pointer(self, tamper):
        found = tamper("UPDATE party_balances SET customer_id = 3 WHERE party = 'customers/1'")
        assert found == ["Row 1 of party_balances says customers/1, but points at another party."]

    def test_a_mirror_that_is_none(self, tamper):
        # Made up for elsewhere, so that every sum is right.
        found = tamper(
            "UPDATE party_entries SET amount = amount - 1 WHERE reverses_id = 3",
            "UPDATE party_entries SET amount = amount + 1 WHERE id = 3",
            "UPDATE party_entries SET currency_amount = currency_amount - 1 WHERE reverses_id = 3",
        )
        assert found[0] == "Entry 4 of SA2026-00008 reverses entry 3, but is not its mirror."
        assert [each for each in found if "customers/" in each] == []

    def test_a_mirror_that_was_cut_loose(self, tamper):
        found = tamper("UPDATE party_entries SET reverses_id = NULL WHERE id = 4")
        assert found == [BROKEN.format(4, "SA2026-00008")]

    def test_a_date(self, tamper):
        found = tamper("UPDATE party_entries SET date = '2026-03-01' WHERE id = 1")
        assert found == [BROKEN.format(1, "SA2026-00006")]

    def test_when_it_is_due(self, tamper):
        found = tamper("UPDATE party_entries SET due_on = '2030-01-01' WHERE id = 1")
        assert found == [BROKEN.format(1, "SA2026-00006")]

    def test_an_entry_slipped_into_a_closed_period(self, tamper):
        periods.close(DAY)
        late = post_party(owe(1), date=DAY + datetime.timedelta(days=1))
        db.session.commit()
        found = tamper(f"UPDATE party_entries SET date = '{DAY}' WHERE document_id = {late.id}")
        assert any(each.endswith("is dated 2026-03-02, but was written after that day was closed.") for each in found)


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
    "name",
    [
        "stock_entries_no_update",
        "stock_entries_no_delete",
        "party_entries_no_update",
        "party_entries_no_delete",
        "audit_entries_no_update",
        "audit_entries_no_delete",
    ],
)
def test_a_trigger_that_is_missing(url, name):
    with db.db.engine.begin() as connection:
        connection.exec_driver_sql(
            f"DROP TRIGGER {name}" + ("" if url.startswith("sqlite") else f" ON {name.split('_no_')[0]}")
        )
    assert verify.differences() == [f"The trigger {name}, which keeps entries as they were written, is missing."]
