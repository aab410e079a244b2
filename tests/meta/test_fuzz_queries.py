"""Nasty values in conditions, searches, orders and pages of lists: answered or told, never a crash."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from app.core.fields import fields_of
from app.core.web import query
from app.core.web.view import views
from tests.meta.factory import make
from tests.meta.test_fuzz import NASTY, TYPED, named

CONDITIONS = sorted(
    {
        (field.kind, field.scale or 0): (resource, name)
        for resource, view in views.items()
        for name, field in fields_of(view.model).items()
        if field.stored and not field.needs and field.kind in query.BY_KIND
    }.items()
)
"""A field of each kind that a list can be filtered by."""
SEARCHES = sorted(
    {type(sa.inspect(view.model).all_orm_descriptors["search_text"]): name for name, view in views.items()}.values()
)
"""An entity with each way to be searched."""
WRITTEN = tuple(value for value in NASTY if not isinstance(value, float) and value != "\ud800")  # what rison can say


class TestQueries:
    @pytest.mark.parametrize("kind", CONDITIONS, ids=lambda each: "-".join(map(str, each[0])))
    def test_conditions(self, kind, act, people, admin):
        (_kind, _scale), (resource, name) = kind
        with act():
            make(views[resource].model, people["ann"])
        for operator in query.BY_KIND[kind[0][0]]:
            for value in WRITTEN:
                answer = admin.api.get(f"{resource}/", {"filters": [{"col": name, "opr": operator, "value": value}]})
                assert answer.status_code in (200, 400), (name, operator, named(value), answer.text)
        for value in TYPED[1:]:
            asked = f"{name}:{query.BY_KIND[kind[0][0]][0]}:{value[:2000]}"
            page = admin.pages.get(f"/{resource}/list/", query_string={"f": asked})
            assert page.status_code == 200, (name, named(value))

    @pytest.mark.parametrize("resource", SEARCHES)
    def test_other_arguments(self, resource, admin):
        for value in WRITTEN:
            for name in ("search", "page", "page_size", "order_column", "order_direction", "filters", "columns"):
                answer = admin.api.get(f"{resource}/", {name: value})
                assert answer.status_code in (200, 400), (name, named(value), answer.text)
        for value in TYPED:
            for name in ("q", "page", "size", "sort", "f", "ff", "fo", "fv"):
                asked = {"ff": "id", "fo": "eq"} | {name: value[:3000]}
                assert admin.pages.get(f"/{resource}/list/", query_string=asked).status_code == 200, (
                    name,
                    named(value),
                )
            assert admin.pages.get(f"/{resource}/pick", query_string={"q": value[:3000]}).status_code == 200
            assert admin.api.get(f"{resource}/pick", query_string={"q": value[:3000]}).status_code == 200
            for name in ("format", "q"):
                answer = admin.pages.get(f"/{resource}/export", query_string={name: value[:3000]})
                assert answer.status_code in (200, 400), (name, named(value))
                answer.close()
