"""What stands around the rows of a list, as plain data: filters, views, columns; and a record's place among the rows."""

from __future__ import annotations

from dataclasses import dataclass, field

from app.core.web.page import Action, FormField


@dataclass
class SpanEditor:
    """From–to: ``named`` are the stretches that have a name, (name, label); ``value`` the one that is chosen
    («between»: its ends are ``first`` and ``last``), ``count`` the number in one that counts days.
    """

    id: str
    kind: str  # of its ends: date, or text for numbers
    label: str
    named: list[tuple[str, str]]
    value: str = ""
    count: str = ""
    first: str = ""
    last: str = ""


@dataclass
class FilterField:
    """What can be filtered by: ``operators`` are (name, label, shape), the shape being that of what they take: none,
    one, many, span.  The editors of the shapes hold the values of the condition that is edited, ``operator`` being its.
    """

    name: str
    label: str
    operators: list[tuple[str, str, str]]
    one: FormField | None = None
    many: FormField | None = None
    span: SpanEditor | None = None
    operator: str = ""


@dataclass
class Chip:
    """A filter in force, in words; ``remove_url`` is the list without it, ``opposite_url`` the list with its contrary.

    ``editor`` changes it: sent to the list's address with the pairs ``hidden``.
    """

    text: str
    remove_url: str
    opposite_url: str | None
    editor: FilterField
    hidden: list[tuple[str, str]]


@dataclass
class Place:
    """Where a record stands in the list that it was opened from: ``position`` of ``count``, from 1; None when the list
    no longer shows it.
    """

    count: int
    position: int | None
    prev_url: str | None
    next_url: str | None
    list_url: str


@dataclass
class ViewItem:
    """A view in the menu."""

    label: str
    url: str
    current: bool = False
    default: bool = False
    starred: bool = False
    star_url: str = ""  # takes a POST that gives it a star, or takes it away
    owner: str = ""  # who shared it


@dataclass
class ViewMenu:
    """The menu of views: what the list shows now (``label``, ``changed`` since it was saved), which there are, and what
    can be done with them.  ``tabs`` are every row and the views with a star, where there are any.
    """

    label: str
    changed: bool
    groups: list[tuple[str, list[ViewItem]]]
    actions: list[Action]
    tabs: list[ViewItem] = field(default_factory=list)


@dataclass
class ColumnChoice:
    """A field that the list may show in a column."""

    name: str
    label: str
    shown: bool


@dataclass
class Lack:
    """What must be there first: ``text`` says so, ``ways`` lead there; without any, ``hint`` says whom to ask."""

    text: str
    ways: list[Action] = field(default_factory=list)
    hint: str = ""
