"""What is kept of imports and of other deeds on many rows: each run with the rows it wrote (so that it can be undone), and
mappings used again.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import sqlalchemy as sa
from flask_appbuilder import Model
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.core import db, identity, scope
from app.core.entity import Entity, Resources, User, column, derived, reference, registry
from app.core.exchange.mapping import ColumnMap, header_of
from app.core.exchange.run_kinds import LABELS, kind_of
from app.core.i18n import gettext as _
from app.core.i18n import lazy_gettext as _l
from app.core.types import Flag, Name, Note, Whole, Word

PARTLY = "partly"  # undone as far as whoever did it might
STATES = {
    "waiting": _l("Waiting"),
    "running": _l("Running"),
    "done": _l("Done"),
    "failed": _l("Failed"),
    "interrupted": _l("Interrupted"),
    PARTLY: _l("Partly undone"),
    "undone": _l("Undone"),
}
STATE_TONES = {
    "waiting": "blue",
    "running": "blue",
    "done": "green",
    "failed": "red",
    "interrupted": "amber",
    PARTLY: "amber",
    "undone": "grey",
}
UNFINISHED = ("waiting", "running")
ON_MATCH = {"fail": _l("Refuse the row"), "skip": _l("Skip the row"), "update": _l("Update what is there")}
NEW_CHOICES = {"refuse": _l("Refuse the row"), "add": _l("Add it")}
ON_ERROR = {"stop": _l("Write nothing"), "skip": _l("Write the other rows")}


class ImportRun(Entity):
    """One file that was imported, or one deed on many rows at once, with what became of them; it can be undone.

    Previews are not kept, nor what the API refused.
    """

    __tablename__ = "import_runs"
    resource = "import-runs"
    label, labels = _l("Import or bulk edit"), _l("Imports and bulk edits")
    scope = scope.own_rows(owner="created_by_id")
    searched = ("target", "file")
    read_only = True
    audited = False  # it is itself the record of what was done

    kind: Mapped[Word] = column(_l("Kind"), choices=LABELS, default="import", server_default="import")
    target: Mapped[Word] = column(
        _l("Into"), name="resource", choices=Resources(), help=_l("The kind of rows: customers, products …")
    )
    file: Mapped[Name] = column(_l("File"), help=_l("Of another deed: what was changed"))
    state: Mapped[Word] = column(_l("State"), choices=STATES, tones=STATE_TONES, default="running")
    on_match: Mapped[Word] = column(_l("If it is there already"), choices=ON_MATCH)
    on_error: Mapped[Word] = column(_l("If a row is wrong"), choices=ON_ERROR)
    rows: Mapped[Whole] = column(_l("Rows"), default=0)
    created: Mapped[Whole] = column(_l("Added"), default=0)
    updated: Mapped[Whole] = column(_l("Updated"), default=0)
    skipped: Mapped[Whole] = column(_l("Skipped"), default=0)
    failed: Mapped[Whole] = column(_l("Failed rows"), default=0)
    undone: Mapped[Flag] = column(_l("Undone"), default=False)
    total: Mapped[Whole | None] = column(_l("Rows in the file"))
    reached: Mapped[Whole] = column(_l("Written up to row"), default=0, help=_l("A row of the file; the header is 1"))
    error: Mapped[Note | None] = column(_l("Reason"))
    worker: Mapped[Word] = column(_l("Process"), default="")

    @derived(_l("What"), help=_l("The file, or the fields that were changed"))
    def what(self) -> str:
        return str(self)

    def __str__(self) -> str:
        return kind_of(self).told(self)


class ImportRunRow(Model):
    """A row that a run wrote: added, or changed from ``before`` (by attribute) to ``version``.

    ``resource`` is its kind (the run's target, when None), ``deed`` what ``keeping`` names besides: ``removed`` (all of
    it in ``before``), ``moved`` (a row of the table ``resource``, with [before, after] by column) or ``paired`` (a pair
    of that table, with the one that it took the place of).
    """

    __tablename__ = "import_run_rows"
    __table_args__ = (
        # Whoever asks what became of a row asks among those that were removed or moved, not among all that were imported.
        sa.Index(
            "ix_import_run_rows_record_id",
            "record_id",
            postgresql_where=sa.text("deed IS NOT NULL"),
            sqlite_where=sa.text("deed IS NOT NULL"),
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    run_id: Mapped[int] = mapped_column(sa.ForeignKey("import_runs.id", ondelete="CASCADE"), index=True)
    resource: Mapped[str | None] = mapped_column(sa.String(80))
    record_id: Mapped[int]
    created: Mapped[bool]
    deed: Mapped[str | None] = mapped_column(sa.String(20))
    version: Mapped[int]
    before: Mapped[dict[str, Any] | None] = mapped_column(sa.JSON)


def keep_rows(run: ImportRun, rows: Iterable[tuple[int, bool, int, dict[str, Any] | None]]) -> None:
    """Note the rows that ``run`` (flushed) wrote, so that it can be undone: each one's id, whether it was added, its
    version since, and what it held before by attribute.
    """
    names = ("record_id", "created", "version", "before")
    kept = [{"run_id": run.id, **dict(zip(names, row, strict=True))} for row in rows]
    if kept:
        db.session.connection().execute(sa.insert(ImportRunRow.__table__), kept)


class ImportMapping(Entity):
    """Which column of a file goes into which field, kept for the next file of the same kind (see ``ColumnMap``).

    It is made on the page of an import, and found again there.
    """

    __tablename__ = "import_mappings"
    __table_args__ = (sa.UniqueConstraint("owner_id", "resource", "name"),)
    resource = "import-mappings"
    label, labels = _l("Import mapping"), _l("Import mappings")
    scope = scope.published(
        "owner_id",
        "can_import",
        lambda: registry,
        "importers",
        _l("It is shared with everyone who may import such rows"),
    )
    keys = ("owner", "resource", "name")

    name: Mapped[Name] = column(_l("Name"))
    target: Mapped[Word] = column(
        _l("Into"),
        name="resource",
        choices=Resources(),
        readonly=True,
        help=_l("The kind of rows: customers, products …"),
    )
    owner_id: Mapped[int | None] = reference("ab_user.id", _l("Owner"), readonly=True, owned=True)
    shared: Mapped[Flag] = column(_l("Shared"), default=False, help=_l("With everyone who may import such rows"))
    mapping: Mapped[dict[str, Any]] = mapped_column(
        sa.JSON,
        default=dict,
        info={"label": _l("Columns"), "help": _l("Header → field; empty to leave it out"), "readonly": True},
    )
    options: Mapped[dict[str, Any]] = mapped_column(
        sa.JSON,
        default=dict,
        info={
            "label": _l("Options"),
            "help": _l("Constants, choices, skip, round, known_only"),
            "readonly": True,
        },
    )

    owner: Mapped[User | None] = relationship(User, foreign_keys=[owner_id])

    @derived(_l("Columns of the file"), kind="longtext")
    def pairs(self) -> str:
        """Each header with what it becomes, a line each."""
        return "\n".join(f"{header} → {self._called(name)}" for header, name in (self.mapping or {}).items())

    @derived(_l("Besides"), kind="longtext")
    def besides(self) -> str:
        """What is done with the values, a line each."""
        try:
            kept = self.column_map()
        except ValueError:
            return ""
        lines = [f"{self._called(name)} = {value}" for name, value in kept.constants.items()]
        for name, values in kept.choices.items():
            told = ", ".join(f"{raw} → {value}" for raw, value in values.items())
            lines.append(f"{self._called(name)}: {told}")
        lines += [
            _("%(field)s is rounded to %(places)s decimals.", field=self._called(name), places=places)
            for name, places in kept.round.items()
        ]
        lines += [_("%(field)s takes known values only.", field=self._called(name)) for name in kept.known_only]
        return "\n".join(lines)

    def _called(self, name: str) -> str:
        """How people call the field ``name`` of what is imported."""
        model = registry.get(self.target)
        if not name or model is None:
            return _("(left out)")
        try:
            return header_of(model, name)
        except (KeyError, TypeError):
            return name

    def column_map(self) -> ColumnMap:
        """What an import takes.  Raises ValueError when it does not have the form."""
        return ColumnMap.from_json({**(self.options or {}), "columns": self.mapping or {}})

    def fill(self) -> None:
        if self.owner_id is None and sa.inspect(self).pending:
            self.owner_id = identity.user_id()

    def faults(self) -> dict[str, list[str]]:
        try:
            self.column_map()
        except (ValueError, TypeError) as error:
            return {"name": [str(error)]}
        return {}
