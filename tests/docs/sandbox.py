"""A copy of Kehu in which a document's blocks are put where it says, as its reader would."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

from tests.docs.page import ROOT, Block

COPIED = ("app", "migrations", "tools", "tests/support")
FILES = (
    "config.py",
    "run.py",
    "pyproject.toml",
    "babel.cfg",
    "tests/__init__.py",
    "tests/conftest.py",
    "tests/app_fixtures.py",
)
IMPORT = re.compile(r"^(?:import|from) .*$", re.MULTILINE)
SECTION = re.compile(r'^    MapSection\("(\w+)".*$', re.MULTILINE)
MESSAGE = re.compile(r'^msgid (".*")\nmsgstr (".*")$', re.MULTILINE)


class Sandbox:
    """The copy, in ``folder``."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        unwanted = shutil.ignore_patterns("__pycache__", "*.mo")
        for name in COPIED:
            shutil.copytree(ROOT / name, folder / name, ignore=unwanted)
        for name in FILES:
            shutil.copy(ROOT / name, folder / name)

    def put(self, blocks: Iterable[Block]) -> None:
        """Do what a reader of the page does with ``blocks``."""
        for block in blocks:
            path = self.folder / block.path
            if block.is_new:
                assert not path.exists(), f"{block.path} is there already"
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(block.text, encoding="utf-8")
            elif block.language == "po":
                self.run("-m", "tools.catalogue")
                path.write_text(translated(path.read_text(encoding="utf-8"), block.text), encoding="utf-8")
            else:
                path.write_text(joined(path.read_text(encoding="utf-8"), block.text), encoding="utf-8")

    def run(self, *arguments: str) -> str:
        """What Python prints when it runs ``arguments`` in the copy; fails the test when it fails."""
        kept = {
            name: value for name, value in os.environ.items() if not name.startswith(("KEHU_", "PYTEST_", "PYTHON"))
        }
        done = subprocess.run(
            [sys.executable, *arguments], cwd=self.folder, env=kept, capture_output=True, text=True, timeout=170
        )
        assert done.returncode == 0, f"{' '.join(arguments)}\n{done.stdout}\n{done.stderr}"
        return done.stdout

    def test(self, path: Path) -> None:
        """Run the tests at ``path`` against the copy."""
        shutil.copy(path, self.folder / "tests" / f"test_{path.name}")
        self.run("-m", "pytest", "-n", "0", "-q", "-p", "no:cacheprovider", f"tests/test_{path.name}")


def joined(module: str, block: str) -> str:
    """``module`` with ``block`` in it: imports with the imports, a section in the map, the rest at the end."""
    imports = IMPORT.findall(block)
    sections = list(SECTION.finditer(block))
    rest = SECTION.sub("", IMPORT.sub("", block)).strip()
    for line in imports:
        last = list(IMPORT.finditer(module))[-1]
        # An import over several lines ends at its parenthesis.
        end = module.index(")", last.end()) + 1 if last[0].endswith("(") else last.end()
        module = f"{module[:end]}\n{line}{module[end:]}"
    for section in sections:
        module = re.sub(rf'^    MapSection\("{section[1]}".*\n', "", module, flags=re.MULTILINE)
        module = module.replace("CONSOLE = (\n", f"CONSOLE = (\n{section[0]}\n")
    return f"{module}\n\n{rest}\n" if rest else module


def translated(catalogue: str, block: str) -> str:
    """``catalogue`` with the translations of ``block``, each of which it must ask for."""
    for message in MESSAGE.finditer(block):
        asked = re.compile(rf"^msgid {re.escape(message[1])}\nmsgstr .*$", re.MULTILINE)
        assert asked.search(catalogue), f"nothing asks for {message[1]}"
        catalogue = asked.sub(lambda _found, text=message[0]: text, catalogue)
    return catalogue
