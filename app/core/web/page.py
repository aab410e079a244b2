"""What a page shows, as plain data: views fill these, templates read them and nothing else.

A template never sees a model, so it can cause no SQL and leak no column.  Everything here is already
translated, formatted and allowed; a template only decides how it looks.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import zip_longest
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from app.core.web.page_lists import Chip, ColumnChoice, FilterField, Lack, Place, ViewMenu
    from app.core.web.uploading import UploadForm


@dataclass
class Link:
    """A labelled address.  ``url`` is None for the page one is on."""

    label: str
    url: str | None = None
    icon: str = ""


@dataclass
class Badge:
    """A state or a mark, by hue and word.  ``tone``: grey, blue, amber, green, red."""

    text: str
    tone: str = "grey"


@dataclass
class Cell:
    """One value as shown.

    ``kind``: text, code, number, money, date, datetime, bool, badge, link, email, phone, url, longtext, image, tags,
    empty.
    ``text`` is what is shown; ``url`` makes it a link; ``tone`` colours a badge or a negative amount (``negative``);
    ``title`` is the full value where ``text`` is a short form (a date in words); ``images`` are (thumbnail, full) URLs,
    ``tags`` (name, tone, URL of the list of what carries it); ``pad`` is the room that a number leaves behind it.
    """

    kind: str
    text: str = ""
    url: str | None = None
    tone: str = ""
    title: str = ""
    images: list[tuple[str, str]] = field(default_factory=list)
    tags: list[tuple[str, str, str | None]] = field(default_factory=list)
    pad: str = ""


@dataclass
class Column:
    """A column of a table.  ``align``: left, right, center; ``sort``: asc, desc or "" ; ``sort_url`` None when it can't
    be sorted.
    """

    name: str
    label: str
    kind: str = "text"
    align: str = "left"
    sort: str = ""
    sort_url: str | None = None


@dataclass
class FormField:
    """A field of a form or a cell of the line grid's template row.

    ``kind``: text, longtext, integer, decimal, date, datetime, bool, choice, picker, multipicker, tags, images, email,
    phone, url, password. ``value`` is the text to put into the input ("" when empty; "1" for a ticked bool; the id for a
    picker);
    ``text`` is a picker's shown label, or what was typed and named nothing; ``chosen`` a multipicker's [(id, label)];
    ``choices`` [(value, label)] for
    choice (with an empty first one when not required); ``picker_url`` the address a picker asks (``?q=``), answering
    ``{"result": [{"id", "label", "name", "code", "fact"}]}``; ``by_name``: a picker sends names in place of ids;
    ``create_url`` makes what it lacks in a dialog («New customer», ``create_label``), ``show_url`` and an id open what
    is chosen; ``unit``
    is what quantities of the chosen row count in; a
    ``figure`` is reckoned from other cells (``value`` exact, ``text`` as shown), ``told`` what the server made of it when
    the page had shown something else; ``suggestions`` are free texts for an extensible choice (a
    datalist); ``images`` are {"id", "url", "thumb", "name"}; ``step`` and ``inputmode`` are for numbers.
    """

    name: str
    id: str
    label: str
    kind: str
    value: str = ""
    text: str = ""
    help: str = ""
    required: bool = False
    readonly: bool = False
    errors: list[str] = field(default_factory=list)
    choices: list[tuple[str, str]] = field(default_factory=list)
    chosen: list[tuple[str, str]] = field(default_factory=list)
    suggestions: list[str] = field(default_factory=list)
    picker_url: str = ""
    by_name: bool = False
    images: list[dict[str, Any]] = field(default_factory=list)
    maxlength: int | None = None
    step: str = ""
    width: str = "m"  # xs, s, m, l, full: by content
    unit: str = ""
    placeholder: str = ""  # what stands in it while it is empty, where no label stands beside it
    told: str = ""
    create_url: str = ""
    create_label: str = ""
    show_url: str = ""
    like_url: str = ""  # where it asks, while one types, which rows may be the same
    offers: list[tuple[str, str, str]] = field(
        default_factory=list
    )  # a picker's rows at hand: (id, label, what is said)
    noted: list[str] = field(default_factory=list)  # what is said besides of what there is already


@dataclass
class Action:
    """A button.  ``rank``: primary, secondary, menu (under «…»), danger.

    ``method`` get is a link; post is a form with the CSRF token.  ``confirm`` asks first; ``fields`` are asked for in a
    dialog and sent with it.  ``key`` is the transition's or action's name.
    """

    key: str
    label: str
    url: str
    method: str = "post"
    rank: str = "secondary"
    confirm: str = ""
    fields: list[FormField] = field(default_factory=list)
    icon: str = ""
    tone: str = ""  # danger for what destroys
    placed: bool = False  # the browser says where it is done, if it may


@dataclass
class Row:
    """A row of a table; ``url`` opens it; ``actions`` appear on hover and focus."""

    id: int
    url: str | None
    cells: list[Cell]
    actions: list[Action] = field(default_factory=list)
    snippet: list[tuple[str, bool]] = field(default_factory=list)  # of the text inside: pieces, which were asked for


@dataclass
class Pager:
    """``first`` and ``last`` are the rows shown (1-based) of ``count``; ``sizes`` are (size, is_current)."""

    count: int
    first: int
    last: int
    page: int
    pages: int
    prev_url: str | None
    next_url: str | None
    sizes: list[tuple[int, bool]]


@dataclass
class ListPage:
    """``/<resource>/list/``.  The search form is a GET to ``url`` with ``q`` and the ``hidden`` pairs kept."""

    title: str
    resource: str
    url: str
    breadcrumb: list[Link]
    columns: list[Column]
    rows: list[Row]
    pager: Pager
    search: str = ""
    hidden: list[tuple[str, str]] = field(default_factory=list)
    filters: list[FilterField] = field(default_factory=list)
    adding: FilterField | None = None  # the one whose editor is open
    chips: list[Chip] = field(default_factory=list)
    clear_url: str = ""
    actions: list[Action] = field(default_factory=list)  # page head: add, import, export
    bulk_actions: list[Action] = field(default_factory=list)  # posted with the chosen ``ids``, or ``match``: ``state``
    state: str = ""  # what the list shows, as the parameters of its address
    back: str = ""  # the list as it is, in short: where what is done with rows of it leads back to
    match: bool = False  # whether all rows that match can be chosen, beyond the page
    empty: str = ""  # what to say, and do next, when there are no rows
    help: str = ""
    totals: list[Cell] = field(default_factory=list)  # a last row aligned with ``columns``, as in Table
    views: ViewMenu | None = None
    chooser: list[ColumnChoice] = field(default_factory=list)  # sent to ``url`` as ``cols``, with ``chooser_hidden``
    chooser_hidden: list[tuple[str, str]] = field(default_factory=list)
    layout_url: str = ""  # takes a POST of ``cols`` or ``size``, which are kept for whoever sends it
    lack: Lack | None = None  # what must be there before the first row
    keeps_columns: bool = False  # whether the chooser's columns are kept so, rather than being the view's

    def __post_init__(self) -> None:
        level(self.rows, self.totals)


@dataclass
class Fact:
    """A labelled value on a record's page."""

    label: str
    cell: Cell
    help: str = ""


@dataclass
class Group:
    """Facts or fields under a heading ("" for none)."""

    title: str
    facts: list[Fact] = field(default_factory=list)
    fields: list[FormField] = field(default_factory=list)


@dataclass
class Table:
    """A table of cells; ``totals`` is a last row aligned with ``columns`` (empty cells where there is no total)."""

    columns: list[Column]
    rows: list[Row]
    totals: list[Cell] = field(default_factory=list)
    empty: str = ""

    def __post_init__(self) -> None:
        level(self.rows, self.totals)


DECIMALS = re.compile(r"-?[\d,]+(\.\d+)?")


def level(rows: Iterable[Row], totals: Iterable[Cell] = ()) -> None:
    """Put the decimal points of each column below one another: a number with fewer decimals than the longest leaves the
    room of the rest (``Cell.pad``).
    """
    for column in zip_longest(*(row.cells for row in rows), totals):
        numbers = [
            (cell, len(found[1] or ""))
            for cell in column
            if cell is not None and cell.kind in ("number", "money") and (found := DECIMALS.fullmatch(cell.text))
        ]
        longest = max((length for _cell, length in numbers), default=0)
        for cell, length in numbers:
            cell.pad = ("." + "0" * (longest - 1))[length:] if longest else ""


@dataclass
class Change:
    """One line of the history, in words: ``label`` from ``old`` to ``new``."""

    label: str
    old: str
    new: str


@dataclass
class Event:
    """An entry of the history: who did what (``key`` names the deed) when (``when`` short, ``at`` full), and what
    changed.
    """

    who: str
    what: str
    when: str
    at: str
    comment: str = ""
    changes: list[Change] = field(default_factory=list)
    key: str = ""


@dataclass
class RemarkShown:
    """A comment: ``pieces`` are (text, address or ""), ``files`` (name, size, address)."""

    who: str
    when: str
    at: str
    pieces: list[tuple[str, str]]
    files: list[tuple[str, str, str]] = field(default_factory=list)
    actions: list[Action] = field(default_factory=list)


@dataclass
class FileShown:
    """A file attached to a record: its ``size`` in words, the ``url`` that gives it, who added it when."""

    name: str
    size: str
    url: str
    who: str
    when: str
    at: str
    page: str = ""  # where it has a page of its own
    thumb: str = ""
    sound: str = ""  # what is played, where it is a recording
    mark: str = ""  # what is said before its name: its version


@dataclass
class Preview:
    """What a file shows on its page: ``kind`` is picture, pdf, audio or none (``text`` says why)."""

    kind: str
    url: str
    name: str
    text: str = ""


@dataclass
class CommentForm:
    """Where a comment is written: ``text`` and ``errors`` of one that was refused, ``draft`` and
    ``draft_name`` are as of a ``FormPage``.
    """

    url: str
    text: str = ""
    errors: list[str] = field(default_factory=list)
    draft: str = ""
    draft_name: str = ""


@dataclass
class Tab:
    """Related rows below a record: a table, the history (``events``), comments (``remarks``, with the ``form`` of
    whoever may write one), or ``files``.  ``count`` None when not counted.
    """

    id: str
    label: str
    count: int | None = None
    table: Table | None = None
    events: list[Event] | None = None
    add_url: str | None = None
    more_url: str | None = None
    remarks: list[RemarkShown] | None = None
    form: CommentForm | None = None
    files: list[FileShown] | None = None
    uploads: UploadForm | None = None  # sends files, above the list of them
    preview: Preview | None = None
    html: Any = None  # text that was made safe
    note: str = ""
    lazy_url: str = ""  # where what it shows is fetched when it is opened


@dataclass
class RecordPage:
    """``/<resource>/show/<id>``.  ``code`` and ``name`` are the parts of its title; ``folded`` are the empty facts."""

    title: str
    resource: str
    breadcrumb: list[Link]
    groups: list[Group]
    actions: list[Action]
    code: str = ""
    name: str = ""
    badge: Badge | None = None
    subtitle: str = ""
    subtitle_full: str = ""  # on paper, where «today» is another day
    folded: list[Group] = field(default_factory=list)
    images: list[tuple[str, str]] = field(default_factory=list)
    lines: Table | None = None
    lines_title: str = ""
    tabs: list[Tab] = field(default_factory=list)
    panels: list[Any] = field(default_factory=list)  # core.web.panels.Panel
    place: Place | None = None


@dataclass
class HangingDocument:
    """A document in the tree of what a cancel takes along: ``via`` is the field by which it hangs on the one above,
    ``entries`` what it posted, ``obstacles`` why it can't be cancelled; ``again``: it stands elsewhere in the tree.
    """

    label: str
    kind: str
    url: str | None
    badge: Badge
    via: str = ""
    entries: str = ""
    obstacles: list[str] = field(default_factory=list)
    again: bool = False
    children: list[HangingDocument] = field(default_factory=list)


@dataclass
class CancelPage:
    """``/<resource>/cancel/<id>``: what hangs on a document, and the form that cancels it all (``action_url`` None when
    something is in the way).  ``whole`` are obstacles that are no document's; ``errors``, ``return_to`` as of a form.
    """

    title: str
    resource: str
    breadcrumb: list[Link]
    tree: HangingDocument
    lead: str
    back_url: str
    confirm: str = ""
    whole: list[str] = field(default_factory=list)
    action_url: str | None = None
    fields: list[FormField] = field(default_factory=list)
    hidden: list[tuple[str, str]] = field(default_factory=list)
    label: str = ""
    errors: list[tuple[str, str]] = field(default_factory=list)
    return_to: str = ""


@dataclass
class OutcomePage:
    """``/<resource>/bulk/<name>``: what came of each chosen row, those refused first.

    ``counts`` are (label, number, tone).  ``again_url`` takes the pairs ``again`` by POST to try what was refused once
    more.
    """

    title: str
    resource: str
    breadcrumb: list[Link]
    table: Table
    counts: list[tuple[str, int, str]]
    back_url: str
    again_url: str | None = None
    again: list[tuple[str, str]] = field(default_factory=list)


@dataclass
class SheetPage:
    """``/<resource>/look/<name>``: a table that was reckoned.  ``inputs`` are sent to ``url`` by GET; ``action`` is done
    with what it shows; ``errors`` are what was refused of it, and ``return_to`` where it can be opened again, as of a form.
    """

    title: str
    resource: str
    url: str
    breadcrumb: list[Link]
    table: Table
    count: int
    inputs: list[FormField] = field(default_factory=list)
    facts: list[Fact] = field(default_factory=list)
    prev_url: str | None = None
    next_url: str | None = None
    help: str = ""
    action: Action | None = None
    errors: list[tuple[str, str]] = field(default_factory=list)
    return_to: str = ""
