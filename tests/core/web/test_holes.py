"""What stock Flask-AppBuilder gets wrong stays closed: a class for each hole, by its number, and what happens there."""

from __future__ import annotations

import io
import sys
import threading
from datetime import UTC
from typing import Any

import pytest
import sqlalchemy as sa
from flask_appbuilder.security.sqla.models import Role, User
from PIL import Image

from app.core import crud, db, identity, store
from app.core.audit import AuditEntry
from app.core.entity import entity_for
from app.core.web import listing
from app.core.web.view import views
from tests.app_fixtures import PASSWORD, Api, Pages

MISSING = 987_654


@pytest.fixture
def ids(act) -> dict[str, int]:
    """The cast's ids by name."""
    with act() as session:
        return {user.username: user.id for user in session.scalars(sa.select(User)).unique()}


@pytest.fixture
def ann(api) -> Api:
    return api("ann")


@pytest.fixture
def admin(api) -> Api:
    return api("admin")


def picture(color: str = "red") -> io.BytesIO:
    out = io.BytesIO()
    Image.new("RGB", (40, 30), color).save(out, "PNG")
    out.seek(0)
    return out


class TestHole1FiltersOfOneUserInAnothersAnswer:
    REQUESTS = 60  # of each of eight threads

    def test_no_answer_of_480_is_wrong(self, app, api, pages):
        names = ("ann", "cleo")
        for name in names:
            client = api(name)
            for number in range(4):
                client.add("customers", name=f"of {name} {number}", level="A" if number % 2 else "B")
        clients = {name: (api(name), pages(name)) for name in names}
        wrong: list[str] = []

        def ask(name: str, number: int) -> None:
            client, browser = clients[name]
            other = names[1 - names.index(name)]
            for turn in range(self.REQUESTS):
                level = "AB"[(turn + number) % 2]
                if turn % 6:
                    found = client.get("customers/", {"filters": [{"col": "level", "opr": "eq", "value": level}]})
                    rows = found.json.get("result", [])
                    good = len(rows) == 2 and all(row["level"] == level and f"of {name}" in row["name"] for row in rows)
                else:
                    found = browser.get(f"/customers/list/?f=level:eq:{level}")
                    good = found.text.count(f"of {name}") >= 2 and f"of {other}" not in found.text
                if found.status_code != 200 or not good:
                    wrong.append(f"{name} {turn}: {found.status_code}")

        before = sys.getswitchinterval()
        sys.setswitchinterval(1e-5)
        try:
            threads = [threading.Thread(target=ask, args=(names[number % 2], number)) for number in range(8)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
        finally:
            sys.setswitchinterval(before)
        assert wrong == []


class TestHole2ActionsOnAGetAndOnNothing:
    def test_a_get_does_nothing(self, ann, pages):
        plan = ann.add("weekly-plans", week="2026-11-23", plan="x")
        browser = pages("ann")
        for path in ("action/submit/{}", "delete/{}", "bulk/submit"):
            assert browser.get(f"/weekly-plans/{path.format(plan['id'])}").status_code == 405
        assert ann.get(f"weekly-plans/{plan['id']}").json["result"]["state"] == "draft"

    def test_what_is_missing_is_not_found(self, ann, pages):
        browser = pages("ann")
        plan = ann.add("weekly-plans", week="2026-11-23", plan="x")["id"]
        assert browser.post(f"/weekly-plans/action/submit/{MISSING}").status_code == 404
        assert browser.post(f"/weekly-plans/action/nonsense/{plan}").status_code == 404
        assert ann.post(f"weekly-plans/{MISSING}/submit").status_code == 404
        assert ann.post(f"weekly-plans/{plan}/nonsense").status_code == 404


class TestHole3ChoicesBeyondTheScope:
    def test_the_description_of_a_resource_holds_no_rows(self, ann, api):
        api("cleo").add("customers", name="Kanari7x Ltd")
        for resource in ("contacts", "customer-shares", "weekly-plans"):
            assert "Kanari7x" not in ann.get(f"{resource}/_info").text

    def test_a_picker_finds_what_its_user_sees(self, ann, api):
        api("cleo").add("customers", name="Kanari7x Ltd")
        assert ann.get("customers/pick?q=Kanari7x").json["result"] == []
        assert api("cleo").get("customers/pick?q=kanari7x").json["result"][0]["name"] == "Kanari7x Ltd"


class TestHole4TheOwnerIsSetFromOutside:
    def test_a_salesperson_gives_nothing_away(self, ann, ids, pages):
        assert ann.post("customers/", {"name": "x", "owner": ids["cleo"]}).status_code == 403
        row = ann.add("customers", name="x")
        assert row["owner"]["id"] == ids["ann"]
        assert ann.put(f"customers/{row['id']}", {"owner": ids["cleo"]}).status_code == 403
        assert ann.put(f"customers/{row['id']}", {"owner": None}).status_code == 403
        pages("ann").post(f"/customers/edit/{row['id']}", {"name": "y", "owner": str(ids["cleo"])})
        pages("ann").post("/customers/add", {"name": "z", "owner": str(ids["cleo"])})
        assert {each["owner"]["id"] for each in ann.rows("customers")} == {ids["ann"]}

    def test_a_manager_gives_within_the_team_alone(self, api, ids):
        bob = api("bob")
        row = bob.add("customers", name="x", owner=ids["ann"])
        assert bob.put(f"customers/{row['id']}", {"owner": ids["cleo"]}).status_code == 403
        assert bob.get(f"customers/{row['id']}").json["result"]["owner"]["id"] == ids["ann"]


class TestHole5RelatedRowsWithoutPermission:
    def test_a_tab_is_shown_to_whoever_may_list_its_rows(self, ann, pages):
        row = ann.add("customers", name="x")["id"]
        ann.add("contacts", name="Kanari7x", customer=row)
        assert "Kanari7x" in pages("ann").get(f"/customers/show/{row}").text
        keeper = pages("wei").get(f"/customers/show/{row}")
        assert keeper.status_code == 200
        assert "Kanari7x" not in keeper.text

    def test_a_relation_tells_an_id_and_a_label(self, ann):
        row = ann.add("customers", name="x")["id"]
        contact = ann.add("contacts", name="y", customer=row)
        assert set(contact["customer"]) == {"id", "label"}
        assert set(contact["created_by"]) == {"id", "label"}


class TestHole6AFilterOnNothingFindsAll:
    @pytest.mark.parametrize("operator", ["rel_o_m", "eq", "in"])
    def test_a_dead_id_finds_nothing(self, ann, operator):
        row = ann.add("customers", name="x")["id"]
        ann.add("contacts", name="y", customer=row)
        found = ann.get("contacts/", {"filters": [{"col": "customer", "opr": operator, "value": MISSING}]})
        assert (found.status_code, found.json["count"]) == (200, 0)

    def test_an_unknown_field_or_operator_is_refused(self, ann, pages):
        for filters in (
            [{"col": "nonsense", "opr": "eq", "value": 1}],
            [{"col": "name", "opr": "nonsense", "value": 1}],
            [{"opr": "eq"}],
            "x",
        ):
            assert ann.get("customers/", {"filters": filters}).status_code == 400
        page = pages("ann").get("/customers/list/?f=nonsense:eq:1")
        assert page.status_code == 200
        assert "nothing called “nonsense”" in page.text

    @pytest.mark.parametrize("name", ["password", "search_text", "login_count"])
    def test_a_secret_is_no_field(self, admin, name):
        for path in ("users/", "security/users/"):
            assert admin.get(path, {"filters": [{"col": name, "opr": "sw", "value": "p"}]}).status_code == 400
            ordered = admin.get(path, {"order_column": name, "order_direction": "asc"}).status_code
            assert ordered == 400 or (path, name) == ("security/users/", "login_count")
            assert "pbkdf2" not in admin.get(path).text


class TestHole7AnyColumnSorts:
    def test_an_unknown_order_is_refused(self, ann, pages):
        for name in ("nonsense", "search_text", "owner_id", "owner", "__class__"):
            assert ann.get("customers/", {"order_column": name, "order_direction": "asc"}).status_code == 400
            page = pages("ann").get(f"/customers/list/?sort={name}")
            assert page.status_code == 200 and f"ordered by “{name}”" in page.text
        assert ann.get("customers/", {"order_column": "name", "order_direction": "sideways"}).status_code == 400

    @pytest.mark.parametrize("size", [101, 100_000, -1, -7, 0])
    def test_a_page_has_its_bounds(self, app, ann, act, size):
        with act("ann"):
            for number in range(103):
                crud.create(entity_for("customers"), {"name": f"c{number}"})
        rows = ann.get("customers/", {"page_size": size}).json
        assert rows["count"] == 103
        assert 1 <= len(rows["result"]) <= 100


class TestHole8AnyFileOfAnyView:
    def test_there_is_no_such_route(self, app):
        assert [str(rule) for rule in app.url_map.iter_rules() if "download" in str(rule)] == []


class TestHole9Files:
    def test_what_is_no_picture_is_refused_and_leaves_nothing(self, app, api, tmp_path):
        lin = api("lin")
        unit = lin.add("units", name="piece")["id"]
        product = lin.add("products", name="x", unit=unit, tax_rate="0.13", list_price="1")["id"]
        for content, name in (
            (b"<svg onload=alert(1)>", "x.png"),
            (b"", "x.png"),
            (b"\x89PNG\r\n\x1a\n", "x.png"),
            (b"GIF89a", "x.jpg"),
        ):
            data = {"file": (io.BytesIO(content), name)}
            answer = lin.client.post(f"/api/v1/products/{product}/pictures", data=data, headers=lin.headers)
            assert answer.status_code == 422 and "pictures" in answer.json["errors"], content
        # A good one beside a bad one, and a good one from whoever may not edit.
        for username, content, status in (("lin", b"none", 422), ("ann", b"none", 403), ("ann", None, 403)):
            sent = [(picture("teal"), "a.png"), *([(io.BytesIO(content), "b.png")] if content else [])]
            client = api(username)
            place = f"/api/v1/products/{product}/pictures"
            assert client.client.post(place, data={"file": sent}, headers=client.headers).status_code == status
        assert lin.get(f"products/{product}").json["result"]["pictures"] == []
        with app.app_context():
            assert list(store.store().folder.glob("??/*")) == []

    def test_a_picture_is_served_through_its_row(self, api, ann):
        lin = api("lin")
        unit = lin.add("units", name="piece")["id"]
        product = lin.add("products", name="x", unit=unit, tax_rate="0.13", list_price="1")["id"]
        other = lin.add("products", name="y", unit=unit, tax_rate="0.13", list_price="1")["id"]
        answer = lin.client.post(
            f"/api/v1/products/{product}/pictures", data={"file": (picture(), "x.exe")}, headers=lin.headers
        )
        digest = answer.json["result"]["pictures"][0]
        served = ann.get(f"products/{product}/pictures/{digest}")
        assert (served.status_code, served.mimetype) == (200, "image/png")
        served.close()
        for path in (
            f"products/{other}/pictures/{digest}",
            f"products/{product}/pictures/{'0' * 64}",
            f"products/{product}/name/{digest}",
            f"products/{product}/pictures/..%2f..%2fkehu.db",
            f"products/{MISSING}/pictures/{digest}",
        ):
            assert ann.get(path).status_code == 404, path
        assert lin.put(f"products/{other}", {"pictures": [digest]}).status_code == 422


class TestHole10ARefusedEditStays:
    def test_a_refused_save_changes_nothing(self, ann, pages):
        row = ann.add("customers", name="before", level="A")["id"]
        assert ann.put(f"customers/{row}", {"name": "after", "payment_days": "soon"}).status_code == 422
        assert ann.put(f"customers/{row}", {"name": "after", "latitude": 91}).status_code == 422
        assert (
            pages("ann").post(f"/customers/edit/{row}", {"name": "after", "level": "B", "latitude": "91"}).status_code
            == 422
        )
        found = ann.get(f"customers/{row}").json["result"]
        assert (found["name"], found["level"], found["version"]) == ("before", "A", 1)

    def test_what_is_out_of_bounds_is_told_in_the_same_round(self, ann):
        refused = ann.post("customers/", {"name": "", "latitude": 500, "longitude": "-200", "email": "nobody"})
        assert refused.status_code == 422
        assert set(refused.json["errors"]) == {"name", "latitude", "longitude", "email"}
        assert refused.json["errors"]["latitude"] == ["At most 90."]

    def test_a_refused_form_keeps_what_was_typed(self, ann, pages):
        row = ann.add("customers", name="before")["id"]
        page = pages("ann").post(f"/customers/edit/{row}", {"name": "after", "latitude": "91"})
        assert 'value="after"' in page.text and 'value="91"' in page.text


class TestHole11ForgedRequests:
    def test_a_form_without_the_token_is_refused(self, app, ann, pages):
        row = ann.add("customers", name="x")["id"]
        browser = pages("ann").client
        for path in (
            f"/customers/edit/{row}",
            f"/contacts/delete/{row}",
            "/customers/add",
            "/customers/bulk/delete",
            "/logout/",
            "/account/language",
            "/account/password",
        ):
            assert browser.post(path, data={"name": "forged", "locale": "zh"}).status_code == 400, path
        assert app.test_client().post("/login/", data={"username": "ann", "password": PASSWORD}).status_code == 400
        assert ann.get(f"customers/{row}").json["result"]["name"] == "x"

    def test_a_session_alone_does_not_write_over_the_api(self, ann, pages):
        row = ann.add("customers", name="x")["id"]
        browser = pages("ann")
        call = browser.client.open
        assert call(f"/api/v1/customers/{row}", method="GET").status_code == 200
        for method, path in (
            ("PUT", f"customers/{row}"),
            ("POST", "customers/"),
            ("DELETE", f"customers/{row}"),
            ("POST", f"customers/{row}/x"),
            ("POST", "security/users/"),
        ):
            assert call(f"/api/v1/{path}", method=method, json={"name": "forged"}).status_code == 400, (method, path)
        token = {"X-CSRFToken": browser.token()}
        assert call(f"/api/v1/customers/{row}", method="PUT", json={"name": "y"}, headers=token).status_code == 200
        assert ann.get(f"customers/{row}").json["result"]["name"] == "y"

    def test_a_token_needs_no_session(self, ann):
        assert ann.post("customers/", {"name": "x"}).status_code == 201

    def test_a_made_up_token_is_nobody(self, app):
        client = app.test_client()
        for header in ("Bearer x", "Bearer a.b.c", "Bearer", "Basic YTpi", "x", "Bearer \x7f"):
            for path in ("/api/v1/customers/", "/api/v1/security/users/"):
                assert client.get(path, headers={"Authorization": header}).status_code in (401, 422), (header, path)


class TestHole15RawErrors:
    def test_a_duplicate_names_its_field(self, ann):
        ann.add("customers", name="x", code="K1")
        other = ann.add("customers", name="y", code="K2")["id"]
        for answer in (
            ann.post("customers/", {"name": "z", "code": "K1"}),
            ann.put(f"customers/{other}", {"code": "K1"}),
        ):
            assert answer.status_code == 422
            assert answer.json["errors"] == {"code": ["There is one with this value already."]}

    def test_a_duplicate_of_two_fields_names_both(self, api):
        lin = api("lin")
        unit = lin.add("units", name="piece")["id"]
        same = {"name": "x", "spec": "1", "unit": unit, "tax_rate": "0.13", "list_price": "1"}
        lin.add("products", **same)
        assert set(lin.post("products/", same).json["errors"]) == {"name", "spec"}

    def test_a_duplicate_on_a_page_is_said_at_its_field(self, ann, pages):
        ann.add("customers", name="x", code="K1")
        page = pages("ann").post("/customers/add", {"name": "z", "code": "K1"})
        assert page.status_code == 422
        assert "There is one with this value already." in page.text and "UNIQUE" not in page.text

    def test_a_duplicate_user_is_told_without_sql(self, admin):
        body = {
            "username": "ann",
            "first_name": "A",
            "last_name": "B",
            "email": "other@example.com",
            "password": "long enough",
            "active": True,
            "roles": [1],
        }
        for answer in (
            admin.post("security/users/", body),
            admin.post("users/", {"username": "ann", "first_name": "A", "last_name": "B"}),
        ):
            assert answer.status_code == 422, answer.text
            assert not any(word in answer.text for word in ("UNIQUE", "INSERT", "ab_user", "constraint"))

    def test_what_nobody_foresaw_is_told_in_general(self, ann, pages, monkeypatch):
        def crash(*_arguments: Any) -> None:
            raise ZeroDivisionError("a secret")

        monkeypatch.setattr(listing, "page", crash)
        monkeypatch.setattr(crud, "create", crash)
        page = pages("ann").get("/customers/list/")
        assert page.status_code == 500 and "secret" not in page.text and "<html" in page.text
        answer = ann.post("customers/", {"name": "x"})
        assert answer.status_code == 500 and set(answer.json) == {"message"} and "secret" not in answer.text


class TestHole18WhoAndWhen:
    def test_moments_are_utc_and_a_job_writes_as_the_system(self, act, ann):
        with act() as session:
            row = crud.create(entity_for("customers"), {"name": "x"})
            assert row.created_by_id is None and row.created_on.tzinfo is not None
            entry = session.scalars(sa.select(AuditEntry).where(AuditEntry.record == row.record_name())).one()
            assert entry.user_id is None and entry.at.tzinfo == UTC
        told = ann.add("customers", name="y")
        assert told["created_on"].endswith("+08:00") and told["created_by"]["label"] == "Ann Lee"

    def test_the_trail_is_append_only(self, act, ann):
        ann.add("customers", name="x")
        for change in (
            lambda session, entry: setattr(entry, "comment", "forged"),
            lambda session, entry: session.delete(entry),
        ):
            with pytest.raises(RuntimeError), act() as session:
                change(session, session.scalars(sa.select(AuditEntry)).first())
                session.flush()


class TestHole22UnknownRelations:
    @pytest.mark.parametrize("value", [MISSING, 0, -1, "x", 2**40, {"id": MISSING}, [1], True])
    def test_it_is_refused_and_makes_nothing(self, ann, act, value):
        answer = ann.post("contacts/", {"name": "x", "customer": value})
        assert answer.status_code == 422 and set(answer.json["errors"]) == {"customer"}, answer.text
        with act() as session:
            for resource in ("contacts", "customers"):
                assert session.scalar(sa.select(sa.func.count()).select_from(entity_for(resource))) == 0

    def test_a_foreign_one_is_refused_in_the_same_words(self, ann, api):
        foreign = api("cleo").add("customers", name="x")["id"]
        answers = [ann.post("contacts/", {"name": "x", "customer": key}) for key in (foreign, MISSING)]
        assert answers[0].status_code == answers[1].status_code == 422
        assert answers[0].json == answers[1].json

    def test_an_unknown_role_is_refused(self, admin, ids):
        answer = admin.put(f"users/{ids['ann']}", {"roles": [1, MISSING]})
        assert answer.status_code == 422 and set(answer.json["errors"]) == {"roles"}


class TestHole23RefusalsArrive:
    def test_a_rule_is_told_with_its_field(self, ann):
        plan = ann.add("weekly-plans", week="2026-11-23")["id"]
        answer = ann.post(f"weekly-plans/{plan}/submit")
        assert answer.status_code == 422 and set(answer.json["errors"]) == {"plan"}

    def test_refusals_come_in_their_order(self, ann, api, ids):
        cleo, bob = api("cleo"), api("bob")
        plan = ann.add("weekly-plans", week="2026-11-23")["id"]
        # Not visible goes before not permitted, wrong state and wrong fields.
        assert cleo.post(f"weekly-plans/{plan}/review", {"nonsense": 1}).status_code == 404
        # Not permitted goes before wrong state and wrong fields.
        assert ann.post(f"weekly-plans/{plan}/review", {"nonsense": 1}).status_code == 403
        # The wrong state goes before wrong fields.
        assert bob.post(f"weekly-plans/{plan}/review", {"nonsense": 1}).status_code == 409
        assert ann.post(f"weekly-plans/{plan}/submit", {"nonsense": 1}).status_code == 422
        row = ann.add("customers", name="x")["id"]
        assert ann.put(f"customers/{row}", {"version": 7, "nonsense": 1}).status_code == 409
        assert ann.delete(f"customers/{row}").status_code == 403
        assert ann.delete(f"customers/{MISSING}").status_code == 404


class TestHole24CommitsBeforeTheEdge:
    def test_what_fails_late_has_written_nothing(self, ann, act, monkeypatch):
        from app.core.web.api import EntityApi

        def crash(*_arguments: Any) -> None:
            raise ZeroDivisionError

        monkeypatch.setattr(EntityApi, "_answer", crash)
        assert ann.post("customers/", {"name": "x"}).status_code == 500
        with act() as session:
            assert session.scalar(sa.select(sa.func.count()).select_from(entity_for("customers"))) == 0
            assert (
                session.scalar(
                    sa.select(sa.func.count()).select_from(AuditEntry).where(AuditEntry.record.like("customers/%"))
                )
                == 0
            )

    def test_each_row_of_a_bulk_action_stands_by_itself(self, ann, pages):
        full = ann.add("weekly-plans", week="2026-11-23", plan="x")["id"]
        empty = ann.add("weekly-plans", week="2026-11-30")["id"]
        browser = pages("ann")
        assert (
            browser.post(
                "/weekly-plans/bulk/submit", {"ids": [str(empty), str(full), "²", "9" * 5000, str(MISSING)]}
            ).status_code
            == 200
        )
        states = {row["id"]: row["state"] for row in ann.rows("weekly-plans")}
        assert states == {full: "submitted", empty: "draft"}


class TestHole25PasswordsInTheClear:
    SECRET = "Kanari7x-in-the-clear"

    @pytest.fixture
    def parameters(self, app):
        """Everything that is sent to the database."""
        sent: list[str] = []

        def note(_connection: Any, _cursor: Any, statement: str, parameters: Any, *_rest: Any) -> None:
            sent.append(f"{statement} {parameters}")

        with app.app_context():
            engine = db.db.engine
        sa.event.listen(engine, "before_cursor_execute", note)
        yield sent
        sa.event.remove(engine, "before_cursor_execute", note)

    def test_over_the_api_of_users(self, app, admin, ids, act, parameters):
        with act() as session:
            role = session.scalars(sa.select(Role.id).where(Role.name == "Salesperson")).one()
        body = {
            "username": "zoe",
            "first_name": "Zoe",
            "last_name": "Z",
            "email": "zoe@example.com",
            "active": True,
            "roles": [role],
            "password": self.SECRET,
        }
        made = admin.post("security/users/", body)
        assert made.status_code == 201, made.text
        changed = admin.put(
            f"security/users/{ids['cleo']}", {"password": self.SECRET, "roles": [role], "first_name": "C"}
        )
        assert changed.status_code == 200, changed.text
        own = admin.put(f"users/{ids['wei']}", {"new_password": self.SECRET, "first_name": "W", "roles": [role]})
        assert own.status_code == 200, own.text
        assert not any(self.SECRET in each for each in (made.text, changed.text, own.text, *parameters))
        for name in ("zoe", "cleo", "wei"):
            Api(app, name, self.SECRET)

    def test_over_the_page_of_users(self, app, ids, pages, parameters):
        browser = pages("admin")
        saved = browser.post(
            f"/users/edit/{ids['cleo']}",
            {"username": "cleo", "first_name": "Cleo", "last_name": "Roy", "active": "1", "new_password": self.SECRET},
        )
        assert saved.status_code == 302
        assert self.SECRET not in browser.get(f"/users/show/{ids['cleo']}").text
        assert not any(self.SECRET in each for each in parameters)
        Pages(app, "cleo", self.SECRET)

    def test_one_changes_ones_own(self, app, pages, parameters):
        answer = pages("ann").post("/account/password", {"current": PASSWORD, "new": self.SECRET, "again": self.SECRET})
        assert answer.status_code == 302
        assert not any(self.SECRET in each for each in parameters)
        Api(app, "ann", self.SECRET)

    @pytest.mark.parametrize("key", ["abc", "0", "-1", str(2**31), str(2**70), "²", "1e3"])
    def test_an_odd_id_is_not_found(self, admin, key):
        for resource in ("users", "roles", "groups"):
            for method in ("GET", "PUT", "DELETE"):
                answer = admin.request(method, f"security/{resource}/{key}", {"name": "x"} if method == "PUT" else None)
                assert answer.status_code in (400, 404, 405, 422), (method, resource, answer.text)

    def test_who_is_needed_stays(self, admin, ids):
        for path in ("security/users", "users"):
            answer = admin.delete(f"{path}/{ids['ann']}")
            assert answer.status_code in (409, 422), answer.text
            assert not any(word in answer.text for word in ("FOREIGN", "DELETE", "ab_user", "constraint")), answer.text
            assert admin.get(f"users/{ids['ann']}").status_code == 200

    def test_who_is_not_needed_goes(self, admin, api, ann):
        new = [admin.add("users", username=f"new{number}", first_name="N", last_name="N") for number in range(2)]
        assert ann.delete(f"security/users/{new[0]['id']}").status_code == 403
        assert admin.delete(f"security/users/{new[0]['id']}").status_code == 200
        assert admin.delete(f"users/{new[1]['id']}").status_code == 200
        assert admin.get(f"users/{new[0]['id']}").status_code == 404


class TestTheSameRowByTwo:
    def test_a_stale_save_says_who_and_what(self, ann, api, pages):
        row = ann.add("customers", name="x", level="A")["id"]
        assert api("bob").put(f"customers/{row}", {"level": "B", "version": 1}).status_code == 200
        answer = ann.put(f"customers/{row}", {"level": "C", "version": 1})
        assert answer.status_code == 409 and "Bob Ito" in answer.json["message"] and "Level" in answer.json["message"]
        page = pages("ann").post(f"/customers/edit/{row}", {"name": "x", "level": "C", "version": "1"})
        assert page.status_code == 409 and "Bob Ito" in page.text
        assert ann.put(f"customers/{row}", {"level": "C"}).status_code == 200
        assert ann.put(f"customers/{row}", {"level": "D", "version": 3}).status_code == 200

    def test_an_empty_field_does_not_clear_what_one_does_not_see(self, ann, api, ids, act):
        """A line points at a customer that was shared once: its hidden customer outlives a save of the plan."""
        cleo = api("cleo")
        customer = cleo.add("customers", name="x")["id"]
        share = cleo.add("customer-shares", customer=customer, user=ids["ann"])["id"]
        line = {"planned_on": "2026-11-24", "goal": "g", "customer": customer}
        plan = ann.add("weekly-plans", week="2026-11-23", plan="p", lines=[line])
        assert cleo.delete(f"customer-shares/{share}").status_code == 200
        hidden = ann.get(f"weekly-plans/{plan['id']}").json["result"]["lines"][0]
        assert hidden["customer"] is None
        assert ann.put(f"weekly-plans/{plan['id']}", {"lines": [{**hidden, "goal": "h"}]}).status_code == 200
        with act():
            kept = crud.fetch(entity_for("weekly-plans"), plan["id"]).lines[0]
            assert (kept.goal, kept.customer_id) == ("h", customer)


class TestOddRequests:
    @pytest.mark.parametrize(
        "key", ["0", "-1", "abc", str(2**31), str(2**70), "9" * 4000, "²", "1.5", "%00", "1%20", "١"]
    )
    def test_an_odd_id_is_not_found(self, admin, pages, key):
        browser = pages("admin")
        for path in (f"/customers/show/{key}", f"/customers/edit/{key}"):
            assert browser.get(path).status_code == 404, path
        for method in ("GET", "PUT", "DELETE"):
            assert admin.request(method, f"customers/{key}", {} if method == "PUT" else None).status_code in (
                404,
                405,
            ), method
        assert browser.post(f"/customers/delete/{key}").status_code == 404

    @pytest.mark.parametrize(
        "q",
        [
            "(",
            "!(",
            "(a:",
            "'",
            "!n",
            "1",
            "a",
            "!()",
            "{",
            "[1]",
            "%00",
            "(filters:!(!(!())))",
            "(page:!n)",
            "(page:1e400)",
            "!(" * 5000,
            '{"page":1e999}',
            "[" * 5000,
            "(filters:(col:name))",
            "(((((",
        ],
    )
    def test_a_malformed_query_is_told(self, admin, q):
        for path in ("customers/", "customers/export", "customers/_info", "customers/1"):
            answer = admin.client.get(f"/api/v1/{path}", query_string={"q": q}, headers=admin.headers)
            answer.close()
            assert answer.status_code in (200, 400, 404), (path, answer.text)

    @pytest.mark.parametrize(
        "body",
        [
            b"",
            b"{",
            b"[]",
            b"null",
            b"1",
            b'"x"',
            b"\xff\xfe",
            b"[" * 100_000,
            b'{"name":' * 5000,
            b'{"name": NaN}',
            b"x" * 100_000,
        ],
    )
    def test_a_malformed_body_is_told(self, admin, body):
        for kind in ("application/json", "text/plain", "multipart/form-data", "application/x-www-form-urlencoded"):
            answer = admin.client.post("/api/v1/customers/", data=body, headers=admin.headers, content_type=kind)
            assert answer.status_code in (201, 400, 422), (kind, answer.text)
        assert admin.rows("customers") == [] or body.startswith(b'{"name": NaN')

    def test_odd_headers_and_methods(self, admin, pages):
        for header, value in (
            ("Accept-Language", "x" * 5000),
            ("Accept-Language", "zh;q=x,*"),
            ("Accept", "\x7f"),
            ("Cookie", "session=x; kehu_theme=<b>"),
            ("Range", "bytes=5-1"),
        ):
            assert pages("ann").client.get("/customers/list/", headers={header: value}).status_code in (200, 302), (
                header
            )
        for method in ("PATCH", "TRACE", "PROPFIND", "POST", "DELETE"):
            assert admin.request(method, "customers/_info").status_code in (400, 404, 405), method

    def test_an_odd_upload_is_told(self, ann, pages):
        for content in (
            b"",
            b"\x00" * 100,
            b"PK\x03\x04" + b"x" * 50,
            b"name\n\xff\xfe\n",
            "name\n北京\n".encode("gbk"),
            b'"',
            b"," * 5000,
            b"name\n" + b"x" * 100_000,
        ):
            for name in ("x.csv", "x.xlsx", "x", "../../x.csv", "x" * 300 + ".csv", "\x00.csv"):
                answer = ann.upload("customers", content, name, mode="preview")
                assert answer.status_code in (200, 422), (content[:10], name, answer.text)
        for token in ("x", "1-..", "9" * 400, "1-\x00", f"{'a' * 300}-b"):
            assert pages("ann").post("/customers/import", {"token": token, "mode": "commit"}).status_code in (
                404,
                422,
            ), token
            assert pages("ann").get("/customers/import/errors/1", query_string={"token": token}).status_code == 404, (
                token
            )

    def test_where_one_goes_after_the_log_in_is_here(self, app):
        for target in (
            "https://evil.example",
            "//evil.example",
            "/\\evil.example",
            "\\\\evil",
            "javascript:alert(1)",
            "/\n/evil",
            "/\t/evil",
            "///evil",
        ):
            browser = Pages(app, None)
            answer = browser.post(
                "/login/", {"username": "ann", "password": PASSWORD, "next": target}, token_from="/login/"
            )
            assert answer.status_code == 302 and answer.location in ("/", "/%0A/evil"), (target, answer.location)


class TestAGetWritesNothing:
    def test_every_page_is_read_only(self, app, act, pages, api, statements):
        browser, client = pages("admin"), api("admin")
        paths = [
            f"/{base}/{path}"
            for base, view in views.items()
            for path in ("list/", "add", "export", "import", "pick", "show/1", "edit/1")
        ]
        with statements() as executed:
            for path in (*paths, "/", "/account/password", "/login/"):
                assert browser.get(path).status_code < 500, path
            for base in views:
                assert client.get(f"{base}/").status_code == 200
        writes = [each for each in executed if each.lstrip().split()[0].upper() not in ("SELECT", "WITH")]
        assert writes == []

    def test_a_write_on_a_get_is_an_error(self, app, act):
        with (
            pytest.raises(RuntimeError, match="must not write"),
            app.test_request_context(),
            identity.acting_as(identity.system()),
        ):
            db.set_reading(True)
            try:
                crud.create(entity_for("customers"), {"name": "x"})
            finally:
                db.set_reading(False)
                db.session.rollback()
