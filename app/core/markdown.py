"""Markdown as HTML that can do no harm: written by people, read by others.

CommonMark with tables and strikethrough; HTML in it is text.  What comes out is cleaned once more by an allow-list:
no scripts, styles or frames, pictures of this console alone, links to the web and to this console.
"""

from __future__ import annotations

import re
from functools import lru_cache
from urllib.parse import urlsplit

import nh3
from markdown_it import MarkdownIt
from markupsafe import Markup

TAGS = {
    *("p", "br", "hr", "h1", "h2", "h3", "h4", "h5", "h6", "strong", "em", "s", "code", "pre", "blockquote"),
    *("ul", "ol", "li", "a", "img", "table", "thead", "tbody", "tr", "th", "td"),
}
ATTRIBUTES = {"a": {"href", "title"}, "img": {"src", "alt", "title"}, "ol": {"start"}}
SCHEMES = {"http", "https", "mailto", "tel"}
OWN = re.compile(r"/(?!/)[^\\]*")  # an address of this console


@lru_cache(maxsize=1)
def _reader() -> MarkdownIt:
    return MarkdownIt("commonmark", {"html": False, "linkify": False}).enable(["table", "strikethrough"])


def html(text: str) -> Markup:
    """``text`` as HTML."""
    made = _reader().render(text)
    return Markup(
        nh3.clean(
            made,
            tags=TAGS,
            attributes=ATTRIBUTES,
            attribute_filter=_address,
            url_schemes=SCHEMES,
            link_rel="noopener noreferrer nofollow",
        )
    )


def plain(text: str, length: int = 160) -> str:
    """The beginning of ``text`` without its marks."""
    bare = nh3.clean(_reader().render(text), tags=set())
    told = " ".join(Markup(bare).unescape().split())
    return told if len(told) <= length else f"{told[:length].rstrip()}…"


def _address(tag: str, name: str, value: str) -> str | None:
    if (tag, name) == ("img", "src"):
        # A foreign picture would tell its server who reads.
        return value if OWN.fullmatch(value) else None
    if (tag, name) == ("a", "href"):
        try:
            scheme = urlsplit(value).scheme
        except ValueError:
            return None
        return value if scheme in SCHEMES or (not scheme and (OWN.fullmatch(value) or value.startswith("#"))) else None
    return value
