"""Leads: converted into a customer, a contact and an opportunity, all of it or nothing; discarded and taken up again."""

from __future__ import annotations

import io
import threading

import pytest
import sqlalchemy as sa

from app.core import db
from app.core.entity import User, entity_for
from tests.app_fixtures import Api, acting
from tests.support.forms import as_sent

LEAD = {"name": "Li Na", "company": "Hangzhou Tea House Ltd", "mobile": "+86 139 0000 7001", "email": "li@tea.cn"}
STATUSES = ("new", "working")


@pytest.fixture
def ids(app) -> dict[str, int]:
    """The users' ids by name."""
    with acting(app):
        return dict(list(db.session.execute(sa.select(User.username, User.id)).tuples()))


@pytest.fixture
def stage(api):
    return api("admin").add("stages", name="First contact", position=1, probability="0.1")


def counts(api) -> tuple[int, int, int]:
    """How many customers, contacts and opportunities there are."""
    admin = api("admin")
    return tuple(  # type: ignore[return-value]
        admin.get(f"{name}/").json["count"] for name in ("customers", "contacts", "opportunities")
    )


class TestConvert:
    def test_makes_a_customer_and_a_contact_and_remembers_them(self, api):
        ann = api("ann")
        lead = ann.add("leads", source="Fair", region="Hangzhou", industry="Tea", **LEAD)
        answer = ann.post(f"leads/{lead['id']}/convert", {})
        assert answer.status_code == 200, answer.text
        result = answer.json["result"]
        assert (result["status"], answer.json["opportunity"], result["opportunity"]) == ("converted", None, None)
        assert (result["customer"]["id"], result["contact"]["id"]) == (answer.json["customer"], answer.json["contact"])
        assert result["converted_on"]
        customer = ann.get(f"customers/{answer.json['customer']}").json["result"]
        assert (customer["name"], customer["kind"], customer["owner"]["label"]) == (
            "Hangzhou Tea House Ltd",
            "company",
            "Ann Lee",
        )
        assert (customer["source"], customer["region"], customer["industry"]) == ("Fair", "Hangzhou", "Tea")
        contact = ann.get(f"contacts/{answer.json['contact']}").json["result"]
        assert (contact["name"], contact["mobile"], contact["email"], contact["is_primary"]) == (
            "Li Na",
            LEAD["mobile"],
            LEAD["email"],
            True,
        )

    def test_somebody_without_a_company_is_a_person(self, api):
        ann = api("ann")
        lead = ann.add("leads", name="Li Na", mobile="13900007001")
        answer = ann.post(f"leads/{lead['id']}/convert").json
        customer = ann.get(f"customers/{answer['customer']}").json["result"]
        assert (customer["kind"], customer["name"], customer["phone"]) == ("person", "Li Na", "13900007001")

    def test_and_an_opportunity_if_asked(self, api, stage):
        ann = api("ann")
        lead = ann.add("leads", intent="Starter set of teapots\nand cups", **LEAD)
        answer = ann.post(f"leads/{lead['id']}/convert", {"opportunity": True}).json
        made = ann.get(f"opportunities/{answer['opportunity']}").json["result"]
        assert (made["name"], made["stage"]["id"], made["customer"]["id"]) == (
            "Starter set of teapots",
            stage["id"],
            answer["customer"],
        )
        other = ann.add("leads", name="Wu", company="Suzhou Silk")
        given = {"name": "Silk 2030", "amount": "1200.50", "expected_close_on": "2030-06-30"}
        answer = ann.post(f"leads/{other['id']}/convert", {"opportunity": given}).json
        made = ann.get(f"opportunities/{answer['opportunity']}").json["result"]
        assert {name: made[name] for name in given} == given
        third = ann.add("leads", name="Xu", company="Ningbo Boats")
        answer = ann.post(f"leads/{third['id']}/convert", {"opportunity": "Ten boats"}).json
        assert ann.get(f"opportunities/{answer['opportunity']}").json["result"]["name"] == "Ten boats"
        wrong = ann.add("leads", name="He", company="Wuxi Wheels")
        assert ann.post(f"leads/{wrong['id']}/convert", {"opportunity": [1]}).status_code == 422

    def test_the_page_asks_and_does_the_same(self, api, pages, stage):
        lead = api("ann").add("leads", **LEAD)
        ann = pages("ann")
        assert f"/leads/action/convert/{lead['id']}" in ann.get(f"/leads/show/{lead['id']}").text
        sent = {"customer": "", "opportunity": "1", "amount": "99", "expected_close_on": ""}
        page = ann.post(f"/leads/action/convert/{lead['id']}", sent, follow_redirects=True)
        assert "is a new customer now." in page.text and "Hangzhou Tea House Ltd" in page.text
        assert f"/leads/action/convert/{lead['id']}" not in page.text
        (made,) = api("ann").rows("opportunities")
        assert made["amount"] == "99.00"

    def test_twice_is_refused(self, api):
        ann = api("ann")
        lead = ann.add("leads", **LEAD)
        assert ann.post(f"leads/{lead['id']}/convert").status_code == 200
        before = counts(api)
        answer = ann.post(f"leads/{lead['id']}/convert", {"anew": True})
        assert (answer.status_code, counts(api)) == (409, before)

    def test_nothing_is_half_written(self, api):
        """Without stages there is no opportunity, and then neither customer nor contact."""
        ann = api("ann")
        lead = ann.add("leads", **LEAD)
        before = counts(api)
        answer = ann.post(f"leads/{lead['id']}/convert", {"opportunity": True})
        assert (answer.status_code, list(answer.json["errors"])) == (422, ["opportunity"])
        wrong = {"opportunity": {"amount": "-1"}}
        assert ann.post(f"leads/{lead['id']}/convert", wrong).status_code == 422
        assert ann.post(f"leads/{lead['id']}/convert", {"opportunity": {"nonsense": 1}}).status_code == 422
        assert counts(api) == before
        assert ann.get(f"leads/{lead['id']}").json["result"]["status"] == "new"

    def test_two_at_once_make_one(self, any_app):
        ann = Api(any_app, "ann")
        lead = ann.add("leads", **LEAD)["id"]
        clients = [Api(any_app, "ann") for _number in range(4)]
        answers: list[int] = []
        threads = [
            threading.Thread(
                target=lambda client=client: answers.append(client.post(f"leads/{lead}/convert").status_code)
            )
            for client in clients
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sorted(answers) == [200, 409, 409, 409]
        assert ann.get("customers/").json["count"] == 1

    def test_a_manager_converts_for_the_owner(self, api):
        lead = api("ann").add("leads", **LEAD)
        answer = api("bob").post(f"leads/{lead['id']}/convert").json
        assert api("ann").get(f"customers/{answer['customer']}").json["result"]["owner"]["label"] == "Ann Lee"


class TestTheSameCustomer:
    @pytest.fixture
    def tea(self, api):
        return api("ann").add("customers", name="hangzhou tea house")

    def test_is_matched_when_it_is_the_only_one_of_that_name(self, api, tea):
        ann = api("ann")
        lead = ann.add("leads", **LEAD)
        answer = ann.post(f"leads/{lead['id']}/convert").json
        assert (answer["customer"], ann.get("customers/").json["count"]) == (tea["id"], 1)

    def test_is_chosen(self, api, tea):
        ann = api("ann")
        other = ann.add("customers", name="Other")
        lead = ann.add("leads", **LEAD)
        assert ann.post(f"leads/{lead['id']}/convert", {"customer": other["id"]}).json["customer"] == other["id"]

    def test_a_contact_who_is_there_is_taken(self, api, tea):
        ann = api("ann")
        there = ann.add("contacts", customer=tea["id"], name="Na Li", phone="139 0000 7001")
        lead = ann.add("leads", **LEAD)
        assert ann.post(f"leads/{lead['id']}/convert").json["contact"] == there["id"]

    def test_several_or_hidden_ones_are_asked_about(self, api, tea):
        api("cleo").add("customers", name="Hangzhou Tea-House Co.")
        ann = api("ann")
        lead = ann.add("leads", **LEAD)
        before = counts(api)
        answer = ann.post(f"leads/{lead['id']}/convert")
        assert (answer.status_code, counts(api)) == (409, before)
        told = [(each["id"], each["owner"], each["message"]) for each in answer.json["matches"]]
        assert told == [
            (tea["id"], "Ann Lee", "C00001 hangzhou tea house · owned by Ann Lee"),
            (None, "Cleo Roy", "Exists, owned by Cleo Roy"),
        ]
        assert "C00002" not in answer.text and "Tea-House" not in answer.text
        answer = ann.post(f"leads/{lead['id']}/convert", {"anew": True})
        assert answer.status_code == 200 and answer.json["customer"] not in (None, tea["id"])

    def test_the_dialog_offers_them(self, api, pages, tea):
        hidden = api("cleo").add("customers", name="Hangzhou Tea-House Co.")
        lead = api("ann").add("leads", **LEAD)
        page = pages("ann").get(f"/leads/show/{lead['id']}").text
        assert f'data-offer="{tea["id"]}"' in page and "Exists, owned by Cleo Roy" in page
        assert "Tea-House" not in page and f"/customers/show/{hidden['id']}" not in page

    def test_people_of_one_name_are_not_one(self, api):
        ann = api("ann")
        ann.add("customers", name="Li Na", kind="person", phone="13900007001")
        lead = ann.add("leads", name="Li Na", mobile="13900007002")
        assert ann.post(f"leads/{lead['id']}/convert").status_code == 409
        same = ann.add("leads", name="Li Na", company=None, mobile="139-0000-7001", source="Again")
        assert ann.post(f"leads/{same['id']}/convert").status_code == 200

    def test_neither_a_hidden_nor_a_pooled_customer_is_taken(self, api, ids):
        ann, cleo = api("ann"), api("cleo")
        hidden = cleo.add("customers", name="Cleos own")
        lead = ann.add("leads", **LEAD)
        answer = ann.post(f"leads/{lead['id']}/convert", {"customer": hidden["id"]})
        assert (answer.status_code, list(answer.json["errors"])) == (422, ["customer"])
        pooled = api("admin").add("customers", name="Free", owner=None)
        answer = ann.post(f"leads/{lead['id']}/convert", {"customer": pooled["id"]})
        assert (answer.status_code, "Claim it first." in answer.json["message"]) == (409, True)
        assert ann.get(f"leads/{lead['id']}").json["result"]["status"] == "new"

    def test_one_that_is_shared_for_reading_is_refused_at_its_field(self, api, pages, ids):
        ann, cleo = api("ann"), api("cleo")
        shared = cleo.add("customers", name="Hangzhou Tea House")
        share = cleo.add("customer-shares", customer=shared["id"], user=ids["ann"], access="read")
        cleo.add("contacts", customer=shared["id"], name=LEAD["name"])
        lead = ann.add("leads", **LEAD)
        before = counts(api)
        said = (
            f"{shared['code']} Hangzhou Tea House is not yours to change. Ask its owner to share it with you for "
            "writing, or choose another one."
        )
        for body in ({"customer": shared["id"]}, {}):
            answer = ann.post(f"leads/{lead['id']}/convert", body)
            assert (answer.status_code, answer.json["errors"]) == (422, {"customer": [said]}), body
        assert counts(api) == before
        browser = pages("ann")
        url = f"/leads/action/convert/{lead['id']}"
        refused = browser.post(url, {"customer": str(shared["id"]), "opportunity": "1", "amount": "12"})
        assert refused.status_code == 422 and f'id="convert-customer-error">{said}' in refused.text
        assert as_sent(refused.text)["amount"] == "12"
        # It is no choice: neither offered nor found, but that it is there is said.
        shown = browser.get(f"/leads/show/{lead['id']}").text
        assert "data-offer=" not in shown and "Hangzhou Tea House · owned by Cleo Roy" in shown
        assert 'data-url="/customers/pick?for=write"' in shown
        assert ann.get("customers/pick?q=tea&for=write").json["result"] == []
        assert [row["id"] for row in ann.get("customers/pick?q=tea").json["result"]] == [shared["id"]]
        assert browser.get("/customers/pick?q=tea&for=write").json["result"] == []
        assert cleo.put(f"customer-shares/{share['id']}", {"access": "write"}).status_code == 200
        assert "data-offer=" in browser.get(f"/leads/show/{lead['id']}").text
        assert ann.post(f"leads/{lead['id']}/convert", {"customer": shared["id"]}).status_code == 200
        assert (ann.get("customers/").json["count"], counts(api)[:2]) == (1, before[:2])


class TestStatuses:
    def test_what_is_converted_is_not_edited_back(self, api, pages):
        ann = api("ann")
        lead = ann.add("leads", **LEAD)
        ann.post(f"leads/{lead['id']}/convert")
        for status in (*STATUSES, "discarded"):
            answer = ann.put(f"leads/{lead['id']}", {"status": status})
            assert (answer.status_code, list(answer.json["errors"])) == (422, ["status"])
        assert ann.put(f"leads/{lead['id']}", {"note": "Called again"}).status_code == 200
        assert ann.post(f"leads/{lead['id']}/discard", {"reason": "No"}).status_code == 409
        assert ann.post(f"leads/{lead['id']}/reopen").status_code == 409
        bulk = ann.post("leads/bulk-edit", {"ids": [lead["id"]], "set": {"status": "new"}}).json
        assert not bulk["result"][0]["ok"]

    def test_no_editing_converts_or_discards(self, api):
        ann = api("ann")
        lead = ann.add("leads", **LEAD)
        for status in ("converted", "discarded"):
            assert ann.put(f"leads/{lead['id']}", {"status": status}).status_code == 422
        assert ann.put(f"leads/{lead['id']}", {"status": "working"}).status_code == 200
        assert ann.post("leads/", {"name": "Wu", "status": "converted"}).status_code == 422
        assert ann.put(f"leads/{lead['id']}", {"customer": 1}).status_code == 422

    def test_discarded_with_a_reason_and_reopened(self, api, pages):
        ann = api("ann")
        lead = ann.add("leads", **LEAD)["id"]
        assert list(ann.post(f"leads/{lead}/discard", {}).json["errors"]) == ["reason"]
        result = ann.post(f"leads/{lead}/discard", {"reason": "No budget"}).json["result"]
        assert (result["status"], result["discard_reason"]) == ("discarded", "No budget")
        assert ann.put(f"leads/{lead}", {"status": "new"}).status_code == 422
        assert ann.post(f"leads/{lead}/convert").status_code == 409
        assert "No budget" in pages("ann").get(f"/leads/show/{lead}").text
        result = ann.post(f"leads/{lead}/reopen").json["result"]
        assert (result["status"], result["discard_reason"]) == ("new", None)
        assert ann.post(f"leads/{lead}/reopen").status_code == 409

    def test_many_at_once(self, api):
        ann = api("ann")
        several = [ann.add("leads", name=name)["id"] for name in ("A", "B")]
        told = ann.post("leads/bulk/discard", {"ids": several, "reason": "An old list"}).json
        assert (told["done"], told["refused"]) == (2, 0)
        assert ann.post("leads/bulk/reopen", {"ids": several}).json["done"] == 2

    def test_each_is_a_permission_of_its_own(self, api, act):
        lead = api("ann").add("leads", **LEAD)["id"]
        with act(None):
            role = db.session.query(User).filter_by(username="ann").one().roles[0]
            for pair in list(role.permissions):
                if pair.view_menu.name == "Lead" and pair.permission.name in ("can_convert", "can_discard"):
                    role.permissions.remove(pair)
        ann = api("ann")
        assert ann.post(f"leads/{lead}/convert").status_code == 403
        assert ann.post(f"leads/{lead}/discard", {"reason": "x"}).status_code == 403
        assert ann.post(f"leads/{lead}/reopen").status_code == 409
        assert api("cleo").post(f"leads/{lead}/convert").status_code == 404

    def test_the_history_says_so(self, api, act):
        ann = api("ann")
        lead = ann.add("leads", **LEAD)["id"]
        ann.post(f"leads/{lead}/discard", {"reason": "No budget"})
        with act(None):
            entry = entity_for("audit-entries")
            statement = sa.select(entry).where(entry.record == f"leads/{lead}").order_by(entry.id)
            deeds = [row.action for row in db.session.scalars(statement)]
        assert deeds == ["create", "discard"]


def north(client: Api) -> int:
    """The department of Ann and Bob."""
    return next(row["id"] for row in client.rows("departments") if row["name"] == "Sales north")


def rule(client: Api, **values) -> dict:
    """A rule that hands leads out in the north."""
    return client.add("lead-rules", **{"department": north(client), **values})


def owners(client: Api) -> list[str | None]:
    """Whose each lead is, in the order in which they were made."""
    rows = client.rows("leads", order_column="id", order_direction="asc")
    return [row["owner"]["label"] if row["owner"] else None for row in rows]


class TestHandingOut:
    def test_without_rules_a_lead_is_whose_who_adds_it(self, api):
        ann = api("ann")
        assert ann.add("leads", name="A")["owner"]["label"] == "Ann Lee"
        assert api("admin").add("leads", name="B", owner=None)["owner"] is None

    def test_in_turn_within_the_department(self, any_app):
        admin = Api(any_app, "admin")
        made = rule(admin)
        given = [admin.add("leads", name=name)["owner"]["label"] for name in "ABC"]
        assert given == ["Ann Lee", "Bob Ito", "Ann Lee"]
        told = admin.get(f"lead-rules/{made['id']}").json["result"]
        assert (told["last_to"]["label"], told["version"]) == ("Ann Lee", 1), "a turn is no change of the rule"

    def test_a_saving_of_the_rule_takes_no_turn_back(self, api):
        admin = api("admin")
        made = rule(admin)
        admin.add("leads", name="A")
        assert admin.put(f"lead-rules/{made['id']}", {"position": 5, "version": 1}).status_code == 200
        assert admin.add("leads", name="B")["owner"]["label"] == "Bob Ito"

    def test_by_region_and_source_in_the_order_of_their_positions(self, api):
        admin = api("admin")
        south = next(row["id"] for row in admin.rows("departments") if row["name"] == "Sales south")
        rule(admin, position=20)
        rule(admin, position=10, region="Ｇuangdong", department=south)
        rule(admin, position=5, region="Guangdong", source="Fair", active=False)
        assert admin.add("leads", name="A", region="guangdong ")["owner"]["label"] == "Cleo Roy"
        assert admin.add("leads", name="B", region="Hebei")["owner"]["label"] == "Ann Lee"
        assert admin.add("leads", name="C")["owner"]["label"] == "Bob Ito"

    def test_whoever_is_named_gets_it_and_who_works_there_keeps_their_own(self, api, ids):
        admin, ann = api("admin"), api("ann")
        rule(admin)
        assert admin.add("leads", name="A", owner=ids["cleo"])["owner"]["label"] == "Cleo Roy"
        assert [ann.add("leads", name=name)["owner"]["label"] for name in "BC"] == ["Ann Lee", "Ann Lee"]
        # Ann gives it to whose turn it is, though she may give nothing to anybody herself.
        assert ann.add("leads", name="D", owner=None)["owner"]["label"] == "Ann Lee"
        answer = ann.post("leads/", {"name": "E", "owner": None})
        assert (answer.status_code, answer.json["result"]["owner"]["label"]) == (201, "Bob Ito")
        assert ann.get(f"leads/{answer.json['id']}").status_code == 404
        assert api("bob").get(f"leads/{answer.json['id']}").status_code == 200

    def test_those_who_left_get_nothing(self, api, act):
        admin = api("admin")
        rule(admin)
        employee = next(row for row in admin.rows("employees") if row["user"]["label"] == "Bob Ito")
        admin.put(f"employees/{employee['id']}", {"active": False})
        assert [admin.add("leads", name=name)["owner"]["label"] for name in "AB"] == ["Ann Lee", "Ann Lee"]
        with act(None):
            db.session.query(User).filter_by(username="ann").one().active = False
        assert admin.add("leads", name="C")["owner"]["label"] == "Administrator", "nobody is left: whose it would be"

    def test_over_the_form_it_is_told_to_whom_it_went(self, api, pages):
        rule(api("admin"))
        cleo = pages("cleo")
        page = cleo.post("/leads/add", {"name": "Li Na", "status": "new"}, follow_redirects=True)
        assert page.status_code == 200
        assert "It went to Ann Lee." in page.text
        assert owners(api("admin")) == ["Ann Lee"]

    def test_by_a_file_and_a_preview_takes_no_turn(self, api):
        admin = api("admin")
        made = rule(admin)
        text = "name,company,region\n" + "".join(f"L{number},,\n" for number in range(5))
        for mode in ("preview", "commit"):
            sent = {"file": (io.BytesIO(text.encode()), "leads.csv"), "mode": mode}
            answer = admin.post("leads/import", data=sent)
            assert answer.status_code == 200, answer.text
            assert answer.json["failed"] == 0, answer.text
            last = admin.get(f"lead-rules/{made['id']}").json["result"]["last_to"]
            assert (last is None) == (mode == "preview")
        assert owners(admin) == ["Ann Lee", "Bob Ito", "Ann Lee", "Bob Ito", "Ann Lee"]
        subjects = [row["subject"] for row in api("ann").rows("notices")]
        assert subjects == ["You have 3 new leads"]

    def test_a_file_is_handed_out_whoever_of_the_department_brings_it(self, api):
        rule(api("admin"))
        bob = api("bob")
        assert bob.add("leads", name="His own")["owner"]["label"] == "Bob Ito"
        sent = {"file": (io.BytesIO(b"name\nA\nB\n"), "leads.csv"), "mode": "commit"}
        assert bob.post("leads/import", data=sent).json["created"] == 2
        assert owners(api("admin")) == ["Bob Ito", "Ann Lee", "Bob Ito"]

    def test_an_import_of_what_others_got_says_that_it_is_not_undone(self, api, pages):
        admin, cleo = api("admin"), api("cleo")
        rule(admin, region="Hebei")
        text = "name,region\nA,Hebei\nB,Hebei\nC,Hunan\n"
        sent = {"file": (io.BytesIO(text.encode()), "leads.csv"), "mode": "commit"}
        run = cleo.post("leads/import", data=sent).json["run"]
        assert owners(admin) == ["Ann Lee", "Bob Ito", "Cleo Roy"]
        browser = pages("cleo")
        assert browser.post(f"/import-runs/action/undo/{run}").status_code == 302
        shown = browser.get(f"/import-runs/show/{run}").text
        assert "1 removed, 0 set back." in shown and "Partly undone" in shown
        names = "; ".join(f"Lead #{row['id']}" for row in reversed(admin.rows("leads", order_column="id")))
        assert f"Not taken back, because they are not yours to change: {names}." in shown
        assert owners(admin) == ["Ann Lee", "Bob Ito"]
        told = cleo.post(f"import-runs/{run}/undo").json
        assert (told["deleted"], [each["message"] for each in told["kept"]]) == (0, ["It is not yours to change."] * 2)
        assert (told["result"]["undone"], told["result"]["state"]) == (False, "partly")
        told = admin.post(f"import-runs/{run}/undo").json
        assert (told["deleted"], told["kept"], told["result"]["undone"], owners(admin)) == (2, [], True, [])

    def test_who_is_given_one_is_told_once_and_nobody_of_their_own(self, api):
        admin = api("admin")
        rule(admin)
        lead = admin.add("leads", name="Li Na", company="Tea House")
        (told,) = api("ann").rows("notices")
        assert (told["subject"], told["record"]) == ("You have a new lead", f"leads/{lead['id']}")
        api("bob").add("leads", name="Own")
        assert api("bob").rows("notices") == []

    def test_of_many_at_once_nobody_loses_a_turn(self, any_app):
        admin = Api(any_app, "admin")
        rule(admin)
        ready = threading.Barrier(6)

        def add(client: Api, number: int) -> None:
            ready.wait()
            for each in range(3):
                client.add("leads", name=f"L{number}-{each}")

        threads = [threading.Thread(target=add, args=(Api(any_app, "admin"), number)) for number in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        given = owners(admin)
        assert (given.count("Ann Lee"), given.count("Bob Ito")) == (9, 9)

    def test_what_is_refused_takes_no_turn(self, api):
        admin = api("admin")
        rule(admin)
        assert admin.post("leads/", {"name": "A", "email": "nonsense"}).status_code == 422
        assert admin.add("leads", name="B")["owner"]["label"] == "Ann Lee"

    def test_a_row_of_a_file_that_is_refused_takes_no_turn(self, api):
        admin = api("admin")
        rule(admin)
        text = "name,company,email\nA,,\n,Lacks a name,\nB,,nonsense\nC,,\n"
        sent = {"file": (io.BytesIO(text.encode()), "leads.csv"), "mode": "commit", "on_error": "skip"}
        told = admin.post("leads/import", data=sent).json
        assert (told["created"], told["failed"]) == (2, 2)
        assert owners(admin) == ["Ann Lee", "Bob Ito"]

    def test_a_department_in_use_says_so(self, api):
        admin = api("admin")
        made = rule(admin, region="Hebei")
        told = admin.delete(f"departments/{north(admin)}").json["message"]
        assert "1 assignment rule (Hebei)" in told
        assert made["method"] == "round_robin"


def test_a_lead_like_nobody_is_not_asked_whether_a_new_one_is_meant(api, pages):
    lead = api("ann").add("leads", **LEAD)
    page = pages("ann").get(f"/leads/show/{lead['id']}").text
    assert 'name="opportunity"' in page and 'name="anew"' not in page
    api("cleo").add("customers", name="Hangzhou Tea House")
    assert 'name="anew"' in pages("ann").get(f"/leads/show/{lead['id']}").text
