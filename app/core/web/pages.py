"""The pages of an entity: list, record, form, actions, pictures and files, made from its view.

``pages_for(view)`` gives a Flask-AppBuilder view class; routing, blueprint and permission registration are
Flask-AppBuilder's, what a request does is written here once (docs/decisions/0001 says why its own CRUD is not used).
"""

from __future__ import annotations

from typing import Any

from flask import flash, jsonify, redirect, render_template, request
from flask_appbuilder import BaseView, expose
from flask_appbuilder.security.decorators import permission_name
from werkzeug.wrappers import Response

from app.core import crud, db, files, identity, scope
from app.core.entity import User
from app.core.errors import BusinessError, Conflict, Invalid, Stale
from app.core.fields import fields_of, readable
from app.core.i18n import gettext as _
from app.core.merging import MergedAway
from app.core.users import full_name
from app.core.web import (
    access,
    answers,
    asking,
    asking_again,
    drafts,
    listing,
    needs,
    pickers,
    query,
    quick,
    reach,
    record,
    resource,
    saved,
    selection,
    trail,
    versions,
)
from app.core.web.account import safe_next
from app.core.web.deeds import export_response, locks, perform, picture_response, refusal_text, said
from app.core.web.duplicates import DuplicatePages
from app.core.web.forms import EntityForm
from app.core.web.import_pages import ImportPages
from app.core.web.merge_pages import MergePages
from app.core.web.page import CommentForm, Link, RecordPage
from app.core.web.page_forms import FormPage
from app.core.web.row_pages import RowPages
from app.core.web.view import EntityView


class EntityPages(RowPages, ImportPages, DuplicatePages, MergePages, BaseView):
    """The pages of one entity.  ``view`` is its declaration."""

    view: type[EntityView]
    default_view = "list"

    @expose("/list/")
    @permission_name("list")
    def list(self) -> str:
        """The list, with search, conditions, order and pages."""
        reach.enter(self.view, "list")
        return render_template("kehu/list.html", page=listing.page(self.view, request.args))

    @expose("/show/<int:pk>")
    @permission_name("show")
    def show(self, pk: int) -> str | Response:
        """A record with its facts, lines, related rows and history."""
        try:
            page = record_page(self.view, pk)
        except MergedAway as gone:
            flash(gone.message, "info")
            return redirect(f"/{self.view.model.resource}/show/{gone.row.id}")
        return render_template("kehu/record.html", page=page)

    @expose("/add", methods=("GET", "POST"))
    @permission_name("add")
    def add(self) -> str | Response | tuple[Response | str, int]:
        """A new row; with ``quick`` in the address in a picker's dialog."""
        reach.enter(self.view, "add")
        if self.view.add_at:
            return redirect(f"{self.view.add_at}?{request.query_string.decode()}".rstrip("?"))
        if "quick" in request.args:
            return quick.respond(self.view)
        form = EntityForm(self.view, defaults={**self.view.defaults(), **self._given()})
        if request.method == "GET":
            form.load()
            return self._form(form, None)
        return self._save(form, None)

    @expose("/edit/<int:pk>", methods=("GET", "POST"))
    @permission_name("edit")
    def edit(self, pk: int) -> str | Response | tuple[str, int]:
        """A change of a row."""
        saving = request.method == "POST"
        options = record.lines_loading(self.view)
        if not saving:
            known = readable(self.view.model, reach.approach(self.view))
            asked = [name for _title, names in self.view.groups() for name in names if name in known]
            options = (*options, *query.loading(self.view.model, asked))
        row = reach.row(self.view, pk, "edit", lock=saving, options=options)
        form = EntityForm(self.view, row=row)
        if not saving:
            try:
                crud.require_editable(row)
            except Conflict as error:
                return self._refused(pk, error)
            form.load()
            return self._form(form, row)
        return self._save(form, row)

    @expose("/delete/<int:pk>", methods=("POST",))
    @permission_name("delete")
    def delete(self, pk: int) -> Response:
        """Remove a row; a refusal is told on its page."""
        row = reach.row(self.view, pk, "delete", lock=True)
        name = str(row)
        try:
            crud.delete(row)
        except BusinessError as error:
            if error.status in (404, 403):
                raise
            return self._refused(pk, error)
        flash(_("%(what)s was deleted.", what=name), "success")
        return redirect(self._list_url())

    @expose("/action/<name>/<int:pk>", methods=("POST",))
    @permission_name("show")
    def act(self, name: str, pk: int) -> Any:
        """A transition or an action on one row."""
        row = reach.row(self.view, pk, "show", lock=locks(self.view, name))
        try:
            result = perform(self.view, row, name, self._answers(name))
        except BusinessError as error:
            if error.status in (404, 403):
                raise
            return asking_again.of_row(self.view, pk, name, error) or self._refused(pk, error)
        answers.tell(result, said(self.view, result.row, name))
        if result.row is row and not scope.visible_ids(db.session.connection(), type(row), [pk], identity.require()):
            return redirect(self._list_url())  # it was given away
        return redirect(trail.kept(type(result.row).resource, result.row.id))

    @expose("/do/<name>", methods=("POST",))
    @permission_name("list")
    def do(self, name: str) -> Any:
        """An action on the resource as a whole, or on many rows at once."""
        action = resource.require(self.view, name)
        data = answers.read(asking.known(self.view, action), request.form)
        try:
            if data.pop("match", None) is not None or "ids" in data:
                data["ids"] = selection.chosen(self.view, request.form, action.most)
            done = resource.do(self.view, name, data)
        except BusinessError as error:
            if error.status in (401, 403, 404):
                raise
            db.session.rollback()
            if (asked := asking_again.of_resource(self.view, action, error)) is not None:
                return asked
            flash(refusal_text(error, self.view), "error")
            return redirect(self._list_url())
        answers.tell(done, said(self.view, None, name))
        return redirect(self._next() or self._list_url())

    @expose("/look/<name>")
    @permission_name("list")
    def look(self, name: str) -> str:
        """A table that is reckoned from the resource's rows."""
        return render_template("kehu/sheet.html", page=resource.page(self.view, name, None, request.args))

    @expose("/look/<name>/<int:pk>")
    @permission_name("show")
    def look_at(self, name: str, pk: int) -> str:
        """A table that is reckoned for one row."""
        return render_template("kehu/sheet.html", page=resource.page(self.view, name, pk, request.args))

    @expose("/pick")
    @permission_name("list")
    def pick(self) -> Response:
        """What a picker finds for ``q``, or what each ``name`` (of a pasted column) names, within the scope."""
        actor = reach.approach(self.view) if self.view.model.__name__ != "User" else identity.current()
        if actor is None:
            raise reach.NotLoggedIn()
        pickers.require(self.view.model)
        if names := request.args.getlist("name"):
            return jsonify(result=pickers.name_all(self.view.model, names[: pickers.NAMED]))
        return jsonify(result=pickers.asked_for(self.view.model, request.args))

    @expose("/pick-line")
    @permission_name("list")
    def pick_line(self) -> Response:
        """What a picker of the documents' lines finds for ``q``, within the scope."""
        reach.approach(self.view)
        return jsonify(result=pickers.find_lines(self.view.model, request.args.get("q", "")))

    @expose("/export")
    @permission_name("export")
    def export(self) -> Response:
        """What the list shows, as a file."""
        reach.enter(self.view, "export")
        wanted = saved.ask(self.view, request.args)
        if wanted.refusal is not None:
            raise wanted.refusal
        asked = wanted.query
        return export_response(self.view, asked, request.args.get("format", "xlsx"), wanted.columns())

    @expose("/visible-to/<int:pk>")
    @permission_name("visible-to")
    def visible_to(self, pk: int) -> str:
        """Who sees the row, and why."""
        return access.page(self.view, reach.row(self.view, pk, "visible-to"))

    @expose("/picture/<int:pk>/<name>/<digest>")
    @permission_name("show")
    def picture(self, pk: int, name: str, digest: str) -> Response:
        """A picture of a row, for whoever sees the row."""
        return picture_response(self.view, pk, name, digest)

    def _list_url(self) -> str:
        """The list, as it was when something was done with rows of it."""
        return selection.list_url(self.view, request.form.get("back") or request.args.get(trail.LIST, ""))

    def _given(self) -> dict[str, Any]:
        """Defaults in the address: ``/contacts/add?customer=12``."""
        known = fields_of(self.view.model)
        given: dict[str, Any] = {}
        for name, raw in request.args.items():
            field = known.get(name)
            if field is None or field.readonly or field.kind in ("images", "json", "relations", "tags"):
                continue
            try:
                value = field.parse(raw)
                if field.kind == "relation" and value is not None:
                    value = crud.fetch(field.target, value)  # type: ignore[arg-type]
            except (ValueError, BusinessError):
                continue
            given[name] = value
        return given

    def _refused(self, pk: int, error: BusinessError) -> Response:
        """Undo everything and tell the refusal on the row's page, or on the list where that can't be opened."""
        message = refusal_text(error, self.view)
        db.session.rollback()
        flash(message, "error")
        shown = reach.may(self.view, "show")
        return redirect(trail.kept(self.view.model.resource, pk) if shown else self._list_url())

    def _answers(self, name: str) -> dict[str, Any]:
        """What a dialog asked for."""
        flow = self.view.model.workflow
        deed = (flow.find(name) if flow is not None else None) or self.view.action(name)
        return answers.read(asking.known(self.view, deed), request.form)

    def _save(self, form: EntityForm, row: Any) -> Any:
        posted = versions.chosen(request.form)
        readable_form = form.post(posted)
        try:
            if row is not None:
                crud.require_editable(row)
            data = form.data() | self._pictures(form, row)
            saved = (
                crud.create(self.view.model, data)
                if row is None
                else crud.update(row, data, request.form.get("version"))
            )
            # Only now: what else is wrong is told in the same round.
            if not readable_form:
                raise Invalid({})
            form.compare(saved, request.form)
        except BusinessError as error:
            if error.status in (403, 404):
                raise
            db.session.rollback()
            form.refuse(error)
            if any(each.filename for each in request.files.values()):
                form.general.append(_("Choose the files again: a page can't keep them."))
            if isinstance(error, Stale):
                row = reach.row(self.view, row.id, "edit", options=record.lines_loading(self.view))
                return self._form(form, row, versions.Versions(form, row, posted)), error.status
            return self._form(form, row), error.status
        flash(_("%(what)s was saved.", what=saved), "success")
        place = self._next() or self._place(saved)
        if request.form.get("then") == "add":
            place = f"/{self.view.model.resource}/add"
        return drafts.saved(redirect(place))

    def _place(self, saved: Any) -> str:
        """The page of a row that was saved; the list, when it has thereby gone to somebody whom one does not lead."""
        owner = fields_of(self.view.model).get("owner")
        if owner is not None and owner.target is User and (whose := owner.value(saved)) is not None:
            seen = {saved.id}
            if whose.id != identity.user_id():
                seen = scope.visible_ids(db.session.connection(), self.view.model, seen, identity.require())
            if not seen:
                flash(_("It went to %(who)s.", who=full_name(whose)), "info")
                return self._list_url()
        return f"/{self.view.model.resource}/show/{saved.id}"

    def _next(self) -> str:
        """Where the one who came here wants to be afterwards: an address of this console in ``next``, or empty."""
        wanted = request.args.get("next", "")
        return wanted if wanted and safe_next(wanted) == wanted else ""

    def _pictures(self, form: EntityForm, row: Any) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for name, field in form.fields.items():
            if field.kind != "images":
                continue
            kept = [
                each
                for each in (field.value(row) or [] if row is not None else [])
                if each not in request.form.getlist(f"{name}-remove")
            ]
            added = [files.store_picture(name, each.stream) for each in request.files.getlist(name) if each.filename]
            found[name] = list(dict.fromkeys([*kept, *added]))
            if len(found[name]) > files.MAX_PICTURES:
                raise Invalid({name: [_("At most %(count)s pictures.", count=files.MAX_PICTURES)]})
        return found

    def _form(self, form: EntityForm, row: Any, both: versions.Versions | None = None) -> str:
        model = self.view.model
        kind = str(model.label)
        title = _("New %(what)s", what=kind.lower()) if row is None else _("Edit %(what)s", what=row)
        show = f"/{model.resource}/show/{row.id}" if row is not None else self._list_url()
        breadcrumb = [Link(str(model.labels), self._list_url())]
        if row is not None:
            breadcrumb.append(Link(str(row), show))
        page = FormPage(
            title=title,
            resource=model.resource,
            breadcrumb=breadcrumb,
            action_url=request.full_path.rstrip("?"),
            cancel_url=self._next() or show,
            groups=form.groups(),
            submit_label=_("Save"),
            hidden=both.hidden if both is not None else versions.carried(form, request.form),
            lines=form.grid(),
            errors=form.errors(),
            there=form.there,
            note=_note(form),
            differences=both.differences if both is not None else [],
            lack=needs.lack(self.view, request.path) if row is None else None,
            draft=drafts.place(model, row),
            draft_name=drafts.name(),
        )
        return render_template("kehu/form.html", page=page)


def _note(form: EntityForm) -> str:
    """Why some of the form can't be changed, if so."""
    if form.is_foreign:
        return _("These are the words of %(who)s: what is grey is theirs alone to change.", who=form.row.owner)
    flow = form.view.model.workflow
    if not form.steady or flow is None:
        return ""
    state = str(flow.states[form.row.state]).lower()
    return _("%(document)s is %(state)s: what is grey can no longer be changed.", document=form.row, state=state)


def record_page(view: type[EntityView], pk: int, comment: CommentForm | None = None) -> RecordPage:
    """The page of the row ``pk``; ``comment`` is one on it that was refused.  Raises NotVisible, NotPermitted."""
    columns = [name for _title, names in view.groups() for name in names]
    options = tuple(query.loading(view.model, [*columns, "created_by", "changed_by"]))
    row = reach.row(view, pk, "show", options=(*options, *record.lines_loading(view)))
    return trail.lead(record.page(view, row, comment), view, row, request.args)


def pages_for(view: type[EntityView]) -> type[EntityPages]:
    """The Flask-AppBuilder view class of ``view``'s pages."""
    operations = view.operations()
    hidden = {
        method
        for method, operation in (
            ("add", "add"),
            ("edit", "edit"),
            ("bulk_edit", "edit"),
            ("delete", "delete"),
            ("import_", "import"),
            ("import_template", "import"),
            ("import_run", "import"),
            ("import_errors", "import"),
            ("visible_to", "visible-to"),
            ("cancel_preview", "cancel"),
            ("comment", "comment"),
            ("uncomment", "comment"),
            ("comment_file", "comment"),
            ("merge", "merge"),
            ("like", "duplicates"),
            ("duplicates", "duplicates"),
        )
        if operation not in operations
    }
    if not view.model.card:
        hidden.add("card")
    members = {
        "view": view,
        "route_base": f"/{view.model.resource}",
        "class_permission_name": view.model.permission_key(),
        "base_permissions": [f"can_{name}" for name in operations],
        "exclude_route_methods": hidden,
    }
    return type(f"{view.model.__name__}Pages", (EntityPages,), members)
