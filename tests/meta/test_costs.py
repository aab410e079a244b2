"""What pages and calls cost the database, with many rows and with more: the number of statements is bounded and does
not grow.
"""

from __future__ import annotations

import pytest

from app.core.web.view import views
from tests.meta.factory import make

ROWS = 30
LIST, RECORD, FORM = 12, 20, 8  # statements at most


@pytest.fixture(params=sorted(views))
def view(request):
    return views[request.param]


def test_statements_are_few_and_do_not_grow(view, act, people, pages, api, statements):
    base = view.model.resource
    browser, client = pages("bob"), api("bob")
    with act():
        key = next(make(view.model, people["bob"]) for _ in range(1))
    lists = [f"/{base}/list/?size=100", f"/{base}/list/?size=100&q=x", f"/api/v1/{base}/?q=(page_size:100)"]
    records = [f"/{base}/show/{key}", f"/api/v1/{base}/{key}"]
    forms = [f"/{base}/add", f"/{base}/edit/{key}"] if not view.model.read_only else []
    if "add" not in view.operations():
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
    assert {
        path: cost
        for path, cost in few.items()
        if cost > (LIST if path in lists else RECORD if path in records else FORM)
    } == {}
    with act():
        for _ in range(ROWS):
            make(view.model, people["bob"])
    many = costs()
    assert {path: (few[path], cost) for path, cost in many.items() if cost > few[path]} == {}


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
