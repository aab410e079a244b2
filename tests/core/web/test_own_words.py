"""Plans, outings and contact records say what their owner says: superiors and those whom a customer is shared with read
them, take their steps and answer, and change no word.
"""

from __future__ import annotations

import io

import pytest

from app.core.entity import User

LINE = {"planned_on": "2026-11-24", "kind": "call", "goal": "Show the valves"}


@pytest.fixture
def ids(act) -> dict[str, int]:
    with act() as session:
        return {user.username: user.id for user in session.query(User).all()}


@pytest.fixture
def customer(api, ids) -> int:
    """Ann's, shared with Cleo for writing."""
    pk = api("ann").add("customers", name="Harbour")["id"]
    api("ann").add("customer-shares", customer=pk, user=ids["cleo"], access="write")
    return pk


@pytest.fixture
def rows(api, customer) -> dict[str, dict]:
    ann = api("ann")
    plan = ann.add("weekly-plans", week="2026-11-23", plan="Visit Harbour", summary="Good", lines=[LINE])
    told = ann.add("contact-records", customer=customer, outcome="Interested", summary="Wants ten")
    outing = ann.add("outings", customer=customer, purpose="Show samples")
    return {"weekly-plans": plan, "contact-records": told, "outings": outing}


WORDS = {"weekly-plans": "summary", "contact-records": "summary", "outings": "purpose"}
WRITERS = [("bob", name) for name in WORDS] + [("cleo", "contact-records"), ("cleo", "outings")]


@pytest.mark.parametrize(("who", "resource"), WRITERS)
def test_nobody_else_rewrites_or_deletes_them(api, rows, who, resource):
    client, row, name = api(who), rows[resource], WORDS[resource]
    path = f"{resource}/{row['id']}"
    assert client.get(path).status_code == 200
    refused = client.put(path, {name: "Something else"})
    assert refused.status_code == 403 and "words of Ann Lee" in refused.json["message"]
    assert client.delete(path).status_code == 403
    many = client.post(f"{resource}/bulk-edit", {"ids": [row["id"]], "set": {name: "Something else"}}).json["result"]
    assert [each["ok"] for each in many] == [False]
    assert api("ann").get(path).json["result"][name] == row[name]
    # What stands there changes nothing; and an administrator may.
    assert client.put(path, {name: row[name]}).status_code == 200
    assert api("admin").put(path, {name: "As agreed"}).status_code == 200


def test_nor_a_line_of_a_plan(api, rows):
    plan = rows["weekly-plans"]
    (line,) = plan["lines"]
    bob, path = api("bob"), f"weekly-plans/{plan['id']}"
    for lines in ([], [{**line, "goal": "Else"}], [line, LINE]):
        assert bob.put(path, {"lines": lines}).status_code == 403, lines
    assert bob.put(path, {"lines": [line]}).status_code == 200


def test_an_import_by_a_superior_changes_none(api, rows):
    text = "owner,week,summary\nann,2026-11-23,Something else\n"
    upload = {"file": (io.BytesIO(text.encode()), "in.csv"), "mode": "commit", "on_match": "update"}
    bob = api("bob")
    bob.client.post("/api/v1/weekly-plans/import", data=upload, headers=bob.headers, content_type="multipart/form-data")
    assert api("ann").get(f"weekly-plans/{rows['weekly-plans']['id']}").json["result"]["summary"] == "Good"


def test_a_superior_takes_the_steps_and_gives_away_what_is_planned(api, rows, ids):
    ann, bob = api("ann"), api("bob")
    plan = f"weekly-plans/{rows['weekly-plans']['id']}"
    assert ann.post(f"{plan}/submit").status_code == 200
    assert bob.post(f"{plan}/reopen").status_code == 200
    assert ann.post(f"{plan}/submit").status_code == 200
    assert bob.post(f"{plan}/review", {"review_comment": "Well done"}).status_code == 200
    outing = f"outings/{rows['outings']['id']}"
    assert bob.put(outing, {"owner": ids["bob"]}).status_code == 200
    assert bob.get(outing).json["result"]["owner"]["id"] == ids["bob"]


def test_the_pages_offer_what_can_be_done(api, pages, rows):
    told = rows["contact-records"]["id"]
    edit, delete = f"/contact-records/edit/{told}", f"/contact-records/delete/{told}"
    offered = {who: pages(who).get(f"/contact-records/show/{told}").text for who in ("ann", "bob", "cleo")}
    assert edit in offered["ann"] and edit in offered["bob"] and edit not in offered["cleo"]
    assert delete not in offered["bob"]  # whose role deletes contact records of its own
    form = pages("bob").get(edit).text
    assert "These are the words of Ann Lee" in form and "Wants ten" in form
    assert "These are the words" not in pages("ann").get(edit).text
