"""The text that pickers and lists search: names as typed, full pinyin and pinyin initials, so «bjkj» finds 北京科技."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from typing import Any

import sqlalchemy as sa
from pypinyin import lazy_pinyin

_KEPT = "\0"  # before a part that is no Chinese and stays whole


def folded(text: str) -> str:
    """``text`` as it is compared: one width, lower case, no accents, single spaces."""
    plain = unicodedata.normalize("NFKD", text).casefold()
    return " ".join("".join(letter for letter in plain if not unicodedata.combining(letter)).split())


def search_text(parts: Iterable[Any]) -> str:
    """What is stored to be searched: the folded parts, and for Chinese ones their pinyin in full and by initials."""
    texts: list[str] = []
    for part in parts:
        text = str(part or "").strip()
        if not text:
            continue
        texts.append(folded(text))
        if any("\u3400" <= letter <= "\u9fff" for letter in text):
            spoken = lazy_pinyin(text, errors=lambda other: [_KEPT + other])  # type: ignore[arg-type,return-value]
            texts.append(folded("".join(part.removeprefix(_KEPT) for part in spoken)))
            texts.append(folded("".join(part.removeprefix(_KEPT) if part.startswith(_KEPT) else part[0] for part in spoken)))
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
