"""The timeline of a record as a tab that is asked for when it is opened, and over the API."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from flask import render_template, request

from app.core import clock, timeline
from app.core.errors import Invalid
from app.core.i18n import gettext as _
from app.core.web import present, reach, record
from app.core.web.page import Link, Tab
from app.core.web.view import EntityView

PART = "part"  # in the address: the happenings alone, for the tab


@dataclass(frozen=True)
class HappeningShown:
    """A happening as people read it; ``url`` opens the record that tells more."""

    who: str
    what: str
    text: str
    when: str
    at: str
    url: str
    icon: str


@dataclass(frozen=True)
class TimelinePage:
    """``/<resource>/timeline/<id>``: happenings, newest first, and where older ones are."""

    title: str
    resource: str
    breadcrumb: list[Link]
    happenings: list[HappeningShown]
    older_url: str


def page(view: type[EntityView], pk: int) -> str:
    """The page, or with ``part`` in the address its happenings alone."""
    row = reach.row(view, pk, "show")
    found, more = timeline.of(row, _before(request.args.get("before")))
    url = f"/{view.model.resource}/timeline/{pk}"
    shown = TimelinePage(
        title=_("Timeline of %(what)s", what=row),
        resource=view.model.resource,
        breadcrumb=[
            Link(str(view.model.labels), f"/{view.model.resource}/list/" if reach.may(view, "list") else None),
            Link(str(row), f"/{view.model.resource}/show/{pk}"),
        ],
        happenings=[_shown(each) for each in found],
        older_url=f"{url}?{urlencode({'before': found[-1].at.isoformat()})}" if more else "",
    )
    template = "kehu/_timeline.html" if PART in request.args else "kehu/timeline.html"
    return render_template(template, page=shown)


def as_json(view: type[EntityView], pk: int) -> dict[str, Any]:
    """The timeline as the API gives it."""
    row = reach.row(view, pk, "show")
    found, more = timeline.of(row, _before(request.args.get("before")))
    return {
        "id": pk,
        "more": more,
        "result": [
            {
                "at": clock.local(each.at).isoformat(),
                "who": each.who,
                "what": each.what,
                "text": each.text,
                "record": each.record,
            }
            for each in found
        ],
    }


def _before(text: str | None) -> datetime | None:
    """The moment that the address names.  Raises Invalid."""
    if not text:
        return None
    try:
        moment = datetime.fromisoformat(text.replace(" ", "+"))
    except ValueError:
        raise Invalid({"before": [_("Write a moment as 2026-11-24T10:00:00+08:00.")]}) from None
    return moment if moment.tzinfo else moment.replace(tzinfo=clock.zone())


def _shown(each: timeline.Happening) -> HappeningShown:
    url = f"/{each.record.replace('/', '/show/')}" if each.record else ""
    return HappeningShown(
        each.who, each.what, each.text, present.moment(each.at), present.exact(each.at), url, each.icon
    )


def tab(view: type[EntityView], row: Any) -> list[Tab]:
    """The tab of a record whose resource has a timeline."""
    resource = view.model.resource
    if not timeline.has(resource):
        return []
    return [
        Tab(
            "timeline",
            _("Timeline"),
            more_url=f"/{resource}/timeline/{row.id}",
            lazy_url=f"/{resource}/timeline/{row.id}",
        )
    ]


record.MORE_TABS.append(tab)
