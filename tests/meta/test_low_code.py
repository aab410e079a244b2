"""What people arrange for themselves, for every entity at once: views of its list, the same change to many rows, tags."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from app.core import bulk_edit, db, tags
from app.core.web import query
from app.core.web.view import views
from tests.meta.factory import is_scoped, make


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


EDITABLE = sorted(name for name, each in views.items() if "edit" in each.operations())


@pytest.mark.parametrize("resource", EDITABLE)
def test_many_rows_are_edited_by_whoever_may_and_by_no_stranger(resource, act, people, walk):
    model = views[resource].model
    with act():
        keys = [make(model, people["ann"]) for _each in range(2)]
    with act("bob"):
        known = bulk_edit.editable(model)
    with act():
        # A value that the row holds already is one that it takes.
        row = db.session.get(model, keys[0])
        given = {
            name: field.to_json(field.value(row))
            for name, field in known.items()
            if field.value(row) not in (None, "", []) and not field.target
        }
    bob, body = walk("bob"), {"ids": [*keys, 987_654], "set": dict(list(given.items())[:1])}
    if not given:
        assert bob.call("POST", f"/api/v1/{resource}/bulk-edit", {"ids": keys, "set": {}}).status_code == 422
        return
    answer = bob.call("POST", f"/api/v1/{resource}/bulk-edit", body)
    assert answer.status_code == 200, answer.text
    told = {each["id"]: each for each in answer.json["result"]}
    assert set(told) == {*keys, 987_654} and told[987_654]["status"] == 404
    refused = (403, 404, 409, 422) if getattr(model, "own_words", False) else (404, 409, 422)
    assert all(told[key]["ok"] or told[key]["status"] in refused for key in keys)
    page = bob.call("POST", f"/{resource}/bulk-edit", {"ids": [str(key) for key in keys]})
    assert page.status_code == 200 and 'name="pick"' in page.text
    assert walk("max").call("POST", f"/api/v1/{resource}/bulk-edit", body).status_code == 403
    if is_scoped(model):
        foreign = walk("nina").call("POST", f"/api/v1/{resource}/bulk-edit", body).json["result"]
        assert {tuple({**each, "id": 0}.items()) for each in foreign} == {tuple({**told[987_654], "id": 0}.items())}


TAGGED = sorted(name for name, each in views.items() if getattr(each.model, "taggable", False))


def test_every_kind_of_row_that_the_company_writes_carries_tags():
    written = {name for name, each in views.items() if each.model.domain() != "system" and not each.model.read_only}
    assert set(TAGGED) == written


@pytest.mark.parametrize("resource", TAGGED)
def test_a_row_carries_tags_and_takes_them_along(resource, act, people, admin, walk):
    with act():
        key, other = make(views[resource].model, people["ann"]), make(views[resource].model, people["ann"])
    answer = admin.call("PUT", f"/api/v1/{resource}/{key}", {"tags": ["VIP", "新"]})
    assert answer.status_code == 200 and answer.json["result"]["tags"] == ["VIP", "新"], answer.text
    assert 'name="tags-text"' in admin.call("GET", f"/{resource}/edit/{key}").text
    assert f"/{resource}/list/?f=tags:rel_m_m:VIP" in admin.call("GET", f"/{resource}/show/{key}").text
    for operator, found in (("rel_m_m", {key}), ("nempty", {key}), ("nrel_m_m", {other})):
        q = f"(filters:!((col:tags,opr:{operator},value:vip)),page_size:100)"
        ids = set(admin.call("GET", f"/api/v1/{resource}/?q={q}").json["ids"])
        assert ids & {key, other} == found, operator
    page = admin.call("GET", f"/{resource}/list/?f=tags:rel_m_m:VIP&cols=id,tags")
    assert page.text.count('class="badge tag tone-grey"') == 2
    assert walk("max").call("PUT", f"/api/v1/{resource}/{key}", {"tags": ["x"]}).status_code == 403
    if admin.call("DELETE", f"/api/v1/{resource}/{key}").status_code == 200:
        with act() as session:
            left = sa.select(sa.func.count()).select_from(tags.TAGGINGS).where(tags.TAGGINGS.c.row_id == key)
            assert session.scalar(left.where(tags.TAGGINGS.c.resource == resource)) == 0
