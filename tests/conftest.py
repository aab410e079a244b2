"""What every test may use: tests/support (servers, a browser) and tests/app_fixtures.py (the application)."""

import os
from pathlib import Path

import pytest

pytest_plugins = ["tests.support.fixtures"]
if (Path(__file__).parent / "app_fixtures.py").exists():
    pytest_plugins.append("tests.app_fixtures")


# Folders and files whose tests take long, most of them few: begun first, so that no worker sits over one at the end
# while the others have nothing left.
LONG = (
    "tests/browser/test_pages",
    "tests/browser/",
    "tests/meta/test_permissions",
    "tests/ledger/test_histories",
    "tests/ledger/test_concurrency",
    "tests/meta/",
    "tests/test_commands",
    "tests/jobs/",
    "tests/docs/test_adding",
    "tests/tools/test_new",
    "tests/core/test_numbering",
    "tests/core/web/test_holes",
    "tests/scenarios/",
    "tests/first/",
    "tests/test_",
    "tests/ledger/",
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put what takes long first; apart from that the order stays."""

    def rank(item: pytest.Item) -> int:
        return next((place for place, start in enumerate(LONG) if item.nodeid.startswith(start)), len(LONG))

    items.sort(key=rank)


def pytest_xdist_auto_num_workers(config: pytest.Config) -> int:
    """What `-n auto` means: a worker for each core for whole folders, none when files or tests are named."""
    named = [argument for argument in config.args if ".py" in argument]
    return 0 if named or config.option.usepdb else min(os.cpu_count() or 1, 8)
