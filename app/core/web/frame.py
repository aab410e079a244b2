"""The frame around every page: the sidebar from the console's map, the language, who is logged in."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from flask import Flask, request, session
from sqlalchemy.exc import SQLAlchemyError

from app.core import clock, identity, preferences
from app.core.i18n import LANGUAGES, current_locale
from app.core.identity import PREVIEW
from app.core.settings import settings
from app.core.web.page_frame import NavItem, Section, Shell
from app.core.web.view import EntityView

THEMES = ("light", "dark", "system")
STARRED = "starred"  # the preference that holds the favourites, as resources
preferences.every_page.add(STARRED)


@dataclass(frozen=True)
class MapPage:
    """A page of the map that lists no entity's rows; ``shown`` says whether the actor has it in the menu.  ``key`` is the
    first segment of its address, which is ``path`` where that is said.
    """

    key: str
    label: Any
    icon: str
    shown: Callable[[identity.Actor], bool]
    path: str = ""
    last: bool = False  # whether it stands below the section's views
    help: Any = ""  # a sentence under its title, where it is a list that shows some of the rows

    @property
    def url(self) -> str:
        """Where it is."""
        return self.path or f"/{self.key}/"

    @property
    def pairs(self) -> list[tuple[str, str]]:
        """What its address asks for: the conditions of a list that shows some of the rows."""
        return parse_qsl(urlsplit(self.url).query)

    @property
    def is_here(self) -> bool:
        """Whether the request is for it, whatever else that asks for."""
        here = request.path == urlsplit(self.url).path
        return here and all(value in request.args.getlist(name) for name, value in self.pairs)


@dataclass(frozen=True)
class MapSection:
    """A section of the console's map: the pages and the views in it, as data."""

    id: str
    label: Any
    icon: str
    views: tuple[type[EntityView], ...]
    pages: tuple[MapPage, ...] = ()

    def pages_of(self, actor: identity.Actor) -> list[MapPage]:
        """The pages that ``actor`` has; none while the database can't be asked."""
        try:
            return [page for page in self.pages if page.shown(actor)]
        except SQLAlchemyError:
            return []


console: list[MapSection] = []
"""The console's map, filled by ``app.views``."""

belongs: dict[str, str] = {}
"""Pages outside an entity's own addresses (their first segment), each with the resource whose entry they belong to."""


def reading_page(view: type[EntityView], name: str) -> MapPage:
    """The reading ``name`` of ``view`` as a page of the map, which people go to by itself."""
    reading = next(each for each in view.readings if each.name == name)
    resource, permission, key = view.model.resource, f"can_{reading.operation}", view.model.permission_key()
    return MapPage(
        f"{resource}/{name}",
        reading.label,
        view.icon,
        lambda actor: actor.may(permission, key),
        f"/{resource}/look/{name}",
        last=True,
    )


def sections(actor: identity.Actor) -> list[Section]:
    """The sidebar for ``actor``: what may be listed, without empty sections."""
    found = []
    first = request.path.strip("/").split("/")[0]
    here = belongs.get(first, first)
    for section in console:
        pages = section.pages_of(actor)
        entries = [(page, page.is_here) for page in pages]
        elsewhere = any(at for _page, at in entries)
        items = [
            NavItem(
                str(view.model.labels),
                f"/{view.model.resource}/list/",
                view.model.resource == here and not elsewhere,
                view.model.resource,
                view.icon,
                request.path == f"/{view.model.resource}/list/" and not elsewhere,
            )
            for view in section.views
            if actor.may("can_list", view.model.permission_key())
        ]
        made = [
            (page, NavItem(str(page.label), page.url, at or page.key == here, page.key, page.icon, at))
            for page, at in entries
        ]
        items = [
            *(item for page, item in made if not page.last),
            *items,
            *(item for page, item in made if page.last),
        ]
        if items:
            found.append(
                Section(section.id, str(section.label), section.icon, items, any(item.active for item in items))
            )
    return found


def here() -> MapPage | None:
    """The page of the map that the request is for, if the actor has it."""
    actor = identity.require()
    return next((page for section in console for page in section.pages_of(actor) if page.is_here), None)


def starred() -> list[str]:
    """The resources of the actor's favourites, in their order; also those that are not theirs to see now."""
    kept = preferences.get(STARRED, [])
    return [key for key in kept if isinstance(key, str)] if isinstance(kept, list) else []


def _favourites(found: list[Section]) -> list[NavItem]:
    """The entries that the actor starred; none while the database can't be asked, since a page that tells of trouble is
    framed too.
    """
    try:
        keys = starred()
    except SQLAlchemyError:
        return []
    items = {item.key: item for section in found for item in section.items}
    for key in keys:
        if key in items:
            items[key].starred = True
    return [items[key] for key in keys if key in items]


def shell() -> Shell:
    """What every page is framed by."""
    locale = current_locale()
    theme = request.cookies.get("kehu_theme", "system")
    frame = Shell(
        app_name=settings().company,
        locale=locale,
        theme=theme if theme in THEMES else "system",
        languages=[(code, name, code == locale) for code, name in LANGUAGES.items()],
        language_url="/account/language",
        home_url="/",
        login_url="/login/",
        logout_url="/logout/",
        password_url="/account/password",
        zone=str(clock.reader_zone()),
        today=clock.today().isoformat(),
    )
    actor = identity.current()
    if actor is not None:
        frame.user_name = actor.name
        frame.user_id = actor.user_id or 0
        frame.user_initials = initials(actor.name)
        frame.user_title = ", ".join(sorted(actor.roles))
        frame.sections = sections(actor)
        frame.favourites = _favourites(frame.sections)
        frame.at_home = request.path == "/"
        frame.unread = actor.unread
        if actor.is_admin:
            # Who sees everything finds their own under the bell.
            frame.notices_url += f"?f=user:rel_o_m:{actor.user_id}"
        frame.previewing = bool(session.get(PREVIEW)) and str(actor.user_id) == str(session.get(PREVIEW))
    return frame


def initials(name: str) -> str:
    """Two letters for a name: «ND» for Nancy Davolio, «王» for 王伟."""
    if name and "\u4e00" <= name[0] <= "\u9fff":
        return name[0]
    words = name.split()
    return "".join(word[0] for word in (words[:1] + words[-1:] if len(words) > 1 else words)).upper()


def init_app(app: Flask) -> None:
    """Give every template the frame."""
    app.context_processor(lambda: {"shell": shell()})
