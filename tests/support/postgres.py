"""A real PostgreSQL for the tests: a cluster of our own in a temporary folder, quick as it need not last.

One for each test process, started when a test first asks for it: nothing is shared, nothing to agree on.
"""

import contextlib
import os
import secrets
import shutil
import signal
import subprocess
import tempfile
import time
from pathlib import Path

import psycopg
from psycopg import sql

from tests.support.process import free_port, primary_group, spawn, stop

OWNER = "kehu"
START_TIMEOUT = 60  # seconds
# It is thrown away afterwards: a crash of the machine may take it.
SETTINGS = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "max_connections": "100",
    "shared_buffers": "128MB",
    # Containers are short of /dev/shm.
    "dynamic_shared_memory_type": "mmap",
    "timezone": "UTC",
    "max_wal_size": "192MB",
}
PREFIX = "kehu-postgres-"
MEMORY = Path("/dev/shm")
ROOM = 2 * 2**30  # bytes that must be free there; a cluster takes some hundred MiB


class Postgres:
    """A running server. `make_database()` gives the address of a fresh database; `stop()` ends it all."""

    def __init__(self) -> None:
        self._programs = _programs()
        # The server refuses to run as root; Debian's package brings the user for it.
        self._user = _unprivileged_user() if os.geteuid() == 0 else None
        self.folder = Path(tempfile.mkdtemp(prefix=PREFIX, dir=_in_memory()))
        self.log_path = self.folder / "log"
        self._password = secrets.token_hex(16)
        self._made: list[str] = []
        try:
            self._init()
            self._start()
        except BaseException:
            self.stop()
            raise

    def make_database(self, template: str | None = None) -> str:
        """Create an empty database, or a copy of the one at the address `template`, and return its address.

        The address is `postgresql+psycopg://…`, as KEHU_DATABASE_URL takes it. Nobody may be connected to a
        template while it is copied.
        """
        name = f"test_{len(self._made) + 1}_{secrets.token_hex(3)}"
        source = template.rpartition("/")[2] if template else "template0"
        self._execute("CREATE DATABASE {} TEMPLATE {}", name, source)
        self._made.append(name)
        return self._url(name)

    def renew_database(self, url: str, template: str) -> None:
        """Make the database at `url` a copy of `template` (its address or name), whoever is connected to what it was."""
        self.drop_database(url)
        self._execute("CREATE DATABASE {} TEMPLATE {}", url.rpartition("/")[2], template.rpartition("/")[2])

    def drop_database(self, url: str) -> None:
        """Drop the database at `url`, whoever is still connected to it."""
        self._execute("DROP DATABASE IF EXISTS {} WITH (FORCE)", url.rpartition("/")[2])

    def stop(self) -> None:
        process = getattr(self, "_process", None)
        if process is not None:
            # Immediate: there is nothing to keep.
            stop(process, by=signal.SIGQUIT)
        shutil.rmtree(self.folder, ignore_errors=True)

    def _init(self) -> None:
        password_file = self.folder / "password"
        password_file.write_text(self._password)
        if self._user:
            import pwd

            account = pwd.getpwnam(self._user)
            for path in (self.folder, password_file):
                os.chown(path, account.pw_uid, account.pw_gid)
        command: list[str | Path] = [
            self._programs / "initdb",
            f"--pgdata={self.folder / 'data'}",
            f"--username={OWNER}",
            f"--pwfile={password_file}",
            # In clear over the loopback: scram's many rounds would slow every connection.
            "--auth=password",
            "--encoding=UTF8",
            "--locale=C.UTF-8",
            "--no-sync",
        ]
        done = subprocess.run(
            command,
            capture_output=True,
            text=True,
            cwd=self.folder,
            user=self._user,
            group=self._user and primary_group(self._user),
            extra_groups=[] if self._user else None,
        )
        if done.returncode:
            raise RuntimeError(f"initdb failed:\n{done.stdout}{done.stderr}")
        password_file.unlink()

    def _start(self) -> None:
        # The port was free a moment ago: who is too late takes another.
        for _attempt in range(3):
            self._port = free_port()
            settings = [f"-c{name}={value}" for name, value in SETTINGS.items()]
            self._process = spawn(
                [self._programs / "postgres", "-D", self.folder / "data", "-p", str(self._port), *settings],
                log=self.log_path,
                cwd=self.folder,
                user=self._user,
            )
            if self._wait_until_ready():
                return
        raise RuntimeError(f"PostgreSQL did not start:\n{self.log_path.read_text()}")

    def _wait_until_ready(self) -> bool:
        """True when it answers, False when it has ended."""
        deadline = time.monotonic() + START_TIMEOUT
        while self._process.poll() is None:
            with contextlib.suppress(psycopg.OperationalError):
                self._execute("SELECT 1")
                return True
            if time.monotonic() > deadline:
                raise RuntimeError(f"PostgreSQL does not answer:\n{self.log_path.read_text()}")
            time.sleep(0.05)
        return False

    def _execute(self, statement: str, *names: str) -> None:
        """Run `statement`, with `names` for its {}, in the maintenance database."""
        with psycopg.connect(
            host="127.0.0.1",
            port=self._port,
            user=OWNER,
            password=self._password,
            dbname="postgres",
            autocommit=True,
            connect_timeout=5,
        ) as connection:
            connection.execute(sql.SQL(statement).format(*map(sql.Identifier, names)))

    def _url(self, name: str) -> str:
        return f"postgresql+psycopg://{OWNER}:{self._password}@127.0.0.1:{self._port}/{name}"


def _in_memory() -> Path | None:
    """Where a cluster lies in memory, if there is room: a database is more than a thousand files, and making them on a
    disk takes ten times as long.
    """
    try:
        for left in MEMORY.glob(f"{PREFIX}*/data/postmaster.pid"):
            # What a run that was killed has left behind.
            if not Path("/proc", left.read_text().split()[0]).exists():
                shutil.rmtree(left.parents[1], ignore_errors=True)
        return MEMORY if shutil.disk_usage(MEMORY).free >= ROOM and os.access(MEMORY, os.W_OK) else None
    except (OSError, IndexError):
        return None


def _programs() -> Path:
    """The folder of initdb and postgres: Debian's newest, or the one on the path."""
    folders = [path.parent for path in Path("/usr/lib/postgresql").glob("*/bin/initdb")]
    if folders:
        return max(folders, key=lambda folder: int(folder.parent.name))
    if found := shutil.which("initdb"):
        return Path(found).parent
    raise RuntimeError("The tests need PostgreSQL's initdb (Debian: apt-get install postgresql)")


def _unprivileged_user() -> str:
    import pwd

    names = {account.pw_name for account in pwd.getpwall()}
    return "postgres" if "postgres" in names else "nobody"
