"""The REST resource of an entity, made from its view: Flask-AppBuilder's addresses and answers, our own endpoints.

A relation is written as an id and read as {"id", "label"}; decimals are texts, dates ISO 8601.  Every write answers
``{"id", "result"}``.  A refusal writes nothing; its status follows the web contract (404, 403, 409, 422).
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from flask import Response, request
from flask_appbuilder.api import BaseApi, expose
from flask_appbuilder.security.decorators import permission_name

from app.core import crud, db, files, identity, saved_views
from app.core.document import line_model
from app.core.fields import Field, declared, fields_of, readable, writable
from app.core.i18n import gettext as _
from app.core.web import operators, query, reach, record, uploading
from app.core.web.api_body import asking, json_body, refused_first
from app.core.web.api_schema import as_json, described, schema, with_lines
from app.core.web.deeds import locks, perform, require
from app.core.web.duplicates import DuplicateCalls
from app.core.web.resource_api import ResourceCalls
from app.core.web.row_api import RowCalls
from app.core.web.view import EntityView


class EntityApi(RowCalls, DuplicateCalls, ResourceCalls, BaseApi):
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
        fields = [described(field) for field in writable(model, actor).values()]
        filters = {
            name: [
                {"name": operators.words(field, operator), "operator": operator}
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
              the rest adds to), as rison or JSON. A filter is (col:…,opr:…,value:…); `_info` says which operators
              each field takes. `in` and `nin` take a list. `within` and `nwithin` take a stretch of days or numbers,
              «2026-01-01..2026-03-31» or «10..20» (either end may be missing), for days also today, yesterday,
              tomorrow, this-week, last-week, next-week, this-month, last-month, next-month, this-quarter,
              last-quarter, this-year, last-year, last-30-days, next-30-days (any number), reckoned when it is asked
              in the company's time zone.
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
          description: >-
            One row, with its lines if it is a document. Of one that was merged into another which you may see, this and
            every other call on it answers 404 with {"message", "merged_into": {"id", "label"}}.
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
        if self.view.receives is not None:
            sent = request.form.to_dict() if uploading.is_form() else json_body()
            return self._answer(201, self.view.receives(uploading.sent(), sent))
        return self._answer(201, crud.create(self.view.model, json_body()))

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
        body = json_body()
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
            multipart "file" to the field that holds pictures, the next version of a file to `versions`.
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
        row = crud.fetch(self.view.model, pk, lock=locks(self.view, name))
        field = fields_of(self.view.model).get(name)
        if field is not None and field.kind == "images" and request.files:
            crud.require_change(row)
            crud.require_editable(row)
            added = files.store_pictures(name, [each.stream for each in request.files.getlist("file")])
            return self._answer(200, crud.update(row, {name: list(dict.fromkeys([*(field.value(row) or []), *added]))}))
        if (take := self.view.uploads.get(name)) is not None:
            crud.require_change(row)
            return self._answer(200, take(row, uploading.sent(), request.form.to_dict()))
        with refused_first(lambda: require(self.view, row, name, now=True)):
            body = json_body(optional=True)
        done = perform(self.view, row, name, body)
        return self._answer(200, done.row, **done.data)

    def json(self) -> dict[str, Any]:
        return json_body()

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
        fields = _told(model)
        read = {field.name: schema(field) for field in fields}
        write = {field.name: schema(field, write=True) for field in fields if not field.readonly and field.stored}
        kind = line_model(model)
        if kind is not None:
            line = {field.name: schema(field, write=True) for field in _told(kind)}
            write["lines"] = read["lines"] = {"type": "array", "items": {"type": "object", "properties": line}}
        api_spec.components.schema(f"{name}.row", {"type": "object", "properties": read})
        required = [
            field.name for field in fields if field.required and not field.readonly and field.name != model.numbered_by
        ]
        api_spec.components.schema(
            f"{name}.write", {"type": "object", "properties": write, **({"required": required} if required else {})}
        )


def _told(model: type[Any]) -> list[Field]:
    """The fields that the description of the API names: what is declared, and of what the company added what exists for
    who asks.
    """
    own = declared(model)
    seen = readable(model) if identity.current() is not None else own
    return [field for name, field in fields_of(model).items() if name in own or name in seen]


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
            ("duplicates", "duplicates"),
            ("duplicate_groups", "duplicates"),
        )
        if operation not in operations
    }
    if not view.model.card:
        hidden.add("card")
    members = {
        "view": view,
        "resource_name": view.model.resource,
        "class_permission_name": view.model.permission_key(),
        "base_permissions": [f"can_{name}" for name in operations],
        "exclude_route_methods": hidden,
        "openapi_spec_tag": view.model.__name__,
    }
    return type(f"{view.model.__name__}Api", (EntityApi,), members)
