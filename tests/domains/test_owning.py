"""Whose a customer is: assigned, transferred, claimed, released and shared, for one and for thousands, told and undone."""

from __future__ import annotations

import re

import pytest
import sqlalchemy as sa

from app.core import clock, db
from app.core.entity import User
from app.core.notices import Notice
from app.core.outbox import OutboxMail
from app.domains.crm.models import Customer, CustomerTransfer
from tests.app_fixtures import Api, acting


@pytest.fixture
def ids(app) -> dict[str, int]:
    """The users' ids by name."""
    with acting(app):
        return dict(list(db.session.execute(sa.select(User.username, User.id)).tuples()))


def transfers(api: Api) -> list[tuple[str, str | None, str | None, str | None]]:
    """(kind, from, to, reason) of every transfer, the first first."""
    rows = api.rows("customer-transfers", order_column="id", order_direction="asc")

    def name(user) -> str | None:
        return user["label"] if user is not None else None

    return [(row["kind"], name(row["from_owner"]), name(row["to_owner"]), row["reason"]) for row in rows]


class TestOneCustomer:
    def test_a_salesperson_releases_and_another_claims(self, api, ids):
        ann, cleo, admin = api("ann"), api("cleo"), api("admin")
        acme = ann.add("customers", name="Acme")
        assert ann.post(f"customers/{acme['id']}/release", {}).json["errors"] == {"reason": ["This is required."]}
        answer = ann.post(f"customers/{acme['id']}/release", {"reason": "No budget"})
        assert answer.status_code == 200, answer.text
        assert (answer.json["result"]["owner"], answer.json["id"]) == (None, acme["id"])
        again = admin.post(f"customers/{acme['id']}/release", {"reason": "Again"})
        assert (again.status_code, again.json["message"]) == (409, "C00001 Acme lies in the public pool already.")
        assert cleo.post(f"customers/{acme['id']}/claim").json["result"]["owner"]["label"] == "Cleo Roy"
        assert ann.post(f"customers/{acme['id']}/claim").status_code == 404, "another's is as none"
        assert admin.post(f"customers/{acme['id']}/claim").status_code == 409
        assert transfers(admin) == [("release", "Ann Lee", None, "No budget"), ("claim", None, "Cleo Roy", None)]

    def test_who_may_work_on_it_may_not_give_it_away(self, api, ids):
        ann, cleo = api("ann"), api("cleo")
        acme = ann.add("customers", name="Acme")
        body = {"ids": [acme["id"]], "user": ids["cleo"], "access": "write"}
        assert ann.post("customers/share", body).status_code == 200
        answer = cleo.post(f"customers/{acme['id']}/release", {"reason": "Mine now"})
        assert answer.status_code == 403
        assert "C00001 Acme is not yours, nor of somebody you lead." in answer.json["message"]
        assert cleo.post("customers/transfer", {"ids": [acme["id"]], "to": ids["cleo"]}).status_code == 403

    def test_a_manager_who_edits_the_owner_writes_a_transfer_too(self, api, ids):
        acme = api("ann").add("customers", name="Acme")
        bob = api("bob")
        assert bob.put(f"customers/{acme['id']}", {"owner": ids["bob"], "name": "Acme Ltd"}).status_code == 200
        assert bob.put(f"customers/{acme['id']}", {"name": "Acme"}).status_code == 200
        assert bob.put(f"customers/{acme['id']}", {"owner": None}).status_code == 200
        assert transfers(api("admin")) == [("transfer", "Ann Lee", "Bob Ito", None), ("release", "Bob Ito", None, None)]

    def test_the_page_says_what_was_done_and_leads_to_its_undoing(self, api, ids, pages):
        acme = api("ann").add("customers", name="Acme")
        bob = pages("bob")
        shown = f"/customers/show/{acme['id']}"
        assert 'name="with" value="opportunities"' in bob.get(shown).text
        form = {"to": str(ids["cleo"]), "to-text": "Cleo Roy", "with": ["contacts", "opportunities"], "reason": "Moved"}
        answer = bob.post(f"/customers/action/transfer/{acme['id']}", form, token_from=shown)
        assert (answer.status_code, answer.headers["Location"]) == (302, "/customers/list/"), "it is out of his sight"
        page = bob.get("/customers/list/").text
        assert "Cleo Roy has C00001 Acme now." in page
        (run,) = api("bob").rows("import-runs")
        assert f'href="/import-runs/show/{run["id"]}"' in page
        shown_run = bob.get(f"/import-runs/show/{run['id']}").text
        told = re.findall(r'<div class="fact"><dt>([^<]*)', shown_run)
        assert {"Kind of record", "Updated", "Rows"} <= set(told), told
        assert not {"File", "Into", "If a row is wrong", "If it is there already", "Added", "Failed rows"} & set(told)
        assert "Progress and result" not in shown_run
        assert bob.post(f"/import-runs/action/undo/{run['id']}", token_from=shown).status_code == 302
        assert api("ann").get(f"customers/{acme['id']}").json["result"]["owner"]["label"] == "Ann Lee"


class TestMany:
    def test_open_opportunities_go_along_and_closed_ones_stay(self, app, api, ids):
        ann, admin = api("ann"), api("admin")
        admin.add("stages", name="First", position=1)
        won_stage = admin.add("stages", name="Won", position=2, is_won=True, probability=1)["id"]
        acme, best = (ann.add("customers", name=name)["id"] for name in ("Acme", "Best"))
        due = clock.today().isoformat()

        def opportunity(client: Api, name: str, **more) -> int:
            return client.add("opportunities", customer=acme, name=name, amount="10", expected_close_on=due, **more)[
                "id"
            ]

        fresh, won = opportunity(ann, "Fresh"), opportunity(ann, "Won")
        answer = ann.post(f"opportunities/{won}/move", {"stage": won_stage, "reason": "They signed"})
        assert answer.status_code == 200, answer.text
        foreign = opportunity(admin, "Another's")
        body = {"ids": [acme, best], "to": ids["cleo"], "with": ["contacts", "opportunities"], "reason": "She left"}
        answer = api("bob").post("customers/transfer", body)
        assert (answer.status_code, answer.json["done"]) == (200, 2), answer.text

        def owners() -> dict[int, str]:
            return {row["id"]: row["owner"]["label"] for row in admin.rows("opportunities")}

        found = owners()
        assert (found[fresh], found[won]) == ("Cleo Roy", "Ann Lee")
        assert found[foreign] != "Cleo Roy", "another's at the same customer stays theirs"
        assert transfers(admin) == [("transfer", "Ann Lee", "Cleo Roy", "She left")] * 2
        history = admin.rows("audit-entries", filters=[{"col": "record", "opr": "eq", "value": f"customers/{acme}"}])
        assert [(each["action"], each["comment"]) for each in history][0] == ("transfer", "She left")

        run = answer.json["run"]
        assert api("bob").post(f"import-runs/{run}/undo").status_code == 200
        assert owners()[fresh] == "Ann Lee"
        assert {row["owner"]["label"] for row in ann.rows("customers")} == {"Ann Lee"}
        assert [each[:3] for each in transfers(admin)][2:] == [("transfer", "Cleo Roy", "Ann Lee")] * 2

    def test_everyone_concerned_is_told_once(self, app, api, ids):
        ann, bob = api("ann"), api("bob")
        mine = [ann.add("customers", name=f"Customer {number}")["id"] for number in range(3)]
        assert bob.post("customers/assign", {"ids": mine, "to": ids["cleo"]}).status_code == 200
        with acting(app):
            mails = {mail.to: mail for mail in db.session.scalars(sa.select(OutboxMail))}
            assert {to: mail.subject for to, mail in mails.items()} == {
                "ann@example.com": "Bob Ito gave 3 customers, yours until now, to Cleo Roy",
                "cleo@example.com": "Bob Ito gave you 3 customers",
            }
            assert "C00002 Customer 1" in mails["ann@example.com"].body
            assert len(list(db.session.scalars(sa.select(Notice)))) == 2

    def test_nothing_is_written_when_one_is_refused(self, api, ids):
        ann, bob, cleo = api("ann"), api("bob"), api("cleo")
        mine, hers = ann.add("customers", name="Acme")["id"], cleo.add("customers", name="Best")["id"]
        assert bob.post("customers/transfer", {"ids": [mine, hers], "to": ids["bob"]}).status_code == 404
        assert ann.post("customers/release", {"ids": [mine, 99], "reason": "x"}).status_code == 404
        cleo.post("customers/share", {"ids": [hers], "user": ids["bob"], "access": "write"})
        refused = bob.post("customers/transfer", {"ids": [mine, hers], "to": ids["bob"]})
        assert (refused.status_code, "C00002 Best is not yours" in refused.json["message"]) == (403, True)
        for body, field in (
            ({"ids": [mine], "to": 9999}, "to"),
            ({"ids": [mine], "to": ids["cleo"], "with": ["songs"]}, "with"),
            ({"ids": [], "to": ids["cleo"]}, "ids"),
        ):
            answer = bob.post("customers/transfer", body)
            assert (answer.status_code, list(answer.json["errors"])) == (422, [field]), answer.text
        assert transfers(api("admin")) == []

    def test_a_share_that_is_there_becomes_as_the_new_one(self, api, ids):
        ann, cleo = api("ann"), api("cleo")
        mine = [ann.add("customers", name=name)["id"] for name in ("Acme", "Best")]
        assert ann.post(f"customers/{mine[0]}/share", {"user": ids["cleo"], "access": "read"}).status_code == 200
        answer = ann.post(
            "customers/share", {"ids": mine, "user": ids["cleo"], "access": "write", "until": "2099-12-31"}
        )
        assert answer.status_code == 200, answer.text
        shares = cleo.rows("customer-shares")
        assert {(each["customer"]["id"], each["access"], each["until"]) for each in shares} == {
            (pk, "write", "2099-12-31") for pk in mine
        }
        assert ann.post(f"import-runs/{answer.json['run']}/undo").status_code == 200
        (left,) = cleo.rows("customer-shares")
        assert (left["customer"]["id"], left["access"], left["until"]) == (mine[0], "read", None)
        own = ann.post("customers/share", {"ids": mine, "user": ids["ann"]})
        assert (own.status_code, "is Ann Lee's own" in own.json["message"]) == (409, True)

    def test_five_thousand_at_once(self, app, api, ids):
        with acting(app):
            stamp = {"version": 1, "created_on": clock.now(), "changed_on": clock.now(), "search_text": ""}
            rows = [
                {"code": f"K{number}", "name": "Acme", "kind": "company", "status": "active", "owner_id": ids["ann"]}
                | stamp
                for number in range(5000)
            ]
            db.session.connection().execute(sa.insert(Customer.__table__), rows)
            every = list(db.session.scalars(sa.select(Customer.id)))
        bob = api("bob")
        answer = bob.post("customers/transfer", {"ids": every, "to": ids["cleo"], "with": ["opportunities"]})
        assert (answer.status_code, answer.json["done"]) == (200, 5000), answer.text
        with acting(app):
            assert db.session.scalar(sa.select(sa.func.count()).select_from(CustomerTransfer)) == 5000
        assert bob.post(f"import-runs/{answer.json['run']}/undo").status_code == 200
        assert api("ann").get("customers/").json["count"] == 5000


class TestThePoolsPage:
    def test_who_may_claim_finds_the_button_on_the_customers_page(self, act, pages, api):
        with act() as session:
            customer = Customer(name="Nobody's", code="N-1")
            session.add(customer)
            session.flush()
            pk = customer.id
        url = f"/customers/action/claim/{pk}"
        assert url in pages("ann").get(f"/customers/show/{pk}").text
        assert url not in pages("wei").get(f"/customers/show/{pk}").text
        assert pages("ann").post(url).status_code == 302
        shown = pages("ann").get(f"/customers/show/{pk}").text
        assert url not in shown and f"/customers/action/release/{pk}" in shown

    def test_a_lead_that_nobody_has_is_claimed_once(self, api):
        pk = api("bob").add("leads", name="Somebody", owner=None)["id"]
        ann, cleo = api("ann"), api("cleo")
        assert ann.post(f"leads/{pk}/claim").json["result"]["owner"]["label"] == "Ann Lee"
        assert cleo.post(f"leads/{pk}/claim").status_code == 404
        assert ann.post(f"leads/{pk}/claim").status_code == 409
        assert ann.post(f"leads/{pk}/discard", {"reason": "No need"}).status_code == 200
