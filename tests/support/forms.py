"""A page's form as a browser without scripts would send it."""

from __future__ import annotations

from html.parser import HTMLParser


class _Reader(HTMLParser):
    """Collects what the controls inside one form hold; templates are no part of a page."""

    def __init__(self, mark: str) -> None:
        super().__init__()
        self.mark = mark
        self.inside = self.found = False
        self.templates = 0
        self.sent: list[tuple[str, str]] = []
        self.select = ""
        self.option: tuple[str, bool] | None = None
        self.options: list[tuple[str, bool]] = []
        self.area: str | None = None
        self.text = ""

    def handle_starttag(self, tag: str, given: list[tuple[str, str | None]]) -> None:
        attributes = {name: value or "" for name, value in given}
        if tag == "template":
            self.templates += 1
        if tag == "form" and not self.found and self.mark in (self.get_starttag_text() or ""):
            self.inside = self.found = True
        if not self.inside or self.templates or "disabled" in attributes:
            return
        name = attributes.get("name", "")
        if tag == "input" and name:
            kind = attributes.get("type", "text")
            if kind in ("submit", "button", "file") or (kind in ("checkbox", "radio") and "checked" not in attributes):
                return
            self.sent.append((name, attributes.get("value", "on" if kind == "checkbox" else "")))
        elif tag == "select":
            self.select, self.options = name, []
        elif tag == "option":
            self.options.append((attributes.get("value", ""), "selected" in attributes))
        elif tag == "textarea":
            self.area, self.text = name, ""

    def handle_endtag(self, tag: str) -> None:
        if tag == "template":
            self.templates -= 1
        if tag == "form":
            self.inside = False
        if tag == "select" and self.select:
            chosen = [value for value, is_selected in self.options if is_selected]
            self.sent += [(self.select, value) for value in chosen or [value for value, _no in self.options[:1]]]
            self.select = ""
        if tag == "textarea" and self.area is not None:
            self.sent.append((self.area, self.text.removeprefix("\n")))
            self.area = None

    def handle_data(self, data: str) -> None:
        if self.area is not None:
            self.text += data


def as_sent(page: str, mark: str = "data-form") -> dict[str, str | list[str]]:
    """What the first form of ``page`` (HTML) whose tag holds ``mark`` would send; several of a name as a list.

    AssertionError when there is none.
    """
    reader = _Reader(mark)
    reader.feed(page)
    assert reader.found, f"no form with {mark}"
    sent: dict[str, str | list[str]] = {}
    for name, value in reader.sent:
        if name in sent:
            before = sent[name]
            sent[name] = [*before, value] if isinstance(before, list) else [before, value]
        else:
            sent[name] = value
    return sent
