"""The bell: one's notices, and how one wants each kind of news."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import flash, redirect, render_template, request
from flask_appbuilder import BaseView, expose

from app.core import identity, notices
from app.core.errors import NotVisible
from app.core.i18n import gettext as _
from app.core.i18n import lazy_gettext as _l
from app.core.notices import Notice
from app.core.web.page import FormField, Group, Link
from app.core.web.page_forms import FormPage
from app.core.web.reach import NotLoggedIn
from app.core.web.view import Done, EntityView, RecordAction, ResourceAction


def _open(notice: Notice, _data: Mapping[str, Any]) -> Done:
    """Mark it as read and go to what it is about, as far as that is still there for the reader."""
    if not notice.waiting:
        notices.read(notice)
    try:
        return Done(notices.about(notice), "" if notice.waiting else _("This notice is read now."))
    except NotVisible:
        return Done(notice, _("What this notice was about is gone, or no longer yours to see."))


def _read(notice: Notice, _data: Mapping[str, Any]) -> Done:
    return Done(notices.read(notice), _("This notice is read now."))


def _read_all(_values: Mapping[str, Any]) -> Done:
    count = notices.read_all(_who())
    return Done(None, _("%(count)s marked as read.", count=count), {"count": count})


class NoticeView(EntityView, model=Notice):
    icon = "mail"
    commentable = False
    columns = ("subject", "user", "kind", "created_on", "read", "waiting")
    fieldsets = (("", ("user", "kind", "created_on", "read")), ("", ("body",)))
    sort = "-created_on"
    actions = (
        RecordAction(
            "open", _l("Open what it is about"), _open, primary=True, shown=lambda notice: bool(notice.record)
        ),
        RecordAction(
            "read", _l("Mark as read"), _read, bulk=True, shown=lambda notice: not (notice.read or notice.waiting)
        ),
    )
    resource_actions = (ResourceAction("read-all", _l("Mark all as read"), _read_all),)
    help = _l("What Kehu has told you. How you want to be told is yours to choose.")
    help_of_all = _l("What Kehu has told everyone. How you want to be told is yours to choose.")
    empty = _l("Nothing has been told yet.")


class NoticeChoicesView(BaseView):
    """``/account/notices``: how one wants to be told, by kind."""

    route_base = "/account/notices"
    default_view = "choices"
    base_permissions: list[str] = []

    @expose("/", methods=("GET", "POST"))
    def choices(self) -> Any:
        """Look at and change one's choices."""
        who = _who()
        if request.method == "POST":
            notices.choose(who, {kind: request.form.get(kind, "") for kind in notices.KINDS})
            flash(_("Your choices were saved."), "success")
            return redirect("/account/notices/")
        ways = notices.chosen([who])
        options = [(way, str(label)) for way, label in notices.WAYS.items()]
        fields = [
            FormField(
                kind,
                f"f-{kind}",
                str(label),
                "choice",
                value=ways.get((who, kind), notices.DEFAULT),
                choices=options,
            )
            for kind, label in sorted(notices.KINDS.items(), key=lambda pair: str(pair[1]))
        ]
        page = FormPage(
            title=_("How you are told"),
            resource="account",
            breadcrumb=[Link(_("Notices"), "/notices/list/")],
            action_url="/account/notices/",
            cancel_url="/notices/list/",
            groups=[Group("", fields=fields)],
            submit_label=_("Save"),
        )
        return render_template("kehu/form.html", page=page)


def _who() -> int:
    actor = identity.current()
    if actor is None or actor.user_id is None:
        raise NotLoggedIn()
    return actor.user_id
