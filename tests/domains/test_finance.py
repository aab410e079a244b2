"""The closed periods, the party book and the stock on a day, over API and pages, by role."""

from __future__ import annotations

import datetime
from decimal import Decimal

import pytest
import sqlalchemy as sa

from app.core import clock
from app.domains.crm.models import Customer
from app.domains.stock.models import StockAdjustment, Warehouse
from app.ledger import party
from app.ledger.models import PartyBalance, StockBalance
from app.ledger.party import PartyMovement

TODAY = datetime.datetime(2026, 6, 10, 12)


@pytest.fixture(autouse=True)
def _time_stands_still():
    with clock.stopped(TODAY):
        yield


@pytest.fixture
def goods(api):
    """A warehouse and a product, by id."""
    admin = api("admin")
    unit = admin.add("units", name="kg", decimals=2)["id"]
    data = {"code": "P1", "name": "Valve", "unit": unit, "tax_rate": "0.13", "list_price": "10"}
    return admin.add("warehouses", code="MAIN", name="Main")["id"], admin.add("products", **data)["id"]


@pytest.fixture
def adjust(api, goods):
    """``adjust("2026-03-01", 5, cost=2)``: an adjustment that is posted; the answer to the posting, and its id."""

    def post(day, quantity, cost=None):
        warehouse, product = goods
        line = {"product": product, "quantity": str(quantity), "unit_cost": cost}
        row = api("admin").add("stock-adjustments", warehouse=warehouse, date=day, lines=[line])
        return api("admin").post(f"stock-adjustments/{row['id']}/post"), row["id"]

    return post


@pytest.fixture
def owing(act):
    """Ann's customer owes 100.00, Cleo's 40.00; their ids."""
    with act() as session:
        users = dict(session.execute(sa.text("SELECT username, id FROM ab_user")).tuples().all())
        session.add(Warehouse(code="X", name="X"))
        session.flush()
        found = []
        for owner, amount in (("ann", "100"), ("cleo", "40")):
            customer = Customer(code=f"C-{owner}", name=f"Customer of {owner}", owner_id=users[owner])
            document = StockAdjustment(warehouse=session.scalars(sa.select(Warehouse)).first(), date=clock.today())
            session.add_all([customer, document])
            session.flush()
            movement = PartyMovement(customer.record_name(), "sale", Decimal(amount))
            party.post_party(document, [movement], date=clock.today())
            found.append(customer.id)
    return found


class TestPeriods:
    def test_only_the_administrator_closes_and_reopens(self, api):
        for name in ("ann", "bob", "wei", "fang", "lin", "dora", "otto"):
            for action in ("close", "reopen"):
                assert api(name).post(f"periods/{action}", {"until": "2026-05-31"}).status_code == 403, (name, action)
        answer = api("admin").post("periods/close", {"until": "2026-05-31"})
        assert answer.status_code == 200, answer.text
        assert answer.json["result"]["until"] == "2026-05-31"
        assert answer.json["result"]["closed_by"]["id"] == 1
        assert [row["until"] for row in api("fang").rows("periods")] == ["2026-05-31"]

    def test_nothing_is_posted_or_reversed_in_a_closed_period(self, api, adjust):
        _answer, before = adjust("2026-05-20", 5, "2")
        _answer, draft = adjust("2026-05-21", 1, "2")
        assert api("admin").post("periods/close", {"until": "2026-05-31"}).status_code == 200
        answer, _key = adjust("2026-05-31", 1, "2")
        assert answer.status_code == 409
        assert "2026-05-31" in answer.json["message"]
        assert adjust("2026-06-01", 1, "2")[0].status_code == 200
        # Its reversal is dated today.
        assert api("admin").post(f"stock-adjustments/{before}/cancel").status_code == 200
        reversal = api("admin").rows("stock-entries", order_column="id", order_direction="desc")[0]
        assert (reversal["date"], reversal["quantity"]) == ("2026-06-10", "-5.0000")

    def test_reopening_takes_back_every_later_closing(self, api, adjust):
        for day in ("2026-03-31", "2026-04-30", "2026-05-31"):
            assert api("admin").post("periods/close", {"until": day}).status_code == 200
        answer = api("admin").post("periods/reopen", {"until": "2026-03-31"})
        assert (answer.status_code, answer.json["closed_until"]) == (200, "2026-03-31")
        assert answer.json["reopened"] == ["2026-04-30", "2026-05-31"]
        assert [row["until"] for row in api("fang").rows("periods")] == ["2026-03-31"]
        assert adjust("2026-04-01", 1, "2")[0].status_code == 200
        assert api("admin").post("periods/reopen", {"until": "2026-03-31"}).status_code == 409

    @pytest.mark.parametrize(
        ("body", "status"),
        [({}, 422), ({"until": "soon"}, 422), ({"until": "2026-06-11"}, 422), ({"until": "2026-06-01", "x": 1}, 422)],
    )
    def test_what_is_no_closing(self, api, body, status):
        answer = api("admin").post("periods/close", body)
        assert (answer.status_code, api("admin").rows("periods")) == (status, [])
        assert answer.json["errors"]

    def test_it_closes_once(self, api):
        assert api("admin").post("periods/close", {"until": "2026-05-31"}).status_code == 200
        assert api("admin").post("periods/close", {"until": "2026-05-31"}).status_code == 409
        assert api("admin").post("periods/close", {"until": "2026-04-30"}).status_code == 409

    def test_it_is_read_only_otherwise(self, api):
        assert api("admin").post("periods/", {"until": "2026-05-31"}).status_code == 405
        assert api("admin").post("periods/nonsense", {}).status_code == 404

    def test_buttons_on_the_list(self, pages):
        admin = pages("admin")
        assert "/periods/do/close" in admin.get("/periods/list/").text
        assert "/periods/do/close" not in pages("fang").get("/periods/list/").text
        answer = admin.post("/periods/do/close", {"until": "2026-05-31"})
        assert answer.status_code == 302
        assert "2026-05-31" in admin.get("/periods/list/").text
        admin.post("/periods/do/reopen", {"until": "2026-05-01"})
        assert "Nothing is closed" in admin.get("/periods/list/").text
        assert pages("fang").post("/periods/do/close", {"until": "2026-05-31"}).status_code == 403

    def test_the_history_tells_it(self, api):
        api("admin").post("periods/close", {"until": "2026-05-31"})
        api("admin").post("periods/reopen", {"until": "2026-05-01"})
        told = [(row["action"], row["record"]) for row in api("admin").rows("audit-entries", page_size=100)]
        assert {action for action, record in told if record.startswith("periods/")} == {"create", "delete"}


class TestStockOnADay:
    def test_it_is_what_was_there_at_the_end_of_the_day(self, api, adjust, goods):
        adjust("2026-03-01", 10, "2")
        adjust("2026-03-10", -4)
        adjust("2026-03-05", -3)  # back-dated
        found = {}
        for day in ("2026-02-28", "2026-03-01", "2026-03-05", "2026-03-10", "2026-06-10"):
            answer = api("fang").get(f"stock-balances/at?date={day}&warehouse={goods[0]}&product={goods[1]}")
            assert answer.status_code == 200, answer.text
            [row] = answer.json["result"]
            assert (row["warehouse"]["id"], row["product"]["id"]) == goods
            found[day] = row["on_hand"], row["value"]
        assert found == {
            "2026-02-28": ("0.0000", "0.00"),
            "2026-03-01": ("10.0000", "20.00"),
            "2026-03-05": ("7.0000", "14.00"),
            "2026-03-10": ("3.0000", "6.00"),
            "2026-06-10": ("3.0000", "6.00"),
        }

    def test_no_value_for_whoever_may_not_see_costs(self, api, adjust):
        adjust("2026-03-01", 10, "2")
        [row] = api("ann").get("stock-balances/at?date=2026-03-01").json["result"]
        assert set(row) == {"warehouse", "product", "on_hand"}

    @pytest.mark.parametrize("query", ["date=soon", "warehouse=x", "product=-1"])
    def test_what_is_no_question(self, api, query):
        assert api("fang").get(f"stock-balances/at?{query}").status_code == 422

    def test_who_may_not_list_stock_may_not_ask(self, api, act):
        with act() as session:
            session.execute(
                sa.text("DELETE FROM ab_user_role WHERE user_id = (SELECT id FROM ab_user WHERE username = 'ann')")
            )
        assert api("ann").get("stock-balances/at").status_code == 403

    def test_its_page(self, pages, adjust, goods):
        adjust("2026-03-01", 10, "2")
        assert "/stock-balances/look/at" in pages("ann").get("/stock-balances/list/").text
        text = pages("ann").get(f"/stock-balances/look/at?date=2026-03-01&product={goods[1]}").text
        assert "P1 Valve" in text and ">10<" in text
        assert "20.00" not in text
        assert "20.00" in pages("fang").get("/stock-balances/look/at?date=2026-03-01").text


class TestExplain:
    def test_every_entry_with_what_it_left(self, api, adjust):
        adjust("2026-03-01", 10, "2")
        adjust("2026-03-10", -4)
        adjust("2026-03-05", -3)
        [balance] = api("fang").rows("stock-balances")
        answer = api("fang").get(f"stock-balances/{balance['id']}/explain").json
        assert (answer["count"], answer["on_hand"], answer["contributions"]) == (3, "3.0000", [])
        rows = [(row["date"], row["quantity"], row["on_hand"], row["amount"], row["value"]) for row in answer["result"]]
        assert rows == [
            ("2026-03-10", "-4.0000", "3.0000", "-8.00", "6.00"),
            ("2026-03-05", "-3.0000", "7.0000", "-6.00", "14.00"),
            ("2026-03-01", "10.0000", "10.0000", "20.00", "20.00"),
        ]
        page = api("fang").get(f"stock-balances/{balance['id']}/explain?page=1&page_size=2").json
        assert [row["on_hand"] for row in page["result"]] == ["10.0000"]

    def test_costs_and_entries_need_their_grants(self, api, adjust):
        adjust("2026-03-01", 10, "2")
        [balance] = api("fang").rows("stock-balances")
        assert api("ann").get(f"stock-balances/{balance['id']}/explain").status_code == 403  # she has no stock entries
        assert api("fang").get("stock-balances/987654/explain").status_code == 404
        assert api("fang").get(f"stock-balances/{balance['id']}/nonsense").status_code == 404

    def test_its_page(self, pages, adjust, act):
        _answer, key = adjust("2026-03-01", 10, "2")
        with act() as session:
            balance = session.scalars(sa.select(StockBalance.id)).one()
        assert f"/stock-balances/look/explain/{balance}" in pages("fang").get(f"/stock-balances/show/{balance}").text
        assert "look/explain" not in pages("ann").get(f"/stock-balances/show/{balance}").text
        text = pages("fang").get(f"/stock-balances/look/explain/{balance}").text
        assert f"/stock-adjustments/show/{key}" in text and "SA2026-00001" in text

    def test_a_party_balance(self, api, owing):
        [balance] = api("ann").rows("party-balances")
        answer = api("ann").get(f"party-balances/{balance['id']}/explain").json
        assert answer["balance"] == "100.00"
        [row] = answer["result"]
        assert (row["amount"], row["balance"], row["kind"]) == ("100.00", "100.00", "sale")


class TestPartyBook:
    def test_sales_people_see_their_customers_alone(self, api, owing):
        mine, hers = owing
        for name, expected in (
            ("ann", {mine}),
            ("bob", {mine}),
            ("cleo", {hers}),
            ("fang", {mine, hers}),
            ("dora", {mine, hers}),
            ("otto", {mine, hers}),
        ):
            for resource in ("party-entries", "party-balances"):
                assert {row["customer"]["id"] for row in api(name).rows(resource)} == expected, (name, resource)

    def test_the_customers_page_says_it_at_a_glance(self, pages, owing):
        mine, _hers = owing
        entries = f"/party-entries/list/?f=customer%3Arel_o_m%3A{mine}"
        shown = pages("ann").get(f"/customers/show/{mine}").text
        assert f'<a href="{entries}">100.00</a>' in shown
        assert entries not in pages("wei").get(f"/customers/show/{mine}").text, "a keeper has no business with it"

    @pytest.mark.parametrize("name", ["wei", "lin"])
    def test_others_see_none(self, api, owing, name):
        assert api(name).get("party-entries/").status_code == 403
        assert api(name).get("party-balances/").status_code == 403

    def test_seeing_every_customer_is_not_seeing_what_they_owe(self, act, owing):
        with act() as session:
            session.execute(
                sa.text(
                    "INSERT INTO ab_user_role (user_id, role_id) SELECT ab_user.id, ab_role.id FROM ab_user, ab_role "
                    "WHERE username = 'ann' AND ab_role.name = 'Support agent'"
                )
            )
        with act("ann") as session:
            assert len(session.scalars(sa.select(Customer)).unique().all()) == 2
            assert len(session.scalars(sa.select(PartyBalance)).all()) == 1

    def test_a_customer_with_entries_stays(self, api, owing):
        assert api("admin").delete(f"customers/{owing[0]}").status_code == 409
