"""Tags: words that any row may carry, made by typing them, found again by a filter, kept in order by an administrator."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from app.core import tags
from app.core.entity import entity_for


@pytest.fixture
def ann(api):
    return api("ann")


def customer(client, name: str, *carried: str):
    return client.add("customers", name=name, tags=list(carried))


def taggings(act) -> list[tuple[str, int, str]]:
    """What carries what."""
    with act() as session:
        statement = sa.select(tags.TAGGINGS.c.resource, tags.TAGGINGS.c.row_id, tags.TAGS.c.name)
        rows = session.connection().execute(statement.where(tags.TAGS.c.id == tags.TAGGINGS.c.tag_id))
        return sorted(rows.tuples().all())


class TestCarrying:
    def test_a_new_word_becomes_a_tag_and_is_the_same_however_it_is_cased(self, ann, act):
        first = customer(ann, "Alpha", "VIP", "export")
        second = ann.add("customers", name="Beta", tags="vip，  New   tea ; vip,")
        assert (first["tags"], second["tags"]) == (["export", "VIP"], ["New tea", "VIP"])
        assert [row["name"] for row in ann.rows("tags", order_column="name")] == ["New tea", "VIP", "export"]
        changed = ann.put(f"customers/{first['id']}", {"tags": ["vip"], "version": first["version"]}).json["result"]
        assert (changed["tags"], changed["version"]) == (["VIP"], 2)
        # To write the same again is no change.
        assert ann.put(f"customers/{first['id']}", {"tags": ["VIP"]}).json["result"]["version"] == 2
        assert ann.put(f"customers/{first['id']}", {"tags": []}).json["result"]["tags"] == []
        assert [row["id"] for row in ann.rows("customers")] == [second["id"], first["id"]]

    def test_case_counts_for_nothing_beyond_ascii_either(self, ann, api):
        assert api("admin").post("tags/", {"name": "École"}).status_code == 201
        assert list(api("admin").post("tags/", {"name": "école"}).json["errors"]) == ["name"]
        assert customer(ann, "Alpha", "ÉCOLE")["tags"] == ["École"]

    def test_what_is_no_tag_is_refused(self, ann):
        row = customer(ann, "Alpha", "VIP")["id"]
        for raw in ("x" * 41, [1], [["a"]], {"name": 1}, [f"tag {number}" for number in range(31)]):
            answer = ann.put(f"customers/{row}", {"tags": raw})
            assert (answer.status_code, list(answer.json["errors"])) == (422, ["tags"]), raw
        assert ann.get(f"customers/{row}").json["result"]["tags"] == ["VIP"]

    def test_who_may_not_make_one_chooses_among_those_there_are(self, ann, api, act):
        customer(ann, "Alpha", "VIP")
        with act() as session:
            role, view = "Salesperson", "Tag"
            session.connection().execute(
                sa.text(
                    "DELETE FROM ab_permission_view_role WHERE role_id = (SELECT id FROM ab_role WHERE name = :role) AND"
                    " permission_view_id IN (SELECT pv.id FROM ab_permission_view pv JOIN ab_view_menu v"
                    " ON v.id = pv.view_menu_id JOIN ab_permission p ON p.id = pv.permission_id"
                    " WHERE v.name = :view AND p.name = 'can_add')"
                ),
                {"role": role, "view": view},
            )
        assert customer(ann, "Beta", "vip")["tags"] == ["VIP"]
        answer = ann.post("customers/", {"name": "Gamma", "tags": ["other"]})
        assert (answer.status_code, list(answer.json["errors"])) == (422, ["tags"])

    def test_they_do_not_exist_for_whom_the_details_do_not(self, ann, api, pages):
        row = customer(ann, "Alpha", "Secret word")["id"]
        wei = api("wei")
        assert "tags" not in wei.get(f"customers/{row}").json["result"]
        assert wei.get("customers/", {"filters": [{"col": "tags", "opr": "nempty"}]}).status_code == 400
        assert "Secret word" not in pages("wei").get(f"/customers/show/{row}").text

    def test_whoever_may_not_edit_the_row_does_not_tag_it(self, ann, api):
        row = customer(ann, "Alpha")["id"]
        assert api("cleo").put(f"customers/{row}", {"tags": ["x"]}).status_code == 404
        assert api("fang").put(f"customers/{row}", {"tags": ["x"]}).status_code == 403
        assert ann.rows("tags") == []

    def test_the_history_tells_and_the_list_and_the_record_show_them(self, ann, pages):
        row = customer(ann, "Alpha", "VIP")["id"]
        ann.put(f"customers/{row}", {"tags": ["VIP", "export"]})
        browser = pages("ann")
        page = browser.get(f"/customers/show/{row}").text
        assert 'href="/customers/list/?f=tags:rel_m_m:VIP"' in page
        assert "export, VIP" in page.replace("VIP, export", "export, VIP")
        assert 'class="badge tag tone-grey"' in browser.get("/customers/list/?cols=name,tags").text


class TestFinding:
    def test_by_what_rows_have_and_have_not(self, ann, pages):
        customer(ann, "Alpha", "VIP", "export")
        customer(ann, "Beta", "VIP")
        customer(ann, "Gamma")
        for operator, value, found in (
            ("rel_m_m", "vip", ["Alpha", "Beta"]),
            ("nrel_m_m", "VIP", ["Gamma"]),
            ("in", ["export", "nothing"], ["Alpha"]),
            ("rel_m_m", "nothing", []),
            ("empty", None, ["Gamma"]),
            ("nempty", None, ["Alpha", "Beta"]),
        ):
            q = {"filters": [{"col": "tags", "opr": operator, "value": value}], "order_column": "name"}
            assert [row["name"] for row in ann.rows("customers", **q)] == found, operator
        page = pages("ann").get("/customers/list/?f=tags:rel_m_m:VIP")
        assert "Tags has VIP" in page.text and "Gamma" not in page.text
        assert ann.get("customers/", {"order_column": "tags"}).status_code == 400

    def test_many_rows_are_found_by_an_index(self, act):
        with act() as session:
            for negated in (False, True):
                found = tags.carried(entity_for("customers"), ["vip"])
                statement = sa.select(entity_for("customers").id).where(~found if negated else found)
                text = str(statement.compile(session.connection(), compile_kwargs={"literal_binds": True}))
                plan = " ".join(
                    str(row[3]) for row in session.connection().exec_driver_sql(f"EXPLAIN QUERY PLAN {text}")
                )
                assert "ix_taggings_tag_id_resource_row_id" in plan or "uq_taggings" in plan, plan
                assert "SCAN taggings" not in plan


class TestGoing:
    def test_a_row_takes_its_taggings_along_and_those_of_what_goes_with_it(self, api, act):
        bob = api("bob")
        row = customer(bob, "Alpha", "VIP")["id"]
        other = customer(bob, "Beta", "VIP")["id"]
        share = bob.add("customer-shares", customer=row, user=1, tags=["VIP"])["id"]
        assert ("customer-shares", share, "VIP") in taggings(act)
        assert bob.delete(f"customers/{row}").status_code == 200
        assert taggings(act) == [("customers", other, "VIP")]

    def test_what_the_database_removed_is_swept(self, ann, act):
        row = customer(ann, "Alpha", "VIP")["id"]
        with act() as session:
            session.connection().execute(
                sa.insert(tags.TAGGINGS).values(resource="customers", row_id=row + 1000, tag_id=1)
            )
            assert tags.sweep() == 1
        assert taggings(act) == [("customers", row, "VIP")]


class TestKeeping:
    def test_an_administrator_renames_merges_and_removes(self, ann, api, act, pages):
        one, two, three = (
            customer(ann, name, *given)["id"]
            for name, given in (("Alpha", ("vip", "V.I.P.")), ("Beta", ("V.I.P.",)), ("Gamma", ("old",)))
        )
        admin = api("admin")
        ids = {row["name"]: row["id"] for row in admin.rows("tags")}
        assert {row["name"]: row["uses"] for row in admin.rows("tags")} == {"vip": 1, "V.I.P.": 2, "old": 1}
        assert ann.put(f"tags/{ids['vip']}", {"name": "VIP"}).status_code == 403
        assert ann.post("tags/merge", {"ids": [ids["V.I.P."]], "into": ids["vip"]}).status_code == 403
        assert admin.put(f"tags/{ids['vip']}", {"name": "VIP", "tone": "green"}).status_code == 200
        assert admin.put(f"tags/{ids['old']}", {"name": "vip"}).status_code == 422
        assert admin.put(f"tags/{ids['old']}", {"name": "a, b"}).status_code == 422
        answer = admin.post("tags/merge", {"ids": [ids["V.I.P."], ids["vip"]], "into": ids["vip"]})
        assert answer.status_code == 200 and answer.json["result"]["name"] == "VIP"
        assert taggings(act) == [("customers", one, "VIP"), ("customers", two, "VIP"), ("customers", three, "old")]
        assert admin.post("tags/merge", {"ids": [ids["vip"]], "into": ids["vip"]}).status_code == 422
        assert admin.delete(f"tags/{ids['old']}").status_code == 200
        assert ann.get(f"customers/{three}").json["result"]["tags"] == []
        assert "tone-green" in pages("ann").get(f"/customers/show/{one}").text


class TestFiles:
    def test_they_go_out_and_come_in_separated_by_commas(self, ann, api):
        ann_row = ann.add("customers", name="Alpha", code="A1", tags=["VIP", "export"])["id"]
        file = ann.get("customers/export?format=csv&q=(columns:!(code,name,tags))")
        content = file.data
        file.close()
        assert b'"export, VIP"' in content
        new = content + '"B1","Beta","vip；新客户"\r\n'.encode()
        told = ann.upload("customers", new, "x.csv", mode="commit", on_match="update").json
        assert (told["created"], told["updated"], told["failed"]) == (1, 1, 0)
        rows = {row["name"]: row["tags"] for row in ann.rows("customers")}
        assert rows == {"Alpha": ["export", "VIP"], "Beta": ["VIP", "新客户"]}
        changed = b'"Code","Tags"\r\n"A1",""\r\n'
        run = ann.upload("customers", changed, "x.csv", mode="commit", on_match="update").json["run"]
        assert ann.get(f"customers/{ann_row}").json["result"]["tags"] == []
        assert ann.post(f"import-runs/{run}/undo", {}).status_code == 200
        assert ann.get(f"customers/{ann_row}").json["result"]["tags"] == ["export", "VIP"]

    def test_many_rows_get_one_more_or_lose_one(self, ann):
        ids = [customer(ann, name, *given)["id"] for name, given in (("Alpha", ("a",)), ("Beta", ("a", "b")))]
        given = {"tags": {"add": ["c"], "remove": ["A"]}}
        answer = ann.post("customers/bulk-edit", {"ids": ids, "set": given})
        assert [each["ok"] for each in answer.json["result"]] == [True, True]
        assert [ann.get(f"customers/{pk}").json["result"]["tags"] for pk in ids] == [["c"], ["b", "c"]]
        ann.post(f"import-runs/{answer.json['run']}/undo", {})
        assert [ann.get(f"customers/{pk}").json["result"]["tags"] for pk in ids] == [["a"], ["a", "b"]]

    def test_a_form_takes_words_that_were_typed_and_not_chosen(self, ann, pages):
        browser = pages("ann")
        assert "data-free" in browser.get("/customers/add").text
        browser.post("/customers/add", {"name": "Alpha", "tags": ["VIP"], "tags-text": "new, newer"})
        assert ann.rows("customers")[0]["tags"] == ["new", "newer", "VIP"]


def test_undoing_an_import_of_tags_takes_none_off_a_row(api, ann):
    admin = api("admin")
    run = admin.upload("tags", b"Name\nUsed\nIdle\n", "t.csv", mode="commit").json["run"]
    row = customer(ann, "Alpha", "used")["id"]
    undone = admin.post(f"import-runs/{run}/undo").json
    assert (undone["deleted"], [each["label"] for each in undone["kept"]]) == (1, ["Used"])
    assert undone["kept"][0]["message"] == "It is used by something else."
    assert ann.get(f"customers/{row}").json["result"]["tags"] == ["Used"]
