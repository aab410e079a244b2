"""What one can jump to and do from anywhere: every page of the console's map, what is made, brought in and taken out
there, and what the frame itself offers.

Each is found by its name in every language and by its pinyin, whichever is spoken.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any
from urllib.parse import urlencode

import sqlalchemy as sa
from flask_babel import force_locale

from app.core import db, identity, search
from app.core.i18n import LANGUAGES, current_locale
from app.core.i18n import gettext as _
from app.core.i18n import lazy_gettext as _l
from app.core.saved_views import SavedView
from app.core.web import reach, resource
from app.core.web.frame import console
from app.core.web.view import EntityView, views

MOST_VIEWS = 50  # saved views that are offered

ACCOUNT: list[tuple[str, Any, str, str]] = [
    ("home", _l("Start page"), "/", "home"),
    ("password", _l("Change password"), "/account/password", "key"),
    ("time-zone", _l("Time zone"), "/account/time-zone", "clock"),
    ("told", _l("How you are told"), "/account/notices/", "bell"),
]
"""Pages beside the map that everyone may open: (id, label, address, icon)."""

DEEDS: list[tuple[str, Any, str, Any]] = [
    ("theme-light", _l("Light appearance"), "sun", _l("Appearance")),
    ("theme-dark", _l("Dark appearance"), "moon", _l("Appearance")),
    ("theme-system", _l("Appearance as the system"), "monitor", _l("Appearance")),
    ("rows", _l("Compact rows"), "menu", _l("Appearance")),
    ("fold", _l("Fold the menu"), "sidebar", _l("Appearance")),
    ("keys", _l("Keyboard shortcuts"), "keyboard", ""),
    ("locale-en", "English", "globe", _l("Language")),
    ("locale-zh", "简体中文", "globe", _l("Language")),
    ("logout", _l("Log out"), "logout", ""),
]
"""What the page's own script does: (id, label, icon, what it concerns)."""

FOUND_BY_HINT = ("deed", "step")
"""The kinds of commands that are looked for by what they concern too: «submit plan», «language»."""

places: list[Callable[[identity.Actor], Iterable[tuple[str, Any, str, str]]]] = []
"""What upper layers offer an actor beside the map: pages, as in ``ACCOUNT``."""


@dataclass(frozen=True)
class Command:
    """A page (``url``) or something that the script does (``deed``).  ``kind`` is the group it stands in: page, new, file,
    step, view, deed; ``hint`` is where it belongs; ``words`` what it is found by.
    """

    id: str
    label: str
    kind: str
    icon: str
    url: str = ""
    deed: str = ""
    hint: str = ""
    words: str = ""


def commands() -> list[Command]:
    """What the actor may jump to and do, in the language spoken.  One statement, for the saved views."""
    saved = _saved_views()
    spoken = {}
    for locale in LANGUAGES:
        with force_locale(locale):
            spoken[locale] = [*_all(), *saved]
    own = spoken[current_locale()]
    every = zip(*spoken.values(), strict=True)
    return [
        Command(**{**vars(each), "words": _words(tuple(_read_by(readings)))})
        for each, readings in zip(own, every, strict=True)
    ]


def _read_by(readings: Iterable[Command]) -> Iterator[str]:
    for each in readings:
        yield each.label
        if each.kind in FOUND_BY_HINT and each.hint:
            yield f"{each.label} {each.hint}"
            yield f"{each.hint} {each.label}"


def matching(text: str) -> list[Command]:
    """The commands that are pages and match every word of ``text``; those that begin with it come first."""
    words = search.folded(text)
    parts = words.split()
    found = [each for each in commands() if each.url and parts and all(part in each.words for part in parts)]
    return sorted(found, key=lambda each: not any(name.startswith(words) for name in each.words.split(" | ")))


@lru_cache(maxsize=5000)
def _words(labels: tuple[str, ...]) -> str:
    return search.search_text(dict.fromkeys(labels))


def _all() -> Iterator[Command]:
    for key, label, url, icon in ACCOUNT[:1]:
        yield Command(f"page/{key}", str(label), "page", icon, url)
    actor = identity.require()
    linked: dict[str, Command] = {}
    for section in console:
        for page in section.pages_of(actor):
            yield Command(f"page/{page.key}", str(page.label), "page", page.icon, page.url, hint=str(section.label))
        for view in section.views:
            if reach.may(view, "list"):
                yield from _of(view, str(section.label))
                for link in view.list_links:
                    url = link.url(None)
                    if url not in linked and reach.may(view, link.operation):
                        hint = str(section.label)
                        linked[url] = Command(
                            f"page{url.rstrip('/')}", str(link.label), "page", view.icon, url, hint=hint
                        )
    yield from linked.values()
    for key, label, url, icon in (*ACCOUNT[1:], *(each for offered in places for each in offered(actor))):
        yield Command(f"page/{key}", str(label), "page", icon, url)
    for key, label, icon, hint in DEEDS:
        yield Command(f"do/{key}", str(label), "deed", icon, deed=key, hint=str(hint))


def _of(view: type[EntityView], section: str) -> Iterator[Command]:
    """What there is to open and do with one kind of rows."""
    name, labels = view.model.resource, str(view.model.labels)
    base, plural = f"/{name}", labels[:1].lower() + labels[1:]
    yield Command(f"list/{name}", labels, "page", view.icon, f"{base}/list/", hint=section)
    if view.board is not None:
        yield Command(f"board/{name}", _("Board"), "page", "columns", f"{base}/board/", hint=labels)
    for reading in view.readings:
        if not reading.of_row and resource.may_read(view, reading):
            yield Command(
                f"look/{name}/{reading.name}",
                str(reading.label),
                "page",
                "chart",
                f"{base}/look/{reading.name}",
                hint=labels,
            )
    actor = identity.require()
    for action in view.resource_actions:
        asks_for_rows = "ids" in view.asked(action.fields)
        if not asks_for_rows and actor.may(action.permission, view.model.permission_key()):
            # Its dialog is on the list; the script opens it there.
            url = f"{base}/list/#do-{action.name}"
            yield Command(f"act/{name}/{action.name}", str(action.label), "file", view.icon, url, hint=labels)
    yield from _steps(view)
    made: tuple[tuple[str, str, str, str, Callable[[], str]], ...] = (
        ("add", "new", "plus", f"{base}/add", lambda: _("New %(what)s", what=str(view.model.label).lower())),
        ("import", "file", "upload", f"{base}/import", lambda: _("Import %(what)s", what=plural)),
        (
            "export",
            "file",
            "download",
            f"{base}/export?format=xlsx",
            lambda: _("Export %(what)s to Excel", what=plural),
        ),
    )
    for operation, kind, icon, url, label in made:
        if reach.may(view, operation) and not (operation == "add" and view.begun_elsewhere):
            yield Command(f"{operation}/{name}", label(), kind, icon, url, hint=section)


def _steps(view: type[EntityView]) -> Iterator[Command]:
    """What is done with rows one by one or many at once: each leads to the list of those that it can be done with."""
    actor, key = identity.require(), view.model.permission_key()
    name, labels = view.model.resource, str(view.model.labels)
    flow = view.model.workflow
    for step in flow.transitions if flow is not None else ():
        if actor.may(step.permission, key):
            states = urlencode({"f": f"state:in:{','.join(step.sources)}"})
            url = f"/{name}/list/?{states}"
            yield Command(f"step/{name}/{step.name}", str(step.label), "step", view.icon, url, hint=labels)
    for action in view.actions:
        if action.bulk and actor.may(action.permission, key):
            url = f"/{name}/list/"
            yield Command(f"step/{name}/{action.name}", str(action.label), "step", view.icon, url, hint=labels)


def saved_lists(most: int) -> list[SavedView]:
    """The lists that the actor keeps or is shown by others, of kinds that they may list, by name.  One statement."""
    actor = identity.require()
    if not actor.may("can_list", SavedView.permission_key()):
        return []
    mine = sa.or_(SavedView.owner_id == actor.user_id, SavedView.shared.is_(True))
    statement = sa.select(SavedView).where(mine).order_by(SavedView.name, SavedView.id).limit(most)
    found = db.session.scalars(statement).unique()
    return [each for each in found if each.target in views and reach.may(views[each.target], "list")]


def _saved_views() -> list[Command]:
    return [
        Command(
            f"view/{each.id}",
            each.name,
            "view",
            "filter",
            f"/{each.target}/list/?view={each.id}",
            hint=str(views[each.target].model.labels),
        )
        for each in saved_lists(MOST_VIEWS)
    ]
