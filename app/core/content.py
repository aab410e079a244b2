"""What a file is, read from its content: its kind, whether its name tells the truth, and whether it is a bomb.

An own small table of signatures (there is no pure library that also tells the office formats apart, and libmagic is not
pure).  Nothing is unpacked here: what an archive would grow to is read from its directory, a picture's size from its
head, so that a bomb is refused at once.
"""

from __future__ import annotations

import codecs
import struct
import zipfile
from pathlib import Path
from typing import NamedTuple

from PIL import Image, UnidentifiedImageError

from app.core.i18n import gettext as _
from app.core.i18n import lazy_gettext as _l

UNKNOWN = "application/octet-stream"
HEAD = 64 * 1024  # bytes that are looked at
MAX_PIXELS = 120_000_000  # of a picture: the largest telephone's camera has 108 million
MOST_ENTRIES = 20_000  # of an archive
MAX_DIRECTORY = 4 * 2**20  # bytes of an archive's directory
MAX_UNPACKED = 4 * 2**30  # bytes that an archive may grow to
MAX_RATIO, RATIO_FROM = 200, 64 * 2**20  # how many times larger, once it is more than so many bytes
_END = struct.Struct("<4s4H2LH")  # of a ZIP archive: the record that says where its directory is


class Kind(NamedTuple):
    """A kind of content: its media type, and how people call it."""

    media_type: str
    label: object


KINDS: dict[str, Kind] = {
    "pdf": Kind("application/pdf", _l("a PDF")),
    "png": Kind("image/png", _l("a PNG picture")),
    "jpeg": Kind("image/jpeg", _l("a JPEG picture")),
    "gif": Kind("image/gif", _l("a GIF picture")),
    "webp": Kind("image/webp", _l("a WebP picture")),
    "bmp": Kind("image/bmp", _l("a BMP picture")),
    "tiff": Kind("image/tiff", _l("a TIFF picture")),
    "heic": Kind("image/heic", _l("a HEIC picture")),
    "docx": Kind("application/vnd.openxmlformats-officedocument.wordprocessingml.document", _l("a Word document")),
    "xlsx": Kind("application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", _l("an Excel workbook")),
    "pptx": Kind("application/vnd.openxmlformats-officedocument.presentationml.presentation", _l("a presentation")),
    "zip": Kind("application/zip", _l("a ZIP archive")),
    "ole": Kind("application/x-ole-storage", _l("an old Office document")),
    "rtf": Kind("application/rtf", _l("an RTF document")),
    "7z": Kind("application/x-7z-compressed", _l("a 7z archive")),
    "rar": Kind("application/vnd.rar", _l("a RAR archive")),
    "gz": Kind("application/gzip", _l("a gzip archive")),
    "webm": Kind("audio/webm", _l("a WebM recording")),
    "ogg": Kind("audio/ogg", _l("an Ogg recording")),
    "mp4": Kind("audio/mp4", _l("an MP4 recording")),
    "mp3": Kind("audio/mpeg", _l("an MP3 recording")),
    "wav": Kind("audio/wav", _l("a WAV recording")),
    "amr": Kind("audio/amr", _l("an AMR recording")),
    "program": Kind(UNKNOWN, _l("a program")),
    "html": Kind("text/html", _l("a web page")),
    "svg": Kind("image/svg+xml", _l("an SVG drawing")),
    "text": Kind("text/plain", _l("plain text")),
    "": Kind(UNKNOWN, _l("something else")),
}

# What the endings of names promise: the kinds that may be behind each.
ENDINGS: dict[str, tuple[str, ...]] = {
    **{name: (name,) for name in ("pdf", "png", "gif", "webp", "bmp", "docx", "xlsx", "pptx", "rtf", "7z", "rar", "gz")},
    **dict.fromkeys(("jpg", "jpeg", "jpe", "jfif"), ("jpeg",)),
    **dict.fromkeys(("tif", "tiff"), ("tiff",)),
    **dict.fromkeys(("heic", "heif"), ("heic",)),
    **dict.fromkeys(("doc", "dot"), ("ole", "rtf", "docx")),
    **dict.fromkeys(("xls", "ppt", "msg", "wps", "et", "dps"), ("ole", "xlsx", "pptx")),
    **dict.fromkeys(("docm", "dotx"), ("docx",)),
    **dict.fromkeys(("xlsm", "xltx"), ("xlsx",)),
    **dict.fromkeys(("zip", "odt", "ods", "odp", "epub", "ofd"), ("zip",)),
    "jar": ("zip",),
    **dict.fromkeys(("webm", "weba"), ("webm",)),
    **dict.fromkeys(("ogg", "oga", "opus"), ("ogg",)),
    **dict.fromkeys(("m4a", "mp4", "mov", "m4v", "3gp"), ("mp4",)),
    "mp3": ("mp3",),
    "wav": ("wav",),
    "amr": ("amr",),
    **dict.fromkeys(("exe", "dll", "msi", "scr"), ("program", "ole")),
    **dict.fromkeys(("txt", "md", "csv", "tsv", "log", "json", "xml", "yml", "yaml", "ics", "vcf", "eml", "sql"), (
        "text", "html", "svg",
    )),
    **dict.fromkeys(("html", "htm", "xhtml", "mht"), ("html", "text")),
    "svg": ("svg", "text", "html"),
}  # fmt: skip

_STARTS: tuple[tuple[bytes, str], ...] = (
    (b"%PDF-", "pdf"),
    (b"\x89PNG\r\n\x1a\n", "png"),
    (b"\xff\xd8\xff", "jpeg"),
    (b"GIF87a", "gif"),
    (b"GIF89a", "gif"),
    (b"BM", "bmp"),
    (b"II*\0", "tiff"),
    (b"MM\0*", "tiff"),
    (b"PK\x03\x04", "zip"),
    (b"PK\x05\x06", "zip"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "ole"),
    (b"{\\rtf", "rtf"),
    (b"7z\xbc\xaf\x27\x1c", "7z"),
    (b"Rar!\x1a\x07", "rar"),
    (b"\x1f\x8b", "gz"),
    (b"\x1aE\xdf\xa3", "webm"),
    (b"OggS", "ogg"),
    (b"ID3", "mp3"),
    (b"#!AMR", "amr"),
    (b"MZ", "program"),
    (b"\x7fELF", "program"),
)
PICTURES = ("png", "jpeg", "gif", "webp", "bmp", "tiff")
SHOWN = frozenset({"image/png", "image/jpeg", "image/gif", "image/webp"})
"""The pictures that a browser shows by itself."""
PLAYED = frozenset(KINDS[name].media_type for name in ("webm", "ogg", "mp4", "mp3", "wav"))
"""What a browser plays."""
PDF = KINDS["pdf"].media_type


class Refused(ValueError):
    """A file that is not taken; the text says why, for people."""


def kind_of(path: Path) -> str:
    """The kind (a key of ``KINDS``) of the file at ``path``."""
    with path.open("rb") as file:
        head = file.read(HEAD)
    found = _signature(head)
    if found == "zip":
        return _office(path)
    if found in ("bmp", "program", "") and _is_text(head):
        return _marked_up(head)
    return found


def media_type(path: Path, name: str) -> str:
    """The media type of the file at ``path``, which is called ``name``.

    Raises Refused when it is empty, is not what its name says, or is a bomb.
    """
    if not path.stat().st_size:
        raise Refused(_("%(name)s: this file is empty.", name=name))
    kind = kind_of(path)
    ending = name.rpartition(".")[2].lower() if "." in name else ""
    promised = ENDINGS.get(ending)
    if promised is not None and kind not in promised:
        raise Refused(
            _(
                "%(name)s: what is in it is %(what)s. Give the file the name it should have, or choose the right one.",
                name=name,
                what=str(KINDS[kind].label),
            )
        )
    _refuse_bombs(path, kind, name)
    if kind in ("html", "svg") and promised and promised[0] == "text":
        kind = "text"
    return KINDS[kind].media_type


def _signature(head: bytes) -> str:
    if head[:4] == b"RIFF":
        return {b"WEBP": "webp", b"WAVE": "wav"}.get(head[8:12], "")
    if head[4:8] == b"ftyp":
        return "heic" if head[8:12] in (b"heic", b"heix", b"mif1", b"msf1", b"hevc") else "mp4"
    found = next((kind for start, kind in _STARTS if head.startswith(start)), "")
    if not found and len(head) > 2 and head[0] == 0xFF and head[1] & 0xE0 == 0xE0:
        # The mark of UTF-16 looks like the beginning of a recording.
        return "" if head.startswith(codecs.BOM_UTF16_LE) and _is_text(head) else "mp3"
    if not found and b"%PDF-" in head[:1024]:
        return "pdf"
    return found


def _office(path: Path) -> str:
    """Which office format a ZIP archive is, if any."""
    try:
        names = _directory(path)
    except (Refused, zipfile.BadZipFile, OSError, ValueError):
        return "zip"
    for mark, kind in (("word/document.xml", "docx"), ("xl/workbook.xml", "xlsx"), ("ppt/presentation.xml", "pptx")):
        if mark in names:
            return kind
    return "zip"


def _directory(path: Path) -> dict[str, tuple[int, int]]:
    """What is in a ZIP archive: sizes (packed, unpacked) by name.  Raises Refused when the directory itself is a bomb."""
    size = path.stat().st_size
    with path.open("rb") as file:
        file.seek(max(0, size - 65_557))
        tail = file.read()
    at = tail.rfind(b"PK\x05\x06")
    if at < 0 or len(tail) - at < _END.size:
        raise zipfile.BadZipFile()
    fields = _END.unpack_from(tail, at)
    if fields[4] > MOST_ENTRIES or fields[5] > MAX_DIRECTORY:
        raise Refused("")
    with zipfile.ZipFile(path) as archive:
        return {each.filename: (each.compress_size, each.file_size) for each in archive.infolist()}


def _refuse_bombs(path: Path, kind: str, name: str) -> None:
    if kind in ("zip", "docx", "xlsx", "pptx"):
        grown = _(
            "%(name)s: this archive would grow far beyond its size when it is opened. It is not taken.", name=name
        )
        try:
            sizes = _directory(path).values()
        except Refused:
            raise Refused(grown) from None
        except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError):
            raise Refused(_("%(name)s: this file is damaged.", name=name)) from None
        whole = sum(unpacked for _packed, unpacked in sizes)
        if whole > MAX_UNPACKED or (whole > RATIO_FROM and whole > MAX_RATIO * path.stat().st_size):
            raise Refused(grown)
    if kind in PICTURES:
        try:
            with Image.open(path, formats=[kind.upper()]) as picture:
                pixels = picture.width * picture.height
        except Image.DecompressionBombError:
            pixels = MAX_PIXELS + 1
        except (UnidentifiedImageError, OSError, ValueError, SyntaxError):
            raise Refused(_("%(name)s: this file is damaged.", name=name)) from None
        if pixels > MAX_PIXELS:
            raise Refused(_("%(name)s: this picture has too many pixels.", name=name))


def decoded(data: bytes) -> str | None:
    """``data`` as text (UTF-8, UTF-16 with its mark, or GBK); None when it is none.  It may end within a letter."""
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        encodings: tuple[str, ...] = ("utf-16",)
    elif b"\0" in data:
        return None
    else:
        encodings = ("utf-8-sig", "gb18030")
    for encoding in encodings:
        try:
            return codecs.getincrementaldecoder(encoding)().decode(data)
        except UnicodeDecodeError:
            continue
    return None


def _is_text(head: bytes) -> bool:
    text = decoded(head)
    if text is None:
        return False
    odd = sum(1 for letter in text if letter < " " and letter not in "\t\n\r\f\x1b")
    return odd <= len(text) // 200


def _marked_up(head: bytes) -> str:
    start = (decoded(head) or "").lstrip("\ufeff \t\r\n").lower()
    if start.startswith(("<!doctype html", "<html", "<head", "<body", "<script", "<iframe")):
        return "html"
    if start.startswith("<svg") or (start.startswith(("<?xml", "<!doctype svg")) and "<svg" in start[:2000]):
        return "svg"
    if start.startswith("<?xml") and "<html" in start[:2000]:
        return "html"
    return "text"
