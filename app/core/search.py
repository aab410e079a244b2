"""The text that pickers and lists search: names as typed, full pinyin and pinyin initials, so «bjkj» finds 北京科技."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from functools import lru_cache
from typing import Any

import sqlalchemy as sa

_KEPT = "\0"  # before a part that is no Chinese and stays whole


def folded(text: str) -> str:
    """``text`` as it is compared: one width, lower case, no accents, single spaces, nothing that can't be stored."""
    plain = unicodedata.normalize("NFKD", text).casefold()
    kept = (
        letter
        for letter in plain
        if not unicodedata.combining(letter) and letter != "\0" and not "\ud800" <= letter <= "\udfff"
    )
    return " ".join("".join(kept).split())


@lru_cache(maxsize=50_000)
def _spoken(word: str) -> tuple[str, str]:
    """A word's pinyin in full and by initials.  Words come again and again, and to look one up costs more than all else
    in a write.
    """
    from pypinyin import lazy_pinyin

    syllables = lazy_pinyin([word], errors=lambda other: [_KEPT + other])  # type: ignore[arg-type,return-value]
    full = "".join(part.removeprefix(_KEPT) for part in syllables)
    return full, "".join(part[1:] if part.startswith(_KEPT) else part[0] for part in syllables)


def search_text(parts: Iterable[Any]) -> str:
    """What is stored to be searched: the folded parts, and for Chinese ones their pinyin in full and by initials."""
    texts: list[str] = []
    for part in parts:
        text = str(part or "").strip()
        if not text:
            continue
        texts.append(folded(text))
        if any("\u3400" <= letter <= "\u9fff" for letter in text):
            # Loaded when it is first needed: its tables cost a third of a second.
            from pypinyin.seg.mmseg import seg

            spoken = [_spoken(word) for word in seg.cut(text)]
            texts.append(folded("".join(full for full, _initials in spoken)))
            texts.append(folded("".join(initials for _full, initials in spoken)))
    return " | ".join(texts)


def matches(column: Any, query: str) -> sa.ColumnElement[bool] | None:
    """The condition that every word of ``query`` occurs in ``column`` (a search text); None for an empty query."""
    words = folded(query).split()
    if not words:
        return None
    return sa.and_(*(column.like(f"%{escaped(word)}%", escape="\\") for word in words))


def escaped(text: str) -> str:
    """``text`` with LIKE's wildcards taken literally (escape character backslash)."""
    return text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
