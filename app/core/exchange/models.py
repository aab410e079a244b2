"""What is kept of imports: each run with the rows it wrote (so that it can be undone), and mappings used again."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import sqlalchemy as sa
from flask_appbuilder import Model
from sqlalchemy.orm import Mapped, mapped_column

from app.core import scope
from app.core.entity import Entity, column, registry
from app.core.exchange.mapping import ColumnMap
from app.core.fields import fields_of
from app.core.i18n import gettext as _
from app.core.i18n import lazy_gettext as _l
from app.core.types import Flag, Name, Whole, Word

STATES = {"running": _l("Running"), "done": _l("Done"), "failed": _l("Failed"), "undone": _l("Undone")}
RUN_KINDS = {"import": _l("Import"), "edit": _l("Bulk edit")}
STATE_TONES = {"running": "blue", "done": "green", "failed": "red", "undone": "grey"}
ON_MATCH = {"fail": _l("Refuse the row"), "skip": _l("Skip the row"), "update": _l("Update what is there")}
ON_ERROR = {"stop": _l("Write nothing"), "skip": _l("Write the other rows")}


class Kinds(Mapping[str, Any]):
    """What the rows of each resource are called."""

    def __getitem__(self, resource: str) -> Any:
        return registry[resource].labels

    def __iter__(self) -> Iterator[str]:
        return iter(registry)

    def __len__(self) -> int:
        return len(registry)


class ImportRun(Entity):
    """One file that was imported, or one change of many rows at once, with what became of them; it can be undone.

    Previews and runs that wrote nothing are not kept.
    """

    __tablename__ = "import_runs"
    resource = "import-runs"
    label, labels = _l("Import or bulk edit"), _l("Imports and bulk edits")
    scope = scope.own_rows(owner="created_by_id")
    searched = ("target", "file")
    read_only = True
    audited = False  # it is itself the record of what was done

    kind: Mapped[Word] = column(_l("Kind"), choices=RUN_KINDS, default="import", server_default="import")
    target: Mapped[Word] = column(
        _l("Into"), name="resource", choices=Kinds(), help=_l("The kind of rows: customers, products …")
    )
    file: Mapped[Name] = column(_l("File"), help=_l("Of a bulk edit: the fields that were changed"))
    state: Mapped[Word] = column(_l("State"), choices=STATES, tones=STATE_TONES, default="running")
    on_match: Mapped[Word] = column(_l("If it is there already"), choices=ON_MATCH)
    on_error: Mapped[Word] = column(_l("If a row is wrong"), choices=ON_ERROR)
    rows: Mapped[Whole] = column(_l("Rows"), default=0)
    created: Mapped[Whole] = column(_l("Added"), default=0)
    updated: Mapped[Whole] = column(_l("Updated"), default=0)
    skipped: Mapped[Whole] = column(_l("Skipped"), default=0)
    failed: Mapped[Whole] = column(_l("Failed rows"), default=0)
    undone: Mapped[Flag] = column(_l("Undone"), default=False)

    def __str__(self) -> str:
        if self.kind == "import":
            return str(self.file)
        model = registry.get(self.target)
        known = fields_of(model) if model is not None else {}
        names = [str(known[name].label) if name in known else name for name in self.file.split(", ")]
        return _("Bulk edit: %(fields)s", fields=", ".join(names))


class ImportRunRow(Model):
    """A row that a run wrote: added, or changed from ``before`` (by attribute) to ``version``."""

    __tablename__ = "import_run_rows"

    id: Mapped[int] = mapped_column(primary_key=True)
    run_id: Mapped[int] = mapped_column(sa.ForeignKey("import_runs.id", ondelete="CASCADE"), index=True)
    record_id: Mapped[int]
    created: Mapped[bool]
    version: Mapped[int]
    before: Mapped[dict[str, Any] | None] = mapped_column(sa.JSON)


class ImportMapping(Entity):
    """Which column of a file goes into which field, kept for the next file of the same kind (see ``ColumnMap``)."""

    __tablename__ = "import_mappings"
    __table_args__ = (sa.UniqueConstraint("resource", "name"),)
    resource = "import-mappings"
    label, labels = _l("Import mapping"), _l("Import mappings")
    keys = ("resource", "name")

    target: Mapped[Word] = column(_l("Into"), name="resource", help=_l("The kind of rows: customers, products …"))
    name: Mapped[Name] = column(_l("Name"))
    mapping: Mapped[dict[str, Any]] = mapped_column(
        sa.JSON, default=dict, info={"label": _l("Columns"), "help": _l("Header → field; empty to leave it out")}
    )
    options: Mapped[dict[str, Any]] = mapped_column(
        sa.JSON,
        default=dict,
        info={"label": _l("Options"), "help": _l("Constants, choices, skip, round, known_only")},
    )

    def column_map(self) -> ColumnMap:
        """What an import takes.  Raises ValueError when it does not have the form."""
        return ColumnMap.from_json({**(self.options or {}), "columns": self.mapping or {}})

    def faults(self) -> dict[str, list[str]]:
        for name in ("mapping", "options"):
            if not isinstance(getattr(self, name) or {}, dict):
                return {name: [_('This is not JSON: {"key": "value"}.')]}
        try:
            self.column_map()
        except ValueError as error:
            return {"mapping" if "columns" in str(error) else "options": [str(error)]}
        return {}
