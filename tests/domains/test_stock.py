"""Stock: safety stocks, and adjustments that write to the stock book."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from app.core import crud, db
from app.core.document import take
from app.core.errors import Conflict, Invalid
from app.domains.catalog.models import Product
from app.domains.stock import queries
from app.domains.stock.models import SafetyStock, StockAdjustment, Warehouse
from app.ledger.stock import NotEnoughStock
from tests.domains.conftest import COSTS
from tests.domains.test_catalog import make_product, make_unit


def make_warehouse(name: str = "Main", **fields) -> Warehouse:
    return crud.create(Warehouse, {"name": name} | fields)


def make_adjustment(warehouse: Warehouse, *lines: dict, **fields) -> StockAdjustment:
    return crud.create(StockAdjustment, {"warehouse": warehouse.id, "lines": list(lines)} | fields)


def line(product: Product, quantity: str, unit_cost: str | None = None) -> dict:
    return {"product": product.id, "quantity": quantity, "unit_cost": unit_cost}


def on_hand(product: Product) -> Decimal:
    return sum((row.on_hand for row in db.session.scalars(queries.balances(product_id=product.id))), Decimal(0))


class TestWarehouse:
    def test_it_needs_a_name_alone(self, company):
        row = make_warehouse()
        assert (row.code, row.kind, row.allow_negative, row.active) == ("W00001", "internal", False, True)


class TestSafetyStock:
    def make(self, **fields) -> SafetyStock:
        data = {"warehouse": make_warehouse().id, "product": make_product().id, "minimum": "5"}
        return crud.create(SafetyStock, data | fields)

    @pytest.mark.parametrize(
        ("fields", "wrong"),
        [({"minimum": "-1"}, "minimum"), ({"maximum": "4"}, "maximum"), ({"maximum": "-1"}, "maximum")],
    )
    def test_it_refuses(self, company, fields, wrong):
        with pytest.raises(Invalid) as refusal:
            self.make(**fields)
        assert list(refusal.value.errors) == [wrong]

    def test_a_service_has_none(self, company):
        service = make_product(name="Repair", kind="service")
        with pytest.raises(Invalid) as refusal:
            self.make(product=service.id)
        assert list(refusal.value.errors) == ["product"]

    def test_there_is_one_for_each_product_and_warehouse(self, company):
        row = self.make()
        with pytest.raises(Invalid):
            self.make(warehouse=row.warehouse_id, product=row.product_id)


class TestLines:
    @pytest.mark.parametrize(
        ("quantity", "unit_cost", "wrong"),
        [
            ("0", "1", "quantity"),
            ("2.5", "1", "quantity"),
            ("2", None, "unit_cost"),
            ("2", "-1", "unit_cost"),
        ],
    )
    def test_it_refuses(self, company, quantity, unit_cost, wrong):
        warehouse, product = make_warehouse(), make_product()
        with pytest.raises(Invalid) as refusal:
            make_adjustment(warehouse, line(product, "1", "1"), line(product, quantity, unit_cost))
        assert list(refusal.value.errors) == [f"lines.1.{wrong}"]

    def test_every_bad_line_is_told_at_once(self, company):
        warehouse, product = make_warehouse(), make_product()
        with pytest.raises(Invalid) as refusal:
            make_adjustment(warehouse, line(product, "2"), line(product, "0"))
        assert set(refusal.value.errors) == {"lines.0.unit_cost", "lines.1.quantity"}

    def test_a_unit_that_is_divided_takes_its_decimals(self, company):
        warehouse, oil = make_warehouse(), make_product(unit=make_unit("litre", 1).id)
        make_adjustment(warehouse, line(oil, "2.5", "1"))
        with pytest.raises(Invalid):
            make_adjustment(warehouse, line(oil, "2.55", "1"))

    def test_a_service_is_not_stored(self, company):
        service = make_product(name="Repair", kind="service")
        with pytest.raises(Invalid) as refusal:
            make_adjustment(make_warehouse(), line(service, "1", "1"))
        assert list(refusal.value.errors) == ["lines.0.product"]

    def test_who_sees_no_costs_books_at_the_present_average(self, company):
        warehouse, product = make_warehouse(), make_product()
        take(make_adjustment(warehouse, line(product, "2", "3")), "post")
        data = {"product": product.id, "quantity": "1"}
        with company.acting("Ann"):
            assert make_adjustment(warehouse, data).lines[0].unit_cost == 3
        with company.acting("Wei", *COSTS), pytest.raises(Invalid) as refusal:
            make_adjustment(warehouse, data)
        assert list(refusal.value.errors) == ["lines.0.unit_cost"]


class TestPost:
    def test_it_writes_the_stock_book(self, company):
        warehouse, product = make_warehouse(), make_product()
        document = take(make_adjustment(warehouse, line(product, "10", "3"), date="2026-11-20"), "post")
        assert (document.state, document.number) == ("posted", "SA2026-00001")
        (entry,) = db.session.scalars(queries.entries_of(document))
        assert (entry.date, entry.document_number, entry.amount) == (date(2026, 11, 20), "SA2026-00001", 30)
        assert (on_hand(product), product.cost) == (10, 3)

    def test_what_goes_out_takes_the_average(self, company):
        warehouse, product = make_warehouse(), make_product()
        take(make_adjustment(warehouse, line(product, "1", "1"), line(product, "1", "2")), "post")
        document = take(make_adjustment(warehouse, line(product, "-1", "99")), "post")
        (entry,) = db.session.scalars(queries.entries_of(document))
        assert (entry.quantity, entry.amount) == (-1, Decimal("-1.50"))

    def test_its_lines_show_what_the_book_says_they_cost(self, company):
        product, main = make_product(), make_warehouse()
        take(make_adjustment(main, line(product, "3", "3.3333")), "post")
        taken = take(make_adjustment(main, line(product, "-1"), line(product, "-2")), "post")
        book = [(entry.amount, entry.unit_cost) for entry in db.session.scalars(queries.entries_of(taken))]
        assert [each.value for each in taken.lines] == [Decimal("-3.33"), Decimal("-6.67")]
        assert [(each.value, each.unit_cost) for each in taken.lines] == book

    def test_its_lines_show_it_after_a_cancel_too(self, company):
        product, main = make_product(), make_warehouse()
        take(make_adjustment(main, line(product, "5", "10")), "post")
        taken = take(make_adjustment(main, line(product, "-2")), "post")
        assert [each.value for each in take(taken, "cancel").lines] == [Decimal("-20.00")]

    def test_refuses_without_lines(self, company):
        with pytest.raises(Invalid) as refusal:
            take(make_adjustment(make_warehouse()), "post")
        assert list(refusal.value.errors) == ["lines"]

    def test_refuses_more_than_is_there(self, company):
        warehouse, product = make_warehouse(), make_product()
        document = make_adjustment(warehouse, line(product, "-1"))
        with pytest.raises(NotEnoughStock) as refusal:
            take(document, "post")
        assert list(refusal.value.errors) == ["lines.0.quantity"]

    def test_what_is_posted_is_not_edited(self, company):
        document = take(make_adjustment(make_warehouse(), line(make_product(), "1", "1")), "post")
        with pytest.raises(Conflict):
            crud.update(document, {"note": "Late"})
        with pytest.raises(Conflict):
            crud.delete(document)

    def test_goods_that_moved_do_not_become_a_service(self, company):
        product = make_product()
        take(make_adjustment(make_warehouse(), line(product, "1", "1")), "post")
        with pytest.raises(Invalid) as refusal:
            crud.update(product, {"kind": "service"})
        assert list(refusal.value.errors) == ["kind"]


class TestCancel:
    def test_it_takes_everything_back(self, company):
        warehouse, product = make_warehouse(), make_product()
        document = take(make_adjustment(warehouse, line(product, "10", "3")), "post")
        take(document, "cancel")
        assert document.state == "cancelled"
        assert on_hand(product) == 0
        assert sum(entry.quantity for entry in db.session.scalars(queries.entries_of(document))) == 0

    def test_refuses_when_the_goods_are_gone(self, company):
        warehouse, product = make_warehouse(), make_product()
        document = take(make_adjustment(warehouse, line(product, "10", "3")), "post")
        take(make_adjustment(warehouse, line(product, "-10")), "post")
        with pytest.raises(NotEnoughStock):
            take(document, "cancel")
