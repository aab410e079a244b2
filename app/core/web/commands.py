"""What one can jump to and do from anywhere: every page of the console's map, what is made, brought in and taken out
there, and what the frame itself offers.

Each is found by its name in every language and by its pinyin, whichever is spoken.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

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
    ("told", _l("How you are told"), "/account/notices/", "bell"),
]
"""Pages beside the map that everyone may open: (id, label, address, icon)."""

DEEDS: list[tuple[str, Any, str]] = [
    ("theme-light", _l("Light appearance"), "sun"),
    ("theme-dark", _l("Dark appearance"), "moon"),
    ("theme-system", _l("Appearance as the system"), "monitor"),
    ("rows", _l("Compact rows"), "menu"),
    ("fold", _l("Fold the menu"), "sidebar"),
    ("keys", _l("Keyboard shortcuts"), "keyboard"),
    ("locale-en", "English", "globe"),
    ("locale-zh", "简体中文", "globe"),
    ("logout", _l("Log out"), "logout"),
]
"""What the page's own script does: (id, label, icon)."""


@dataclass(frozen=True)
class Command:
    """A page (``url``) or something that the script does (``deed``).  ``kind``: page, new, file, view, deed, the groups
    they stand in; ``hint`` is where it belongs; ``words`` what it is found by.
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
        Command(**{**vars(each), "words": _words(tuple(same.label for same in readings))})
        for each, readings in zip(own, every, strict=True)
    ]


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
    for section in console:
        for page in section.pages_of(actor):
            yield Command(f"page/{page.key}", str(page.label), "page", page.icon, page.url, hint=str(section.label))
        for view in section.views:
            if reach.may(view, "list"):
                yield from _of(view, str(section.label))
    for key, label, url, icon in ACCOUNT[1:]:
        yield Command(f"page/{key}", str(label), "page", icon, url)
    for key, label, icon in DEEDS:
        yield Command(f"do/{key}", str(label), "deed", icon, deed=key)


def _of(view: type[EntityView], section: str) -> Iterator[Command]:
    """What there is to open and do with one kind of rows."""
    name, labels = view.model.resource, str(view.model.labels)
    base, plural = f"/{name}", labels[:1].lower() + labels[1:]
    yield Command(f"list/{name}", labels, "page", view.icon, f"{base}/list/", hint=section)
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
