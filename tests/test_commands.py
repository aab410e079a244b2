"""``python run.py …`` as people type it: each command in a process of its own."""

from __future__ import annotations

import json
import os
import re
import shutil
import sqlite3
import subprocess
import sys
import time
import urllib.request
from contextlib import closing
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
NORTHWIND = ROOT / "tests" / "data" / "northwind"
PATIENCE = 150  # seconds for one command, on a busy machine
COMMANDS = ("serve", "init", "demo", "jobs", "worker", "check", "import-northwind", "set-password")
JOBS = ("weekly-plan-reminder", "weekly-plan-last-call", "low-stock-alert", "send-mail", "clean-up")
LOCAL = urllib.request.build_opener(urllib.request.ProxyHandler({}))  # never by a proxy: it is on this machine


def run(folder, *arguments, typed="", **settings):
    """Run a command of the installation that keeps its data in ``folder``, with ``typed`` on its standard input; how it
    ended.
    """
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("KEHU_")}
    return subprocess.run(
        [sys.executable, ROOT / "run.py", *map(str, arguments)],
        env={**inherited, "KEHU_DATA_DIR": str(folder), **settings},
        cwd=ROOT,
        input=typed,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
    )


def ask(url, body=None, token=None):
    """The JSON that a server answers."""
    request = urllib.request.Request(url, data=json.dumps(body).encode() if body is not None else None)
    request.add_header("Content-Type", "application/json")
    if token is not None:
        request.add_header("Authorization", f"Bearer {token}")
    with LOCAL.open(request, timeout=60) as answer:
        return json.load(answer)


@pytest.fixture(scope="module")
def imported(tmp_path_factory):
    """An installation with Northwind in it, and how the import ended."""
    folder = tmp_path_factory.mktemp("commands") / "data"
    return folder, run(folder, "import-northwind", NORTHWIND)


@pytest.fixture
def company(imported, tmp_path):
    """The folder of an installation with Northwind, of the test's own."""
    return shutil.copytree(imported[0], tmp_path / "data")


class TestHelp:
    def test_it_lists_the_commands(self, tmp_path):
        done = run(tmp_path, "--help")
        assert done.returncode == 0
        for name in COMMANDS:
            assert re.search(rf"^ +{name}\s", done.stdout, re.MULTILINE), name

    def test_an_unknown_command_is_refused_with_the_list(self, tmp_path):
        done = run(tmp_path, "sing")
        assert done.returncode == 2
        for name in COMMANDS:
            assert f"'{name}'" in done.stderr

    def test_a_wrong_setting_is_named(self, tmp_path):
        done = run(tmp_path, "init", KEHU_PORT="eighty")
        assert done.returncode == 1
        assert "KEHU_PORT='eighty' is not a valid int" in done.stderr
        assert "Traceback" not in done.stderr


class TestInit:
    def test_it_prints_a_password_once(self, tmp_path):
        first = run(tmp_path, "init")
        assert first.returncode == 0, first.stderr
        password = re.search(r"admin with the password (\S+) ", first.stdout)
        assert password is not None
        assert len(password[1]) >= 12

        second = run(tmp_path, "init")
        assert second.returncode == 0, second.stderr
        assert "up to date" in second.stdout
        assert password[1] not in second.stdout + second.stderr
        # Nothing keeps it in the clear.
        for path in tmp_path.rglob("*"):
            assert not path.is_file() or password[1].encode() not in path.read_bytes(), path


class TestNorthwind:
    def test_it_says_what_it_brought(self, imported):
        _folder, done = imported
        assert done.returncode == 0, done.stderr
        assert "customers, from customers.csv: 91 added, 0 left as they were." in done.stdout
        assert "products, from products.csv: 77 added, 0 left as they were." in done.stdout

    def test_a_second_run_adds_nothing(self, company):
        done = run(company, "import-northwind", NORTHWIND)
        assert done.returncode == 0, done.stderr
        assert "customers, from customers.csv: 0 added, 91 left as they were." in done.stdout

    def test_a_folder_without_it_is_refused(self, company, tmp_path):
        empty = tmp_path / "empty"
        empty.mkdir()
        for folder, complaint in ((empty, "has no employees.csv"), (tmp_path / "nowhere", "is not a folder")):
            done = run(company, "import-northwind", folder)
            assert done.returncode == 1
            assert complaint in done.stderr
            assert "Traceback" not in done.stderr


class TestCheck:
    def test_books_as_their_entries_say(self, company):
        done = run(company, "check")
        assert done.returncode == 0, done.stdout + done.stderr
        assert "The books are what their entries say." in done.stdout

    def test_a_tampered_book_is_named_and_the_status_is_1(self, company):
        with closing(sqlite3.connect(company / "kehu.db")) as database, database:
            database.execute("DROP TRIGGER stock_entries_no_update")
            database.execute("UPDATE stock_entries SET quantity = quantity + 70000 WHERE product_id = 14")
        done = run(company, "check")
        assert done.returncode == 1
        assert "stock_entries_no_update" in done.stdout
        assert "14 in MAIN: the balance says 35.0000 on hand, its entries add up to 42.0000." in done.stdout
        assert "The books are not what their entries say." in done.stdout


class TestJobs:
    def test_the_timetable(self, company):
        done = run(company, "jobs", "list")
        assert done.returncode == 0, done.stderr
        for name in JOBS:
            assert re.search(rf"^{name} +\S", done.stdout, re.MULTILINE), name

    @pytest.mark.parametrize(
        ("name", "outcome"),
        [
            ("low-stock-alert", "17 below their safety stock"),
            ("weekly-plan-reminder", "0 "),
            ("send-mail", "Nothing to do."),
        ],
    )
    def test_one_is_run_once(self, company, name, outcome):
        done = run(company, "jobs", "run", name)
        assert done.returncode == 0, done.stderr
        assert outcome in done.stdout

    def test_an_unknown_one_is_refused_with_the_list(self, company):
        done = run(company, "jobs", "run", "make-tea")
        assert done.returncode == 1
        assert "make-tea" in done.stderr
        for name in JOBS:
            assert name in done.stderr

    def test_one_that_fails_says_so_with_status_1(self, company):
        assert run(company, "jobs", "run", "low-stock-alert").returncode == 0
        with closing(sqlite3.connect(company / "kehu.db")) as database, database:
            database.execute("UPDATE ab_user SET email = 'boss@northwind.example.com' WHERE username = 'admin'")
        assert "1 mails written" in run(company, "jobs", "run", "low-stock-alert").stdout
        done = run(company, "jobs", "run", "send-mail", KEHU_SMTP_URL="smtp://127.0.0.1:1")
        assert done.returncode == 1
        assert "The mail server can't be used now" in done.stderr


class TestSetPassword:
    def test_it_makes_one_up_and_refuses_a_stranger(self, company):
        done = run(company, "set-password", "nancy.davolio")
        assert done.returncode == 0, done.stderr
        assert re.search(r"nancy\.davolio's new password: \S{12,}", done.stdout)
        done = run(company, "set-password", "nancy.davolio", typed="a piped password\n")
        assert (done.returncode, done.stdout) == (0, "nancy.davolio has a new password.\n"), done.stderr
        done = run(company, "set-password", "nancy.davolio", typed="short\n")
        assert done.returncode == 1 and "8" in done.stderr
        done = run(company, "set-password", "nobody")
        assert done.returncode == 1
        assert "There is no user called nobody." in done.stderr


class TestDemo:
    def test_it_refuses_a_company_with_anything_in_it(self, company):
        done = run(company, "demo")
        assert done.returncode == 1
        assert "only put into an empty one" in done.stderr
        assert "Traceback" not in done.stderr


class TestServe:
    def test_with_the_demo_company(self, start_server, capsys):
        """It answers, lets the administrator in and shows the demo company; a second start finds all in place."""
        server = start_server("--demo", KEHU_RUN_JOBS="0")
        assert ask(f"{server.url}/health") == {"status": "ok"}
        assert f"http://localhost:{server.port}" in server.log
        assert server.password in server.log

        account = {"username": "admin", "password": server.password, "provider": "db"}
        token = ask(f"{server.url}/api/v1/security/login", account)["access_token"]
        assert ask(f"{server.url}/api/v1/customers/", token=token)["count"] == 60
        with pytest.raises(urllib.error.HTTPError) as refused:
            ask(f"{server.url}/api/v1/security/login", {**account, "username": "grace"})
        assert refused.value.code == 401
        refused.value.close()

        server.stop()
        server.log_path.unlink()
        begun = time.monotonic()
        server.start()
        with capsys.disabled():
            print(f"\n  a second start took {time.monotonic() - begun:.1f} s", end=" ")
        assert server.password not in server.log
        assert ask(f"{server.url}/api/v1/customers/", token=token)["count"] == 60
