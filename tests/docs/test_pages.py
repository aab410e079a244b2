"""Every document: its links lead somewhere, the code it names is there, and decisions are numbered and listed."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.docs.page import DOCS, ROOT, blocks

PAGES = sorted([*DOCS.rglob("*.md"), *ROOT.glob("*.md")])
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
NAMED = re.compile(r"`((?:app|core|tests|migrations|docs|tools|activities|ledger|crm)/[\w./-]+\.\w+)`")
BELOW = ("", "app", "app/domains")  # where the paths that documents name begin
DECISIONS = sorted(path for path in (DOCS / "decisions").glob("*.md") if path.name != "README.md")


def names(paths: list[Path]) -> list[str]:
    return [str(path.relative_to(ROOT)) for path in paths]


@pytest.mark.parametrize("page", PAGES, ids=names(PAGES))
def test_its_links_lead_somewhere(page):
    for target in LINK.findall(page.read_text(encoding="utf-8")):
        if "://" not in target and not target.startswith(("#", "mailto:")):
            assert (page.parent / target.split("#")[0]).exists(), target


@pytest.mark.parametrize("page", PAGES, ids=names(PAGES))
def test_the_files_it_names_are_there(page):
    made = {block.path for block in blocks(page) if block.is_new}
    for path in NAMED.findall(page.read_text(encoding="utf-8")):
        if "NNNN" not in path and path not in made:
            assert any((ROOT / start / path).exists() for start in BELOW), path


def test_decisions_are_numbered_and_listed():
    assert [path.name[:4] for path in DECISIONS] == [f"{number:04}" for number in range(1, len(DECISIONS) + 1)]
    listed = (DOCS / "decisions" / "README.md").read_text(encoding="utf-8")
    for path in DECISIONS:
        title = path.read_text(encoding="utf-8").splitlines()[0].removeprefix("# ")
        assert title.startswith(path.name[:4])
        assert f"- [{title}]({path.name})" in listed


@pytest.mark.parametrize("page", PAGES, ids=names(PAGES))
def test_what_it_makes_can_be_made(page):
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    asked = set(re.findall(r"(?:`|^)make ([a-z-]+)", page.read_text(encoding="utf-8"), re.MULTILINE))
    assert asked <= targets
