"""What somebody sees, reads and reaches on a page, asked of the page itself: each function gives complaints in words."""

from __future__ import annotations

from collections.abc import Iterable
from importlib import resources
from pathlib import Path
from typing import Any

from playwright.sync_api import Page, ViewportSize

SIZES = {"desk": ViewportSize(width=1440, height=900), "phone": ViewportSize(width=390, height=844)}
THEMES = ("light", "dark")
GRAVE = ("serious", "critical")
EYES = Path(__file__).with_name("eyes.js").read_text(encoding="utf-8")
# The engine itself: axe.run() is asked directly, since one page is asked several times, in one theme after the other.
AXE = (resources.files("axe_playwright_python") / "axe.min.js").read_text(encoding="utf-8")
RUN_AXE = """async ([context, rules]) => {
    const options = { resultTypes: ["violations"], elementRef: false };
    if (rules) options.runOnly = { type: "rule", values: rules };
    const { violations } = await axe.run(context || document, options);
    return violations.map(({ id, impact, nodes }) => [
        id,
        impact,
        nodes.slice(0, 3).map(({ html, failureSummary }) => `${html.slice(0, 160)} (${failureSummary.split("\\n").slice(1).join(" ").slice(0, 200)})`),
    ]);
}"""
# What reaches beyond the window, for who has to mend it.
WIDEST = """() => [...document.querySelectorAll("body *")]
    .filter((element) => element.getBoundingClientRect().right > innerWidth + 1 && !element.closest(".table-wrap"))
    .slice(0, 3)
    .map((element) => `${element.tagName}.${element.className}`)
    .join(", ")"""


# Painted at that width, and once more with what a script moved when it saw the width.
SETTLED = """width => new Promise((settled) => {
    const look = (left) => requestAnimationFrame(() => (left ? look(innerWidth === width ? left - 1 : left) : settled()));
    look(2);
})"""
FRAME = [[".sidebar"], [".topbar"]]  # what stands around every page


def resize(page: Page, size: str) -> None:
    """Make the window so wide, and wait until the page has followed."""
    if page.viewport_size != SIZES[size]:
        page.set_viewport_size(SIZES[size])
        page.evaluate(SETTLED, SIZES[size]["width"])


def dress(page: Page, theme: str) -> None:
    """Show the page in a theme, without loading it again."""
    page.evaluate("theme => { document.documentElement.dataset.theme = theme }", theme)


def read(page: Page, words: bool = False, data: Iterable[str] = ()) -> list[str]:
    """What is cut, lies over something else or (``words``) is English where Chinese is spoken and it is no ``data``."""
    return list(page.evaluate(EYES, {"words": words, "data": list(data)}))


def breadth(page: Page) -> list[str]:
    """Whether the page is wider than the window."""
    width, window = page.evaluate("[document.documentElement.scrollWidth, innerWidth]")
    return [f"{width} px wide in {window} px: {page.evaluate(WIDEST)}"] if width > window else []


def axe(page: Page, include: str | None = None, rules: list[str] | None = None, frame: bool = True) -> list[str]:
    """The serious and critical violations that axe-core finds on the page, or within ``include`` alone; without ``frame``
    not in what is around every page.
    """
    if not page.evaluate("typeof axe === 'object'"):
        page.evaluate(AXE)
    found: list[Any] = page.evaluate(RUN_AXE, [include if frame else {"exclude": FRAME}, rules])
    return [f"{rule} ({impact}): {'; '.join(nodes)}" for rule, impact, nodes in found if impact in GRAVE]
