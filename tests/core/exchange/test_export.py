"""Exports: what is in them, that an import takes them back unchanged, and what they cost."""

from __future__ import annotations

import tracemalloc
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from app.core import crud, db, identity
from app.core.entity import User
from app.core.exchange.exporter import export
from app.core.exchange.importer import run_import
from app.core.exchange.reader import open_table
from app.core.fields import SYSTEM, fields_of
from app.core.i18n import force_locale
from app.domains.activities.models import WeeklyPlan
from app.domains.catalog.models import Brand, Category, Product, Unit
from app.domains.crm.models import Contact, Customer, CustomerShare
from app.domains.people.models import Department, Employee, Holiday, Leave
from app.domains.stock.models import SafetyStock, StockAdjustment, Warehouse

FORMATS = ("csv", "xlsx")


def every(model: type[Any]) -> list[str]:
    return [name for name, field in fields_of(model).items() if name not in SYSTEM and field.kind != "images"]


def written(path: Path, model: type[Any], columns: list[str], **options: Any) -> tuple[list[str], list[list[Any]]]:
    export(model, sa.select(model).order_by(model.id), columns, path.suffix[1:], path, **options)
    table = open_table(path, path.name)
    return table.headers, [values for _line, values in table]


def fill() -> None:
    """A small company.  As the system."""
    ann = db.session.scalars(sa.select(User).where(User.username == "ann")).one()
    acme = crud.create(
        Customer,
        {
            "code": "007",
            "name": "=HYPERLINK(0)",
            "short_name": "-5",
            "kind": "company",
            "status": "lost",
            "level": "A",
            "phone": "+86 138 0013 8000",
            "email": "a@b.example",
            "website": "https://acme.example",
            "tax_number": "911100001234567890",
            "credit_limit": "1234567890123456.78",
            "payment_days": 0,
            "owner": ann.id,
            "next_contact_on": "2026-12-24",
            "latitude": "-12.345678",
            "tags": "one, two",
            "note": 'several\nlines, "quoted"; 中文',
            "address": "'=already guarded",
        },
    )
    beta = crud.create(Customer, {"code": "B", "name": "北京科技", "owner": None})
    crud.create(Contact, {"customer": acme.id, "name": "Kim", "birthday": "1970-01-31"})
    crud.create(Contact, {"customer": beta.id, "name": "Kim", "mobile": "@138"})
    crud.create(CustomerShare, {"customer": acme.id, "user": 3, "access": "write"})
    food = crud.create(Category, {"name": "Food"})
    tea = crud.create(Category, {"name": "Tea", "parent": food.id})
    unit = crud.create(Unit, {"name": "件", "decimals": 2})
    brand = crud.create(Brand, {"name": "Brand"})
    chai = crud.create(
        Product,
        {
            "code": "P1",
            "name": "Chai",
            "unit": unit.id,
            "category": tea.id,
            "brand": brand.id,
            "tax_rate": "0.13",
            "list_price": "123456789012.000001",
            "safety_stock": "1.5",
            "active": False,
        },
    )
    crud.create(
        Product, {"code": "P2", "name": "Repair", "unit": unit.id, "kind": "service", "tax_rate": 0, "list_price": 0}
    )
    main = crud.create(Warehouse, {"code": "W1", "name": "Main", "keeper": ann.id})
    crud.create(SafetyStock, {"warehouse": main.id, "product": chai.id, "minimum": "3"})
    crud.create(Holiday, {"date": "2026-10-01", "name": "国庆", "is_workday": False})
    crud.create(Leave, {"owner": ann.id, "starts_on": "2026-11-02", "ends_on": "2026-11-03"})
    for quantity in (5, 6):
        lines = [{"product": chai.id, "quantity": quantity, "unit_cost": 2}, {"product": chai.id, "quantity": -1}]
        crud.create(StockAdjustment, {"warehouse": main.id, "date": "2026-11-02", "lines": lines})
    crud.create(
        WeeklyPlan,
        {
            "owner": ann.id,
            "week": "2026-11-02",
            "plan": "Sell",
            "lines": [
                {"planned_on": "2026-11-02", "customer": acme.id, "goal": "See them", "done": True},
                {"planned_on": "2026-11-03", "goal": "Rest", "kind": "other"},
            ],
        },
    )


class TestContents:
    def test_labels_of_the_language_and_typed_cells(self, act, tmp_path):
        with act(None):
            fill()
            columns = ["code", "name", "status", "credit_limit", "payment_days", "owner", "next_contact_on"]
            headers, rows = written(tmp_path / "x.xlsx", Customer, columns)
            assert headers == ["Code", "Name", "Status", "Credit limit", "Payment days", "Owner", "Next contact"]
            expected = ["007", "=HYPERLINK(0)", "Lost", "1234567890123456.78", 0, "ann", date(2026, 12, 24)]
            assert rows[0] == expected
            assert rows[1] == ["B", "北京科技", "Potential", None, None, None, None]
            with force_locale("zh"):
                headers, rows = written(tmp_path / "x.csv", Customer, columns)
            assert headers[3] == "信用额度"
            assert rows[0][3] == "1234567890123456.78"

    def test_formulas_are_guarded_in_the_file(self, act, tmp_path):
        with act(None):
            fill()
            written(tmp_path / "x.csv", Customer, ["name", "latitude"])
            text = (tmp_path / "x.csv").read_text("utf-8-sig")
            assert "'=HYPERLINK(0)" in text
            assert ",-12.345678" in text

    def test_fields_that_do_not_exist_for_the_actor_are_left_out(self, act, tmp_path):
        with act(None):
            fill()
        with act("wei"):
            headers, rows = written(tmp_path / "x.csv", Customer, ["code", "phone", "no_such", "region"])
            assert (headers, len(rows)) == (["Code", "Region"], 2)

    def test_only_rows_that_the_actor_sees(self, act, tmp_path):
        with act(None):
            fill()
        with act("cleo"):
            assert written(tmp_path / "x.csv", Customer, ["code"])[1] == [["B"]]

    def test_the_order_is_the_statements(self, act, tmp_path):
        with act(None):
            fill()
            path = tmp_path / "x.csv"
            assert export(Customer, sa.select(Customer).order_by(Customer.code.desc()), ["code"], "csv", path) == 2
            assert [values for _line, values in open_table(path, "x.csv")] == [["B"], ["007"]]

    def test_another_format_is_refused(self, act, tmp_path):
        with act(None), pytest.raises(ValueError):
            export(Customer, sa.select(Customer), ["code"], "pdf", tmp_path / "x.pdf")


MODELS = (
    Customer,
    Contact,
    CustomerShare,
    Category,
    Unit,
    Brand,
    Product,
    Warehouse,
    SafetyStock,
    Holiday,
    Leave,
    Department,
    Employee,
)


class TestRoundTrip:
    @pytest.mark.parametrize("format", FORMATS)
    @pytest.mark.parametrize("locale", ["en", "zh"])
    @pytest.mark.parametrize("model", MODELS, ids=lambda model: model.resource)
    def test_an_export_comes_back_unchanged(self, act, tmp_path, model, locale, format):
        with act(None):
            fill()
        path = tmp_path / f"export.{format}"
        with act(None), force_locale(locale):
            count = export(model, sa.select(model), every(model), format, path)
            before = state(model)
            assert count == len(before) > 0
            result = run_import(model, path, path.name, mode="commit", on_match="update")
            assert result.errors == []
            assert (result.rows, result.updated, result.created) == (count, count, 0)
            db.session.expire_all()
            assert state(model) == before

    @pytest.mark.parametrize("format", FORMATS)
    def test_into_an_empty_company(self, act, tmp_path, format):
        with act(None):
            fill()
            path = tmp_path / f"export.{format}"
            export(Customer, sa.select(Customer), every(Customer), format, path)
            before = [values[1:] for values in state(Customer)]
            for model in (WeeklyPlan, CustomerShare, Contact, Customer):
                for row in db.session.scalars(sa.select(model)):
                    db.session.delete(row)
                db.session.flush()
            result = run_import(Customer, path, path.name, mode="commit")
            assert (result.errors, result.created) == ([], 2)
            assert [values[1:] for values in state(Customer)] == before

    @pytest.mark.parametrize("format", FORMATS)
    @pytest.mark.parametrize(("model", "count"), [(StockAdjustment, 2), (WeeklyPlan, 1)])
    def test_documents_with_their_lines(self, act, tmp_path, model, count, format):
        with act(None):
            fill()
            path = tmp_path / f"export.{format}"
            before = documents(model)
            headers, rows = written(path, model, [name for name in every(model) if name != "number"], with_lines=True)
            assert headers[0] == "ID"
            assert len(rows) == 2 * count
            if model is WeeklyPlan:
                result = run_import(model, path, path.name, mode="commit", on_match="update")
                assert (result.errors, result.updated) == ([], count)
                assert documents(model) == before
            for row in db.session.scalars(sa.select(model)):
                db.session.delete(row)
            db.session.flush()
            result = run_import(model, path, path.name, mode="commit")
            assert (result.errors, result.created) == ([], count)
            assert documents(model) == before

    def test_posted_documents_that_are_as_they_were(self, act, tmp_path):
        with act(None):
            fill()
            document = db.session.scalars(sa.select(StockAdjustment)).first()
            document.number, document.state = "SA2026-00001", "posted"
            db.session.flush()
            path = tmp_path / "export.csv"
            statement = sa.select(StockAdjustment).where(StockAdjustment.number.is_not(None))
            export(StockAdjustment, statement, every(StockAdjustment), "csv", path, with_lines=True)
            result = run_import(StockAdjustment, path, "export.csv", mode="commit", on_match="update")
            assert (result.errors, result.updated) == ([], 1)
            path.write_text(path.read_text("utf-8-sig").replace(",5.0000,", ",4.0000,"), "utf-8")
            result = run_import(StockAdjustment, path, "export.csv", mode="commit", on_match="update")
            assert "can no longer be edited" in result.errors[0].message

    def test_a_relation_that_its_reader_does_not_see_is_kept(self, act, tmp_path):
        """The cell is blank for them, and a blank cell else empties a field."""
        with act(None):
            fill()
            plan = db.session.scalars(sa.select(WeeklyPlan)).one()
            plan.owner_id = db.session.scalars(sa.select(User.id).where(User.username == "cleo")).one()
        path = tmp_path / "plan.csv"
        with act("cleo"):
            _headers, rows = written(
                path, WeeklyPlan, ["owner", "week", "lines.customer", "lines.goal"], with_lines=True
            )
            assert rows[0][3:] == [None, "See them"]
        path.write_text(path.read_text("utf-8-sig").replace("See them", "See them soon"), "utf-8")
        with act("cleo"):
            actor = identity.require()
            able = replace(actor, permissions=actor.permissions | {("can_import", "WeeklyPlan")})
            with identity.acting_as(able):
                result = run_import(WeeklyPlan, path, "plan.csv", mode="commit", on_match="update")
            assert (result.errors, result.updated) == ([], 1)
        with act(None):
            line = db.session.scalars(sa.select(WeeklyPlan)).one().lines[0]
            assert (line.goal, line.customer.code) == ("See them soon", "007")


def state(model: type[Any]) -> list[tuple[Any, ...]]:
    """Every stored value of every row."""
    columns = [
        column
        for column in model.__table__.c
        if column.name not in ("created_on", "changed_on", "created_by_id", "changed_by_id")
    ]
    return list(map(tuple, db.session.connection().execute(sa.select(*columns).order_by(model.id))))


def documents(model: type[Any]) -> list[Any]:
    """Every document's values with those of its lines, without ids."""
    told = []
    db.session.expire_all()
    for row in db.session.scalars(sa.select(model).order_by(model.id)):
        kind = sa.inspect(model).relationships["lines"].mapper.class_
        head = [str(field.value(row)) for name, field in fields_of(model).items() if name not in SYSTEM]
        fields = [field for name, field in fields_of(kind).items() if name not in ("id", "document")]
        told.append((head, [[str(field.value(line)) for field in fields] for line in row.lines]))
    return told


class TestCost:
    def test_statements_grow_with_hundreds_of_rows(self, act, tmp_path, statements):
        def cost(rows: int) -> int:
            with act(None):
                start = db.session.scalar(sa.select(sa.func.count()).select_from(Customer))
                for number in range(start, rows):
                    db.session.add(Customer(code=f"{number:05}", name=str(number), owner_id=1 + number % 3))
                db.session.flush()
                db.session.expunge_all()
                with statements() as executed:
                    assert export(Customer, sa.select(Customer), every(Customer), "csv", tmp_path / "x.csv") == rows
            return len(executed)

        assert cost(10) <= 3
        assert cost(1500) <= 8

    @pytest.mark.parametrize("format", FORMATS)
    def test_memory_does_not_grow_with_the_rows(self, act, tmp_path, format):
        def peak() -> int:
            db.session.expunge_all()
            tracemalloc.start()
            export(Customer, sa.select(Customer), every(Customer), format, tmp_path / "x")
            size = tracemalloc.get_traced_memory()[1]
            tracemalloc.stop()
            return size

        with act(None):
            for number in range(1000):
                db.session.add(Customer(code=f"{number:05}", name="x" * 100))
            db.session.flush()
            one = peak()
            for number in range(1000, 4000):
                db.session.add(Customer(code=f"{number:05}", name="x" * 100))
            db.session.flush()
            assert peak() < one * 1.5
