"""What SQLite forgives and PostgreSQL does not: every list, record, form, condition and order of every entity there too, and nasty values."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from app.core import identity
from app.core.entity import User
from app.core.fields import writable
from app.core.web import query
from app.core.web.view import views
from tests.app_fixtures import Api, Pages, acting
from tests.meta.conftest import EVERY_OPERATION, Walker, every_operation
from tests.meta.factory import make
from tests.meta.test_fuzz import MAKERS, NASTY, fields_of_each_kind, named, send
from tests.meta.test_scope import conditions
from tests.support.sweep import one_of_each_kind


def walker(app, name: str) -> Walker:
    return Walker(lambda who: Pages(app, who), lambda who: Api(app, who), name)


@pytest.fixture
def keys(postgres_app) -> dict[str, int]:
    """A row of each entity, Bob's, who may do everything."""
    with acting(postgres_app) as session:
        role = every_operation()
        bob = session.scalars(sa.select(User).where(User.username == "bob")).one()
        bob.roles = [*bob.roles, role]
        assert role.name == EVERY_OPERATION
        return {base: make(view.model, bob.id) for base, view in views.items()}


def walks(resources: list[str]) -> pytest.MarkDecorator:
    """One walk over one of each kind of ``resources``, one over the others."""
    some = [name for name in resources if name in one_of_each_kind()]
    others = pytest.param([name for name in resources if name not in some], marks=pytest.mark.sweep)
    return pytest.mark.parametrize("resources", [some, others], ids=["one-of-each-kind", "the-others"])


@pytest.mark.timeout(600)  # every page of every entity
@walks(sorted(views))
def test_every_page_condition_and_order(resources, postgres_app, keys):
    bob = walker(postgres_app, "bob")
    crashed, seen = [], set()
    for base in resources:
        view = views[base]
        with identity.acting_as(identity.system()):
            fields, sorts = query.filterable(view.model), query.sortable(view.model)
        paths = [f"/{base}/list/?q=x", f"/{base}/show/{keys[base]}", f"/{base}/pick?q=x", f"/{base}/export?format=csv"]
        paths += [f"/api/v1/{base}/{keys[base]}", f"/{base}/edit/{keys[base]}", f"/{base}/add"]
        paths += [f"/api/v1/{base}/?q=(order_column:{name},order_direction:asc)" for name in sorts]
        for name, operator, value in conditions(fields, keys[base]):
            kind = (fields[name].kind, fields[name].scale, operator)
            if kind not in seen:  # one condition is as another of its kind
                seen.add(kind)
                paths.append(f"/api/v1/{base}/?q=(filters:!((col:{name},opr:{operator},value:'{value}')))")
        crashed += [path for path in paths if bob.call("GET", path).status_code >= 500]
    assert crashed == []


@walks(MAKERS)
def test_nasty_values(resources, postgres_app, keys):
    admin = walker(postgres_app, "admin")
    crashed = []
    seen = set()
    for base in resources:
        fields = writable(views[base].model, identity.system())
        for name in fields_of_each_kind(fields):
            kind = (fields[name].kind, fields[name].scale)
            for value in NASTY if kind not in seen else NASTY[:1]:
                answer = send(admin, "PUT", f"{base}/{keys[base]}", {name: value})
                if answer.status_code >= 500:
                    crashed.append((base, name, named(value)))
                elif answer.status_code == 200 and admin.call("GET", f"/{base}/show/{keys[base]}").status_code >= 500:
                    crashed.append((base, name, named(value), "shown"))
            seen.add(kind)
    assert crashed == []


def test_nasty_values_to_find_by(postgres_app, keys):
    admin = walker(postgres_app, "admin")
    crashed = []
    for value in NASTY:
        if isinstance(value, float) or value == "\ud800":
            continue
        for name in (
            "name",
            "code",
            "status",
            "payment_days",
            "credit_limit",
            "owner",
            "created_on",
            "next_contact_on",
        ):
            asked = {"filters": [{"col": name, "opr": "eq", "value": value}], "search": value}
            if admin.api.get("customers/", asked).status_code >= 500:
                crashed.append(("filter", name, named(value)))
    assert crashed == []


def test_a_duplicate_names_its_fields(postgres_app, keys):
    admin = walker(postgres_app, "admin").api
    admin.add("customers", name="x", code="K1")
    other = admin.add("customers", name="y", code="K2")["id"]
    for answer in (
        admin.post("customers/", {"name": "z", "code": "K1"}),
        admin.put(f"customers/{other}", {"code": "K1"}),
    ):
        assert answer.status_code == 422
        assert answer.json["errors"] == {"code": ["There is one with this value already."]}
    product = {"name": "x", "spec": "1", "unit": keys["units"], "tax_rate": "0.13", "list_price": "1"}
    admin.add("products", **product)
    assert set(admin.post("products/", product).json["errors"]) == {"name", "spec"}
