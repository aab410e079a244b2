"""Translation for code that must not know the web: models, services, jobs.

Messages are whole English sentences with named placeholders; ``app/translations/zh`` holds the Chinese.  Compiled
catalogues are not kept in the repository: ``compile_catalogues`` makes them when they are older than their source.
"""

from __future__ import annotations

import logging
import re
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import flask_babel
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from flask.globals import app_ctx
from flask_babel import LazyString, force_locale

log = logging.getLogger(__name__)
LANGUAGES = {"en": "English", "zh": "简体中文"}
TRANSLATIONS = Path(__file__).parent.parent / "translations"
_PLACE = re.compile(r"(%\(\w+\)s)")
_CHINESE = re.compile("[\u2e80-\u9fff\uf900-\ufaff\uff00-\uff65]")


def _messages() -> Any:
    """The messages of the language spoken now.  A page asks for hundreds of texts: they are looked up once for a request
    and a language, where Flask-Babel finds its way through the context anew for each.
    """
    try:
        spoken = getattr(app_ctx._get_current_object().g, "_flask_babel", None)  # type: ignore[attr-defined]
    except RuntimeError:
        spoken = None
    locale = getattr(spoken, "babel_locale", None)
    if locale is None:
        return flask_babel.get_translations()
    known = getattr(spoken, "kehu_messages", None)
    if known is None or known[0] is not locale:
        known = spoken.kehu_messages = (locale, flask_babel.get_translations())  # type: ignore[union-attr]
    return known[1]


def gettext(message: str, /, **values: Any) -> str:
    """``message`` in the language spoken now, with its placeholders filled."""
    text = str(_messages().ugettext(message))
    return _filled(text, values) if values else text


def ngettext(one: str, many: str, number: int, /, **values: Any) -> str:
    """The message for so many; ``%(num)s`` is the number."""
    return _filled(str(_messages().ungettext(one, many, number)), {"num": number, **values})


def pgettext(context: str, message: str, /, **values: Any) -> str:
    """The same where one English word is two in another language."""
    text = str(_messages().upgettext(context, message))
    return _filled(text, values) if values else text


def listed(parts: Iterable[Any]) -> str:
    """``parts`` in a row, as the language spoken now writes them: «a, b», «a、b»."""
    return pgettext("between the parts of a list", ", ").join(str(part) for part in parts)


def _filled(text: str, values: dict[str, Any]) -> str:
    """``text`` with its placeholders filled.  A space that parts Chinese from what is not goes where Chinese comes in."""
    pieces = _PLACE.split(text)
    if text.isascii() or any("%(" in piece for piece in pieces[::2]):
        return text % values
    told = [piece % values if at % 2 else piece.replace("%%", "%") for at, piece in enumerate(pieces)]
    for at in range(1, len(told), 2):
        before, value, after = told[at - 1 : at + 2]
        left = before[:-1] or (told[at - 2] if at > 1 else "")
        if before.endswith(" ") and _CHINESE.match(value[:1]) and _CHINESE.match(left[-1:]):
            told[at - 1] = before[:-1]
        if after.startswith(" ") and _CHINESE.match(value[-1:]) and _CHINESE.match(after[1:2]):
            told[at + 1] = after[1:]
    return "".join(told)


def lazy_gettext(message: str, /, **values: Any) -> Any:
    """``gettext`` when it is read."""
    return LazyString(gettext, message, **values)


def lazy_pgettext(context: str, message: str, /, **values: Any) -> Any:
    """``pgettext`` when it is read."""
    return LazyString(pgettext, context, message, **values)


def current_locale() -> str:
    """The language spoken now: ``en`` or ``zh``."""
    locale = flask_babel.get_locale()
    return "zh" if locale is not None and locale.language == "zh" else "en"


@contextmanager
def speaking(locale: str | None) -> Iterator[None]:
    """Speak ``locale`` (the company's language when None or unknown) within the block: for mails to somebody else."""
    from app.core.settings import settings

    with force_locale(locale if locale in LANGUAGES else settings().locale):
        yield


def in_each_language(message: Any) -> set[str]:
    """``message`` (lazy or plain) as it reads in every language: what an import accepts as a header."""
    readings = set()
    for locale in LANGUAGES:
        with force_locale(locale):
            readings.add(str(message))
    return readings


def compile_catalogues(folder: Path = TRANSLATIONS) -> None:
    """Compile each ``.po`` that is newer than its ``.mo``.

    Where the folder may not be written, an older ``.mo`` goes on, or English is spoken; a warning says so.
    """
    for source in folder.glob("*/LC_MESSAGES/messages.po"):
        target = source.with_suffix(".mo")
        if target.exists() and target.stat().st_mtime >= source.stat().st_mtime:
            continue
        with source.open("rb") as file:
            catalogue = read_po(file, locale=source.parent.parent.name)
        try:
            # Written beside, in a folder of its own, and moved over: other processes may be starting too.
            with tempfile.TemporaryDirectory(dir=target.parent) as own:
                draft = Path(own) / target.name
                with draft.open("wb") as out:
                    write_mo(out, catalogue)
                draft.replace(target)
        except OSError as error:
            log.warning("can't write %s (%s): run «make install» as the owner of the folder", target, error)


def init_app(app: Any) -> None:
    """Let each request speak its reader's language: as chosen, as kept with the user, as the browser asks, as the
    company speaks.
    """
    from flask import has_request_context, request, session

    from app.core import identity
    from app.core.settings import settings

    def select() -> str:
        if not has_request_context():
            return settings().locale
        asked = request.args.get("_l_")
        chosen = session.get("locale")
        actor = identity.current()
        own = actor.locale if actor is not None else ""
        for candidate in (asked, chosen, own):
            if candidate in LANGUAGES:
                return candidate
        wanted = (tag.partition("-")[0].lower() for tag, quality in request.accept_languages if quality > 0)
        return next((tag for tag in wanted if tag in LANGUAGES), settings().locale)

    app.extensions["babel"].locale_selector = select
    # Where templates find their texts.
    app.jinja_env.install_gettext_callables(
        gettext=lambda text: _messages().ugettext(text),
        ngettext=lambda one, many, number: _messages().ungettext(one, many, number),
        newstyle=True,
        pgettext=lambda context, text: _messages().upgettext(context, text),
        npgettext=lambda context, one, many, number: _messages().unpgettext(context, one, many, number),
    )
