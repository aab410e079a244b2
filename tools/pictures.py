"""Pictures of every page of the console, into build/pictures/: `make pictures`; ARGS="--only list --theme dark".

With --guide: those alone that the user guide shows, into docs/user-guide/images/, in either language.

A server with the demo company runs for as long as it takes.  A picture's name tells what it shows:
`en-light-wide/customers-list.png`.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Page

from app.core.web.view import EntityView, views
from tests.support.browser import open_browser
from tests.support.server import LiveServer
from tools import guide_pictures

ROOT = Path(__file__).resolve().parents[1]
OUTPUT = ROOT / "build" / "pictures"
SIZES = {"wide": (1440, 900), "phone": (390, 844)}
LANGUAGES = {"en": "en-US", "zh": "zh-CN"}
THEMES = ("light", "dark")
KINDS = (
    "login",
    "home",
    "password",
    "list",
    "add",
    "record",
    "edit",
    "import",
    "permissions",
    "empty",
    "error",
    "search",
    "views",
    "bulk",
    "print",
)
WIDEST_PICTURE = 1280  # px, of the guide
PASSWORD = "a password for pictures"
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
    parser.add_argument("--guide", action="store_true", help="the pictures of the user guide")
    parser.add_argument("--url", help="a server that runs already, with --username and --password")
    parser.add_argument("--username", default=LiveServer.username)
    parser.add_argument("--password", default="")
    asked = parser.parse_args(arguments)

    complaints: list[str] = []
    taken = 0
    with server(asked) as (url, username, password), open_browser() as browser:
        if asked.guide:
            for language in asked.language:
                taken += take_guide(browser, url, language, username, password, complaints)
            return ended(taken, guide_pictures.GUIDE / "images", complaints)
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
    return ended(taken, asked.output, complaints)


def ended(taken: int, folder: Path, complaints: list[str]) -> int:
    """Say what came of it; the exit status."""
    print(f"{taken} pictures in {folder}")
    for complaint in complaints:
        print(complaint, file=sys.stderr)
    return 1 if complaints else 0


def take_guide(browser: Browser, url: str, language: str, username: str, password: str, complaints: list[str]) -> int:
    """Take the pictures of the guide in a language; how many."""
    names = guide_pictures.shown(language)
    folder = guide_pictures.place(language, "x").parent
    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.glob("*.png"):
        old.unlink()
    people = {guide_pictures.PEOPLE[guide_pictures.SHOTS[name].who][language] for name in names}
    let_in(url, username, password, people - {username})
    for who in sorted(people):
        for size in SIZES:
            shots = {
                name: shot
                for name, shot in guide_pictures.SHOTS.items()
                if name in names and shot.size == size and guide_pictures.PEOPLE[shot.who][language] == who
            }
            if not shots:
                continue
            camera = Camera(browser, url, folder, language, "light", size)
            if size == "wide":
                camera.page.set_viewport_size({"width": WIDEST_PICTURE, "height": 800})
            camera.log_in(who, password if who == username else PASSWORD)
            camera.speak(language)
            for name, shot in shots.items():
                camera.take_shot(name, shot)
                guide_pictures.shrink(folder / f"{name}.png")
            camera.close()
            complaints += camera.complaints
    return len(names)


def let_in(url: str, username: str, password: str, people: set[str]) -> None:
    """Give people of the demo company a password, over the API."""
    headers = {"Content-Type": "application/json"}

    def call(method: str, path: str, body: dict[str, object] | None = None) -> dict[str, Any]:
        data = json.dumps(body).encode() if body is not None else None
        request = urllib.request.Request(f"{url}/api/v1/{path}", data, headers, method=method)
        with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request, timeout=60) as answer:
            found: dict[str, Any] = json.load(answer)
            return found

    said = call("POST", "security/login", {"username": username, "password": password, "provider": "db"})
    headers["Authorization"] = f"Bearer {said['access_token']}"
    for user in call("GET", "users/?q=(page_size:100)")["result"]:
        if user["username"] in people:
            call("PUT", f"users/{user['id']}", {"new_password": PASSWORD})


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

    def take_shot(self, name: str, shot: guide_pictures.Shot) -> None:
        """A picture of the guide: the first screen of a page, after what is done there."""
        path = shot.path
        if shot.first_record:
            path = self.first(path) or path
        answer = self.page.goto(self.url + path)
        if answer is None or not answer.ok:
            self.complain(f"answered {answer.status if answer else 'nothing'}")
        self.page.wait_for_load_state("networkidle")
        if shot.act is not None:
            shot.act(self.page)
            self.page.wait_for_timeout(300)
        self.page.screenshot(path=self.folder / f"{name}.png", animations="disabled")
        self.taken += 1

    def take_after(self, path: str, name: str, act: Callable[[Page], Any]) -> None:
        """The picture of a page on which something was done first."""
        self.take_shot(name, guide_pictures.Shot("", path, act=act))

    def speak(self, language: str) -> None:
        """Choose the language, whatever the user's own is."""
        if self.page.locator("html").get_attribute("lang") != language:
            self.page.locator("details:has(button[name=locale]) > summary").click()
            self.page.locator(f"button[name=locale][value={language}]").click()
            self.page.wait_for_load_state("networkidle")

    def log_in(self, username: str, password: str) -> None:
        """As a user does."""
        self.page.goto(f"{self.url}/login/")
        self.page.fill("#username", username)
        self.page.fill("#password", password)
        self.page.click("[data-submit]")
        self.page.locator(".user-menu").wait_for()

    def first(self, path: str) -> str | None:
        """The address of the first record in a list."""
        self.page.goto(f"{self.url}{path}")
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
        if "error" in kinds:
            for path, name in (("/nothing/here", "error-404"), ("/customers/show/987654", "error-record")):
                self.take_after(path, name, lambda _page: None)
        if "search" in kinds:
            self.take_after("/", "palette", guide_pictures.search)
            self.take("/search/?q=bei", "search")
        for resource, view in console().items():
            if resources and resource not in resources:
                continue
            operations = view.operations()
            if "list" in kinds:
                self.take(f"/{resource}/list/", f"{resource}-list")
            if "add" in kinds and "add" in operations:
                self.take(f"/{resource}/add", f"{resource}-add")
            if "record" in kinds and (record := self.first(f"/{resource}/list/")):
                self.take(record, f"{resource}-record")
            if "edit" in kinds and "edit" in operations and (record := self.first(f"/{resource}/list/")):
                self.take(record.replace("/show/", "/edit/").split("?")[0], f"{resource}-edit")
            if "print" in kinds and (record := self.first(f"/{resource}/list/")):
                self.page.emulate_media(media="print")
                self.take(record, f"{resource}-print")
                self.page.emulate_media(media="screen")
            if "empty" in kinds:
                self.take(f"/{resource}/list/?q=qqqq", f"{resource}-empty")
            if "bulk" in kinds and "edit" in operations:
                self.take_after(f"/{resource}/list/", f"{resource}-bulk", choose_all)
            if "views" in kinds:
                self.take_after(f"/{resource}/list/", f"{resource}-views", open_views)
            if "import" in kinds and "import" in operations:
                self.take(f"/{resource}/import", f"{resource}-import")


def choose_all(page: Page) -> None:
    """Choose every row of a list."""
    box = page.locator("[data-pick-all]")
    if box.count() and box.is_visible():
        box.check()


def open_views(page: Page) -> None:
    """Open the menu of a list's saved views."""
    summary = page.locator("details.views > summary")
    if summary.count():
        summary.first.click()


def console() -> dict[str, type[EntityView]]:
    """The views of the console's map, by resource, in its order."""
    from app.views import CONSOLE

    found = {view.model.resource: view for section in CONSOLE for view in section.views}
    return {resource: view for resource, view in found.items() if resource in views}


if __name__ == "__main__":
    sys.exit(main())
