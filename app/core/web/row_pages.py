"""The pages of rows besides list, record and form: many at once, what hangs on one, and comments."""

from __future__ import annotations

from typing import Any

from flask import flash, redirect, render_template, request
from flask_appbuilder import expose
from flask_appbuilder.security.decorators import permission_name
from werkzeug.wrappers import Response

from app.core import bulk
from app.core.errors import Invalid
from app.core.i18n import gettext as _
from app.core.web import board, bulk_edit, cancelling, cards, reach, record, remarks, selection, timeline
from app.core.web import bulk as many
from app.core.web.deeds import action_label, refusal_text
from app.core.web.view import EntityView


class RowPages:
    """A part of ``EntityPages``."""

    view: type[EntityView]
    _answers: Any

    @expose("/board/")
    @permission_name("list")
    def board(self) -> str:
        """The list as a board, where the entity has one."""
        reach.enter(self.view, "list")
        return render_template("kehu/board.html", page=board.page(self.view, request.args))

    @expose("/related/<int:pk>/<resource>")
    @permission_name("show")
    def related(self, pk: int, resource: str) -> str:
        """What points at a row, for the tab that asks for it when it is opened."""
        tab = record.related_tab(self.view, reach.row(self.view, pk, "show"), resource)
        return render_template("kehu/_related.html", tab=tab)

    @expose("/card/<int:pk>")
    @permission_name("export")
    def card(self, pk: int) -> Response:
        """A row as a name card, where its entity is one."""
        return cards.download(self.view, pk)

    @expose("/timeline/<int:pk>")
    @permission_name("show")
    def timeline(self, pk: int) -> str:
        """What happened around a row, newest first."""
        return timeline.page(self.view, pk)

    @expose("/cancel/<int:pk>")
    @permission_name("cancel")
    def cancel_preview(self, pk: int) -> str:
        """What hangs on a document that is to be cancelled, and the form that cancels it all."""
        row, found = cancelling.find(self.view, pk)
        return render_template("kehu/cancel.html", page=cancelling.page(self.view, row, found))

    @expose("/comments/<int:pk>", methods=("POST",))
    @permission_name("comment")
    def comment(self, pk: int) -> Any:
        """A comment on a row, with files."""
        return remarks.write(self.view, pk)

    @expose("/comments/<int:pk>/<int:remark>/delete", methods=("POST",))
    @permission_name("comment")
    def uncomment(self, pk: int, remark: int) -> Response:
        """Take a comment away."""
        return remarks.erase(self.view, pk, remark)

    @expose("/comments/<int:pk>/<int:remark>/files/<int:number>")
    @permission_name("show")
    def comment_file(self, pk: int, remark: int, number: int) -> Response:
        """A file of a comment, for whoever sees the row."""
        return remarks.download(self.view, pk, remark, number)

    @expose("/bulk-edit", methods=("POST",))
    @permission_name("edit")
    def bulk_edit(self) -> str | tuple[str, int]:
        """New values for chosen rows: the form, then what came of it."""
        reach.enter(self.view, "edit")
        return bulk_edit.respond(self.view)

    @expose("/bulk/<name>", methods=("POST",))
    @permission_name("list")
    def bulk(self, name: str) -> Any:
        """A transition or an action on chosen rows, each by itself; the page says what came of each."""
        if name == cards.CHOSEN:
            try:
                return cards.chosen(self.view, request.form)
            except Invalid as error:
                flash(refusal_text(error, self.view), "error")
                return redirect(selection.list_url(self.view, request.form.get("back", "")))
        many.find(self.view, name)
        shown = request.form.get("back", "")  # what the list showed, as its address says it
        back = selection.list_url(self.view, shown)
        told = ("ids", "match", "back", "ask")
        data = {key: each for key, each in self._answers(name).items() if each and key not in told}
        try:
            ids = bulk.read_ids(selection.chosen(self.view, request.form))
            if "ask" in request.form:
                return render_template("kehu/form.html", page=many.asking_page(self.view, name, ids, shown))
            outcomes = many.run(self.view, name, ids, data)
        except Invalid as error:
            flash(refusal_text(error, self.view), "error")
            return redirect(back)
        if (asked := many.asked_again(self.view, name, outcomes, request.form)) is not None:
            return render_template("kehu/form.html", page=asked), 422
        if name == "delete" and all(each.ok for each in outcomes):
            # Of rows that are gone there is nothing more to see.
            flash(_("%(count)s done: %(what)s.", count=len(outcomes), what=action_label(self.view, name)), "success")
            return redirect(back)
        again = request.path, [*((key, str(each)) for key, each in data.items()), ("back", shown)]
        return render_template(
            "kehu/outcomes.html", page=many.page(self.view, action_label(self.view, name), outcomes, back, again)
        )
