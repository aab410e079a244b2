"""Every route of the URL map that changes something: walked by every role, and no refusal changes a byte.

The routes of entities are walked with each entity in test_permissions; here it is made sure that none is forgotten, and the
others (accounts, roles, log-in, one's own settings) are walked.
"""

from __future__ import annotations

import pytest
import sqlalchemy as sa
from flask import Flask
from flask_appbuilder.security.sqla.models import Role, User

from app.core import db
from app.core.web.view import views
from tests.meta.conftest import add_user
from tests.meta.test_permissions import WALKED, every_role

CHANGING = {"POST", "PUT", "PATCH", "DELETE"}
OWN = {  # what everyone may do: to come, to go, and what concerns themselves alone
    "LoginView.login",
    "LoginView.logout",
    "SecurityApi.login",
    "AccountView.language",
    "AccountView.password",
    "AccountView.time_zone",
    "NoticeChoicesView.choices",
    "MenuView.star",
    "HomeView.arrange",
    "PreviewView.stop",
}
LAST = ("PreviewView.begin", "PreviewView.stop", "LoginView.logout")  # from here the browser is somebody else's


def changing(app: Flask) -> list[tuple[str, str, str]]:
    """(endpoint, method, address with {pk}) of every route that changes something."""
    found = []
    for rule in app.url_map.iter_rules():
        address = "".join("{pk}" if is_dynamic else text for is_dynamic, text in rule._trace if text != "|")
        found += [(rule.endpoint, method, address) for method in sorted((rule.methods or set()) & CHANGING)]
    return sorted(found)


def of_entities(app: Flask) -> dict[str, str]:
    """The endpoints that views make, each with the name of its method."""
    classes = {f"{view.model.__name__}{kind}" for view in views.values() for kind in ("Pages", "Api")}
    return {
        endpoint: endpoint.partition(".")[2]
        for endpoint, _method, _address in changing(app)
        if endpoint.partition(".")[0] in classes
    }


def test_every_way_to_change_an_entity_is_walked(app):
    found = of_entities(app)
    assert set(found.values()) - WALKED == set(), "walk it in test_permissions for every entity and role"
    assert WALKED - set(found.values()) == set()


@pytest.mark.parametrize("role", every_role())
def test_a_refusal_by_any_other_route_changes_nothing(role, app, act, api, pages, snapshot):
    with act() as session:
        held = list(session.scalars(sa.select(Role).where(Role.name == role)))
        add_user("somebody", *held)
        ids = {
            "roles": session.scalars(sa.select(Role.id).where(Role.name == "Marketer")).one(),
            "users": session.scalars(sa.select(User.id).where(User.username == "cleo")).one(),
        }
    client, browser = api("somebody"), pages("somebody")
    token = browser.token()
    before = snapshot()
    entities = of_entities(app)
    others = [each for each in changing(app) if each[0] not in entities]
    others.sort(key=lambda each: (LAST.index(each[0]) if each[0] in LAST else -1, each[1] == "DELETE", each))
    told: dict[int, list[str]] = {}
    for endpoint, method, address in others:
        for key in (ids["roles"] if "role" in address else ids["users"], 987_654):
            for body in ({}, {"nonsense": "1", "permission_view_menu_ids": ["x"], "user_ids": ["x"]}):
                path = address.replace("{pk}", str(key))
                if path.startswith("/api/v1/"):
                    answer = client.request(method, path.removeprefix("/api/v1/"), body)
                else:
                    answer = browser.client.open(path, method=method, data={"csrf_token": token, **body})
                changed = before.changed()
                assert answer.status_code < 500, (method, path, answer.text)
                if answer.status_code >= 400:
                    assert changed == [], (method, path, answer.status_code, changed)
                elif role != "Administrator":
                    assert endpoint in OWN, (method, path, answer.text)
                told.setdefault(answer.status_code // 100, []).append(path)
    assert told.get(4), "nothing was refused: the walk is none"
    with act():
        assert db.session.get(User, ids["users"]) is not None
