"""The declarations of the views name what exists."""

from __future__ import annotations

import pytest

import app.domains.activities.views
import app.domains.catalog.views
import app.domains.crm.views
import app.domains.people.views
import app.domains.stock.views  # noqa: F401
from app.core.document import line_model
from app.core.entity import registry
from app.core.fields import SYSTEM, fields_of, writable
from app.core.identity import system
from app.core.web.view import views

OURS = sorted(name for name, view in views.items() if view.__module__.startswith("app.domains."))


@pytest.mark.parametrize("resource", OURS)
class TestView:
    def test_every_named_field_exists(self, resource):
        view = views[resource]
        known = set(fields_of(view.model))
        named = {name for _heading, names in view.fieldsets for name in names}
        assert set(view.columns) <= known
        assert named <= known
        assert view.sort.removeprefix("-") in known
        if (kind := line_model(view.model)) is not None:
            assert set(view.line_columns) <= set(fields_of(kind))

    def test_every_writable_field_is_in_the_form(self, resource):
        view = views[resource]
        named = {name for _heading, names in view.groups() for name in names}
        if not view.model.read_only:
            assert set(writable(view.model, system())) - set(SYSTEM) <= named

    def test_every_tab_leads_to_rows_that_point_here(self, resource):
        view = views[resource]
        for related in view.related:
            target = fields_of(registry[related.resource])
            assert target[related.field].target is view.model
            assert set(related.columns) <= set(target)

    def test_it_says_what_to_do_when_empty(self, resource):
        assert str(views[resource].empty)

    def test_a_header_names_one_field(self, resource):
        model = views[resource].model
        named: dict[str, str] = {}
        for name, field in fields_of(model).items():
            for header in {str(field.label), name, *model.synonyms.get(name, ())}:
                assert named.setdefault(header.casefold(), name) == name, header

    def test_synonyms_keys_and_search_name_what_exists(self, resource):
        model = views[resource].model
        known = set(fields_of(model))
        assert set(model.synonyms) <= known
        assert set(model.keys) <= known
        assert all(hasattr(model, name) for name in model.searched)
