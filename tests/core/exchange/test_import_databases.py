"""The whole way of a file, in and out and back, on each database."""

from __future__ import annotations

import csv
from pathlib import Path

import sqlalchemy as sa

from app.core import crud, db
from app.core.exchange.exporter import export
from app.core.exchange.importer import run_import
from app.core.exchange.models import ImportRun
from app.core.exchange.undo import undo
from app.domains.catalog.models import Product, Unit
from app.domains.crm.models import Customer
from tests.app_fixtures import acting, counted


def test_in_and_out_and_back(any_app, tmp_path):
    path = tmp_path / "products.csv"
    rows = [["商品编码", "name", "spec", "unit", "tax_rate", "list_price"]]
    rows += [
        [f"P{number}", "Tea" if number in (40, 777) else f"T{number}", "", "pc", "13%", "1.25"]
        for number in range(1100)
    ]
    rows[300][3] = "PC"
    rows[500][3] = "box"
    with path.open("w", encoding="gbk", newline="") as file:
        csv.writer(file).writerows(rows)
    with acting(any_app, "lin"):
        crud.create(Unit, {"name": "pc"})
        preview = run_import(Product, path, path.name, on_error="skip")
        result = run_import(Product, path, path.name, mode="commit", on_error="skip")
        assert {**result.as_json(), "run": None} == preview.as_json()
        assert (result.rows, result.created, result.failed) == (1100, 1098, 2)
        # A unit that is not there is found by reading; a name taken by an earlier row only by writing.
        assert {(error.row, error.column) for error in result.errors} == {(501, "unit"), (779, "name"), (779, "spec")}
        run_id = result.run_id
    back = tmp_path / "products.xlsx"
    with acting(any_app, "lin"):
        names = ["code", "name", "spec", "unit", "tax_rate", "list_price", "active"]
        assert export(Product, sa.select(Product).order_by(Product.id), names, "xlsx", back) == 1098
        result = run_import(Product, back, back.name, mode="commit", on_match="update")
        assert (result.errors, result.updated) == ([], 1098)
        assert db.session.scalar(sa.select(sa.func.max(Product.version))) == 1
        assert undo(crud.fetch(ImportRun, run_id or 0, lock=True)).deleted == 1098
        assert db.session.scalar(sa.select(sa.func.count()).select_from(Product)) == 0


def test_statements_do_not_grow_with_the_rows_where_the_database_tells_many_ids_at_once(postgres_app, tmp_path):
    def cost(count: int) -> int:
        path = tmp_path / "customers.csv"
        with path.open("w", encoding="utf-8", newline="") as file:
            csv.writer(file).writerows([["name", "owner"], *([f"{count} {number}", "ann"] for number in range(count))])
        with acting(postgres_app, "ann"), counted(postgres_app) as executed:
            assert run_import(Customer, Path(path), path.name, mode="commit").created == count
        return len(executed)

    assert cost(500) - cost(10) < 10
