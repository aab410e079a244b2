"""The party book: what customers owe is the sum of its entries, whatever is posted and reversed."""

import datetime
from decimal import Decimal

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import DatabaseError

from app.core import db
from app.core.errors import Invalid
from app.ledger import party, verify
from app.ledger.models import PartyBalance, PartyEntry
from tests.ledger.warehouse import DAY, counted, make_document, owe, owed, post_party


@pytest.fixture(autouse=True)
def _work(work):
    """Everything here is done in the warehouse."""


def entries():
    return db.session.scalars(sa.select(PartyEntry).order_by(PartyEntry.id)).all()


class TestPost:
    def test_the_balance_is_the_sum(self):
        post_party(owe("100.10"), owe("-30", kind="receipt"), owe(7, customer=2))
        post_party(owe("-80.10", kind="receipt"))
        assert (owed(1), owed(2)) == ("-10.00", "7.00")
        assert verify.differences() == []

    def test_an_entry_says_what_it_is(self):
        due = datetime.date(2026, 4, 1)
        document = post_party(
            owe("700", currency="USD", currency_amount=Decimal("100"), due_on=due), date=DAY + datetime.timedelta(1)
        )
        [entry] = entries()
        assert (entry.party, entry.customer_id, entry.kind) == ("customers/1", 1, "sale")
        assert (entry.currency, entry.currency_amount, entry.amount) == ("USD", Decimal(100), Decimal(700))
        assert (entry.due_on, entry.date) == (due, datetime.date(2026, 3, 3))
        assert (entry.document_kind, entry.document_id) == ("stock-adjustments", document.id)
        assert entry.document_number == document.number == "SA2026-00001"

    def test_base_currency_unless_said(self):
        post_party(owe("5.05"))
        assert [(each.currency, str(each.currency_amount)) for each in entries()] == [("CNY", "5.05")]

    def test_nothing_is_refused(self):
        with pytest.raises(Invalid) as refused:
            post_party(owe(0, line=2))
        assert list(refused.value.errors) == ["lines.2.amount"]
        assert make_document().number is None

    @pytest.mark.parametrize("name", ["customers/0", "customers/999"])
    def test_nobody_is_refused(self, name):
        with pytest.raises(Invalid):
            post_party(party.PartyMovement(name, "sale", Decimal(1)))

    @pytest.mark.parametrize(
        "change",
        [
            {"party": "products/1"},
            {"party": "customers/x"},
            {"party": "customers/01"},
            {"kind": "gift"},
            {"amount": Decimal("0.001")},
            {"currency": "USD"},
        ],
    )
    def test_what_is_no_movement(self, change):
        with pytest.raises(ValueError):
            party.PartyMovement(**{"party": "customers/1", "kind": "sale", "amount": Decimal(1), **change})

    def test_too_much(self):
        post_party(owe("9999999999999999.99"))
        with pytest.raises(Invalid):
            post_party(owe("0.01"))

    def test_statements_do_not_grow_with_the_movements(self):
        document = make_document()
        with counted() as few:
            party.post_party(document, [owe(1)], date=DAY)
        document = make_document()
        with counted() as many:
            party.post_party(document, [owe(1, customer=each % 3 + 1) for each in range(300)], date=DAY)
        # Balances of customers 2 and 3 are made on the way.
        assert len(many) <= len(few) + 2


class TestReverse:
    def test_the_mirror(self):
        document = post_party(owe(100), owe(50, customer=2, currency="USD", currency_amount=Decimal(7)))
        party.reverse_party(document)
        assert (owed(1), owed(2)) == ("0.00", "0.00")
        mirrors = {each.reverses_id: each for each in entries() if each.reverses_id}
        assert {key: (str(each.amount), str(each.currency_amount)) for key, each in mirrors.items()} == {
            1: ("-100.00", "-100.00"),
            2: ("-50.00", "-7.00"),
        }
        assert verify.differences() == []

    def test_once(self):
        document = post_party(owe(100))
        party.reverse_party(document)
        with pytest.raises(party.AlreadyReversed):
            party.reverse_party(document)

    def test_nothing(self):
        party.reverse_party(make_document())
        assert entries() == []

    def test_not_before_the_posting(self):
        document = post_party(owe(100))
        with pytest.raises(Invalid):
            party.reverse_party(document, date=DAY - datetime.timedelta(1))


def test_a_lock_says_what_is_owed():
    post_party(owe(100))
    assert party.lock(["customers/1", "customers/2"]) == {"customers/1": Decimal(100), "customers/2": Decimal(0)}


def test_nobody_writes_it_otherwise():
    post_party(owe(100))
    db.session.get(PartyBalance, 1).balance = Decimal(0)
    with pytest.raises(RuntimeError):
        db.session.flush()
    db.session.rollback()


@pytest.mark.parametrize("statement", ["UPDATE party_entries SET amount = 1", "DELETE FROM party_entries"])
def test_triggers_keep_it(statement):
    post_party(owe(100))
    db.session.commit()
    with pytest.raises(DatabaseError, match="is append only"), db.db.engine.begin() as connection:
        connection.exec_driver_sql(statement)
