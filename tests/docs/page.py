"""What a test reads of a document: its fenced blocks with the file that each is for, its tables, its links."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
PLACE = re.compile(r"(New file|In)\s`([\w./-]+)`:\s*\Z")


@dataclass(frozen=True)
class Block:
    """A fenced block.  ``path`` is the file that the sentence before it names, ``is_new`` whether it is to be made."""

    language: str
    text: str
    path: str = ""
    is_new: bool = False


def blocks(page: Path) -> list[Block]:
    """The fenced blocks of ``page`` in their order."""
    text = page.read_text(encoding="utf-8")
    found, end = [], 0
    for fence in FENCE.finditer(text):
        place = PLACE.search(text[end : fence.start()])
        path, is_new = (place[2], place[1] == "New file") if place else ("", False)
        found.append(Block(fence[1], fence[2], path, is_new))
        end = fence.end()
    return found


def rows(page: Path, heading: str) -> list[list[str]]:
    """The cells of the first table under ``heading``, without its head."""
    text = page.read_text(encoding="utf-8").split(f"\n{heading}\n", 1)[1]
    lines = [line for line in text.split("\n## ", 1)[0].splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[2:]]
