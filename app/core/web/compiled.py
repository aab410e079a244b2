"""Templates are compiled once, not by each process that starts: what they became is kept beside them.

As Python keeps what it compiles, in ``__pycache__``, and as long as the template's text, Jinja's version and Python's
stay the same.  Where the folder may not be written, each process compiles for itself.
"""

from __future__ import annotations

import contextlib
from pathlib import Path

from flask import Flask
from jinja2 import FileSystemBytecodeCache
from jinja2.bccache import Bucket


class Beside(FileSystemBytecodeCache):
    """Compiled templates in a folder that perhaps can't be written."""

    def dump_bytecode(self, bucket: Bucket) -> None:
        """Keep what was compiled, if that is possible."""
        with contextlib.suppress(OSError):
            super().dump_bytecode(bucket)


def init_app(app: Flask) -> None:
    """Let the templates of ``app`` be kept compiled.  Before the first is read."""
    folder = Path(app.root_path) / "templates" / "__pycache__"
    try:
        folder.mkdir(exist_ok=True)
    except OSError:
        return
    app.jinja_options = {**app.jinja_options, "bytecode_cache": Beside(str(folder), "%s.jinja")}
