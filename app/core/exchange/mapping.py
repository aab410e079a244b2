"""Which column of a file goes into which field of an entity: guessed from the headers, or kept in a mapping.

A header is a field's label in either language, its name in the API or one of the entity's synonyms, however it is cased
and spaced. Fields of a document's lines are written ``lines.product`` or «Lines · Product».
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

from app.core import search
from app.core.document import line_model
from app.core.errors import BusinessError
from app.core.fields import Field, readable, writable
from app.core.i18n import gettext as _
from app.core.i18n import in_each_language
from app.core.i18n import lazy_gettext as _l

T = TypeVar("T")
LINES = _l("Lines")
LINE_MARK = "lines."
SEPARATOR = " · "
_NO_LETTERS = re.compile(r"[\s_\-*:.·/()\[\]]+")


class UnknownColumns(BusinessError):
    """None of a file's columns is known, or a mapping does not fit the entity."""


def folded(header: str) -> str:
    """``header`` as headers are compared: one width, lower case, letters and digits only."""
    return _NO_LETTERS.sub("", search.folded(header))


@dataclass(frozen=True)
class ColumnMap:
    """A mapping as people keep it; all of it is plain JSON.

    ``columns``: header → field, or "" to leave the column out; a header that is not named is guessed.  ``constants``:
    field → value of every row that gives none itself.  ``choices``: field → {text in the file: value}, before anything
    else is read into it.  ``skip``:
    headers to leave out.  ``round``: field → decimals that surplus ones are rounded to, half up (each is reported).
    ``known_only``: open choices (level, source …) that take only values already used.
    """

    columns: Mapping[str, str] = field(default_factory=dict)
    constants: Mapping[str, Any] = field(default_factory=dict)
    choices: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    skip: tuple[str, ...] = ()
    round: Mapping[str, int] = field(default_factory=dict)
    known_only: tuple[str, ...] = ()

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> ColumnMap:
        """The mapping that ``data`` (as ``as_json`` gives it, every part optional) holds.  Raises ValueError naming
        what is wrong.
        """
        unknown = set(data) - set(cls.__dataclass_fields__)
        if unknown:
            raise ValueError(_("A mapping knows no “%(name)s”.", name=", ".join(sorted(unknown))))
        for name in ("columns", "constants", "choices", "round"):
            if not isinstance(data.get(name, {}), Mapping):
                raise ValueError(_("“%(name)s” must be a table of names and values.", name=name))
        if not all(isinstance(value, str) for value in data.get("columns", {}).values()):
            raise ValueError(_("“%(name)s” must be a table of names and values.", name="columns"))
        if not all(isinstance(value, Mapping) for value in data.get("choices", {}).values()):
            raise ValueError(_("“%(name)s” must be a table of names and values.", name="choices"))
        for places in data.get("round", {}).values():
            if isinstance(places, bool) or not isinstance(places, int) or not 0 <= places <= 6:
                raise ValueError(_("Numbers can be rounded to 0 to 6 decimals."))
        lists: dict[str, tuple[str, ...]] = {}
        for name in ("skip", "known_only"):
            value = data.get(name, ())
            if not isinstance(value, list | tuple) or not all(isinstance(each, str) for each in value):
                raise ValueError(_("“%(name)s” must be a list of names.", name=name))
            lists[name] = tuple(value)
        return cls(**{**data, **lists})

    def as_json(self) -> dict[str, Any]:
        """The mapping as plain JSON."""
        return {
            "columns": dict(self.columns),
            "constants": dict(self.constants),
            "choices": {name: dict(values) for name, values in self.choices.items()},
            "skip": list(self.skip),
            "round": dict(self.round),
            "known_only": list(self.known_only),
        }


@dataclass(frozen=True, eq=False)
class Column:
    """A column of the file and its field.  ``index`` is None for a constant; ``settable`` is false for one that only
    finds the row.
    """

    index: int | None
    header: str
    field: Field
    of_line: bool
    settable: bool
    constant: Any = None


@dataclass(frozen=True)
class Plan:
    """How a file is read into a model: its columns, and the headers that go nowhere."""

    columns: tuple[Column, ...]
    ignored: tuple[str, ...]

    @property
    def has_lines(self) -> bool:
        """Whether the file holds lines of documents."""
        return any(column.of_line for column in self.columns)


def importable(model: type[Any]) -> dict[str, Field]:
    """What a column of a file may go into, for who acts now, by name (``lines.quantity``): what may be set, and the
    keys.
    """
    fields = {name: each for name, each in writable(model).items() if each.kind != "images"}
    known = readable(model)
    fields.update({name: known[name] for name in model.keys if name in known and known[name].stored})
    kind = line_model(model)
    if kind is not None:
        lines = {name: each for name, each in writable(kind).items() if each.kind != "images" and name != "document"}
        fields.update({LINE_MARK + name: each for name, each in lines.items()})
    return fields


def suggest(model: type[Any], headers: Iterable[str]) -> dict[str, str]:
    """The field that each of ``headers`` seems to mean; those that mean none are left out, no field comes twice."""
    known = spellings(model)
    best: dict[str, tuple[int, str]] = {}
    for header in headers:
        found = known.get(folded(header))
        # Of two headers for one field the plainer wins, else the first.
        if found is not None and (found[1] not in best or found[0] < best[found[1]][0]):
            best[found[1]] = (found[0], header)
    return {header: name for name, (_tier, header) in best.items()}


def header_of(model: type[Any], name: str) -> str:
    """How a column for the field ``name`` is headed in the language spoken now."""
    line = name.startswith(LINE_MARK)
    kind = line_model(model) if line else model
    label = str(readable(kind)[name.removeprefix(LINE_MARK)].label)  # type: ignore[arg-type]
    return f"{LINES}{SEPARATOR}{label}" if line else label


def bind(model: type[Any], headers: Sequence[str], mapping: ColumnMap | None = None) -> Plan:
    """How a file with ``headers`` is read into ``model``.

    Raises UnknownColumns when a mapping names a field that can't be imported or gives one twice, and when no column is
    known.
    """
    mapping = mapping or ColumnMap()
    fields = importable(model)
    given = said_of(headers, mapping.columns)
    skipped = said_of(headers, dict.fromkeys(mapping.skip, True))
    taken = {name for name in given if name}
    guessed = suggest(model, [header for header, name in zip(headers, given, strict=True) if name is None])
    columns: list[Column] = []
    ignored: list[str] = []
    seen: dict[str, str] = {}
    for index, header in enumerate(headers):
        name = given[index]
        if name is None and header and not skipped[index]:
            name = guessed.get(header)
            name = None if name in taken else name
        if not name or skipped[index]:
            ignored += [header] if header else []
            continue
        _require_known(fields, [name])
        if name in seen:
            raise UnknownColumns(
                _("“%(one)s” and “%(other)s” can't both go into one field.", one=seen[name], other=header)
            )
        seen[name] = header
        columns.append(_column(model, index, header, name, fields[name]))
    if not columns:
        names = ", ".join(header_of(model, name) for name in list(fields)[:8])
        raise UnknownColumns(
            _("None of the columns is known. The first row must name them, such as: %(names)s.", names=names)
        )
    for name, value in mapping.constants.items():
        _require_known(fields, [name])
        if name not in seen:
            columns.append(_column(model, None, header_of(model, name), name, fields[name], value))
    _require_known(fields, (*mapping.choices, *mapping.round, *mapping.known_only))
    return Plan(tuple(columns), tuple(ignored))


def said_of(headers: Sequence[str], said: Mapping[str, T]) -> list[T | None]:
    """What ``said`` (by header) says of each of ``headers``: of the header as it stands, else, where the file has no such
    header, of one that is spelt alike.
    """
    alike = {folded(header): value for header, value in said.items() if header not in headers}
    return [said[header] if header in said else alike.get(folded(header)) for header in headers]


def _column(model: type[Any], index: int | None, header: str, name: str, field: Field, constant: Any = None) -> Column:
    settable = field.stored and not field.readonly
    return Column(index, header, field, name.startswith(LINE_MARK), settable, constant)


def _require_known(fields: Mapping[str, Field], names: Iterable[str]) -> None:
    unknown = [name for name in names if name not in fields]
    if unknown:
        raise UnknownColumns(_("There is no field “%(name)s” to import into.", name=unknown[0]))


def spellings(model: type[Any]) -> dict[str, tuple[int, str]]:
    """Every folded spelling → (how plain it is, field): a name in the API before a label, before a synonym, before a
    line's bare name.
    """
    found: dict[str, tuple[int, str]] = {}

    def add(tier: int, texts: Iterable[str], name: str) -> None:
        for text in texts:
            key = folded(text)
            if key and (key not in found or tier < found[key][0]):
                found[key] = (tier, name)

    kind = line_model(model)
    lines = in_each_language(LINES)
    for name, each in importable(model).items():
        labels = in_each_language(each.label)
        if not name.startswith(LINE_MARK):
            add(0, (name,), name)
            add(1, (*labels, *(f"{label} ({name})" for label in labels)), name)
            add(2, (*model.synonyms.get(name, ()), model.card.get(name, "")), name)
            continue
        bare = name.removeprefix(LINE_MARK)
        synonyms = getattr(kind, "synonyms", {}).get(bare, ())
        add(0, (name,), name)
        add(1, (f"{prefix}{SEPARATOR}{label}" for prefix in lines for label in (*labels, *synonyms)), name)
        add(1, (f"{prefix}{SEPARATOR}{label} ({name})" for prefix in lines for label in labels), name)
        add(3, (bare, *labels, *synonyms), name)
    return found
