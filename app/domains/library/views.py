"""How folders, files and articles are shown, and what each record's page says of its files."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from app.core import content, filing, markdown
from app.core.entity import record_name
from app.core.i18n import gettext as _
from app.core.i18n import lazy_gettext as _l
from app.core.remarks import Upload
from app.core.users import full_name
from app.core.web import history, present, reach
from app.core.web import record as record_page
from app.core.web.page import FileShown, Preview, Tab
from app.core.web.uploading import UploadForm
from app.core.web.view import EntityView, RecordLink, Related
from app.domains.library import queries, services, story
from app.domains.library.models import Article, File, Folder


class FolderView(EntityView, model=Folder):
    icon = "folder"
    columns = ("name", "parent", "visibility", "roles")
    fieldsets = (("", ("name", "parent", "visibility", "roles", "tags")),)
    sort = "name"
    related = (
        Related("folders", "parent", label=_l("Folders in it"), columns=("name", "visibility")),
        Related("articles", "folder", columns=("title", "category", "published", "owner", "changed_on")),
    )
    links = (RecordLink(_l("Knowledge base"), lambda folder: f"/library/{folder.id}", operation="list"),)
    list_links = (RecordLink(_l("Knowledge base"), lambda _none: "/library/", operation="list"),)
    help = _l("Where public files and articles lie. A folder for some roles hides what is in it from all others.")
    empty = _l("Make the first folder, such as “Price lists” or “Contracts to start from”.")


class FileView(EntityView, model=File):
    icon = "clipboard"
    columns = ("title", "kind", "customer", "folder", "name", "size", "owner", "changed_on")
    fieldsets = (
        ("", ("title", "kind", "record", "customer", "folder", "owner", "tags")),
        (_l("Content"), ("name", "media_type", "size", "latest", "text_state", "text_fault")),
    )
    receives = staticmethod(services.receive)
    add_at = "/files/upload"
    help = _l("On customers and other records, and in folders. Looks into PDF, Word, Excel and plain texts too.")
    empty = _l("Upload the first file here, or on a customer's page.")

    @staticmethod
    def _next_version(file: Any, uploads: Sequence[Upload], data: Mapping[str, Any]) -> Any:
        return services.add_version(file, uploads, str(data.get("comment") or "")[:2000])

    uploads = {"versions": _next_version}

    @classmethod
    def prepare(cls, rows: list[Any]) -> None:
        queries.load_versions(rows)


class ArticleView(EntityView, model=Article):
    icon = "pencil"
    columns = ("title", "category", "folder", "published", "owner", "changed_on")
    fieldsets = (("", ("title", "category", "folder", "published", "owner", "tags", "body")),)
    told_apart = ("body",)
    list_links = (RecordLink(_l("Knowledge base"), lambda _none: "/library/", operation="list"),)
    help = _l("What everyone should know and find again. Drafts are their author's alone.")
    empty = _l("Write down what you are asked again and again.")


def shown(file: File, number: int | None = None, *, own_page: bool = True) -> FileShown:
    """``file`` in a list of files."""
    url = f"/files/content/{file.id}" + (f"?version={number}" if number else "")
    thumb = f"/files/content/{file.id}?size=small" if file.media_type in content.SHOWN else ""
    return FileShown(
        file.title,
        present.size(file.size or 0),
        url if file.latest else "",
        full_name(file.owner) if file.owner else "",
        present.moment(file.changed_on),
        present.exact(file.changed_on),
        page=f"/files/show/{file.id}" if own_page else "",
        thumb=thumb,
        sound=f"/files/content/{file.id}?inline=1&version={file.latest}" if file.media_type in content.PLAYED else "",
        mark=f"v{file.latest}" if (file.latest or 0) > 1 else "",
    )


def upload_form(hidden: list[tuple[str, str]], back: str) -> UploadForm:
    """The form that sends new files to where ``hidden`` says."""
    label = _("Drop files here, or choose them")
    return UploadForm("/files/upload", "/api/v1/files/", label, [*hidden, ("next", back)])


def files_tab(view: type[EntityView], row: Any) -> list[Tab]:
    """The files of any record, or in a folder, with the form that adds some for whoever may."""
    in_it = isinstance(row, Folder)
    if not reach.may(FileView, "list") or not (in_it or filing.takes_files(type(row))):
        return []
    found, count = queries.in_folder(row.id) if in_it else queries.of_record(record_name(row))
    hidden = [("folder", str(row.id))] if in_it else [("record", record_name(row))]
    where = f"record:eq:{record_name(row)}"
    if in_it or row.resource == "customers":
        where = f"{'folder' if in_it else 'customer'}:rel_o_m:{row.id}"
    more = f"/files/list/?f={where}"
    return [
        Tab(
            "files",
            _("Files"),
            count,
            files=[shown(file) for file in found],
            uploads=upload_form(hidden, f"/{row.resource}/show/{row.id}#files") if queries.may_add_to(row) else None,
            note="" if found else _("No files yet."),
            more_url=more if count > len(found) else None,
        )
    ]


def content_tabs(view: type[EntityView], row: Any) -> list[Tab]:
    """What a file shows of itself, and its versions; the text of an article."""
    if isinstance(row, Article):
        return [Tab("text", _("Text"), html=markdown.html(row.body))]
    if not isinstance(row, File):
        return []
    tabs = [Tab("preview", _("Preview"), preview=preview(row))] if row.latest else []
    versions = [
        FileShown(
            each.name,
            present.size(each.size),
            f"/files/content/{row.id}?version={each.number}",
            each.uploaded_by,
            present.moment(each.at),
            present.exact(each.at),
            mark=f"v{each.number}",
        )
        for each in row.kept
    ]
    form = None
    if reach.may(view, "edit") and record_page.is_writable(view, row):
        label = _("Drop a new version here, or choose it") if row.latest else _("Drop the file here, or choose it")
        form = UploadForm(f"/files/versions/{row.id}", f"/api/v1/files/{row.id}/versions", label, many=False)
    tabs.append(Tab("versions", _("Versions"), len(versions), files=versions, uploads=form))
    return tabs


def preview(file: File) -> Preview:
    """What ``file`` shows of itself."""
    url, kind = f"/files/content/{file.id}?inline=1&version={file.latest}", file.media_type or ""
    name = file.name or file.title
    if kind in content.SHOWN:
        return Preview("picture", url, name)
    if kind == content.PDF:
        return Preview("pdf", url, name)
    if kind in content.PLAYED:
        return Preview("audio", url, name)
    return Preview("none", url, name, _("Files of this type are not shown here. Download it to open it."))


history.DEEDS[services.NEW_VERSION] = _l("brought a new version")
record_page.FIRST_TABS.append(content_tabs)
record_page.MORE_TABS.append(files_tab)
DECLARING = (story,)
"""The modules that declare, by being imported, what papers tell of other records."""
