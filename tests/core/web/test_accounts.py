"""Users, roles and groups over the API: refusals in words, answers with the row, and somebody who can administer."""

from __future__ import annotations

import pytest

from tests.app_fixtures import Api

USERS, ROLES, GROUPS = "security/users/", "security/roles/", "security/groups/"


@pytest.fixture
def admin(any_app):
    return Api(any_app, "admin")


def role(api, name):
    q = {"filters": [{"col": "name", "opr": "eq", "value": name}]}
    return api.get(ROLES, q).json["result"][0]["id"]


def user(api, name):
    q = {"filters": [{"col": "username", "opr": "eq", "value": name}]}
    return api.get(USERS, q).json["result"][0]["id"]


def told(api, record):
    rows = api.rows("audit-entries", filters=[{"col": "record", "opr": "eq", "value": record}])
    return [(row["action"], row["changes"]) for row in rows]


def person(**values):
    base = {"username": "eve", "first_name": "Eve", "last_name": "Li", "email": "eve@example.com", "active": True}
    return {**base, "password": "correct horse", "roles": [1], **values}


class TestRefusals:
    def test_what_is_taken_is_named(self, admin):
        answer = admin.post(USERS, person(username="ann"))
        assert (answer.status_code, list(answer.json["errors"])) == (422, ["username"])
        answer = admin.post(USERS, person(email="ann@example.com"))
        assert (answer.status_code, list(answer.json["errors"])) == (422, ["email"])
        answer = admin.put(f"{USERS}{user(admin, 'bob')}", {"username": "ann"})
        assert (answer.status_code, list(answer.json["errors"])) == (422, ["username"])
        for answer in (
            admin.post(ROLES, {"name": "Salesperson"}),
            admin.put(f"{ROLES}{role(admin, 'Auditor')}", {"name": "Salesperson"}),
        ):
            assert (answer.status_code, list(answer.json["errors"])) == (422, ["name"])
        assert admin.post(GROUPS, {"name": "North"}).status_code == 201
        answer = admin.post(GROUPS, {"name": "North"})
        assert (answer.status_code, list(answer.json["errors"])) == (422, ["name"])
        assert "SQL" not in answer.text and "UNIQUE" not in answer.text

    def test_rules_are_told(self, admin):
        answer = admin.post(USERS, person(email="bad"))
        assert (answer.status_code, list(answer.json["errors"])) == (422, ["email"])
        answer = admin.put(f"{USERS}{user(admin, 'admin')}", {"active": False})
        assert (answer.status_code, list(answer.json["errors"])) == (422, ["active"])
        answer = admin.post(ROLES, {"name": " "})
        assert (answer.status_code, list(answer.json["errors"])) == (422, ["name"])
        assert admin.post(USERS, person(password="1")).status_code in (400, 422)


class TestAnswers:
    def test_a_write_answers_with_its_row_and_is_audited(self, admin):
        made = admin.post(ROLES, {"name": "Intern"})
        assert made.status_code == 201 and made.json["result"] == {"id": made.json["id"], "name": "Intern"}
        assert [action for action, _changes in told(admin, f"roles/{made.json['id']}")] == ["create"]
        answer = admin.put(f"{ROLES}{made.json['id']}", {"name": "Trainee"})
        assert answer.status_code == 200 and answer.json["result"]["name"] == "Trainee"
        gone = admin.delete(f"{ROLES}{made.json['id']}")
        assert gone.status_code == 200 and gone.json["id"] == made.json["id"]

    def test_a_group_gives_its_roles_and_that_is_told(self, any_app, admin):
        group = {"name": "Bosses", "roles": [role(admin, "Director")], "users": [user(admin, "ann")]}
        made = admin.post(GROUPS, group)
        assert made.status_code == 201, made.text
        assert made.json["result"]["roles"] == [{"id": role(admin, "Director"), "name": "Director"}]
        ((action, changes),) = told(admin, f"groups/{made.json['id']}")
        assert action == "create" and changes["name"] == [None, "Bosses"]
        assert Api(any_app, "ann").get("stock-entries/").status_code == 200
        changed = admin.put(f"{GROUPS}{made.json['id']}", {"users": []})
        assert changed.status_code == 200, changed.text
        action, changes = told(admin, f"groups/{made.json['id']}")[0]
        assert action == "update" and changes["users"] == [["Ann Lee"], []]


class TestAdministrators:
    def test_their_role_stays_as_it_is(self, admin):
        pk = role(admin, "Administrator")
        for path in (f"{ROLES}{pk}", f"roles/{pk}"):
            assert admin.delete(path).status_code == 409
            answer = admin.put(path, {"name": "Boss"})
            assert (answer.status_code, list(answer.json["errors"])) == (422, ["name"])

    def test_one_of_them_stays(self, any_app, admin):
        me, auditor = user(admin, "admin"), role(admin, "Auditor")
        for path in (f"{USERS}{me}", f"users/{me}"):
            assert admin.put(path, {"roles": [auditor]}).status_code == 409
        pk = role(admin, "Administrator")
        answer = admin.put(f"{ROLES}{pk}/users", {"user_ids": [user(admin, "ann")]})
        assert answer.status_code == 200, answer.text
        assert Api(any_app, "ann").get(USERS).status_code == 200
        assert admin.get(USERS).status_code == 403, "admin gave it away"

    def test_a_group_can_hold_the_role(self, any_app, admin):
        group = {"name": "Admins", "roles": [role(admin, "Administrator")], "users": [user(admin, "ann")]}
        assert admin.post(GROUPS, group).status_code == 201
        assert admin.put(f"{USERS}{user(admin, 'admin')}", {"roles": [role(admin, "Auditor")]}).status_code == 200
        ann = Api(any_app, "ann")
        q = {"filters": [{"col": "name", "opr": "eq", "value": "Admins"}]}
        answer = ann.get(GROUPS, q)
        assert answer.status_code == 200, answer.text
        pk = answer.json["result"][0]["id"]
        assert ann.put(f"{GROUPS}{pk}", {"users": []}).status_code == 409

    def test_a_role_that_somebody_has_is_not_deleted(self, admin):
        for path in (f"{ROLES}{role(admin, 'Salesperson')}", f"roles/{role(admin, 'Salesperson')}"):
            answer = admin.delete(path)
            assert answer.status_code == 409 and "2 users" in answer.json["message"]
        made = admin.post(ROLES, {"name": "Intern"}).json["id"]
        assert admin.delete(f"roles/{made}").status_code == 200


class TestFinding:
    @pytest.mark.parametrize("text", ["sales man", "销售经理", "xsjl"])
    def test_a_role_is_found_in_either_language(self, admin, text):
        found = admin.get(f"roles/pick?q={text}").json["result"]
        assert [row["label"] for row in found] == ["Sales manager"]

    @pytest.mark.parametrize("text", ["王伟", "ww", "wang", "wei"])
    def test_a_person_is_found_by_the_full_name(self, admin, text):
        found = admin.get(f"users/pick?q={text}").json["result"]
        assert "王伟" in [row["label"] for row in found]
