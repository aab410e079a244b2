"""Merging on its page and over the API: which row, which values, what is refused, and where the merged one's address leads."""

from __future__ import annotations

import re

import pytest

from tests.app_fixtures import Api


@pytest.fixture
def two(api) -> tuple[int, int]:
    """Ann's two customers that are one."""
    ann = api("ann")
    one = ann.add("customers", name="Bright Tea", phone="010-6275 1234", note="Pays late", level="A")
    two = ann.add("customers", name="Bright Tea Ltd", email="t@bright.cn", note="Likes tea", level="B")
    ann.add("contacts", customer=two["id"], name="Kim")
    return one["id"], two["id"]


def chosen(page: str) -> dict[str, str]:
    """Which side is ticked of each field that can be chosen."""
    ticked = re.findall(r'name="take:(\w+)" value="(\w+)" checked', page)
    return dict(ticked)


class TestPage:
    def test_first_the_other_row_is_picked(self, two, pages):
        ann = pages("ann")
        page = ann.get(f"/customers/merge/{two[0]}").text
        assert "data-picker" in page and "/customers/pick" in page
        assert f'href="/customers/merge/{two[0]}"' in ann.get(f"/customers/show/{two[0]}").text
        for asked, message in ((str(two[0]), "merged with itself"), ("987654", "Choose one from the list.")):
            assert message in ann.get(f"/customers/merge/{two[0]}?other={asked}").text

    def test_the_fields_stand_side_by_side_with_the_better_one_chosen(self, two, pages):
        page = pages("ann").get(f"/customers/merge/{two[0]}?other={two[1]}").text
        assert chosen(page) == {
            "code": "this",
            "name": "this",
            "phone": "this",
            "email": "other",
            "note": "both",
            "level": "this",
        }
        assert f"/customers/merge/{two[1]}?other={two[0]}" in page, "the other one can stay instead"

    def test_what_was_chosen_is_what_stays(self, two, pages, api):
        ann = pages("ann")
        place = f"/customers/merge/{two[0]}?other={two[1]}"
        form = {"other": str(two[1]), "take:name": "other", "take:note": "this", "take:level": "other"}
        answer = ann.post(f"/customers/action/merge/{two[0]}", form, token_from=place)
        assert (answer.status_code, answer.headers["Location"]) == (302, f"/customers/show/{two[0]}")
        page = ann.get(f"/customers/show/{two[0]}").text
        assert "Merged. 1 records that hung on the other one hang on this one now." in page
        assert "/import-runs/show/" in page
        row = api("ann").get(f"customers/{two[0]}").json["result"]
        assert (row["name"], row["note"], row["level"], row["email"]) == (
            "Bright Tea Ltd",
            "Pays late",
            "B",
            "t@bright.cn",
        )

    def test_what_is_refused_keeps_what_was_chosen(self, two, pages, api):
        ann = pages("ann")
        sent = {"other": str(two[1]), "take:name": "other", "take:note": "other", "take:level": "both"}
        answer = ann.post(f"/customers/action/merge/{two[0]}", sent)
        assert answer.status_code == 422 and "Say “this” or “other”." in answer.text
        assert chosen(answer.text) == {
            "code": "this",
            "name": "other",
            "phone": "this",
            "email": "other",
            "note": "other",
            "level": "this",
        }
        assert len(api("ann").rows("customers")) == 2

    def test_who_may_write_one_only_is_told_and_can_do_nothing(self, two, pages, api):
        cleo = api("cleo").add("customers", name="Bright Tea")["id"]
        api("cleo").add("customer-shares", customer=cleo, user=2, access="read")
        ann = pages("ann")
        page = ann.get(f"/customers/merge/{two[0]}?other={cleo}").text
        assert "Both must be yours to change." in page
        assert re.search(r'<button type="submit" class="btn btn-primary"[^>]* disabled', page)
        refused = ann.post(f"/customers/action/merge/{two[0]}", {"other": str(cleo)})
        assert refused.status_code == 403
        assert len(api("admin").rows("customers")) == 3

    def test_who_may_not_merge_comes_to_no_page(self, two, pages):
        assert pages("wei").get(f"/customers/merge/{two[0]}").status_code == 403
        assert pages("cleo").get(f"/customers/merge/{two[0]}").status_code == 404


class TestApi:
    def test_it_answers_with_the_row_that_stays_and_the_run(self, two, api):
        ann = api("ann")
        answer = ann.post(f"customers/{two[0]}/merge", {"other": two[1], "take": {"code": "other", "note": "both"}})
        assert answer.status_code == 200, answer.text
        assert (answer.json["id"], answer.json["moved"], answer.json["united"]) == (two[0], 1, 0)
        result = answer.json["result"]
        assert (result["code"], result["note"]) == ("C00002", "Pays late\n\nLikes tea")
        assert [row["customer"]["id"] for row in ann.rows("contacts")] == [two[0]]
        assert ann.get(f"customers/{two[1]}").status_code == 404
        assert ann.post(f"import-runs/{answer.json['run']}/undo").status_code == 200
        assert {row["id"]: row["code"] for row in ann.rows("customers")} == {two[0]: "C00001", two[1]: "C00002"}
        assert [row["customer"]["id"] for row in ann.rows("contacts")] == [two[1]]

    @pytest.mark.parametrize(
        ("body", "status", "errors"),
        [
            ({}, 422, {"other": ["Choose one from the list."]}),
            ({"other": "x"}, 422, {"other": ["Choose one from the list."]}),
            ({"other": True}, 422, {"other": ["Choose one from the list."]}),
            ({"other": 987_654}, 422, {"other": ["There is no such customer, or it is not yours to see."]}),
            ({"other": 2, "songs": "this"}, 422, {"songs": ["There is no such field here."]}),
            ({"other": 2, "take": "this"}, 422, {"take": ['Give {"field": "this" or "other"}.']}),
            ({"other": 2, "take": {"songs": "this"}}, 422, {"songs": ["There is no such field here."]}),
            ({"other": 2, "take": {"name": "both"}}, 422, {"name": ["Say “this” or “other”."]}),
        ],
    )
    def test_refusals_change_nothing(self, two, api, body, status, errors):
        ann = api("ann")
        answer = ann.post(f"customers/{two[0]}/merge", body)
        assert (answer.status_code, answer.json["errors"]) == (status, errors)
        assert len(ann.rows("customers")) == 2

    def test_one_that_was_merged_already_is_told_as_that(self, two, api):
        ann = api("ann")
        third = ann.add("customers", name="Third")["id"]
        assert ann.post(f"customers/{two[0]}/merge", {"other": two[1]}).status_code == 200
        late = ann.post(f"customers/{third}/merge", {"other": two[1]})
        assert (late.status_code, "Somebody has merged one of them already" in late.json["message"]) == (409, True)


class TestTheOldAddress:
    def test_it_leads_to_the_row_that_stayed_through_every_merge(self, two, api, pages):
        ann = api("ann")
        third = ann.add("customers", name="Third")["id"]
        assert ann.post(f"customers/{two[0]}/merge", {"other": two[1]}).status_code == 200
        last = ann.post(f"customers/{third}/merge", {"other": two[0], "take": {"name": "other"}})
        assert last.status_code == 200
        browser = pages("ann")
        answer = browser.get(f"/customers/show/{two[1]}")
        assert (answer.status_code, answer.headers["Location"]) == (302, f"/customers/show/{third}")
        assert "What was here has been merged into C00003 Bright Tea." in browser.get(answer.headers["Location"]).text
        assert pages("cleo").get(f"/customers/show/{two[1]}").status_code == 404, "who does not see the one that stays"
        assert ann.post(f"import-runs/{last.json['run']}/undo").status_code == 200
        assert browser.get(f"/customers/show/{two[1]}").headers["Location"] == f"/customers/show/{two[0]}"
        assert browser.get("/customers/show/987654").status_code == 404

    def test_the_api_names_the_row_that_stayed_whatever_is_asked(self, two, api):
        ann = api("ann")
        third = ann.add("customers", name="Third")["id"]
        assert ann.post(f"customers/{two[0]}/merge", {"other": two[1]}).status_code == 200
        last = ann.post(f"customers/{third}/merge", {"other": two[0], "take": {"name": "other"}})
        label = "C00003 Bright Tea"
        for method, path, body in (
            ("GET", f"customers/{two[1]}", None),
            ("GET", f"customers/{two[1]}/timeline", None),
            ("PUT", f"customers/{two[1]}", {"name": "Bright"}),
            ("DELETE", f"customers/{two[1]}", None),
            ("POST", f"customers/{two[1]}/release", {"reason": "Gone"}),
        ):
            answer = ann.request(method, path, body)
            assert answer.status_code == 404, (method, path)
            assert answer.json == {
                "message": f"What was here has been merged into {label}.",
                "merged_into": {"id": third, "label": label},
            }
        cleo = api("cleo")
        nothing = cleo.get("customers/987654")
        assert (nothing.status_code, list(nothing.json)) == (404, ["message"])
        assert cleo.get(f"customers/{two[1]}").json == nothing.json, "who does not see the one that stays"
        assert ann.post(f"import-runs/{last.json['run']}/undo").status_code == 200
        assert ann.get(f"customers/{two[1]}").json["merged_into"]["id"] == two[0]
        assert ann.get(f"customers/{two[0]}").status_code == 200


def test_the_api_is_told_nothing_of_rows_out_of_sight(two, api):
    cleo: Api = api("cleo")
    mine = cleo.add("customers", name="Bright Tea")["id"]
    refused = cleo.post(f"customers/{mine}/merge", {"other": two[0]})
    nothing = cleo.post(f"customers/{mine}/merge", {"other": 987_654})
    assert (refused.status_code, refused.json["errors"]) == (422, nothing.json["errors"])
