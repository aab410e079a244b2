"""The same change to many rows: by the rules of each, told row by row, and undone as a run."""

from __future__ import annotations

import re

import pytest

from app.core import crud, identity
from app.core.entity import entity_for


@pytest.fixture
def rows(act) -> dict[str, int]:
    """Ann's three customers and one of Cleo's, by name."""
    found = {}
    for who, names in (("ann", ("Alpha", "Beta", "Gamma")), ("cleo", ("Delta",))):
        with act(who):
            for name in names:
                row = crud.create(entity_for("customers"), {"name": name, "region": "North", "level": "A"})
                found[name] = row.id
    return found


def edit(client, ids, **given):
    return client.post("customers/bulk-edit", {"ids": ids, "set": given})


class TestEditing:
    def test_each_row_is_changed_by_itself_and_the_run_undoes_it(self, rows, api):
        ann = api("ann")
        delta = rows["Delta"]
        answer = edit(ann, [*rows.values(), 987_654], status="active", region="South")
        assert answer.status_code == 200, answer.text
        told = {each["id"]: each for each in answer.json["result"]}
        assert [told[rows[name]]["ok"] for name in ("Alpha", "Beta", "Gamma")] == [True] * 3
        # Somebody else's comes out as one that is not there.
        assert {**told[delta], "id": 0} == {**told[987_654], "id": 0} and told[delta]["status"] == 404
        assert {row["region"] for row in ann.rows("customers")} == {"South"}
        assert api("cleo").rows("customers")[0]["region"] == "North"
        run = ann.get(f"import-runs/{answer.json['run']}").json["result"]
        assert (run["kind"], run["resource"], run["updated"], run["failed"]) == ("edit", "customers", 3, 2)
        # What was changed since stays.
        ann.put(f"customers/{rows['Beta']}", {"region": "West"})
        undone = ann.post(f"import-runs/{run['id']}/undo", {}).json
        assert (undone["restored"], [each["label"] for each in undone["kept"]]) == (2, ["C00002 Beta"])
        after = {row["name"]: (row["region"], row["status"]) for row in ann.rows("customers")}
        assert after == {
            "Alpha": ("North", "potential"),
            "Beta": ("West", "active"),
            "Gamma": ("North", "potential"),
        }
        assert ann.post(f"import-runs/{run['id']}/undo", {}).status_code == 409

    def test_what_matches_a_filter_is_changed_and_what_is_so_already_is_left(self, rows, api):
        ann = api("ann")
        q = {"filters": [{"col": "name", "opr": "sw", "value": "A"}]}
        answer = ann.post("customers/bulk-edit", {"q": q, "set": {"region": "East"}})
        assert [each["id"] for each in answer.json["result"]] == [rows["Alpha"]]
        again = ann.post("customers/bulk-edit", {"q": q, "set": {"region": "East"}})
        assert again.json["run"] is None and again.json["result"][0]["ok"]
        # A saved view says which rows as it does on the list; a condition without a value says nothing.
        said = {
            "resource": "customers",
            "name": "B",
            "filter": {"filters": [{"col": "name", "opr": "sw", "value": "B"}]},
        }
        view = ann.add("saved-views", **said)["id"]
        for query, address in (({"view": view}, ""), ({}, f"?view={view}")):
            viewed = ann.post(f"customers/bulk-edit{address}", {"q": query, "set": {"region": f"By{address}"}})
            assert [each["id"] for each in viewed.json["result"]] == [rows["Beta"]]
        assert ann.post("customers/bulk-edit", {"q": {"view": 987_654}, "set": {"region": "X"}}).status_code == 404
        bare = {"filters": [{"col": "name", "opr": "ct"}]}
        assert ann.post("customers/bulk-edit", {"q": bare, "set": {"region": "X"}}).status_code == 400
        assert {row["name"]: row["region"] for row in ann.rows("customers")}["Gamma"] == "North"

    def test_what_nobody_could_set_is_refused_at_once(self, rows, api):
        ann = api("ann")
        ids = [rows["Alpha"]]
        for body, field in (
            ({"ids": ids, "set": {"nonsense": 1}}, "nonsense"),
            ({"ids": ids, "set": {"code": "X"}}, "code"),
            ({"ids": ids, "set": {"owner": 1}}, "owner"),
            ({"ids": ids, "set": {"name": ""}}, "name"),
            ({"ids": ids, "set": {"status": "nonsense"}}, "status"),
            ({"ids": ids, "set": {}}, "set"),
            ({"ids": ids}, "set"),
            ({"ids": [], "set": {"region": "X"}}, "ids"),
            ({"ids": ["x"], "set": {"region": "X"}}, "ids"),
            ({"ids": ids, "q": {}, "set": {"region": "X"}}, "ids"),
            ({"q": 1, "set": {"region": "X"}}, "q"),
            ({"q": {"filter": []}, "set": {"region": "X"}}, "q"),
            ({"q": {"filters": {}}, "set": {"region": "X"}}, "q"),
        ):
            answer = ann.post("customers/bulk-edit", body)
            assert (answer.status_code, list(answer.json["errors"])) == (422, [field]), body
        assert ann.rows("import-runs") == []
        # A keeper reads customers' names and writes none.
        assert edit(api("wei"), ids, region="X").status_code == 403
        assert api("fang").post("customers/bulk-edit", {}).status_code == 403

    def test_a_manager_gives_many_away_and_what_can_t_be_is_refused_at_once(self, rows, api, act):
        bob = api("bob")
        with act("ann"):
            ann = identity.user_id()
        assert edit(bob, [rows["Alpha"]], owner=ann).json["result"][0]["ok"]
        answer = edit(bob, [rows["Alpha"], rows["Beta"]], latitude=91)
        assert (answer.status_code, list(answer.json["errors"])) == (422, ["latitude"])

    def test_with_a_key_it_takes_effect_once(self, rows, api):
        ann, key = api("ann"), {"Idempotency-Key": "edit-1"}
        body = {"ids": [rows["Alpha"]], "set": {"region": "South"}}
        first = ann.post("customers/bulk-edit", body, headers=key)
        assert ann.post("customers/bulk-edit", body, headers=key).json == first.json
        assert len(ann.rows("import-runs")) == 1


class TestPage:
    def test_from_the_list_to_the_run(self, rows, pages, api):
        ann = pages("ann")
        listed = ann.get("/customers/list/")
        assert 'formaction="/customers/bulk-edit"' in listed.text
        chosen = {"ids": [rows["Alpha"], rows["Delta"]], "back": "q=a"}
        form = ann.post("/customers/bulk-edit", chosen)
        assert (
            "Edit 2 customers" in form.text
            and "Change 2 customers" in form.text
            and 'name="pick" value="region"' in form.text
        )
        assert 'name="pick" value="owner"' not in form.text
        refused = ann.post(
            "/customers/bulk-edit", chosen | {"step": "edit", "pick": ["region", "credit_limit"], "credit_limit": "x"}
        )
        assert refused.status_code == 422 and "is not a number" in refused.text
        assert ann.post("/customers/bulk-edit", chosen | {"step": "edit"}).status_code == 422
        done = ann.post("/customers/bulk-edit", chosen | {"step": "edit", "pick": "region", "region": "Coast"})
        assert done.status_code == 200 and f"#{rows['Delta']}" in done.text and "Delta" not in done.text
        assert "/customers/list/?q=a" in done.text
        run = re.search(r'href="(/import-runs/show/\d+)"', done.text)
        assert "Bulk edit: Region" in ann.get(run[1]).text
        assert {row["name"]: row["region"] for row in api("ann").rows("customers")}["Alpha"] == "Coast"
        history = ann.get(f"/customers/show/{rows['Alpha']}").text
        assert "changed this along with other rows" in history

    def test_all_that_match_are_more_than_the_page(self, rows, pages, api):
        ann = pages("ann")
        data = {"match": "f=region:eq:North&q=a", "step": "edit", "pick": "region", "region": "All"}
        assert ann.post("/customers/bulk-edit", data).status_code == 200
        assert {row["region"] for row in api("ann").rows("customers")} == {"All"}
        assert ann.post("/customers/bulk-edit", {"match": "q=nothing"}).status_code == 422
        assert ann.post("/customers/bulk/delete", {"match": ""}).status_code in (403, 404)
        assert pages("wei").post("/customers/bulk-edit", data).status_code == 403

    def test_a_match_that_can_not_be_read_whole_matches_nothing(self, rows, pages, api):
        browser, admin = pages("admin"), api("admin")
        admin.add("custom-fields", resource="customers", label="Line", name="dl", kind="number")
        tags = [admin.add("tags", name=name)["id"] for name in ("new", "old")]
        admin.put(f"custom-fields/{admin.rows('custom-fields')[0]['id']}", {"active": False})
        many = "&".join(f"f=region:neq:{number}" for number in range(31))
        # Neither does the form of a bulk edit drop a field that was picked before it was retired.
        typed = {"ids": [rows["Alpha"]], "step": "edit", "pick": ["x_dl", "region"], "x_dl": "7", "region": "Typed"}
        late = browser.post("/customers/bulk-edit", typed)
        assert late.status_code == 422 and "x_dl: There is no such field here." in late.text
        assert 'value="Typed"' in late.text and 'value="region" checked' in late.text
        for match in ("f=x_dl:eq:1", "f=nonsense:eq:1", "f=name:eq:", "f=name", "view=1", many):
            edited = {"match": match, "step": "edit", "pick": "region", "region": "Gone"}
            assert browser.post("/customers/bulk-edit", edited).status_code == 422, match
            assert browser.post("/customers/bulk/delete", {"match": match}).status_code == 302, match
        assert "At most 30 conditions." in browser.get("/customers/list/").text
        merged = browser.post("/tags/do/merge", {"match": "f=nosuch:eq:1", "into": tags[0]}, follow_redirects=True)
        assert "There is nothing called “nosuch” to filter by." in merged.text
        assert [row["region"] for row in admin.rows("customers")] == ["North"] * 4
        assert len(admin.rows("tags")) == 2
        # A form of the list that is half filled in filters nothing.
        assert "A value is needed" not in browser.get("/customers/list/?ff=name&fo=eq&fv=").text
