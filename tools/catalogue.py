"""The message catalogues: `python -m tools.catalogue` (or `make catalogue`) brings them up to date.

The English text in the code is the key. A catalogue keeps its translations, gains what is new (untranslated)
and loses what is no longer used. It is written sorted, without places in the code and without dates, so that
a diff shows translations and nothing else. Nothing is guessed: a changed text is a new text.
"""

import io
import sys
import tokenize
from collections.abc import Iterator
from pathlib import Path

from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract_from_dir
from babel.messages.frontend import parse_mapping_cfg
from babel.messages.pofile import read_po, write_po
from jinja2 import TemplateSyntaxError

ROOT = Path(__file__).resolve().parent.parent

# What each function's arguments are: by number, «c» marks the context.
KEYWORDS: dict[str, tuple[int | tuple[int, str], ...] | None] = {
    "_": None,
    "_l": None,
    "N_": None,
    "gettext": None,
    "lazy_gettext": None,
    "ngettext": (1, 2),
    "lazy_ngettext": (1, 2),
    "pgettext": ((1, "c"), 2),
    "lazy_pgettext": ((1, "c"), 2),
    "npgettext": ((1, "c"), 2, 3),
}
# A comment above a message that begins so goes to the translator.
COMMENT_TAG = "TRANSLATORS:"

HEADER = """\
# Kehu's messages in «{locale}». Written by `make catalogue`: change only what stands after msgstr.
msgid ""
msgstr ""
"Language: {locale}\\n"
"MIME-Version: 1.0\\n"
"Content-Type: text/plain; charset=utf-8\\n"
"Content-Transfer-Encoding: 8bit\\n"
"Plural-Forms: {plural_forms};\\n"

"""

# A message's key: its context and its (singular) text.
Key = tuple[str | None, str]


class BrokenSource(Exception):
    """A file that messages cannot be collected from: its path, line and what is wrong."""


def key_of(message: Message) -> Key:
    return (message.context, message.id if isinstance(message.id, str) else message.id[0])


def messages_of(catalogue: Catalog) -> Iterator[Message]:
    """The messages of `catalogue` without its header, in the order of their texts."""
    return iter(sorted((message for message in catalogue if message.id), key=lambda m: (key_of(m)[1], m.context or "")))


def catalogue_paths(root: Path = ROOT) -> list[Path]:
    return sorted((root / "app" / "translations").glob("*/LC_MESSAGES/messages.po"))


def extract(root: Path = ROOT) -> Catalog:
    """Every message in the code and the templates of `root`/app, as babel.cfg says.

    `auto_comments` of a message are the comments for translators. Raises BrokenSource where a file cannot be
    read as what it is.
    """
    with (root / "babel.cfg").open() as file:
        methods, options = parse_mapping_cfg(file, filename="babel.cfg")
    catalogue = Catalog(fuzzy=False)
    begun: list[str] = []
    found = extract_from_dir(
        root / "app",
        methods,
        options,
        keywords=KEYWORDS,
        comment_tags=(COMMENT_TAG,),
        strip_comment_tags=True,
        callback=lambda filename, _method, _options: begun.append(filename),
    )
    try:
        for filename, line, text, comments, context in found:
            catalogue.add(text, locations=[(f"app/{filename}", line)], auto_comments=comments, context=context)
    except (SyntaxError, TemplateSyntaxError, tokenize.TokenError) as error:
        place = getattr(error, "lineno", None) or "?"
        raise BrokenSource(f"app/{begun[-1]}:{place}: {error}") from error
    return catalogue


def read(path: Path, locale: str | None = None) -> Catalog:
    """The catalogue at `path`; an empty one when there is none yet."""
    locale = locale or path.parts[-3]
    if not path.exists():
        return Catalog(locale=locale, fuzzy=False)
    with path.open("rb") as file:
        return read_po(file, locale=locale, abort_invalid=True)


def merge(used: Catalog, translated: Catalog) -> Catalog:
    """`used` with the translations, flags and comments that `translated` has for it."""
    known = {key_of(message): message for message in messages_of(translated)}
    merged = Catalog(locale=translated.locale, fuzzy=False)
    for message in messages_of(used):
        kept = known.get(key_of(message))
        # A plural has a list of forms, a plain text has one: a text that changed kinds is translated anew.
        if kept is not None and kept.pluralizable != message.pluralizable:
            kept = None
        merged.add(
            message.id,
            kept.string if kept else None,
            flags=(message.flags | kept.flags) if kept else message.flags,
            auto_comments=message.auto_comments,
            user_comments=kept.user_comments if kept else (),
            context=message.context,
        )
    return merged


def render(catalogue: Catalog) -> bytes:
    """The text of `catalogue` as a .po file, the same for the same messages."""
    sorted_catalogue = Catalog(locale=catalogue.locale, fuzzy=False)
    for message in messages_of(catalogue):
        sorted_catalogue[message.id] = message
    body = io.BytesIO()
    write_po(body, sorted_catalogue, width=0, no_location=True, omit_header=True, ignore_obsolete=True)
    header = HEADER.format(locale=catalogue.locale, plural_forms=catalogue.plural_forms)
    return header.encode() + body.getvalue().strip() + b"\n"


def texts_of(message: Message) -> list[str]:
    """The translations of `message`: one, or one for each plural form; "" where there is none."""
    strings = message.string if isinstance(message.string, (list, tuple)) else [message.string]
    return [string or "" for string in strings]


def is_translated(message: Message) -> bool:
    return bool(texts_of(message)) and all(texts_of(message))


def main() -> int:
    used = extract()
    for path in catalogue_paths() or [ROOT / "app/translations/zh/LC_MESSAGES/messages.po"]:
        before = read(path)
        after = merge(used, before)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(render(after))
        dropped = {key_of(m) for m in messages_of(before)} - {key_of(m) for m in messages_of(after)}
        untranslated = [message for message in messages_of(after) if not is_translated(message)]
        print(f"{path.relative_to(ROOT)}: {len(after)} messages, {len(dropped)} no longer used and dropped")
        for message in untranslated:
            print(f"  to translate: {key_of(message)[1]!r}")
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except BrokenSource as error:
        sys.exit(str(error))
