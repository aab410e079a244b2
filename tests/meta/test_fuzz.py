"""Nasty values in every field of every entity, over API and page: taken or refused with a reason, never a crash, and
what was taken can be shown.

A value is given to one field after the other, each in a call of its own; then the row, with it in every field that took
it, is shown once.
"""

from __future__ import annotations

import json
from typing import Any

import pytest

from app.core import identity
from app.core.document import line_model
from app.core.fields import fields_of, writable
from app.core.web.view import views
from tests.meta.conftest import Walker
from tests.meta.factory import make
from tests.support.making import typed_in
from tests.support.sweep import one_of_each_kind, swept

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
SOME = one_of_each_kind()
MAKERS = sorted(
    (name for name, view in views.items() if "edit" in view.operations()), key=lambda name: name not in SOME
)
FEW = 5  # of so many values one, where the others have been tried on another field that is read alike


def named(value: Any) -> str:
    return repr(value)[:40]


def fields_of_each_kind(fields: dict[str, Any]) -> list[str]:
    """The name of one field of each kind and scale."""
    return list({(field.kind, field.scale): name for name, field in fields.items()}.values())


def all_or_few(resource: str, field: Any, values: tuple[Any, ...]) -> range:
    """Which of ``values`` (by place) to try: all for the first three entities that have a field of this kind, since how a
    value is read is the kind's, not the entity's; for the others some, by turns.
    """
    alike = [
        name
        for name in MAKERS
        if any(
            (each.kind, each.scale) == (field.kind, field.scale)
            for each in writable(views[name].model, identity.system()).values()
        )
    ]
    if resource in alike[:3]:
        return range(len(values))
    return range(len(field.name) % FEW, len(values), FEW)


def send(admin: Walker, method: str, path: str, body: Any) -> Any:
    """``body`` as JSON that any value fits into: half characters, infinity."""
    options = {"data": json.dumps(body), "content_type": "application/json"}
    return admin.api.client.open(f"/api/v1/{path}", method=method, headers=admin.api.headers, **options)


@pytest.mark.parametrize("resource", swept(MAKERS))
class TestFields:
    def test_over_the_api(self, resource, act, people, admin):
        view = views[resource]
        with act():
            key = make(view.model, people["ann"])
        fields = writable(view.model, identity.system())
        first = set(fields_of_each_kind(fields))
        places = {
            name: all_or_few(resource, fields[name], NASTY) if name in first else range(0, len(NASTY), FEW)
            for name in fields
        }
        for place, value in enumerate(NASTY):
            taken = []
            for name in (name for name in fields if place in places[name]):
                answer = send(admin, "PUT", f"{resource}/{key}", {name: value})
                assert answer.status_code in (200, 403, 409, 422), (name, named(value), answer.text)
                if answer.status_code == 200:
                    taken.append(name)
                else:
                    assert "SELECT" not in answer.text and "constraint" not in answer.text.lower(), (name, named(value))
            if taken:
                self.can_be_shown(admin, resource, key, taken, value)

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
        writing = writable(kind, identity.system())
        first = (*fields_of_each_kind(writing), "id")
        for name in (*writing, "id", "nonsense"):
            for value in NASTY if name in first else NASTY[::FEW]:
                answer = send(admin, "PUT", f"{resource}/{key}", {"lines": [{**line, name: value}]})
                assert answer.status_code in (200, 409, 422), (name, named(value), answer.text)
                if answer.status_code == 200:
                    line["id"] = answer.json["result"]["lines"][0]["id"]
                    self.can_be_shown(admin, resource, key, [name], value)
        for value in NASTY:
            answer = send(admin, "PUT", f"{resource}/{key}", {"lines": value})
            assert answer.status_code in (200, 422), named(value)
            answer = send(admin, "PUT", f"{resource}/{key}", {"lines": [value, value]})
            assert answer.status_code in (200, 422), named(value)

    def test_over_the_page(self, resource, act, people, admin):
        view = views[resource]
        with act():
            key = make(view.model, people["ann"])
        fields = writable(view.model, identity.system())
        for name in fields_of_each_kind(fields):
            for value in (TYPED[place] for place in all_or_few(resource, fields[name], TYPED)):
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
        if typed_in(view):
            known = fields_of(view.model)
            places = {name: all_or_few(resource, known[name], TYPED) for name in fields_of_each_kind(known)}
            for place, value in enumerate(TYPED):
                given = {name: value for name in places if place in places[name]}
                answer = admin.pages.get(f"/{resource}/add", query_string=given)
                assert answer.status_code == 200, (list(given), named(value))
            assert admin.call("POST", f"/{resource}/add", {}).status_code in (302, 422)
            for body in NASTY:
                assert send(admin, "POST", f"{resource}/", body).status_code in (201, 422), named(body)

    def can_be_shown(self, admin: Walker, resource: str, key: int, names: list[str], value: Any) -> None:
        if isinstance(value, str) and not value[:1].isdigit() and len(value) < 100 and "🙂" not in value:
            return  # one text is shown as another
        paths = [f"/{resource}/show/{key}", f"/{resource}/list/"]
        if not isinstance(value, str) or value[:1].isdigit():
            paths += [f"/{resource}/edit/{key}", f"/{resource}/export?format=xlsx"]
        for path in paths:
            assert admin.call("GET", path).status_code in (200, 409), (path, names, named(value))
