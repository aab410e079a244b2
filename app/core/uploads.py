"""A file on its way in: its name made harmless, its size bounded, its content held beside its name, all before a row names
it.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from app.core import content, files
from app.core.errors import Invalid
from app.core.i18n import gettext as _
from app.core.remarks import Upload, safe_name

MAX_BYTES = 100 * 2**20  # of one file


@dataclass(frozen=True)
class Taken:
    """A file that was looked at and may be kept: ``name`` is harmless, ``media_type`` what it is."""

    name: str
    media_type: str
    arrived: files.Arrived

    def keep(self) -> None:
        """Put it into the store, with a thumbnail if it is a picture that a browser shows."""
        files.keep(self.arrived, thumbnail=self.media_type in content.SHOWN)


@contextmanager
def taking(upload: Upload, field: str = "file") -> Iterator[Taken]:
    """The file that ``upload`` brings, written to this machine's disk and looked at; gone after the block unless it was
    kept.  Raises Invalid under ``field`` for one that is empty, too large, not what its name says, or a bomb.
    """
    name = safe_name(upload.name)
    try:
        with files.arriving(upload.stream, MAX_BYTES) as arrived:
            yield Taken(name, content.media_type(arrived.path, name), arrived)
    except files.TooLarge:
        raise Invalid({field: [_("%(name)s: a file may have at most %(size)s MB.", name=name, size=100)]}) from None
    except content.Refused as error:
        raise Invalid({field: [str(error)]}) from None
