"""The contracts in pyproject.toml hold the layers apart, whichever of them exist already."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """An app of empty modules under Kehu's contracts."""
    (tmp_path / "pyproject.toml").write_text((ROOT / "pyproject.toml").read_text())
    for name in ("app/core", "app/ledger", "app/jobs", "app/domains/people", "app/domains/sales"):
        (tmp_path / name).mkdir(parents=True)
    for name in ("app/domains/purchasing/models", "app/domains/finance"):
        (tmp_path / name).mkdir(parents=True)
    for folder in [tmp_path / "app", *(tmp_path / "app").rglob("*")]:
        if folder.is_dir():
            (folder / "__init__.py").touch()
    for name in ("models", "views", "security", "domains/sales/models", "domains/sales/services"):
        (tmp_path / "app" / f"{name}.py").touch()
    return tmp_path


def lint(project: Path, **modules: str) -> str:
    """What import-linter says when `modules` (a__b: app/a/b.py) hold the given code."""
    for name, code in modules.items():
        (project / "app" / f"{name.replace('__', '/')}.py").write_text(code + "\n")
    program = "import sys; from importlinter.cli import lint_imports_command as run; run()"
    done = subprocess.run(
        [sys.executable, "-c", program, "--no-cache", "--no-logo"],
        cwd=project,
        capture_output=True,
        text=True,
    )
    broken = [line.removesuffix(" BROKEN") for line in done.stdout.splitlines() if line.endswith(" BROKEN")]
    assert (done.returncode == 0) == (not broken), done.stdout + done.stderr
    return ", ".join(broken)


LAYERS = "Each layer knows only those below it"
NO_WEB = "Models and services know no web: no Flask, no forms"
NO_CREATE_APP = "Nothing below it imports create_app"


@pytest.mark.parametrize(
    ("module", "code", "broken"),
    [
        ("domains__sales__services", "import app.ledger, app.core, app.domains.people", ""),
        ("security", "import app.models, app.jobs", ""),
        ("jobs__mail", "import app.domains.finance", ""),
        ("core__i18n", "import flask_babel", ""),
        ("domains__sales__views", "import flask, wtforms", ""),
        ("core__entity", "import app.domains.people", LAYERS),
        ("ledger__post", "import app.models", LAYERS),
        ("domains__sales__services", "import app.domains.purchasing", LAYERS),
        ("domains__sales__services", "import app.jobs", LAYERS),
        ("domains__people__models", "import app.domains.sales", LAYERS),
        ("domains__sales__models", "import flask", NO_WEB),
        ("domains__sales__services", "from wtforms import Form", NO_WEB),
        ("domains__purchasing__models__order", "from flask_babel import gettext", NO_WEB),
        ("jobs__mail", "from app import create_app", NO_CREATE_APP),
    ],
)
def test_contracts(project, module, code, broken):
    assert lint(project, **{module: code}) == broken


def test_layers_that_do_not_exist_yet_are_no_error(tmp_path):
    (tmp_path / "pyproject.toml").write_text((ROOT / "pyproject.toml").read_text())
    (tmp_path / "app/core").mkdir(parents=True)
    (tmp_path / "app/__init__.py").touch()
    (tmp_path / "app/core/__init__.py").touch()
    assert lint(tmp_path) == ""
