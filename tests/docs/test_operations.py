"""Running Kehu: the page's settings, commands and files are those of the code."""

from __future__ import annotations

import configparser
import re
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from app import create_app
from config import Settings
from run import main
from tests.app_fixtures import PASSWORD, Api, prepare, settings_for
from tests.docs.page import DOCS, ROOT, blocks, rows

PAGE = DOCS / "operations.md"
FIELDS = {name: spec for name, spec in Settings.__dataclass_fields__.items() if name != "extra"}


def variables() -> dict[str, str]:
    """The defaults in the page's table, by variable."""
    return {row[0].strip("`"): row[1].strip("`") for row in rows(PAGE, "## Settings")}


class TestSettings:
    def test_each_is_in_the_table_in_its_order(self):
        assert list(variables()) == [f"KEHU_{name.upper()}" for name in FIELDS]

    @pytest.mark.parametrize("name", FIELDS)
    def test_its_default_is_right(self, name):
        told = variables()[f"KEHU_{name.upper()}"]
        default = FIELDS[name].default
        read = getattr(Settings.from_env({f"KEHU_{name.upper()}": "" if told == "empty" else told}), name)
        assert read == default
        assert told == "empty" or default != ""

    def test_no_other_is_read(self):
        """Besides those of developers and tests."""
        found = set()
        for path in (*ROOT.glob("app/**/*.py"), ROOT / "config.py", ROOT / "run.py"):
            found |= set(re.findall(r"environ[^\n]*?(KEHU_\w+)", path.read_text(encoding="utf-8")))
        assert found <= {"KEHU_CHECK_DATABASE_URL"} | set(variables())

    def test_the_environment_file_sets_what_there_is(self):
        (text,) = (block.text for block in blocks(PAGE) if block.text.startswith("KEHU_"))
        given = dict(line.split("=", 1) for line in text.splitlines())
        assert set(given) <= set(variables())
        assert Settings.from_env(given).sqlalchemy_url == given["KEHU_DATABASE_URL"]


class TestCommands:
    def test_each_on_the_page_is_one(self, capsys):
        with pytest.raises(SystemExit):
            main(["--help"])
        known = set(re.findall(r"^    ([a-z-]+)", capsys.readouterr().out, re.MULTILINE))
        named = set(re.findall(r"run\.py ([a-z][a-z-]+)", PAGE.read_text(encoding="utf-8")))
        assert named and named <= known

    def test_the_service_file_is_one(self):
        (text,) = (block.text for block in blocks(PAGE) if block.text.startswith("[Unit]"))
        service = configparser.ConfigParser()
        service.read_string(text)
        assert service["Service"]["ExecStart"].endswith("/.venv/bin/python run.py serve")


class TestBackup:
    def test_the_sqlite_command_makes_a_whole_copy_while_kehu_runs(self, app, api, tmp_path):
        """As the page writes it, with other folders."""
        block = next(block.text for block in blocks(PAGE) if "VACUUM INTO" in block.text)
        command = block.splitlines()[0]
        source, target = app.extensions["kehu.settings"].data_dir / "kehu.db", tmp_path / "copy.db"
        code = re.search(r'-c "(.*)"$', command)[1].replace('\\"', '"')
        code = code.replace("/var/lib/kehu/kehu.db", str(source)).replace("/backup/kehu.db", str(target))
        api("ann").add("customers", name="Told in the copy")
        subprocess.run([sys.executable, "-c", code], check=True)
        copy = sqlite3.connect(target)
        assert copy.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        assert ("Told in the copy",) in copy.execute("SELECT name FROM customers").fetchall()


class TestServing:
    def test_only_trusted_hosts_are_answered(self, tmp_path: Path):
        app = create_app(settings_for(tmp_path, trusted_hosts="crm.example.com"))
        client = app.test_client()
        assert client.get("/health", headers={"Host": "elsewhere.example.com"}).status_code == 400
        assert client.get("/login/", headers={"Host": "elsewhere.example.com"}).status_code == 400
        assert client.get("/health", headers={"Host": "crm.example.com"}).status_code == 200

    def test_the_entry_needs_a_database_that_is_set_up(self, tmp_path: Path):
        app = create_app(settings_for(tmp_path))
        client = app.test_client()
        credentials = {"username": "admin", "password": PASSWORD, "provider": "db"}
        assert client.get("/health").status_code == 200
        assert client.post("/api/v1/security/login", json=credentials).status_code == 500
        prepare(app)
        assert Api(app, "admin").get("customers/").status_code == 200

    def test_it_opens_no_connection_before_it_is_asked(self, tmp_path: Path):
        """What makes gunicorn's --preload safe: nothing is shared by the forks."""
        from app.core import db

        app = create_app(settings_for(tmp_path))
        with app.app_context():
            assert db.db.engine.pool.checkedin() == 0
        assert not (tmp_path / "kehu.db").exists()

    def test_cookies_need_tls_where_people_come_by_it(self, tmp_path: Path):
        app = create_app(settings_for(tmp_path, base_url="https://crm.example.com"))
        assert app.config["SESSION_COOKIE_SECURE"]
