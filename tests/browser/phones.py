"""Telephones of people who sell, with a camera, a microphone and a position, and the API as each of them may use it."""

from __future__ import annotations

import io
import json
import secrets
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from PIL import Image
from playwright.sync_api import Browser, Page, expect

from tests.browser.company import Company
from tests.support.browser import open_page

PASSWORD = secrets.token_urlsafe(16)
HARBOUR = {"latitude": 31.2304, "longitude": 121.4737}
OPEN = "[data-waiting] > li"
PEOPLE = """() => new Promise((resolve) => {
    const asked = indexedDB.open("kehu-field");
    asked.onsuccess = () => {
        const all = asked.result.transaction("people").objectStore("people").getAllKeys();
        all.onsuccess = () => (asked.result.close(), resolve(all.result));
    };
})"""
"""The ids of the users whose customers a browser keeps."""
WRITTEN = (
    PEOPLE.replace('"people"', '"entries"')
    .replace("getAllKeys", "getAll")
    .replace("resolve(all.result)", "resolve(all.result.map(each => [each.state, each.part]))")
)
BEGUN = PEOPLE.replace('"people"', '"drafts"')
CACHED = """async () => {
    const [name] = await caches.keys();
    return name ? (await (await caches.open(name)).keys()).length : 0;
}"""
SHELL = 15  # files of the page, at least
_opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))


class Person:
    """Somebody who works here: an account, and the API as it answers them."""

    def __init__(self, company: Company, name: str, role: str = "Salesperson") -> None:
        self.company, self.name = company, name
        roles = {each["name"]: each["id"] for each in company.call("GET", "roles/?q=(page_size:100)")["result"]}
        user = {"username": name, "first_name": name.title(), "last_name": "Li", "email": f"{name}@example.com"}
        user |= {"active": True, "password": PASSWORD, "roles": [roles[role]]}
        self.id = company.call("POST", "security/users/", user)["id"]
        self._token = self.call("POST", "security/login", {"username": name, "password": PASSWORD, "provider": "db"})[
            "access_token"
        ]

    def log_in(self, page: Page) -> None:
        """Be this person in the browser."""
        self.company.log_in(page, self.name, PASSWORD)

    def call(self, method: str, path: str, body: Any = None) -> Any:
        """What the API answers."""
        return json.loads(self.fetch(path, method, body))

    def fetch(self, path: str, method: str = "GET", body: Any = None) -> bytes:
        """The bytes that it answers with."""
        request = urllib.request.Request(f"{self.company.url}/api/v1/{path}", method=method)
        request.add_header("Content-Type", "application/json")
        if token := getattr(self, "_token", ""):
            request.add_header("Authorization", f"Bearer {token}")
        data = None if body is None else json.dumps(body).encode()
        with _opener.open(request, data=data, timeout=30) as answer:
            return bytes(answer.read())

    def add(self, resource: str, **fields: Any) -> Any:
        """A new row of theirs, as answered."""
        return self.call("POST", f"{resource}/", fields)["result"]

    def rows(self, resource: str) -> list[Any]:
        """The rows that they see, the oldest first."""
        return list(self.call("GET", f"{resource}/?q=(order_column:id,order_direction:asc,page_size:100)")["result"])


@contextmanager
def phone(browser: Browser, locale: str = "en-US") -> Iterator[Page]:
    """A page on a telephone."""
    size = {"width": 390, "height": 844}
    with open_page(
        browser,
        locale,
        viewport=size,
        timezone_id="Asia/Shanghai",
        geolocation=HARBOUR,
        permissions=["geolocation", "microphone"],
        reduced_motion="reduce",
    ) as page:
        yield page


def wait_until(page: Page, script: str, is_so: Callable[[Any], bool]) -> None:
    """Ask the page until what its script gives is so."""
    for _turn in range(150):
        if is_so(page.evaluate(script)):
            return
        page.wait_for_timeout(100)
    raise AssertionError(f"{script} gives {page.evaluate(script)}")


def open_field(company: Company, page: Page, person: Person) -> None:
    """Log in and open the field form, until it can do without a connection."""
    person.log_in(page)
    page.goto(f"{company.url}/field")
    expect(page.locator("[data-link]")).to_be_visible()
    page.evaluate("() => navigator.serviceWorker.ready")
    wait_until(page, CACHED, lambda count: count > SHELL)
    wait_until(page, PEOPLE, lambda people: person.id in people)
    settle(page)


def settle(page: Page) -> None:
    """Wait until what waits was sent."""
    expect(page.locator("[data-nothing-waits]")).to_be_visible(timeout=30_000)


def choose(page: Page, typed: str) -> None:
    """Choose a customer by typing."""
    view = page.locator("form[data-view]:visible")
    view.locator("[data-find]").fill(typed)
    view.locator("[data-matches] button").first.click()
    expect(view.locator("[data-chosen-name]")).to_contain_text(typed)


def tell(page: Page, outcome: str, summary: str, **more: str) -> None:
    """Fill in the contact record."""
    page.fill("#outcome", outcome)
    page.fill("#summary", summary)
    for name, text in more.items():
        page.fill(f"#{name}", text)


def shoot(page: Page, content: bytes) -> None:
    """Take a photo."""
    page.locator("[data-view=record] [data-photo]").set_input_files(
        {"name": "IMG_0001.jpg", "mimeType": "image/jpeg", "buffer": content}
    )
    expect(page.locator("[data-shots] [data-kind=photo] img")).to_be_visible()


def speak(page: Page, milliseconds: int = 1500) -> None:
    """Record a voice memo of the microphone's beeps."""
    button = page.locator("form:visible [data-voice]")
    button.click()
    expect(button).to_have_attribute("data-running", "")
    page.wait_for_timeout(milliseconds)
    button.click()


def save(page: Page) -> None:
    """Press the form's button, which leads to the beginning."""
    page.locator("form:visible [type=submit]").click()
    expect(page.locator("[data-view=home]")).to_be_visible()


def picture(colour: str = "teal") -> bytes:
    """A JPEG of 640 by 480."""
    out = io.BytesIO()
    Image.new("RGB", (640, 480), colour).save(out, "JPEG")
    return out.getvalue()


HEARD = """async (url) => {
    const bytes = await (await fetch(url)).arrayBuffer();
    const sound = await new OfflineAudioContext(1, 48000, 48000).decodeAudioData(bytes);
    const samples = sound.getChannelData(0);
    return [sound.duration, samples.reduce((most, each) => Math.max(most, Math.abs(each)), 0)];
}"""
"""How long a recording is (seconds), and how loud, as a decoder finds it."""
