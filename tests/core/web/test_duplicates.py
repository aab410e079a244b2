"""Who may be the same: told while one types, and found in the whole base; of others' rows only that they are there."""

from __future__ import annotations

import pytest

from app.core import crud, duplicates
from app.core.entity import entity_for
from tests.app_fixtures import Api, Pages


@pytest.fixture
def base(act) -> dict[str, int]:
    """Customers in disguise, by a short name: Ann's two, Cleo's one, and one in the pool."""
    rows = {
        "ann": ("ann", {"name": "Bright Tea Co., Ltd.", "phone": "010-6275 1234"}),
        "again": ("ann", {"name": "ＢＲＩＧＨＴ ｔｅａ", "email": "tea@bright.cn"}),
        "cleo": ("cleo", {"name": "Bright-Tea Limited", "tax_number": "91 1100 00MA01"}),
        "other": ("ann", {"name": "Northern Mills GmbH"}),
    }
    found = {}
    for name, (who, data) in rows.items():
        with act(who):
            found[name] = crud.create(entity_for("customers"), data).id
    with act(None):
        pooled = crud.create(entity_for("customers"), {"name": "Blue River", "owner": None})
        crud.create(entity_for("contacts"), {"customer": pooled.id, "name": "Kim", "mobile": "13800138000"})
        found["pool"] = pooled.id
    return found


class TestWhileTyping:
    def test_ones_own_are_named_and_others_only_owned(self, base, api):
        answer = api("ann").get("customers/duplicates?name=BRIGHT TEA Inc.").json
        told = [(each["id"], each["owner"], each["fields"]) for each in answer["result"]]
        assert told == [
            (base["ann"], "Ann Lee", ["name"]),
            (base["again"], "Ann Lee", ["name"]),
            (None, "Cleo Roy", ["name"]),
        ]
        hidden = answer["result"][2]
        assert (hidden["label"], hidden["message"]) == (None, "Exists, owned by Cleo Roy")
        assert str(base["cleo"]) not in str(hidden) and "Bright" not in str(hidden)

    def test_numbers_of_contacts_and_several_signs_count(self, base, api):
        ann = api("ann")
        (pooled,) = ann.get("customers/duplicates?phone=%2B86 138 0013 8000").json["result"]
        assert (pooled["id"], pooled["owner"], pooled["message"].endswith("in the pool")) == (base["pool"], None, True)
        several = ann.get("customers/duplicates?name=nothing&email=TEA@bright.cn&tax_number=911100-00ma-01").json
        assert [(each["id"], each["fields"]) for each in several["result"]] == [
            (base["again"], ["email"]),
            (None, ["tax_number"]),
        ]

    def test_the_row_itself_is_none_and_what_says_nothing_finds_nothing(self, base, api):
        ann = api("ann")
        found = ann.get(f"customers/duplicates?name=Northern Mills&id={base['other']}").json
        assert found == {"count": 0, "result": []}
        for asked in ("", "name=…", "phone=12", "nonsense=Bright Tea", "name="):
            assert ann.get(f"customers/duplicates?{asked}").json["count"] == 0

    def test_who_may_not_add_asks_nothing(self, base, api):
        assert api("wei").get("customers/duplicates?name=Bright Tea").status_code == 403
        assert api("ann").get("contacts/duplicates?name=Kim").status_code == 404

    def test_the_form_asks_and_the_answer_stands_at_the_field(self, base, pages):
        ann = pages("ann")
        assert 'data-like="/customers/like"' in ann.get("/customers/add").text
        assert f'data-like="/customers/like?id={base["ann"]}"' in ann.get(f"/customers/edit/{base['ann']}").text
        said = ann.get(f"/customers/like?name=bright tea&id={base['ann']}").json
        assert said["count"] == 2
        assert (
            f"/customers/show/{base['again']}" in said["html"] and f"/customers/show/{base['cleo']}" not in said["html"]
        )
        assert "Exists, owned by Cleo Roy" in said["html"]

    def test_a_name_is_found_by_its_beginning_while_it_is_typed(self, any_app, statements):
        ann, cleo = Api(any_app, "ann"), Api(any_app, "cleo")
        mine = ann.add("customers", name="Zephyrus Tools Co., Ltd.")["id"]
        theirs = cleo.add("customers", name="Zephyrus Toys Ltd")["id"]
        german = ann.add("customers", name="Müller & Söhne GmbH & Co. KG")["id"]
        chinese = ann.add("customers", name="北京明亮科技有限公司")["id"]
        form = Pages(any_app, "ann")

        def found(text: str) -> list[int]:
            html = form.get("/customers/like", query_string={"name": text}).json["html"]
            return [pk for pk in (mine, theirs, german, chinese) if f"/customers/show/{pk}" in html]

        for typed, expected in (
            ("Zeph", mine),
            ("zephyrus", mine),
            ("ＺＥＰＨＹＲＵＳ Tool", mine),
            ("Müller Söh", german),
            ("Müller Söhne", german),
            ("北京", chinese),
            ("北京 明亮", chinese),
        ):
            assert found(typed) == [expected], typed
        for typed in ("Zep", "北", "Zephyrus Tx", "ephyrus", "京明亮", "…"):
            assert found(typed) == [], typed
        # Of what is hidden one is told only once its whole name is there.
        assert form.get("/customers/like?name=Zephyrus To").json["count"] == 1
        assert "Exists, owned by Cleo Roy" in form.get("/customers/like?name=Zephyrus Toys").json["html"]
        assert found("Zephyrus Toys") == []
        assert ann.get("customers/duplicates?name=Zephyrus").json["count"] == 0, "the API tells what is the same"

    def test_what_begins_alike_costs_no_statement_more(self, base, pages, statements):
        ann = pages("ann")
        ann.get("/customers/like?name=bright tea")
        with statements() as executed:
            assert ann.get("/customers/like?name=bright").json["count"] == 2
        assert len([each for each in executed if "match_keys" in each]) == 2, executed


class TestTheWholeBase:
    def test_groups_with_what_is_hidden_counted(self, base, api, pages):
        found = api("ann").get("customers/duplicates/groups").json
        assert found["count"] == 1
        (group,) = found["result"]
        assert [row["id"] for row in group["rows"]] == [base["ann"], base["again"]]
        assert (group["kinds"], group["hidden"]) == (["name"], 1)
        page = pages("ann").get("/customers/duplicates").text
        assert "The same: Name" in page and "1 more belong to others" in page
        assert f"/customers/merge/{base['ann']}?other={base['again']}" in page.replace("&amp;", "&")

    def test_only_groups_that_one_sees_something_of(self, base, api):
        assert api("cleo").get("customers/duplicates/groups").json["result"][0]["hidden"] == 2
        assert api("wei").get("customers/duplicates/groups").status_code == 403

    def test_signs_chain_rows_and_what_too_many_share_is_none(self, act, monkeypatch):
        monkeypatch.setattr(duplicates, "COMMON", 3)
        model = entity_for("customers")
        with act("ann"):
            one = crud.create(model, {"name": "A1", "phone": "010-62751234"}).id
            two = crud.create(model, {"name": "A2", "phone": "010 62751234", "email": "a@x.cn"}).id
            three = crud.create(model, {"name": "A3", "email": "A@x.cn"}).id
            for number in range(4):
                crud.create(model, {"name": f"Tenant {number}", "phone": "020-62751234"})
            found = duplicates.scan(model)
            assert [(each.ids, each.kinds) for each in found.groups] == [([one, two, three], ["email", "phone"])]
            assert (found.rows, found.common) == (3, 1)

    def test_a_page_costs_little(self, base, pages, statements):
        ann = pages("ann")
        ann.get("/customers/duplicates")
        with statements() as executed:
            ann.get("/customers/duplicates")
        assert len(executed) <= 12, executed


class TestMergedFromOutside:
    def test_over_the_api(self, base, api):
        ann = api("ann")
        body = {"other": base["again"], "take": {"name": "other"}}
        answer = ann.post(f"customers/{base['ann']}/merge", body)
        assert answer.status_code == 200, answer.text
        assert answer.json["result"]["name"] == "ＢＲＩＧＨＴ ｔｅａ"
        assert (answer.json["id"], answer.json["run"] > 0) == (base["ann"], True)
        assert ann.get(f"customers/{base['again']}").status_code == 404

    def test_over_the_page(self, base, pages, api):
        ann = pages("ann")
        sent = {"other": str(base["again"]), "take:name": "this"}
        ann.post(f"/customers/action/merge/{base['ann']}", sent)
        assert api("ann").get(f"customers/{base['ann']}").json["result"]["email"] == "tea@bright.cn"

    def test_without_the_other_it_is_refused_at_the_field(self, base, api):
        assert list(api("ann").post(f"customers/{base['ann']}/merge", {}).json["errors"]) == ["other"]
