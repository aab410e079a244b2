"""The pages of papers besides those of every entity: the knowledge base, sending files, and giving them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from flask import flash, redirect, render_template, request
from flask_appbuilder import BaseView
from flask_appbuilder.api import BaseApi, expose
from flask_appbuilder.baseviews import expose as expose_page
from flask_appbuilder.security.decorators import permission_name
from werkzeug.wrappers import Response

from app.core import db
from app.core.errors import Invalid, NotVisible
from app.core.i18n import gettext as _
from app.core.i18n import ngettext
from app.core.web import downloads, frame, present, reach, uploading
from app.core.web.account import safe_next
from app.core.web.page import FileShown, Link
from app.core.web.uploading import UploadForm
from app.domains.library import queries, services
from app.domains.library.models import KINDS, File, Folder
from app.domains.library.views import ArticleView, FileView, FolderView, shown, upload_form

frame.belongs["library"] = "folders"


@dataclass
class Branch:
    """A folder in the tree, and how much lies in it."""

    name: str
    url: str
    count: int
    is_here: bool = False
    is_open: bool = True
    within: list[Branch] = field(default_factory=list)


@dataclass
class ShelfPage:
    """``/library/``: the tree, and what lies in one folder (or in none): ``articles`` are (title, address, category, when
    changed).
    """

    title: str
    tree: list[Branch]
    articles: list[tuple[str, str, str, str]]
    files: list[FileShown]
    breadcrumb: list[Link]
    is_top: bool = False
    settings_url: str | None = None
    new_folder_url: str | None = None
    new_article_url: str | None = None
    uploads: UploadForm | None = None
    search_url: str = "/search/"


@dataclass
class SendPage:
    """``/files/upload``: where new files go."""

    title: str
    uploads: UploadForm
    folders: list[tuple[str, str]]
    kinds: list[tuple[str, str]]
    folder: str = ""
    breadcrumb: list[Link] = field(default_factory=list)


class LibraryView(BaseView):
    """``/library/…``: the knowledge base, folder by folder."""

    route_base = "/library"
    default_view = "index"
    class_permission_name = "Folder"
    base_permissions: list[str] = []

    @expose_page("/")
    def index(self) -> str:
        """The tree, and what lies in no folder."""
        return render_template("kehu/shelf.html", page=shelf(None))

    @expose_page("/<int:pk>")
    def folder(self, pk: int) -> str:
        """One folder of the tree."""
        return render_template("kehu/shelf.html", page=shelf(pk))


def shelf(pk: int | None) -> ShelfPage:
    """What the knowledge base shows of the folder ``pk`` (None: what lies in none).  Raises NotVisible."""
    reach.enter(FolderView, "list")
    every = queries.folders()
    by_id = {each.id: each for each in every}
    here = by_id.get(pk) if pk is not None else None
    if pk is not None and here is None:
        raise NotVisible()
    held = queries.counts()
    above: list[Folder] = []
    at = here
    while at is not None and at not in above:
        above.append(at)
        at = by_id.get(at.parent_id or 0)

    def branches(parent: int | None) -> list[Branch]:
        # Who does not see the folder above finds what it holds at the top.
        mine = [each for each in every if (each.parent_id if each.parent_id in by_id else None) == parent]
        return [
            Branch(each.name, f"/library/{each.id}", held.get(each.id, 0), each is here, True, branches(each.id))
            for each in mine
        ]

    articles = queries.articles_in(pk) if reach.may(ArticleView, "list") else []
    files = queries.in_folder(pk)[0] if reach.may(FileView, "list") else []
    trail = [Link(_("Knowledge base"), "/library/" if here is not None else None)]
    trail += [Link(each.name, f"/library/{each.id}" if each is not here else None) for each in reversed(above)]
    within = f"?folder={pk}" if pk is not None else ""
    may_send = queries.may_add_to(here) if here is not None else reach.may(FileView, "add")
    back = f"/library/{pk}" if pk is not None else "/library/"
    return ShelfPage(
        title=here.name if here is not None else _("Knowledge base"),
        tree=branches(None),
        articles=[
            (each.title, f"/articles/show/{each.id}", each.category or "", present.moment(each.changed_on))
            for each in articles
        ],
        files=[shown(each) for each in files],
        breadcrumb=trail,
        is_top=here is None,
        settings_url=f"/folders/show/{pk}" if here is not None and reach.may(FolderView, "show") else None,
        new_folder_url=f"/folders/add?{f'parent={pk}&' if pk else ''}next={back}"
        if reach.may(FolderView, "add")
        else None,
        new_article_url=f"/articles/add{within}" if reach.may(ArticleView, "add") else None,
        uploads=upload_form([("folder", str(pk or ""))], back) if may_send else None,
    )


class FileUploads(BaseView):
    """``/files/…`` besides a file's own pages: sending files, and giving their contents."""

    route_base = "/files"
    class_permission_name = "File"
    base_permissions: list[str] = []

    @expose_page("/upload", methods=("GET", "POST"))
    @permission_name("add")
    def upload(self) -> Any:
        """New files: from the form on a record's page, in a folder, or here."""
        reach.enter(FileView, "add")
        if request.method == "GET":
            return render_template("kehu/upload.html", page=_send_page())
        fields = {name: text for name, text in request.form.items() if name not in ("csrf_token", "next")}
        try:
            sent = uploading.sent()
            if not sent:
                raise Invalid({"file": [_("Choose a file.")]})
            for each in sent:
                services.receive([each], fields)
        except Invalid as error:
            db.session.rollback()
            page = _send_page(request.form.to_dict())
            page.uploads.errors = [*error.texts, _("Choose the files again: a page can't keep them.")]
            return render_template("kehu/upload.html", page=page), error.status
        flash(ngettext("%(num)s file uploaded.", "%(num)s files uploaded.", len(sent)), "success")
        return redirect(_next("/files/list/"))

    @expose_page("/versions/<int:pk>", methods=("POST",))
    @permission_name("edit")
    def add_version(self, pk: int) -> Any:
        """The next version of a file."""
        file = reach.row(FileView, pk, "edit", lock=True)
        try:
            services.add_version(file, uploading.sent(), request.form.get("comment", ""))
        except Invalid as error:
            db.session.rollback()
            flash(error.words, "error")
        else:
            flash(_("The new version was uploaded."), "success")
        return redirect(f"/files/show/{pk}#versions")

    @expose_page("/content/<int:pk>")
    @permission_name("show")
    def content(self, pk: int) -> Response:
        """The content of a file, or of one of its versions; ``inline`` shows what a browser can show."""
        return respond(pk, inline="inline" in request.args)


class FileContentApi(BaseApi):
    """``/api/v1/files/<id>/content``."""

    resource_name = "files"
    allow_browser_login = True
    class_permission_name = "File"
    base_permissions: list[str] = []
    openapi_spec_tag = "FileApi"

    @expose("/<int:pk>/content", methods=["GET"])
    @permission_name("show")
    def content(self, pk: int) -> Any:
        """The content of a file
        ---
        get:
          description: The latest version, or `version`; a part of it by the header Range.
          parameters:
          - {in: path, name: pk, required: true, schema: {type: integer}}
          - {in: query, name: version, schema: {type: integer}}
          - {in: query, name: size, schema: {type: string, enum: [small]}}
          responses:
            200: {description: The content}
            206: {description: A part of it}
            401: {$ref: '#/components/responses/401'}
            403: {$ref: '#/components/responses/403'}
            404: {$ref: '#/components/responses/404'}
        """
        return respond(pk)


def respond(pk: int, *, inline: bool = False) -> Response:
    """The content of the file ``pk``, as the address asks.  Raises NotVisible, NotPermitted."""
    file: File = reach.row(FileView, pk, "show")
    asked = request.args.get("version", "")
    if asked and not (asked.isascii() and asked.isdecimal() and len(asked) < 7):
        raise NotVisible()
    queries.load_versions([file])
    found = services.version(file, int(asked) if asked else None)
    small = request.args.get("size") == "small"
    return downloads.respond(
        found.sha256,
        name=found.name,
        media_type=found.media_type,
        inline=inline,
        small=small,
        kept=3600 if small else 0,
    )


def _send_page(given: dict[str, str] | None = None) -> SendPage:
    given = given if given is not None else request.args.to_dict()
    hidden = []
    if record := given.get("record", ""):
        hidden.append(("record", record[:80]))
    elif customer := given.get("customer", ""):
        hidden.append(("customer", customer[:20]))
    return SendPage(
        title=_("Upload files"),
        uploads=upload_form(hidden, _next("/files/list/", given)),
        folders=[(str(each.id), each.name) for each in queries.folders()] if not hidden else [],
        kinds=[(key, str(label)) for key, label in KINDS.items()],
        folder=given.get("folder", ""),
        breadcrumb=[Link(str(File.labels), "/files/list/"), Link(_("Upload files"))],
    )


def _next(otherwise: str, given: Any = None) -> str:
    wanted = (given if given is not None else request.form).get("next", "")
    return wanted if wanted and safe_next(wanted.split("#")[0]) == wanted.split("#")[0] else otherwise
