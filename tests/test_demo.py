"""The demo company is believable, keeps every rule, and is put into nothing but an empty company."""

from __future__ import annotations

import re
from collections import Counter
from datetime import date, datetime, timedelta

import pytest
import sqlalchemy as sa
from flask_appbuilder.security.sqla.models import Role

from app import create_app, security, setup
from app.core import clock, crud, db, extraction, files, identity
from app.core.audit import AuditEntry
from app.core.entity import User, registry
from app.core.tags import Tag
from app.core.users import NO_PASSWORD
from app.core.web import history
from app.core.web.view import views
from app.demo import fill_if_empty
from app.demo.goods import barcode
from app.demo.people import holidays
from app.domains.activities import actual
from app.domains.activities.models import ContactRecord, Outing, Review, Suggestion, WeeklyPlan
from app.domains.catalog.models import Product, Unit
from app.domains.crm.models import Contact, Customer, CustomerShare, Stage, StageCriterion
from app.domains.library.models import Article, File, Folder
from app.domains.people.models import Department, Employee, Holiday, Leave, Target
from app.domains.stock.models import StockAdjustment, Warehouse
from app.jobs.low_stock_queries import below_safety_stock
from app.ledger.models import StockBalance
from app.ledger.verify import differences
from tests.app_fixtures import settings_for

TUESDAY = datetime(2026, 11, 24, 10)
SUNDAY = datetime(2027, 2, 28, 23)
HIDDEN = {"created_on", "changed_on"}


def make_company(folder, url="", at=TUESDAY):
    """A company in ``folder`` with nothing but its administrator."""
    app = create_app(settings_for(folder, url))
    with clock.stopped(at), app.app_context():
        setup.prepare()
    return app


def close(app):
    with app.app_context():
        db.session.remove()
        db.db.engine.dispose()


@pytest.fixture(scope="module")
def demo(tmp_path_factory):
    """The demo company as it is filled on a Tuesday."""
    app = make_company(tmp_path_factory.mktemp("demo"))
    with clock.stopped(TUESDAY), app.app_context():
        assert fill_if_empty()
    yield app
    close(app)


@pytest.fixture
def reading(demo):
    """Within the test the system reads."""
    with clock.stopped(TUESDAY), demo.app_context(), identity.acting_as(identity.system()):
        yield db.session
        db.session.remove()


def every(session, model):
    return session.scalars(sa.select(model).order_by(model.id)).all()


class TestPeople:
    def test_a_tree_of_departments_with_managers(self, reading):
        departments = every(reading, Department)
        assert len([each for each in departments if each.parent is None]) == 1
        assert all(each.manager is not None for each in departments)
        assert {each.department for each in every(reading, Employee)} == set(departments)

    def test_everyone_has_a_role_and_nobody_a_password(self, reading):
        people = [user for user in every(reading, User) if user.username != "admin"]
        assert len(people) == len(every(reading, Employee)) >= 12
        assert all(len(user.roles) == 1 and user.active for user in people)
        assert {user.password for user in people} == {NO_PASSWORD}
        roles = {role.name for user in people for role in user.roles}
        assert roles >= {"Director", "Sales manager", "Salesperson", "Warehouse keeper", "Purchaser", "Accountant"}

    def test_some_speak_chinese_and_some_english(self, reading):
        assert Counter(user.locale for user in every(reading, User) if user.username != "admin").keys() == {"zh", "en"}

    def test_holidays_and_leaves_of_the_year(self, reading):
        days = {each.date: each for each in every(reading, Holiday)}
        assert date(2026, 10, 1) in days and date(2026, 2, 17) in days
        assert any(each.is_workday for each in days.values())
        assert len(every(reading, Leave)) == 5


class TestCustomers:
    def test_names_in_both_languages(self, reading):
        names = [each.name for each in every(reading, Customer)]
        chinese = [name for name in names if "\u4e00" <= name[0] <= "\u9fff"]
        assert len(names) == 60
        assert len(chinese) > 30 and len(names) - len(chinese) > 20

    def test_each_has_a_contact_one_of_them_first(self, reading):
        primary = Counter(each.customer_id for each in every(reading, Contact) if each.is_primary)
        assert primary == Counter(each.id for each in every(reading, Customer))

    def test_some_lie_in_the_pool_and_some_are_shared(self, reading):
        assert len([each for each in every(reading, Customer) if each.owner is None]) == 8
        assert {each.access for each in every(reading, CustomerShare)} == {"read", "write"}

    def test_who_sells_added_what_they_own(self, reading):
        assert all(each.created_by_id == each.owner_id for each in every(reading, Customer) if each.owner_id)

    def test_a_salesperson_sees_their_own_and_a_manager_the_team(self, reading):
        seen = {}
        for username in ("xiaotong", "grace", "qihang"):
            user = reading.scalars(sa.select(User).where(User.username == username)).one()
            with identity.acting_as(security.load_actor(user)):
                seen[username] = set(reading.scalars(sa.select(Customer.id)))
        assert seen["xiaotong"] < seen["grace"] < seen["qihang"]
        assert len(seen["qihang"]) == 60


class TestSelling:
    def test_stages_criteria_and_roles_are_named_in_both_languages(self, reading):
        named = [each.name for kind in (Stage, StageCriterion) for each in every(reading, kind)]
        assert "初步接触 First contact" in named
        roles = {each.decision_role for each in every(reading, Contact)} - {None}
        tags = [each.name for each in every(reading, Tag)]
        for text in (*named, *roles, *tags):
            assert re.search("[\u4e00-\u9fff]", text) and re.search("[A-Za-z]", text), text


class TestGoods:
    def test_products_of_all_kinds(self, reading):
        products = every(reading, Product)
        assert len(products) >= 40
        assert {each.kind for each in products} == {"goods", "service"}
        assert any(not each.active for each in products)
        assert all(each.category is not None for each in products)

    def test_pictures_can_be_read(self, reading):
        digests = {digest for product in every(reading, Product) for digest in product.pictures}
        assert len(digests) >= 12
        for digest in digests:
            assert files.media_type(files.opened(digest)[0].read(16)) == "image/png"

    def test_barcodes_have_their_check_digit(self):
        assert barcode(1) == "2000000000015"
        for code in map(barcode, range(1, 60)):
            assert sum(int(digit) * (3 if place % 2 else 1) for place, digit in enumerate(code)) % 10 == 0


class TestPapers:
    def test_folders_files_and_articles_with_contents_that_can_be_read(self, reading):
        papers = every(reading, File)
        assert {each.media_type.rsplit("/")[-1].rsplit(".")[-1] for each in papers} == {
            "pdf",
            "document",
            "plain",
            "jpeg",
        }
        assert {each.latest for each in papers} == {1, 2} and any(each.customer for each in papers)
        assert {each.visibility for each in every(reading, Folder)} == {"public", "roles"}
        assert all(each.published for each in every(reading, Article))
        offer = next(each for each in papers if each.kind == "quotation" and each.latest == 2)
        with files.at_hand(offer.sha256) as path:
            assert "3 % for the whole quantity" in extraction.text_of(path, "pdf")


class TestStock:
    def test_three_warehouses_with_keepers_and_stock(self, reading):
        warehouses = every(reading, Warehouse)
        assert len({each.keeper for each in warehouses} - {None}) == len(warehouses) == 3
        assert {each.warehouse for each in every(reading, StockBalance) if each.on_hand} == set(warehouses)

    def test_the_books_are_what_their_entries_say(self, reading):
        assert differences() == []

    def test_adjustments_in_every_state(self, reading):
        assert {each.state for each in every(reading, StockAdjustment)} == {"draft", "posted", "cancelled"}

    def test_some_is_low_and_most_is_not(self, reading):
        low = below_safety_stock(reading.connection())
        assert 5 <= len(low) <= 15
        assert {item.warehouse_id is None for item in low.values()} == {True, False}


class TestPlans:
    def test_plans_in_every_state_for_this_week_and_the_last(self, reading):
        monday = clock.monday_of(TUESDAY.date())
        states = {}
        for plan in every(reading, WeeklyPlan):
            states.setdefault((plan.week - monday).days // 7, set()).add(plan.state)
        assert states[0] == {"draft", "submitted", "reviewed"}
        assert states[-1] == {"submitted", "reviewed"}
        assert states[-2] == states[-3] == {"reviewed"}
        assert "draft" in states[1]

    def test_a_superior_reviewed_and_said_something(self, reading):
        for plan in every(reading, WeeklyPlan):
            assert bool(plan.review_comment) is (plan.state == "reviewed")
        entry = reading.scalars(sa.select(AuditEntry).where(AuditEntry.action == "review")).first()
        assert entry.user.username in ("qihang", "grace", "junfeng", "jianing")

    def test_nothing_happened_in_the_future(self, reading):
        for model in registry.values():
            newest = reading.scalar(sa.select(sa.func.max(model.changed_on)))
            assert newest is None or newest <= clock.now(), model.resource


class TestWeek:
    def test_contacts_tell_when_each_customer_was_last_in_contact(self, reading):
        last = {}
        for record in every(reading, ContactRecord):
            day = clock.local(record.at).date()
            last[record.customer_id] = max(day, last.get(record.customer_id, day))
        customers = every(reading, Customer)
        assert {each.id: each.last_contact_on for each in customers} == {
            each.id: last.get(each.id) for each in customers
        }
        assert len(last) > 40

    def test_what_a_plan_says_was_done_with_a_customer_is_on_record(self, reading):
        monday = clock.monday_of(TUESDAY.date())
        past = [plan for plan in every(reading, WeeklyPlan) if plan.week < monday]
        came = actual.of(past)
        done = {line.id for plan in past for line in plan.lines if line.done and line.customer_id}
        told = {each.line for found in came.values() for each in found if each.url}
        assert done and done <= told
        assert {each.what for found in came.values() for each in found} >= {
            actual.DONE,
            actual.MISSED,
            actual.UNPLANNED,
        }

    def test_outings_in_every_state_and_one_is_out_now(self, reading):
        states = Counter(each.state for each in every(reading, Outing))
        assert set(states) == {"planned", "out", "back", "cancelled"} and states["out"] == 1

    def test_guidance_and_suggestions_answered_and_open(self, reading):
        reviews = every(reading, Review)
        assert {each.answered for each in reviews} == {True, False}
        assert all(each.author_id != each.to_id for each in reviews)
        assert {each.closed for each in every(reading, Suggestion)} == {True, False}
        assert {each.metric for each in every(reading, Target)} == {"contacts", "orders"}


class TestFilling:
    def test_the_same_day_gives_the_same_company(self, demo, tmp_path):
        again = make_company(tmp_path)
        told = []
        for app in (demo, again):
            with clock.stopped(TUESDAY), app.app_context():
                fill_if_empty()
                with identity.acting_as(identity.system()):
                    told.append(
                        {
                            model.resource: [
                                {name: value for name, value in row.items() if name not in HIDDEN}
                                for row in db.session.execute(sa.select(model.__table__)).mappings()
                            ]
                            for model in (
                                Customer,
                                Contact,
                                Product,
                                StockBalance,
                                WeeklyPlan,
                                Employee,
                                ContactRecord,
                                Outing,
                            )
                        }
                    )
                db.session.remove()
        close(again)
        assert told[0] == told[1]

    def test_a_full_company_is_left_alone(self, demo):
        with clock.stopped(TUESDAY), demo.app_context():
            assert not fill_if_empty()

    @pytest.mark.parametrize("something", ["unit", "user"])
    def test_a_company_with_anything_in_it_is_left_alone(self, tmp_path, something):
        app = make_company(tmp_path)
        with app.app_context():
            with identity.acting_as(identity.system()), db.transaction() as session:
                if something == "unit":
                    crud.create(Unit, {"name": "piece"})
                else:
                    role = session.scalars(sa.select(Role.id).where(Role.name == "Auditor")).one()
                    data = {"username": "otto", "first_name": "Otto", "last_name": "Bay", "roles": [role]}
                    crud.create(User, data)
            assert not fill_if_empty()
            with identity.acting_as(identity.system()):
                assert db.session.scalar(sa.select(sa.func.count(Customer.id))) == 0
        close(app)

    @pytest.mark.parametrize("at", [SUNDAY, datetime(2028, 1, 1, 0, 5), datetime(2033, 6, 6, 8)])
    def test_it_can_be_filled_on_any_day(self, tmp_path, at):
        app = make_company(tmp_path, at=at)
        with clock.stopped(at), app.app_context():
            assert fill_if_empty()
            with identity.acting_as(identity.system()):
                assert differences() == []
        close(app)

    def test_on_postgresql_too(self, tmp_path, postgres_url):
        app = make_company(tmp_path, postgres_url)
        with clock.stopped(TUESDAY), app.app_context():
            assert fill_if_empty()
            with identity.acting_as(identity.system()):
                assert differences() == []
                assert db.session.scalar(sa.select(sa.func.count(Customer.id))) == 60
        close(app)


class TestHolidays:
    def test_each_day_once_in_any_year(self):
        for year in range(2025, 2034):
            days = [day for day, _name, _worked in holidays(date(year, 6, 1))]
            assert days == sorted(set(days))

    def test_a_day_worked_in_exchange_is_of_a_weekend(self):
        worked = [day for day, _name, is_workday in holidays(date(2026, 6, 1)) if is_workday]
        assert worked
        assert all(day.weekday() >= 5 for day in worked)

    def test_spring_festival_begins_on_its_eve(self):
        days = {day: name for day, name, _worked in holidays(date(2026, 6, 1))}
        assert days[date(2026, 2, 16)] == days[date(2026, 2, 16) + timedelta(days=6)] == "春节 Spring Festival"


def test_no_deed_of_the_history_is_told_by_its_raw_name(demo):
    with demo.test_request_context(), identity.acting_as(identity.system()):
        done = db.session.connection().execute(sa.select(AuditEntry.record, AuditEntry.action).distinct())
        deeds = {(record.partition("/")[0], action) for record, action in done}
        assert len({action for _resource, action in deeds}) > 5
        raw = {
            (resource, action)
            for resource, action in deeds | {("customers", "next-contact")}
            if resource in views  # others have no history that is shown
            and f"“{action}”" in history.action_words(views[resource].model, action)
        }
        assert raw == set()
