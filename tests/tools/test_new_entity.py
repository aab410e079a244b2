"""`make new-entity`: what it writes is an entity that works, and what it refuses writes nothing."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tests.docs.sandbox import Sandbox
from tools.new_entity import Asked, singular

USE = """
from tests.app_fixtures import Api


def test_both(app):
    admin = Api(app, "admin")
    for resource in ("price-levels", "stock-reasons", "visit-reasons"):
        made = admin.add(resource, name="Retail")
        assert made["active"] is True
        assert [row["name"] for row in admin.rows(resource)] == ["Retail"]
        assert admin.get(f"{resource}/export?format=csv").status_code == 200
        text = admin.client.get(f"/{resource}/list/").status_code
        assert text == 302, "the pages are there, for who logs in"
"""


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory):
    return Sandbox(tmp_path_factory.mktemp("kehu"))


def test_it_begins_entities_that_work(sandbox):
    sandbox.run("-m", "tools.new_entity", "price-levels", "--domain", "sales", "--label", "Price level")
    sandbox.run("-m", "tools.new_entity", "stock-reasons", "--domain", "stock")
    sandbox.run("-m", "tools.new_entity", "visit-reasons", "--domain", "crm")  # whose models are a package
    sandbox.run("-m", "ruff", "check", "app", "tools")
    sandbox.run("-m", "ruff", "format", "--check", "app")
    sandbox.run("run.py", "db-migrate", "price levels and reasons")
    sandbox.run("run.py", "db-check")
    (sandbox.folder / "use.py").write_text(USE)
    sandbox.test(sandbox.folder / "use.py")


@pytest.mark.parametrize(
    "arguments", [("customers", "crm"), ("Levels", "sales"), ("level", "sales"), ("levels", "a.b")]
)
def test_it_refuses_what_can_not_be(sandbox, arguments):
    resource, domain = arguments
    before = sorted(path for path in (sandbox.folder / "app" / "domains").rglob("*.py"))
    command = [sys.executable, "-m", "tools.new_entity", resource, "--domain", domain]
    done = subprocess.run(command, cwd=sandbox.folder, capture_output=True, text=True, timeout=60)
    assert done.returncode == 1 and "“" in done.stderr
    assert sorted(path for path in (sandbox.folder / "app" / "domains").rglob("*.py")) == before


@pytest.mark.parametrize(
    ("resource", "name"),
    [("price-levels", "PriceLevel"), ("categories", "Category"), ("boxes", "Box"), ("ab-tests", "AbTest")],
)
def test_names_follow_from_the_resource(resource, name):
    asked = Asked(resource, "sales", "", "")
    assert (asked.name, asked.table) == (name, resource.replace("-", "_"))
    assert singular(resource.split("-")[-1]).capitalize() in name
