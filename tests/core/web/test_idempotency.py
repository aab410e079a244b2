"""A request with an Idempotency-Key takes effect once and is answered the same again."""

from __future__ import annotations

import io
import threading
from datetime import timedelta

import pytest

from app.core import clock, idempotency
from tests.app_fixtures import Api, acting

KEY = {"Idempotency-Key": "a-key"}


@pytest.fixture
def ann(any_app):
    return Api(any_app, "ann")


def names(api):
    return [row["name"] for row in api.rows("customers", order_column="id", order_direction="asc")]


class TestOnce:
    def test_a_row_is_made_once_and_answered_again(self, ann):
        first = ann.post("customers/", {"name": "Acme"}, headers=KEY)
        again = ann.post("customers/", {"name": "Acme"}, headers=KEY)
        assert (first.status_code, again.status_code) == (201, 201)
        assert again.json == first.json and again.content_type == first.content_type
        assert "Idempotent-Replayed" not in first.headers and again.headers["Idempotent-Replayed"] == "true"
        assert names(ann) == ["Acme"]
        assert ann.rows("customers")[0]["code"] == first.json["result"]["code"]

    def test_a_change_is_made_once(self, ann):
        made = ann.add("customers", name="Acme")
        path, body = f"customers/{made['id']}", {"name": "Apex", "version": made["version"]}
        answers = [ann.put(path, body, headers=KEY) for _turn in range(2)]
        assert [answer.status_code for answer in answers] == [200, 200], "the second would be stale"
        assert answers[0].json == answers[1].json
        answers = [ann.delete(path, headers={"Idempotency-Key": "another"}) for _turn in range(2)]
        bob = Api(ann.client.application, "bob")
        assert [answer.status_code for answer in answers] == [403, 403], "refused again, not remembered"
        assert names(bob) == ["Apex"]

    def test_a_transition_is_taken_once(self, any_app):
        with acting(any_app):
            from app.core import crud
            from app.core.entity import entity_for

            unit = crud.create(entity_for("units"), {"name": "pcs"})
            product = crud.create(
                entity_for("products"),
                {"code": "P1", "name": "Pump", "unit": unit.id, "tax_rate": "0.13", "list_price": "5"},
            )
            place = crud.create(entity_for("warehouses"), {"code": "MAIN", "name": "Main"})
            ids = {"warehouse": place.id, "lines": [{"product": product.id, "quantity": "3", "unit_cost": "2"}]}
        wei = Api(any_app, "wei")
        document = wei.add("stock-adjustments", **ids)
        answers = [wei.post(f"stock-adjustments/{document['id']}/post", headers=KEY) for _turn in range(3)]
        assert [answer.status_code for answer in answers] == [200] * 3
        assert len({answer.text for answer in answers}) == 1
        assert [row["quantity"] for row in wei.rows("stock-entries")] == ["3.0000"]

    def test_an_import_is_done_once_whatever_the_boundary(self, ann):
        def load(content):
            data = {"file": (io.BytesIO(content), "customers.csv"), "mode": "commit"}
            headers = {**ann.headers, **KEY}
            return ann.client.post("/api/v1/customers/import", data=data, headers=headers)

        first, again = load(b"Name\nAcme\n"), load(b"Name\nAcme\n")
        assert first.status_code == 200 and first.json["created"] == 1
        assert again.json == first.json
        assert names(ann) == ["Acme"]
        assert load(b"Name\nApex\n").status_code == 422
        assert names(ann) == ["Acme"]

    @pytest.mark.parametrize("turn", range(3))
    def test_of_several_at_once_one_takes_effect(self, any_app, turn):
        clients = [Api(any_app, "ann") for _client in range(6)]
        answers = []

        def send(api):
            answers.append(api.post("customers/", {"name": "Acme"}, headers=KEY))

        threads = [threading.Thread(target=send, args=(api,)) for api in clients]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert [answer.status_code for answer in answers] == [201] * 6
        assert len({answer.text for answer in answers}) == 1
        assert sorted("Idempotent-Replayed" in answer.headers for answer in answers) == [False] + [True] * 5
        assert names(clients[0]) == ["Acme"]


class TestRefusals:
    def test_the_same_key_with_another_request_is_refused(self, ann):
        ann.post("customers/", {"name": "Acme"}, headers=KEY)
        for answer in (
            ann.post("customers/", {"name": "Apex"}, headers=KEY),
            ann.post("contacts/", {"name": "Acme"}, headers=KEY),
            ann.post("customers/?x=1", {"name": "Acme"}, headers=KEY),
        ):
            assert answer.status_code == 422
            assert "another request" in answer.json["message"]
        assert names(ann) == ["Acme"]

    def test_a_refused_request_leaves_its_key_free(self, ann):
        assert ann.post("customers/", {"name": ""}, headers=KEY).status_code == 422
        assert ann.post("customers/", {"name": "Acme"}, headers=KEY).status_code == 201

    @pytest.mark.parametrize("key", ["", " ", "x" * 201, "a\tb"])
    def test_a_key_that_can_not_be_is_refused(self, ann, key):
        answer = ann.post("customers/", {"name": "Acme"}, headers={"Idempotency-Key": key})
        assert answer.status_code == 422 and "Idempotency-Key" in answer.json["message"]
        assert names(ann) == []

    def test_keys_belong_to_who_sends_them(self, any_app):
        ann, cleo = Api(any_app, "ann"), Api(any_app, "cleo")
        answers = [api.post("customers/", {"name": "Acme"}, headers=KEY).json["id"] for api in (ann, cleo)]
        assert answers[0] != answers[1]

    def test_nobody_is_answered_for_another(self, any_app):
        ann = Api(any_app, "ann")
        ann.post("customers/", {"name": "Acme"}, headers=KEY)
        assert Api(any_app, None).post("customers/", {"name": "Acme"}, headers=KEY).status_code == 401


class TestMemory:
    def test_a_get_needs_no_key(self, ann):
        assert ann.get("customers/", headers=KEY).status_code == 200
        assert ann.post("customers/", {"name": "Acme"}, headers=KEY).status_code == 201

    def test_old_keys_are_forgotten(self, any_app):
        ann = Api(any_app, "ann")
        ann.post("customers/", {"name": "Acme"}, headers=KEY)
        with clock.stopped(clock.now() + idempotency.KEPT - timedelta(minutes=1)), acting(any_app):
            assert idempotency.forget_old() == 0
        with clock.stopped(clock.now() + idempotency.KEPT + timedelta(minutes=1)), acting(any_app):
            assert idempotency.forget_old() == 1
        assert ann.post("customers/", {"name": "Apex"}, headers=KEY).status_code == 201

    def test_a_body_is_kept_only_as_a_digest(self, any_app):
        import sqlalchemy as sa

        admin = Api(any_app, "admin")
        person = {"username": "eve", "first_name": "Eve", "last_name": "Li", "email": "eve@example.com", "active": True}
        answer = admin.post("security/users/", {**person, "password": "secret words", "roles": [1]}, headers=KEY)
        assert answer.status_code == 201, answer.text
        with acting(any_app) as session:
            kept = session.execute(sa.select(idempotency.KEYS)).mappings().one()
        assert "secret words" not in repr(dict(kept))
