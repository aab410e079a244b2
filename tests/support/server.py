"""Kehu as its users have it: `python run.py serve` in a process of its own, answering on a port."""

import os
import secrets
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType

from tests.support.process import free_port, spawn, stop

ROOT = Path(__file__).resolve().parents[2]
# An empty database is set up first.
START_TIMEOUT = 120  # seconds

# Never by a proxy: what we ask is on this machine.
_opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))


class LiveServer:
    """A server with its own data under `folder`: `with LiveServer(tmp_path) as server: … server.url`.

    `env` adds to or replaces its settings (KEHU_DATABASE_URL=…; None takes one away), `arguments` go after
    `serve`. It can be stopped or killed and started again: port, data and keys stay.
    """

    username = "admin"

    def __init__(
        self, folder: Path, env: Mapping[str, str | None] | None = None, arguments: tuple[str, ...] = ()
    ) -> None:
        self.folder = folder
        self.arguments = arguments
        self.password = secrets.token_urlsafe(12)
        self.port = free_port()
        self.log_path = folder / "server.log"
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("KEHU_")}
        settings: dict[str, str | None] = {
            **inherited,
            "PYTHONUNBUFFERED": "1",
            "KEHU_HOST": "127.0.0.1",
            "KEHU_PORT": str(self.port),
            "KEHU_DATA_DIR": str(folder / "data"),
            "KEHU_ADMIN_PASSWORD": self.password,
            "KEHU_SECRET_KEY": secrets.token_urlsafe(32),
            **(env or {}),
        }
        self.env = {name: value for name, value in settings.items() if value is not None}
        self.port = int(self.env["KEHU_PORT"])
        self.password = self.env.get("KEHU_ADMIN_PASSWORD", self.password)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def log(self) -> str:
        """What it has printed."""
        return self.log_path.read_text(errors="replace") if self.log_path.exists() else ""

    @property
    def pid(self) -> int:
        return self._process.pid

    def start(self, within: float = START_TIMEOUT) -> "LiveServer":
        """Start it and wait until /health answers 200. RuntimeError with its log when it does not."""
        self.folder.mkdir(parents=True, exist_ok=True)
        self._process = spawn(
            [sys.executable, ROOT / "run.py", "serve", *self.arguments],
            log=self.log_path,
            env=self.env,
            cwd=ROOT,
        )
        deadline = time.monotonic() + within
        while not self.is_healthy():
            if self._process.poll() is not None:
                raise RuntimeError(f"The server ended with status {self._process.returncode}:\n{self.log}")
            if time.monotonic() > deadline:
                self.kill()
                raise RuntimeError(f"The server was not ready within {within:.0f} s:\n{self.log}")
            time.sleep(0.05)
        return self

    def is_healthy(self) -> bool:
        try:
            with _opener.open(f"{self.url}/health", timeout=5) as answer:
                return bool(answer.status == 200)
        except (urllib.error.URLError, OSError):
            return False

    def stop(self) -> None:
        """Ask it to end, and see to it that it and its children have."""
        stop(self._process)

    def kill(self) -> None:
        """End it as a power cut does."""
        self._process.kill()
        stop(self._process)

    def __enter__(self) -> "LiveServer":
        return self.start()

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        self.stop()
