"""Child processes that never outlive the tests, however these end."""

import contextlib
import ctypes
import multiprocessing
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Mapping, Sequence
from multiprocessing.context import ForkServerContext
from pathlib import Path

PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None) if sys.platform == "linux" else None


# What the processes of a test import costs more than what most of them do.
IMPORTED = ["app.views", "app.models", "tests.jobs.company", "tests.ledger.rush"]


def ready_made() -> ForkServerContext:
    """Where a test's processes come from that find the application imported: each is a fork of one that has imported it
    and nothing else, with no thread, connection or application of the test's own process.
    """
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(IMPORTED)
    return context


def free_port() -> int:
    """A TCP port of 127.0.0.1 that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def spawn(
    command: Sequence[str | Path],
    *,
    log: Path,
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
    user: str | None = None,
) -> subprocess.Popen[bytes]:
    """Start `command` in a process group of its own, with what it prints going to `log`.

    `user`: whom to run it as, when we are root. On Linux the kernel ends it when the tests are killed.
    """
    with log.open("ab") as output:
        return subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            env=env,
            cwd=cwd,
            user=user,
            group=user and primary_group(user),
            extra_groups=[] if user else None,
            start_new_session=True,
            preexec_fn=_die_with_parent if _libc else None,
        )


def stop(process: subprocess.Popen[bytes], *, by: signal.Signals = signal.SIGTERM, within: float = 10) -> None:
    """End `process` and its whole group: `by` asks, and who has not gone `within` seconds is killed."""
    if process.poll() is None:
        process.send_signal(by)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(within)
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def primary_group(user: str) -> int:
    import pwd

    return pwd.getpwnam(user).pw_gid


def _die_with_parent() -> None:
    assert _libc
    _libc.prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
