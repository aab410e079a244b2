"""Somebody leaves: what they have is shown, goes to others in one run that is undone as one, and is told."""

from __future__ import annotations

from datetime import timedelta

import pytest
import sqlalchemy as sa

from app.core import clock, crud, db, handing
from app.core.entity import Entity, User, registry
from app.core.outbox import OutboxMail
from app.domains.people.models import Employee
from tests.app_fixtures import Api, acting
from tests.support.forms import as_sent


@pytest.fixture
def ids(app) -> dict[str, int]:
    """The users' ids by name."""
    with acting(app):
        return dict(list(db.session.execute(sa.select(User.username, User.id)).tuples()))


@pytest.fixture
def ann(app) -> int:
    """The id of Ann's employee."""
    with acting(app):
        found = sa.select(Employee.id).join(User, User.id == Employee.user_id).where(User.username == "ann")
        return db.session.scalars(found).one()


def monday(weeks: int = 0) -> str:
    return (clock.monday_of(clock.today()) + timedelta(weeks=weeks)).isoformat()


def fill(ann: Api, admin: Api) -> dict[str, int]:
    """What Ann has: two customers, one with a contact and an open and a won opportunity, two leads, two plans, a leave."""
    admin.add("stages", name="First", position=1)
    won = admin.add("stages", name="Won", position=2, is_won=True, probability=1)["id"]
    acme, best = (ann.add("customers", name=name)["id"] for name in ("Acme", "Best"))
    ann.add("contacts", customer=acme, name="Kim")
    due = clock.today().isoformat()
    fresh, old = (
        ann.add("opportunities", customer=acme, name=name, amount="10", expected_close_on=due)["id"]
        for name in ("Fresh", "Old")
    )
    assert ann.post(f"opportunities/{old}/move", {"stage": won, "reason": "They signed"}).status_code == 200
    lead, dead = (ann.add("leads", name=name)["id"] for name in ("Moe", "Noah"))
    assert ann.post(f"leads/{dead}/discard", {"reason": "No need"}).status_code == 200
    lines = [
        {"planned_on": monday(), "customer": acme, "goal": "Offer"},
        {"planned_on": monday(), "customer": best, "goal": "Seen", "done": True},
        {"planned_on": monday(), "kind": "internal", "goal": "Meeting"},
    ]
    this = ann.add("weekly-plans", week=monday(), plan="Sell", lines=lines)
    past_line = {"planned_on": monday(-1), "customer": acme, "goal": "Missed"}
    past = ann.add("weekly-plans", week=monday(-1), plan="Sold", lines=[past_line])
    ann.add("leaves", starts_on=due, ends_on=due)
    return {
        "acme": acme,
        "best": best,
        "fresh": fresh,
        "old": old,
        "lead": lead,
        "this": this["id"],
        "past": past["id"],
    }


def goals(api: Api, plan: int) -> list[str]:
    return [line["goal"] for line in api.get(f"weekly-plans/{plan}").json["result"]["lines"]]


class TestPreview:
    def test_every_kind_with_an_owner_is_counted(self, api, ids, ann):
        fill(api("ann"), api("admin"))
        answer = api("bob").get(f"employees/{ann}/handover")
        assert answer.status_code == 200, answer.text
        told = {row["label"]: (row["going"], row["staying"]) for row in answer.json["result"]}
        assert told == {
            "Customers": (2, 0),
            "↳ Contacts": (1, None),
            "↳ Plans of this week and later": (1, None),
            "Opportunities": (1, 1),
            "Leads": (1, 1),
            "Files": (0, 0),
            "Articles": (0, 0),
            "Outings": (0, 0),
        }

    def test_kinds_come_from_the_registry(self):
        found = handing.models()
        assert {"customers", "opportunities", "leads"} <= {model.resource for model in found}
        assert found.index(registry["customers"]) < found.index(registry["opportunities"])
        assert str(registry["customers"].handed_on()) == "true", "what can lie without an owner"
        assert registry["leaves"].handed_on() is None, "what can't be finished"
        assert not {"leaves", "weekly-plans", "saved-views", "import-runs"} & {model.resource for model in found}

    @pytest.mark.parametrize("name", ["done", "closed"])
    def test_of_what_can_be_finished_goes_what_is_not(self, name):
        class Task:
            __table__ = sa.Table(
                "tasks", sa.MetaData(), sa.Column("owner_id", sa.Integer, nullable=False), sa.Column(name, sa.Boolean)
            )
            read_only = False
            domain = classmethod(lambda cls: "service")

        assert str(Entity.handed_on.__func__(Task)) == f"tasks.{name} IS false"

    def test_who_leads_them_is_offered_it_and_nobody_else(self, api, pages, ids, ann):
        fill(api("ann"), api("admin"))
        (row, *_rest) = api("bob").get("employees/handovers").json["result"]
        assert (row["person"], row["going"]) == ("Ann Lee", 4)
        page = pages("bob").get(f"/employees/show/{ann}").text
        assert f"/employees/look/handover/{ann}" in page
        assert "/employees/look/handovers" in pages("bob").get("/employees/list/").text
        assert 'data-entry="employees/handovers"' in page
        assert 'data-entry="employees/handovers"' not in pages("cleo").get("/").text
        assert "look/handover" not in pages("cleo").get(f"/employees/show/{ann}").text
        assert api("cleo").get(f"employees/{ann}/handover").status_code == 403
        assert api("cleo").post(f"employees/{ann}/handover", {"to": [ids["cleo"]]}).status_code == 403

    def test_it_costs_little(self, api, pages, statements, ann):
        fill(api("ann"), api("admin"))
        bob = pages("bob")
        for place, most in ((f"/employees/look/handover/{ann}", 16), ("/employees/look/handovers", 8)):
            bob.get(place)
            with statements() as executed:
                assert bob.get(place).status_code == 200
            assert len(executed) <= most, executed

    def test_a_manager_of_others_is_refused(self, app, api, pages, ids, ann):
        cleo = api("admin").rows("employees", filters=[{"col": "user", "opr": "rel_o_m", "value": ids["cleo"]}])[0][
            "id"
        ]
        assert api("bob").get(f"employees/{cleo}/handover").status_code == 403
        refused = api("bob").post(f"employees/{cleo}/handover", {"to": [ids["bob"]]})
        assert (refused.status_code, refused.json["message"]) == (
            403,
            "Only whoever leads somebody hands over their work.",
        )
        assert "look/handover/" not in pages("bob").get(f"/employees/show/{cleo}").text
        assert f"look/handover/{cleo}" in pages("admin").get(f"/employees/show/{cleo}").text


class TestHandingOver:
    def test_all_of_it_goes_to_one_is_told_and_comes_back(self, app, api, ids, ann, snapshot_of):
        made = fill(api("ann"), api("admin"))
        before = snapshot_of()
        answer = api("bob").post(f"employees/{ann}/handover", {"to": [ids["cleo"]], "reason": "She leaves"})
        assert answer.status_code == 200, answer.text
        admin, cleo = api("admin"), api("cleo")
        assert {row["owner"]["label"] for row in admin.rows("customers")} == {"Cleo Roy"}
        owners = {row["id"]: row["owner"]["label"] for row in admin.rows("opportunities")}
        assert owners == {made["fresh"]: "Cleo Roy", made["old"]: "Ann Lee"}, "the closed one stays"
        assert {row["name"]: row["owner"]["label"] for row in admin.rows("leads")} == {
            "Moe": "Cleo Roy",
            "Noah": "Ann Lee",
        }
        assert {row["created_by"]["label"] for row in admin.rows("customers")} == {"Ann Lee"}, "authorship stays"
        assert [row["name"] for row in cleo.rows("contacts")] == ["Kim"]
        assert goals(admin, made["this"]) == ["Seen", "Meeting"]
        assert goals(admin, made["past"]) == ["Missed"]
        (plan,) = cleo.rows("weekly-plans")
        assert (plan["week"], goals(cleo, plan["id"])) == (monday(), ["Offer"])
        told = [(row["kind"], row["reason"], row["to_owner"]["label"]) for row in admin.rows("customer-transfers")]
        assert told == [("transfer", "She leaves", "Cleo Roy")] * 2
        with acting(app):
            subjects = {mail.to: mail.subject for mail in db.session.scalars(sa.select(OutboxMail))}
        assert subjects == {
            "cleo@example.com": "Bob Ito handed Ann Lee's work over to you: Customers: 2, Opportunities: 1, Leads: 1",
            "ann@example.com": "Bob Ito handed over your work to Cleo Roy",
        }

        run = answer.json["run"]
        undone = api("bob").post(f"import-runs/{run}/undo")
        assert undone.status_code == 200, undone.text
        assert snapshot_of() == before
        assert cleo.rows("weekly-plans") == [], "the plan that was made for it is gone"

    def test_several_take_turns_and_what_belongs_together_stays_together(self, app, api, ids, ann):
        ann_api, admin = api("ann"), api("admin")
        admin.add("stages", name="First", position=1)
        due = clock.today().isoformat()
        for number in range(4):
            pk = ann_api.add("customers", name=f"Customer {number}")["id"]
            ann_api.add("opportunities", customer=pk, name=f"Deal {number}", amount="1", expected_close_on=due)
        answer = api("bob").post(f"employees/{ann}/handover", {"to": [ids["cleo"], ids["bob"]]})
        assert answer.status_code == 200, answer.text
        owners = {row["id"]: row["owner"]["label"] for row in admin.rows("customers")}
        assert sorted(owners.values()) == ["Bob Ito", "Bob Ito", "Cleo Roy", "Cleo Roy"]
        deals = {row["customer"]["id"]: row["owner"]["label"] for row in admin.rows("opportunities")}
        assert deals == owners

    def test_some_kinds_stay_and_go_another_time(self, app, api, ids, ann):
        fill(api("ann"), api("admin"))
        bob, admin = api("bob"), api("admin")
        wrong = bob.post(f"employees/{ann}/handover", {"to": [ids["cleo"]], "without": ["songs"]})
        assert (wrong.status_code, list(wrong.json["errors"])) == (422, ["without"])
        first = {"to": [ids["cleo"]], "without": ["leads", "plans"]}
        assert bob.post(f"employees/{ann}/handover", first).status_code == 200
        assert {row["owner"]["label"] for row in admin.rows("leads")} == {"Ann Lee"}
        assert admin.rows("weekly-plans", filters=[{"col": "owner", "opr": "rel_o_m", "value": ids["cleo"]}]) == []
        assert bob.post(f"employees/{ann}/handover", {"to": [ids["bob"]]}).status_code == 200
        assert {row["name"]: row["owner"]["label"] for row in admin.rows("leads")}["Moe"] == "Bob Ito"
        nothing = bob.post(f"employees/{ann}/handover", {"to": [ids["cleo"]]})
        assert (nothing.status_code, nothing.json["message"]) == (409, "Ann Lee has nothing to hand over.")

    def test_papers_that_nobody_else_would_see_go_too(self, app, api, ids, ann):
        acme = api("ann").add("customers", name="Acme")["id"]
        with acting(app, "ann"):
            for title, more in (("Hung", {"record": f"customers/{acme}"}), ("Loose", {})):
                crud.create(registry["files"], {"title": title, **more})
        with acting(app):
            for title, published in (("Draft", False), ("Read", True)):
                data = {"title": title, "body": "x", "owner": ids["ann"], "published": published}
                crud.create(registry["articles"], data)
        assert api("bob").post(f"employees/{ann}/handover", {"to": [ids["cleo"]]}).status_code == 200
        found = {
            row["title"]: row["owner"]["label"] for name in ("files", "articles") for row in api("admin").rows(name)
        }
        assert found == {"Hung": "Ann Lee", "Loose": "Cleo Roy", "Draft": "Cleo Roy", "Read": "Ann Lee"}

    def test_what_is_refused_changes_nothing(self, app, api, ids, ann):
        fill(api("ann"), api("admin"))
        bob, admin = api("bob"), api("admin")
        with acting(app):
            db.session.get(User, ids["wei"]).active = False
        for to, message in (
            ([], "This is required."),
            ([9999], "There is no such colleague."),
            ([ids["ann"]], "Ann Lee can't take over from themselves."),
            ([ids["cleo"], ids["wei"]], "王伟's account is not active."),
        ):
            answer = bob.post(f"employees/{ann}/handover", {"to": to})
            assert (answer.status_code, answer.json["errors"]) == (422, {"to": [message]}), answer.text
        assert {row["owner"]["label"] for row in admin.rows("customers")} == {"Ann Lee"}

    def test_the_page_shows_asks_and_tells(self, app, api, pages, ids, ann):
        fill(api("ann"), api("admin"))
        bob = pages("bob")
        place = f"/employees/look/handover/{ann}"
        page = bob.get(place).text
        assert f"/customers/list/?f=owner:rel_o_m:{ids['ann']}" in page
        assert f'action="/employees/action/handover/{ann}"' in page
        assert 'name="without" value="leads"' in page
        form = {"to": [str(ids["cleo"])], "reason": "She leaves"}
        assert bob.post(f"/employees/action/handover/{ann}", form, token_from=place).status_code == 302
        said = bob.get(f"/employees/show/{ann}").text
        assert (
            "Customers: 2, Opportunities: 1, Leads: 1, Plans of this week and later: 1 of Ann Lee went to Cleo Roy."
            in said
        )
        assert "/import-runs/show/" in said

    def test_what_is_refused_is_asked_again_where_it_was_chosen(self, api, pages, ids, ann):
        fill(api("ann"), api("admin"))
        bob = pages("bob")
        place = f"/employees/look/handover/{ann}"
        form = {
            "to": [str(ids["cleo"]), str(ids["ann"])],
            "without": ["opportunities", "leads"],
            "reason": "She <leaves>\nsoon",
        }
        answer = bob.post(f"/employees/action/handover/{ann}", form, token_from=place)
        assert answer.status_code == 422
        sent = as_sent(answer.text)
        assert sent.pop("csrf_token")
        assert sent == form | {"to-text": ""}
        assert "Cleo Roy" in answer.text and f"/customers/list/?f=owner:rel_o_m:{ids['ann']}" in answer.text
        said = "Ann Lee can&#39;t take over from themselves."
        assert f'<p class="field-error" id="handover-to-error">{said}</p>' in answer.text
        assert f'<a href="#handover-to">Hand over to: {said}</a>' in answer.text
        nobody = bob.post(f"/employees/action/handover/{ann}", {"to-text": "Cleo", "without": ["leads"]})
        assert nobody.status_code == 302, "where no script runs, a name is as good"
        assert {row["owner"]["label"] for row in api("admin").rows("customers")} == {"Cleo Roy"}
        assert {row["owner"]["label"] for row in api("admin").rows("leads")} == {"Ann Lee"}


def test_on_postgresql_too(postgres_app):
    admin, ann = Api(postgres_app, "admin"), Api(postgres_app, "ann")
    fill(ann, admin)
    with acting(postgres_app):
        users = dict(list(db.session.execute(sa.select(User.username, User.id)).tuples()))
        employee = db.session.scalars(sa.select(Employee.id).where(Employee.user_id == users["ann"])).one()
    bob = Api(postgres_app, "bob")
    assert bob.get("employees/handovers").json["result"][0]["going"] == 4
    answer = bob.post(f"employees/{employee}/handover", {"to": [users["cleo"], users["bob"]]})
    assert (answer.status_code, answer.json["done"]) == (200, 4), answer.text
    assert {row["owner"]["label"] for row in admin.rows("customers")} == {"Cleo Roy", "Bob Ito"}
    assert bob.post(f"import-runs/{answer.json['run']}/undo").status_code == 200
    assert {row["owner"]["label"] for row in admin.rows("customers")} == {"Ann Lee"}
    assert [row["owner"]["label"] for row in admin.rows("weekly-plans")] == ["Ann Lee"] * 2


@pytest.fixture
def snapshot_of(app):
    """What the handover may touch, as it is, besides versions, who changed it last, and what was written down of it."""

    def take() -> dict[str, list[tuple]]:
        found = {}
        with acting(app):
            for name in ("customers", "leads", "opportunities", "weekly_plans", "weekly_plan_lines", "contacts"):
                table = db.db.metadata.tables[name]
                columns = [each for each in table.c if each.name not in ("version", "changed_on", "changed_by_id")]
                rows = db.session.connection().execute(sa.select(*columns).order_by(table.c.id)).all()
                found[name] = [tuple(map(str, row)) for row in rows]
        return found

    return take
