"""Values as people read them: one place for numbers, dates, states and links, in the reader's language."""

from __future__ import annotations

from datetime import date, datetime
from decimal import ROUND_HALF_UP, Decimal
from typing import Any
from urllib.parse import quote

from babel.dates import format_skeleton
from flask import url_for

from app.core import clock, identity
from app.core.document import Line
from app.core.fields import TEXTS, Field
from app.core.i18n import current_locale
from app.core.i18n import gettext as _
from app.core.types import ByteCount, Fraction, RecordName
from app.core.web.page import Badge, Cell, Column

EMPTY = Cell("empty")
PRICE_DECIMALS = 4  # shown of a price or cost at most; the rest is in the title


def number(value: Decimal | int, scale: int | None = None) -> str:
    """A number with thousands separators: money keeps its two decimals, other scales drop what is zero (prices below
    two).
    """
    if isinstance(value, int) or scale == 0:
        return f"{int(value):,}"
    if scale == 2:
        return f"{value:,.2f}"
    text = f"{value:,f}"
    whole, _dot, decimals = text.partition(".")
    decimals = decimals.rstrip("0")
    if scale == 6:
        decimals = decimals.ljust(2, "0")
    return f"{whole}.{decimals}" if decimals else whole


def price(value: Decimal) -> str:
    """A price or cost in brief: two to four decimals, rounded half up."""
    return number(value.quantize(Decimal(1).scaleb(-PRICE_DECIMALS), ROUND_HALF_UP), 6)


def least_decimals(field: Field) -> int:
    """How many decimals an amount of ``field`` has at least: two for money and prices, none for others."""
    return 2 if field.scale in (2, 6) and not is_rate(field) else 0


def percent(value: Decimal) -> str:
    """A fraction as a percentage: 0.13 is «13%»."""
    return f"{number((value * 100).normalize(), 4)}%"


def day(value: date, today: date | None = None) -> str:
    """A day: in words when near ``today`` (the company's), else 2026-11-23."""
    distance = (value - (today or clock.today())).days
    if distance == 0:
        return _("Today")
    if distance == -1:
        return _("Yesterday")
    if distance == 1:
        return _("Tomorrow")
    return value.isoformat()


def span(spans: str, value: date) -> str:
    """The «week» or the «month» that a day begins, never in words: a week by its Monday, a month as «Dec 2026».  A day
    within one is that day.
    """
    if spans == "month" and value.day == 1:
        return format_skeleton("yMMM", value, locale=current_locale())
    return value.isoformat()


def moment(value: datetime, *, inside: bool = False) -> str:
    """A moment in the zone of whoever looks: the day in words when near, and the time; ``inside`` a sentence without a
    capital.
    """
    at = clock.here(value) if value.tzinfo else value
    text = f"{day(at.date(), clock.here().date())} {at:%H:%M}"
    return text[:1].lower() + text[1:] if inside else text


def exact(value: datetime) -> str:
    """A moment in full."""
    at = clock.here(value) if value.tzinfo else value
    return f"{at:%Y-%m-%d %H:%M:%S}"


def size(count: int) -> str:
    """A file's size in brief: «12 KB»."""
    if count < 1024:
        return f"{count} B"
    if count < 1024 * 1024:
        return f"{count / 1024:.0f} KB"
    return f"{count / 1024 / 1024:.1f} MB"


def is_rate(field: Field) -> bool:
    """Whether the field is a fraction shown as a percentage."""
    return field.kind == "decimal" and field.column is not None and isinstance(field.column.type, Fraction)


def text(field: Field, value: Any) -> str:
    """``value`` of ``field`` as plain text; empty for nothing."""
    if value is None or value == "" or value == []:
        return ""
    if field.kind == "decimal":
        return percent(value) if is_rate(field) else number(value, field.scale)
    if field.kind == "integer":
        return size(value) if field.column is not None and isinstance(field.column.type, ByteCount) else str(value)
    if field.kind == "bool":
        return _("Yes") if value else _("No")
    if field.kind == "choice" and field.choices is not None:
        return str(field.choices.get(value, value))
    if isinstance(value, datetime):
        return moment(value)
    if isinstance(value, date):
        return span(field.spans, value) if field.spans else day(value)
    if isinstance(value, list | tuple | set):
        return ", ".join(str(each) for each in value)
    if isinstance(value, dict):
        return " ".join(str(each) for each in value.values() if each not in (None, ""))
    return str(value)


def badge(field: Field, value: Any) -> Badge:
    """A choice as a badge."""
    return Badge(text(field, value), (field.tones or {}).get(value, "grey"))


def cell(field: Field, row: Any) -> Cell:
    """The field of ``row`` as shown in a table or among the facts."""
    value = field.value(row)
    shown = text(field, value)
    if field.kind == "bool":
        return Cell("bool", shown, tone="green" if value else "")
    if not shown and field.kind != "images":
        return EMPTY
    if field.kind == "tags":
        listed = identity.current() is not None and identity.require().may("can_list", type(row).permission_key())
        base = f"/{type(row).resource}/list/?f=tags:rel_m_m:" if listed else ""
        return Cell("tags", shown, tags=[(tag.name, tag.tone, base and base + quote(tag.name)) for tag in value])
    if field.kind == "relation":
        return Cell("link", shown, url=record_url(value))
    if field.kind == "decimal":
        brief = price(value) if field.scale == 6 and not is_rate(field) else shown
        kind, tone = "money" if field.scale == 2 else "number", "negative" if value < 0 else ""
        return Cell(kind, brief, tone=tone, title=shown if shown != brief else "")
    if field.kind == "integer":
        return Cell("number", shown)
    if field.kind == "choice":
        mark = badge(field, value)
        return Cell("badge", mark.text, tone=mark.tone) if field.tones else Cell("text", mark.text)
    if field.kind == "datetime":
        return Cell("datetime", shown, title=exact(value))
    if field.kind == "date":
        return Cell("date", shown, title=value.isoformat())
    if field.kind == "images":
        pictures = [picture_urls(row, field.name, digest) for digest in value or []]
        return Cell("image", images=pictures) if pictures else EMPTY
    if field.kind == "email":
        return Cell("email", shown, url=f"mailto:{value}")
    if field.kind == "phone":
        digits = "".join(each for each in value if each in "+0123456789")
        return Cell("phone", shown, url=f"tel:{digits}") if digits.strip("+") else Cell("text", shown)
    if field.kind == "url":
        return Cell("url", shown.removeprefix("https://").removeprefix("http://"), url=value)
    if field.kind == "longtext":
        return Cell("longtext", shown)
    if field.kind == "json" and isinstance(value, dict):
        return Cell("longtext", "\n".join(f"{name}: {_stored(each)}" for name, each in value.items()))
    if field.column is not None and isinstance(field.column.type, RecordName):
        resource, _slash, key = shown.partition("/")
        label = getattr(row, "record_label", "") or shown
        return Cell("link", label, url=f"/{resource}/show/{key}" if resource and key.isdecimal() else None)
    return Cell("code" if field.kind == "code" else "text", shown)


def _stored(value: Any) -> str:
    """A value of a JSON object in a line: what changed as «before → after»."""
    if isinstance(value, list) and all(isinstance(each, dict) for each in value):
        return "; ".join(" ".join(str(part) for part in each.values()) for each in value)
    if isinstance(value, list) and len(value) == 2:
        before, after = ("–" if each in (None, "", []) else str(each) for each in value)
        return after if before == "–" else f"{before} → {after}"
    return str(value)


def column(field: Field) -> Column:
    """The head of a table's column for ``field``."""
    align = "right" if field.kind in ("decimal", "integer") else "left"
    return Column(field.name, str(field.label), "number" if align == "right" else field.kind, align)


def picture_urls(row: Any, name: str, digest: str) -> tuple[str, str]:
    """(thumbnail, picture) of a record's picture."""
    endpoint = f"{type(row).__name__}Pages.picture"
    return (
        url_for(endpoint, pk=row.id, name=name, digest=digest, size="small"),
        url_for(endpoint, pk=row.id, name=name, digest=digest),
    )


def record_url(row: Any) -> str | None:
    """Where ``row`` is shown, if the actor may open it there."""
    actor = identity.current()
    if isinstance(row, Line):
        row = row.document  # a line is shown with the others
    resource = getattr(row, "resource", "")
    if actor is None or not resource or not actor.may("can_show", row.permission_key()):
        return None
    return f"/{resource}/show/{row.id}"


def stored_text(field: Field, value: Any) -> str:
    """What the audit trail kept of ``field`` (JSON), as people read it; relations are resolved by the caller."""
    if value is None or value == "":
        return ""
    if field.kind in TEXTS or field.kind in ("relation", "relations", "tags", "json"):
        return ", ".join(value) if isinstance(value, list) else str(value)
    try:
        return text(field, field.parse(value)) if field.kind != "images" else _("%(count)s pictures", count=len(value))
    except ValueError:
        return str(value)
