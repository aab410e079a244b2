"""Every setting of Kehu: its environment variable, its default and what it means.

``Settings.from_env()`` reads the environment once; nothing else in Kehu does.
"""

from __future__ import annotations

import os
import re
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from email.utils import parseaddr
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from zoneinfo import available_timezones


class WrongSetting(ValueError):
    """A setting can't be used; the text names its variable or file."""


@dataclass(frozen=True)
class Settings:
    """What one installation is set to.  Field ``x`` is read from ``KEHU_X``."""

    host: str = "0.0.0.0"  # the address to listen on
    port: int = 8080  # the port to listen on
    threads: int = 8  # requests served at once by one process
    data_dir: Path = Path("data")  # database (SQLite), files and keys
    files_url: str = ""  # where files lie: s3://key:secret@bucket/prefix?endpoint=https://…; empty: files in data_dir
    database_url: str = ""  # postgresql+psycopg://…; empty: SQLite in data_dir
    secret_key: str = ""  # signs cookies and tokens; empty: made once and kept in data_dir
    admin_password: str = ""  # of the user «admin» at the first start; empty: made up and printed once
    base_url: str = ""  # how people reach the console, for links in mails; empty: http://localhost:port
    trusted_hosts: str = ""  # host names answered to, separated by commas; empty: any
    smtp_url: str = ""  # smtp[s]://user:password@host:port; empty: mails wait in the outbox
    mail_from: str = "Kehu <kehu@localhost>"  # the sender of every mail
    locale: str = "en"  # the company's language: en or zh
    timezone: str = "Asia/Shanghai"  # the company's zone: days, weeks and job times are in it
    country: str = "CN"  # phone numbers without a country code belong to it (ISO 3166)
    currency: str = "CNY"  # the base currency (ISO 4217)
    company: str = "Kehu"  # the name at the top of the console and in mails
    run_jobs: bool = True  # whether this process may run the timetable
    low_stock_repeat_days: int = 7  # what stays low is told again after so many days
    max_upload_mb: int = 101  # the largest file a request may carry
    log_level: str = "INFO"  # what is told on standard error: DEBUG, INFO, WARNING or ERROR
    extra: Mapping[str, object] = field(default_factory=dict)  # Flask configuration for tests

    @classmethod
    def from_env(cls, environ: Mapping[str, str] = os.environ, **overrides: object) -> Settings:
        """Read ``KEHU_…`` from ``environ``; ``overrides`` win.  Raises WrongSetting naming the variable."""
        values: dict[str, object] = {}
        for name, spec in cls.__dataclass_fields__.items():
            raw = environ.get(f"KEHU_{name.upper()}")
            if name == "extra" or raw is None or raw == "":
                continue
            values[name] = _convert(name, raw.strip(), str(spec.type))
            if name in CHECKS and not CHECKS[name][0](values[name]):
                raise WrongSetting(f"KEHU_{name.upper()}={raw!r}: {CHECKS[name][1]}")
        values.update(overrides)
        return cls(**values)  # type: ignore[arg-type]

    @property
    def sqlalchemy_url(self) -> str:
        """The database's address; SQLite under ``data_dir`` unless one is set."""
        if self.database_url:
            return self.database_url
        return f"sqlite:///{(self.data_dir / 'kehu.db').resolve()}"

    @property
    def address(self) -> str:
        """Where people reach the console, without a slash at the end."""
        return (self.base_url or f"http://localhost:{self.port}").rstrip("/")

    def ensured_secret_key(self) -> str:
        """The signing key: as set, or made once and kept readable to the owner alone in ``data_dir/secret_key``."""
        if self.secret_key:
            return self.secret_key
        path = self.data_dir / "secret_key"
        self.data_dir.mkdir(parents=True, exist_ok=True)
        if not path.exists():
            _written_once(path, secrets.token_urlsafe(48))
        key = path.read_text(encoding="utf-8").strip()
        if not key:
            raise WrongSetting(
                f"{path} is empty: restore it from a backup, or delete it (everybody logs in again then)"
            )
        return key


def _written_once(path: Path, text: str) -> None:
    """Make a file readable to its owner alone. It appears with its whole text or not at all, and of several processes
    that make it at once the first one's stays: opening it by its own name would show the others an empty file."""
    draft = path.with_name(f".{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
        file.write(text)
    try:
        # Neither replaces an existing file: a rename does on POSIX, but not on Windows.
        draft.rename(path) if os.name == "nt" else os.link(draft, path)
    except FileExistsError:
        pass
    finally:
        draft.unlink(missing_ok=True)


def _convert(name: str, raw: str, type_name: str) -> object:
    try:
        if type_name == "int":
            return int(raw)
        if type_name == "bool":
            return {"1": True, "true": True, "yes": True, "0": False, "false": False, "no": False}[raw.lower()]
        if type_name == "Path":
            return Path(raw)
    except (ValueError, KeyError):
        raise WrongSetting(f"KEHU_{name.upper()}={raw!r} is not a valid {type_name}") from None
    return raw


# What each setting must be, beyond its type.
CHECKS: dict[str, tuple[Callable[[Any], object], str]] = {
    "port": (lambda value: 0 < value < 65536, "a port is a number from 1 to 65535"),
    "threads": (lambda value: value > 0, "at least one thread is needed"),
    "base_url": (lambda value: urlsplit(value).scheme in ("http", "https"), "expected http://… or https://…"),
    "files_url": (
        lambda value: urlsplit(value).scheme in ("s3", "file") and (urlsplit(value).hostname or urlsplit(value).path),
        "expected s3://bucket/prefix or file:///folder",
    ),
    "smtp_url": (lambda value: urlsplit(value).scheme in ("smtp", "smtps"), "expected smtp://… or smtps://…"),
    "mail_from": (lambda value: "@" in parseaddr(value)[1], "expected an address, or «Name <address>»"),
    "locale": (lambda value: value in ("en", "zh"), "Kehu speaks en and zh"),
    "timezone": (lambda value: value in available_timezones(), "expected a zone's name such as Asia/Shanghai"),
    "country": (lambda value: re.fullmatch("[A-Z]{2}", value), "expected two capital letters such as CN (ISO 3166)"),
    "currency": (
        lambda value: re.fullmatch("[A-Z]{3}", value),
        "expected three capital letters such as CNY (ISO 4217)",
    ),
    "low_stock_repeat_days": (lambda value: value > 0, "at least one day is needed"),
    "max_upload_mb": (lambda value: value > 0, "at least 1 is needed"),
    "log_level": (
        lambda value: value.upper() in ("DEBUG", "INFO", "WARNING", "ERROR"),
        "DEBUG, INFO, WARNING or ERROR",
    ),
}
