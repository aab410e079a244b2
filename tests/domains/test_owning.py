"""Whose a customer is: assigned, transferred, claimed, released and shared, for one and for thousands, told and undone."""

from __future__ import annotations

import re

import pytest
import sqlalchemy as sa

from app.core import clock, db
from app.core.entity import User
from app.core.notices import Notice
from app.core.outbox import OutboxMail
from app.core.users import full_name
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

    def test_open_opportunities_keep_it_from_the_pool(self, api, ids):
        ann, admin = api("ann"), api("admin")
        first, lost = (
            admin.add("stages", name=name, position=1, is_lost=name == "Lost")["id"] for name in ("1", "Lost")
        )
        acme = ann.add("customers", name="Acme")["id"]
        due = clock.today().isoformat()
        deal = {"customer": acme, "name": "Lamps", "amount": "10", "expected_close_on": due, "stage": first}
        pk = ann.add("opportunities", **deal)["id"]
        refused = ann.post(f"customers/{acme}/release", {"reason": "No budget"})
        assert (refused.status_code, "C00001 Acme has open opportunities (1)" in refused.json["message"]) == (409, True)
        moved = ann.post(f"opportunities/{pk}/move", {"stage": lost, "reason": "Too dear"})
        assert moved.status_code == 200, moved.text
        assert ann.post(f"customers/{acme}/release", {"reason": "No budget"}).status_code == 200

    def test_what_has_an_owner_says_whose_it_is(self, api, ids):
        ann = api("ann")
        acme, best = (ann.add("customers", name=name)["id"] for name in ("Acme", "Best"))
        assert ann.post(f"customers/{best}/release", {"reason": "No budget"}).status_code == 200
        refused = api("bob").post("customers/claim", {"ids": [acme, best]})
        assert (refused.status_code, refused.json["message"]) == (409, "C00001 Acme belongs to Ann Lee already.")

    def test_it_is_not_shared_with_its_owner(self, api, ids):
        ann = api("ann")
        acme = ann.add("customers", name="Acme")["id"]
        refused = ann.post("customer-shares/", {"customer": acme, "user": ids["ann"], "access": "read"})
        assert (refused.status_code, list(refused.json["errors"])) == (422, ["user"])

    @pytest.mark.parametrize(("access", "status"), [("read", 422), ("write", 201)])
    def test_who_may_only_read_it_opens_no_opportunity_there(self, api, ids, access, status):
        ann, cleo = api("ann"), api("cleo")
        api("admin").add("stages", name="First", position=1)
        acme = ann.add("customers", name="Acme")["id"]
        ann.add("customer-shares", customer=acme, user=ids["cleo"], access=access)
        deal = {"customer": acme, "name": "Lamps", "amount": "10", "expected_close_on": clock.today().isoformat()}
        made = cleo.post("opportunities/", deal)
        assert made.status_code == status, made.text
        hers = cleo.add("customers", name="Best")["id"]
        own = cleo.add("opportunities", **deal | {"customer": hers, "name": "Boats"})["id"]
        moved = cleo.put(f"opportunities/{own}", {"customer": acme})
        assert moved.status_code == (200 if access == "write" else 422)
        if access == "read":
            assert list(made.json["errors"]) == list(moved.json["errors"]) == ["customer"]
            unseen = api("wei").post("opportunities/", deal)
            assert unseen.status_code in (403, 422) and "may see this customer" not in unseen.text

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
        assert transfers(api("admin")) == [("transfer", "Ann Lee", "Bob Ito", None)]

    def test_a_manager_who_takes_the_owner_away_releases_it(self, api, ids):
        ann = api("ann")
        acme, best = (ann.add("customers", name=name)["id"] for name in ("Acme", "Best"))
        bob, heard = api("bob"), ann.get("notices/").json["count"]
        assert ann.put(f"customers/{acme}", {"owner": None}).status_code == 403
        assert bob.put(f"customers/{acme}", {"owner": None}).status_code == 200
        many = bob.post("customers/bulk-edit", {"ids": [best], "set": {"owner": None}})
        assert [each["ok"] for each in many.json["result"]] == [True], many.text
        assert transfers(api("admin")) == [("release", "Ann Lee", None, None)] * 2
        assert ann.get("notices/").json["count"] == heard + 2

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

    @pytest.mark.parametrize("way", ["edit", "bulk edit", "undo"])
    def test_whoever_is_concerned_is_told_however_it_is_done(self, app, api, ids, way):
        ann, admin = api("ann"), api("admin")
        mine = [ann.add("customers", name=f"Customer {number}")["id"] for number in range(2)]
        what, giver, getter = "2 customers", ("ann", "Ann Lee"), ("cleo", "Cleo Roy")
        if way == "edit":
            what = "C00001 Customer 0"
            assert admin.put(f"customers/{mine[0]}", {"owner": ids["cleo"]}).status_code == 200
        elif way == "bulk edit":
            answer = admin.post("customers/bulk-edit", {"ids": mine, "set": {"owner": ids["cleo"]}})
            assert [each["ok"] for each in answer.json["result"]] == [True, True], answer.text
        else:
            giver, getter = getter, giver
            run = admin.post("customers/transfer", {"ids": mine, "to": ids["cleo"]}).json["run"]
            with acting(app):
                db.session.execute(sa.delete(OutboxMail))
                db.session.commit()
            assert admin.post(f"import-runs/{run}/undo").status_code == 200
        with acting(app):
            who = full_name(db.session.get_one(User, ids["admin"]))
            assert {mail.to: mail.subject for mail in db.session.scalars(sa.select(OutboxMail))} == {
                f"{giver[0]}@example.com": f"{who} gave {what}, yours until now, to {getter[1]}",
                f"{getter[0]}@example.com": f"{who} gave you {what}",
            }

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


class TestTakingBack:
    def deal(self, client: Api, customer: int, name: str) -> int:
        due = clock.today().isoformat()
        return client.add("opportunities", customer=customer, name=name, amount="10", expected_close_on=due)["id"]

    def owners(self, admin: Api, resource: str) -> dict[int, str | None]:
        return {row["id"]: row["owner"] and row["owner"]["label"] for row in admin.rows(resource)}

    def test_what_was_touched_since_comes_back_too(self, api, ids):
        ann, admin, cleo = api("ann"), api("admin"), api("cleo")
        admin.add("stages", name="First", position=1)
        acme = ann.add("customers", name="Acme")["id"]
        deal = self.deal(ann, acme, "Lamps")
        body = {"ids": [acme], "to": ids["cleo"], "with": ["opportunities"]}
        run = api("bob").post("customers/transfer", body).json["run"]
        assert cleo.put(f"customers/{acme}", {"phone": "+86 21 5555 0101"}).status_code == 200
        assert cleo.put(f"opportunities/{deal}", {"next_step": "Call"}).status_code == 200
        told = api("bob").post(f"import-runs/{run}/undo").json
        assert (told["restored"], told["kept"], told["result"]["undone"]) == (2, [], True)
        assert self.owners(admin, "customers") == {acme: "Ann Lee"}
        assert self.owners(admin, "opportunities") == {deal: "Ann Lee"}
        assert admin.get(f"customers/{acme}").json["result"]["phone"] == "+86 21 5555 0101", "what she wrote stays"

    def test_what_was_given_on_stays_with_what_belongs_to_it(self, api, ids):
        ann, admin, bob = api("ann"), api("admin"), api("bob")
        admin.add("stages", name="First", position=1)
        acme, best = (ann.add("customers", name=name)["id"] for name in ("Acme", "Best"))
        lamps, boats = self.deal(ann, acme, "Lamps"), self.deal(ann, best, "Boats")
        body = {"ids": [acme, best], "to": ids["cleo"], "with": ["opportunities"]}
        run = bob.post("customers/transfer", body).json["run"]
        assert admin.post("customers/transfer", {"ids": [acme], "to": ids["bob"]}).status_code == 200
        told = bob.post(f"import-runs/{run}/undo").json
        assert told["restored"] == 2
        assert {each["record"]: each["message"] for each in told["kept"]} == {
            f"customers/{acme}": "It has been given on since.",
            f"opportunities/{lamps}": "What it belongs to has been given on since: it stays with that.",
        }
        kept = (f"Customer #{acme}", f"Opportunity #{lamps}")
        assert all(each in told["result"]["error"] for each in kept), "the run's page says which"
        assert self.owners(admin, "customers") == {acme: "Bob Ito", best: "Ann Lee"}
        assert self.owners(admin, "opportunities") == {lamps: "Cleo Roy", boats: "Ann Lee"}

    def test_a_handover_comes_back_whatever_was_written_since(self, app, api, ids):
        ann, admin, bob = api("ann"), api("admin"), api("bob")
        acme = ann.add("customers", name="Acme")["id"]
        (employee,) = (row["id"] for row in admin.rows("employees") if row["user"]["id"] == ids["ann"])
        run = bob.post(f"employees/{employee}/handover", {"to": [ids["cleo"]]}).json["run"]
        assert api("cleo").put(f"customers/{acme}", {"name": "Acme Ltd"}).status_code == 200
        assert bob.post(f"import-runs/{run}/undo").json["kept"] == []
        assert self.owners(admin, "customers") == {acme: "Ann Lee"}

    def test_who_gave_it_beyond_their_own_may_take_that_back(self, api, ids):
        acme = api("admin").add("customers", name="Acme", owner=None)["id"]
        bob = api("bob")
        run = bob.post("customers/assign", {"ids": [acme], "to": ids["cleo"]}).json["run"]
        assert bob.get(f"customers/{acme}").status_code == 404, "Cleo is not his to lead"
        assert api("cleo").put(f"customers/{acme}", {"note": "Mine now"}).status_code == 200
        answer = bob.post(f"import-runs/{run}/undo")
        assert (answer.status_code, answer.json["restored"]) == (200, 1), answer.text
        assert self.owners(api("admin"), "customers") == {acme: None}


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
