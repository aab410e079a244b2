"""What pages and calls cost the database, with many rows and with more: the number of statements is bounded and does
not grow.
"""

from __future__ import annotations

from typing import Any

import pytest

from app import create_app, grants, setup
from app.core import db
from app.core.document import line_model
from app.core.fields import fields_of
from app.core.identity import system
from app.core.web import naming
from app.core.web.view import views
from tests.app_fixtures import counted, settings_for
from tests.meta.factory import HOOKS, Making, make
from tests.support.making import typed_in

ROWS = 15  # what costs a statement a row shows in them as well as in more
LIST, RECORD, FORM = 12, 20, 8  # statements at most
SAVE, A_LINE = 15, 2
PERMISSIONS = 50  # to make all of them known to an empty database


@pytest.fixture(params=sorted(views))
def view(request):
    return views[request.param]


def test_statements_are_few_and_do_not_grow(view, act, people, pages, api, statements):
    base = view.model.resource
    browser, client = pages("bob"), api("bob")
    with act():
        key = next(make(view.model, people["bob"]) for _ in range(1))
    lists = [f"/{base}/list/?size=100", f"/{base}/list/?size=100&q=x", f"/api/v1/{base}/?q=(page_size:100)"]
    records = [f"/{base}/show/{key}?list=", f"/api/v1/{base}/{key}"]
    forms = [f"/{base}/add", f"/{base}/edit/{key}"] if not view.model.read_only else []
    if not typed_in(view):
        forms = forms[1:]

    def costs() -> dict[str, int]:
        found = {}
        for path in (*lists, *records, *forms):
            with statements() as executed:
                answer = (
                    client.request("GET", path.removeprefix("/api/v1/"))
                    if path.startswith("/api/")
                    else browser.get(path)
                )
            assert answer.status_code == 200, (path, answer.text)
            found[path] = len(executed)
            if path in lists and "q=x" not in path and client.get(f"{base}/").json["count"] <= 100:
                shown = (
                    answer.json["count"]
                    if answer.is_json
                    else answer.text.count('name="ids"') or answer.text.count(f'href="/{base}/show/')
                )
                assert shown >= 1, path
        return found

    with act():
        for _ in range(ROWS):
            make(view.model, people["bob"])
    costs()  # what is read once in the life of a process is read
    few = costs()
    # What rows name by their keys is read kind by kind.
    named = naming.KINDS if any(naming.is_key(fields_of(view.model)[name]) for name in view.list_columns()) else 0
    assert {
        path: cost
        for path, cost in few.items()
        if cost > (LIST + named if path in lists else RECORD if path in records else FORM)
    } == {}
    with act():
        for _ in range(ROWS):
            make(view.model, people["bob"])
    many = costs()
    assert {path: (few[path], cost) for path, cost in many.items() if cost > few[path]} == {}


@pytest.mark.parametrize("resource", sorted(name for name, view in views.items() if "edit" in view.operations()))
def test_a_save_costs_little(resource, act, people, pages, api, statements):
    """A new row and a change of it, over API and page, a document with few lines and with many."""
    view = views[resource]
    browser, client = pages("admin"), api("admin")
    kind = line_model(view.model)
    token = browser.token()
    found: dict[str, int] = {}
    for count in (1, 11) if kind is not None else (0,):
        for way in ("api", "page"):
            with act():
                key = make(view.model, people["bob"]) if not typed_in(view) else None
                making = Making(view.model, None, None)
                data = making.data(view.model) | dict(HOOKS.get(resource, lambda _row: {})(making))
                if kind is not None:
                    lines = [Making(view.model, None, None) for _ in range(count)]
                    for line in lines:
                        line.day = making.day  # what is in a document lies in its time
                    data["lines"] = [line.data(kind) for line in lines]
            data = said(data)
            with statements() as executed:
                if key is None and way == "api":
                    answer = client.post(f"{resource}/", data)
                elif key is None:
                    answer = browser.client.post(f"/{resource}/add", data=typed(data) | {"csrf_token": token})
                else:
                    answer = None
            if answer is not None:
                assert answer.status_code in (201, 302), answer.text
                found[f"{way} add {count}"] = len(executed) - A_LINE * count
                key = (
                    answer.json["id"]
                    if way == "api"
                    else int(answer.headers["Location"].rsplit("/", 1)[1].split("?")[0])
                )
            row = client.get(f"{resource}/{key}").json["result"]
            if kind is not None:
                data["lines"] = [
                    line | {"id": each["id"]} for line, each in zip(data["lines"], row["lines"], strict=True)
                ]
            with statements() as executed:
                if way == "api":
                    answer = client.put(f"{resource}/{key}", data)
                else:
                    answer = browser.client.post(f"/{resource}/edit/{key}", data=typed(data) | {"csrf_token": token})
            assert answer.status_code in (200, 302), answer.text
            found[f"{way} edit {count}"] = len(executed) - A_LINE * count
    assert {what: cost for what, cost in found.items() if cost > SAVE} == {}


def said(value: Any) -> Any:
    """``value`` as JSON says it."""
    if isinstance(value, dict):
        return {name: said(each) for name, each in value.items()}
    if isinstance(value, list):
        return [said(each) for each in value]
    return value if value is None or isinstance(value, bool | int) else str(value)


def typed(data: dict[str, Any]) -> dict[str, str]:
    """What a browser sends of ``data``."""
    found = {name: "1" if value is True else str(value) for name, value in data.items() if name != "lines"}
    found = {name: value for name, value in found.items() if value not in ("False", "None")}
    for index, line in enumerate(data.get("lines", ())):
        found |= {f"lines-{index}-{name}": value for name, value in typed(line).items()}
    return found


def test_related_rows_cost_no_more_for_being_many(act, people, pages, statements):
    """A record's page with thirty rows in each of its tabs."""
    browser = pages("bob")
    for view in views.values():
        if not view.related:
            continue
        base = view.model.resource
        found = []
        with act():
            key = make(view.model, people["bob"])
        for count in (2, ROWS):
            with act():
                for related in view.related:
                    target = views[related.resource].model
                    for _ in range(count):
                        make(
                            target,
                            people["bob"],
                            None,
                            **{(f"{related.field}_id" if target.read_only else related.field): key},
                        )
            with statements() as executed:
                assert browser.get(f"/{base}/show/{key}").status_code == 200
            found.append(len(executed))
        assert found[1] <= found[0] <= RECORD, (base, found)


def test_permissions_are_made_known_by_few_statements(tmp_path):
    """From nothing, and again when there is nothing to do; however many entities there are."""
    fresh = create_app(settings_for(tmp_path))
    with fresh.app_context():
        setup._migrate()
        for most in (PERMISSIONS, PERMISSIONS // 2):
            with counted(fresh) as executed, db.transaction(system()):
                grants.sync()
            assert 0 < len(executed) <= most, executed
        db.db.engine.dispose()
