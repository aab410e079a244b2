"""Ann leaves: Bob, her manager, looks at what she has, hands it over to Cleo in steps, and takes one of them back."""

from __future__ import annotations

import re
from collections import Counter
from datetime import datetime, timedelta

from app.core import clock
from tests.app_fixtures import Api, Pages
from tests.scenarios.company import Company, text_of

START = datetime(2026, 9, 1, 9)  # a Tuesday
CUSTOMERS, LEADS, DEALS = 600, 40, 12
MONDAY = "2026-08-31"


def import_rows(api: Api, resource: str, header: str, rows: list[str]) -> None:
    answer = api.upload(resource, "\n".join((header, *rows)).encode(), f"{resource}.csv", mode="commit")
    assert (answer.status_code, answer.json["created"]) == (200, len(rows)), answer.text


def a_year_of_work(ann: Api, admin: Api) -> None:
    """What Ann has made by the day on which she leaves."""
    assert admin.post("stages/usual").status_code == 200
    import_rows(ann, "customers", "name", [f"Customer {number}" for number in range(CUSTOMERS)])
    import_rows(ann, "leads", "name", [f"Lead {number}" for number in range(LEADS)])
    first = ann.rows("customers", order_column="id", order_direction="asc", page_size=DEALS)
    for number, row in enumerate(first):
        ann.add(
            "opportunities", customer=row["id"], name=f"Deal {number}", amount="100", expected_close_on="2026-12-31"
        )
    lines = [{"planned_on": MONDAY, "customer": row["id"], "goal": f"See {row['name']}"} for row in first[:3]]
    ann.add("weekly-plans", week=MONDAY, plan="Last rounds", lines=lines)


def owners(admin: Api, resource: str) -> dict[str, int]:
    """How many rows each person has."""
    found: Counter[str] = Counter()
    for page in range(10):
        rows = admin.rows(resource, page=page, page_size=100)
        found.update(row["owner"]["label"] for row in rows)
    return dict(found)


def figures(page: str) -> dict[str, str]:
    """What a preview says goes, by kind."""
    rows = re.findall(r"<tr[^>]*>(.*?)</tr>", page, re.DOTALL)
    cells = [
        [re.sub(r"<[^>]+>|\s+", " ", cell).strip() for cell in re.findall(r"<t[dh][ >].*?</t[dh]>", row, re.DOTALL)]
        for row in rows
    ]
    return {each[0]: each[1] for each in cells if len(each) > 1}


def test_her_work_moves_to_cleo_and_one_step_comes_back(company: Company) -> None:
    app = company.app
    with clock.stopped(START):
        admin, ann = Api(app, "admin"), Api(app, "ann")
        a_year_of_work(ann, admin)
        cleo = next(
            row["id"] for row in admin.get("users/?q=(page_size:100)").json["result"] if row["username"] == "cleo"
        )
        company.letters()

    # -- From the list of employees Bob comes to whom he leads, and to what Ann has.
    with clock.stopped(START + timedelta(days=1)):
        bob = Pages(app, "bob")
        assert 'href="/employees/look/handovers"' in bob.get("/employees/list/").text
        people = bob.get("/employees/look/handovers").text
        (place,) = set(re.findall(r'/employees/look/handover/\d+(?="[^>]*>Ann Lee)', people))
        told = figures(bob.get(place).text)
        assert told["Customers"] == f"{CUSTOMERS}"
        assert (told["Opportunities"], told["Leads"], told["↳ Plans of this week and later"]) == (
            f"{DEALS}",
            f"{LEADS}",
            "3",
        )

        # -- First the customers with all that belongs to them go to Cleo, the leads stay for the moment.
        action = place.replace("look", "action")
        form = {"to": [str(cleo)], "without": ["leads"], "reason": "Ann leaves us"}
        assert bob.post(action, form, token_from=place).status_code == 302
        assert owners(admin, "customers") == {"Cleo Roy": CUSTOMERS}
        assert owners(admin, "opportunities") == {"Cleo Roy": DEALS}
        assert owners(admin, "leads") == {"Ann Lee": LEADS}
        (plan,) = Api(app, "cleo").rows("weekly-plans")
        lines = Api(app, "cleo").get(f"weekly-plans/{plan['id']}").json["result"]["lines"]
        assert [line["goal"] for line in lines] == ["See Customer 0", "See Customer 1", "See Customer 2"]

        # -- Then the leads, too.
        told = figures(bob.get(place).text)
        assert (told["Customers"], told["Leads"]) == ("0", f"{LEADS}")
        assert bob.post(action, {"to": [str(cleo)], "reason": "Ann leaves us"}, token_from=place).status_code == 302
        assert owners(admin, "leads") == {"Cleo Roy": LEADS}

        # -- Cleo and Ann hear of each step; Bob knows.
        letters = company.letters()
        assert Counter(str(letter["To"]) for letter in letters) == {"ann@example.com": 2, "cleo@example.com": 2}
        hers = next(letter for letter in letters if str(letter["To"]) == "cleo@example.com")
        assert str(hers["Subject"]).strip() == (
            f"Bob Ito handed Ann Lee's work over to you: Customers: {CUSTOMERS}, Opportunities: {DEALS}"
        )
        assert "Reason: Ann leaves us" in text_of(hers)

        # -- The leads should have gone to somebody else: that step is undone, the other stays.
        leads_run = Api(app, "bob").rows("import-runs", order_column="id", order_direction="desc")[0]
        assert bob.post(f"/import-runs/action/undo/{leads_run['id']}", token_from=place).status_code == 302
        assert owners(admin, "leads") == {"Ann Lee": LEADS}
        assert owners(admin, "customers") == {"Cleo Roy": CUSTOMERS}
        history = admin.rows("customer-transfers", page_size=1)[0]
        assert (history["kind"], history["reason"], history["created_by"]["label"]) == (
            "transfer",
            "Ann leaves us",
            "Bob Ito",
        )
