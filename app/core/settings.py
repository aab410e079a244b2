"""The installation's settings, for code that must not know the web.

Four of them are the company's own to say in the console: its name, language, zone and currency.  They are kept in a file
of the data folder, so that every process has them without asking the database, and they stay when the database is made
anew.  What the environment says goes before.
"""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Mapping
from dataclasses import fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from flask import current_app

from app.core import clock

if TYPE_CHECKING:
    from config import Settings

FILE = "company.json"  # in the data folder
OWN = ("company", "locale", "timezone", "currency")
"""What a company says in the console."""


def settings() -> Settings:
    """The settings of the application that is running, with what the company said in the console."""
    known = current_app.extensions
    given: Settings = known["kehu.settings"]
    try:
        written = os.stat(given.data_dir / FILE).st_mtime_ns  # noqa: PTH116 - asked for again and again: the quickest way
    except OSError:
        written = 0
    if known.get("kehu.company", (0,))[0] != written:
        found = replace(given, **_read(given)) if written else given
        known["kehu.company"] = (written, found)
        clock.set_zone(found.timezone)
    return known["kehu.company"][1] if written else given


def given(name: str) -> bool:
    """Whether the environment says what the setting ``name`` is, so that the console can't."""
    mine: Settings = current_app.extensions["kehu.settings"]
    default = next(each.default for each in fields(mine) if each.name == name)
    return bool(getattr(mine, name) != default)


def is_said() -> bool:
    """Whether the company has said what it is called: in the console, or by the environment."""
    mine: Settings = current_app.extensions["kehu.settings"]
    return given("company") or (mine.data_dir / FILE).exists()


def say(values: Mapping[str, str]) -> None:
    """Keep what the company says of itself (some of ``OWN``, checked before); other processes see it at once."""
    mine: Settings = current_app.extensions["kehu.settings"]
    mine.data_dir.mkdir(parents=True, exist_ok=True)
    text = json.dumps({**_read(mine), **{name: values[name] for name in OWN if name in values}}, ensure_ascii=False)
    # Written beside and moved over, so that nobody ever reads half of it.
    handle, draft = tempfile.mkstemp(dir=mine.data_dir, prefix=f".{FILE}.")
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(text)
    Path(draft).replace(mine.data_dir / FILE)


def _read(mine: Settings) -> dict[str, Any]:
    """What the file says, less what can't be used or the environment says."""
    from config import CHECKS

    try:
        found = json.loads((mine.data_dir / FILE).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return {
        name: found[name]
        for name in OWN
        if isinstance(found.get(name), str) and not given(name) and (name not in CHECKS or CHECKS[name][0](found[name]))
    }
