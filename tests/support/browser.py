"""A real browser for the tests: the system's Chromium, driven by Playwright."""

import functools
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

from playwright.sync_api import Browser, Error, Locator, Page, Request, sync_playwright

# Neither the browser nor a page finds any other machine: a page that needs one fails here as it would in a
# company without a way out.
ARGUMENTS = [
    "--no-sandbox",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-quic",
    "--disable-gpu",
    "--no-first-run",
    # Of several browsers at once none is in front: their pages are drawn and run all the same.
    "--disable-renderer-backgrounding",
    "--disable-backgrounding-occluded-windows",
    "--disable-background-timer-throttling",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost",
    # A microphone that beeps.
    "--use-fake-device-for-media-stream",
    "--use-fake-ui-for-media-stream",
]

# What a person does with an element, who sees the page come up first.
ACTIONS = (
    "check",
    "click",
    "dblclick",
    "drag_to",
    "fill",
    "hover",
    "press",
    "press_sequentially",
    "select_option",
    "set_checked",
    "set_input_files",
    "tap",
    "uncheck",
)
# Modules have run before DOMContentLoaded; readyState says «interactive» before they do.
STARTED = """() => performance.getEntriesByType("navigation")[0]?.domContentLoadedEventStart > 0
  || document.readyState === "complete"
  || new Promise((done) => document.addEventListener("DOMContentLoaded", done, { once: true }))"""
OWN = ("http://127.0.0.1:", "http://localhost:", "data:", "blob:", "about:")


def executable() -> str:
    """Chromium's path: KEHU_TEST_CHROMIUM, or `chromium` on the path."""
    found = os.environ.get("KEHU_TEST_CHROMIUM") or shutil.which("chromium")
    if not found:
        raise RuntimeError("The tests need Chromium (Debian: apt-get install chromium)")
    return found


def _started(action: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(action)
    def when_started(self: Locator, *args: Any, **options: Any) -> Any:
        # The page left meanwhile, or there is no such element: the action itself waits, or says so.
        with suppress(Error):
            self.first.evaluate(STARTED, timeout=options.get("timeout"))
        return action(self, *args, **options)

    return when_started


def _on_page(name: str) -> Callable[..., Any]:
    def on_page(self: Page, selector: str, *args: Any, **options: Any) -> Any:
        return getattr(self.locator(selector), name)(*args, **options)

    return on_page


# Playwright finds an element as soon as it is parsed, before the page's scripts hold it, and what it does then is lost on
# them.  On a busy machine that is often enough; each action waits for the scripts of the document its element stands in.
for _name in ACTIONS:
    setattr(Locator, _name, _started(getattr(Locator, _name)))
    if hasattr(Page, _name):
        setattr(Page, _name, _on_page(_name))


@contextmanager
def open_browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable(), args=ARGUMENTS)
        yield browser
        browser.close()


@contextmanager
def open_page(browser: Browser, locale: str = "en-US", **more: Any) -> Iterator[Page]:
    """A page with cookies of its own; ``more`` is said of its context.

    AssertionError at its end when a script failed or it asked a foreign host for something.
    """
    complaints: list[str] = []

    def note_request(request: Request) -> None:
        if not request.url.startswith(OWN):
            complaints.append(f"asked {request.url}")

    context = browser.new_context(**{"locale": locale, "viewport": {"width": 1280, "height": 800}, **more})
    context.set_default_timeout(15_000)
    page = context.new_page()
    page.on("pageerror", lambda error: complaints.append(f"script error: {error}"))
    page.on("request", note_request)
    yield page
    context.close()
    assert not complaints, "\n".join(complaints)
