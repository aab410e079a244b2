"""Every setting of Kehu: its environment variable, its default and what it means.

``Settings.from_env()`` reads the environment once; nothing else in Kehu does.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True)
class Settings:
    """What one installation is set to.  Field ``x`` is read from ``KEHU_X``."""

    host: str = "0.0.0.0"  # the address to listen on
    port: int = 8080  # the port to listen on
    threads: int = 8  # requests served at once by one process
    data_dir: Path = Path("data")  # database (SQLite), files and keys
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
    max_upload_mb: int = 50  # the largest file a request may carry
    log_level: str = "INFO"  # what is told on standard error: DEBUG, INFO, WARNING or ERROR
    extra: Mapping[str, object] = field(default_factory=dict)  # Flask configuration for tests

    @classmethod
    def from_env(cls, environ: Mapping[str, str] = os.environ, **overrides: object) -> Settings:
        """Read ``KEHU_…`` from ``environ``; ``overrides`` win.  Raises ValueError naming the variable that is wrong."""
        values: dict[str, object] = {}
        for name, spec in cls.__dataclass_fields__.items():
            raw = environ.get(f"KEHU_{name.upper()}")
            if name == "extra" or raw is None or raw == "":
                continue
            values[name] = _convert(name, raw, str(spec.type))
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
        try:
            handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except FileExistsError:
            return path.read_text(encoding="utf-8").strip()
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            key = secrets.token_urlsafe(48)
            file.write(key)
        return key


def _convert(name: str, raw: str, type_name: str) -> object:
    try:
        if type_name == "int":
            return int(raw)
        if type_name == "bool":
            return {"1": True, "true": True, "yes": True, "0": False, "false": False, "no": False}[raw.lower()]
        if type_name == "Path":
            return Path(raw)
    except (ValueError, KeyError):
        raise ValueError(f"KEHU_{name.upper()}={raw!r} is not a valid {type_name}") from None
    return raw
