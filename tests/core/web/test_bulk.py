"""A transition for many rows: each by itself, with its result, over API and page."""

from __future__ import annotations

import re
from html import unescape

import pytest
import sqlalchemy as sa

from app.core.audit import AuditEntry
from tests.app_fixtures import Api
from tests.support.forms import as_sent

MISSING = 987_654


@pytest.fixture
def plans(api) -> dict[str, int]:
    """Ann's plans: two that can be submitted, one that says nothing; one of Cleo's."""
    ann = api("ann")
    found = {
        name: ann.add("weekly-plans", week=week, plan=plan)["id"]
        for name, week, plan in (
            ("first", "2026-11-23", "Beijing"),
            ("empty", "2026-11-30", ""),
            ("second", "2026-12-07", "Shanghai"),
        )
    }
    return found | {"cleos": api("cleo").add("weekly-plans", week="2026-11-23", plan="Canton")["id"]}


def states(client: Api) -> dict[int, str]:
    return {row["id"]: row["state"] for row in client.rows("weekly-plans")}


def rows_of(text: str) -> list[list[str]]:
    """The table of what came of each row."""
    body = re.search(r"<tbody.*?</tbody>", text, re.DOTALL)
    assert body is not None, text
    return [
        [
            " ".join(unescape(re.sub("<[^>]+>", " ", cell)).split())
            for cell in re.findall(r"<t[hd].*?</t[hd]>", row, re.DOTALL)
        ]
        for row in re.findall(r"<tr.*?</tr>", body[0], re.DOTALL)
    ]


class TestApi:
    def test_each_row_says_what_came_of_it(self, api, plans):
        ann = api("ann")
        ids = [plans["second"], plans["empty"], plans["cleos"], MISSING, plans["first"], plans["first"]]
        answer = ann.post("weekly-plans/bulk/submit", {"ids": ids, "comment": "As agreed"})
        assert answer.status_code == 200
        assert (answer.json["done"], answer.json["refused"]) == (2, 3)
        second, empty, foreign, missing, first = answer.json["result"]
        assert [each["id"] for each in answer.json["result"]] == ids[:-1]
        assert (first["ok"], first["status"], first["row"]["state"]) == (True, 200, "submitted")
        assert second["row"]["number"] and second["row"]["lines"] == []
        assert (empty["ok"], empty["status"], set(empty["errors"])) == (False, 422, {"plan"})
        assert {**foreign, "id": 0} == {**missing, "id": 0}
        assert (foreign["status"], set(foreign)) == (404, {"id", "ok", "status", "message"})
        assert states(ann) == {plans["first"]: "submitted", plans["second"]: "submitted", plans["empty"]: "draft"}
        again = ann.post("weekly-plans/bulk/submit", {"ids": [plans["first"]]}).json["result"][0]
        assert (again["status"], "can't be changed that way now" in again["message"]) == (409, True)

    def test_history_tells_each(self, api, plans, act):
        api("ann").post("weekly-plans/bulk/submit", {"ids": [plans["first"], plans["second"]], "comment": "As agreed"})
        with act() as session:
            entries = session.execute(
                sa.select(AuditEntry.record, AuditEntry.comment).where(AuditEntry.action == "submit")
            ).tuples()
            assert sorted(entries) == sorted(
                (f"weekly-plans/{plans[name]}", "As agreed") for name in ("first", "second")
            )

    def test_sent_again_under_its_key_it_takes_effect_once(self, api, plans):
        ann = api("ann")
        body = {"ids": [plans["first"], plans["empty"]]}
        once, twice = (
            ann.post("weekly-plans/bulk/submit", body, headers={"Idempotency-Key": "k1"}) for _each in range(2)
        )
        assert once.json == twice.json
        assert twice.headers["Idempotent-Replayed"] == "true"

    @pytest.mark.parametrize("body", [{}, {"ids": []}, {"ids": "3"}, {"ids": ["x"]}, {"ids": list(range(1, 1002))}, []])
    def test_what_names_no_rows_or_too_many_is_refused_as_a_whole(self, api, plans, body):
        answer = api("ann").post("weekly-plans/bulk/submit", body)
        assert answer.status_code == 422
        assert set(states(api("ann")).values()) == {"draft"}

    def test_a_change_and_a_deed_take_as_many(self, api):
        admin = api("admin")
        for ids, status in ((list(range(1, 502)), 200), (list(range(1, 1002)), 422)):
            assert admin.post("customers/bulk/delete", {"ids": ids}).status_code == status
            assert admin.post("customers/bulk-edit", {"ids": ids, "set": {"region": "x"}}).status_code == status

    def test_who_may_not_do_it_to_one_may_not_to_many(self, api, plans):
        assert api("ann").post("weekly-plans/bulk/review", {"ids": [plans["first"]]}).status_code == 403
        assert api("ann").post("weekly-plans/bulk/nonsense", {"ids": [plans["first"]]}).status_code == 404
        assert api("ann").post("weekly-plans/bulk/list", {"ids": [plans["first"]]}).status_code == 404
        assert api(None).post("weekly-plans/bulk/submit", {"ids": [plans["first"]]}).status_code == 401

    def test_a_rule_of_a_transition_asks_of_each_row(self, api, plans):
        """Bob reviews what those below him have submitted, and not his own."""
        api("ann").post("weekly-plans/bulk/submit", {"ids": [plans["first"]]})
        bob = api("bob")
        own = bob.add("weekly-plans", week="2026-11-23", plan="Lead")["id"]
        bob.post(f"weekly-plans/{own}/submit")
        body = {"ids": [plans["first"], own, plans["cleos"]], "review_comment": "Well done"}
        result = bob.post("weekly-plans/bulk/review", body).json["result"]
        assert [each["status"] for each in result] == [200, 403, 404]
        assert result[0]["row"]["review_comment"] == "Well done"

    def test_rows_are_deleted_each_by_itself(self, api):
        admin = api("admin")
        unit, used = admin.add("units", name="box")["id"], admin.add("units", name="kg")["id"]
        admin.add("products", name="Tea", unit=used, tax_rate="0.13", list_price="1")
        result = admin.post("units/bulk/delete", {"ids": [unit, used]}).json["result"]
        assert [(each["id"], each["status"]) for each in result] == [(unit, 200), (used, 409)]
        assert "row" not in result[0]


def test_what_is_offered_of_rows_is_described(api):
    paths = set(api("admin").get("_openapi").json["paths"])
    base = "/api/v1/stock-adjustments"
    assert {
        f"{base}/bulk/{{name}}",
        f"{base}/{{pk}}/cancel-preview",
        f"{base}/{{pk}}/comments",
        f"{base}/{{pk}}/comments/{{remark}}",
        f"{base}/{{pk}}/comments/{{remark}}/files/{{number}}",
    } <= paths
    assert "/api/v1/weekly-plans/{pk}/cancel-preview" not in paths
    assert "/api/v1/audit-entries/{pk}/comments" not in paths


class TestPage:
    def test_it_lists_each_row_with_its_result(self, api, pages, plans):
        browser = pages("ann")
        place = "/weekly-plans/list/?f=state%3Aeq%3Adraft"
        ids = [str(plans[name]) for name in ("first", "empty", "cleos")]
        answer = browser.post("/weekly-plans/bulk/submit", {"ids": ids, "back": place.partition("?")[2]})
        assert answer.status_code == 200
        shown = rows_of(answer.text)
        assert [(row[1], row[2]) for row in shown] == [("Refused", "Draft"), ("Refused", "–"), ("Done", "Submitted")]
        assert shown[0][3].startswith("Plan: Write what the week is for")
        assert shown[1][0] == f"#{plans['cleos']}" and "not yours to see" in shown[1][3]
        assert f'href="{place}"' in answer.text
        # What was refused for a reason that can pass is tried again.
        api("ann").put(f"weekly-plans/{plans['empty']}", {"plan": "Tianjin"})
        again = as_sent(answer.text, 'id="again"')
        assert set(again["ids"]) == {str(plans["empty"]), str(plans["cleos"])}
        done = browser.client.post("/weekly-plans/bulk/submit", data=again, headers={"Accept-Language": "en"})
        assert [row[1] for row in rows_of(done.text)] == ["Refused", "Done"]
        assert 'id="again"' not in done.text, "a row that is not there is not tried for ever"
        assert f'href="{place}"' in done.text

    def test_nothing_chosen_is_told_on_the_list(self, pages, plans):
        browser = pages("ann")
        answer = browser.post("/weekly-plans/bulk/submit", {"ids": "²"})
        assert (answer.status_code, answer.location) == (302, "/weekly-plans/list/")
        assert "Choose at least one row." in browser.get(answer.location).text
        # Where it leads back to is what was posted: it may hold line ends.
        answer = browser.post("/weekly-plans/bulk/submit", {"back": "q=a\r\nX-Mine: 1"})
        assert (answer.status_code, answer.location) == (302, "/weekly-plans/list/?q=a%0D%0AX-Mine%3A+1")

    @pytest.mark.parametrize("back", ["https://example.com/", "//example.com", "/\\example.com"])
    def test_it_leads_nowhere_else(self, pages, plans, back):
        answer = pages("ann").post("/weekly-plans/bulk/submit", {"ids": str(plans["first"]), "back": back})
        links = re.findall(r'href="([^"]*example[^"]*)"', answer.text)
        assert links and all(link.startswith("/weekly-plans/list/?") for link in links)

    def test_without_scripts_a_page_asks_before_it_is_done(self, api, pages):
        browser, admin = pages("admin"), api("admin")
        units = [admin.add("units", name=name)["id"] for name in ("box", "kg")]
        listed = browser.get("/units/list/?q=b").text
        button = re.search(r"<noscript>(<button [^>]+>)", listed)[1]
        assert 'form="bulk"' in button and 'formaction="/units/bulk/delete"' in button and 'name="ask"' in button
        chosen = {"ids": [str(pk) for pk in units], "back": "q=b", "ask": "1"}
        asked = browser.post("/units/bulk/delete", chosen)
        assert asked.status_code == 200 and "Chosen: 2. The chosen rows are removed for good." in asked.text
        assert len(admin.rows("units")) == 2
        done = browser.client.post("/units/bulk/delete", data=as_sent(asked.text))
        assert (done.status_code, done.location) == (302, "/units/list/?q=b")
        assert admin.rows("units") == []

    def test_the_list_offers_what_a_transition_asks_for(self, api, pages, plans):
        api("ann").post("weekly-plans/bulk/submit", {"ids": [plans["first"]]})
        bob = pages("bob")
        listed = bob.get("/weekly-plans/list/").text
        assert 'id="bulk-review-review_comment"' in listed
        answer = bob.post("/weekly-plans/bulk/review", {"ids": str(plans["first"]), "review_comment": ""})
        assert rows_of(answer.text)[0][2] == "Reviewed"
