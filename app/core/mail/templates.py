"""How a mail is written: one template as HTML and one as plain text, in the reader's language.

The templates are in ``app/templates/mail``; they are rendered by an environment of their own, since a job has no
request that a page's helpers could ask.
"""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from babel.dates import format_date
from babel.numbers import format_decimal
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from app.core.i18n import current_locale, gettext, ngettext, pgettext, speaking
from app.core.settings import settings

FOLDER = Path(__file__).resolve().parents[2] / "templates" / "mail"


class Letter(NamedTuple):
    """A mail's two bodies."""

    text: str
    html: str


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(FOLDER),
        autoescape=lambda name: name is not None and name.endswith(".html"),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        extensions=["jinja2.ext.i18n", "jinja2.ext.do", "jinja2.ext.loopcontrols"],
    )
    environment.install_gettext_callables(gettext, ngettext, newstyle=True, pgettext=pgettext)  # type: ignore[attr-defined]
    environment.filters.update(number=number, day=day)
    return environment


def number(value: Decimal | None) -> str:
    """``value`` as people write it: thousands apart, no decimals that say nothing; a dash for none."""
    return "–" if value is None else format_decimal(value, format="#,##0.####", locale=current_locale())


def day(value: date) -> str:
    """``value`` with its weekday, as the language writes it."""
    return format_date(value, format="full", locale=current_locale())


def write(template: str, locale: str | None, **about: Any) -> Letter:
    """The mail that ``template`` (without ending) makes of ``about``, in ``locale`` (else the company's language)."""
    with speaking(locale):
        about |= {"address": settings().address, "company": settings().company, "language": current_locale()}
        environment = _environment()
        return Letter(
            text=environment.get_template(f"{template}.txt").render(about).strip() + "\n",
            html=environment.get_template(f"{template}.html").render(about),
        )
