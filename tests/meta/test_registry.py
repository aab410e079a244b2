"""Every entity keeps the conventions that pages, API, files and permissions are made by."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest
from flask_babel import LazyString

import app
from app.core.document import line_model
from app.core.entity import derived, registry
from app.core.fields import SYSTEM, fields_of, writable
from app.core.identity import system
from app.core.web.view import views
from app.views import CONSOLE

ROOT = Path(app.__file__).parent
NOT_ON_THE_MAP: dict[str, str] = {}  # resource: why
ENTITIES = sorted(registry)
VIEWS = sorted(views)
WITH_WORKFLOW = sorted(name for name, view in views.items() if view.model.workflow is not None)


@pytest.fixture(params=ENTITIES)
def model(request):
    return registry[request.param]


@pytest.fixture(params=VIEWS)
def view(request):
    return views[request.param]


def imported_by(path: Path) -> set[str]:
    """The modules that a file imports."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
    return found


class TestPlace:
    def test_every_entity_is_in_the_index_of_the_schema(self):
        index = imported_by(ROOT / "models.py")
        assert {model.__module__ for model in registry.values()} <= index

    def test_every_entity_is_on_the_map_or_excused(self):
        on_the_map = {view.model.resource for section in CONSOLE for view in section.views}
        assert set(registry) - on_the_map == set(NOT_ON_THE_MAP)

    def test_nothing_is_on_the_map_twice(self):
        placed = [view for section in CONSOLE for view in section.views]
        assert len(placed) == len(set(placed))

    def test_no_two_entities_share_their_permissions(self):
        keys = [view.model.permission_key() for view in views.values()]
        assert len(keys) == len(set(keys))


class TestEntity:
    def test_it_says_what_it_is(self, model):
        assert (model.__doc__ or "").strip().endswith((".", "``"))

    def test_it_has_names_in_every_language(self, model):
        # What is lazy is collected, and the check of the catalogue fails on what is not translated.
        assert isinstance(model.label, LazyString) and isinstance(model.labels, LazyString)

    def test_every_field_has_a_label_in_every_language(self, model):
        kinds = [model, *([line_model(model)] if line_model(model) else [])]
        nameless = [
            name for kind in kinds for name, field in fields_of(kind).items() if not isinstance(field.label, LazyString)
        ]
        assert nameless == []

    def test_help_and_choices_speak_every_language(self, model):
        kinds = [model, *([line_model(model)] if line_model(model) else [])]
        for field in (field for kind in kinds for field in fields_of(kind).values()):
            assert not field.help or isinstance(field.help, LazyString), field.name
            for label in (field.choices or {}).values():
                assert isinstance(label, LazyString), field.name

    def test_keys_and_searched_and_synonyms_name_what_exists(self, model):
        known = set(fields_of(model))
        assert set(model.keys) <= known
        assert set(model.synonyms) <= known
        assert all(hasattr(model, name) for name in model.searched)
        assert not model.numbered_by or model.numbered_by in known

    def test_a_heading_of_a_file_means_one_field(self, model):
        if model.read_only:
            return  # no file is read into it
        meant: dict[str, str] = {}
        for name, field in fields_of(model).items():
            for heading in {str(field.label), name, *model.synonyms.get(name, ())}:
                assert meant.setdefault(heading.casefold(), name) == name, heading

    def test_what_can_be_imported_can_be_matched(self, model):
        view = views.get(model.resource)
        if view is not None and "import" in view.operations():
            assert model.keys

    def test_tones_are_of_known_values(self, model):
        for field in fields_of(model).values():
            assert set(field.tones or {}) <= set(field.choices or {}), field.name

    def test_derived_figures_have_a_label(self, model):
        for name, attribute in vars(model).items():
            if isinstance(attribute, derived):
                assert isinstance(attribute.label, LazyString), name


@pytest.mark.parametrize("resource", WITH_WORKFLOW)
class TestWorkflow:
    def test_every_state_is_reachable(self, resource):
        flow = views[resource].model.workflow
        assert flow.reachable() == set(flow.states)

    def test_transitions_lead_between_known_states(self, resource):
        flow = views[resource].model.workflow
        for step in flow.transitions:
            assert {*step.sources, step.target} <= set(flow.states), step.name
        assert set(flow.tones) == set(flow.states)
        assert set(flow.editable) <= set(flow.states)

    def test_transitions_ask_for_fields_that_exist(self, resource):
        model = views[resource].model
        for step in model.workflow.transitions:
            assert set(step.fields) <= set(fields_of(model)), step.name
            assert set(step.required) <= set(step.fields), step.name

    def test_no_operation_has_the_name_of_another(self, resource):
        operations = views[resource].operations()
        assert len(operations) == len(set(operations))


class TestView:
    def test_every_named_field_exists(self, view):
        known = set(fields_of(view.model))
        named = [name for _heading, names in view.fieldsets for name in names]
        assert set(view.columns) <= known
        assert set(named) <= known
        assert len(named) == len(set(named))
        assert view.sort.removeprefix("-") in known
        kind = line_model(view.model)
        assert set(view.line_columns) <= (set(fields_of(kind)) if kind is not None else set())
        for action in view.actions:
            assert {each for each in action.fields if isinstance(each, str)} <= known, action.name

    def test_every_field_that_can_be_set_is_in_the_form(self, view):
        named = {name for _heading, names in view.groups() for name in names}
        if not view.model.read_only:
            assert set(writable(view.model, system())) - set(SYSTEM) <= named
        kind = line_model(view.model)
        if kind is not None:
            assert set(writable(kind, system())) - {"document"} <= set(view.grid_columns())

    def test_every_tab_leads_to_rows_that_point_here(self, view):
        for related in view.related:
            target = fields_of(views[related.resource].model)
            assert target[related.field].target is view.model
            assert set(related.columns) <= set(target)

    def test_it_speaks_every_language(self, view):
        texts = [
            view.help,
            view.empty,
            *(heading for heading, _names in view.fieldsets),
            *(each.label for each in view.related),
        ]
        texts += [text for action in view.actions for text in (action.label, action.confirm)]
        assert all(isinstance(text, LazyString) for text in texts if text)


class TestCode:
    """What would pass the scope by, or commit before the edge, is not written in domain code."""

    FORBIDDEN = {"__table__", "from_statement", "from_select", "commit"}
    FOLDERS = ("domains", "reports")

    def test_domains_reach_tables_and_commits_through_core_alone(self):
        found = []
        for folder in self.FOLDERS:
            for path in sorted((ROOT / folder).rglob("*.py")):
                for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                    if isinstance(node, ast.Attribute) and node.attr in self.FORBIDDEN:
                        found.append(f"{path.relative_to(ROOT)}:{node.lineno} {node.attr}")
        assert found == []

    def test_whoever_leaves_the_scope_says_why(self):
        silent = []
        for path in sorted(ROOT.rglob("*.py")):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if isinstance(node, ast.Call) and getattr(node.func, "attr", "") == "unscoped":
                    why = node.args[0] if node.args else None
                    if not (isinstance(why, ast.Constant) and len(str(why.value).split()) > 2):
                        silent.append(f"{path.relative_to(ROOT)}:{node.lineno}")
        assert silent == []

    def test_every_public_name_of_core_and_books_says_what_it_is(self):
        """Views aside, which say it by what they declare, and methods that only fill in what a base class describes."""
        silent = []
        for folder in ("core", "ledger"):
            for path in sorted((ROOT / folder).rglob("*.py")):
                for node in ast.parse(path.read_text(encoding="utf-8")).body:
                    if not isinstance(node, ast.FunctionDef | ast.ClassDef) or node.name.startswith("_"):
                        continue
                    is_view = isinstance(node, ast.ClassDef) and any(
                        keyword.arg == "model" for keyword in node.keywords
                    )
                    if ast.get_docstring(node) is None and not is_view:
                        silent.append(f"{path.relative_to(ROOT)}: {node.name}")
        assert silent == []
