"""What the API offers of rows besides reading and writing them: many at once, what hangs on one, and comments."""

from __future__ import annotations

from typing import Any

from flask import request
from flask_appbuilder.api import expose
from flask_appbuilder.security.decorators import permission_name

from app.core import bulk
from app.core.web import bulk as many
from app.core.web import bulk_edit, cancelling, reach, remarks, timeline
from app.core.web.view import EntityView


class RowCalls:
    """A part of ``EntityApi``."""

    view: type[EntityView]
    response: Any

    def json(self) -> dict[str, Any]:
        """The request's JSON object.  Raises Invalid."""
        raise NotImplementedError

    @expose("/<int:pk>/timeline", methods=["GET"])
    @permission_name("show")
    def timeline(self, pk: int) -> Any:
        """What happened around a row
        ---
        get:
          description: Newest first, a page at a time; `before` (a moment) asks for what is older.
          parameters:
          - {in: path, name: pk, required: true, schema: {type: integer}}
          - {in: query, name: before, schema: {type: string, format: date-time}}
          responses:
            200: {description: '{"id", "more", "result": [{"at", "who", "what", "text", "record"}]}'}
            401: {$ref: '#/components/responses/401'}
            403: {$ref: '#/components/responses/403'}
            404: {$ref: '#/components/responses/404'}
            422: {$ref: '#/components/responses/422'}
        """
        return self.response(200, **timeline.as_json(self.view, pk))

    @expose("/<int:pk>/comments", methods=["GET"])
    @permission_name("show")
    def comments(self, pk: int) -> Any:
        """What people say about a row
        ---
        get:
          description: Comments, newest first, a page at a time (`page`, `page_size`), for whoever sees the row.
          parameters:
          - {in: path, name: pk, required: true, schema: {type: integer}}
          responses:
            200: {description: '{"id", "count", "result": [{"id", "author", "at", "text", "files", "may_delete"}]}'}
            401: {$ref: '#/components/responses/401'}
            403: {$ref: '#/components/responses/403'}
            404: {$ref: '#/components/responses/404'}
        """
        return self.response(200, **remarks.listed(self.view, pk))

    @expose("/<int:pk>/comments", methods=["POST"])
    @permission_name("comment")
    def comment(self, pk: int) -> Any:
        """Say something about a row
        ---
        post:
          description: JSON {"text"}, or multipart with "text" and any number of "file".
          parameters:
          - {in: path, name: pk, required: true, schema: {type: integer}}
          responses:
            201: {description: 'The comment: {"id", "result"}'}
            401: {$ref: '#/components/responses/401'}
            403: {$ref: '#/components/responses/403'}
            404: {$ref: '#/components/responses/404'}
            422: {$ref: '#/components/responses/422'}
        """
        reach.row(self.view, pk, "comment")
        body = request.form.to_dict() if request.files or request.form else self.json()
        return self.response(201, **remarks.add(self.view, pk, body))

    @expose("/<int:pk>/comments/<int:remark>", methods=["DELETE"])
    @permission_name("comment")
    def uncomment(self, pk: int, remark: int) -> Any:
        """Take a comment away
        ---
        delete:
          description: For its author and administrators; the history keeps what it said.
          parameters:
          - {in: path, name: pk, required: true, schema: {type: integer}}
          - {in: path, name: remark, required: true, schema: {type: integer}}
          responses:
            200: {description: 'The comment as it was: {"id", "result"}'}
            401: {$ref: '#/components/responses/401'}
            403: {$ref: '#/components/responses/403'}
            404: {$ref: '#/components/responses/404'}
        """
        return self.response(200, **remarks.remove(self.view, pk, remark))

    @expose("/<int:pk>/comments/<int:remark>/files/<int:number>", methods=["GET"])
    @permission_name("show")
    def comment_file(self, pk: int, remark: int, number: int) -> Any:
        """A file of a comment
        ---
        get:
          parameters:
          - {in: path, name: pk, required: true, schema: {type: integer}}
          - {in: path, name: remark, required: true, schema: {type: integer}}
          - {in: path, name: number, required: true, schema: {type: integer}}
          responses:
            200: {description: The file}
            401: {$ref: '#/components/responses/401'}
            404: {$ref: '#/components/responses/404'}
        """
        return remarks.download(self.view, pk, remark, number)

    @expose("/<int:pk>/cancel-preview", methods=["GET"])
    @permission_name("cancel")
    def cancel_preview(self, pk: int) -> Any:
        """What hangs on a document
        ---
        get:
          description: >-
            The documents that refer to it, by themselves or by their lines, to every level; what each posted, the order
            in which all of it would be cancelled, and what is in the way. To do it: `POST …/cancel` with
            {"with": "all"}, and "seen" so that nothing is cancelled that was not shown.
          parameters:
          - {in: path, name: pk, required: true, schema: {type: integer}}
          responses:
            200: {description: '{"id", "result": {"possible", "seen", "tree", "order", "obstacles", "hidden"}}'}
            401: {$ref: '#/components/responses/401'}
            403: {$ref: '#/components/responses/403'}
            404: {$ref: '#/components/responses/404'}
        """
        _row, found = cancelling.find(self.view, pk)
        return self.response(200, id=pk, result=cancelling.as_json(found))

    @expose("/bulk/<name>", methods=["POST"])
    @permission_name("list")
    def bulk(self, name: str) -> Any:
        """A transition, an action or a delete for many rows
        ---
        post:
          description: >-
            Body: {"ids": [1, 2]} (at most 1,000), and what the transition takes, such as {"comment": …}; the same for
            each. Every row is taken by itself: one that is refused hinders no other.
          parameters:
          - {in: path, name: name, required: true, schema: {type: string}}
          responses:
            200:
              description: >-
                What came of each, in the order asked for: {"result": [{"id", "ok", "status", "message", "errors",
                "row"}], "done", "refused"}; "status" as the same thing done to that row alone would have been answered
            401: {$ref: '#/components/responses/401'}
            403: {$ref: '#/components/responses/403'}
            404: {$ref: '#/components/responses/404'}
            422: {$ref: '#/components/responses/422'}
        """
        many.find(self.view, name)
        body = self.json()
        ids = bulk.read_ids(body.pop("ids", None))
        return self.response(200, **many.as_json(self.view, many.run(self.view, name, ids, body)))

    @expose("/bulk-edit", methods=["POST"])
    @permission_name("edit")
    def bulk_edit(self) -> Any:
        """The same change to many rows
        ---
        post:
          description: >-
            Body: {"ids": [1, 2], "set": {field: value}}, or "q" (filters, search and a saved view, as of a list) in
            place of the ids; at most 1,000 rows. A field of several values also takes {"add": [], "remove": []}. Each
            row is changed by itself.
          responses:
            200: {description: 'The run that undoes it, and each row: {"run", "result": [{"id", "ok", "message"}]}'}
            401: {$ref: '#/components/responses/401'}
            403: {$ref: '#/components/responses/403'}
            422: {$ref: '#/components/responses/422'}
        """
        reach.enter(self.view, "edit")
        return self.response(200, **bulk_edit.from_api(self.view, self.json()))
