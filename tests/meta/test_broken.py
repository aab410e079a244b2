"""The tests over the registry fail, and by name, for an entity that lacks anything: seven with one fault each."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
ASKED = ("test_registry.py", "test_costs.py", "test_exchange.py", "test_scope.py")
SELECTED = (
    "TestPlace or (broken and (TestEntity or TestView or TestWorkflow or statements_are_few"
    " or (exchange and csv) or no_list_file_or_picker))"
)
FAULTS = {
    "broken-nameless": ("it_says_what_it_is", "has_names_in_every_language", "has_a_label_in_every_language"),
    "broken-misnamed": ("every_named_field_exists", "every_field_that_can_be_set_is_in_the_form"),
    "broken-stuck": ("every_state_is_reachable",),
    "broken-keyless": ("what_can_be_imported_can_be_matched",),
    "broken-slow": ("statements_are_few_and_do_not_grow",),
    "broken-ambiguous": ("an_export_is_taken_back",),
    "broken-leaky": ("no_list_file_or_picker_shows_it",),
}


@pytest.fixture(scope="module")
def told() -> str:
    """What pytest says of the broken ones, in a process of its own."""
    command = [sys.executable, "-m", "pytest", "-p", "tests.meta.broken", "-p", "no:cacheprovider", "-n0", "-q", "-rf"]
    files = [str(ROOT / "tests" / "meta" / name) for name in ASKED]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
    done = subprocess.run(
        [*command, "--tb=short", "-k", SELECTED, *files], cwd=ROOT, env=environment, capture_output=True, text=True
    )
    assert done.returncode == 1, done.stdout[-3000:] + done.stderr[-3000:]
    return done.stdout


def failed(told: str) -> list[str]:
    """The tests that failed."""
    return re.findall(r"^FAILED (\S+)", told, re.M)


@pytest.mark.parametrize("resource", sorted(FAULTS))
def test_each_fault_is_found_by_name(told, resource):
    mine = [name for name in failed(told) if resource in name]
    for words in FAULTS[resource]:
        assert any(words in name for name in mine), (words, mine)


def test_what_is_in_no_index_and_on_no_map_is_named(told):
    assert any("every_entity_is_in_the_index_of_the_schema" in name for name in failed(told))
    assert any("every_entity_is_on_the_map_or_excused" in name for name in failed(told))
    assert "broken-forgotten" in told


def test_nothing_else_is_blamed(told):
    assert [name for name in failed(told) if "broken-" not in name and "TestPlace" not in name] == []
    whole = re.search(r"(\d+) passed", told)
    assert whole is not None and int(whole[1]) > 50
