"""Which keys a file has had so far, and in which of its lines: in memory at first, on disk once they are many.

Only a digest of each key is kept (16 bytes of BLAKE2), so that long keys cost what short ones do.
"""

from __future__ import annotations

import sqlite3
from hashlib import blake2b
from typing import Any

IN_MEMORY = 20_000  # keys; about 3 MiB


class SeenKeys:
    """Remembers the first line of each key."""

    def __init__(self) -> None:
        self._recent: dict[bytes, int] = {}
        self._disk: sqlite3.Connection | None = None

    def first(self, key: tuple[Any, ...], line: int) -> int:
        """The first line that had ``key``; from now on that is ``line`` when there was none."""
        digest = blake2b(repr(key).encode("utf-8", "surrogatepass"), digest_size=16).digest()
        known = self._recent.get(digest)
        if known is None and self._disk is not None:
            row = self._disk.execute("SELECT line FROM seen WHERE key = ?", (digest,)).fetchone()
            known = row[0] if row is not None else None
        if known is not None:
            return known
        self._recent[digest] = line
        if len(self._recent) >= IN_MEMORY:
            self._spill()
        return line

    def _spill(self) -> None:
        if self._disk is None:
            # A file without a name, which goes with the connection.
            self._disk = sqlite3.connect("", isolation_level=None, check_same_thread=False)
            self._disk.execute("PRAGMA cache_size = -2000")
            self._disk.execute("CREATE TABLE seen (key BLOB PRIMARY KEY, line INTEGER NOT NULL) WITHOUT ROWID")
        self._disk.execute("BEGIN")
        self._disk.executemany("INSERT INTO seen VALUES (?, ?)", sorted(self._recent.items()))
        self._disk.execute("COMMIT")
        self._recent.clear()
