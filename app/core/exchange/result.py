"""What came of an import: counts, messages by row and column, and the rows that failed, kept on disk once they are
many.
"""

from __future__ import annotations

import pickle
import tempfile
import weakref
from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

from app.core.exchange import writer
from app.core.exchange.cells import Cell
from app.core.i18n import gettext as _

MEGABYTE = 1024 * 1024


@dataclass(frozen=True)
class RowError:
    """Why a row failed: ``row`` is the line in the file (the header is 1), ``column`` the header as it stands there."""

    row: int
    column: str
    message: str


@dataclass(frozen=True)
class Rounding:
    """A number that the mapping rounded."""

    row: int
    column: str
    before: Decimal
    after: Decimal


@dataclass(frozen=True)
class PreviewRow:
    """A row as a preview shows it: the cells of the file, and what would be done (``create``, ``update``, ``skip`` or
    ``fail``).
    """

    row: int
    cells: list[Cell]
    action: str
    errors: tuple[RowError, ...] = ()


class FailedRows:
    """The rows that failed, each (values, reason), in their order; beyond a megabyte they lie in a temporary file."""

    def __init__(self) -> None:
        self._file: Any = None
        self._count = 0

    def append(self, values: list[Cell], reason: str) -> None:
        """Keep a row."""
        if self._file is None:
            self._file = tempfile.SpooledTemporaryFile(MEGABYTE)  # noqa: SIM115 (it lives as long as this)
            weakref.finalize(self, self._file.close)
        pickle.dump((values, reason), self._file)
        self._count += 1

    def __len__(self) -> int:
        return self._count

    def __iter__(self) -> Iterator[tuple[list[Cell], str]]:
        if self._file is None:
            return
        self._file.seek(0)
        for _number in range(self._count):
            yield pickle.load(self._file)  # written by ourselves


@dataclass
class Result:
    """The outcome.  ``rows`` and ``failed`` count rows of the file, the others records (a document is several rows).

    ``created`` and ``updated`` are what was written; in a preview, what would be if the failed rows were left out.
    """

    headers: list[str]
    ignored: list[str]
    run_id: int | None = None
    rows: int = 0
    created: int = 0
    updated: int = 0
    skipped: int = 0
    failed: int = 0
    errors: list[RowError] = field(default_factory=list)
    rounded: list[Rounding] = field(default_factory=list)
    rounded_count: int = 0
    failed_rows: FailedRows = field(default_factory=FailedRows)
    preview: list[PreviewRow] = field(default_factory=list)
    complete: bool = True  # false when so many rows failed that the rest was not looked at

    def as_json(self) -> dict[str, Any]:
        """The outcome as the API tells it."""
        counts = {name: getattr(self, name) for name in ("rows", "created", "updated", "skipped", "failed")}
        errors = [{"row": each.row, "column": each.column, "message": each.message} for each in self.errors]
        told = {"run": self.run_id, **counts, "complete": self.complete, "errors": errors}
        if self.rounded:
            told["rounded"] = [
                {"row": each.row, "column": each.column, "before": str(each.before), "after": str(each.after)}
                for each in self.rounded
            ]
        return told


def error_file(result: Result, path: Path) -> None:
    """Write the rows that failed as a file that can be corrected and imported again: CSV if ``path`` ends so, else
    XLSX.
    """
    writer.write_errors(path, result.headers, result.failed_rows, _("Why it was not imported"))
