"""Pictures of every page of the console, into build/pictures/: `make pictures`; ARGS="--only list --theme dark".

A server with the demo company runs for as long as it takes.  A picture's name tells what it shows:
`en-light-wide/customers-list.png`.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser, Page

from app.core.web.view import EntityView, views
from tests.support.browser import open_browser
from tests.support.server import LiveServer

ROOT = Path(__file__).resolve().parents[1]
OUTPUT = ROOT / "build" / "pictures"
SIZES = {"wide": (1440, 900), "phone": (390, 844)}
LANGUAGES = {"en": "en-US", "zh": "zh-CN"}
THEMES = ("light", "dark")
KINDS = ("login", "home", "password", "list", "add", "record", "import", "permissions")
DEMO_TIMEOUT = 300  # seconds in which the demo company is made


def main(arguments: list[str] | None = None) -> int:
    """Take the pictures that are asked for; the exit status is 1 when a page did not answer as it should."""
    parser = argparse.ArgumentParser(prog="tools.pictures", description=__doc__)
    parser.add_argument("--only", choices=KINDS, nargs="*", default=KINDS, help="kinds of pages")
    parser.add_argument("--resource", nargs="*", help="customers, products, …; all when left out")
    parser.add_argument("--language", choices=sorted(LANGUAGES), nargs="*", default=list(LANGUAGES))
    parser.add_argument("--theme", choices=THEMES, nargs="*", default=THEMES)
    parser.add_argument("--size", choices=sorted(SIZES), nargs="*", default=list(SIZES))
    parser.add_argument("--output", type=Path, default=OUTPUT)
    parser.add_argument("--url", help="a server that runs already, with --username and --password")
    parser.add_argument("--username", default=LiveServer.username)
    parser.add_argument("--password", default="")
    asked = parser.parse_args(arguments)

    complaints: list[str] = []
    taken = 0
    with server(asked) as (url, username, password), open_browser() as browser:
        for language in asked.language:
            for theme in asked.theme:
                for size in asked.size:
                    folder = asked.output / f"{language}-{theme}-{size}"
                    folder.mkdir(parents=True, exist_ok=True)
                    camera = Camera(browser, url, folder, language, theme, size)
                    camera.walk(username, password, asked.only, asked.resource)
                    camera.close()
                    taken += camera.taken
                    complaints += camera.complaints
    print(f"{taken} pictures in {asked.output}")
    for complaint in complaints:
        print(complaint, file=sys.stderr)
    return 1 if complaints else 0


@contextmanager
def server(asked: argparse.Namespace) -> Iterator[tuple[str, str, str]]:
    """Address, user name and password of the server to look at: the one that was named, or a new one."""
    if asked.url:
        yield asked.url.rstrip("/"), asked.username, asked.password
        return
    with tempfile.TemporaryDirectory() as folder:
        demo = LiveServer(Path(folder), arguments=("--demo",))
        demo.start(within=DEMO_TIMEOUT)
        try:
            yield demo.url, demo.username, demo.password
        finally:
            demo.stop()


class Camera:
    """A browser of one language, theme and size, and the folder it fills."""

    def __init__(self, browser: Browser, url: str, folder: Path, language: str, theme: str, size: str) -> None:
        width, height = SIZES[size]
        self.url = url
        self.folder = folder
        self.taken = 0
        self.complaints: list[str] = []
        self.context = browser.new_context(
            locale=LANGUAGES[language],
            viewport={"width": width, "height": height},
            color_scheme="dark" if theme == "dark" else "light",
            has_touch=size == "phone",
        )
        self.page: Page = self.context.new_page()
        self.page.on("pageerror", lambda error: self.complain(f"script error: {error}"))
        self.page.on("console", lambda said: self.complain(said.text) if said.type == "error" else None)

    def close(self) -> None:
        """Put the browser away."""
        self.context.close()

    def complain(self, text: str) -> None:
        """Something is wrong with the page at hand."""
        self.complaints.append(f"{self.folder.name} {self.page.url}: {text}")

    def take(self, path: str, name: str) -> None:
        """The picture of a page; its first screen, and the whole of it where it is longer."""
        answer = self.page.goto(self.url + path)
        if answer is None or not answer.ok:
            self.complain(f"answered {answer.status if answer else 'nothing'}")
            return
        self.page.wait_for_load_state("networkidle")
        self.page.screenshot(path=self.folder / f"{name}.png", animations="disabled")
        self.taken += 1
        width, height, window_width, window_height = self.page.evaluate(
            "[document.documentElement.scrollWidth, document.documentElement.scrollHeight, innerWidth, innerHeight]"
        )
        if width > window_width:
            self.complain(f"is {width} px wide in a window of {window_width} px")
        if height > window_height * 1.3:
            self.page.screenshot(path=self.folder / f"{name}-whole.png", full_page=True, animations="disabled")
            self.taken += 1

    def log_in(self, username: str, password: str) -> None:
        """As a user does."""
        self.page.goto(f"{self.url}/login/")
        self.page.fill("#username", username)
        self.page.fill("#password", password)
        self.page.click("[data-submit]")
        self.page.locator(".user-menu").wait_for()

    def first(self, resource: str) -> str | None:
        """The address of the first record in a list."""
        self.page.goto(f"{self.url}/{resource}/list/")
        row = self.page.locator("tr[data-href]").first
        return row.get_attribute("data-href") if row.count() else None

    def walk(self, username: str, password: str, kinds: list[str], resources: list[str] | None) -> None:
        """Every page of the kinds that are asked for."""
        if "login" in kinds:
            self.take("/login/", "login")
        self.log_in(username, password)
        if "home" in kinds:
            self.take("/", "home")
        if "password" in kinds:
            self.take("/account/password", "password")
        if "permissions" in kinds:
            self.take("/role-permissions/2", "role-permissions")
        for resource, view in console().items():
            if resources and resource not in resources:
                continue
            operations = view.operations()
            if "list" in kinds:
                self.take(f"/{resource}/list/", f"{resource}-list")
            if "add" in kinds and "add" in operations:
                self.take(f"/{resource}/add", f"{resource}-add")
            if "record" in kinds and (record := self.first(resource)):
                self.take(record, f"{resource}-record")
            if "import" in kinds and "import" in operations:
                self.take(f"/{resource}/import", f"{resource}-import")


def console() -> dict[str, type[EntityView]]:
    """The views of the console's map, by resource, in its order."""
    from app.views import CONSOLE

    found = {view.model.resource: view for section in CONSOLE for view in section.views}
    return {resource: view for resource, view in found.items() if resource in views}


if __name__ == "__main__":
    sys.exit(main())
