"""The frame around every page, the home page and what is shown when something is wrong, as plain data."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from app.core.web.chart import Figure
from app.core.web.page import Link, Table

if TYPE_CHECKING:
    from app.core.web.commands import Command
    from app.core.web.finding import Kind


@dataclass
class Card:
    """A card of the home page: a headline figure, a chart or a short table, with a link to the whole.

    ``share`` is (so many, of so many) as a bar; ``links`` lead to parts of it; ``empty`` is what is said where there is
    nothing to show.
    """

    title: str
    figure: str = ""
    caption: str = ""
    tone: str = ""
    url: str | None = None
    table: Table | None = None
    chart: Figure | None = None
    share: tuple[int, int] | None = None
    links: list[Link] = field(default_factory=list)
    empty: str = ""


@dataclass
class CardChoice:
    """A card as one chooses whether to see it."""

    id: str
    title: str
    is_shown: bool


@dataclass
class HomePage:
    """``/``: a greeting and the role's cards: ``figures`` in a strip at the top, then charts, then tables.  ``choices``
    are all that the role may have, in the reader's order.
    """

    title: str
    subtitle: str
    figures: list[Card]
    charts: list[Card]
    tables: list[Card]
    choices: list[CardChoice]
    arrange_url: str
    start: StartCard | None = None
    on_phone: list[Link] = field(default_factory=list)  # what a phone offers first


@dataclass
class StartCard:
    """How far a first start is, at the top of the home page: ``steps`` are (title, is done, where it is done).

    ``hide_url`` takes ``left``=``hidden`` by POST and shows it no more.
    """

    title: str
    text: str
    main: Link
    steps: list[tuple[str, bool, str]] = field(default_factory=list)
    hide_url: str = ""


@dataclass
class SearchPage:
    """``/search``: rows that were found, kind by kind, and pages of the console whose names match."""

    title: str
    search: str
    kinds: list[Kind]
    pages: list[Command]


@dataclass
class ErrorPage:
    """``code``: 400, 401, 403, 404, 405, 409, 413, 422, 429, 500, 503; ``advice`` are sentences on what to do next,
    ``links`` where to go.
    """

    code: int
    title: str
    message: str
    links: list[Link]
    advice: list[str] = field(default_factory=list)


@dataclass
class ResumePage:
    """A form that came when nobody was logged in, to be sent once more: ``hidden`` are all of its fields, ``values`` what
    people typed as (label, value).
    """

    title: str
    action_url: str
    hidden: list[tuple[str, str]]
    values: list[tuple[str, str]]
    files: bool
    leave_url: str


@dataclass
class Section:
    """A section of the sidebar."""

    id: str
    label: str
    icon: str
    items: list[NavItem]
    open: bool = False


@dataclass
class NavItem:
    """An entry of the sidebar.  ``key`` names it among the favourites; ``active``: the page belongs to it; ``exact``: it
    is the page.
    """

    label: str
    url: str
    active: bool = False
    key: str = ""
    icon: str = ""
    exact: bool = False
    starred: bool = False


@dataclass
class Shell:
    """The frame around every page, given to templates as ``shell``.

    ``languages`` are (code, name, is_current); choosing one is a POST to ``language_url`` with ``locale`` and ``next``.
    ``theme`` is light, dark or system (from a cookie that the script sets).
    """

    app_name: str
    locale: str
    theme: str
    languages: list[tuple[str, str, bool]]
    language_url: str
    home_url: str
    login_url: str
    logout_url: str
    password_url: str
    user_id: int = 0
    user_name: str = ""
    user_initials: str = ""
    user_title: str = ""
    sections: list[Section] = field(default_factory=list)
    favourites: list[NavItem] = field(default_factory=list)
    at_home: bool = False
    unread: int = 0  # notices
    notices_url: str = "/notices/list/"
    previewing: bool = False  # whether an administrator looks as somebody else
    zone: str = ""  # whose time is shown
    today: str = ""  # the day in the head of what is printed
