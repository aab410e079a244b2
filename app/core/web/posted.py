"""What a browser posts of a line grid."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from werkzeug.datastructures import MultiDict


def is_id(text: str) -> bool:
    """Whether ``text`` is a number that a row or line may have."""
    return text.isdecimal() and len(text) < 10


def posted_lines(posted: MultiDict[str, Any], blank: Mapping[str, str]) -> list[dict[str, Any]]:
    """The lines in a posted form, in their order on the page, without those ticked for removal and untouched new ones.

    ``blank`` holds what each column of an untouched row has.  A text beside a picker that names nothing comes with its
    line, as «customer-text».
    """
    lines = []
    for index in line_indexes(posted):
        if posted.get(f"lines-{index}-delete") not in (None, "", "0"):
            continue
        line: dict[str, Any] = {name: (posted.get(f"lines-{index}-{name}") or "").strip() for name in blank}
        touched = any(value not in ("", blank[name]) for name, value in line.items())
        texts = {f"{name}-text": text for name in blank if (text := posted.get(f"lines-{index}-{name}-text"))}
        line["id"] = posted.get(f"lines-{index}-id") or ""
        line["at"] = index
        if line["id"] or touched or texts:
            told = {f"{name}-told": text for name in blank if (text := posted.get(f"lines-{index}-{name}-told"))}
            lines.append(line | texts | told)
    return lines


def line_indexes(posted: MultiDict[str, Any]) -> list[int]:
    """The numbers of the lines in a posted form, in their order on the page."""
    found: dict[int, None] = {}
    for key in posted:
        parts = key.split("-", 2)
        if len(parts) == 3 and parts[0] == "lines" and is_id(parts[1]):
            found[int(parts[1])] = None
    return list(found)
