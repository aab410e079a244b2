"""Mappings that people keep: saved from the page of an import, and found again by the headers of the next file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from app.core import crud, db, identity
from app.core.document import line_model
from app.core.errors import Invalid, NotVisible
from app.core.exchange.mapping import LINE_MARK, ColumnMap, folded, header_of, importable
from app.core.exchange.models import ImportMapping
from app.core.i18n import gettext as _
from app.core.readers import storable

NAME_LENGTH = 200


def keep(model: type[Any], name: str, mapping: ColumnMap, *, shared: bool) -> ImportMapping:
    """Keep ``mapping`` under ``name`` for whoever acts; their own one of that name is replaced.

    Raises NotPermitted (to import such rows), Invalid (no name).
    """
    crud.require("can_import", model)
    try:
        name = storable(name.strip())
    except ValueError as error:
        raise Invalid({"name": [str(error)]}) from None
    if not name or len(name) > NAME_LENGTH:
        raise Invalid({"name": [_("Give the mapping a name of at most %(length)s characters.", length=NAME_LENGTH)]})
    own = sa.select(ImportMapping).where(
        ImportMapping.target == model.resource,
        ImportMapping.name == name,
        ImportMapping.owner_id.is_not_distinct_from(identity.user_id()),
    )
    kept = db.session.scalars(own).one_or_none()
    if kept is None:
        kept = ImportMapping(target=model.resource, name=name)
        db.session.add(kept)
    parts = mapping.as_json()
    kept.mapping, kept.shared = parts.pop("columns"), shared
    kept.options = {part: value for part, value in parts.items() if value}
    crud.flush()
    return kept


def offered(model: type[Any], headers: Sequence[str]) -> list[tuple[ImportMapping, int]]:
    """The mappings for ``model`` that the actor may use, each with how many of ``headers`` it knows; those that know
    most come first, one's own before others'.  Those that know none are left out.
    """
    statement = sa.select(ImportMapping).where(ImportMapping.target == model.resource)
    have = {folded(header) for header in headers if header}
    found = []
    for each in db.session.scalars(statement):
        known = len(have & {folded(header) for header in each.mapping or {}})
        if known:
            found.append((each, known))
    mine = identity.user_id()
    return sorted(found, key=lambda pair: (-pair[1], pair[0].owner_id != mine, pair[0].name))


def fits(kept: ImportMapping, headers: Sequence[str]) -> bool:
    """Whether the mapping knows every one of ``headers``."""
    return {folded(header) for header in headers if header} <= {folded(header) for header in kept.mapping or {}}


def find(model: type[Any], pk: int) -> ImportMapping:
    """The mapping ``pk``, for ``model`` and for the actor to use.  Raises NotVisible."""
    kept = crud.fetch(ImportMapping, pk)
    if kept.target != model.resource:
        raise NotVisible()
    return kept


def lacking(model: type[Any], chosen: Mapping[str, Any]) -> list[str]:
    """What new rows need and no column gives, as it is headed; of lines only where the file has any."""
    taken = {name for name in chosen.values() if name}
    has_lines = line_model(model) is not None and any(name.startswith(LINE_MARK) for name in taken)
    return [
        header_of(model, name)
        for name, field in importable(model).items()
        if field.required
        and field.empty is None
        and name not in taken
        and name not in (model.numbered_by, "owner")
        and (has_lines or not name.startswith(LINE_MARK))
    ]
