"""A first start: the steps by what there is, the demo company from the console, and from there for real."""

from __future__ import annotations

import hashlib
import json
import re
import shutil
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from html import unescape
from pathlib import Path

import pytest
import sqlalchemy as sa
from flask_appbuilder.security.sqla.models import Role, User

from app import create_app, setup
from app.core import clock, db, identity, settings, state
from app.core.audit import AuditEntry
from app.core.exchange import runs
from app.demo import MARK, fill_if_empty
from app.first import filling
from app.ledger import triggers
from app.ledger.verify import differences
from tests.app_fixtures import PASSWORD, Api, Pages, counted, settings_for

NAME = {"name": "Kehu"}


def kept() -> Iterator[Path]:
    """The files that the company that is running keeps."""
    return (settings.settings().data_dir / "files").glob("??/*")


def make_company(folder: Path, url: str = "", demo: bool = False):
    """An application around a database with nothing in it but its administrator, or the demo company besides."""
    app = create_app(settings_for(folder, url))
    with app.app_context():
        setup.prepare()
        if demo:
            assert fill_if_empty()
    return app


def close(app) -> None:
    with app.app_context():
        db.session.remove()
        db.db.engine.dispose()


def contents(app) -> dict[str, str]:
    """A digest of every table, log-in counters aside."""
    found = {}
    with app.app_context(), db.db.engine.connect() as connection:
        tables = sa.MetaData()
        tables.reflect(connection)
        for table in tables.sorted_tables:
            columns = [each for each in table.c if each.name not in ("last_login", "login_count", "fail_login_count")]
            rows = sorted(repr(tuple(row)) for row in connection.execute(sa.select(*columns)))
            found[table.name] = hashlib.sha256("\n".join(rows).encode()).hexdigest()
    return found


def assert_as_new(app, folder: Path) -> None:
    """What the database of ``app`` holds is what an empty company is set up with."""
    fresh = make_company(folder)
    mine, theirs = contents(app), contents(fresh)
    close(fresh)
    assert set(mine) == set(theirs)
    # Who is there and when it was set up are its own.
    own = {"ab_user", "audit_entries", "sequences", "scheduled_jobs", "remembered"}
    assert {name for name in theirs if mine[name] != theirs[name]} <= own


def words(answer) -> str:
    return unescape(re.sub(r"<[^>]+>", " ", answer.text))


@pytest.fixture
def empty(tmp_path):
    app = make_company(tmp_path)
    yield app
    close(app)


@pytest.fixture(scope="module")
def sqlite_template(tmp_path_factory) -> Path:
    """The folder of a demo company on SQLite, to be copied."""
    made = tmp_path_factory.mktemp("demo")
    app = make_company(made, demo=True)
    with app.app_context(), db.db.engine.connect() as connection:
        connection.exec_driver_sql("COMMIT")
        connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
        connection.exec_driver_sql("BEGIN")
    close(app)
    return made


@pytest.fixture(params=["sqlite", "postgresql"])
def demo(request, tmp_path):
    """The demo company, on each database."""
    if request.param == "sqlite":
        shutil.copytree(request.getfixturevalue("sqlite_template"), tmp_path, dirs_exist_ok=True)
        app = create_app(settings_for(tmp_path))
    else:
        app = make_company(tmp_path, request.getfixturevalue("postgres_url"), demo=True)
    yield app
    close(app)


class TestSteps:
    def test_an_empty_company_begins_with_them_and_they_follow_what_is_done(self, empty):
        admin, api = Pages(empty, "admin"), Api(empty, "admin")
        assert admin.get("/").headers["Location"] == "/start/"
        page = admin.get("/start/")
        assert page.text.count("start-step is-done") == 0
        assert "Explore the demo company" in page.text
        api.add("customers", name="Harbour Trading")
        page = admin.get("/start/")
        assert page.text.count("start-step is-done") == 1 and "1 customer" in page.text
        assert "Explore the demo company" not in page.text
        answer = admin.post(
            "/start/company",
            {"company": "Harbour & Sons", "locale": "zh", "timezone": "Europe/Berlin", "currency": "EUR"},
        )
        assert answer.status_code == 302, words(answer)
        assert "2 of 4 steps are done." in admin.get("/").text
        assert "Harbour &amp; Sons" in admin.get("/").text
        with empty.app_context():
            assert (settings.settings().currency, settings.settings().timezone) == ("EUR", "Europe/Berlin")

    def test_they_can_be_left_taken_up_again_and_hidden(self, empty):
        admin = Pages(empty, "admin")
        assert admin.post("/start/leave", {"left": "later"}).headers["Location"] == "/"
        assert "0 of 4 steps are done." in admin.get("/").text
        admin.post("/start/leave", {"left": "hidden"})
        assert "start-card" not in admin.get("/").text
        assert admin.get("/start/").status_code == 200

    def test_they_are_administrators_alone(self, pages):
        ann = pages("ann")
        for path in ("/start/", "/start/company", "/start/demo", "/start/real"):
            assert ann.get(path).status_code == 403
        for path in ("/start/leave", "/start/company", "/start/demo", "/start/real"):
            assert ann.post(path, {"name": "Kehu"}).status_code == 403
        assert "start-card" not in ann.get("/").text
        assert pages().get("/start/real").status_code == 302

    def test_the_company_s_settings_are_checked(self, empty, tmp_path):
        admin = Pages(empty, "admin")
        wrong = {"company": "", "locale": "tlh", "timezone": "Moon/Sea", "currency": "euro"}
        answer = admin.post("/start/company", wrong)
        assert answer.status_code == 422 and answer.text.count('class="field-error"') == 4
        assert not (tmp_path / settings.FILE).exists()

    def test_what_the_environment_says_goes_before(self, tmp_path):
        app = create_app(settings_for(tmp_path, company="From outside", currency="EUR"))
        with app.app_context():
            setup.prepare()
            settings.say({"company": "From inside", "currency": "USD", "locale": "zh"})
            now = settings.settings()
            assert (now.company, now.currency, now.locale) == ("From outside", "EUR", "zh")
            (tmp_path / settings.FILE).write_text('{"locale": "tlh", "timezone": 5')
            assert settings.settings().locale == "en"
        assert "Set by KEHU_COMPANY" in Pages(app, "admin").get("/start/company").text
        close(app)


class TestDemo:
    # That it moves in, and shows how far it is, tests/browser/test_first_start.py sees.
    @pytest.mark.parametrize("demo", ["sqlite"], indirect=True)
    def test_it_is_put_into_an_empty_company_alone(self, demo, tmp_path):
        admin = Pages(demo, "admin")
        before = contents(demo)
        assert admin.post("/start/demo").status_code == 409
        assert contents(demo) == before and not (tmp_path / filling.FILE).exists()

    def test_time_stands_still_for_who_fills_and_nobody_else(self):
        with clock.stopped_here(datetime(2020, 1, 1, tzinfo=UTC)):
            here = clock.now()
            with ThreadPoolExecutor() as pool:
                elsewhere = pool.submit(clock.now).result()
        assert here.year == 2020 and elsewhere.year > 2020

    def test_a_filling_that_was_cut_off_is_told(self, empty, tmp_path):
        (tmp_path / filling.FILE).write_text('{"done": 2, "failed": true}')
        answer = Pages(empty, "admin").get("/start/demo", follow_redirects=True)
        assert "could not be filled in" in answer.text


class TestForReal:
    def test_the_demo_goes_whole_and_the_administrator_stays(self, demo, tmp_path):
        admin, peter = Pages(demo, "admin"), demo.test_client()
        with demo.app_context(), db.transaction(identity.system()) as session:
            last = session.scalar(sa.select(sa.func.max(User.id)))
            runs.uploads().mkdir(exist_ok=True)
            (runs.uploads() / "left.csv").write_text("name")
            hashed = session.scalar(sa.select(User.password).where(User.username == "admin"))
            assert list(kept())
        with peter.session_transaction() as cookie:
            cookie["_user_id"], cookie["_fresh"] = str(last), True
        page = admin.get("/start/real")
        assert page.status_code == 200 and "Customers" in page.text and "What stays" in page.text
        before = contents(demo)
        assert admin.post("/start/real", {"name": "kehu"}).status_code == 422
        assert admin.post("/start/real", {}).status_code == 422
        assert contents(demo) == before
        answer = admin.post("/start/real", NAME)
        assert (answer.status_code, answer.headers.get("Location")) == (302, "/start/"), words(answer)
        assert "Explore the demo company" in admin.get("/start/").text, "still logged in"

        with demo.app_context(), db.transaction(identity.system()) as session:
            assert session.execute(sa.select(User.username, User.password)).all() == [("admin", hashed)]
            by_people = sa.select(AuditEntry.action).where(AuditEntry.user_id.is_not(None))
            assert session.scalars(by_people).all() == ["start-for-real"]
            assert state.recall(session.connection(), MARK) is None
            assert triggers.missing(session.connection()) == []
            assert differences() == []
            assert not list(kept()) and not runs.uploads().exists()
            salesperson = session.scalar(sa.select(Role.id).where(Role.name == "Salesperson"))
        with demo.app_context():
            again = setup.prepare()
            assert (again.was_empty, again.password) == (False, None)
        if demo.config["SQLALCHEMY_DATABASE_URI"].startswith("sqlite"):
            assert_as_new(demo, tmp_path / "fresh")

        api = Api(demo, "admin")
        new = api.add(
            "users",
            username="ann",
            first_name="Ann",
            last_name="Lee",
            new_password=PASSWORD,
            roles=[salesperson],
            active=True,
        )
        assert new["id"] > last, "no browser of the demo's people is let in as somebody new"
        assert peter.get("/").headers["Location"].startswith("/login/")
        assert api.add("customers", name="Harbour Trading")["code"] == "C00001"

    @pytest.mark.parametrize("demo", ["sqlite"], indirect=True)
    def test_what_people_did_since_keeps_it(self, demo):
        admin, api = Pages(demo, "admin"), Api(demo, "admin")
        admin.post("/account/language", {"locale": "en", "next": "/"})
        assert admin.get("/start/real").status_code == 200, "one's own account is no company's data"
        customer = api.rows("customers")[0]["id"]
        assert api.put(f"customers/{customer}", {"region": "Elsewhere"}).status_code == 200
        before = contents(demo)
        for answer in (admin.get("/start/real"), admin.post("/start/real", NAME)):
            assert answer.status_code == 409
            assert f"Customer {customer} – Changed" in words(answer) and "KEHU_DATA_DIR" in words(answer)
        assert contents(demo) == before
        assert "Start for real" not in admin.get("/").text

    @pytest.mark.parametrize("demo", ["sqlite"], indirect=True)
    def test_nor_while_something_runs(self, demo):
        admin = Pages(demo, "admin")
        with demo.app_context(), db.transaction(identity.system()) as session:
            jobs, job_runs = (db.db.metadata.tables[name] for name in ("scheduled_jobs", "job_runs"))
            job = session.scalar(sa.select(jobs.c.id))
            stamps = session.execute(sa.select(jobs.c.created_on)).first()[0]
            values = {"job_id": job, "started": stamps, "state": "running", "trigger": "timetable", "runner": ""}
            session.execute(
                sa.insert(job_runs).values(**values, created_on=stamps, changed_on=stamps, version=1, search_text="")
            )
        assert admin.post("/start/real", NAME).status_code == 409

    def test_a_company_that_never_was_a_demo_is_not_emptied(self, pages):
        admin = pages("admin")
        assert admin.get("/start/real").status_code == 409
        assert admin.post("/start/real", NAME).status_code == 409

    @pytest.mark.parametrize("demo", ["sqlite"], indirect=True)
    def test_what_fails_on_the_way_leaves_everything(self, demo, monkeypatch):
        admin = Pages(demo, "admin")
        before = contents(demo)
        monkeypatch.setattr(setup, "keep_up", lambda: json.loads("not this"))
        assert admin.post("/start/real", NAME).status_code == 500
        assert contents(demo) == before
        with demo.app_context():
            assert list(kept())
        monkeypatch.undo()
        with counted(demo) as statements:
            assert admin.get("/").status_code == 200
        assert len(statements) <= 23, "the home page asks little of whether it is all demo"
