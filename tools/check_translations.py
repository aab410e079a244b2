"""Says what the catalogues lack: `python -m tools.check_translations` (in `make check`) exits 1 and lists it.

Every message of app/ must be translated in every language, with the placeholders of the original; a
translation that nothing uses is listed as well. `make catalogue` adds and drops entries; the translating is
done by hand.
"""

import re
import sys
from collections.abc import Iterator
from pathlib import Path

from babel.messages.catalog import Catalog, Message

from tools.catalogue import (
    ROOT,
    BrokenSource,
    catalogue_paths,
    extract,
    is_translated,
    key_of,
    messages_of,
    read,
    texts_of,
)

# Languages that a release is never without.
REQUIRED = ("zh",)

PLACEHOLDER = re.compile(r"%\((\w+)\)[#0\- +]*\d*(?:\.\d+)?[a-zA-Z]")


def placeholders(text: str) -> set[str]:
    return set(PLACEHOLDER.findall(text))


def has_lone_percent(text: str) -> bool:
    """Whether a % is neither a placeholder nor doubled: formatting `text` would raise an error."""
    return "%" in PLACEHOLDER.sub("", text).replace("%%", "")


def check_placeholders(message: Message) -> str | None:
    """What is wrong with the placeholders of a translated `message`; None when nothing is."""
    originals = [message.id] if isinstance(message.id, str) else list(message.id[:2])
    # A form for «one» may leave the number out, as the original may; the last form is the one for many.
    singular, plural = placeholders(originals[0]), placeholders(originals[-1])
    allowed, required = singular | plural, singular & plural
    strings = texts_of(message)
    for index, string in enumerate(strings):
        found = placeholders(string)
        if extra := found - allowed:
            return f"has %({sorted(extra)[0]})s, which the original has not"
        if lost := (plural if index == len(strings) - 1 else required) - found:
            return f"lacks %({sorted(lost)[0]})s"
        if has_lone_percent(string) and (allowed or not any(map(has_lone_percent, originals))):
            return "has a lone %, which formatting takes for a placeholder: write %%"
    return None


def problems(used: Catalog, translated: Catalog) -> Iterator[str]:
    """What `translated` lacks of `used`, and has beside it: one sentence each."""
    known = {key_of(message): message for message in messages_of(translated)}
    for message in messages_of(used):
        text = key_of(message)[1]
        place = f" ({message.locations[0][0]})" if message.locations else ""
        found = known.pop(key_of(message), None)
        if found is None:
            yield f"missing: {text!r}{place}"
        elif found.pluralizable != message.pluralizable:
            yield f"missing: {text!r}{place} is not in the catalogue with the same plural"
        elif not is_translated(found):
            yield f"empty: {text!r}{place}"
        elif found.fuzzy:
            yield f"fuzzy: {text!r}{place}"
        elif wrong := check_placeholders(found):
            yield f"placeholder: {text!r} {wrong}"
        elif not isinstance(found.id, str) and found.id != message.id:
            yield f"missing: {text!r}{place} has another plural in the catalogue"
    for _context, text in known:
        yield f"unused: {text!r}"


def main(root: Path = ROOT) -> int:
    paths = catalogue_paths(root)
    absent = [language for language in REQUIRED if language not in {path.parts[-3] for path in paths}]
    used = extract(root)
    found = [f"{language}: has no catalogue" for language in absent]
    for path in paths:
        found += [f"{path.parts[-3]}: {problem}" for problem in problems(used, read(path))]
    if found:
        print("\n".join(found), file=sys.stderr)
        print(
            f"{len(found)} problems in the translations; make catalogue adds and drops entries.",
            file=sys.stderr,
        )
        return 1
    print(f"Translations: {len(used)} messages, all translated.")
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except BrokenSource as error:
        sys.exit(str(error))
