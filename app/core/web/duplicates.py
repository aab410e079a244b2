"""Rows that may be the same, on pages and over the API: beside a field while one types, and every group of the base."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

from flask import jsonify, render_template, request
from flask_appbuilder import expose
from flask_appbuilder.security.decorators import permission_name
from werkzeug.wrappers import Response

from app.core import db, duplicates, identity, match_keys, scope
from app.core.errors import NotVisible
from app.core.fields import fields_of, readable
from app.core.i18n import gettext as _
from app.core.i18n import ngettext
from app.core.web import present, query, reach
from app.core.web.like import has
from app.core.web.listing import table_rows
from app.core.web.page import Action, Link, Table
from app.core.web.view import EntityView

AT_ONCE = 20  # groups of a page
OPERATION = "duplicates"
MERGE = "merge"


@dataclass
class Group:
    """A group on the page: why, its visible rows, and how many are hidden."""

    title: str
    table: Table
    count: int
    hidden: str = ""


@dataclass
class DuplicatesPage:
    """``/<resource>/duplicates``."""

    title: str
    resource: str
    breadcrumb: list[Link]
    help: str
    told: str
    again_url: str
    groups: list[Group] = field(default_factory=list)
    prev_url: str | None = None
    next_url: str | None = None
    empty: str = ""


def merge_url(view: type[EntityView], pk: int, other: int) -> str:
    """The page that merges the row ``other`` into ``pk``."""
    return f"/{view.model.resource}/merge/{pk}?{urlencode({'other': other})}"


def _asked(view: type[EntityView], arguments: Mapping[str, str]) -> tuple[dict[str, str], int | None]:
    reach.approach(view)
    if not has(view):
        raise NotVisible()
    known = duplicates.fields_that_tell(view.model)
    raw = arguments.get("id", "")
    return {name: arguments[name] for name in known if name in arguments}, int(raw) if raw.isdecimal() and len(
        raw
    ) < 10 else None


def as_json(found: list[duplicates.Match]) -> dict[str, Any]:
    """The matches as the API gives them."""
    return {"count": len(found), "result": [each.told for each in found]}


def _hint(view: type[EntityView], found: list[duplicates.Match], besides: int | None) -> str:
    """What stands beside a field: the matches, as a piece of HTML; «» when there are none."""
    if not found:
        return ""
    may_open, may_merge = reach.may(view, "show"), besides is not None and reach.may(view, MERGE)
    items = [
        {
            "label": str(each.row) if each.row is not None else each.words,
            "url": f"/{view.model.resource}/show/{each.row.id}" if each.row is not None and may_open else None,
            "owner": (each.owner or _("in the pool")) if each.row is not None else "",
            "merge_url": merge_url(view, besides or 0, each.row.id) if each.row is not None and may_merge else None,
        }
        for each in found
    ]
    return render_template("kehu/_like.html", items=items)


def groups_page(
    view: type[EntityView], arguments: Mapping[str, str]
) -> tuple[duplicates.Groups, list[duplicates.Group], int, int]:
    """What a scan found, the groups of the page that is asked for, its number, and how many groups there are, of those that
    the actor sees something of.  Raises NotPermitted, NotVisible.
    """
    reach.approach(view)
    if not has(view):
        raise NotVisible()
    reach.enter(view, OPERATION)
    found = duplicates.visible(view.model, duplicates.scan(view.model, anew="again" in arguments))
    raw = arguments.get("page", "")
    number = int(raw) if raw.isdecimal() and len(raw) < 7 else 0
    options = tuple(query.loading(view.model, _columns(view)))
    return found, duplicates.shown(view.model, found, number * AT_ONCE, AT_ONCE, options), number, len(found.groups)


def _columns(view: type[EntityView]) -> list[str]:
    known, first = readable(view.model), view.list_columns()[:2]
    names = [*first, *match_keys.fields(view.model), "owner", "created_on"]
    return [name for name in dict.fromkeys(names) if name in known]


def _why(view: type[EntityView], kinds: list[str]) -> str:
    """«Phone, Name»: the fields in which the rows of a group are alike."""
    known = fields_of(view.model)
    labels = [str(known[name].label) for name, kind in match_keys.fields(view.model).items() if kind in kinds]
    return _("The same: %(fields)s", fields=", ".join(dict.fromkeys(labels)))


def page(view: type[EntityView], arguments: Mapping[str, str]) -> DuplicatesPage:
    """The page of all groups.  Raises as ``groups_page``."""
    found, part, number, count = groups_page(view, arguments)
    base, known = f"/{view.model.resource}", readable(view.model)
    fields = [known[name] for name in _columns(view)]
    ids = [row.id for group in part for row in group.rows]
    writable: set[int] = set()
    if reach.may(view, MERGE):
        writable = scope.visible_ids(db.session.connection(), view.model, ids, identity.require(), write=True)
    shown = []
    for group in part:
        rows = table_rows(view, group.rows, fields)
        into = next((row for row in group.rows if row.id in writable), None)
        for row, told in zip(group.rows, rows, strict=True):
            if into is not None and row is not into and row.id in writable:
                told.actions.append(Action(MERGE, _("Merge"), merge_url(view, into.id, row.id), method="get"))
        hidden = _("%(count)s more belong to others", count=group.hidden) if group.hidden else ""
        shown.append(
            Group(
                _why(view, group.kinds),
                Table([present.column(each) for each in fields], rows),
                len(group.rows) + group.hidden,
                hidden,
            )
        )
    summary = ngettext(
        "%(groups)s group of %(rows)s rows, as of %(when)s.",
        "%(groups)s groups of %(rows)s rows, as of %(when)s.",
        count,
        groups=f"{count:,}",
        rows=f"{found.rows:,}",
        when=present.moment(found.at, inside=True),
    )
    if found.common:
        summary += " " + _(
            "%(count)s numbers or names that more than %(most)s rows share are left out.",
            count=found.common,
            most=duplicates.COMMON,
        )
    return DuplicatesPage(
        title=_("Duplicates"),
        resource=view.model.resource,
        breadcrumb=[
            Link(str(view.model.labels), f"{base}/list/" if reach.may(view, "list") else None),
            Link(_("Duplicates")),
        ],
        help=_(
            "Names are compared without case, width, punctuation and legal form, telephone numbers as they are dialled. "
            "The numbers of contacts count too."
        ),
        told=summary,
        again_url=f"{base}/duplicates?again=1",
        groups=shown,
        prev_url=f"{base}/duplicates?page={number - 1}" if number else None,
        next_url=f"{base}/duplicates?page={number + 1}" if (number + 1) * AT_ONCE < count else None,
        empty=_("No two rows look the same.") if not shown else "",
    )


class DuplicatePages:
    """A part of ``EntityPages``."""

    view: type[EntityView]

    @expose("/like")
    @permission_name("list")
    def like(self) -> Response:
        """What stands beside a field of a form while one types: who may be the same."""
        given, besides = _asked(self.view, request.args)
        found = duplicates.matches(self.view.model, given, besides, typing=True)
        return jsonify(count=len(found), html=_hint(self.view, found, besides))

    @expose("/duplicates")
    @permission_name("duplicates")
    def duplicates(self) -> str:
        """Every group of rows that are likely to be one."""
        return render_template("kehu/duplicates.html", page=page(self.view, request.args))


class DuplicateCalls:
    """A part of ``EntityApi``."""

    view: type[EntityView]
    response: Any

    @expose("/duplicates", methods=["GET"])
    @permission_name("list")
    def duplicates(self) -> Any:
        """Rows that may be the same
        ---
        get:
          description: >-
            Rows that are like what is given by field (name=…, phone=…, normalised), without the row `id`. Of those out
            of sight it is told whose they are, with neither id nor name. For whoever may add or edit such rows.
          responses:
            200: {description: 'Matches: {"count", "result": [{"id", "label", "owner", "fields", "message"}]}'}
            401: {$ref: '#/components/responses/401'}
            403: {$ref: '#/components/responses/403'}
            404: {$ref: '#/components/responses/404'}
        """
        given, besides = _asked(self.view, request.args)
        return self.response(200, **as_json(duplicates.matches(self.view.model, given, besides)))

    @expose("/duplicates/groups", methods=["GET"])
    @permission_name("duplicates")
    def duplicate_groups(self) -> Any:
        """Every group of rows that are likely to be one
        ---
        get:
          description: By `page` of 20 groups; rows out of sight are counted as hidden. `again` scans a large base anew.
          responses:
            200: {description: 'Groups: {"count", "rows", "at", "result": [{"kinds", "rows", "hidden"}]}'}
            401: {$ref: '#/components/responses/401'}
            403: {$ref: '#/components/responses/403'}
            404: {$ref: '#/components/responses/404'}
        """
        found, part, _number, count = groups_page(self.view, request.args)
        result = [
            {
                "kinds": each.kinds,
                "rows": [{"id": row.id, "label": str(row)} for row in each.rows],
                "hidden": each.hidden,
            }
            for each in part
        ]
        return self.response(200, count=count, rows=found.rows, at=found.at.isoformat(), result=result)
