"""Name cards: rows of people as a file of vCards (3.0, which every telephone reads), and such files read as a table.

An entity says which of its fields are what of a card (``card = {"name": "FN", "mobile": "TEL CELL"}``): the same names
head the columns of a file that is imported.  Cards are written by vobject and read here: vobject's own reader takes
minutes for a line of a hundred characters that is made to hurt (docs/decisions/0046).
"""

from __future__ import annotations

import quopri
import re
from collections.abc import Generator, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any, TextIO

from app.core.exchange.cells import Cell, UnreadableFile

MEDIA_TYPE = "text/vcard"
HEADERS = ("FN", "ORG", "TITLE", "TEL CELL", "TEL", "EMAIL", "BDAY", "X-WECHAT", "ADR", "URL", "NOTE")
"""What a card says that somebody may want, as the columns of the table that a file of cards is."""
MAX_VALUE = 20_000  # characters of one property that is wanted; pictures are passed over, however large
MAX_LINES = 2_000  # of what is wanted, in one card
CHUNK = 64 * 1024
WANTED = frozenset(
    {"FN", "N", "ORG", "TITLE", "ROLE", "TEL", "EMAIL", "BDAY", "X-WECHAT", "IMPP", "ADR", "URL", "NOTE"}
)
NO_VOICE = frozenset({"FAX", "PAGER", "MODEM", "BBS", "TELEX"})
MOBILE = frozenset({"CELL", "IPHONE", "MOBILE"})
PLACED = frozenset({"WORK", "HOME", "MAIN"})
_NAME = re.compile(r"[A-Za-z0-9_-]+")
_HAN = re.compile(r"[\u3400-\u9fff]")
_DAY = re.compile(r"(\d{4})-?(\d\d)-?(\d\d)(?:T.*)?")
_IN_FILE = re.compile(rb"(?im)^(?:[a-z0-9-]+\.)?(adr|url|note)[;:]")

Rows = Generator[tuple[int, list[Cell]], None, None]


def is_cards(start: str) -> bool:
    """Whether a file that begins so is one of cards."""
    return start.lstrip("\ufeff \t\r\n")[:11].upper() == "BEGIN:VCARD"


def text(values: Mapping[str, Any], *, folded: bool = True) -> str:
    """The vCard of ``values`` by ``HEADERS`` (texts, and a day for BDAY)."""
    import vobject  # loaded when it is first needed

    card = vobject.vCard()
    given = {name: value for name, value in values.items() if value not in (None, "")}
    name = str(given.get("FN") or given.get("ORG") or "")
    card.add("fn").value = name
    # One field holds the whole name: where it ends and the family's begins, nobody can tell in every language.
    card.add("n").value = vobject.vcard.Name(given=name)
    for header, value in given.items():
        kind, _space, type_ = header.partition(" ")
        if kind == "FN":
            continue
        line = card.add(kind.lower())
        if kind == "ORG":
            line.value = [str(value)]
        elif kind == "ADR":
            line.value = vobject.vcard.Address(street=str(value))
        else:
            line.value = value.isoformat() if isinstance(value, date) else str(value)
        if kind == "TEL":
            line.type_param = type_ or "WORK"
    return str(card.serialize(lineLength=75 if folded else 10_000))


def write(path: Path, cards: Iterable[Mapping[str, Any]]) -> None:
    """Write ``cards`` to ``path``, one after the other."""
    with path.open("w", encoding="utf-8", newline="") as file:
        for values in cards:
            file.write(text(values))


def rows(path: Path, encoding: str) -> Rows:
    """The headers, then each card as a row under its number, from 1.  Raises UnreadableFile."""
    headers = _headers(path, encoding)
    yield 0, list(headers)
    with path.open(encoding=encoding, newline="") as file:
        for number, card in enumerate(_cards(file), start=1):
            told = card.values()
            yield number, [told.get(header) for header in headers]


def _headers(path: Path, encoding: str) -> list[str]:
    """The headers without those of which the whole file says nothing."""
    if encoding == "utf-16":
        return list(HEADERS)
    found: set[bytes] = set()
    with path.open("rb") as file:
        for line in iter(lambda: file.readline(CHUNK), b""):
            if match := _IN_FILE.match(line):
                found.add(match[1].upper())
    return [each for each in HEADERS if each not in ("ADR", "URL", "NOTE") or each.encode() in found]


@dataclass
class _Property:
    """A line of a card: its name, what it says of itself, and its text as it stands."""

    name: str
    types: frozenset[str]
    said: Mapping[str, str]
    raw: str


@dataclass
class _Card:
    """What is wanted of a card."""

    number: int
    lines: list[_Property] = field(default_factory=list)

    def values(self) -> dict[str, Cell]:
        """What it says, by header."""
        told: dict[str, Cell] = {}
        for header, name in (("ADR", "ADR"), ("URL", "URL"), ("NOTE", "NOTE"), ("EMAIL", "EMAIL"), ("TITLE", "TITLE")):
            told[header] = next(iter(self._texts(name)), None)
        told["TITLE"] = told["TITLE"] or next(iter(self._texts("ROLE")), None)
        told["ORG"] = next((parts[0] for parts in self._parts("ORG") if parts and parts[0]), None)
        told["FN"] = next(iter(self._texts("FN")), None) or self._name()
        told["BDAY"] = next((_day(each) for each in self._texts("BDAY")), None)
        chat = [
            each.partition(":")[2] for each in self._texts("IMPP") if each.lower().startswith(("wechat:", "weixin:"))
        ]
        told["X-WECHAT"] = next(iter([*self._texts("X-WECHAT"), *chat]), None)
        told["TEL CELL"], told["TEL"] = self._numbers()
        return told

    def _best_first(self, name: str) -> list[_Property]:
        mine = [each for each in self.lines if each.name == name]
        return sorted(mine, key=lambda each: not ("PREF" in each.types or each.said.get("PREF") == "1"))

    def _texts(self, name: str) -> list[str]:
        found = []
        for each in self._best_first(name):
            parts = (_unescaped(part) for part in _split(self._decoded(each), ";" if name == "ADR" else ""))
            clean = [part.strip() if name == "NOTE" else " ".join(part.split()) for part in parts]
            found.append(" ".join(part for part in clean if part))
        return [each for each in found if each]

    def _parts(self, name: str) -> list[list[str]]:
        return [
            [" ".join(_unescaped(part).split()) for part in _split(self._decoded(each), ";")]
            for each in self._best_first(name)
        ]

    def _name(self) -> str | None:
        """The name put together of its parts: the family's first where it is written so."""
        for family, given, middle, *_rest in ([*parts, "", "", ""] for parts in self._parts("N")):
            chinese = bool(_HAN.search(family + given))
            whole = family + middle + given if chinese else " ".join(each for each in (given, middle, family) if each)
            if whole:
                return whole
        return None

    def _numbers(self) -> tuple[str | None, str | None]:
        """The mobile number, and the other one."""
        mobile: list[str] = []
        others: list[str] = []
        for each in self._best_first("TEL"):
            number = " ".join(self._decoded(each).split())
            number = number[4:] if number.lower().startswith("tel:") else number
            if not number or each.types & NO_VOICE:
                continue
            is_mobile = bool(each.types & MOBILE) or (not each.types & PLACED and _is_mobile(number))
            (mobile if is_mobile else others).append(number)
        if mobile[1:] and not others:
            others = mobile[1:]
        return next(iter(mobile), None), next(iter(others), None)

    def _decoded(self, line: _Property) -> str:
        """The text of ``line``, which an old card may have written in signs of ASCII."""
        if line.said.get("ENCODING", "").upper() != "QUOTED-PRINTABLE" and "QUOTED-PRINTABLE" not in line.types:
            return line.raw
        try:
            return quopri.decodestring(line.raw.encode("ascii")).decode(line.said.get("CHARSET") or "utf-8")
        except (UnicodeError, LookupError):
            raise UnreadableFile("broken_card", row=self.number) from None


def _cards(file: TextIO) -> Iterator[_Card]:
    """The cards in ``file``, of each what is wanted.  Raises UnreadableFile for what is no card, or never ends."""
    card: _Card | None = None
    number = 0
    for line in _logical(file):
        name, _colon, value = line.partition(":")
        mark = f"{name.strip()}:{value.strip()}".upper()
        if mark == "BEGIN:VCARD":
            if card is not None:
                raise UnreadableFile("open_card", row=number)
            number += 1
            card = _Card(number)
        elif card is None:
            raise UnreadableFile("broken_card", row=number + 1)
        elif mark == "END:VCARD":
            yield card
            card = None
        elif (found := _property(line, card.number)) is not None:
            if len(found.raw) > MAX_VALUE or len(card.lines) >= MAX_LINES:
                raise UnreadableFile("broken_card", row=number)
            card.lines.append(found)
    if card is not None:
        raise UnreadableFile("open_card", row=number)


def _logical(file: TextIO) -> Iterator[str]:
    """The lines of ``file`` with what is folded put together; of what is too long, or nobody wants, no more than is
    enough to tell so.
    """
    held: str | None = None
    starts = True
    for piece in iter(lambda: file.readline(CHUNK), ""):
        body = piece.rstrip("\r\n")
        goes_on = held is not None and (not starts or body[:1] in (" ", "\t") or _is_soft(held))
        if goes_on and held is not None:
            if len(held) <= MAX_VALUE + CHUNK:
                more = body if not starts else body.removeprefix("\t") if body[:1] == "\t" else body.removeprefix(" ")
                held = (held[:-1] if starts and _is_soft(held) else held) + more
        elif body.strip():
            if held is not None:
                yield held
            held = body
        starts = len(piece) != len(body)
    if held is not None:
        yield held


def _is_soft(line: str) -> bool:
    """Whether a line in signs of ASCII goes on in the next."""
    return line.endswith("=") and "QUOTED-PRINTABLE" in line[:200].upper()


def _property(line: str, number: int) -> _Property | None:
    """A line taken apart; None for what nobody wants.  Raises UnreadableFile when it is none."""
    head, colon, raw = _head(line)
    name, *said = _split(head, ";")
    name = name.rpartition(".")[2].strip().upper()
    if not colon or not _NAME.fullmatch(name):
        raise UnreadableFile("broken_card", row=number)
    if name not in WANTED:
        return None
    types: set[str] = set()
    known: dict[str, str] = {}
    for each in said:
        key, equals, value = each.partition("=")
        if not equals or key.strip().upper() == "TYPE":
            types |= {part.strip().upper() for part in (value if equals else key).replace('"', "").split(",")}
        else:
            known[key.strip().upper()] = value.strip().strip('"')
    return _Property(name, frozenset(types), known, raw)


def _head(line: str) -> tuple[str, str, str]:
    """What stands before the first colon that no quotation marks hold, the colon, and what stands after."""
    quoted = False
    for at, letter in enumerate(line):
        if letter == '"':
            quoted = not quoted
        elif letter == ":" and not quoted:
            return line[:at], ":", line[at + 1 :]
    return line, "", ""


def _split(text: str, separator: str) -> list[str]:
    """``text`` at each ``separator`` that stands for itself."""
    if not separator or separator not in text:
        return [text]
    return re.split(rf"(?<!\\){re.escape(separator)}", text)


def _unescaped(text: str) -> str:
    return re.sub(r"\\([nN\\;,:])", lambda found: "\n" if found[1] in "nN" else found[1], text)


def _day(text: str) -> date | None:
    """A birthday; None for one that does not say the year, which no date can hold."""
    found = _DAY.fullmatch(text)
    try:
        day = date(int(found[1]), int(found[2]), int(found[3])) if found else None
    except ValueError:
        return None
    return day if day is not None and day.year != 1604 else None  # so Apple writes a day without its year


def _is_mobile(number: str) -> bool:
    """Whether a number that says nothing of itself is a mobile one, in the company's country or where it says."""
    import phonenumbers

    from app.core.settings import settings

    try:
        kind = phonenumbers.number_type(phonenumbers.parse(number, settings().country))
    except phonenumbers.NumberParseException:
        return False
    return bool(kind == phonenumbers.PhoneNumberType.MOBILE)
