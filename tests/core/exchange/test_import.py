"""Imports into the real entities: headers, matching, refusals, previews, documents."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterable
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import openpyxl
import pytest
import sqlalchemy as sa

from app.core import crud, db
from app.core.audit import AuditEntry
from app.core.entity import User
from app.core.errors import Invalid, NotPermitted
from app.core.exchange.importer import error_file, run_import
from app.core.exchange.mapping import ColumnMap, UnknownColumns, bind, suggest
from app.core.exchange.models import ImportMapping, ImportRun, ImportRunRow
from app.core.exchange.reader import UnreadableFile, open_table
from app.core.exchange.result import Result
from app.domains.activities.models import WeeklyPlan
from app.domains.catalog.models import Category, Product, Unit
from app.domains.crm.models import Contact, Customer
from app.domains.stock.models import StockAdjustment, Warehouse

Rows = Iterable[Iterable[Any]]


@pytest.fixture
def table(tmp_path: Path) -> Callable[..., Path]:
    """``table(rows)``: a CSV file of ``rows``, the headers first."""

    def write(rows: Rows, name: str = "rows.csv", encoding: str = "utf-8") -> Path:
        path = tmp_path / name
        with path.open("w", encoding=encoding, newline="") as file:
            csv.writer(file).writerows(rows)
        return path

    return write


def commit(model: type[Any], path: Path, **options: Any) -> Result:
    return run_import(model, path, path.name, mode="commit", **options)


def told(result: Result) -> list[tuple[int, str, str]]:
    return [(error.row, error.column, error.message) for error in result.errors]


def names(model: type[Any] = Customer) -> list[str]:
    return list(db.session.scalars(sa.select(model.name).order_by(model.id)))


class TestHeaders:
    def test_names_labels_and_synonyms_in_both_languages(self, act):
        headers = ["客户编码", "NAME", "short_name", "Credit limit", "负责人", "E－Mail", "nonsense"]
        with act("ann"):
            assert suggest(Customer, headers) == {
                "客户编码": "code",
                "NAME": "name",
                "short_name": "short_name",
                "Credit limit": "credit_limit",
                "负责人": "owner",
                "E－Mail": "email",
            }

    def test_the_plainer_of_two_headers_for_one_field_wins(self, act):
        with act("ann"):
            assert suggest(Customer, ["公司名称", "name"]) == {"name": "name"}

    def test_headers_that_differ_only_in_case_are_two_columns(self, act):
        with act("ann"):
            headers = ["Name", "Code", "NAME", "na-me"]
            for chosen, expected in (
                ({"Name": "", "NAME": "name"}, {"Code": "code", "NAME": "name"}),
                ({"NAME": "region", "Name": "name"}, {"Name": "name", "Code": "code", "NAME": "region"}),
                ({"Name": "name"}, {"Name": "name", "Code": "code"}),
            ):
                plan = bind(Customer, headers, ColumnMap(columns=chosen))
                assert {each.header: each.field.name for each in plan.columns} == expected
            # Where the file has no such header, one that is spelt alike is meant.
            plan = bind(Customer, ["FIRMA:"], ColumnMap(columns={"Firma": "name"}))
            assert [each.field.name for each in plan.columns] == ["name"]
            plan = bind(Customer, headers, ColumnMap(skip=("NAME", "na-me")))
            assert {each.header for each in plan.columns} == {"Name", "Code"}

    def test_a_field_that_does_not_exist_for_the_actor_is_unknown(self, act):
        with act("wei"):
            assert suggest(Customer, ["name", "phone"]) == {"name": "name"}

    def test_a_file_without_a_known_column_is_refused(self, act, table):
        with act("ann"), pytest.raises(UnknownColumns, match="None of the columns"):
            commit(Customer, table([["foo", "bar"], ["1", "2"]]))

    def test_what_is_read_only_is_left_out(self, act, table):
        with act("ann"):
            result = commit(Customer, table([["name", "Last contact"], ["Acme", "2026-01-01"]]))
            assert (result.created, result.ignored) == (1, ["Last contact"])


class TestFiles:
    @pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gbk"])
    def test_text_files(self, act, table, encoding):
        with act("ann"):
            result = commit(Customer, table([["客户名称", "地区"], ["北京科技", "华北"]], encoding=encoding))
            assert result.as_json() == {
                "run": result.run_id,
                "rows": 1,
                "created": 1,
                "updated": 0,
                "skipped": 0,
                "failed": 0,
                "complete": True,
                "errors": [],
            }
            customer = db.session.scalars(sa.select(Customer)).one()
            assert (customer.name, customer.region, customer.code) == ("北京科技", "华北", "C00001")
            assert customer.owner.username == "ann"

    def test_workbooks(self, act, tmp_path):
        path = tmp_path / "customers.xlsx"
        book = openpyxl.Workbook()
        book.active.append(["code", "name", "credit_limit", "payment_days", "next_contact_on", "phone"])
        book.active.append([1001, "Acme", 1234.5, 30, date(2026, 12, 24), 13800138000])
        book.save(path)
        with act("ann"):
            assert commit(Customer, path).created == 1
            customer = db.session.scalars(sa.select(Customer)).one()
            assert (customer.code, customer.credit_limit) == ("1001", Decimal("1234.50"))
            assert (customer.payment_days, customer.phone) == (30, "13800138000")
            assert customer.next_contact_on == date(2026, 12, 24)

    def test_an_unreadable_file_writes_nothing(self, act, tmp_path):
        path = tmp_path / "x.csv"
        path.write_bytes(b'name\nAcme\n"open')
        with act("ann"):
            with pytest.raises(UnreadableFile):
                commit(Customer, path)
            assert names() == []


class TestValues:
    def test_as_people_write_them(self, act, table):
        rows = [
            ["name", "kind", "status", "credit_limit", "next_contact_on", "website"],
            ["Acme", "Person", "ACTIVE", "1,234.5", "2026/2/3", "acme.example"],
            ["Beta", "company", "", "", "2026年12月1日", ""],
        ]
        with act("ann"):
            assert told(commit(Customer, table(rows))) == []
            acme, beta = db.session.scalars(sa.select(Customer).order_by(Customer.id))
            assert (acme.kind, acme.status, acme.credit_limit) == ("person", "active", Decimal("1234.50"))
            assert (acme.next_contact_on, acme.website) == (date(2026, 2, 3), "https://acme.example")
            assert (beta.status, beta.credit_limit, beta.next_contact_on) == ("potential", None, date(2026, 12, 1))

    def test_booleans_rates_and_numbers(self, act, table):
        with act("lin"):
            crud.create(Unit, {"name": "件"})
            rows = [
                ["商品名称", "单位", "税率", "单价", "启用", "条码"],
                ["Chai", "件", "13%", "18", "否", "0042"],
                ["Chang", "件", "0.06", "19.000001", "是", ""],
            ]
            assert told(commit(Product, table(rows))) == []
            chai, chang = db.session.scalars(sa.select(Product).order_by(Product.id))
            assert (chai.tax_rate, chai.active, chai.barcode) == (Decimal("0.13"), False, "0042")
            assert (chang.list_price, chang.active) == (Decimal("19.000001"), True)

    def test_a_comma_that_groups_nothing_is_refused(self, act, table):
        rows = [["name", "credit_limit", "payment_days"], ["Acme", "12,5", "30"], ["Beta", "￥1,200", "1,5"]]
        with act("ann"):
            wrong = told(commit(Customer, table(rows)))
            assert [error[:2] for error in wrong] == [(2, "credit_limit"), (3, "payment_days")]
            assert all("a comma only groups thousands" in error[2] for error in wrong)
            assert names() == []

    def test_each_wrong_cell_is_told_with_its_row_and_header(self, act, table):
        rows = [
            ["Customer name", "信用额度", "E-mail", "Kind"],
            ["Acme", "12.345", "a@b.example", "company"],
            ["", "1", "nobody", "planet"],
            [""],
            ["Beta", "x", "", ""],
        ]
        with act("ann"):
            assert [error[:2] for error in told(commit(Customer, table(rows)))] == [
                (2, "信用额度"),
                (3, "E-mail"),
                (3, "Kind"),
                (5, "信用额度"),
            ]
            assert names() == []

    def test_a_missing_required_field_is_told_by_its_label(self, act, table):
        with act("ann"):
            assert told(commit(Customer, table([["region"], ["North"]]))) == [(2, "Name", "This is required.")]

    def test_rules_of_the_entity_are_told_of_their_row(self, act, table):
        rows = [["name", "latitude"], *([f"C{number}", "1"] for number in range(20)), ["Far", "95"], ["Near", "2"]]
        with act("ann"):
            result = commit(Customer, table(rows), on_error="skip")
            assert (result.created, result.failed) == (21, 1)
            assert [error[:2] for error in told(result)] == [(22, "latitude")]
            assert "Far" not in names()

    def test_what_the_database_refuses_is_told_of_its_row(self, act, table):
        with act("lin"):
            crud.create(Unit, {"name": "pc"})
            rows = [
                ["name", "spec", "unit", "tax_rate", "list_price"],
                ["Chai", "big", "pc", "0", "1"],
                ["Chang", "", "pc", "0", "1"],
                ["Chai", "big", "pc", "0", "1"],
                ["Tea", "", "pc", "0", "1"],
            ]
            result = commit(Product, table(rows), on_error="skip")
            assert (result.created, result.failed) == (3, 1)
            assert {error[:2] for error in told(result)} == {(4, "name"), (4, "spec")}
            assert names(Product) == ["Chai", "Chang", "Tea"]


class TestRelations:
    def test_by_code_name_or_user_name_in_any_case(self, act, table):
        with act("bob"):
            crud.create(Customer, {"code": "K1", "name": "Acme"})
            rows = [["customer", "name"], ["k1", "Kim"], ["ACME", "Lee"], ["K1", "Max"]]
            assert told(commit(Contact, table(rows))) == []
            assert {contact.customer.name for contact in db.session.scalars(sa.select(Contact))} == {"Acme"}
        with act(None):
            rows = [["name", "owner"], ["One", "ANN"], ["Two", "Ann Lee"], ["Three", "王伟"]]
            assert told(commit(Customer, table(rows))) == []
            owners = dict(db.session.execute(sa.select(Customer.name, User.username).join(Customer.owner)).all())
            assert owners == {"Acme": "bob", "One": "ann", "Two": "ann", "Three": "wei"}

    def test_unknown_ambiguous_and_foreign_ones_fail_their_row(self, act, table):
        with act("cleo"):
            crud.create(Customer, {"code": "SECRET", "name": "Hidden"})
        with act("ann"):
            for code in ("A1", "A2"):
                crud.create(Customer, {"code": code, "name": "Twin"})
            rows = [["customer", "name"], ["SECRET", "A"], ["Twin", "B"], ["nobody", "C"], ["A2", "D"]]
            result = commit(Contact, table(rows), on_error="skip")
            assert [error[:2] for error in told(result)] == [(2, "customer"), (3, "customer"), (4, "customer")]
            assert (result.created, names(Contact)) == (1, ["D"])
            assert told(result)[0][2].replace("SECRET", "x") == told(result)[2][2].replace("nobody", "x")

    def test_rows_may_point_at_rows_before_them(self, act, table):
        rows = [["name", "parent"], ["Food", ""], ["Drinks", "Food"], ["Tea", "Drinks"], ["Lost", "Nowhere"]]
        with act("lin"):
            result = commit(Category, table(rows), on_error="skip")
            assert [error[:2] for error in told(result)] == [(5, "parent")]
            tea = db.session.scalars(sa.select(Category).where(Category.name == "Tea")).one()
            assert tea.parent.parent.name == "Food"

    def test_somebody_else_as_owner_needs_the_grant(self, act, table):
        with act("ann"):
            result = commit(Customer, table([["name", "owner"], ["Acme", "bob"], ["Beta", "ann"]]), on_error="skip")
            assert (result.created, result.failed) == (1, 1)


class TestMatching:
    @pytest.fixture
    def acme(self, act):
        with act("ann"):
            crud.create(Customer, {"code": "K1", "name": "Acme", "region": "North", "status": "active"})

    def test_fail_tells_the_rows_that_are_there(self, act, table, acme):
        with act("ann"):
            result = commit(Customer, table([["code", "name"], ["K1", "X"], ["K2", "Y"]]))
            assert told(result) == [(2, "code", "There is one with this value already.")]
            assert (result.run_id, result.created, names()) == (None, 0, ["Acme"])

    def test_skip_leaves_them_alone(self, act, table, acme):
        with act("ann"):
            result = commit(Customer, table([["code", "name"], ["K1", "X"], ["K2", "Y"]]), on_match="skip")
            assert (result.created, result.skipped, names()) == (1, 1, ["Acme", "Y"])

    def test_update_changes_only_what_the_file_holds(self, act, table, acme):
        with act("ann"):
            rows = [["code", "name", "region", "status"], ["K1", "Acme Ltd", "", ""], ["K2", "Y", "", ""]]
            result = commit(Customer, table(rows), on_match="update")
            assert (result.created, result.updated) == (1, 1)
            row = db.session.scalars(sa.select(Customer).where(Customer.code == "K1")).one()
            # An empty cell empties a field, but not one that is never empty.
            assert (row.name, row.region, row.status, row.version) == ("Acme Ltd", None, "active", 2)
        with act(None):
            entry = db.session.scalars(sa.select(AuditEntry).where(AuditEntry.action == "import")).one()
            assert entry.changes == {"name": ["Acme", "Acme Ltd"], "region": ["North", None]}

    def test_an_update_that_empties_what_is_required_fails(self, act, table, acme):
        with act("ann"):
            result = commit(Customer, table([["code", "name"], ["K1", ""]]), on_match="update")
            assert told(result) == [(2, "name", "This is required.")]

    def test_rows_without_a_key_are_new(self, act, table, acme):
        with act("ann"):
            result = commit(Customer, table([["code", "name"], ["", "One"], ["", "Two"]]), on_match="update")
            assert result.created == 2
            assert list(db.session.scalars(sa.select(Customer.code).order_by(Customer.id))) == [
                "K1",
                "C00001",
                "C00002",
            ]

    def test_the_same_key_twice_in_a_file_fails(self, act, table):
        with act("ann"):
            result = commit(Customer, table([["code", "name"], ["K1", "A"], ["K2", "B"], ["K1", "C"]]))
            assert told(result) == [(4, "code", "Row 2 of this file is the same.")]

    @pytest.mark.parametrize("on_match", ["fail", "skip", "update"])
    def test_a_row_that_matches_an_invisible_one_fails_without_naming_it(self, act, table, on_match):
        with act("cleo"):
            crud.create(Customer, {"code": "SECRET", "name": "Hidden"})
        with act("ann"):
            result = commit(Customer, table([["code", "name"], ["SECRET", "X"]]), on_match=on_match, on_error="skip")
            assert told(result) == [(2, "code", "There is one with this value already.")]

    def test_a_row_that_is_seen_but_not_written_fails(self, act, table):
        with act(None):
            crud.create(Customer, {"code": "POOL", "name": "Pool", "owner": None})
        with act("ann"):
            result = commit(Customer, table([["code", "name"], ["POOL", "Mine"]]), on_match="update")
            assert (result.failed, names()) == (1, ["Pool"])

    def test_by_several_keys(self, act, table):
        with act("ann"):
            for code in ("K1", "K2"):
                customer = crud.create(Customer, {"code": code, "name": code})
                crud.create(Contact, {"customer": customer.id, "name": "Kim"})
            rows = [["customer", "name", "mobile"], ["K2", "Kim", "138"], ["K2", "Lee", "139"]]
            result = commit(Contact, table(rows), on_match="update")
            assert (result.created, result.updated) == (1, 1)
            found = db.session.execute(sa.select(Customer.code, Contact.name, Contact.mobile).join(Contact.customer))
            assert set(found) == {("K1", "Kim", None), ("K2", "Kim", "138"), ("K2", "Lee", "139")}


class TestOutcome:
    def test_preview_writes_nothing_and_counts_the_same(self, act, table):
        with act("ann"):
            crud.create(Customer, {"code": "K1", "name": "Acme"})
            rows = [["code", "name", "latitude"], ["K1", "New name", ""], ["", "B", "95"], ["", "C", "1"], ["", "", ""]]
            path = table(rows)
            options = {"on_match": "update", "on_error": "skip"}
            preview = run_import(Customer, path, path.name, **options)
            assert names() == ["Acme"]
            assert db.session.scalar(sa.select(sa.func.count()).select_from(ImportRun)) == 0
            result = commit(Customer, path, **options)
            assert preview.as_json() == {**result.as_json(), "run": None}
            assert [(row.row, row.action) for row in preview.preview] == [(2, "update"), (3, "fail"), (4, "create")]
            assert preview.preview[1].errors[0].column == "latitude"
            assert names() == ["New name", "C"]
        with act(None):
            records = list(
                db.session.scalars(sa.select(AuditEntry.record).where(AuditEntry.record.like("customers/%")))
            )
            assert len(records) == 3  # acme made, acme changed, C made; nothing of the preview or of B

    def test_a_preview_shows_only_the_first_rows(self, act, table):
        with act("ann"):
            path = table([["name"], *([f"C{number}"] for number in range(70))])
            preview = run_import(Customer, path, path.name)
            assert (preview.created, len(preview.preview)) == (70, 50)

    def test_what_fails_is_shown_wherever_it_stands(self, act, table):
        with act("ann"):
            path = table([["name", "payment_days"], *([f"C{number}", "1"] for number in range(70)), ["C", "x"]])
            shown = run_import(Customer, path, path.name).preview
            assert (len(shown), shown[-1].row, shown[-1].action) == (51, 72, "fail")

    def test_stop_writes_nothing_and_tells_every_error(self, act, table):
        rows = [["name", "payment_days"], ["A", "x"], ["B", "1"], ["C", "-1"]]
        with act("ann"):
            result = commit(Customer, table(rows))
            assert (result.rows, result.created, result.failed, result.run_id) == (3, 0, 2, None)
            assert [error[0] for error in told(result)] == [2, 4]
            assert names() == []
            assert db.session.scalar(sa.select(sa.func.count()).select_from(ImportRun)) == 0

    def test_stop_gives_up_after_a_thousand(self, act, table):
        rows = [["name", "payment_days"], *(["A", "x"] for _number in range(2100))]
        with act("ann"):
            result = commit(Customer, table(rows))
            assert (result.rows, result.failed, result.as_json()["complete"]) == (2100, 1000, False)

    def test_skip_writes_the_others_and_gives_the_failed_back_as_a_file(self, act, table, tmp_path):
        rows = [["客户名称", "payment_days", "whim"], ["A", "x", "1"], ["'=B", "2", "2"], ["C", "x", "3"]]
        with act("ann"):
            result = commit(Customer, table(rows), on_error="skip")
            assert (result.created, result.failed, names()) == (1, 2, ["=B"])
            for name in ("failed.csv", "failed.xlsx"):
                error_file(result, tmp_path / name)
                failed = open_table(tmp_path / name, name)
                assert failed.headers == ["客户名称", "payment_days", "whim", "Why it was not imported"]
                assert [values[:3] for _line, values in failed] == [["A", "x", "1"], ["C", "x", "3"]]
                assert all("payment_days" in values[3] for _line, values in failed)
            assert suggest(Customer, failed.headers) == {"客户名称": "name", "payment_days": "payment_days"}

    def test_a_run_is_kept_with_what_it_wrote(self, act, table):
        with act("ann"):
            result = commit(Customer, table([["name"], ["A"], ["B"]], "客户.csv"))
            run = db.session.get(ImportRun, result.run_id)
            assert (run.target, run.file, run.rows, run.created, run.state) == ("customers", "客户.csv", 2, 2, "done")
            rows = db.session.scalars(sa.select(ImportRunRow).where(ImportRunRow.run_id == run.id)).all()
            assert [(row.created, row.version, row.before) for row in rows] == [(True, 1, None)] * 2

    def test_nothing_is_committed_here(self, act, table):
        with act("ann"):
            commit(Customer, table([["name"], ["A"]]))
            db.session.rollback()
            assert names() == []

    def test_progress_is_told(self, act, table):
        seen: list[int] = []
        with act("ann"):
            commit(Customer, table([["name"], *([f"C{number}"] for number in range(1200))]), progress=seen.append)
        assert seen == [500, 1000, 1200]

    def test_who_may_not_import_is_refused(self, act, table):
        with act("otto"), pytest.raises(NotPermitted):
            commit(Customer, table([["name"], ["A"]]))

    def test_options_are_checked(self, act, table):
        with act("ann"), pytest.raises(Invalid):
            commit(Customer, table([["name"], ["A"]]), on_match="merge")


class TestMapping:
    def test_a_kept_mapping(self, act, table):
        mapping = ColumnMap(
            columns={
                "product_name": "name",
                "unit_price": "list_price",
                "discontinued": "active",
                "Category ID": "category",
            },
            constants={"unit": "pc", "tax_rate": "0.13"},
            choices={"active": {"1": False, "0": True}, "category": {"1": "Drinks"}},
            skip=("supplier_id",),
            round={"list_price": 2},
        )
        rows = [
            ["product_name", "supplier_id", "category_id", "unit_price", "discontinued"],
            ["Chai", "8", "1", "21.3500004", "1"],
            ["Chang", "1", "1", "19", "0"],
        ]
        with act("lin"):
            crud.create(Unit, {"name": "pc"})
            crud.create(Category, {"name": "Drinks"})
            kept = ImportMapping(target="products", name="Northwind", mapping=mapping.as_json()["columns"])
            kept.options = {key: value for key, value in mapping.as_json().items() if key != "columns"}
            result = commit(Product, table(rows), mapping=kept.column_map())
            assert told(result) == []
            chai, chang = db.session.scalars(sa.select(Product).order_by(Product.id))
            assert (chai.list_price, chai.active, chai.category.name) == (Decimal("21.35"), False, "Drinks")
            assert (chang.active, chang.tax_rate, chang.unit.name) == (True, Decimal("0.13"), "pc")
            assert [(each.row, each.column, each.after) for each in result.rounded] == [
                (2, "unit_price", Decimal("21.35"))
            ]
            assert result.ignored == ["supplier_id"]

    def test_open_choices_can_be_held_to_what_is_known(self, act, table):
        with act("ann"):
            crud.create(Customer, {"name": "A", "level": "A"})
            result = commit(
                Customer,
                table([["name", "level"], ["B", "A"], ["C", "Z"]]),
                mapping={"known_only": ["level"]},
                on_error="skip",
            )
            assert [error[:2] for error in told(result)] == [(3, "level")]

    @pytest.mark.parametrize("mapping", [{"x": "no_such_field"}, {"x": "name", "y": "name"}, {"x": "last_contact_on"}])
    def test_one_that_does_not_fit_is_refused(self, act, table, mapping):
        with act("ann"), pytest.raises(UnknownColumns):
            commit(Customer, table([["x", "y"], ["1", "2"]]), mapping=mapping)

    @pytest.mark.parametrize(
        "data", [{"colour": {}}, {"columns": {"a": 1}}, {"round": {"x": 9}}, {"skip": "a"}, {"choices": {"kind": "x"}}]
    )
    def test_its_form_is_checked(self, act, data):
        with act("ann"), pytest.raises(ValueError):
            ColumnMap.from_json(data)


class TestDocuments:
    @pytest.fixture
    def stock(self, act):
        with act(None):
            unit = crud.create(Unit, {"name": "pc"})
            for code in ("P1", "P2"):
                crud.create(Product, {"code": code, "name": code, "unit": unit.id, "tax_rate": 0, "list_price": 1})
            crud.create(Warehouse, {"code": "W1", "name": "Main"})
            crud.create(Warehouse, {"code": "W2", "name": "Side"})

    def test_rows_with_the_same_head_are_one_document(self, act, table, stock):
        rows = [
            ["warehouse", "reason", "lines.product", "Lines · Quantity", "lines.unit_cost"],
            ["W1", "opening", "P1", "5", "2"],
            ["W1", "opening", "P2", "3", "1.5"],
            ["", "", "P1", "-1", ""],
            ["Side", "opening", "P1", "7", "2"],
        ]
        with act("wei"):
            result = commit(StockAdjustment, table(rows))
            assert (told(result), result.rows, result.created) == ([], 4, 2)
            first, second = db.session.scalars(sa.select(StockAdjustment).order_by(StockAdjustment.id))
            assert [(line.product.code, line.quantity) for line in first.lines] == [("P1", 5), ("P2", 3), ("P1", -1)]
            assert (first.state, first.number, second.warehouse.code) == ("draft", None, "W2")

    def test_a_wrong_line_fails_its_document_and_is_told_where_it_is(self, act, table, stock):
        rows = [
            ["warehouse", "lines.product", "lines.quantity", "lines.unit_cost"],
            ["W1", "P1", "5", "2"],
            ["W1", "P9", "3", "2"],
            ["W2", "P1", "1", "2"],
            ["W2", "P2", "0", ""],
            ["W1", "P1", "", "1"],
            ["W2", "P1", "1", "2"],
        ]
        with act("wei"):
            result = commit(StockAdjustment, table(rows), on_error="skip")
            assert (result.created, result.failed) == (1, 5)
            assert [error[:2] for error in told(result)] == [
                (3, "lines.product"),
                (5, "lines.quantity"),
                (6, "lines.quantity"),
            ]
            assert [values[1] for values, _reason in result.failed_rows] == ["P1", "P9", "P1", "P2", "P1"]

    def test_weekly_plans_match_by_owner_and_week(self, act, table):
        rows = [
            ["week", "plan", "lines.planned_on", "lines.kind", "lines.goal"],
            ["2026-11-23", "Sell", "2026-11-23", "Visit", "See Acme"],
            ["2026-11-23", "", "2026-11-24", "call", "Ring Beta"],
        ]
        rows = [[*row, owner] for row, owner in zip(rows, ["owner", "ann", "ann"], strict=True)]
        with act(None):
            assert told(commit(WeeklyPlan, table(rows))) == []
            plan = db.session.scalars(sa.select(WeeklyPlan)).one()
            assert (plan.owner.username, [line.goal for line in plan.lines]) == ("ann", ["See Acme", "Ring Beta"])
            kept = [line.id for line in plan.lines]
            rows[2][4] = "Ring Gamma"
            result = commit(WeeklyPlan, table([*rows, ["", "", "2026-11-25", "", "Rest", ""]]), on_match="update")
            assert (told(result), result.updated) == ([], 1)
            db.session.expire_all()
            assert [line.goal for line in plan.lines] == ["See Acme", "Ring Gamma", "Rest"]
            assert [line.id for line in plan.lines][:2] == kept


def cost(statements: Callable[[], Any], run: Callable[[], Any]) -> int:
    """The statements that ``run`` executes.  SQLAlchemy can't learn the ids of many rows at once from SQLite: there,
    and there alone, an INSERT is made row by row (without being compiled again)."""
    with statements() as executed:
        run()
    return sum(not statement.startswith(("INSERT INTO customers", "INSERT INTO contacts")) for statement in executed)


class TestCost:
    def test_statements_grow_with_batches_not_with_rows(self, act, table, statements):
        def import_(count: int) -> int:
            rows = [[f"{count}-{number}", f"Customer {number}", "A", "ann"] for number in range(count)]
            path = table([["code", "name", "level", "owner"], *rows])
            with act("ann"):
                return cost(statements, lambda: commit(Customer, path))

        ten, many, more = import_(10), import_(500), import_(2000)
        assert ten <= 30
        assert many - ten <= 5
        assert more - many <= 3 * 15

    def test_updates_too(self, act, table, statements):
        def import_(count: int, region: str) -> int:
            path = table([["code", "name", "region"], *([f"{n}", f"Customer {n}", region] for n in range(count))])
            with act("ann"):
                return cost(statements, lambda: commit(Customer, path, on_match="update"))

        import_(500, "North")
        assert import_(500, "South") - import_(10, "East") <= 5

    def test_codes_are_taken_and_relations_found_many_at_once(self, act, table, statements):
        def customers(count: int) -> int:
            path = table([["name"], *([f"Customer {count} {number}"] for number in range(count))])
            with act("ann"):
                return cost(statements, lambda: commit(Customer, path))

        assert customers(500) - customers(10) <= 5
