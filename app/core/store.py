"""Where contents lie: each once, under the digest of what it holds, in a folder of this machine or in an S3 bucket.

``KEHU_FILES_URL`` says where; without it ``files`` in the data directory.  A content is written whole or not at all and
never changed; nothing here is ever whole in memory.
"""

from __future__ import annotations

import contextlib
import logging
import os
import shutil
import tempfile
import time
from abc import ABC, abstractmethod
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import IO, Any, NamedTuple
from urllib.parse import parse_qs, unquote, urlsplit

from app.core.errors import BusinessError
from app.core.i18n import gettext as _
from app.core.settings import settings

log = logging.getLogger(__name__)
PART = 8 * 2**20  # bytes of an upload to a bucket that are held at once; S3 takes no parts below 5 MiB
READ = 2**20  # bytes that are read ahead from a bucket
FRESH = 12 * 3600  # seconds within which what lies in a bucket is young enough not to be written again


# Whoever waits for an answer is told soon that there is none: fsspec tries again by itself.
PATIENCE = {"connect_timeout": 3, "read_timeout": 30, "retries": {"max_attempts": 0}}  # seconds


class Unreachable(BusinessError):
    """The store does not answer, or does not let us in: that passes, or an administrator sees to it."""

    status = 503

    def __init__(self) -> None:
        super().__init__(
            _("The file store can't be reached. Please try again in a while, and tell your administrator if it stays.")
        )


class Kept(NamedTuple):
    """A content that lies in the store: its name («ab/cd…», perhaps with a suffix) and when it was last stored (seconds
    since 1970).
    """

    name: str
    at: float

    @property
    def digest(self) -> str:
        """The digest it belongs to."""
        return self.name.replace("/", "").split(".")[0]


def name_of(digest: str, suffix: str = "") -> str:
    """What the content with ``digest`` (64 hexadecimal digits) is called in the store.  Raises ValueError for anything
    else.
    """
    if len(digest) != 64 or any(letter not in "0123456789abcdef" for letter in digest):
        raise ValueError("not a digest")
    return f"{digest[:2]}/{digest[2:]}{suffix}"


class Store(ABC):
    """Contents by name; each raises Unreachable when the store is elsewhere and does not answer.

    ``put`` takes the file at ``path`` away or copies it: it is the store's from then on.
    """

    @abstractmethod
    def put(self, path: Path, name: str) -> None:
        """Keep the file at ``path`` as ``name``; what is there already is the same, and becomes young again."""

    @abstractmethod
    def open(self, name: str) -> tuple[IO[bytes], int]:
        """The content, to be read and sought in, and its size in bytes.  Raises FileNotFoundError."""

    @abstractmethod
    def remove(self, name: str) -> None:
        """Forget the content; none there is no error."""

    @abstractmethod
    def all(self) -> Iterator[Kept]:
        """Everything there is."""

    @abstractmethod
    def exists(self, name: str) -> bool:
        """Whether it is there."""

    @abstractmethod
    def clear(self) -> None:
        """Remove everything."""

    @abstractmethod
    def check(self) -> None:
        """Raises OSError when the store can't be reached."""


class Folder(Store):
    """A folder of this machine."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def put(self, path: Path, name: str) -> None:
        target = self.folder / name
        with contextlib.suppress(FileNotFoundError):
            os.utime(target)
            return
        target.parent.mkdir(parents=True, exist_ok=True)
        try:
            path.replace(target)  # nobody ever reads half a file
        except OSError:
            # On another disk: copied beside, and moved over.
            handle, beside = tempfile.mkstemp(dir=target.parent)
            with os.fdopen(handle, "wb") as to, path.open("rb") as source:
                shutil.copyfileobj(source, to, READ)
                to.flush()
                os.fsync(to.fileno())
            Path(beside).replace(target)

    def open(self, name: str) -> tuple[IO[bytes], int]:
        file = (self.folder / name).open("rb")
        return file, os.fstat(file.fileno()).st_size

    def remove(self, name: str) -> None:
        (self.folder / name).unlink(missing_ok=True)

    def all(self) -> Iterator[Kept]:
        for path in self.folder.glob("??/*"):
            with contextlib.suppress(FileNotFoundError):
                yield Kept(f"{path.parent.name}/{path.name}", path.stat().st_mtime)

    def exists(self, name: str) -> bool:
        return (self.folder / name).exists()

    def clear(self) -> None:
        shutil.rmtree(self.folder, ignore_errors=True)

    def check(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        if not os.access(self.folder, os.W_OK):
            raise OSError(f"{self.folder} can't be written")


class Bucket(Store):
    """A bucket of an S3-compatible store: ``s3://[key:secret@]bucket[/prefix][?endpoint=…&region=…]``."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        told = {name: values[-1] for name, values in parse_qs(parts.query).items()}
        self.root = f"{parts.hostname or ''}{parts.path}".rstrip("/")
        self.options: dict[str, Any] = {
            "default_fill_cache": False,
            "use_listings_cache": False,
            "config_kwargs": PATIENCE,
        }
        if parts.username:
            self.options |= {"key": unquote(parts.username), "secret": unquote(parts.password or "")}
        if endpoint := told.get("endpoint"):
            self.options["endpoint_url"] = endpoint
        if region := told.get("region"):
            self.options["client_kwargs"] = {"region_name": region}

    @property
    def files(self) -> Any:
        """The bucket as a file system; fsspec keeps one for the same options in a process."""
        from s3fs import S3FileSystem  # it brings a third of a second along, which only a bucket costs

        return S3FileSystem(**self.options)

    def put(self, path: Path, name: str) -> None:
        # Written again when it is not young: one that nobody used may be swept away this very moment.
        with contextlib.suppress(FileNotFoundError), _reaching():
            if time.time() - self.files.info(self._at(name))["LastModified"].timestamp() < FRESH:
                return
        try:
            with _reaching():
                self.files.put_file(str(path), self._at(name), chunksize=PART, max_concurrency=1)
        except FileNotFoundError as error:
            raise _unreachable(error) from error  # the bucket itself is gone

    def open(self, name: str) -> tuple[IO[bytes], int]:
        with _reaching():
            file = self.files.open(self._at(name), "rb", block_size=READ, cache_type="readahead")
            return file, int(file.size)

    def remove(self, name: str) -> None:
        with contextlib.suppress(FileNotFoundError), _reaching():
            self.files.rm_file(self._at(name))

    def all(self) -> Iterator[Kept]:
        try:
            with _reaching():
                found = self.files.find(self.root, detail=True)
        except FileNotFoundError:
            return
        for path, each in found.items():
            yield Kept(path.removeprefix(f"{self.root}/"), each["LastModified"].timestamp())

    def exists(self, name: str) -> bool:
        with _reaching():
            return bool(self.files.exists(self._at(name)))

    def clear(self) -> None:
        for each in list(self.all()):
            self.remove(each.name)

    def check(self) -> None:
        try:
            self.files.ls(self.root, refresh=True)
        except FileNotFoundError:
            bucket = self.root.split("/")[0]
            if not self.files.exists(bucket):
                raise OSError(f"there is no bucket {bucket!r}") from None
        except OSError:
            raise
        except Exception as error:  # botocore's own, which are no OSError
            raise OSError(str(error)) from None

    def _at(self, name: str) -> str:
        return f"{self.root}/{name}"


@contextlib.contextmanager
def _reaching() -> Iterator[None]:
    """Whatever fails in the block for another reason than that there is no such content is the store's failure."""
    try:
        yield
    except FileNotFoundError:
        raise
    except Exception as error:  # OSError, fsspec's and botocore's own, which have nothing in common
        raise _unreachable(error) from error


def _unreachable(error: Exception) -> Unreachable:
    log.error("The file store can't be reached: %s: %s", type(error).__name__, error)
    return Unreachable()


@lru_cache(maxsize=8)
def at(url: str, folder: Path) -> Store:
    """The store at ``url``; without one, ``folder``."""
    if not url:
        return Folder(folder)
    if url.startswith("s3://"):
        return Bucket(url)
    return Folder(Path(unquote(urlsplit(url).path)))


def store() -> Store:
    """The installation's store."""
    chosen = settings()
    return at(chosen.files_url, chosen.data_dir / "files")


def waiting() -> Path:
    """Where contents are written while they come, on a disk of this machine."""
    folder = settings().data_dir / "incoming"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def sweep_waiting(before: float) -> None:
    """Remove what came by half before the moment ``before`` (seconds since 1970): its process has gone."""
    for path in waiting().iterdir():
        with contextlib.suppress(FileNotFoundError):
            if path.stat().st_mtime < before:
                path.unlink()
