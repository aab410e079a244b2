"""What pages with forms and imports show, as plain data."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    pass
from app.core.web.page import Action, Badge, Cell, Column, FormField, Group, Link
from app.core.web.page_lists import Lack


@dataclass
class LineGrid:
    """The lines of a document being edited.

    Inputs are named ``lines-<index>-<field>``; ``lines-<index>-id`` is hidden; a ticked ``lines-<index>-delete``
    removes the line. ``rows`` hold (id, fields with values and errors, errors of the whole line); ``blank`` is a row
    without values whose index is
    the text ``__index__``.  In a ``fixed`` grid no line comes or goes.  ``live`` is what the browser reckons by
    (see ``line_figures``); ``totals`` are the errors of each column's total, ``told`` the right figures beside them.
    ``hint`` is the column whose rows are asked about while they are picked, and whom (see ``EntityView.line_hint``).
    """

    title: str
    columns: list[Column]
    rows: list[tuple[str, list[FormField], list[str]]]
    blank: list[FormField]
    fixed: bool = False
    live: dict[str, Any] = field(default_factory=dict)
    totals: dict[str, list[str]] = field(default_factory=dict)
    told: dict[str, str] = field(default_factory=dict)
    hint: tuple[str, str] = ("", "")


@dataclass
class Difference:
    """Where a form and the row it is saved over say different things.

    ``key`` is the input's name (of a whole line «lines-3»); ``mine`` and ``theirs`` are what either says, as read;
    ``who`` changed it ``when``; ``shown`` is which of the two («mine», «theirs») the input holds.  With ``fixed`` the
    state allows no more than to look at what was typed.
    """

    key: str
    label: str
    mine: str
    theirs: str
    who: str
    when: str
    shown: str
    fixed: bool = False


@dataclass
class FormPage:
    """``/<resource>/add`` and ``/edit/<id>``; ``errors`` are (input id or "", message) for the summary.

    ``draft`` is what a browser keeps what is being typed for («7/customers/12», "" nothing), ``draft_name`` the name of
    this one.  ``return_to`` is the address to come back to where its own takes nothing but what is sent.
    """

    title: str
    resource: str
    breadcrumb: list[Link]
    action_url: str
    cancel_url: str
    groups: list[Group]
    submit_label: str
    hidden: list[tuple[str, str]] = field(default_factory=list)
    lines: LineGrid | None = None
    errors: list[tuple[str, str]] = field(default_factory=list)
    note: str = ""  # why some of it can't be changed
    differences: list[Difference] = field(default_factory=list)  # of a save over somebody else's
    enctype: str = "multipart/form-data"
    lack: Lack | None = None  # what must be there before it can be saved
    draft: str = ""
    draft_name: str = ""
    return_to: str = ""


@dataclass
class QuickForm:
    """``/<resource>/add?quick=1``: a new row in a picker's dialog; ``more_url`` is the whole form, ``general`` what is
    wrong with no field of its own.
    """

    title: str
    action_url: str
    more_url: str
    fields: list[FormField]
    general: list[str] = field(default_factory=list)


@dataclass
class ImportColumn:
    """A column of the uploaded file: its header, the field it maps to ("" none), the fields to choose from and sample
    values.
    """

    header: str
    field: str
    choices: list[tuple[str, str]]
    samples: list[str]


@dataclass
class ImportRow:
    """A row of the file as it was checked: its ``line``, what would come of it (``mark``), its ``cells`` (a bad one has
    tone ``red`` and the reason in title), and ``reasons`` that are no cell's.
    """

    line: int
    mark: Badge
    cells: list[Cell]
    is_bad: bool = False
    reasons: list[str] = field(default_factory=list)


@dataclass
class ImportMappings:
    """Kept mappings on the page of an import: ``choices`` (id, name) to begin with, the ``used`` one, under which
    ``name`` and whether ``shared`` this one would be kept, and the required fields that no column gives (``lacking``).
    """

    choices: list[tuple[str, str]]
    used: str
    name: str
    shared: bool
    lacking: list[str]


@dataclass
class ImportProgress:
    """How far an import is: ``done`` of ``total`` rows (None: not counted yet), ``share`` in percent; ``state`` is
    waiting, running, done, failed, interrupted or undone.
    """

    file: str
    state: str
    done: int
    total: int | None
    share: int | None
    undo: Action | None = None
    record_url: str | None = None


@dataclass
class ImportPage:
    """``/<resource>/import``: step ``upload`` → ``preview`` → ``result``.

    ``preview`` shows ``columns`` (with the mapping), the first ``rows`` and those that are refused, and ``counts``;
    ``result`` shows ``counts``, ``errors`` (row, column, message) and the
    ``error_file_url``.
    ``counts`` are (label, number, tone).  The options keep their ``value``s between steps: mode, on_match, on_error.
    """

    title: str
    resource: str
    breadcrumb: list[Link]
    step: str
    action_url: str
    cancel_url: str
    options: list[FormField] = field(default_factory=list)
    hidden: list[tuple[str, str]] = field(default_factory=list)
    columns: list[ImportColumn] = field(default_factory=list)
    rows: list[ImportRow] = field(default_factory=list)
    counts: list[tuple[str, int, str]] = field(default_factory=list)
    errors: list[tuple[int, str, str]] = field(default_factory=list)
    error_file_url: str | None = None
    list_url: str | None = None
    message: str = ""
    is_wrong: bool = False  # whether the message tells of something that went wrong
    refused: int = 0  # rows that the check refuses
    is_idle: bool = False  # whether nothing would be written as the options are
    checked: str = ""  # how much of the file was checked, when that is not all of it
    drop_label: str = ""  # which files can be dropped or chosen
    accept: str = ""
    template_url: str | None = None  # an empty file with the right headers
    mappings: ImportMappings | None = None
    progress: ImportProgress | None = None
