"""Every entity of the domains takes fields of the company's own, of every kind, wherever its own fields are."""

from __future__ import annotations

import pytest

from app.core import db
from app.core.custom_field import EXTENSIBLE
from app.core.web.view import views
from tests.core.test_custom import FIELDS, GIVEN, declare
from tests.meta.factory import make
from tests.meta.test_costs import FORM, LIST, RECORD
from tests.support.making import typed_in
from tests.support.sweep import swept


@pytest.mark.parametrize("resource", swept(sorted(EXTENSIBLE)))
def test_fields_of_ones_own_are_everywhere(resource, act, people, walk, statements):
    view, admin = views[resource], walk("admin")
    with act():
        keys = [make(view.model, people["ann"]) for _ in range(3)]
    declare(admin.api, resource, in_list=True)
    dealer = admin.api.add("customers", name="Dealer")["id"]
    written = admin.api.put(f"{resource}/{keys[0]}", {**GIVEN, "x_dealer": dealer})
    assert written.status_code == 200, written.text
    row = admin.api.get(f"{resource}/{keys[0]}").json["result"]
    assert {name: row[name] for name in GIVEN} == GIVEN
    assert row["x_dealer"]["id"] == dealer

    for name, value in {**GIVEN, "x_story": "second", "x_dealer": dealer}.items():
        operator = {"x_dealer": "rel_o_m", "x_story": "ct"}.get(name, "eq")
        answer = admin.api.get(f"{resource}/", {"filters": [{"col": name, "opr": operator, "value": value}]})
        assert answer.json.get("ids") == [keys[0]], (name, answer.text)
    offered = admin.api.get(f"{resource}/_info").json
    assert {f"x_{name}" for name in FIELDS} <= set(offered["filters"]) & {
        each["name"] for each in offered["edit_columns"]
    }

    paths = {
        f"/{resource}/list/?sort=-x_points": LIST,
        f"/{resource}/show/{keys[0]}": RECORD,
        **({f"/{resource}/add": FORM} if typed_in(view) else {}),
        f"/{resource}/edit/{keys[0]}": FORM + 1,  # the row that a link points at
    }
    for path, most in paths.items():
        admin.pages.get(path)
        with statements() as executed:
            page = admin.pages.get(path)
        assert page.status_code == 200
        assert "Deposit" in page.text, path
        assert len(executed) <= most, (path, executed)
    history = admin.pages.get(f"/{resource}/show/{keys[0]}").text
    assert "90,000,000,000,000.01" in history
    exported = admin.api.get(f"{resource}/export?format=csv")
    assert "SN-1" in exported.text
    exported.close()
    with act():
        assert db.session.get(view.model, keys[1]).custom is None
