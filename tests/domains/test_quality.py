"""The quality of what is known of customers: each check is wrong, then mended, and the score rises with it."""

from __future__ import annotations

from datetime import timedelta

import pytest

from app.core import clock, crud, db
from app.domains.crm import quality
from app.domains.crm.models import Contact, Customer
from tests.app_fixtures import Api

WHOLE = {
    "name": "Beijing Tech",
    "level": "A",
    "industry": "Tools",
    "region": "Beijing",
    "source": "Fair",
    "address": "1 East Road",
    "phone": "010-8888 1234",
    "email": "a@beijing.example.com",
    "status": "active",
    "tax_number": "91110000600037341L",
}


def make(company, **fields) -> int:
    row = crud.create(Customer, WHOLE | fields)
    row.last_contact_on = clock.today()
    crud.create(Contact, {"customer": row.id, "name": "Zhang", "mobile": "13800000001"})
    db.session.flush()
    return row.id


def faults() -> dict[str, int]:
    db.session.flush()
    (own,) = quality.by_owner()
    return {name: count for name, count in own.faults.items() if count}


def score() -> int:
    return quality.by_owner()[0].score


def test_a_whole_customer_has_nothing_to_mend(company):
    with company.acting("Ann"):
        make(company)
        assert (faults(), score()) == ({}, 100)


@pytest.mark.parametrize(
    ("check", "spoil", "mend"),
    [
        ("lacks_class", {"industry": None}, {"industry": "Tools"}),
        ("lacks_address", {"address": None}, {"address": "2 East Road"}),
        ("lacks_tax_number", {"tax_number": None}, {"tax_number": "91110000600037341L"}),
        ("lacks_tax_number", {"tax_number": None}, {"status": "potential"}),
        ("doubtful_phone", {"phone": "123 4567"}, {"phone": "010-8888 1234"}),
        ("doubtful_phone", {"phone": "4711-0815"}, {"phone": None}),
    ],
)
def test_what_is_wrong_is_counted_until_it_is_mended(company, check, spoil, mend):
    with company.acting("Ann"):
        row = crud.fetch(Customer, make(company))
        crud.update(row, spoil)
        assert faults() == {check: 1}
        before = score()
        crud.update(row, mend)
        assert (faults(), score()) == ({}, 100) and before < 100


def test_who_cannot_be_reached(company):
    with company.acting("Ann"):
        row = crud.fetch(Customer, make(company, phone=None, email=None))
        assert faults() == {}  # by the contact
        (contact,) = db.session.query(Contact).all()
        crud.update(contact, {"mobile": None})
        assert faults() == {"unreachable": 1}
        crud.delete(contact)
        assert faults() == {"unreachable": 1, "lacks_contact": 1}
        crud.update(row, {"kind": "person", "email": "a@b.example.com"})
        assert faults() == {}


def test_who_has_not_been_heard_of_for_long(company):
    with company.acting("Ann"):
        row = crud.fetch(Customer, make(company))
        with clock.stopped(clock.now() + quality.STALE_AFTER):
            assert faults() == {}
        with clock.stopped(clock.now() + quality.STALE_AFTER + timedelta(days=1)):
            assert faults() == {"out_of_touch": 1}
            crud.update(row, {"status": "dormant"})
            assert faults() == {}


def test_two_that_look_the_same(company):
    with company.acting("Ann"):
        make(company)
        second = crud.fetch(
            Customer,
            make(company, name="ＢＥＩＪＩＮＧ tech Ltd.", phone=None, email="b@b.example.com", tax_number="X123456"),
        )
        crud.update(db.session.query(Contact).order_by(Contact.id.desc()).first(), {"mobile": "13900000009"})
        assert faults() == {"looks_double": 2}
        crud.update(second, {"name": "Beijing Textiles"})
        assert faults() == {}


def test_each_figure_leads_to_its_rows_and_nobody_sees_more_than_their_own(app):
    ann, cleo, bob, keeper = (Api(app, name) for name in ("ann", "cleo", "bob", "wei"))
    for who, names in ((ann, ("One", "Two")), (cleo, ("Three",))):
        for name in names:
            who.add("customers", name=name, level="A")
    told = ann.get("customers/quality").json
    (mine,) = told["result"]
    assert (mine["name"], mine["customers"], mine["unreachable"], told["to_mend"]) == ("Ann Lee", 2, 2, 8)
    assert 0 < mine["score"] < 100
    assert [row["name"] for row in bob.get("customers/quality").json["result"]] == ["Ann Lee"]
    found = ann.get("customers/", {"filters": [{"col": "unreachable", "opr": "eq", "value": True}]}).json
    assert found["count"] == 2
    # Who may not see phones is not told who has none.
    assert "unreachable" not in keeper.get("customers/quality").json["result"][0]
    refused = keeper.get("customers/", {"filters": [{"col": "unreachable", "opr": "eq", "value": True}]})
    assert refused.status_code == 400
