"""The field form's side of the server: what a phone takes along, whose request it is, and a page with nobody's words."""

from __future__ import annotations

import io
from datetime import datetime, timedelta

import pytest

from app.core import clock
from app.core.identity import PREVIEW
from tests.app_fixtures import Api


@pytest.fixture
def harbour(api) -> int:
    return api("ann").add("customers", name="Harbour Trading")["id"]


class TestDay:
    def test_it_holds_ones_own_and_nobody_elses(self, api, harbour):
        api("cleo").add("customers", name="Quay")
        day = api("ann").get("field/day").json
        assert [name for _id, _code, name in day["customers"]] == ["Harbour Trading"]
        assert api("bob").get("field/day").json["customers"] == []  # he leads her: hers are not his to carry

    def test_it_tells_of_today(self, any_app):
        ann, today = Api(any_app, "ann"), clock.today()
        other = today + timedelta(days=1 if today.weekday() == 0 else -1)  # of the same week
        harbour = ann.add("customers", name="Harbour Trading")["id"]
        lines = [
            {"planned_on": str(today), "customer": harbour, "goal": "Show the valves"},
            {"planned_on": str(other), "goal": "Another day"},
            {"planned_on": str(today), "goal": "Done", "done": True},
        ]
        ann.add("weekly-plans", week=str(today), plan="The harbour", lines=lines)
        planned = ann.add("outings", purpose="Trade fair")
        later = (clock.now() + timedelta(days=3)).isoformat()
        ann.add("outings", purpose="Another day", leave_at=later)
        day = ann.get("field/day").json
        assert [(line["goal"], line["customer"]["name"]) for line in day["lines"]] == [
            ("Show the valves", "Harbour Trading")
        ]
        assert [(each["id"], each["state"]) for each in day["outings"]] == [(planned["id"], "planned")]
        line = day["lines"][0]["id"]
        ann.add("outings", purpose="There", plan_line=line, customer=harbour)
        assert ann.get("field/day").json["lines"] == []  # it has its outing

    def test_what_a_contact_did_is_not_planned_any_more(self, api, harbour):
        ann, today = api("ann"), clock.today()
        lines = [{"planned_on": str(today), "customer": harbour, "goal": goal} for goal in ("Show", "Again")]
        ann.add("weekly-plans", week=str(today), plan="The harbour", lines=lines)
        ann.add("contact-records", customer=harbour, outcome="Interested", summary="Wants ten")
        assert [line["goal"] for line in ann.get("field/day").json["lines"]] == ["Again"]

    def test_it_costs_the_same_however_much_there_is(self, api, statements):
        ann = api("ann")
        ann.get("field/day")
        with statements() as few:
            ann.get("field/day")
        for number in range(5):
            customer = ann.add("customers", name=f"Customer {number}")["id"]
            ann.add("outings", purpose="There", customer=customer)
        with statements() as many:
            ann.get("field/day")
        assert len(few) == len(many) <= 12

    def test_who_may_not_write_contact_records_takes_nothing_along(self, api):
        assert api("otto").get("field/day").status_code == 403
        assert api(None).get("field/day").status_code == 401

    def test_others_customers_are_found_as_far_as_they_are_seen(self, api, harbour):
        assert [row["id"] for row in api("bob").get("field/customers?q=harbour").json["result"]] == [harbour]
        assert api("cleo").get("field/customers?q=harbour").json["result"] == []


class TestPage:
    def test_it_says_nothing_of_who_asks(self, pages, harbour):
        found = {pages(name).get("/field").text for name in ("ann", "cleo", None)}
        assert len(found) == 1
        assert "Harbour" not in found.pop()

    def test_the_worker_knows_every_file_and_its_scope(self, pages):
        browser = pages(None)
        worker = browser.get("/field/worker.js")
        assert worker.headers["Service-Worker-Allowed"] == "/field"
        assert worker.headers["Content-Type"].startswith("text/javascript")
        import json

        kept = json.loads(worker.text.split("self.KEPT = ")[1].split(";\n")[0])
        assert all(browser.get(path).status_code == 200 for path in [kept["page"], *kept["files"]])
        asked = [part.split('"')[0] for part in browser.get("/field").text.split('"/static/')[1:]]
        assert {f"/static/{path}" for path in asked} <= set(kept["files"])

    def test_it_is_on_the_map_of_who_may_use_it(self, pages):
        assert 'href="/field"' in pages("ann").get("/").text
        assert 'href="/field"' not in pages("otto").get("/").text


class TestWhose:
    def test_a_request_of_another_is_refused(self, pages, api, harbour):
        browser = pages("ann")
        session = browser.get("/api/v1/field/session").json
        headers = {"X-CSRFToken": session["token"], "X-Kehu-User": "987654", "Idempotency-Key": "one"}
        told = browser.client.post("/api/v1/outings/", json={"purpose": "There"}, headers=headers)
        assert (told.status_code, told.json["message"]) == (
            401,
            "Somebody else is logged in now. Log in as who wrote this.",
        )
        assert api("ann").rows("outings") == []
        headers["X-Kehu-User"] = str(session["user"]["id"])
        for _twice in range(2):
            told = browser.client.post("/api/v1/outings/", json={"purpose": "There"}, headers=headers)
            assert told.status_code == 201
        assert len(api("ann").rows("outings")) == 1

    def test_a_memo_sent_again_is_one(self, pages, api, harbour):
        browser, memo = pages("ann"), b"\x1aE\xdf\xa3" + b"voice" * 1000
        headers = {"X-CSRFToken": browser.get("/api/v1/field/session").json["token"], "Idempotency-Key": "memo"}
        answers = []
        for _try in range(2):
            form = {"title": "Memo", "record": f"customers/{harbour}", "kind": "voice"}
            form |= {"file": (io.BytesIO(memo), "memo.webm", "audio/webm")}
            answers.append(browser.client.post("/api/v1/files/", data=form, headers=headers))
        assert [each.status_code for each in answers] == [201, 201]
        assert answers[1].headers["Idempotent-Replayed"] == "true"
        (file,) = api("ann").rows("files")
        assert (file["id"], file["media_type"], file["size"]) == (answers[0].json["id"], "audio/webm", len(memo))

    def test_who_looks_as_another_sends_nothing(self, pages):
        browser = pages("admin")
        with browser.client.session_transaction() as session:
            session[PREVIEW] = browser.get("/api/v1/field/session").json["user"]["id"]
        assert browser.get("/api/v1/field/session").status_code in (401, 403)


class TestOuting:
    def test_coming_back_tells_which_record_was_written(self, api, harbour):
        ann = api("ann")
        outing = ann.add("outings", purpose="There", customer=harbour)["id"]
        soon = (clock.now() + timedelta(minutes=2)).isoformat()  # a phone whose clock is ahead
        left = ann.post(f"outings/{outing}/leave", {"at": soon})
        assert left.status_code == 200
        assert datetime.fromisoformat(left.json["result"]["leave_at"]) <= clock.now()
        late = (clock.now() + timedelta(hours=2)).isoformat()
        assert ann.post(f"outings/{outing}/back", {"at": late, "record": {"outcome": "x"}}).status_code == 422
        record = {"outcome": "Interested", "summary": "Ten valves", "way": "visit"}
        back = ann.post(f"outings/{outing}/back", {"record": record}).json
        (written,) = ann.rows("contact-records")
        assert back["contact_record"] == written["id"]
        assert back["result"]["state"] == "back"
