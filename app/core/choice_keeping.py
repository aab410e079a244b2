"""Keeping the company's choices in order: one that is renamed, or merged into another, changes on every row that has it,
by one run that can be undone.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa

from app.core import choices, crud, db, identity, scope
from app.core.choices import CHOICES, RENAME, Choice
from app.core.errors import BusinessError, Invalid, NotPermitted
from app.core.exchange import batches
from app.core.exchange.models import ImportRun, keep_rows
from app.core.fields import Field
from app.core.i18n import gettext as _

AT_ONCE = 500  # rows read, changed and flushed together


@dataclass
class Renamed:
    """What came of it: the choice that there is now, how many rows changed, and which stayed as they were, and why."""

    choice: Choice
    changed: int = 0
    kept: list[tuple[Any, str]] = field(default_factory=list)  # (row, reason)
    run: ImportRun | None = None


def rename(ids: Iterable[int], to: str) -> Renamed:
    """Make the choices ``ids`` (of one field) ``to``, on every row that has one of them.

    A choice whose rows all changed is gone; one that some rows had to keep (documents that left draft, rows that are
    not the actor's to write) stays, retired.  Raises NotVisible, NotPermitted, Invalid.
    """
    crud.require("can_rename", Choice)
    wanted = [crud.fetch(Choice, pk, lock=True) for pk in sorted(set(ids))]
    if len({(each.target, each.field) for each in wanted}) != 1:
        raise Invalid({"ids": [_("Choose choices of one field.")]})
    first = wanted[0]
    of = choices.open_fields(first.target).get(first.field)
    if of is None:
        raise Invalid({"ids": [_("This field takes no choices of your own.")]})
    try:
        value = of.parse(to)
    except ValueError as error:
        raise Invalid({"to": [str(error)]}) from None
    if not value:
        raise Invalid({"to": [_("This is required.")]})
    work = _Renaming(of, value)
    with identity.doing(RENAME):
        for each in wanted:
            if each.value != value:
                work.go(each)
        return work.finish(wanted)


class _Renaming:
    def __init__(self, of: Field, value: str) -> None:
        self.field, self.model, self.value = of, of.model, value
        self.changed = 0
        self.kept: list[tuple[Any, str]] = []
        self.run: ImportRun | None = None
        self.gone: list[Choice] = []
        self.left: list[Choice] = []

    def go(self, choice: Choice) -> None:
        """Change every row that has ``choice``, in the order of their ids."""
        last = 0
        while True:
            statement = sa.select(self.model).where(self._has(choice.value), self.model.id > last)
            statement = db.locked(statement.order_by(self.model.id).limit(AT_ONCE), self.model)
            rows = list(db.session.scalars(statement).unique())
            if not rows:
                break
            last = rows[-1].id
            self._part(rows, choice.value)
        with db.unscoped("whether any row still has a choice that was renamed") as everything:
            stays = everything.scalar(sa.select(self.model.id).where(self._has(choice.value)).limit(1))
        (self.left if stays is not None else self.gone).append(choice)

    def _has(self, value: str) -> Any:
        from app.core.web.query import Condition

        return Condition(self.field, "eq", value, value).clause()

    def _part(self, rows: list[Any], before: str) -> None:
        ids = [row.id for row in rows]
        actor, connection = identity.require(), db.session.connection()
        writable = scope.visible_ids(connection, self.model, ids, actor, write=True)

        def write(part: Sequence[int]) -> None:
            # Read anew: a batch that was refused and halved left the rows as they were before it.
            found = db.session.scalars(sa.select(self.model).where(self.model.id.in_(part))).unique()
            by_id = {row.id: row for row in found}
            for pk in part:
                crud.require_editable(by_id[pk])
                crud.put(by_id[pk], {self.field.attribute: self.value})
            crud.flush()
            before_it = {self.field.attribute: before}
            keep_rows(self._run(), ((pk, False, by_id[pk].version, before_it) for pk in part))
            self.changed += len(part)

        def refuse(pk: int, error: BusinessError) -> None:
            self.kept.append((pk, error.words))

        self._run()
        for pk in ids:
            if pk not in writable:
                refuse(pk, NotPermitted(_("It is not yours to change.")))
        batches.write([pk for pk in ids if pk in writable], write, refuse)

    def _run(self) -> ImportRun:
        """The run, begun with the first row."""
        if self.run is None:
            self.run = ImportRun(
                kind="choice",
                target=self.model.resource,
                file=self.field.name,
                on_match="update",
                on_error="skip",
                state="done",
            )
            db.session.add(self.run)
            db.session.flush()
        return self.run

    def finish(self, wanted: list[Choice]) -> Renamed:
        """Make the choices what their rows have now."""
        run = self.run
        if run is not None and not self.changed:
            db.session.delete(run)
            run = None
        elif run is not None:
            run.updated, run.failed = self.changed, len(self.kept)
            run.rows = self.changed + len(self.kept)
        first = wanted[0]
        target, attribute = first.target, first.field
        for choice in self.left:
            choice.retired = True
        named = sa.select(Choice).where(Choice.target == target, Choice.field == attribute, Choice.value == self.value)
        found = db.session.scalars(named).one_or_none()
        if found is None and self.gone:
            found = self.gone.pop(0)  # no row had it: it is renamed itself
            found.value = self.value
        for choice in self.gone:
            if found is not None and found.position is None:
                found.position = choice.position
            db.session.delete(choice)
        crud.flush()
        if found is None:
            choices.remember(db.session.connection(), [(target, attribute, self.value)])
            found = db.session.scalars(named).one()
        found.retired = False
        crud.flush()
        return Renamed(found, self.changed, self._rows(), run)

    def _rows(self) -> list[tuple[Any, str]]:
        """The rows that were kept, as they stand."""
        reasons = dict(self.kept)
        rows = db.session.scalars(sa.select(self.model).where(self.model.id.in_(list(reasons)[:AT_ONCE]))).unique()
        return [(row, reasons[row.id]) for row in rows]


def uses(choice: Choice) -> str:
    """The address of the list of rows that have ``choice``."""
    from urllib.parse import quote

    of = choices.open_fields(choice.target).get(choice.field)
    name = of.name if of is not None else choice.field
    return f"/{choice.target}/list/?f={quote(f'{name}:eq:{choice.value}')}"


__all__ = ["CHOICES", "Renamed", "rename", "uses"]
