"""However a statement comes to rows, it comes to those alone that its actor sees."""

from __future__ import annotations

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import aliased, joinedload, selectinload

import app.models  # noqa: F401 (every model)
from app.core import crud, db, entity, identity, scope_loading
from app.core.users import User
from app.domains.crm.models import Contact, Customer
from app.domains.crm.models import Opportunity as Deal
from tests.meta.factory import make


@pytest.fixture
def hers(act):
    """A customer of Ann's and one of Cleo's; Cleo has a contact at hers, and once had one at Ann's."""
    with act() as session:
        ids = {user.username: user.id for user in session.scalars(sa.select(User)).unique()}
        found = {
            name: crud.create(Customer, {"name": f"{name} Ltd", "owner": ids[name]}).id for name in ("ann", "cleo")
        }
        for name, key in found.items():
            crud.create(Contact, {"name": f"Of {name}", "customer": key})
    return found


Other, Inner = aliased(Customer), sa.select(Customer.id).where(Customer.name.like("%Ltd")).subquery()
STATEMENTS = {
    "rows": sa.select(Customer.name),
    "an alias": sa.select(Other.name),
    "a join": sa.select(Customer.name).select_from(Contact).join(Contact.customer),
    "a join of a core table": sa.select(Customer.name).join(
        Contact.__table__, Contact.__table__.c.customer_id == Customer.id
    ),
    "a relationship's test": sa.select(Contact.name).where(Contact.customer.has(Customer.name.like("%Ltd"))),
    "a subquery": sa.select(Customer.name).where(Customer.id.in_(sa.select(Contact.customer_id))),
    "rows of a subquery": sa.select(Inner.c.id),
    "a scalar subquery": sa.select(sa.select(sa.func.max(Customer.name)).scalar_subquery()),
    "a union": sa.union_all(
        sa.select(Customer.name).where(Customer.id < 0), sa.select(Customer.name).where(Customer.id > 0)
    ),
    "a function of it": sa.select(sa.func.group_concat(Customer.name)),
    "a CTE": sa.select(sa.select(Customer.name).cte().c.name),
}


@pytest.mark.parametrize("form", STATEMENTS)
def test_a_statement_in_any_form(form, hers, act):
    for who, count in ((None, 2), ("cleo", 1)):
        with act(who) as session:
            found = [str(value) for value in session.scalars(STATEMENTS[form])]
            assert found, form
            joined = "".join(found)
            if form == "rows of a subquery":
                assert (str(hers["ann"]) in found) == (who is None)
            elif form == "a scalar subquery":
                assert joined == "cleo Ltd"
            else:
                assert ("ann" in joined) == (who is None) and "cleo" in joined, (form, found)
                assert len(found) == count or "function" in form


@pytest.mark.parametrize("way", ["joined", "selectin", "lazy"])
def test_what_is_loaded_along_a_relationship(way, hers, act):
    options = {"joined": [joinedload(Customer.owner)], "selectin": [selectinload(Customer.owner)], "lazy": []}[way]
    with act("cleo") as session:
        assert [row.owner.username for row in session.scalars(sa.select(Customer).options(*options))] == ["cleo"]
    options = {"joined": [joinedload(Deal.customer)], "selectin": [selectinload(Deal.customer)], "lazy": []}[way]
    with act() as session:
        # Cleo's deal with a customer that she no longer sees.
        cleo = session.scalars(sa.select(User.id).where(User.username == "cleo")).one()
        deal, table = make(Deal, None, None, customer=hers["ann"]), Deal.__table__
        session.connection().execute(sa.update(table).where(table.c.id == deal).values(owner_id=cleo))
    with act("cleo") as session:
        row = session.scalars(sa.select(Deal).options(*options)).one()
        assert row.customer is None
        session.expire(row)
        assert row.customer is None
    with act() as session:
        assert session.scalars(sa.select(Deal).options(*options)).one().customer.name == "ann Ltd"


def test_changing_and_deleting(hers, act):
    with act("cleo") as session:
        assert session.execute(sa.update(Customer).values(short_name="x")).rowcount == 1
        assert session.execute(sa.delete(Contact)).rowcount == 1


def test_what_the_look_misses_is_not_shown(hers, act, monkeypatch):
    """And is shown when it is not missed."""
    with act("cleo") as session:
        assert len(session.scalars(sa.select(Customer)).all()) == 1
        assert session.scalars(sa.select(Contact).options(joinedload(Contact.customer))).one().customer is not None
        session.expunge_all()
        monkeypatch.setattr(scope_loading, "_tables", lambda statement: iter(["contacts"]))
        assert session.scalars(sa.select(Customer)).all() == []
        assert session.scalar(sa.select(sa.func.count()).select_from(Customer)) == 0
        assert session.scalars(sa.select(Contact)).one().customer is None


def test_a_statement_brings_what_it_needs_and_no_more(hers, act):
    """One criterion for each model that it reads, another that shuts out the rest."""
    with act("cleo"):
        actor = identity.require()
        statement = sa.select(Contact).options(joinedload(Contact.customer))
        assert len(scope_loading.options(statement, actor, entity.scoped)) == 3
        assert len(scope_loading.options(sa.select(User), actor, entity.scoped)) == 1
        assert db.session.scalars(sa.select(User.username).where(User.username == "ann")).all() == ["ann"]


def test_many_rows_are_not_updated_by_their_keys(hers, act):
    """SQLAlchemy gives such an update no criteria."""
    with act("cleo") as session, pytest.raises(RuntimeError, match="not scoped"):
        session.execute(sa.update(Customer), [{"id": hers["ann"], "short_name": "mine"}])
