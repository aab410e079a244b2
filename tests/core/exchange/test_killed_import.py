"""An import whose server is killed: nothing of it, or whole batches and a run that says which rows."""

from __future__ import annotations

import http.cookiejar
import json
import re
import time
import urllib.parse
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.support.server import LiveServer

ROWS = 30_000
BATCH = 500


class Browser:
    """A browser without scripts, logged in as the administrator."""

    def __init__(self, server: LiveServer) -> None:
        self.server = server
        jar = urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar())
        self.opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), jar)
        self.post("/login/", {"username": server.username, "password": server.password})

    def get(self, path: str) -> str:
        with self.opener.open(self.server.url + path, timeout=60) as answer:
            return answer.read().decode()

    def post(self, path: str, fields: dict[str, str], file: bytes | None = None) -> tuple[str, str]:
        """(address, page) after a form was sent."""
        page = self.get("/login/" if path == "/login/" else "/account/password")
        token = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', page)
        assert token is not None
        boundary = "a-boundary-that-is-in-no-file"
        parts = [
            f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'.encode()
            for name, value in {"csrf_token": token[1], **fields}.items()
        ]
        if file is not None:
            head = f'--{boundary}\r\nContent-Disposition: form-data; name="file"; filename="customers.csv"\r\n\r\n'
            parts.append(head.encode() + file + b"\r\n")
        request = urllib.request.Request(self.server.url + path, b"".join([*parts, f"--{boundary}--\r\n".encode()]))
        request.add_header("Content-Type", f"multipart/form-data; boundary={boundary}")
        with self.opener.open(request, timeout=60) as answer:
            return urllib.parse.urlsplit(answer.url).path, answer.read().decode()

    def count(self) -> int:
        return int(json.loads(self.get("/api/v1/customers/?q=(page_size:1)"))["count"])

    def run(self, pk: str) -> dict[str, Any]:
        return json.loads(self.get(f"/api/v1/import-runs/{pk}"))["result"]


def wait_for(what: Callable[[], bool], seconds: float = 60) -> None:
    until = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < until, "it does not come"
        time.sleep(0.02)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory):
    server = LiveServer(tmp_path_factory.mktemp("killed"), arguments=("--no-jobs",))
    server.start()
    yield server
    server.stop()


def killed_while_importing(server: LiveServer, on_error: str) -> tuple[Browser, str]:
    """Begin an import, kill the server in the midst of it and start it again; a browser, and the run's number."""
    browser = Browser(server)
    content = "Name\n" + "".join(f"{on_error} {number}\n" for number in range(ROWS))
    _url, page = browser.post("/customers/import", {}, content.encode())
    token = re.search(r'name="token" value="([^"]+)"', page)
    assert token is not None
    fields = {"token": token[1], "mode": "commit", "on_error": on_error, "map-0": "name"}
    url, _page = browser.post("/customers/import", fields)
    pk = url.rsplit("/", 1)[1]
    folder: Path = server.folder / "data" / "uploads" / f"1-run{pk}"
    wait_for(lambda: int((folder / "progress").read_text() or 0) >= 2 * BATCH)
    server.kill()
    server.start()
    return Browser(server), pk


def test_what_writes_all_or_nothing_leaves_nothing(server):
    browser, pk = killed_while_importing(server, "stop")
    assert browser.count() == 0
    run = browser.run(pk)
    assert (run["state"], run["created"], run["reached"]) == ("interrupted", 0, 0)
    assert "The import was interrupted. Nothing was written." in browser.get(f"/customers/import/run/{pk}")


def test_what_leaves_bad_rows_out_leaves_whole_batches_and_is_taken_back(server):
    browser, pk = killed_while_importing(server, "skip")
    run = browser.run(pk)
    written = browser.count()
    assert run["state"] == "interrupted"
    assert 2 * BATCH <= written < ROWS and written % BATCH == 0
    assert (run["created"], run["rows"], run["reached"]) == (written, written, written + 1)
    page = browser.get(f"/customers/import/run/{pk}")
    assert f"The rows of the file up to row {written + 1} are done: {written} were written." in page

    browser.post(f"/import-runs/action/undo/{pk}", {})
    assert browser.count() == 0
    assert browser.run(pk)["undone"] is True
