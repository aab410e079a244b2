"""How a field's value is read: from text, as a form or a file has it, or from JSON's own types."""

from __future__ import annotations

import itertools
import json
import re
from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from functools import lru_cache
from typing import Any
from urllib.parse import urlsplit

from email_validator import EmailNotValidError, validate_email

from app.core import clock, decimals, phones
from app.core.i18n import gettext as _
from app.core.i18n import in_each_language
from app.core.types import exact_decimal

TRUE = {"1", "true", "yes", "y", "on", "t", "是", "真", "√"}
FALSE = {"0", "false", "no", "n", "off", "f", "否", "假", "×"}
MOST_NAMED = 20  # choices in a message
FIRST_YEAR = 1900  # before it a date is a slip of the keyboard, or a spreadsheet's zero


class Reader:
    """What ``Field`` reads a value by: a method for each kind, all raising ValueError with a message for people."""

    kind: str
    scale: int | None
    length: int | None
    minimum: int | None
    maximum: int | None
    choices: Mapping[str, Any] | None

    @property
    def is_rate(self) -> bool:
        """Whether it is a fraction: 0.13, which may be written 13%."""
        return False

    def _parse_text(self, raw: Any) -> str:
        if isinstance(raw, bool | dict | list):
            raise ValueError(_("This must be a text."))
        text = storable(str(raw).replace("\r\n", "\n"))  # a browser's form sends the former for the latter
        if self.kind != "longtext":
            text = one_line(text)
        if self.length is not None and len(text) > self.length:
            raise ValueError(
                _("At most %(length)s characters; this has %(given)s.", length=self.length, given=len(text))
            )
        return text

    def _parse_email(self, raw: Any) -> str:
        text = self._parse_text(raw)
        local, _at, domain = text.partition("@")
        plain = len(local) <= 64 and len(text) <= 254 and _PLAIN_LOCAL.fullmatch(local)
        if not _is_email(f"a@{domain}" if plain else text):
            raise ValueError(_("“%(text)s” is not an e-mail address.", text=text))
        return text

    def _parse_phone(self, raw: Any) -> str:
        text = self._parse_text(raw)
        if not phones.is_possible(text):
            raise ValueError(
                _("“%(text)s” is not a telephone number. Write it as +86 138 0013 8000 or 010-8888 1234.", text=text)
            )
        return text

    def _parse_url(self, raw: Any) -> str:
        text = self._parse_text(raw)
        if "://" not in text:
            text = self._parse_text(f"https://{text}")
        if not _is_web_address(text):
            raise ValueError(_("“%(text)s” is not a web address.", text=raw))
        return text

    def _parse_integer(self, raw: Any) -> int:
        given = _number(raw)
        try:
            number = exact_decimal(given, 0)
        except ValueError:
            if given.adjusted() > 17:
                raise ValueError(_("This number is too large.")) from None
            raise ValueError(_("“%(text)s” is not a whole number.", text=raw)) from None
        if abs(number) > 2**31 - 1:
            raise ValueError(_("This number is too large."))
        return int(self._within(number))

    def _parse_decimal(self, raw: Any) -> Decimal:
        assert self.scale is not None
        of_hundred = self.is_rate and isinstance(raw, str) and raw.rstrip().endswith(("%", "％"))
        number = _number(raw.rstrip()[:-1]).scaleb(-2) if of_hundred else _number(raw)
        try:
            exact = exact_decimal(number, self.scale)
        except ValueError:
            if number.adjusted() > 11:
                raise ValueError(_("This number is too large.")) from None
            raise ValueError(_("At most %(scale)s decimals.", scale=self.scale)) from None
        return self._within(exact)

    def _within(self, number: Decimal) -> Decimal:
        if self.minimum is not None and number < self.minimum:
            raise ValueError(_("At least %(minimum)s.", minimum=self.minimum))
        if self.maximum is not None and number > self.maximum:
            most = f"{self.maximum * 100}%" if self.is_rate else self.maximum
            raise ValueError(_("At most %(maximum)s.", maximum=most))
        return number

    def _parse_date(self, raw: Any) -> date:
        if isinstance(raw, datetime):
            return raw.date()
        if isinstance(raw, date):
            return raw
        text = str(raw).replace("/", "-").replace(".", "-")
        try:
            year, month, day = (int(part) for part in text.split("T")[0].split(" ")[0].split("-"))
            found = date(year, month, day)
        except (ValueError, OverflowError):
            raise ValueError(_("“%(text)s” is not a date. Write it as 2026-12-31.", text=raw)) from None
        if found.year < FIRST_YEAR:
            raise ValueError(_("Dates begin with the year %(year)s.", year=FIRST_YEAR))
        return found

    def _parse_datetime(self, raw: Any) -> datetime:
        try:
            moment = raw if isinstance(raw, datetime) else datetime.fromisoformat(str(raw).replace("Z", "+00:00"))
        except ValueError:
            raise ValueError(_("“%(text)s” is not a time. Write it as 2026-12-31T09:00.", text=raw)) from None
        return in_every_zone(moment if moment.tzinfo else moment.replace(tzinfo=clock.reader_zone()))

    def _parse_bool(self, raw: Any) -> bool:
        if isinstance(raw, bool):
            return raw
        text = str(raw).strip().lower()
        if text in TRUE | FALSE:
            return text in TRUE
        raise ValueError(_("“%(text)s” is neither yes nor no.", text=raw))

    def _parse_choice(self, raw: Any) -> str:
        assert self.choices is not None
        text = str(raw)
        if text in self.choices:
            return text
        for value, label in self.choices.items():
            if text in in_each_language(label):
                return value
        allowed = ", ".join(str(label) for label in itertools.islice(self.choices.values(), MOST_NAMED)) + (
            " …" if len(self.choices) > MOST_NAMED else ""
        )
        raise ValueError(_("“%(text)s” is not one of: %(allowed)s.", text=text, allowed=allowed))

    def _parse_choices(self, raw: Any) -> list[str]:
        given = raw if isinstance(raw, list | tuple) else str(raw).split(",")
        return list(dict.fromkeys(self._parse_choice(str(each).strip()) for each in given))

    def _parse_relation(self, raw: Any) -> int:
        if isinstance(raw, dict):
            raw = raw.get("id")
        try:
            number = int(raw if not isinstance(raw, bool | float) else "x")
        except (ValueError, TypeError):
            number = 0
        if not 0 < number < 2**31:
            raise ValueError(_("Choose one from the list."))
        return number

    def _parse_relations(self, raw: Any) -> list[int]:
        return [self._parse_relation(each) for each in (raw if isinstance(raw, list | tuple) else str(raw).split(","))]

    def _parse_tags(self, raw: Any) -> list[str]:
        from app.core import tags

        return [one_line(storable(name)) for name in tags.read(raw)]

    def _parse_images(self, raw: Any) -> list[str]:
        if not isinstance(raw, list) or not all(isinstance(each, str) for each in raw):
            raise ValueError(_("Upload pictures on the product's page."))
        return raw

    def _parse_json(self, raw: Any) -> Any:
        try:
            value = json.loads(raw) if isinstance(raw, str) else raw
            storable(json.dumps(value, ensure_ascii=False, allow_nan=False))
            return value
        except (ValueError, RecursionError):
            raise ValueError(_('This is not JSON: {"key": "value"}.')) from None


def _number(raw: Any) -> Decimal:
    """A number as a form or a file has it (a text), or JSON."""
    if isinstance(raw, str):
        return decimals.read(raw)
    try:
        number = Decimal(repr(raw) if isinstance(raw, float) else raw)
        if isinstance(raw, bool) or not number.is_finite():
            raise ArithmeticError
    except (ArithmeticError, ValueError, TypeError):
        raise ValueError(_("“%(text)s” is not a number.", text=raw)) from None
    return number


def _is_web_address(text: str) -> bool:
    try:
        parts = urlsplit(text)
        # To ask for the port is to check it: «https://javascript:alert(1)» has none.
        return parts.scheme in ("http", "https") and bool(parts.hostname) and (parts.port or 1) > 0 and " " not in text
    except ValueError:
        return False


# Beyond doubt as what comes before the @ in an address.
_PLAIN_LOCAL = re.compile(r"[A-Za-z0-9](?:[._+-]?[A-Za-z0-9])*")


@lru_cache(maxsize=10_000)
def _is_email(text: str) -> bool:
    """Whether ``text`` is an e-mail address.  The library takes its time, and an import asks for the same domain ever
    again.
    """
    try:
        validate_email(text, check_deliverability=False, test_environment=True)
    except EmailNotValidError:
        return False
    return True


# What begins a new line, or moves along one; and what else is no letter but an order to a machine.
_BREAKS = re.compile(r"[ ]*[\t\n\v\f\r\x1c-\x1f\x85\u2028\u2029]+[\s]*")
_CONTROLS = re.compile(r"[\x00-\x1f\x7f-\x9f]")


def one_line(text: str) -> str:
    """``text`` on one line, as what is copied from somewhere has it: breaks are spaces, other control characters go."""
    return _CONTROLS.sub("", _BREAKS.sub(" ", text)).strip()


def storable(text: str) -> str:
    """``text``, if both databases can store it.  Raises ValueError for a NUL or half a character."""
    if "\x00" in text or any("\ud800" <= letter <= "\udfff" for letter in text):
        raise ValueError(_("This contains a character that can't be stored."))
    return text


def in_every_zone(moment: datetime) -> datetime:
    """``moment``, if it is one in every time zone.  Raises ValueError at the ends of the calendar."""
    if not 1 < moment.year < 9999:
        raise ValueError(_("“%(text)s” is not a time. Write it as 2026-12-31T09:00.", text=moment))
    return moment
