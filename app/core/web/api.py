"""The REST resource of an entity, made from its view: Flask-AppBuilder's addresses and answers, our own endpoints.

A relation is written as an id and read as {"id", "label"}; decimals are texts, dates ISO 8601.  Every write answers
``{"id", "result"}``.  A refusal writes nothing; its status follows the web contract (404, 403, 409, 422).
"""

from __future__ import annotations

import functools
import json
from typing import Any

import prison
import sqlalchemy as sa
from flask import Response, request
from flask_appbuilder.api import BaseApi, expose
from flask_appbuilder.security.decorators import permission_name

from app.core import crud, db, files, identity, saved_views
from app.core.document import line_model
from app.core.errors import Invalid
from app.core.fields import Field, fields_of, readable, writable
from app.core.i18n import gettext as _
from app.core.web import access, pickers, query, reach, record, resource
from app.core.web.pages import export_response, perform, picture_response
from app.core.web.row_api import RowCalls
from app.core.web.view import EntityView

JSON_TYPES = {
    "integer": "integer",
    "bool": "boolean",
    "relation": "object",
    "json": "object",
    "images": "array",
    "relations": "array",
    "tags": "array",
}


def asking(method: Any) -> Any:
    """Give ``method`` what ``q`` asks for (rison or JSON) as the keyword ``rison``.  Raises BadQuery.

    Flask-AppBuilder's own decorator lets some malformed texts crash the reader.
    """

    @functools.wraps(method)
    def asked(self: Any, *args: Any, **kwargs: Any) -> Any:
        text = request.args.get("q") or "()"
        try:
            value = prison.loads(text)
        except Exception:
            try:
                value = json.loads(text)
            except (ValueError, RecursionError):
                raise query.BadQuery(_("The query has the form (filters:!(…),page:0).")) from None
        if not _is_text(value, text):
            raise query.BadQuery(_("This contains a character that can't be stored."))
        return method(self, *args, rison=value, **kwargs)

    return asked


class EntityApi(RowCalls, BaseApi):
    """The REST resource of one entity.  ``view`` is its declaration."""

    view: type[EntityView]
    allow_browser_login = True

    @expose("/_info", methods=["GET"])
    @permission_name("list")
    @asking
    def info(self, **kwargs: Any) -> Response:
        """What the resource can do
        ---
        get:
          description: Fields, filters and permissions of the resource, for who asks.
          responses:
            200: {description: Fields, filters and permissions}
            401: {$ref: '#/components/responses/401'}
            403: {$ref: '#/components/responses/403'}
        """
        actor = reach.approach(self.view)
        model = self.view.model
        key = model.permission_key()
        fields = [_described(field) for field in writable(model, actor).values()]
        filters = {
            name: [
                {"name": str(query.OPERATORS[operator][0]), "operator": operator}
                for operator in query.BY_KIND[field.kind]
            ]
            for name, field in query.filterable(model).items()
        }
        return self.response(
            200,
            add_columns=fields,
            edit_columns=fields,
            filters=filters,
            permissions=sorted(
                permission
                for permission in (f"can_{name.replace('-', '_')}" for name in self.view.operations())
                if actor.may(permission, key)
            ),
            add_title=_("New %(what)s", what=str(model.label).lower()),
            edit_title=_("Edit %(what)s", what=str(model.label).lower()),
        )

    @expose("/", methods=["GET"])
    @permission_name("list")
    @asking
    def get_list(self, **kwargs: Any) -> Response:
        """A page of rows
        ---
        get:
          description: >-
            Rows that match the filters, in order, a page at a time (at most 100).
          parameters:
          - in: query
            name: q
            description: >-
              filters, search, order_column, order_direction, page, page_size, columns, view (a saved view's id, which
              the rest adds to), as rison or JSON
            schema: {type: string}
          responses:
            200:
              description: Rows
              content:
                application/json:
                  schema:
                    type: object
                    properties:
                      count: {type: integer}
                      ids: {type: array, items: {type: integer}}
                      result:
                        type: array
                        items:
                          $ref: '#/components/schemas/{{self.__class__.__name__}}.row'
            400: {$ref: '#/components/responses/400'}
            401: {$ref: '#/components/responses/401'}
            403: {$ref: '#/components/responses/403'}
        """
        reach.enter(self.view, "list")
        arguments = kwargs["rison"]
        if not isinstance(arguments, dict):
            raise query.BadQuery(_("The query has the form (filters:!(…),page:0)."))
        arguments = saved_views.merged(self.view.model, arguments, request.args.get("view"))
        asked = query.from_api(self.view.model, arguments, self.view.sort)
        known = readable(self.view.model)
        chosen = arguments.get("columns")
        names = [name for name in known if not isinstance(chosen, list) or not chosen or name in chosen]
        count = asked.count()
        rows = asked.rows(names) if count else []
        self.view.prepare(rows)
        return self.response(
            200,
            count=count,
            ids=[row.id for row in rows],
            result=[as_json(row, [known[name] for name in names]) for row in rows],
            list_columns=names,
            label_columns={name: str(known[name].label) for name in names},
            description_columns={name: str(known[name].help) for name in names if known[name].help},
            order_columns=query.sortable(self.view.model),
            list_title=str(self.view.model.labels),
        )

    @expose("/<int:pk>", methods=["GET"])
    @permission_name("show")
    @asking
    def get(self, pk: int, **kwargs: Any) -> Response:
        """A row
        ---
        get:
          description: One row, with its lines if it is a document.
          parameters:
          - {in: path, name: pk, required: true, schema: {type: integer}}
          responses:
            200:
              description: The row
              content:
                application/json:
                  schema:
                    type: object
                    properties:
                      id: {type: integer}
                      result:
                        $ref: '#/components/schemas/{{self.__class__.__name__}}.row'
            401: {$ref: '#/components/responses/401'}
            403: {$ref: '#/components/responses/403'}
            404: {$ref: '#/components/responses/404'}
        """
        known = readable(self.view.model, reach.approach(self.view))
        row = reach.row(self.view, pk, "show", options=self._loading(known))
        self.view.prepare([row])
        result = with_lines(self.view, row)
        chosen = kwargs["rison"].get("columns") if isinstance(kwargs["rison"], dict) else None
        if isinstance(chosen, list) and chosen:
            result = {name: value for name, value in result.items() if name in chosen}
        return self.response(
            200,
            id=row.id,
            result=result,
            show_columns=list(known),
            show_title=str(self.view.model.label),
        )

    @expose("/", methods=["POST"])
    @permission_name("add")
    def post(self) -> Response:
        """A new row
        ---
        post:
          requestBody:
            required: true
            content:
              application/json:
                schema:
                  $ref: '#/components/schemas/{{self.__class__.__name__}}.write'
          responses:
            201: {description: 'The new row: {"id", "result"}'}
            401: {$ref: '#/components/responses/401'}
            403: {$ref: '#/components/responses/403'}
            422: {$ref: '#/components/responses/422'}
        """
        reach.enter(self.view, "add")
        return self._answer(201, crud.create(self.view.model, _body()))

    @expose("/<int:pk>", methods=["PUT"])
    @permission_name("edit")
    def put(self, pk: int) -> Response:
        """A change of a row
        ---
        put:
          description: With `version`, a save over somebody else's is refused (409); without it the last write wins.
          parameters:
          - {in: path, name: pk, required: true, schema: {type: integer}}
          requestBody:
            required: true
            content:
              application/json:
                schema:
                  $ref: '#/components/schemas/{{self.__class__.__name__}}.write'
          responses:
            200: {description: 'The row: {"id", "result"}'}
            401: {$ref: '#/components/responses/401'}
            403: {$ref: '#/components/responses/403'}
            404: {$ref: '#/components/responses/404'}
            422: {$ref: '#/components/responses/422'}
        """
        row = reach.row(self.view, pk, "edit", lock=True, options=record.lines_loading(self.view))
        body = _body()
        return self._answer(200, crud.update(row, body, body.get("version")))

    @expose("/<int:pk>", methods=["DELETE"])
    @permission_name("delete")
    def delete(self, pk: int) -> Response:
        """Remove a row
        ---
        delete:
          parameters:
          - {in: path, name: pk, required: true, schema: {type: integer}}
          responses:
            200: {description: Removed}
            401: {$ref: '#/components/responses/401'}
            403: {$ref: '#/components/responses/403'}
            404: {$ref: '#/components/responses/404'}
        """
        row = reach.row(self.view, pk, "delete", lock=True)
        result = with_lines(self.view, row)
        crud.delete(row)
        return self.response(200, id=pk, result=result, message="OK")

    @expose("/<int:pk>/<name>", methods=["POST"])
    @permission_name("show")
    def act(self, pk: int, name: str) -> Response:
        """A transition or an action on a row
        ---
        post:
          description: >-
            Body (optional): {"comment": …} and the fields of the transition or action. A picture is added by a
            multipart "file" to the field that holds pictures.
          parameters:
          - {in: path, name: pk, required: true, schema: {type: integer}}
          - {in: path, name: name, required: true, schema: {type: string}}
          responses:
            200: {description: 'The row, or the new one that was made: {"id", "result"}'}
            401: {$ref: '#/components/responses/401'}
            403: {$ref: '#/components/responses/403'}
            404: {$ref: '#/components/responses/404'}
            422: {$ref: '#/components/responses/422'}
        """
        reach.approach(self.view)
        row = crud.fetch(self.view.model, pk, lock=True)
        field = fields_of(self.view.model).get(name)
        if field is not None and field.kind == "images" and request.files:
            crud.require_editable(row)
            added = [files.store_picture(name, each.stream) for each in request.files.getlist("file")]
            return self._answer(200, crud.update(row, {name: list(dict.fromkeys([*(field.value(row) or []), *added]))}))
        done = perform(self.view, row, name, _body(optional=True))
        return self._answer(200, done.row, **done.data)

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
        done = resource.do(self.view, name, _body(optional=True))
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
          responses:
            200: {description: 'Rows: {"result": [{"id", "label", "name", "code", "fact"}]}'}
        """
        if identity.current() is None:
            raise reach.NotLoggedIn()
        pickers.require(self.view.model)
        return self.response(200, result=pickers.find(self.view.model, request.args.get("q", "")))

    @expose("/export", methods=["GET"])
    @permission_name("export")
    @asking
    def export(self, **kwargs: Any) -> Response:
        """The rows as a file
        ---
        get:
          parameters:
          - {in: query, name: format, schema: {type: string, enum: [csv, xlsx]}}
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
        if format not in ("csv", "xlsx"):
            raise query.BadQuery(_("The format is csv or xlsx."))
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

    def json(self) -> dict[str, Any]:
        return _body()

    def _loading(self, known: dict[str, Field]) -> tuple[Any, ...]:
        return (*query.loading(self.view.model, known), *record.lines_loading(self.view))

    def _answer(self, status: int, row: Any, **more: Any) -> Response:
        from app.core.web.view import views

        view = views.get(type(row).resource, self.view)
        db.session.flush()
        # Read the row as it now stands, with what it points at; one that has just left the actor's scope is answered as
        # it is.
        options = (*query.loading(view.model, fields_of(view.model)), *record.lines_loading(view))
        statement = (
            sa.select(view.model)
            .where(view.model.id == row.id)
            .options(*options)
            .execution_options(populate_existing=True)
        )
        fresh = db.session.scalars(statement).unique().one_or_none()
        if fresh is None:
            db.session.refresh(row)
        view.prepare([row])
        return self.response(status, id=row.id, result=with_lines(view, row), **more)

    def add_apispec_components(self, api_spec: Any) -> None:
        """The schemas of the resource's rows, read and written."""
        super().add_apispec_components(api_spec)
        model = self.view.model
        name = type(self).__name__
        read = {field.name: _schema(field) for field in fields_of(model).values()}
        write = {
            field.name: _schema(field, write=True)
            for field in fields_of(model).values()
            if not field.readonly and field.stored
        }
        kind = line_model(model)
        if kind is not None:
            line = {field.name: _schema(field, write=True) for field in fields_of(kind).values()}
            write["lines"] = read["lines"] = {"type": "array", "items": {"type": "object", "properties": line}}
        api_spec.components.schema(f"{name}.row", {"type": "object", "properties": read})
        required = [
            field.name
            for field in fields_of(model).values()
            if field.required and not field.readonly and field.name != model.numbered_by
        ]
        api_spec.components.schema(
            f"{name}.write", {"type": "object", "properties": write, **({"required": required} if required else {})}
        )


def as_json(row: Any, fields: list[Field]) -> dict[str, Any]:
    """``row`` as the API gives it."""
    return {field.name: field.to_json(field.value(row)) for field in fields if field.kind != "password"}


def with_lines(view: type[EntityView], row: Any) -> dict[str, Any]:
    """``row`` with every field the actor may read, and its lines if it is a document."""
    found = as_json(row, list(readable(view.model).values()))
    kind = line_model(view.model)
    if kind is not None:
        fields = [field for field in readable(kind).values() if field.name != "document"]
        found["lines"] = [as_json(line, fields) for line in row.lines]
    return found


def _body(optional: bool = False) -> dict[str, Any]:
    """The request's JSON object.  Raises Invalid."""
    if optional and not request.get_data(cache=True):
        return {}
    try:
        body = request.get_json(silent=True)
    except RecursionError:
        body = None
    if not isinstance(body, dict):
        raise Invalid({}, _("The body must be a JSON object."))
    if not _is_text(body, request.get_data(as_text=True)):
        raise Invalid({}, _("This contains a character that can't be stored."))
    return body


def _is_text(value: Any, source: str) -> bool:
    """Whether ``value``, read from ``source``, holds no half characters: JSON lets them be written, but not be answered."""
    if "\\u" not in source:
        return True
    try:
        json.dumps(value, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        return False
    return True


def _described(field: Field) -> dict[str, Any]:
    found: dict[str, Any] = {
        "name": field.name,
        "label": str(field.label),
        "description": str(field.help or ""),
        "type": field.kind,
        "required": field.required,
    }
    if field.choices is not None:
        found["choices"] = [{"value": value, "label": str(label)} for value, label in field.choices.items()]
    if field.target is not None:
        # Never the rows themselves: they are searched for as they are typed.
        found["pick"] = f"/api/v1/{field.target.resource}/pick"
    return found


def _schema(field: Field, write: bool = False) -> dict[str, Any]:
    found: dict[str, Any] = {"type": JSON_TYPES.get(field.kind, "string"), "description": str(field.label)}
    if field.kind == "relation":
        if write:
            found["type"] = "integer"
        else:
            found["properties"] = {"id": {"type": "integer"}, "label": {"type": "string"}}
    if field.kind in ("date", "datetime"):
        found["format"] = "date" if field.kind == "date" else "date-time"
    if found["type"] == "array":
        found["items"] = {"type": "string"}
    if field.choices is not None:
        found["enum"] = list(field.choices)
    return found


def api_for(view: type[EntityView]) -> type[EntityApi]:
    """The Flask-AppBuilder API class of ``view``'s resource."""
    operations = view.operations()
    hidden = {
        method
        for method, operation in (
            ("post", "add"),
            ("put", "edit"),
            ("bulk_edit", "edit"),
            ("delete", "delete"),
            ("import_", "import"),
            ("cancel_preview", "cancel"),
            ("comments", "comment"),
            ("comment", "comment"),
            ("uncomment", "comment"),
            ("comment_file", "comment"),
        )
        if operation not in operations
    }
    members = {
        "view": view,
        "resource_name": view.model.resource,
        "class_permission_name": view.model.permission_key(),
        "base_permissions": [f"can_{name}" for name in operations],
        "exclude_route_methods": hidden,
        "openapi_spec_tag": view.model.__name__,
    }
    return type(f"{view.model.__name__}Api", (EntityApi,), members)
