"""What goes along when customers are transferred: open lines of weekly plans, and tasks once there are any."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from app.core import db
from app.core.entity import User
from app.domains.activities import along
from tests.app_fixtures import Api, acting
from tests.domains.test_handover import goals, monday


@pytest.fixture
def ids(app) -> dict[str, int]:
    """The users' ids by name."""
    with acting(app):
        return dict(list(db.session.execute(sa.select(User.username, User.id)).tuples()))


def plan(api: Api, week: int, lines: list[dict]) -> int:
    lines = [{"planned_on": monday(week), **line} for line in lines]
    return api.add("weekly-plans", week=monday(week), plan="Sell", lines=lines)["id"]


def plans_of(api: Api) -> dict[str, int]:
    return {row["week"]: row["id"] for row in api.rows("weekly-plans")}


class TestPlans:
    def test_open_lines_come_into_the_new_owners_plans(self, app, api, ids):
        ann, bob, cleo = api("ann"), api("bob"), api("cleo")
        acme, best = (ann.add("customers", name=name)["id"] for name in ("Acme", "Best"))
        mine = ann.add("customers", name="Mine")["id"]
        past = plan(ann, -1, [{"customer": acme, "goal": "Past"}])
        now = plan(
            ann,
            0,
            [
                {"customer": acme, "goal": "Offer"},
                {"customer": mine, "goal": "Stays"},
                {"customer": best, "goal": "Call", "kind": "call"},
                {"customer": acme, "goal": "Done", "done": True},
            ],
        )
        later = plan(ann, 1, [{"customer": best, "goal": "Later"}])
        hers = plan(cleo, 0, [{"kind": "internal", "goal": "Her own"}])
        for api_, pk in ((ann, now), (cleo, hers)):
            assert api_.post(f"weekly-plans/{pk}/submit").status_code == 200
        body = {"ids": [acme, best], "to": ids["cleo"], "with": ["plans", "tasks"], "reason": "Nearer"}
        answer = bob.post("customers/transfer", body)
        assert answer.status_code == 200, answer.text
        assert goals(ann, past) == ["Past"]
        assert goals(ann, now) == ["Stays", "Done"]
        assert goals(ann, later) == []
        assert goals(cleo, hers) == ["Her own", "Offer", "Call"]
        made = plans_of(cleo)[monday(1)]
        assert goals(cleo, made) == ["Later"]
        told = api("admin").rows(
            "audit-entries", filters=[{"col": "record", "opr": "eq", "value": f"weekly-plans/{now}"}]
        )
        assert (told[0]["action"], told[0]["comment"]) == ("transfer", "Nearer")
        stale = ann.put(f"weekly-plans/{now}", {"summary": "x", "version": 2})
        assert stale.status_code == 409, "who had it open is told"

        assert bob.post(f"import-runs/{answer.json['run']}/undo").status_code == 200
        assert goals(ann, now) == ["Offer", "Stays", "Call", "Done"]
        assert goals(ann, later) == ["Later"]
        assert goals(cleo, hers) == ["Her own"]
        assert plans_of(cleo) == {monday(): hers}, "the plan that was made for it is gone"

    def test_what_is_done_without_a_tick_stays(self, app, api, ids):
        ann, cleo, bob = api("ann"), api("cleo"), api("bob")
        acme, best = (ann.add("customers", name=name)["id"] for name in ("Acme", "Best"))
        lines = [{"customer": acme, "goal": goal} for goal in ("Offer", "Again")]
        now = plan(ann, 0, [*lines, {"customer": best, "goal": "Call", "kind": "call"}])
        ann.add("contact-records", customer=acme, outcome="Interested", summary="Wants ten")
        with acting(app):
            assert along.count(ids["ann"]) == 2
        body = {"ids": [acme, best], "to": ids["cleo"], "with": ["plans"]}
        assert bob.post("customers/transfer", body).status_code == 200
        assert goals(ann, now) == ["Offer"], "her contact did it"
        assert goals(cleo, plans_of(cleo)[monday()]) == ["Again", "Call"]

    def test_they_stay_where_the_week_is_reviewed(self, app, api, ids):
        ann, cleo, admin = api("ann"), api("cleo"), api("admin")
        acme = ann.add("customers", name="Acme")["id"]
        now = plan(ann, 0, [{"customer": acme, "goal": "Offer"}])
        hers = plan(cleo, 0, [{"kind": "internal", "goal": "Her own"}])
        assert cleo.post(f"weekly-plans/{hers}/submit").status_code == 200
        assert admin.post(f"weekly-plans/{hers}/review", {"review_comment": "Good"}).status_code == 200
        body = {"ids": [acme], "to": ids["cleo"], "with": ["plans"]}
        assert api("bob").post("customers/transfer", body).status_code == 200
        assert goals(ann, now) == ["Offer"]
        assert goals(cleo, hers) == ["Her own"]

    def test_unless_they_are_asked_for_they_stay(self, app, api, ids):
        ann = api("ann")
        acme = ann.add("customers", name="Acme")["id"]
        now = plan(ann, 0, [{"customer": acme, "goal": "Offer"}])
        assert api("bob").post("customers/transfer", {"ids": [acme], "to": ids["cleo"]}).status_code == 200
        assert goals(ann, now) == ["Offer"]
        assert plans_of(api("cleo")) == {}


def test_tasks_are_accepted_and_not_offered_yet(app, api, pages, ids):
    acme = api("ann").add("customers", name="Acme")["id"]
    page = pages("bob").get(f"/customers/show/{acme}").text
    assert 'name="with" value="plans"' in page
    assert 'name="with" value="tasks"' not in page
    body = {"ids": [acme], "to": ids["cleo"], "with": ["contacts", "opportunities", "tasks", "plans"]}
    assert api("bob").post("customers/transfer", body).status_code == 200
