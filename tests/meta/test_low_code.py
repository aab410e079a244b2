"""What people arrange for themselves, for every entity at once: views of its list."""

from __future__ import annotations

import pytest

from app.core.web import query
from app.core.web.view import views
from tests.meta.factory import make


@pytest.fixture(params=sorted(views))
def view(request):
    return views[request.param]


def test_a_list_is_saved_with_any_of_its_columns_and_opens_so(view, act, people, walk):
    resource = view.model.resource
    with act("bob"):
        columns = list(query.shown(view.model))
        order = query.sortable(view.model)[0]
    with act():
        make(view.model, people["bob"])
    bob = walk("bob")
    given = {
        "resource": resource,
        "name": "Everything",
        "filter": {"filters": [{"col": "id", "opr": "gt", "value": 0}]},
        "columns": columns,
        "order": f"-{order}",
    }
    saved = bob.api.post("saved-views/", given)
    assert saved.status_code == 201, saved.text
    kept = saved.json["result"]
    assert (kept["columns"], kept["order"]) == (columns, f"-{order}")
    page = bob.call("GET", f"/{resource}/list/?view={kept['id']}")
    assert page.status_code == 200 and page.text.count('role="columnheader"') == len(columns)
    assert "Everything" in page.text and "lacks something" not in page.text
    found = bob.call("GET", f"/api/v1/{resource}/?view={kept['id']}").json
    assert found["count"] >= 1 and found["list_columns"] == columns
    file = bob.call("GET", f"/{resource}/export?format=csv&view={kept['id']}")
    assert file.status_code == 200
    stranger = walk("max").call("GET", f"/api/v1/{resource}/?view={kept['id']}")
    assert stranger.status_code in (403, 404)
