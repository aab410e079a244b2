"""A field that needs a grant does not exist for whoever lacks it: in no list, record, form, file, filter, order, call
or history.
"""

from __future__ import annotations

import re
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

import pytest
import sqlalchemy as sa
from flask_appbuilder.security.sqla.models import Permission, PermissionView, Role, ViewMenu

from app.core import crud, db, identity
from app.core.document import line_model
from app.core.entity import registry
from app.core.fields import fields_of
from app.core.web.view import views
from tests.meta.conftest import Walker, add_user
from tests.meta.factory import make
from tests.meta.test_scope import CANARY, contents

NUMBER = Decimal("7654")


def guarded(model: Any) -> dict[str, Any]:
    """The fields of ``model`` that need a grant."""
    return {name: field for name, field in fields_of(model).items() if field.needs} if model is not None else {}


WITH_GRANTS = sorted(name for name, view in views.items() if guarded(view.model) or guarded(line_model(view.model)))


@pytest.fixture
def ivy(act, pages, api) -> Walker:
    """Somebody who may do everything to every entity and sees every row, but lacks the grants on fields."""
    with act() as session:
        keys = [view.model.permission_key() for view in views.values() if view.model.resource != "audit-entries"]
        wanted = sa.select(PermissionView).join(Permission).join(ViewMenu)
        role = Role(name="Everything but details")
        reach = Permission.name.in_((identity.SEE_ALL, identity.CHANGE_ALL, identity.ASSIGN))
        role.permissions = list(session.scalars(wanted.where(sa.or_(ViewMenu.name.in_(keys), reach))).unique())
        session.add(role)
        add_user("ivy", role, department="Sales south")
    return Walker(pages, api, "ivy")


def secret(field: Any, number: int) -> Any:
    """A value of ``field`` that can be recognized."""
    if field.kind == "phone":
        return str(NUMBER)
    if field.kind in ("text", "longtext", "code"):
        return f"{CANARY} {number}"
    if field.kind == "email":
        return f"{CANARY}@example.com"
    if field.kind == "url":
        return f"https://{CANARY}.example.com"
    if field.kind in ("decimal", "integer"):
        return (
            NUMBER
            if field.column.type.__class__.__name__ != "Fraction" and field.name not in ("latitude", "longitude")
            else Decimal(1)
        )
    return None


def shows(answer: Any) -> bool:
    """Whether a guarded value stands in an answer: the number as one of its own, not within a moment's or a token's."""
    text = contents(answer)
    return CANARY.lower() in text.lower() or re.search(r"(?<![\w.-])7,?654(?![\w-])", text) is not None


def test_a_guarded_number_is_seen_where_it_stands():
    def answer(text: str) -> Any:
        return SimpleNamespace(data=text.encode(), text=text)

    assert all(shows(answer(text)) for text in ('"cost":"7654.000000"', "<v>7654</v>", "¥7,654.00", f"a {CANARY} b"))
    assert not shows(answer('"2026-11-24T10:00:07.765412+00:00" value="Im7654a.b7654"'))


@pytest.mark.parametrize("resource", WITH_GRANTS)
def test_it_does_not_exist_for_whoever_lacks_the_grant(resource, act, ivy):
    view = views[resource]
    model, kind = view.model, line_model(view.model)
    names, line_names = guarded(model), guarded(kind)
    with act():
        said = {
            name: secret(field, 1)
            for name, field in names.items()
            if not field.readonly and secret(field, 1) is not None
        }
        said.pop("min_price", None)  # may not exceed the price; covered by being absent
        if model.read_only:
            said = {names[name].attribute: value for name, value in said.items()}
        key = make(model, None, None, **said)
        row = db.session.get(model, key)
        if kind is not None and line_names:
            for line in row.lines:
                for field in (each for each in line_names.values() if each.stored):
                    setattr(line, field.attribute, secret(field, 2))
        if not model.read_only:
            row.version += 1
            for field in names.values():
                if field.kind in ("text", "longtext") and not field.readonly:
                    setattr(row, field.attribute, f"{CANARY} then")
                if field.readonly and field.kind == "decimal" and field.stored:
                    setattr(row, field.attribute, NUMBER)
    for path in (
        f"/{resource}/list/",
        f"/{resource}/show/{key}",
        f"/{resource}/export?format=csv",
        f"/{resource}/export?format=xlsx",
        f"/api/v1/{resource}/",
        f"/api/v1/{resource}/{key}",
        f"/api/v1/{resource}/export?format=csv",
        f"/api/v1/{resource}/pick",
        f"/{resource}/list/?q={CANARY[1:]}",
    ):
        answer = ivy.call("GET", path)
        assert answer.status_code == 200, path
        assert not shows(answer), path
    if not model.read_only:
        answer = ivy.call("GET", f"/{resource}/edit/{key}")
        assert answer.status_code in (200, 409) and not shows(answer)
    listed = ivy.api.get(f"{resource}/").json
    one = ivy.api.get(f"{resource}/{key}").json["result"]
    info = ivy.api.get(f"{resource}/_info").json
    for name in names:
        assert (
            name not in listed["list_columns"]
            and name not in listed["result"][0]
            and name not in listed["order_columns"]
        ), name
        assert name not in one, name
        assert name not in info["filters"] and name not in [each["name"] for each in info["add_columns"]], name
        for operator in ("eq", "ct", "gt", "nempty"):
            assert (
                ivy.api.get(f"{resource}/", {"filters": [{"col": name, "opr": operator, "value": "1"}]}).status_code
                == 400
            ), name
        assert ivy.api.get(f"{resource}/", {"order_column": name, "order_direction": "asc"}).status_code == 400, name
        page = ivy.call("GET", f"/{resource}/list/?f={name}:nempty:&sort={name}")
        assert page.status_code == 200 and not shows(page), name
        if "edit" in view.operations():
            assert ivy.api.put(f"{resource}/{key}", {name: "1"}).status_code in (409, 422), name
    for line in one.get("lines", []):
        assert not set(line_names) & set(line)


@pytest.mark.parametrize("resource", sorted(registry))
def test_nothing_guarded_is_searched(resource):
    """A picker and a list's search look into a text that everyone who sees the row may find it by."""
    assert not set(registry[resource].searched) & set(guarded(registry[resource]))


@pytest.mark.parametrize("resource", WITH_GRANTS)
def test_a_change_of_it_is_kept_when_somebody_without_the_grant_saves(resource, act, ivy):
    """Over the page, whose form does not know the field."""
    view = views[resource]
    if "edit" not in view.operations():
        return
    with act():
        key = make(view.model)
        row = db.session.get(view.model, key)
        kept = {name: getattr(row, field.attribute) for name, field in guarded(view.model).items() if field.stored}
        kept_lines = [
            {name: getattr(line, field.attribute) for name, field in guarded(line_model(view.model)).items()}
            for line in getattr(row, "lines", None) or []
        ]
    page = ivy.call("GET", f"/{resource}/edit/{key}").text
    posted = dict(re.findall(r'<(?:input|select)[^>]*name="([^"]+)"[^>]*value="([^"]*)"', page))
    posted = {
        name: value
        for name, value in posted.items()
        if "__index__" not in name and not name.endswith("-delete") and name not in ("next", "locale", "q")
    }
    answer = ivy.call("POST", f"/{resource}/edit/{key}", posted)
    with act():
        row = crud.fetch(view.model, key)
        assert {name: getattr(row, fields_of(view.model)[name].attribute) for name in kept} == kept, answer.text
        assert [
            {name: getattr(line, fields_of(line_model(view.model))[name].attribute) for name in each}
            for line, each in zip(getattr(row, "lines", None) or [], kept_lines, strict=True)
        ] == kept_lines
