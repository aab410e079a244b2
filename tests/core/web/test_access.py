"""Who sees a record and why, and looking as somebody else."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from app.core.entity import User
from tests.app_fixtures import Api, Pages, acting


@pytest.fixture
def ids(app):
    with acting(app) as session:
        return dict(session.execute(sa.select(User.username, User.id)).tuples().all())


def told(api, pk, resource="customers"):
    answer = api.get(f"{resource}/{pk}/visible-to")
    assert answer.status_code == 200, answer.text
    return {row["user"]["label"]: (row["access"], row["reasons"]) for row in answer.json["result"]}


class TestWhoSees:
    def test_each_with_the_reason(self, app, ids):
        ann, admin = Api(app, "ann"), Api(app, "admin")
        customer = ann.add("customers", name="Acme")["id"]
        found = told(admin, customer)
        assert found["Ann Lee"] == ("write", ["It is their own"])
        assert found["Bob Ito"] == ("write", ["They lead its owner"])
        assert found["Dora Key"] == ("read", ["The role reaches every row"])
        assert found["Administrator"] == ("write", ["Administrators see everything"])
        assert "Cleo Roy" not in found
        share = ann.add("customer-shares", customer=customer, user=ids["cleo"], access="read")
        assert told(admin, customer)["Cleo Roy"] == ("read", ["The customer is shared with them"])
        assert ann.put(f"customer-shares/{share['id']}", {"access": "write"}).status_code == 200
        assert told(admin, customer)["Cleo Roy"] == ("write", ["The customer is shared with them"])
        ann.put(f"customer-shares/{share['id']}", {"until": "2020-01-01"})
        assert "Cleo Roy" not in told(admin, customer)

    def test_it_is_what_they_see_indeed(self, app, ids):
        """For everyone of the cast and several customers, against what each is answered."""
        ann, bob, admin = Api(app, "ann"), Api(app, "bob"), Api(app, "admin")
        customers = [ann.add("customers", name="A")["id"], bob.add("customers", name="B")["id"]]
        customers.append(admin.add("customers", name="Pool", owner=None)["id"])
        customers.append(admin.add("customers", name="Cleo's", owner=ids["cleo"])["id"])
        ann.add("customer-shares", customer=customers[0], user=ids["cleo"], access="read")
        contacts = [admin.add("contacts", customer=each, name="Joe")["id"] for each in customers]
        for resource, rows in (("customers", customers), ("contacts", contacts)):
            for pk in rows:
                shown = told(admin, pk, resource)
                for name, user_id in ids.items():
                    with acting(app) as session:
                        label = str(session.get(User, user_id))
                    sees = Api(app, name).get(f"{resource}/{pk}").status_code == 200
                    assert (label in shown) == sees, (resource, pk, name)

    def test_through_another_row(self, app, ids):
        ann, admin = Api(app, "ann"), Api(app, "admin")
        customer = ann.add("customers", name="Acme")["id"]
        contact = ann.add("contacts", customer=customer, name="Joe")["id"]
        assert told(admin, contact, "contacts")["Bob Ito"] == ("write", ["They lead its owner"])

    def test_who_may_ask(self, app):
        customer = Api(app, "ann").add("customers", name="Acme")["id"]
        for name in ("ann", "bob"):  # whose it is, and who leads them
            assert Api(app, name).get(f"customers/{customer}/visible-to").status_code == 200
        assert Api(app, "dora").get(f"customers/{customer}").status_code == 200
        assert Api(app, "dora").get(f"customers/{customer}/visible-to").status_code == 403
        foreign = Api(app, "admin").add("customers", name="Foreign", owner=1)["id"]
        answers = [Api(app, "bob").get(f"customers/{pk}/visible-to") for pk in (foreign, 99999)]
        assert [answer.status_code for answer in answers] == [404, 404]
        assert answers[0].json == answers[1].json

    def test_the_page_says_it(self, app):
        customer = Api(app, "ann").add("customers", name="Acme")["id"]
        admin = Pages(app, "admin")
        assert f"/customers/visible-to/{customer}" in admin.get(f"/customers/show/{customer}").text
        text = admin.get(f"/customers/visible-to/{customer}").text
        assert "Bob Ito" in text and "They lead its owner" in text and "Cleo" not in text
        ann = Pages(app, "ann")
        assert f"/customers/visible-to/{customer}" in ann.get(f"/customers/show/{customer}").text
        assert "It is their own" in ann.get(f"/customers/visible-to/{customer}").text
        assert Pages(app, "dora").get(f"/customers/visible-to/{customer}").status_code == 403


class TestLookingAs:
    def test_an_administrator_sees_what_they_see_and_changes_nothing(self, app, ids):
        Api(app, "ann").add("customers", name="Ann's own")
        Api(app, "cleo").add("customers", name="Cleo's own")
        browser = Pages(app, "admin")
        assert browser.post(f"/preview/{ids['ann']}", token_from=f"/preview/{ids['ann']}").status_code == 302
        text = browser.get("/customers/list/").text
        assert "Ann&#39;s own" in text and "Cleo&#39;s own" not in text
        assert "You look as Ann Lee" in text and "/users/list/" not in text
        answer = browser.post("/customers/add", {"name": "Mine"}, token_from="/customers/list/")
        assert answer.status_code == 403
        answer = browser.post("/preview/stop", token_from="/customers/list/")
        assert answer.status_code == 302
        text = browser.get("/customers/list/").text
        assert "Cleo&#39;s own" in text and "Mine" not in text and "You look as" not in text
        told = Api(app, "admin").rows("audit-entries", filters=[{"col": "action", "opr": "eq", "value": "preview"}])
        assert [(row["record"], row["user"]["id"]) for row in told] == [(f"users/{ids['ann']}", ids["admin"])]

    def test_nobody_else_may(self, app, ids):
        bob = Pages(app, "bob")
        assert bob.get(f"/preview/{ids['ann']}").status_code == 403
        assert bob.post(f"/preview/{ids['ann']}").status_code == 403
        with bob.client.session_transaction() as session:
            session["preview"] = ids["dora"]
        assert bob.get("/stock-entries/list/").status_code == 403, "a forged session is no administrator's"

    def test_who_is_no_longer_an_administrator_stops_looking(self, app, ids):
        admin = Api(app, "admin")
        admin.put(f"users/{ids['dora']}", {"roles": [2]})
        browser = Pages(app, "dora")
        browser.post(f"/preview/{ids['ann']}")
        admin.put(f"users/{ids['dora']}", {"roles": []})
        assert "You look as" not in browser.get("/").text
