"""What the API offers of a resource besides its rows: actions and readings, pickers, files, and who sees a row."""

from __future__ import annotations

from typing import Any

from flask import Response, request
from flask_appbuilder.api import expose
from flask_appbuilder.security.decorators import permission_name

from app.core import identity, saved_views
from app.core.i18n import gettext as _
from app.core.web import access, cards, pickers, query, reach, resource
from app.core.web.api_body import asking, json_body, refused_first
from app.core.web.deeds import export_response, formats, picture_response
from app.core.web.view import EntityView


class ResourceCalls:
    """A part of ``EntityApi``."""

    view: type[EntityView]
    response: Any
    _answer: Any

    @expose("/<int:pk>/visible-to", methods=["GET"])
    @permission_name("visible-to")
    def visible_to(self, pk: int) -> Response:
        """Who sees a row
        ---
        get:
          parameters:
          - {in: path, name: pk, required: true, schema: {type: integer}}
          responses:
            200: {description: 'Users with what they may do and why: {"result": [{"user", "access", "reasons"}]}'}
            401: {$ref: '#/components/responses/401'}
            403: {$ref: '#/components/responses/403'}
            404: {$ref: '#/components/responses/404'}
        """
        row = reach.row(self.view, pk, "visible-to")
        return self.response(200, id=pk, result=access.as_json(access.seers(self.view, row)))

    @expose("/<name>", methods=["POST"])
    @permission_name("list")
    def do(self, name: str) -> Response:
        """An action on the resource as a whole, or on many rows
        ---
        post:
          description: >-
            Body: the fields of the action, such as {"until": "2026-12-31"} to close the books.
          parameters:
          - {in: path, name: name, required: true, schema: {type: string}}
          responses:
            200: {description: 'The row that it made or changed, if it is one: {"id", "result"}'}
            401: {$ref: '#/components/responses/401'}
            403: {$ref: '#/components/responses/403'}
            404: {$ref: '#/components/responses/404'}
            422: {$ref: '#/components/responses/422'}
        """
        reach.approach(self.view)
        with refused_first(lambda: resource.require(self.view, name)):
            body = json_body(optional=True)
        done = resource.do(self.view, name, body)
        if done.row is None:
            return self.response(200, **{"id": None, "result": None, **done.data})
        return self._answer(200, done.row, **done.data)

    @expose("/<name>", methods=["GET"])
    @permission_name("list")
    def look(self, name: str) -> Response:
        """A table that is reckoned
        ---
        get:
          description: What the resource offers besides its rows, such as the stock on a day; by `page` and `page_size`.
          parameters:
          - {in: path, name: name, required: true, schema: {type: string}}
          responses:
            200: {description: 'Rows: {"count", "result"}'}
            401: {$ref: '#/components/responses/401'}
            403: {$ref: '#/components/responses/403'}
            404: {$ref: '#/components/responses/404'}
            422: {$ref: '#/components/responses/422'}
        """
        _reading, _row, sheet = resource.find(self.view, name, None, request.args)
        return self.response(200, **resource.as_json(self.view, sheet))

    @expose("/<int:pk>/card", methods=["GET"])
    @permission_name("export")
    def card(self, pk: int) -> Response:
        """A row as a name card
        ---
        get:
          parameters:
          - {in: path, name: pk, required: true, schema: {type: integer}}
          responses:
            200: {description: A vCard}
            401: {$ref: '#/components/responses/401'}
            403: {$ref: '#/components/responses/403'}
            404: {$ref: '#/components/responses/404'}
        """
        return cards.download(self.view, pk)  # type: ignore[return-value]

    @expose("/<int:pk>/<name>", methods=["GET"])
    @permission_name("show")
    def look_at(self, pk: int, name: str) -> Response:
        """A table that is reckoned for a row
        ---
        get:
          description: What a row offers besides its fields, such as where its number comes from; by `page`, `page_size`.
          parameters:
          - {in: path, name: pk, required: true, schema: {type: integer}}
          - {in: path, name: name, required: true, schema: {type: string}}
          responses:
            200: {description: 'Rows: {"count", "result"}'}
            401: {$ref: '#/components/responses/401'}
            403: {$ref: '#/components/responses/403'}
            404: {$ref: '#/components/responses/404'}
            422: {$ref: '#/components/responses/422'}
        """
        _reading, _row, sheet = resource.find(self.view, name, pk, request.args)
        return self.response(200, id=pk, **resource.as_json(self.view, sheet))

    @expose("/<int:pk>/<name>/<digest>", methods=["GET"])
    @permission_name("show")
    def picture(self, pk: int, name: str, digest: str) -> Response:
        """A picture of a row
        ---
        get:
          parameters:
          - {in: path, name: pk, required: true, schema: {type: integer}}
          - {in: path, name: name, required: true, schema: {type: string}}
          - {in: path, name: digest, required: true, schema: {type: string}}
          - {in: query, name: size, schema: {type: string, enum: [small]}}
          responses:
            200: {description: The picture}
            401: {$ref: '#/components/responses/401'}
            404: {$ref: '#/components/responses/404'}
        """
        return picture_response(self.view, pk, name, digest)  # type: ignore[return-value]

    @expose("/pick", methods=["GET"])
    @permission_name("list")
    def pick(self) -> Response:
        """What a picker finds
        ---
        get:
          parameters:
          - {in: query, name: q, schema: {type: string}}
          - {in: query, name: for, schema: {type: string, enum: [write]}, description: Only what one may change}
          responses:
            200: {description: 'Rows: {"result": [{"id", "label", "name", "code", "fact"}]}'}
        """
        if identity.current() is None:
            raise reach.NotLoggedIn()
        pickers.require(self.view.model)
        return self.response(200, result=pickers.asked_for(self.view.model, request.args))

    @expose("/pick-line", methods=["GET"])
    @permission_name("list")
    def pick_line(self) -> Response:
        """What a picker of the documents' lines finds
        ---
        get:
          parameters:
          - {in: query, name: q, schema: {type: string}}
          responses:
            200: {description: 'Lines: {"result": [{"id", "label", "name", "code", "fact"}]}'}
            401: {$ref: '#/components/responses/401'}
            403: {$ref: '#/components/responses/403'}
            404: {$ref: '#/components/responses/404'}
        """
        reach.approach(self.view)
        return self.response(200, result=pickers.find_lines(self.view.model, request.args.get("q", "")))

    @expose("/export", methods=["GET"])
    @permission_name("export")
    @asking
    def export(self, **kwargs: Any) -> Response:
        """The rows as a file
        ---
        get:
          parameters:
          - {in: query, name: format, schema: {type: string, enum: [csv, xlsx, vcf]}}
          - in: query
            name: q
            description: filters, search, order_column, order_direction, columns in their order, and a saved view's id
            schema: {type: string}
          responses:
            200: {description: The file}
            400: {$ref: '#/components/responses/400'}
            401: {$ref: '#/components/responses/401'}
            403: {$ref: '#/components/responses/403'}
        """
        reach.enter(self.view, "export")
        arguments = kwargs["rison"] if isinstance(kwargs["rison"], dict) else {}
        arguments = saved_views.merged(self.view.model, arguments, request.args.get("view"))
        asked = query.from_api(self.view.model, arguments, self.view.sort)
        format = request.args.get("format", "csv")
        if format not in formats(self.view):
            raise query.BadQuery(_("The format is one of: %(formats)s.", formats=", ".join(formats(self.view))))
        chosen = arguments.get("columns")
        columns = [str(name) for name in chosen] if isinstance(chosen, list) else []
        return export_response(self.view, asked, format, columns)  # type: ignore[return-value]

    @expose("/import", methods=["POST"])
    @permission_name("import")
    def import_(self) -> Response:
        """Rows from a file
        ---
        post:
          description: Answers 200 also with failed rows, each named with its line, column and reason.
          requestBody:
            content:
              multipart/form-data:
                schema:
                  type: object
                  properties:
                    file: {type: string, format: binary}
                    mode: {type: string, enum: [preview, commit]}
                    on_match: {type: string, enum: [skip, update, fail]}
                    on_error: {type: string, enum: [stop, skip]}
                    new_choices: {type: string, enum: [refuse, add]}
          responses:
            200: {description: The outcome}
            401: {$ref: '#/components/responses/401'}
            403: {$ref: '#/components/responses/403'}
            422: {$ref: '#/components/responses/422'}
        """
        from app.core.web import importing

        reach.enter(self.view, "import")
        return self.response(200, **importing.from_api(self.view))
