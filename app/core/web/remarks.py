"""Comments and attachments on pages and over the API: read by whoever opens the record, files given to be saved only."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from flask import flash, redirect, render_template, request
from werkzeug.wrappers import Response

from app.core import db, remarks
from app.core.errors import Invalid, NotVisible
from app.core.i18n import gettext as _
from app.core.web import downloads, drafts, history, present, reach, trail, uploading
from app.core.web.page import Action, Change, CommentForm, FileShown, RemarkShown, Tab
from app.core.web.view import EntityView

SHOWN = 100  # comments of a record's page
LARGEST = 100  # comments of a page of the API
TAB = "comments"
FILES_TAB = "attachments"
LINK = re.compile(r"https?://[^\s<>\"'`，。；：！？、（）【】《》「」“”‘’]+", re.IGNORECASE)
AT_ITS_END = ".,;:!?)]}*_"  # of an address: what belongs to the sentence around it


def tab(view: type[EntityView], row: Any, form: CommentForm | None = None) -> list[Tab]:
    """The tabs of a record's page: the comments, with the form of whoever may write one (``form`` is one that was
    refused), and the files that came with them, if there are any.
    """
    if not view.commentable or not isinstance(row, view.model):
        return []
    found, count = remarks.of(row, most=SHOWN)
    written = form or CommentForm("")
    base = f"/{view.model.resource}/comments/{row.id}"
    note = ""
    if count > len(found):
        note = _("The latest %(shown)s of %(count)s are shown.", shown=len(found), count=count)
    talk = [_shown(each, base) for each in found]
    written.url, written.draft_name = base, drafts.name()
    written.draft = f"{drafts.place(view.model, row)}/comment"
    may = reach.may(view, remarks.COMMENT)
    tabs = [Tab(TAB, _("Comments"), count, remarks=talk, form=written if may else None, note=note)]
    if attached := [FileShown(*file, each.who, each.when, each.at) for each in talk for file in each.files]:
        if note:
            note = _("Those of the latest %(count)s comments.", count=len(found))
        tabs.append(Tab(FILES_TAB, _("Attachments"), len(attached), files=attached, note=note))
    return tabs


def write(view: type[EntityView], pk: int) -> Any:
    """Take what the form of the record's page says; refused, the page comes back with what was typed."""
    row = reach.row(view, pk, remarks.COMMENT)
    place = f"{trail.kept(view.model.resource, pk)}#{TAB}"
    try:
        remarks.add(row, request.form.get("text", ""), uploading.sent())
    except Invalid as error:
        from app.core.web.pages import record_page

        db.session.rollback()
        texts = error.texts
        if any(each.filename for each in request.files.getlist("file")):
            texts.append(_("Choose the files again: a page can't keep them."))
        form = CommentForm(f"/{view.model.resource}/comments/{pk}", request.form.get("text", ""), texts)
        return render_template("kehu/record.html", page=record_page(view, pk, form)), error.status
    flash(_("Your comment was added."), "success")
    return drafts.saved(redirect(place))


def erase(view: type[EntityView], pk: int, remark: int) -> Response:
    """Take a comment away by its button."""
    row = _row_of(view, pk)
    remarks.remove(row, remark)
    flash(_("The comment was deleted."), "success")
    return redirect(f"{trail.kept(view.model.resource, pk)}#{TAB}")


def download(view: type[EntityView], pk: int, remark: int, number: int) -> Response:
    """A file of a comment, to be saved: never shown or run, whatever it is and is called.  Raises NotVisible."""
    file = remarks.attached(_row_of(view, pk), remark, number)
    return downloads.respond(file.digest, name=file.name)


def listed(view: type[EntityView], pk: int) -> dict[str, Any]:
    """A page of a record's comments for the API, by ``page`` and ``page_size``."""
    row = _row_of(view, pk)
    number, size = (_number(request.args.get(name), default) for name, default in (("page", 0), ("page_size", 25)))
    size = min(size, LARGEST) or 1
    found, count = remarks.of(row, first=number * size, most=size)
    return {"id": pk, "count": count, "result": [remarks.as_json(each, _api_base(view, pk)) for each in found]}


def add(view: type[EntityView], pk: int, body: Mapping[str, Any]) -> dict[str, Any]:
    """A new comment from JSON, or from a form with files; as the API answers it.  Raises Invalid."""
    row = reach.row(view, pk, remarks.COMMENT)
    unknown = {name: [_("There is no such field here.")] for name in body if name not in ("text", "csrf_token")}
    if unknown:
        raise Invalid(unknown)
    comment = remarks.add(row, body.get("text"), uploading.sent())
    return {"id": comment.id, "result": remarks.as_json(comment, _api_base(view, pk))}


def remove(view: type[EntityView], pk: int, remark: int) -> dict[str, Any]:
    """Take a comment away; as it was, as the API answers it."""
    comment = remarks.remove(_row_of(view, pk), remark)
    return {"id": comment.id, "result": remarks.as_json(comment, _api_base(view, pk))}


def pieces(text: str) -> Iterator[tuple[str, str]]:
    """``text`` in parts: (what is shown, where it leads; empty for plain text).  Web addresses alone become links."""
    last = 0
    for found in LINK.finditer(text):
        address = found[0].rstrip(AT_ITS_END)
        if "://" not in address or not address.split("://", 1)[1]:
            continue
        if found.start() > last:
            yield text[last : found.start()], ""
        yield address, address
        last = found.start() + len(address)
    if last < len(text):
        yield text[last:], ""


@history.tells("", "remark")
def told(old: str | None, new: str | None) -> list[Change]:
    """A comment that was taken away, in the history of its record."""
    return [Change(_("Comment text"), remarks.shortened(old or ""), new or "")]


@history.tells("", "files")
def told_files(old: list[str] | None, new: list[str] | None) -> list[Change]:
    """The files that came or went with a comment."""
    return [Change(_("Attachments"), ", ".join(old or []), ", ".join(new or []))]


def _row_of(view: type[EntityView], pk: int) -> Any:
    """The record, if who asks may open it and it has comments."""
    if not view.commentable:
        raise NotVisible()
    return reach.row(view, pk, "show")


def _shown(comment: remarks.Comment, base: str) -> RemarkShown:
    sure = _("The comment goes for good. The history keeps what it said.")
    return RemarkShown(
        who=comment.author,
        when=present.moment(comment.at),
        at=present.exact(comment.at),
        pieces=list(pieces(comment.text)),
        files=[
            (file.name, present.size(file.size), f"{base}/{comment.id}/files/{file.number}") for file in comment.files
        ],
        actions=[
            Action(
                "uncomment",
                _("Delete"),
                f"{base}/{comment.id}/delete",
                confirm=sure,
                rank="danger",
                tone="danger",
                icon="trash",
            )
        ]
        if comment.may_go
        else [],
    )


def _api_base(view: type[EntityView], pk: int) -> str:
    return f"/api/v1/{view.model.resource}/{pk}/comments"


def _number(text: str | None, default: int) -> int:
    return int(text) if text and text.isascii() and text.isdecimal() and len(text) < 7 else default
