"""What undoing a run came to: what was taken back, and what was kept and why."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Kept:
    """A row that was not taken back, and why."""

    record: str
    label: str
    reason: str


@dataclass
class Undone:
    """What undoing came to."""

    deleted: int = 0
    restored: int = 0
    reversed: int = 0
    kept: list[Kept] = field(default_factory=list)

    def as_json(self) -> dict[str, Any]:
        """The outcome as the API tells it."""
        kept = [{"record": each.record, "label": each.label, "message": each.reason} for each in self.kept]
        counts = {"deleted": self.deleted, "restored": self.restored, "reversed": self.reversed}
        return {**counts, "kept": kept}

    def keep(self, record: str, label: str, reason: str) -> None:
        """Note that the row ``record`` stays as it is."""
        self.kept.append(Kept(record, label, reason))
