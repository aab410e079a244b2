"""What every test may use: tests/support (servers, a browser) and tests/app_fixtures.py (the application)."""

import os
from pathlib import Path

import pytest

pytest_plugins = ["tests.support.fixtures"]
if (Path(__file__).parent / "app_fixtures.py").exists():
    pytest_plugins.append("tests.app_fixtures")


def pytest_xdist_auto_num_workers(config: pytest.Config) -> int:
    """What `-n auto` means: a worker for each core for whole folders, none when files or tests are named."""
    named = [argument for argument in config.args if ".py" in argument]
    return 0 if named or config.option.usepdb else min(os.cpu_count() or 1, 8)
