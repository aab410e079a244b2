"""Searching by the text inside: of files, articles, whatever registers a text for one of its rows.

A text is kept once for each row, and indexed by words: of scripts that write them apart the words themselves, of Chinese
each two signs that stand together.  SQLite's FTS5 and PostgreSQL's GIN over a tsvector find the same rows by the same
words; neither's own segmentation is used (FTS5's knows no Chinese, and PostgreSQL's depends on how it was built).  What
is found is then scoped like every other row.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import sqlalchemy as sa
from flask_appbuilder import Model
from sqlalchemy.orm import Mapped, mapped_column

from app.core import db, search
from app.core.types import LongText

MAX_TEXT = 500_000  # characters of a text that are kept
MAX_WORDS = 20_000  # different words of it that are indexed
LONGEST_WORD = 40  # characters of a word that count
MOST_ASKED = 12  # words of a question
AROUND = 60  # characters of a snippet before and after what was found
CHUNK = 400  # rows in one statement
INDEX = "text_words"  # the index: a virtual table on SQLite, a plain one on PostgreSQL
HAN = "\u3400-\u9fff\uf900-\ufaff\u3040-\u30ff"
PIECES = re.compile(rf"[{HAN}]+|[^\W_]+", re.UNICODE)
IS_HAN = re.compile(f"[{HAN}]")

indexed: set[str] = set()
"""The resources that register texts."""


class Text(Model):
    """The text inside a row (``resource`` and ``row_id``)."""

    __tablename__ = "texts"
    __table_args__ = (sa.UniqueConstraint("resource", "row_id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    resource: Mapped[str] = mapped_column(sa.String(80))
    row_id: Mapped[int] = mapped_column()
    text: Mapped[str] = mapped_column(LongText())


TEXTS: sa.Table = Text.__table__


def create(connection: sa.Connection) -> None:
    """Make the index where it is not there; in a migration."""
    if connection.dialect.name == "sqlite":
        # The words come ready: folded and apart, so that the tokenizer has nothing left to decide.
        connection.exec_driver_sql(
            f"CREATE VIRTUAL TABLE IF NOT EXISTS {INDEX} USING fts5(words, detail=none, columnsize=0, "
            'tokenize="unicode61 remove_diacritics 0")'
        )
        return
    connection.exec_driver_sql(
        f"CREATE TABLE IF NOT EXISTS {INDEX} (id INTEGER PRIMARY KEY REFERENCES texts (id) ON DELETE CASCADE, "
        "words TSVECTOR NOT NULL)"
    )
    # In the table itself: the planner counts its pages, and would read every word that lies beside it before it asks the
    # index.
    connection.exec_driver_sql(f"ALTER TABLE {INDEX} ALTER COLUMN words SET STORAGE MAIN")
    connection.exec_driver_sql(f"CREATE INDEX IF NOT EXISTS ix_{INDEX}_words ON {INDEX} USING gin (words)")


def drop(connection: sa.Connection) -> None:
    """Remove the index, if it is there."""
    connection.exec_driver_sql(f"DROP TABLE IF EXISTS {INDEX}")


def is_ours(name: str | None) -> bool:
    """Whether a table belongs to the index: no model knows it."""
    return (name or "").startswith(INDEX)


def words_of(text: str) -> list[str]:
    """The different words of ``text`` as they are indexed, at most ``MAX_WORDS``: of a run of Chinese each two signs,
    and the last one alone, so that a single sign is found by the beginning of a word.
    """
    found: dict[str, None] = {}
    for piece in _pieces(text):
        if IS_HAN.match(piece):
            for start in range(len(piece)):
                found[piece[start : start + 2]] = None
        else:
            found[piece[:LONGEST_WORD]] = None
        if len(found) >= MAX_WORDS:
            break
    return list(found)[:MAX_WORDS]


def put(connection: sa.Connection, resource: str, row_id: int, text: str) -> None:
    """Keep ``text`` as what is inside the row, in place of what was; an empty one forgets it."""
    put_all(connection, resource, {row_id: text})


def put_all(connection: sa.Connection, resource: str, texts: Mapping[int, str]) -> None:
    """The same for many rows of one kind."""
    _drop(connection, sa.and_(TEXTS.c.resource == resource, TEXTS.c.row_id.in_(list(texts))))
    kept = {key: text.replace("\0", "")[:MAX_TEXT] for key, text in texts.items() if text.strip()}
    if not kept:
        return
    rows = [{"resource": resource, "row_id": key, "text": text} for key, text in kept.items()]
    connection.execute(sa.insert(TEXTS), rows)
    mine = sa.and_(TEXTS.c.resource == resource, TEXTS.c.row_id.in_(list(kept)))
    ids = {row_id: key for key, row_id in connection.execute(sa.select(TEXTS.c.id, TEXTS.c.row_id).where(mine))}
    if connection.dialect.name == "sqlite":
        statement = sa.text(f"INSERT INTO {INDEX} (rowid, words) VALUES (:id, :words)")
        words = [{"id": ids[key], "words": " ".join(words_of(text))} for key, text in kept.items()]
    else:
        statement = sa.text(f"INSERT INTO {INDEX} (id, words) VALUES (:id, array_to_tsvector(:words))")
        words = [{"id": ids[key], "words": words_of(text)} for key, text in kept.items()]
    connection.execute(statement, words)


def forget(connection: sa.Connection, records: Iterable[str]) -> None:
    """Forget the texts inside records («files/12») that are gone."""
    gone: dict[str, list[int]] = {}
    for record in records:
        resource, _slash, key = record.partition("/")
        if resource in indexed:
            gone.setdefault(resource, []).append(int(key))
    for resource, keys in gone.items():
        for start in range(0, len(keys), CHUNK):
            part = keys[start : start + CHUNK]
            _drop(connection, sa.and_(TEXTS.c.resource == resource, TEXTS.c.row_id.in_(part)))


def found(model: type[Any], question: str) -> sa.Select[Any] | None:
    """The ids of the rows of ``model`` in whose texts every word of ``question`` occurs (the last one may be begun
    only), as a subquery; None where there is nothing to ask or no text is kept.
    """
    if model.resource not in indexed:
        return None
    asked = _asked(question)
    if not asked:
        return None
    if db.is_sqlite():
        match = " AND ".join(f'"{word}"{"*" if begun else ""}' for word, begun in asked)
        within = sa.text(f"texts.id IN (SELECT rowid FROM {INDEX} WHERE {INDEX} MATCH :asked_words)")
    else:
        match = " & ".join(f"'{word}'{':*' if begun else ''}" for word, begun in asked)
        within = sa.text(
            f"texts.id IN (SELECT id FROM {INDEX} WHERE words @@ CAST(CAST(:asked_words AS text) AS tsquery))"
        )
    within = within.bindparams(asked_words=match)
    return sa.select(TEXTS.c.row_id).where(TEXTS.c.resource == model.resource, within)


def snippets(model: type[Any], ids: Iterable[int], question: str) -> dict[int, list[tuple[str, bool]]]:
    """What stands around the first word of ``question`` in the texts of those rows of ``model`` (which the actor sees)
    where one occurs, by id: pieces, each with whether it was asked for.  One statement.
    """
    wanted = list(ids)
    words = list(_pieces(question))[:MOST_ASKED]
    if model.resource not in indexed or not wanted or not words:
        return {}
    mine = sa.and_(TEXTS.c.resource == model.resource, TEXTS.c.row_id.in_(wanted))
    shown = {}
    for row_id, text in db.session.connection().execute(sa.select(TEXTS.c.row_id, TEXTS.c.text).where(mine)):
        if pieces := _around(text, words):
            shown[row_id] = pieces
    return shown


def _pieces(text: str) -> Iterator[str]:
    return (each[0] for each in PIECES.finditer(search.folded(text)))


def _asked(question: str) -> list[tuple[str, bool]]:
    """The words to look for, each with whether it may be the beginning of one."""
    asked: dict[tuple[str, bool], None] = {}
    for piece in _pieces(question[:200]):
        if not IS_HAN.match(piece):
            asked[piece[:LONGEST_WORD], True] = None
        elif len(piece) == 1:
            asked[piece, True] = None
        else:
            asked.update(dict.fromkeys((piece[at : at + 2], False) for at in range(len(piece) - 1)))
    return list(asked)[:MOST_ASKED]


def _around(text: str, words: list[str]) -> list[tuple[str, bool]]:
    looked_for = re.compile("|".join(re.escape(each) for each in sorted(words, key=len, reverse=True)), re.IGNORECASE)
    hit = looked_for.search(text)
    if hit is None:
        return []
    start, end = max(0, hit.start() - AROUND), min(len(text), hit.end() + AROUND)
    if start and (gap := text.find(" ", start, hit.start())) >= 0:
        start = gap + 1  # not within a word
    part = text[start:end]
    found: list[tuple[str, bool]] = [("…", False)] if start else []
    last = 0
    for each in looked_for.finditer(part):
        found += [(part[last : each.start()], False), (each[0], True)]
        last = each.end()
    found.append((part[last:] + ("…" if end < len(text) else ""), False))
    return [(" ".join(piece.split("\n")), marked) for piece, marked in found if piece]


def _drop(connection: sa.Connection, where: sa.ColumnElement[bool]) -> None:
    if connection.dialect.name == "sqlite":
        ids = list(connection.execute(sa.select(TEXTS.c.id).where(where)).scalars())
        if not ids:
            return
        connection.execute(sa.text(f"DELETE FROM {INDEX} WHERE rowid = :id"), [{"id": each} for each in ids])
    connection.execute(sa.delete(TEXTS).where(where))
