"""The Northwind sample company comes in whole, once, and by the ordinary import."""

from __future__ import annotations

import csv
import shutil
from collections import Counter
from datetime import date, datetime
from decimal import Decimal

import pytest
import sqlalchemy as sa

from app import security
from app.core import clock, db, identity
from app.core.entity import User
from app.core.errors import BusinessError
from app.core.exchange.models import ImportMapping, ImportRun
from app.core.users import NO_PASSWORD
from app.domains.catalog.models import Category, Product
from app.domains.crm.models import Contact, Customer
from app.domains.people.models import Department, Employee
from app.domains.stock.models import StockAdjustment
from app.jobs import execution
from app.ledger.models import StockBalance
from app.ledger.verify import differences
from app.northwind import import_company
from tests.app_fixtures import Api
from tests.scenarios.company import (
    NORTHWIND,
    Company,
    html_of,
    items,
    low_products,
    open_company,
    products,
)

MORNING = datetime(2026, 3, 3, 8)
COUNTED = (
    User,
    Department,
    Employee,
    Customer,
    Contact,
    Category,
    Product,
    StockAdjustment,
    StockBalance,
    ImportMapping,
)


@pytest.fixture(scope="module")
def imported(tmp_path_factory, _post_office):
    """Northwind, imported once for all the tests that only read, and what the command said."""
    with open_company(tmp_path_factory.mktemp("northwind"), "", _post_office, MORNING) as app:
        with clock.stopped(MORNING), app.app_context():
            told = import_company(NORTHWIND)
        yield app, told


@pytest.fixture(scope="module")
def _post_office():
    from tests.support.smtp import SmtpServer

    server = SmtpServer()
    yield server
    server.stop()


@pytest.fixture
def reading(imported):
    """Within the test the system reads."""
    app, _told = imported
    with app.app_context(), identity.acting_as(identity.system()):
        yield db.session
        db.session.remove()


@pytest.fixture
def company(tmp_path, smtp):
    """An empty company of the test's own, for what changes it."""
    with open_company(tmp_path, "", smtp, MORNING) as app, clock.stopped(MORNING):
        yield Company(app, smtp)


def rows_of(name):
    with (NORTHWIND / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


class TestPeople:
    def test_everybody_has_an_account_that_nobody_can_use_yet(self, reading):
        users = reading.scalars(sa.select(User).where(User.username != "admin")).all()
        assert {(user.first_name, user.last_name) for user in users} == {
            (row["first_name"], row["last_name"]) for row in rows_of("employees.csv")
        }
        for user in users:
            assert not user.active
            assert user.email is None
            assert user.password == NO_PASSWORD
            assert len(user.roles) == 1

    def test_each_person_reported_to_heads_a_department(self, reading):
        heads = {row["reports_to"] for row in rows_of("employees.csv")} - {""}
        departments = reading.scalars(sa.select(Department)).all()
        assert len(departments) == len(heads) == 2
        by_manager = {str(each.manager): each for each in departments}
        assert set(by_manager) == {"Andrew Fuller", "Steven Buchanan"}
        assert by_manager["Andrew Fuller"].parent is None
        assert by_manager["Steven Buchanan"].parent is by_manager["Andrew Fuller"]

    def test_everyone_works_where_they_report_to(self, reading):
        names = {row["employee_id"]: f"{row['first_name']} {row['last_name']}" for row in rows_of("employees.csv")}
        places = {str(each.user): each for each in reading.scalars(sa.select(Employee))}
        assert len(places) == 9
        for row in rows_of("employees.csv"):
            employee = places[names[row["employee_id"]]]
            assert str(employee.department.manager) == names[row["reports_to"] or row["employee_id"]]
            assert employee.job_title == row["title"]
            assert employee.hired_on == date.fromisoformat(row["hire_date"])


class TestCustomers:
    def test_all_of_them_with_their_contact(self, reading):
        found = {each.code: each for each in reading.scalars(sa.select(Customer))}
        contacts = {each.customer_id: each for each in reading.scalars(sa.select(Contact))}
        given = rows_of("customers.csv")
        assert len(found) == len(contacts) == len(given) == 91
        for row in given:
            customer = found[row["customer_id"]]
            contact = contacts[customer.id]
            assert (customer.name, customer.region, customer.phone) == (
                row["company_name"],
                row["country"],
                row["phone"],
            )
            assert (contact.name, contact.job_title) == (row["contact_name"], row["contact_title"])
            assert contact.is_primary

    def test_an_address_is_whole_and_has_line_breaks(self, reading):
        customer = reading.scalars(sa.select(Customer).where(Customer.code == "GREAL")).one()
        assert customer.address == "2732 Baker Blvd.\nEugene OR 97403\nUSA"
        assert not [each for each in reading.scalars(sa.select(Customer.address)) if "\\n" in each]

    def test_the_owner_is_who_sold_most(self, reading):
        owners = Counter(str(each.owner) for each in reading.scalars(sa.select(Customer)))
        assert owners["Margaret Peacock"] == 23
        assert owners["Nancy Davolio"] == 22
        assert owners["None"] == 2

    def test_who_never_ordered_is_a_prospect_in_the_pool(self, reading):
        pool = reading.scalars(sa.select(Customer).where(Customer.owner_id.is_(None))).all()
        assert {each.code for each in pool} == {"FISSA", "PARIS"}
        assert {each.status for each in pool} == {"potential"}

    @pytest.mark.parametrize(
        ("username", "led"),
        [
            ("nancy.davolio", ["nancy.davolio"]),
            ("steven.buchanan", ["steven.buchanan", "michael.suyama", "robert.king", "anne.dodsworth"]),
            ("andrew.fuller", None),
        ],
    )
    def test_an_employee_sees_what_its_place_in_the_tree_allows(self, imported, username, led):
        app, _told = imported
        with app.app_context(), identity.acting_as(identity.system()):
            user = db.session.scalars(sa.select(User).where(User.username == username)).one()
            actor = security.load_actor(user)
            theirs = sa.or_(Customer.owner_id.is_(None), Customer.owner.has(User.username.in_(led or [])))
            expected = set(db.session.scalars(sa.select(Customer.code).where(theirs if led else sa.true())))
            with identity.acting_as(actor):
                assert set(db.session.scalars(sa.select(Customer.code))) == expected


class TestProducts:
    def test_all_of_them_as_the_file_says(self, reading):
        found = {each.code: each for each in reading.scalars(sa.select(Product))}
        categories = {row["category_id"]: row["category_name"] for row in rows_of("categories.csv")}
        assert {each.name for each in reading.scalars(sa.select(Category))} == set(categories.values())
        assert len(found) == 77
        for row in products():
            product = found[row["product_id"]]
            assert (product.name, product.spec) == (row["product_name"], row["quantity_per_unit"])
            assert product.category.name == categories[row["category_id"]]
            assert product.active is (row["discontinued"] == "0")
            assert product.safety_stock == int(row["reorder_level"])
            assert product.list_price == round(Decimal(row["unit_price"]), 2)

    def test_the_opening_stock_is_one_posted_adjustment(self, reading):
        adjustment = reading.scalars(sa.select(StockAdjustment)).one()
        stocked = {row["product_id"]: int(row["units_in_stock"]) for row in products() if row["units_in_stock"] != "0"}
        assert adjustment.state == "posted"
        assert {line.product.code: line.quantity for line in adjustment.lines} == stocked
        assert {
            balance.product.code: balance.on_hand for balance in reading.scalars(sa.select(StockBalance))
        } == stocked
        assert differences() == []


class TestCommand:
    def test_it_says_what_it_did(self, imported):
        _app, told = imported
        said = "\n".join(told)
        for line in (
            "users, from employees.csv: 9 added",
            "customers, from customers.csv: 91 added",
            "products.csv: 77 added",
        ):
            assert line in said
        assert "17 numbers were rounded, such as unit_price 21.3500004 to 21.35 in row 6." in said
        assert "with 72 products into warehouse Main" in said
        assert "Not imported yet: suppliers.csv" in said
        assert "Nobody gets the mail about low stock yet" in said

    def test_a_mapping_is_kept_for_each_file(self, reading):
        kept = {(each.target, each.name): each for each in reading.scalars(sa.select(ImportMapping))}
        assert {resource for resource, _name in kept} == {
            "users",
            "departments",
            "employees",
            "customers",
            "contacts",
            "categories",
            "products",
            "stock-adjustments",
        }
        mapping = kept["products", "Northwind products.csv"].column_map()
        assert mapping.columns["reorder_level"] == "safety_stock"
        assert mapping.round == {"list_price": 2}
        runs = reading.scalars(sa.select(ImportRun)).all()
        assert {(run.target, run.created, run.failed) for run in runs} >= {("customers", 91, 0), ("products", 77, 0)}

    def test_twice_adds_nothing_and_takes_nothing_back(self, company):
        def count():
            with identity.acting_as(identity.system()):
                return [db.session.scalar(sa.select(sa.func.count(model.id))) for model in COUNTED]

        with company.app.app_context():
            import_company(NORTHWIND)
            before = count()
            with identity.acting_as(identity.system()), db.transaction() as session:
                nancy = session.scalars(sa.select(User).where(User.username == "nancy.davolio")).one()
                nancy.active, nancy.email = True, "nancy@example.com"
                session.scalars(sa.select(Product).where(Product.code == "1")).one().list_price = Decimal("20")
            told = import_company(NORTHWIND)
            assert count() == before
            with identity.acting_as(identity.system()):
                nancy = db.session.scalars(sa.select(User).where(User.username == "nancy.davolio")).one()
                assert (nancy.active, nancy.email) == (True, "nancy@example.com")
                assert db.session.scalars(sa.select(Product.list_price).where(Product.code == "1")).one() == 20
            db.session.remove()
        assert not [line for line in told if " added" in line and " 0 added" not in line]
        assert any("nothing is posted" in line for line in told)

    def test_a_new_product_brings_its_stock_alone(self, company, tmp_path):
        folder = shutil.copytree(NORTHWIND, tmp_path / "more")
        with (folder / "products.csv").open("a", encoding="utf-8") as file:
            file.write("78,Hazelnut Nougat,1,3,12 bars,7.5,30,0,5,0\n")
        with company.app.app_context():
            import_company(NORTHWIND)
            told = import_company(folder)
            with identity.acting_as(identity.system()):
                newest = db.session.scalars(
                    sa.select(StockAdjustment).order_by(StockAdjustment.id.desc()).limit(1)
                ).one()
                assert [(line.product.code, line.quantity) for line in newest.lines] == [("78", 30)]
            db.session.remove()
        assert "products, from products.csv: 1 added, 77 left as they were." in told

    def test_a_wrong_row_is_named_and_nothing_is_written(self, company, tmp_path):
        folder = shutil.copytree(NORTHWIND, tmp_path / "broken")
        text = (folder / "products.csv").read_text(encoding="utf-8")
        (folder / "products.csv").write_text(text.replace(",18,39,0,10,1", ",cheap,39,0,10,1"), encoding="utf-8")
        with company.app.app_context():
            with pytest.raises(BusinessError) as refused:
                import_company(folder)
            assert "row 2, unit_price" in str(refused.value)
            with identity.acting_as(identity.system()):
                assert db.session.scalar(sa.select(sa.func.count(Customer.id))) == 0
                assert db.session.scalar(sa.select(sa.func.count(User.id))) == 1
            db.session.remove()

    def test_a_missing_file_is_named(self, company, tmp_path):
        with company.app.app_context(), pytest.raises(BusinessError, match=r"has no employees\.csv"):
            import_company(tmp_path)


class TestLowStock:
    def test_the_mail_names_exactly_the_seventeen(self, company):
        """Over real SMTP, every line of it: what is not discontinued and has less in stock than its reorder level."""
        expected = low_products()
        assert len(expected) == 17
        with company.app.app_context():
            import_company(NORTHWIND)
        admin = Api(company.app, "admin")
        answer = admin.put("security/users/1", {"email": "admin@northwind.example.com"})
        assert answer.status_code == 200, answer.text

        with company.app.app_context():
            assert execution.run_job("low-stock-alert")
        post = company.post()

        assert set(post) == {"admin@northwind.example.com"}
        mail = post["admin@northwind.example.com"]
        assert mail["Subject"] == "Below safety stock: 17"
        lines = items(mail)
        assert set(lines) == set(expected)
        for code, (name, spec, in_stock, reorder_level) in expected.items():
            product, where, figures = lines[code]
            assert product == f"{name} {spec}"
            assert where == "All warehouses"
            assert figures == {
                "On hand": str(in_stock),
                "Reserved": "0",
                "Incoming": "0",
                "Safety stock": str(reorder_level),
                "Missing": f"{reorder_level - in_stock} piece",
                "Supplier": "–",
            }
        assert html_of(mail).count("/products/show/") == 17

    def test_it_is_told_once(self, company):
        with company.app.app_context():
            import_company(NORTHWIND)
        Api(company.app, "admin").put("security/users/1", {"email": "admin@northwind.example.com"})
        with company.app.app_context():
            assert execution.run_job("low-stock-alert")
            assert execution.run_job("low-stock-alert")
        assert len(company.post()) == 1
        with clock.stopped(datetime(2026, 3, 4, 8)), company.app.app_context():
            assert execution.run_job("low-stock-alert")
        assert company.post() == {}
