"""What each role may do, over every way to change something: as the table of roles says; a refusal changes no byte."""

from __future__ import annotations

import io
from typing import Any

import pytest
import sqlalchemy as sa
from flask_appbuilder.security.sqla.models import Role, User

from app.core import db, identity
from app.core.fields import writable
from app.core.web.view import views
from app.security import ADMINISTRATOR, ROLES
from tests.meta.conftest import add_user
from tests.meta.factory import Making, make
from tests.support.making import typed_in

NOBODY = "(no role)"
WALKED_ALWAYS = {"Salesperson", "Auditor", ADMINISTRATOR, NOBODY}  # much, reading alone, everything, nothing
WALKED = {"post", "put", "delete", "act", "do", "import_", "add", "edit", "bulk", "bulk_edit", "comment", "uncomment"}
"""The methods of an entity's pages and API that change something, each of which the walk below comes to."""
NEEDS_MORE = {
    ("import-runs", "undo"): "the right to import into what the run wrote",
    ("employees", "handover"): "to lead the one who leaves",
}


def every_role() -> list[Any]:
    """Roles, and none, as a test's parameters: the walks of most are marked `sweep`."""
    return [role if role in WALKED_ALWAYS else pytest.param(role, marks=pytest.mark.sweep) for role in (*ROLES, NOBODY)]


@pytest.fixture
def clients(act, api, pages):
    """A client of the API and a browser of one user with the role; its id, permissions and CSRF token."""

    def enter(role: str) -> tuple[Any, Any, str, int]:
        with act():
            held = list(db.session.scalars(sa.select(Role).where(Role.name == role)))
            key = add_user("somebody", *held, department="Sales south")
        browser = pages("somebody")
        return api("somebody"), browser, browser.token(), key

    return enter


def texts(view: Any, owner: int) -> dict[str, str]:
    """What a form or call would say of a new row."""
    data = Making(view.model, owner, None).data(view.model)
    data.pop("owner", None)
    return {name: str(value) for name, value in data.items()}


def steps(view: Any) -> dict[str, Any]:
    """Transitions and actions by name."""
    flow = view.model.workflow
    return {each.name: each for each in (*(flow.transitions if flow else ()), *view.actions)}


@pytest.mark.parametrize("role", every_role())
def test_a_role_may_do_what_the_table_says_and_no_more(role, act, clients, snapshot):
    client, browser, token, who = clients(role)
    held = ROLES[role].pairs() if role in ROLES else set()
    with act():
        keys = {base: make(view.model, who) for base, view in views.items()}
        forms = {base: texts(view, who) for base, view in views.items() if typed_in(view)}
    before = snapshot()

    def refused(operation: str, base: str) -> bool:
        return (
            role != ADMINISTRATOR
            and (f"can_{operation.replace('-', '_')}", views[base].model.permission_key()) not in held
        )

    def check(answer: Any, operation: str, base: str, what: str, own_rule: bool = False) -> None:
        changed = before.changed()
        if answer.status_code >= 400:
            assert changed == [], (what, changed, answer.text)
        if refused(operation, base):
            assert answer.status_code in (403, 404), (what, answer.status_code, answer.text)
            assert answer.status_code == 403 or base in hidden, (what, answer.text)
        elif not own_rule:
            assert answer.status_code != 403, (what, answer.text)

    hidden: set[str] = set()
    with act("somebody"):
        for base, view in views.items():
            if db.session.scalars(sa.select(view.model.id).where(view.model.id == keys[base])).first() is None:
                hidden.add(base)

    def post(path: str, data: dict[str, Any]) -> Any:
        return browser.client.post(path, data={"csrf_token": token, **data})

    for base, view in views.items():
        key, operations = keys[base], view.operations()
        # Who may read it.
        for operation, path in (
            ("list", f"{base}/"),
            ("list", f"{base}/_info"),
            ("show", f"{base}/{key}"),
            ("export", f"{base}/export?format=csv"),
        ):
            answer = client.get(path)
            answer.close()
            if refused(operation, base):
                expected = {403, 404} if operation == "show" else {403}
                if path.endswith("_info"):
                    expected = {403} if all(refused(each, base) for each in operations) else {200}
                assert answer.status_code in expected, (path, answer.text)
            else:
                assert answer.status_code == 200, (path, answer.text)
        if "edit" in operations:
            field = next(
                (
                    name
                    for name, each in writable(view.model, identity.system()).items()
                    if each.kind in ("text", "longtext")
                ),
                None,
            )
            data = {field: "another"} if field else {}
            check(client.put(f"{base}/{key}", data), "edit", base, f"PUT {base}")
            check(post(f"/{base}/edit/{key}", {}), "edit", base, f"POST /{base}/edit")
            changing = {"ids": [key], "set": data}
            check(client.post(f"{base}/bulk-edit", changing), "edit", base, f"POST {base}/bulk-edit")
            check(post(f"/{base}/bulk-edit", {"ids": str(key)}), "edit", base, f"POST /{base}/bulk-edit")
        for name, step in steps(view).items():
            own_rule = getattr(step, "allowed", None) is not None or (base, name) in NEEDS_MORE
            check(client.post(f"{base}/{key}/{name}"), name, base, f"POST {base}/{name}", own_rule)
            check(post(f"/{base}/action/{name}/{key}", {}), name, base, f"POST /{base}/action/{name}", own_rule)
            check(post(f"/{base}/bulk/{name}", {"ids": str(key)}), name, base, f"POST /{base}/bulk/{name}", own_rule)
            check(client.post(f"{base}/bulk/{name}", {"ids": [key]}), name, base, f"POST {base}/bulk/{name}", own_rule)
        if "comment" in operations:
            answer = client.get(f"{base}/{key}/comments")
            assert answer.status_code == (
                200 if not refused("show", base) and base not in hidden else answer.status_code
            )
            assert answer.status_code in (200, 403, 404), (base, answer.text)
            check(client.post(f"{base}/{key}/comments", {"text": "x"}), "comment", base, f"POST {base}/comments")
            check(post(f"/{base}/comments/{key}", {"text": "x"}), "comment", base, f"POST /{base}/comments")
            gone = f"{key}/comments/987654"
            for answer in (client.delete(f"{base}/{gone}"), post(f"/{base}/comments/{key}/987654/delete", {})):
                assert answer.status_code in (403, 404), (base, answer.text)
                assert before.changed() == [], base
            if not refused("comment", base) and not refused("show", base) and base not in hidden:
                page = browser.get(f"/{base}/show/{key}").text
                assert 'id="comment-text"' in page and 'id="comments"' in page, base
        if view.model.workflow is not None and "cancel" in operations:
            # Read before the transitions above have cancelled it or after: it is told either way.
            for answer in (client.get(f"{base}/{key}/cancel-preview"), browser.get(f"/{base}/cancel/{key}")):
                expected = {403, 404} if refused("cancel", base) else {200}
                assert answer.status_code in expected, (base, answer.text)
        for action in view.resource_actions:
            # Without its fields: who may is told what is missing, who may not is not.
            check(client.post(f"{base}/{action.name}"), action.name, base, f"POST {base}/{action.name}")
            check(post(f"/{base}/do/{action.name}", {}), action.name, base, f"POST /{base}/do/{action.name}")
        for reading in view.readings:
            tail = f"/{key}" if reading.of_row else ""
            answers = client.get(f"{base}{tail}/{reading.name}"), browser.get(f"/{base}/look/{reading.name}{tail}")
            if refused(reading.operation, base) or any(refused("list", each) for each in reading.also):
                assert {answer.status_code for answer in answers} <= {403, 404}, (base, reading.name)
            elif (base, reading.name) not in NEEDS_MORE or role == ADMINISTRATOR:
                assert {answer.status_code for answer in answers} == {200}, (base, reading.name)
        if "import" in operations:
            upload = {"file": (io.BytesIO(b"nothing\n1\n"), "x.csv")}
            answer = client.client.post(
                f"/api/v1/{base}/import", data=upload, headers=client.headers, content_type="multipart/form-data"
            )
            check(answer, "import", base, f"POST {base}/import")
            check(post(f"/{base}/import", {}), "import", base, f"POST /{base}/import")
        if "delete" in operations:
            check(post(f"/{base}/bulk/delete", {"ids": "987654"}), "delete", base, f"POST /{base}/bulk/delete")
            check(client.delete(f"{base}/{key}"), "delete", base, f"DELETE {base}")
            check(post(f"/{base}/delete/{key}", {}), "delete", base, f"POST /{base}/delete")
        if typed_in(view):
            check(client.post(f"{base}/", forms[base]), "add", base, f"POST {base}")
            check(post(f"/{base}/add", forms[base]), "add", base, f"POST /{base}/add")
        # What the entity does not know, nobody can do.
        for operation, method, path in (
            ("add", "POST", f"{base}/"),
            ("edit", "PUT", f"{base}/{key}"),
            ("delete", "DELETE", f"{base}/{key}"),
            ("import", "POST", f"{base}/import"),
        ):
            if operation not in operations:
                assert client.request(method, path, {}).status_code in (403, 404, 405), (method, path)
                assert post(
                    f"/{base}/{operation}" + (f"/{key}" if operation in ("edit", "delete") else ""), {}
                ).status_code in (403, 404, 405)
                assert before.changed() == [], (method, path)


def test_a_change_is_noticed(act, snapshot, people):
    model = next(view.model for view in views.values() if "add" in view.operations())
    before = snapshot()
    assert before.changed() == []
    with act():
        make(model, people["ann"])
    assert {model.__tablename__, "audit_entries"} <= set(before.changed())
    assert before.changed() == []


def test_nobody_logged_in_reaches_nothing(app, act, people, snapshot):
    with act():
        keys = {base: make(view.model, people["ann"]) for base, view in views.items()}
    before = snapshot()
    client = app.test_client()
    for base, key in keys.items():
        for path in (
            f"/{base}/list/",
            f"/{base}/show/{key}",
            f"/{base}/add",
            f"/{base}/edit/{key}",
            f"/{base}/export",
            f"/{base}/pick",
            f"/{base}/import",
        ):
            answer = client.get(path)
            assert answer.status_code in (302, 404), path
            assert answer.status_code == 404 or answer.location.startswith("/login/"), path
        for method, path in (
            ("GET", ""),
            ("GET", f"{key}"),
            ("GET", "_info"),
            ("GET", "export"),
            ("GET", "pick"),
            ("POST", ""),
            ("PUT", f"{key}"),
            ("DELETE", f"{key}"),
            ("POST", f"{key}/submit"),
            ("POST", "import"),
            ("POST", "nonsense"),
            ("GET", "nonsense"),
            ("GET", f"{key}/nonsense"),
            *(("POST", action.name) for action in views[base].resource_actions),
            *(("GET", f"{key}/{each.name}" if each.of_row else each.name) for each in views[base].readings),
        ):
            answer = client.open(f"/api/v1/{base}/{path}", method=method, json={} if method != "GET" else None)
            assert answer.status_code in (400, 401, 404, 405), (method, base, path, answer.text)
    assert before.changed() == []
    assert client.get("/").status_code == 302


def test_every_route_is_somebodys(app):
    """Nothing is done by a GET, and none of Flask-AppBuilder's own pages for users is left."""
    routes = [str(rule) for rule in app.url_map.iter_rules()]
    assert [route for route in routes if route.startswith(("/userinfo", "/resetmypassword", "/users/userinfo"))] == []
    for rule in app.url_map.iter_rules():
        if any(word in str(rule) for word in ("/delete", "/action", "/bulk", "/logout", "/language")):
            assert "GET" not in (rule.methods or ()), str(rule)


def test_what_a_manager_takes_away_is_gone_at_once(act, api):
    """Grants are read on each request, not kept in the token."""
    client = api("ann")
    assert client.get("customers/").status_code == 200
    with act() as session:
        session.scalars(sa.select(User).where(User.username == "ann")).one().roles = []
    assert client.get("customers/").status_code == 403
