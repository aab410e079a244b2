"""What undoing a run came to: what was taken back, and what was kept and why."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from app.core.entity import entity_for
from app.core.errors import about
from app.core.i18n import gettext as _

NAMED = 20  # rows that are named; the rest is counted


@dataclass(frozen=True)
class Kept:
    """A row that was not taken back, and why; ``foreign`` when whoever it belongs to, or leads them, still may."""

    record: str
    label: str
    reason: str
    foreign: bool = False


@dataclass
class Undone:
    """What undoing came to."""

    deleted: int = 0
    restored: int = 0
    reversed: int = 0
    kept: list[Kept] = field(default_factory=list)

    @property
    def taken(self) -> int:
        """How many rows were taken back."""
        return self.deleted + self.restored + self.reversed

    @property
    def foreign(self) -> list[Kept]:
        """The rows that somebody else may still take back: as long as there are any, the run is not wholly undone."""
        return [each for each in self.kept if each.foreign]

    @property
    def final(self) -> list[Kept]:
        """The rows that stay, whoever undoes it."""
        return [each for each in self.kept if not each.foreign]

    @property
    def words(self) -> str:
        """What was kept and why, in sentences for whoever undid it; empty when everything was taken back."""
        return self._told(
            [each.label for each in self.foreign], [about(each.label, each.reason) for each in self.final]
        )

    @property
    def noted(self) -> str:
        """The same for whoever reads of the run, who may not see those rows: by number, without what is in them."""
        return self._told([_number(each) for each in self.foreign], [_number(each) for each in self.final])

    @staticmethod
    def _told(foreign: Sequence[str], final: Sequence[str]) -> str:
        said = []
        if foreign:
            said.append(
                _(
                    "Not taken back, because they are not yours to change: %(rows)s. "
                    "Whoever leads those who have them can undo the rest.",
                    rows=_named(foreign),
                )
            )
        if final:
            said.append(_("Kept, because they were changed or used since: %(rows)s", rows=_named(final)))
        return " ".join(said)

    def as_json(self) -> dict[str, Any]:
        """The outcome as the API tells it."""
        kept = [{"record": each.record, "label": each.label, "message": each.reason} for each in self.kept]
        counts = {"deleted": self.deleted, "restored": self.restored, "reversed": self.reversed}
        return {**counts, "kept": kept}

    def keep(self, record: str, label: str, reason: str, *, foreign: bool = False) -> None:
        """Note that the row ``record`` stays as it is."""
        self.kept.append(Kept(record, label, reason, foreign))


def _named(rows: Sequence[str]) -> str:
    """``rows`` as one text: the first few, and how many more there are."""
    more = _(" and %(count)s more", count=len(rows) - NAMED) if len(rows) > NAMED else ""
    return "; ".join(rows[:NAMED]) + more


def _number(kept: Kept) -> str:
    """«Customer #12»."""
    resource, _slash, pk = kept.record.partition("/")
    model = entity_for(resource)
    return f"{model.label if model is not None else resource} #{pk}"
