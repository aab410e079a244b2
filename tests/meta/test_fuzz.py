"""Nasty values in every field of every entity, over API and page: taken or refused with a reason, never a crash, and
what was taken can be shown.
"""

from __future__ import annotations

import json
from typing import Any

import pytest

from app.core import identity
from app.core.document import line_model
from app.core.fields import fields_of, writable
from app.core.web import query
from app.core.web.view import views
from tests.meta.factory import make
from tests.meta.test_scope import Walker

NASTY: tuple[Any, ...] = (
    "",
    None,
    True,
    -1,
    10**30,
    1e308,
    float("inf"),
    float("nan"),
    "²",
    "١٢",
    "nul\x00inside",
    "\ud800",
    "x" * 10_000,
    "9" * 5_000,
    "🙂 ﷽ \u202e %s %(x)s {0} '; DROP TABLE customers; -- <script>",
    "0001-01-01",
    "9999-12-31T23:59:59.999999-12:00",
    "99999999999999999999-01-01",
    "1e-400000",
    [],
    [1, "a", None],
    {},
    {"id": {"id": 1}},
    [[[]]],
)
TYPED = tuple(value for value in NASTY if isinstance(value, str) and "\ud800" not in value)
MAKERS = sorted(name for name, view in views.items() if "edit" in view.operations())


@pytest.fixture
def admin(pages, api) -> Walker:
    return Walker(pages, api, "admin")


def named(value: Any) -> str:
    return repr(value)[:40]


def send(admin: Walker, method: str, path: str, body: Any) -> Any:
    """``body`` as JSON that any value fits into: half characters, infinity."""
    options = {"data": json.dumps(body), "content_type": "application/json"}
    return admin.api.client.open(f"/api/v1/{path}", method=method, headers=admin.api.headers, **options)


@pytest.mark.parametrize("resource", MAKERS)
class TestFields:
    def test_over_the_api(self, resource, act, people, admin):
        view = views[resource]
        with act():
            key = make(view.model, people["ann"])
        for name in writable(view.model, identity.system()):
            for value in NASTY:
                answer = send(admin, "PUT", f"{resource}/{key}", {name: value})
                assert answer.status_code in (200, 403, 409, 422), (name, named(value), answer.text)
                if answer.status_code == 200:
                    self.can_be_shown(admin, resource, key, name, value)
                else:
                    assert "SELECT" not in answer.text and "constraint" not in answer.text.lower(), (name, named(value))

    def test_in_lines_over_the_api(self, resource, act, people, admin):
        view = views[resource]
        kind = line_model(view.model)
        if kind is None:
            return
        with act():
            key = make(view.model, people["ann"])
        line = admin.api.get(f"{resource}/{key}").json["result"]["lines"][0]
        known = fields_of(kind)
        line = {
            name: value["id"] if known[name].kind == "relation" and value else value for name, value in line.items()
        }
        for name in (*writable(kind, identity.system()), "id", "nonsense"):
            for value in NASTY:
                answer = send(admin, "PUT", f"{resource}/{key}", {"lines": [{**line, name: value}]})
                assert answer.status_code in (200, 409, 422), (name, named(value), answer.text)
                if answer.status_code == 200:
                    line["id"] = answer.json["result"]["lines"][0]["id"]
                    self.can_be_shown(admin, resource, key, name, value)
        for value in NASTY:
            answer = send(admin, "PUT", f"{resource}/{key}", {"lines": value})
            assert answer.status_code in (200, 422), named(value)
            answer = send(admin, "PUT", f"{resource}/{key}", {"lines": [value, value]})
            assert answer.status_code in (200, 422), named(value)

    def test_over_the_page(self, resource, act, people, admin):
        view = views[resource]
        with act():
            key = make(view.model, people["ann"])
        for name in writable(view.model, identity.system()):
            for value in TYPED:
                answer = admin.call("POST", f"/{resource}/edit/{key}", {name: value})
                assert answer.status_code in (302, 403, 409, 422), (name, named(value))
        for name, value in (
            ("lines-²-x", "1"),
            (f"lines-{'9' * 5000}-x", "1"),
            ("lines-0-id", "²"),
            ("version", "\x00"),
            ("then", "add"),
            ("owner", "²"),
        ):
            answer = admin.call("POST", f"/{resource}/edit/{key}", {name: value})
            assert answer.status_code in (302, 409, 422), (name, named(value))
        if "add" in view.operations():
            for name in fields_of(view.model):
                for value in TYPED[:12]:
                    assert admin.pages.get(f"/{resource}/add", query_string={name: value}).status_code == 200, (
                        name,
                        named(value),
                    )
            assert admin.call("POST", f"/{resource}/add", {}).status_code in (302, 422)
            for body in NASTY:
                assert send(admin, "POST", f"{resource}/", body).status_code in (201, 422), named(body)

    def can_be_shown(self, admin: Walker, resource: str, key: int, name: str, value: Any) -> None:
        paths = [f"/{resource}/show/{key}", f"/{resource}/list/"]
        if not isinstance(value, str) or value[:1].isdigit():
            paths += [f"/{resource}/edit/{key}", f"/api/v1/{resource}/", f"/{resource}/export?format=xlsx"]
        for path in paths:
            assert admin.call("GET", path).status_code in (200, 409), (path, name, named(value))


@pytest.mark.parametrize("resource", sorted(views))
class TestQueries:
    def test_conditions_with_nasty_values(self, resource, act, people, admin):
        view = views[resource]
        with act(), identity.acting_as(identity.system()):
            make(view.model, people["ann"])
            fields = query.filterable(view.model)
        seen = set()
        for name, field in fields.items():
            if (field.kind, field.scale) in seen:
                continue
            seen.add((field.kind, field.scale))
            for operator in query.BY_KIND[field.kind]:
                for value in NASTY:
                    if isinstance(value, float) or value == "\ud800":
                        continue  # neither rison nor an address has them
                    answer = admin.api.get(
                        f"{resource}/", {"filters": [{"col": name, "opr": operator, "value": value}]}
                    )
                    assert answer.status_code in (200, 400), (name, operator, named(value), answer.text)
            for value in TYPED[1:]:
                page = admin.pages.get(
                    f"/{resource}/list/", query_string={"f": f"{name}:{query.BY_KIND[field.kind][0]}:{value[:2000]}"}
                )
                assert page.status_code == 200, (name, named(value))

    def test_other_arguments_with_nasty_values(self, resource, admin):
        for value in NASTY:
            if isinstance(value, float) or value == "\ud800":
                continue
            for name in ("search", "page", "page_size", "order_column", "order_direction", "filters", "columns"):
                answer = admin.api.get(f"{resource}/", {name: value})
                assert answer.status_code in (200, 400), (name, named(value), answer.text)
        for value in TYPED:
            for name in ("q", "page", "size", "sort", "f", "ff", "fo", "fv"):
                page = admin.pages.get(
                    f"/{resource}/list/", query_string={"ff": "id", "fo": "eq"} | {name: value[:3000]}
                )
                assert page.status_code == 200, (name, named(value))
            assert admin.pages.get(f"/{resource}/pick", query_string={"q": value[:3000]}).status_code == 200
            assert admin.api.get(f"{resource}/pick", query_string={"q": value[:3000]}).status_code == 200
            for name in ("format", "q"):
                answer = admin.pages.get(f"/{resource}/export", query_string={name: value[:3000]})
                assert answer.status_code in (200, 400), (name, named(value))
                answer.close()
