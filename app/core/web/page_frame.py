"""The frame around every page, the home page and what is shown when something is wrong, as plain data."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    pass
from app.core.web.page import Link, Table


@dataclass
class Card:
    """A card of the home page: a headline figure, or a short table, or both, with a link to the whole."""

    title: str
    figure: str = ""
    caption: str = ""
    tone: str = ""
    url: str | None = None
    table: Table | None = None


@dataclass
class HomePage:
    """``/``: a greeting and the role's cards."""

    title: str
    subtitle: str
    cards: list[Card]


@dataclass
class ErrorPage:
    """``code``: 400, 401, 403, 404, 409, 413, 422, 429, 500; ``links`` are what to do next."""

    code: int
    title: str
    message: str
    links: list[Link]


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
    """An entry of the sidebar."""

    label: str
    url: str
    active: bool = False


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
    user_name: str = ""
    user_initials: str = ""
    user_title: str = ""
    sections: list[Section] = field(default_factory=list)
    unread: int = 0  # notices
    notices_url: str = "/notices/list/"
    previewing: bool = False  # whether an administrator looks as somebody else
    today: str = ""  # the day in the head of what is printed
    user_id: int = 0  # whose drafts of forms a browser keeps
