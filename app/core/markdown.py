"""Markdown as HTML that can do no harm: written by people, read by others.

CommonMark with tables, strikethrough and lists of tasks; HTML in it is text.  What comes out is cleaned once more by an
allow-list: no scripts, styles or frames, pictures of this console alone (a foreign one is a link to it), links to the
web and to this console.
"""

from __future__ import annotations

import re
from functools import lru_cache
from urllib.parse import urlsplit

import nh3
from markdown_it import MarkdownIt
from markdown_it.rules_core import StateCore
from markdown_it.token import Token
from markupsafe import Markup

TAGS = {
    *("p", "br", "hr", "h1", "h2", "h3", "h4", "h5", "h6", "strong", "em", "s", "code", "pre", "blockquote"),
    *("ul", "ol", "li", "a", "img", "table", "thead", "tbody", "tr", "th", "td"),
    *("label", "input"),
}
ATTRIBUTES = {
    "a": {"href", "title"},
    "img": {"src", "alt", "title"},
    "ol": {"start"},
    "li": {"class"},
    "input": {"type", "checked", "disabled"},
}
TASK = re.compile(r"\[([ xX])\] +(?=\S)")
SCHEMES = {"http", "https", "mailto", "tel"}
OWN = re.compile(r"/(?!/)[^\\]*")  # an address of this console


@lru_cache(maxsize=1)
def _reader() -> MarkdownIt:
    reader = MarkdownIt("commonmark", {"html": False, "linkify": False}).enable(["table", "strikethrough"])
    reader.core.ruler.push("tasks", _tick)
    reader.core.ruler.push("foreign_pictures", _leave_out)
    return reader


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


def _tick(state: StateCore) -> None:
    """«- [x] done» as a box that nobody ticks here."""
    for item, paragraph, text in zip(state.tokens, state.tokens[1:], state.tokens[2:], strict=False):
        if (item.type, paragraph.type, text.type) != ("list_item_open", "paragraph_open", "inline"):
            continue
        said = text.children or []
        if not said or said[0].type != "text" or not (mark := TASK.match(said[0].content)):
            continue
        said[0].content = said[0].content[mark.end() :]
        box = f'<label><input type="checkbox" disabled{"" if mark[1] == " " else " checked"}> '
        text.children = [
            Token("html_inline", "", 0, content=box),
            *said,
            Token("html_inline", "", 0, content="</label>"),
        ]
        item.attrSet("class", "task")


def _leave_out(state: StateCore) -> None:
    """A picture from elsewhere as what stands for it: a link to it, where it is not within one."""
    for text in state.tokens:
        within, kept = 0, []
        for each in text.children or []:
            within += {"link_open": 1, "link_close": -1}.get(each.type, 0)
            address = str(each.attrGet("src") or "")
            if each.type != "image" or OWN.fullmatch(address):
                kept.append(each)
                continue
            told = Token("text", "", 0, content=each.content or address)
            if within or _address("a", "href", address) is None:
                kept.append(told)
            else:
                kept += [Token("link_open", "a", 1, attrs={"href": address}), told, Token("link_close", "a", -1)]
        if text.children:
            text.children = kept


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
