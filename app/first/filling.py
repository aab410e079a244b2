"""Filling the demo company in from the console: in a thread of the server, while a page shows how far it is."""

from __future__ import annotations

import json
import logging
import threading
import time
from dataclasses import dataclass
from pathlib import Path

from flask import current_app

from app.core.settings import settings

log = logging.getLogger(__name__)
FILE = "demo-progress.json"  # in the data folder, so that every process can tell
SILENT = 120.0  # seconds without a sign of life after which nobody works on it any more


@dataclass(frozen=True)
class Progress:
    """How far it is: ``done`` of ``parts``; ``failed`` when it came to nothing."""

    done: int
    parts: int
    failed: bool = False

    @property
    def is_over(self) -> bool:
        """Whether the demo company is in."""
        return self.done >= self.parts


def _path() -> Path:
    return settings().data_dir / FILE


def _note(path: Path, done: int, failed: bool = False) -> None:
    draft = path.with_suffix(".new")
    draft.write_text(json.dumps({"done": done, "failed": failed}), encoding="utf-8")
    draft.replace(path)


def progress() -> Progress | None:
    """How far the filling is; None when nobody fills."""
    from app.demo import PARTS

    path = _path()
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        silent = found["done"] < len(PARTS) and time.time() - path.stat().st_mtime > SILENT
    except (OSError, ValueError):
        return None
    return Progress(found["done"], len(PARTS), found["failed"] or silent)


def begin() -> None:
    """Start filling; whoever asks has seen that the company is empty, and the filling looks again."""
    path = _path()
    path.parent.mkdir(parents=True, exist_ok=True)
    _note(path, 0)
    app = current_app._get_current_object()  # type: ignore[attr-defined]
    threading.Thread(target=_fill, args=(app, path), name="demo company", daemon=True).start()


def _fill(app: object, path: Path) -> None:
    from app.demo import PARTS, fill_if_empty

    try:
        with app.app_context():  # type: ignore[attr-defined]
            fill_if_empty(lambda parts: _note(path, parts))
        # The file stays: whoever asked before the commit and looks now must learn that it is done.
        _note(path, len(PARTS))
    except Exception:
        log.exception("The demo company could not be filled in")
        _note(path, 0, failed=True)
