"""The text inside a file: of PDF, DOCX, XLSX and plain texts.

Whoever sends a file decides what is in it, so that it is read in a child process with limits of time and memory: this
module is also the program that the child runs (``python extraction.py KIND PATH``), and imports nothing of ours.
"""

from __future__ import annotations

import contextlib
import os
import re
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree

SECONDS = 40  # that reading one file may take
MEMORY = 1_200 * 2**20  # bytes of address space of the child
MAX_TEXT = 500_000  # characters that are read of one file
MAX_PART = 200 * 2**20  # bytes that one part of an office document may unpack to
WORD = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
SHEET = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
LOCKED, DAMAGED, SLOW = "locked", "damaged", "slow"
"""Why a file could not be read: it asks for a password, it is broken, it takes too long or too much."""


class Unreadable(Exception):
    """A file whose text could not be read; the text is one of the reasons above."""


def text_of(path: Path, kind: str) -> str:
    """The text inside the file at ``path`` (``kind``: pdf, docx, xlsx or text), read by a child process; at most
    ``MAX_TEXT`` characters.  Raises Unreadable.
    """
    command = [sys.executable, "-I", str(Path(__file__)), kind, str(path)]
    environment = {"PYTHONIOENCODING": "utf-8", "PATH": os.environ.get("PATH", "")}
    try:
        done = subprocess.run(command, capture_output=True, timeout=SECONDS + 5, env=environment, check=False)
    except subprocess.TimeoutExpired:
        raise Unreadable(SLOW) from None
    if done.returncode == 0:
        return done.stdout.decode("utf-8", "replace")[:MAX_TEXT]
    said = done.stderr.decode("utf-8", "replace").strip().rpartition("\n")[2]
    if said in (LOCKED, DAMAGED):
        raise Unreadable(said)
    raise Unreadable(SLOW if done.returncode < 0 or "MemoryError" in said else DAMAGED)


def main(kind: str, path: str) -> int:
    """Print the text; the exit status."""
    _limit()
    try:
        length = 0
        for piece in READERS[kind](path):
            plain = piece.encode("utf-8", "replace").decode("utf-8").replace("\0", "")
            sys.stdout.write(plain[: MAX_TEXT - length])
            length += len(plain)
            if length >= MAX_TEXT:
                break
        sys.stdout.flush()
    except PermissionError:
        print(LOCKED, file=sys.stderr)
        return 2
    except MemoryError:
        return -9
    except Exception:
        print(DAMAGED, file=sys.stderr)
        return 2
    return 0


def _limit() -> None:
    with contextlib.suppress(ImportError, ValueError, OSError):
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
        resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS + 2))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _pdf(path: str) -> Iterator[str]:
    import logging

    from pypdf import PdfReader
    from pypdf.errors import FileNotDecryptedError

    logging.disable(logging.CRITICAL)
    try:
        reader = PdfReader(path)
        if reader.is_encrypted and not reader.decrypt(""):
            raise PermissionError
        for page in reader.pages:
            yield page.extract_text() + "\n"
    except FileNotDecryptedError:
        raise PermissionError from None


def _parts(archive: zipfile.ZipFile, pattern: str) -> Iterator[str]:
    names = [each for each in archive.infolist() if re.fullmatch(pattern, each.filename)]
    for each in sorted(names, key=lambda info: (len(info.filename), info.filename)):
        if each.file_size > MAX_PART:
            raise ValueError("a part is too large")
        yield each.filename


def _docx(path: str) -> Iterator[str]:
    with zipfile.ZipFile(path) as archive:
        for name in _parts(archive, r"word/(document|header\d*|footer\d*|footnotes|endnotes|comments)\.xml"):
            with archive.open(name) as file:
                for _event, element in ElementTree.iterparse(file):
                    if element.tag == f"{WORD}p":
                        yield "".join(_run(each) for each in element.iter()) + "\n"
                        element.clear()


def _run(element: ElementTree.Element) -> str:
    if element.tag == f"{WORD}t":
        return element.text or ""
    return {f"{WORD}tab": "\t", f"{WORD}br": "\n"}.get(element.tag, "")


def _xlsx(path: str) -> Iterator[str]:
    with zipfile.ZipFile(path) as archive:
        for name in _parts(archive, r"xl/(sharedStrings|worksheets/sheet\d+|comments\d*)\.xml"):
            with archive.open(name) as file:
                for _event, element in ElementTree.iterparse(file):
                    if element.tag in (f"{SHEET}si", f"{SHEET}is", f"{SHEET}comment"):
                        yield "".join(each.text or "" for each in element.iter(f"{SHEET}t")) + "\n"
                        element.clear()
                    elif element.tag == f"{SHEET}row":
                        # Numbers are what people look for too: an invoice's, an amount.
                        numbers = [
                            each.findtext(f"{SHEET}v") or "" for each in element if each.get("t") not in ("s", "b", "e")
                        ]
                        yield " ".join(number for number in numbers if number) + "\n"
                        element.clear()


def _text(path: str) -> Iterator[str]:
    data = Path(path).open("rb").read(MAX_TEXT * 4)  # noqa: SIM115 - the child ends at once
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        yield data.decode("utf-16", "replace")
        return
    try:
        yield data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        if len(data) == MAX_TEXT * 4 and error.start > len(data) - 4:  # cut within a letter
            yield data[: error.start].decode("utf-8-sig")
        else:
            yield data.decode("gb18030", "replace")


READERS = {"pdf": _pdf, "docx": _docx, "xlsx": _xlsx, "text": _text}


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:3]))
