"""A row that something refers to stays, and the refusal says by what: as far as whoever asks may see it."""

from __future__ import annotations

import io

import pytest

from app.core import crud, db
from app.core.entity import User, entity_for
from app.core.errors import InUse
from tests.app_fixtures import Api


@pytest.fixture
def beijing(act) -> dict[str, int]:
    """Ann's customer with four contacts and an opportunity."""
    with act(None):
        stage = crud.create(entity_for("stages"), {"name": "First", "position": 1, "probability": "0.1"}).id
    with act("ann"):
        customer = crud.create(entity_for("customers"), {"name": "Beijing Tech"}).id
        for name in ("Li", "Xu", "Wu", "Zhao"):
            crud.create(entity_for("contacts"), {"customer": customer, "name": name})
        data = {"customer": customer, "name": "OP-Valves", "amount": "10", "expected_close_on": "2030-01-31"}
        crud.create(entity_for("opportunities"), {**data, "stage": stage})
    return {"customer": customer, "stage": stage}


class TestWhatOneSees:
    def test_is_named_by_kind_the_first_few_by_name(self, beijing, api):
        answer = api("admin").delete(f"customers/{beijing['customer']}")
        assert answer.status_code == 409
        assert answer.json["message"] == (
            "C00001 Beijing Tech can't be deleted: it is used by 4 contacts (Li, Xu, Wu …), "
            "1 opportunity (OP-Valves). Remove those first."
        )
        told = {each["resource"]: each for each in answer.json["references"]}
        assert (told["contacts"]["count"], len(told["contacts"]["rows"]), answer.json["others"]) == (4, 3, False)
        assert [row["label"] for row in told["opportunities"]["rows"]] == ["OP-Valves"]

    def test_on_the_page_and_for_many_at_once(self, beijing, api, pages):
        page = pages("admin").post(f"/customers/delete/{beijing['customer']}", follow_redirects=True)
        assert "4 contacts (Li, Xu, Wu …), 1 opportunity (OP-Valves)" in page.text
        several = api("admin").post("customers/bulk/delete", {"ids": [beijing["customer"]]}).json
        assert "1 opportunity (OP-Valves)" in several["result"][0]["message"]
        assert several["result"][0]["references"][0]["resource"] == "contacts"
        listed = pages("admin").post("/customers/bulk/delete", {"ids": [beijing["customer"]]}, follow_redirects=True)
        assert "4 contacts (Li, Xu, Wu …)" in listed.text

    def test_in_chinese(self, beijing, api):
        answer = api("admin").delete(f"customers/{beijing['customer']}", headers={"Accept-Language": "zh"})
        assert "4 条联系人（Li、Xu、Wu …）" in answer.json["message"]


class TestWhatOneDoesNotSee:
    def test_who_leads_the_owner_is_told(self, beijing, api):
        assert "1 opportunity (OP-Valves)" in api("bob").delete(f"stages/{beijing['stage']}").json["message"]

    def test_of_others_rows_neither_name_nor_number_is_told(self, beijing, act):
        with act(None):
            # Cleo manages sales, elsewhere: of Ann's opportunity she sees nothing.
            cleo = db.session.query(User).filter_by(username="cleo").one()
            bob = db.session.query(User).filter_by(username="bob").one()
            cleo.roles = list(bob.roles)
        with act("cleo"):
            stage = db.session.get(entity_for("stages"), beijing["stage"])
            with pytest.raises(InUse) as refusal:
                crud.delete(stage)
        said = refusal.value
        assert said.message == (
            "First can't be deleted: it is used by records that are not yours to see. Remove those first."
        )
        assert said.more == {"references": [], "others": True}

    def test_what_a_role_does_not_list_is_not_told_either(self, act):
        with act(None):
            unit = crud.create(entity_for("units"), {"name": "box", "decimals": 0})
            product = {"code": "P1", "name": "Secret valve", "spec": "", "unit": unit.id, "list_price": "1"}
            crud.create(entity_for("products"), {**product, "tax_rate": "0.13"})
            lin = db.session.query(User).filter_by(username="lin").one()
            for pair in list(lin.roles[0].permissions):
                if pair.view_menu.name == "Product" and pair.permission.name in ("can_list", "can_show"):
                    lin.roles[0].permissions.remove(pair)
            everyone = [pair for pair in lin.roles[0].permissions if pair.view_menu.name == "Product"]
            assert all(pair.permission.name not in ("can_list", "can_show") for pair in everyone)
            unit_id = unit.id
        with act("lin"), pytest.raises(InUse) as refusal:
            crud.delete(db.session.get(entity_for("units"), unit_id))
        assert "Secret" not in refusal.value.message
        assert "records that are not yours to see" in refusal.value.message


class TestByWhatever:
    def test_lines_and_choices_of_several_are_told_as_what_they_belong_to(self, act, api):
        with act(None):
            unit = crud.create(entity_for("units"), {"name": "box", "decimals": 0})
            data = {"code": "P1", "name": "Valve", "spec": "DN50", "unit": unit.id, "list_price": "1"}
            product = crud.create(entity_for("products"), {**data, "tax_rate": "0.13"})
            house = crud.create(entity_for("warehouses"), {"code": "W1", "name": "Main"})
            lines = [{"product": product.id, "quantity": 2, "unit_cost": "3"}]
            crud.create(entity_for("stock-adjustments"), {"warehouse": house.id, "reason": "count", "lines": lines})
            crud.create(entity_for("stages"), {"name": "First", "position": 1, "probability": "0.1"})
            customer = crud.create(entity_for("customers"), {"name": "Beijing Tech"})
            deal = {"customer": customer.id, "name": "Valves", "amount": "10", "expected_close_on": "2030-01-31"}
            owner = db.session.query(User).filter_by(username="ann").one().id
            crud.create(entity_for("opportunities"), {**deal, "owner": owner, "products": [product.id]})
            product_id = product.id
        answer = api("admin").delete(f"products/{product_id}")
        assert answer.status_code == 409
        told = {each["resource"]: each["count"] for each in answer.json["references"]}
        assert told == {"stock-adjustments": 1, "opportunities": 1}
        assert answer.json["message"].endswith("Make it inactive instead, or remove those first.")

    def test_fields_that_a_company_added_count(self, api):
        admin = api("admin")
        link = {"name": "seat", "label": "Seat", "kind": "link", "points_at": "departments"}
        admin.add("custom-fields", resource="customers", **link)
        department = admin.add("departments", name="Far west")
        admin.add("customers", name="Beijing Tech", x_seat=department["id"])
        told = admin.delete(f"departments/{department['id']}").json
        assert [each["resource"] for each in told["references"]] == ["customers"]

    def test_what_nothing_refers_to_goes(self, api):
        admin = api("admin")
        customer = admin.add("customers", name="Alone")
        assert admin.delete(f"customers/{customer['id']}").status_code == 200


def test_on_either_database_of_every_way_to_refer(any_app):
    """By a key, a line, a choice of several, a company's field and a file that hangs on it."""
    admin = Api(any_app, "admin")
    admin.add("custom-fields", resource="leads", name="seat", label="Seat", kind="link", points_at="customers")
    admin.add("stages", name="First", position=1, probability="0.1")
    customer = admin.add("customers", name="Beijing Tech")["id"]
    admin.add("contacts", customer=customer, name="Li")
    admin.add("leads", name="Wu", x_seat=customer)
    sent = {"file": (io.BytesIO(b"terms"), "terms.txt"), "record": f"customers/{customer}"}
    assert admin.post("files/", data=sent).status_code == 201
    told = admin.delete(f"customers/{customer}").json
    assert {each["resource"] for each in told["references"]} == {"contacts", "leads", "files"}
    unit = admin.add("units", name="box", decimals=0)["id"]
    product = admin.add("products", name="Valve", spec="DN50", unit=unit, list_price="1", tax_rate="0.13")["id"]
    deal = {"customer": customer, "name": "Valves", "amount": "10", "expected_close_on": "2030-01-31"}
    admin.add("opportunities", products=[product], **deal)
    told = admin.delete(f"products/{product}").json
    assert [(each["resource"], each["count"]) for each in told["references"]] == [("opportunities", 1)]
