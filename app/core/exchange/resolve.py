"""Finds the rows that a file names by text, many at a time: those that relations point at, and those that keys match.

Relations are looked for among what the actor sees.  Keys are the company's facts: they are matched among all rows.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa

from app.core import db
from app.core.entity import User
from app.core.fields import Field, fields_of
from app.core.i18n import gettext as _

AT_ONCE = 500  # values of one statement
REMEMBERED = 20_000  # texts of one kind of rows; then they are looked up anew
NAMES = ("code", "number", "name", "username")
Key = tuple[Any, ...]


@dataclass(frozen=True)
class Candidate:
    """A row that a text may name; ``within`` are the rows that it belongs to (a contact's customer), by relation."""

    id: int
    within: dict[str, int] = field(default_factory=dict, compare=False)


class Resolver:
    """Texts → rows, remembered from batch to batch.  A text is looked for in each naming column in turn: first as it is,
    then in any case.
    """

    def __init__(self) -> None:
        self._found: dict[type[Any], dict[str, list[Candidate]]] = defaultdict(dict)

    def load(self, target: type[Any], texts: Iterable[str]) -> None:
        """Look up those of ``texts`` that are not known yet: a handful of statements, however many there are."""
        known = self._found[target]
        if len(known) > REMEMBERED:
            known.clear()
        missing = sorted({text for text in texts if text not in known})
        for part in _parts(missing):
            known.update(_look_up(target, part))

    def forget_missing(self, target: type[Any]) -> None:
        """Forget which texts named nothing: rows of ``target`` have been added since."""
        known = self._found[target]
        for text in [text for text, candidates in known.items() if not candidates]:
            del known[text]

    def find(self, target: type[Any], text: str, within: Callable[[], Mapping[str, Any]]) -> int:
        """The id of the one row that ``text`` (loaded before) names; among several, of the one within the rows that
        ``within`` tells.

        Raises ValueError when it names none or several.
        """
        candidates = self._found[target].get(text, [])
        if len(candidates) > 1:
            known = within()
            candidates = [
                each for each in candidates if all(known.get(name, key) == key for name, key in each.within.items())
            ]
        label = str(target.label).lower()
        if not candidates:
            raise ValueError(_("There is no %(what)s “%(text)s”, or it is not yours to see.", what=label, text=text))
        if len(candidates) > 1:
            raise ValueError(_("More than one %(what)s is called “%(text)s”. Use its code.", what=label, text=text))
        return candidates[0].id


def naming(target: type[Any]) -> list[Any]:
    """What a row of ``target`` is known by in a file, as SQL, the most exact first."""
    fields = fields_of(target)
    found = []
    for name in dict.fromkeys((*target.keys, *NAMES)):
        each = fields.get(name)
        if each is not None and each.stored and each.target is None and each.kind in ("text", "code"):
            found.append(getattr(target, each.attribute))
    if target is User:
        found += [User.first_name + " " + User.last_name, User.last_name + User.first_name]
    return found


def _look_up(target: type[Any], texts: list[str]) -> dict[str, list[Candidate]]:
    columns = naming(target)
    within = [
        each for each in (fields_of(target).get(name) for name in target.keys) if each is not None and each.target
    ]
    found: dict[str, list[Candidate]] = {}

    def search(missing: list[str], where: Any, values: Sequence[Any], spelled: dict[str, list[str]]) -> None:
        """Candidates for ``missing``: ``values`` are compared, in turn, with ``spelled`` (how each is written → the
        texts).
        """
        statement = sa.select(target.id, *(getattr(target, each.attribute) for each in within), *values).where(where)
        hits: list[dict[str, list[Candidate]]] = [defaultdict(list) for _value in values]
        for row in db.session.execute(statement):
            candidate = Candidate(row[0], {each.name: key for each, key in zip(within, row[1:], strict=False)})
            for index, value in enumerate(row[1 + len(within) :]):
                for text in spelled.get(value, ()):
                    hits[index][text].append(candidate)
        for text in missing:
            best = next((hit[text] for hit in hits if text in hit), None)
            if best:
                found[text] = list(dict.fromkeys(best))

    for column in columns:
        missing = [text for text in texts if text not in found]
        if missing:
            search(missing, column.in_(missing), [column], {text: [text] for text in missing})
    missing = [text for text in texts if text not in found]
    if missing and columns:
        spelled: dict[str, list[str]] = defaultdict(list)
        for text in missing:
            # SQLite knows only the small letters of ASCII.
            for spelling in {text.lower(), _ascii_lower(text)}:
                spelled[spelling].append(text)
        lowered = [sa.func.lower(column) for column in columns]
        search(missing, sa.or_(*(value.in_(spelled) for value in lowered)), lowered, spelled)
    numbers = {int(text[1:]): text for text in texts if text not in found and text[0] == "#" and text[1:].isdecimal()}
    numbers = {number: text for number, text in numbers.items() if number < 2**31}
    if numbers:
        for key in db.session.scalars(sa.select(target.id).where(target.id.in_(numbers))):
            found[numbers[key]] = [Candidate(key)]
    return {text: found.get(text, []) for text in texts}


def match(model: type[Any], keys: Sequence[Field], wanted: Iterable[Key]) -> dict[Key, list[int]]:
    """The ids of the rows, whoever may see them, whose ``keys`` are one of ``wanted``.  One statement for each 500."""
    table = model.__table__
    columns = [sa.inspect(model).column_attrs[each.attribute].columns[0] for each in keys]
    found: dict[Key, list[int]] = defaultdict(list)
    for part in _parts(sorted(set(wanted), key=repr)):
        conditions = []
        for index, column in enumerate(columns):
            values = {key[index] for key in part}
            present = [value for value in values if value is not None]
            either = column.in_(present)
            conditions.append(sa.or_(either, column.is_(None)) if None in values else either)
        searched = set(part)
        for number, *values in db.session.connection().execute(sa.select(table.c.id, *columns).where(*conditions)):
            if tuple(values) in searched:
                found[tuple(values)].append(number)
    return found


def _parts(values: list[Any]) -> Iterator[list[Any]]:
    for start in range(0, len(values), AT_ONCE):
        yield values[start : start + AT_ONCE]


def _ascii_lower(text: str) -> str:
    return "".join(letter.lower() if letter.isascii() else letter for letter in text)
