"""Files that come with a request, and the form that sends them: on a record's page, in a folder, for a new version."""

from __future__ import annotations

from dataclasses import dataclass, field

from flask import request

from app.core.remarks import Upload
from app.core.uploads import MAX_BYTES

FIELDS = ("file", "files")


@dataclass
class UploadForm:
    """Where files are sent: ``url`` takes the form, ``api_url`` one file at a time with ``hidden`` besides (a script
    does that, with a bar for each).  ``label`` says what to do, ``many`` whether several are taken.
    """

    url: str
    api_url: str
    label: str
    hidden: list[tuple[str, str]] = field(default_factory=list)
    many: bool = True
    errors: list[str] = field(default_factory=list)
    largest: int = MAX_BYTES  # bytes


def sent() -> list[Upload]:
    """The files of the request, each as it is called and to be read."""
    found = [each for name in FIELDS for each in request.files.getlist(name)]
    return [Upload(each.filename, each.stream) for each in found if each.filename]


def is_form() -> bool:
    """Whether the request brings files as a form does."""
    return request.mimetype == "multipart/form-data"
