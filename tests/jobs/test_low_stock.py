from dataclasses import replace
from datetime import datetime

import pytest
import sqlalchemy as sa
from flask import current_app

from app.core import clock, db, identity
from app.core.entity import User
from app.core.outbox import OutboxMail
from app.domains.stock.models import Warehouse
from app.jobs import low_stock
from app.jobs.job import Occasion
from app.ledger import figures
from tests.app_fixtures import counted
from tests.jobs.company import make_product, make_safety_stock, make_warehouse, place, stock, stock_all, user

MORNING = datetime(2026, 11, 24, 8)


def tell(day: int = 24) -> dict[str, OutboxMail]:
    """Run the job in the morning of a day of November; the mails it wrote, by recipient."""
    last = db.session.scalar(sa.select(sa.func.max(OutboxMail.id))) or 0
    with clock.stopped(MORNING.replace(day=day)):
        low_stock.tell(Occasion())
        db.session.commit()
    return since(last)


def since(last: int = 0) -> dict[str, OutboxMail]:
    """The mails after the id ``last``, by recipient; the test's database holds no other."""
    rows = db.session.scalars(sa.select(OutboxMail).where(OutboxMail.id > last)).all()
    assert len({mail.to for mail in rows}) == len(rows)
    return {mail.to: mail for mail in rows}


@pytest.fixture(autouse=True)
def _stopped(company):
    with clock.stopped(MORNING.replace(day=20)):
        yield


class TestWhatIsLow:
    def test_is_told_to_keeper_and_purchasers_with_its_figures(self, company):
        valve = make_product("V1", spec="DN50")
        make_safety_stock("MAIN", valve, "1500")
        stock(valve, "1200")
        reserve = figures.register("reserved", _reserved(valve.id))
        incoming = figures.register("incoming", _incoming(valve.id))
        try:
            mails = tell()
        finally:
            figures._registered["reserved"].pop(f"{reserve.__module__}.{reserve.__qualname__}")
            figures._registered["incoming"].pop(f"{incoming.__module__}.{incoming.__qualname__}")
        assert set(mails) == {"wei@example.com", "lin@example.com"}
        body = mails["lin@example.com"].body
        assert "V1 Valve V1 DN50 · Main" in body
        assert "On hand 1,200 · Reserved 10 · Incoming 40 · Safety stock 1,500 · Missing 300 pcs · Supplier –" in body
        html = mails["lin@example.com"].html
        assert f'href="https://kehu.example.com/products/show/{valve.id}"' in html
        assert 'href="https://kehu.example.com/stock-balances/list/"' in html
        assert "text-align:right" in html and "1,200" in html

    def test_at_the_safety_stock_is_enough(self, company):
        valve = make_product("V1", safety_stock="10")
        make_safety_stock("MAIN", valve, "10")
        stock(valve, "10")
        assert tell() == {}

    def test_a_product_that_never_lay_anywhere_has_none(self, company):
        valve = make_product("V1", safety_stock="5")
        make_safety_stock("MAIN", valve, "3")
        mails = tell()
        assert "Missing 5 pcs" in mails["lin@example.com"].body and "Missing 3 pcs" in mails["lin@example.com"].body
        # No keeper has it, so its own figure is the purchasers' alone.
        assert "Missing 5 pcs" not in mails["wei@example.com"].body

    def test_a_products_own_figure_counts_all_our_warehouses(self, company):
        make_warehouse("EAST", "bob")
        make_warehouse("ROAD", "ann", kind="transit")
        enough, low = make_product("V1", safety_stock="10"), make_product("V2", safety_stock="10")
        for product, quantity in ((enough, "6"), (low, "4")):
            stock(product, quantity, "MAIN")
            stock(product, "4", "EAST")
            stock(product, "5", "ROAD")
        mails = tell()
        assert set(mails) == {"wei@example.com", "bob@example.com", "lin@example.com"}
        for mail in mails.values():
            assert "V2 Valve V2" in mail.body and "V1" not in mail.body
        assert "All warehouses" in mails["bob@example.com"].body and "On hand 8" in mails["bob@example.com"].body

    def test_each_keeper_hears_of_their_own_warehouse(self, company):
        make_warehouse("EAST", "bob")
        one, other = make_product("V1"), make_product("V2")
        make_safety_stock("MAIN", one, "1")
        make_safety_stock("EAST", other, "1")
        mails = tell()
        assert "V1" in mails["wei@example.com"].body and "V2" not in mails["wei@example.com"].body
        assert "V2" in mails["bob@example.com"].body and "V1" not in mails["bob@example.com"].body
        assert "V1" in mails["lin@example.com"].body and "V2" in mails["lin@example.com"].body

    def test_leaves_out_what_is_no_longer_sold_and_places_that_are_closed(self, company):
        make_product("V1", safety_stock="5", active=False)
        make_warehouse("OLD", "wei", active=False)
        make_safety_stock("OLD", make_product("V2"), "5")
        make_safety_stock("MAIN", make_product("V3", active=False), "5")
        assert tell() == {}

    def test_is_never_lost(self, company):
        for name in ("wei", "lin"):
            db.session.scalars(sa.select(User).where(User.username == name)).one().active = False
        make_product("V1", safety_stock="5")
        assert set(tell()) == {"ada@example.com"}

    def test_costs_the_same_for_many(self, company):
        def statements(day: int) -> int:
            seen = []

            def listener(*args):
                seen.append(args[2])

            sa.event.listen(db.db.engine, "before_cursor_execute", listener)
            tell(day)
            sa.event.remove(db.db.engine, "before_cursor_execute", listener)
            return len(seen)

        make_product("V0", safety_stock="5")
        make_safety_stock("MAIN", make_product("W0"), "5")
        db.session.commit()
        few = statements(24)
        for number in range(1, 40):
            make_product(f"V{number}", safety_stock="5")
            make_safety_stock("MAIN", make_product(f"W{number}"), "5")
        db.session.commit()
        assert statements(25) == few


class TestRepetition:
    def test_what_stays_low_is_told_weekly(self, company):
        make_product("V1", safety_stock="5")
        assert set(tell(10)) == {"lin@example.com"}
        assert [day for day in range(11, 26) if tell(day)] == [17, 24]

    def test_the_days_are_a_setting(self, company):
        company.extensions["kehu.settings"] = replace(company.extensions["kehu.settings"], low_stock_repeat_days=2)
        make_product("V1", safety_stock="5")
        assert [day for day in range(10, 16) if tell(day)] == [10, 12, 14]

    def test_a_second_run_tells_only_what_is_new(self, company):
        make_product("V1", safety_stock="5")
        tell()
        assert tell() == {}
        make_product("V2", safety_stock="5")
        mail = tell()["lin@example.com"]
        assert "V2" in mail.body and "V1" not in mail.body

    def test_what_recovered_and_falls_again_is_told_at_once(self, company):
        valve = make_product("V1", safety_stock="5")
        assert tell(10)
        stock(valve, "9")
        assert not tell(11)
        stock(valve, "-7")
        assert tell(12)

    def test_a_new_keeper_is_told(self, company):
        make_safety_stock("MAIN", make_product("V1"), "5")
        tell(10)
        db.session.get(Warehouse, place()).keeper_id = user("bob")
        assert set(tell(11)) == {"bob@example.com"}


class TestUsedUp:
    def test_is_told_at_once_and_counts_as_the_days_alert(self, company):
        valve = make_product("V1", safety_stock="5")
        stock(valve, "9")
        with clock.stopped(datetime(2026, 11, 23, 18)):
            stock(valve, "-9")
            db.session.commit()
        mails = since()
        assert set(mails) == {"wei@example.com", "lin@example.com"}
        assert mails["lin@example.com"].subject == "Used up: V1 Valve V1 in Main"
        assert f"/products/show/{valve.id}" in mails["lin@example.com"].body
        # The keeper has the product, so its own figure would be told to both in the morning.
        assert tell(24) == tell(29) == {}
        assert set(tell(30)) == set(mails)

    def test_once_a_day(self, company):
        valve = make_product("V1")
        for quantity in ("9", "-9", "9", "-9"):
            stock(valve, quantity)
        assert len(since()) == 2

    def test_many_at_once_cost_the_statements_of_two(self, company):
        few, many = (
            [make_product(f"{letter}{each}") for each in range(count)] for letter, count in (("A", 2), ("B", 9))
        )
        costs = []
        for products in (few, many):
            stock_all(products, "3")
            with counted(current_app) as executed:
                stock_all(products, "-3")
            costs.append(len([each for each in executed if "outbox_mails" in each or "low_stock_alerts" in each]))
            costs.append(len([each for each in executed if "FROM warehouses" in each or "JOIN warehouses" in each]))
        assert costs[:2] == costs[2:]
        mails = db.session.scalars(sa.select(OutboxMail.subject).where(OutboxMail.to == "lin@example.com")).all()
        assert sorted(mails) == [f"Used up: {each.code} Valve {each.code} in Main" for each in (*few, *many)]

    def test_what_is_left_is_no_alarm(self, company):
        valve = make_product("V1", safety_stock="5")
        stock(valve, "9")
        stock(valve, "-8")
        assert since() == {}

    def test_goes_with_the_posting_that_is_undone(self, company):
        valve = make_product("V1")
        stock(valve, "9")
        db.session.commit()
        stock(valve, "-9")
        db.session.rollback()
        assert since() == {}

    def test_reaches_others_than_who_posts(self, company):
        valve = make_product("V1")
        stock(valve, "9")
        db.session.commit()
        may = frozenset(
            {
                ("can_add", "StockAdjustment"),
                ("can_post", "StockAdjustment"),
                ("can_change_all", "stock"),
                ("can_see_all", "stock"),
            }
        )
        with identity.acting_as(identity.Actor(user("wei"), "Wei", permissions=may)):
            stock(valve, "-9")
        assert set(since()) == {"wei@example.com", "lin@example.com"}


def _reserved(product_id):
    def reserved(connection, keys):
        return {key: 10 for key in keys if key[1] == product_id}

    return reserved


def _incoming(product_id):
    def incoming(connection, keys):
        return {key: 40 for key in keys if key[1] == product_id}

    return incoming
