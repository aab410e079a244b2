"""Several processes at the same goods: nothing is sold twice, nobody deadlocks, nothing fails but what is refused."""

import sqlalchemy as sa

from app.core import db, identity
from app.core.document import take
from app.ledger import verify
from app.ledger.models import StockEntry
from tests.ledger import rush
from tests.ledger.warehouse import at_work, coming, cost, holding, make_product, owed, place, post, product


def bring(url, *goods):
    with at_work(url):
        for movement in goods:
            post(coming(*movement))
        db.session.commit()


def test_a_stock_of_100_is_sold_100_times(url):
    bring(url, (100, "3.333333"))
    assert rush.rush(url, rush.withdraw, 80) == {"sold": 100, "refused": 220}
    with at_work(url):
        assert holding() == ("0.0000", "0.00", "0.000000")
        numbers = db.session.scalars(sa.select(StockEntry.document_number).order_by(StockEntry.id)).all()
        assert numbers == [f"SA2026-{count:05d}" for count in range(1, 102)]
        assert verify.differences() == []


def test_opposite_orders_do_not_deadlock(url):
    with at_work(url):
        for code in ("P1", "P2", "P3"):
            for warehouse in ("MAIN", "EAST"):
                post(coming(1000, 2, code=code, warehouse=warehouse))
        db.session.commit()
    assert rush.rush(url, rush.cross, 100) == {"moved": 400}
    with at_work(url):
        assert {holding(code, warehouse)[1] for code in ("P1", "P2", "P3") for warehouse in ("MAIN", "EAST")} == {
            "2000.00"
        }
        assert cost() == "2.000000"
        assert verify.differences() == []


def test_first_balances_are_made_once(url):
    with at_work(url):
        for turn in range(15):
            for each in range(6):
                make_product(f"R{turn}-{each}")
        db.session.commit()
    assert rush.rush(url, rush.open_balances, 15) == {"brought": 60}
    with at_work(url):
        assert {holding(f"R{turn}-{each}", "EAST")[0] for turn in range(15) for each in range(6)} == {"2.0000"}
        assert cost("R3-3") == "5.000000"
        assert verify.differences() == []


def test_goods_are_edited_while_they_come_in(url):
    with at_work(url):
        for turn in range(15):
            for each in range(6):
                make_product(f"R{turn}-{each}")
        db.session.commit()
    assert rush.rush(url, rush.edit_or_open, 15) == {"brought": 30, "edited": 30}
    with at_work(url):
        assert verify.differences() == []


def test_one_reversal_of_many(url):
    bring(url, *[(1, 5)] * 20)
    assert rush.rush(url, rush.take_back, 20) == {"reversed": 20, "refused": 60}
    with at_work(url):
        assert holding()[0] == "0.0000"
        assert verify.differences() == []


def test_what_customers_owe_adds_up(url):
    assert rush.rush(url, rush.owe_across, 60) == {"posted": 240}
    with at_work(url):
        assert {owed(customer) for customer in (1, 2, 3)} == {"1601.60"}
        assert verify.differences() == []


def test_customers_are_edited_while_they_are_charged(url):
    assert rush.rush(url, rush.owe_or_edit, 30) == {"posted": 60, "edited": 60}
    with at_work(url):
        assert owed() == "400.40"
        assert verify.differences() == []


def test_both_books_at_once(url):
    bring(url, (1000, 2))
    assert rush.rush(url, rush.both_books, 40) == {"posted": 160}
    with at_work(url):
        assert (owed(1), owed(2), holding()[0]) == ("800.00", "800.00", "920.0000")
        assert verify.differences() == []


def test_no_posting_slips_past_a_closing(url):
    found = rush.rush(url, rush.close_or_post, 30)
    assert found["closed"] == 30
    assert found["posted"] + found["refused"] == 90, found
    with at_work(url):
        # Every entry of a closed day was written before the closing: the check would name it.
        assert verify.differences() == []


def test_a_document_of_the_house(url):
    """An adjustment goes through its workflow: posted, then cancelled."""
    from app.core import crud
    from app.domains.stock import services  # noqa: F401 (its effects)
    from app.domains.stock.models import StockAdjustment

    with at_work(url), identity.acting_as(identity.system()):
        line = {"product": product(), "quantity": "5", "unit_cost": "2"}
        document = crud.create(StockAdjustment, {"warehouse": place(), "lines": [line]})
        take(document, "post")
        assert (document.state, holding()[0]) == ("posted", "5.0000")
        take(document, "cancel")
        assert (document.state, holding()[0]) == ("cancelled", "0.0000")
        assert verify.differences() == []
