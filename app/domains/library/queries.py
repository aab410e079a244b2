"""The reads of papers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm.attributes import set_committed_value

from app.core import db, scope
from app.core.identity import require
from app.domains.library.models import Article, File, FileVersion, Folder

SHOWN = 50  # files of a record's page
SHELF = 200  # files, and articles, of a folder's page
FOLDERS = 1000  # folders of the tree


def of_record(record: str, *, most: int = SHOWN) -> tuple[list[File], int]:
    """The files on the record called ``record`` (for a customer also those on what is the customer's), newest first, and
    how many there are.  One statement.
    """
    resource, _slash, key = record.partition("/")
    here = sa.and_(File.record_resource == resource, File.record_id == int(key))
    if resource == "customers":
        here = sa.or_(here, File.customer_id == int(key))
    return _listed(sa.select(File).where(here), most)


def in_folder(folder_id: int | None, *, most: int = SHELF) -> tuple[list[File], int]:
    """The files in a folder, or (None) those that lie nowhere else."""
    here = (
        File.folder_id == folder_id
        if folder_id is not None
        else sa.and_(File.folder_id.is_(None), File.record.is_(None))
    )
    return _listed(sa.select(File).where(here), most)


def articles_in(folder_id: int | None, *, most: int = SHELF) -> list[Article]:
    """The articles in a folder, or in none, by title."""
    here = Article.folder_id == folder_id if folder_id is not None else Article.folder_id.is_(None)
    return list(db.session.scalars(sa.select(Article).where(here).order_by(Article.title).limit(most)))


def folders() -> list[Folder]:
    """Every folder that the actor sees, by name."""
    return list(db.session.scalars(sa.select(Folder).order_by(Folder.name, Folder.id).limit(FOLDERS)))


def counts() -> dict[int, int]:
    """How many files and articles that the actor sees lie in each folder.  Two statements."""
    found: dict[int, int] = {}
    for model in (File, Article):
        statement = sa.select(model.folder_id, sa.func.count()).where(model.folder_id.is_not(None))
        for key, count in db.session.execute(statement.group_by(model.folder_id)):
            found[key] = found.get(key, 0) + count
    return found


def load_versions(files: Sequence[File]) -> None:
    """Load the versions of ``files``, in one statement."""
    statement = sa.select(FileVersion).where(FileVersion.file_id.in_([file.id for file in files] or [0]))
    kept: dict[int, list[FileVersion]] = {file.id: [] for file in files}
    for each in db.session.scalars(statement.order_by(FileVersion.number.desc())):
        kept[each.file_id].append(each)
    for file in files:
        set_committed_value(file, "kept", kept[file.id])


def may_add_to(row: Any) -> bool:
    """Whether the actor may put a file on ``row``, or into it if it is a folder.  At most one statement."""
    actor = require()
    if not actor.may("can_add", "File"):
        return False
    if isinstance(row, Folder):
        within = scope.condition(Folder, actor, write=True)
    else:
        if not actor.may("can_edit", row.permission_key()):
            return False
        within = scope.condition(type(row), actor, write=True)
    if within is None:
        return True
    return row.id in scope.visible_ids(db.session.connection(), type(row), [row.id], actor, write=True)


def _listed(statement: sa.Select[Any], most: int) -> tuple[list[File], int]:
    statement = statement.add_columns(sa.func.count().over()).order_by(File.changed_on.desc(), File.id.desc())
    found = list(db.session.execute(statement.limit(most)).unique())
    return [row[0] for row in found], int(found[0][1]) if found else 0
