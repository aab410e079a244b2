"""A week in November 2026: Ann plans, goes out, comes back and tells of it; Bob guides, Ann answers; board and mail are
right at each step.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from app.core import clock
from app.jobs import execution
from tests.app_fixtures import Api, Pages
from tests.scenarios.company import Company, text_of

START = datetime(2026, 11, 20, 14)  # a Friday
MONDAY = "2026-11-23"


@contextmanager
def at(day: int, hour: int, minute: int = 0) -> Iterator[None]:
    """At an hour of a day of November 2026."""
    with clock.stopped(datetime(2026, 11, day, hour, minute)):
        yield


def client(company: Company, name: str) -> Api:
    return Api(company.app, name)


def ann_on_the_board(company: Company) -> dict[str, Any]:
    """What Bob's board says of Ann."""
    told = client(company, "bob").get("team/").json["result"]
    assert [each["name"] for each in told] == ["Ann Lee"], "Bob leads Ann alone"
    return dict(told[0])


def mail(company: Company, job: str = "") -> dict[str, str]:
    """What each address gets, after ``job`` has run."""
    if job:
        with company.app.app_context():
            assert execution.run_job(job)
    letters: dict[str, str] = {}
    for message in company.letters():
        address = str(message["To"])
        letters[address] = letters.get(address, "") + text_of(message)
    return letters


def test_a_week_from_plan_to_review(company: Company) -> None:
    # -- Friday: nobody has a plan for next week, and everybody is reminded.
    with at(20, 15):
        ann = client(company, "ann")
        tech = ann.add("customers", name="Beijing Tech", next_contact_on="2026-11-25")["id"]
        harbour = ann.add("customers", name="Harbour")["id"]
        letters = mail(company, "weekly-plan-reminder")
        assert "2026" in letters["ann@example.com"] and len(letters) >= 4

        # -- Ann plans in the grid of days; Beijing Tech is due, and offered.
        page = Pages(company.app, "ann")
        shown = page.get(f"/week/?week={MONDAY}").text
        assert "Customers that are due" in shown and "Next contact on 2026-11-25" in shown
        for day, customer, goal in (
            ("2026-11-24", tech, "Show samples"),
            ("2026-11-26", harbour, "Ask for the budget"),
        ):
            sent = {"planned_on": day, "kind": "visit", "customer": customer, "goal": goal}
            assert page.post(f"/week/{MONDAY}/add", sent).status_code == 302
        (plan,) = ann.rows("weekly-plans")
        assert ann.post(f"weekly-plans/{plan['id']}/submit").status_code == 200

    # -- Monday: she is not among those without a plan.
    with at(23, 9):
        letters = mail(company, "weekly-plan-last-call")
        assert "ann@example.com" not in letters
        told = ann_on_the_board(company)
        assert (told["plan"]["state"], told["out"], told["contacts_week"]) == ("submitted", None, 0)

    # -- Tuesday: she leaves for Beijing Tech, and the board says so.
    with at(24, 10):
        ann = client(company, "ann")
        line = ann.get(f"weekly-plans/{plan['id']}").json["result"]["lines"][0]
        outing = ann.add("outings", customer=tech, plan_line=line["id"], purpose="Show samples")["id"]
        assert ann.post(f"outings/{outing}/leave", {"latitude": "39.9", "longitude": "116.4"}).status_code == 200
        out = ann_on_the_board(company)["out"]
        assert (out["customer"], out["about"]) == ("Beijing Tech", "Show samples")
        refused = ann.post(f"outings/{outing}/back", {})
        assert refused.status_code == 422 and "record" in refused.json["errors"]

    # -- At noon she is back with her record: the customer, the plan and the board know.
    with at(24, 12):
        ann = client(company, "ann")
        record = {"outcome": "Interested", "summary": "They want ten.", "next_contact_on": "2026-12-01"}
        assert ann.post(f"outings/{outing}/back", {"record": record}).json["result"]["state"] == "back"
        (told,) = ann.rows("contact-records")
        customer = ann.get(f"customers/{tech}").json["result"]
        assert (customer["last_contact_on"], customer["next_contact_on"]) == ("2026-11-24", "2026-12-01")
        lines = ann.get(f"weekly-plans/{plan['id']}").json["result"]["lines"]
        assert [(each["done"], each["result"]) for each in lines] == [(True, "Interested"), (False, None)]
        seen = ann_on_the_board(company)
        assert (seen["out"], seen["contacts_today"], seen["contacts_week"]) == (None, 1, 1)

    # -- Bob asks; it stays with both until Ann answers.
    with at(24, 14):
        bob = client(company, "bob")
        asked = {"record": f"contact-records/{told['id']}", "body": "Who decides there?", "requires_answer": True}
        review = bob.add("reviews", **asked)["id"]
        assert client(company, "cleo").get(f"reviews/{review}").status_code == 404
        letters = mail(company)
        assert "Who decides there?" in letters["ann@example.com"]
        assert ann_on_the_board(company)["guidance_open"] == 1
    with at(26, 9):
        ann = client(company, "ann")
        assert ann.get(f"reviews/{review}").json["result"]["age"] == 2
        assert "Who decides there?" in Pages(company.app, "ann").get("/week/?week=2026-11-30").text
        waiting = [row for row in ann.rows("notices") if row["waiting"]]
        assert len(waiting) == 1 and not waiting[0]["read"]
        assert ann.post("notices/read-all").status_code == 200
        assert [row["read"] for row in ann.rows("notices") if row["waiting"]] == [False]
        assert ann.post(f"reviews/{review}/answer", {"text": "Mr Li, from Monday on."}).status_code == 200
        assert "Mr Li, from Monday on." in mail(company)["bob@example.com"]
        assert all(row["read"] for row in ann.rows("notices"))
        assert ann_on_the_board(company)["guidance_open"] == 0

    # -- Friday: what was missed, and what nobody had planned, is in the mail to Bob.
    with at(27, 16):
        ann = client(company, "ann")
        depot = ann.add("customers", name="Depot")["id"]
        ann.add("contact-records", customer=depot, way="phone", outcome="New need", summary="Five pallets")
        summary = {"summary": "One visit, one call.", "suggestion": "More samples, please."}
        assert ann.put(f"weekly-plans/{plan['id']}", summary).status_code == 200
    with at(27, 17):
        letter = mail(company, "week-review")["bob@example.com"]
        assert "1 of 2 done, 1 missed, 1 not planned" in letter
        assert "Harbour" in letter and "Depot" in letter
        assert mail(company, "week-review") == {}, "once is enough"
        bob = client(company, "bob")
        assert bob.post(f"weekly-plans/{plan['id']}/review", {"review_comment": "Well done."}).status_code == 200
        (suggestion,) = bob.rows("suggestions")
        answered = bob.post(f"suggestions/{suggestion['id']}/answer", {"text": "From December.", "close": True})
        assert answered.json["result"]["closed"] is True
        assert "From December." in mail(company)["ann@example.com"]
        assert ann_on_the_board(company)["plan"]["state"] == "reviewed"
