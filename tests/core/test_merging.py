"""Two customers that are one become one: everything that hung on the other comes along, and one undo puts it all back."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from app.core import crud, db, match_keys, merging, remarks
from app.core.audit import AuditEntry
from app.core.entity import User, registry
from app.core.errors import Invalid, NotPermitted
from app.core.exchange.models import ImportRun
from app.core.exchange.undo import undo
from app.domains.crm.models import Contact, Customer, CustomerShare, CustomerTransfer
from app.domains.library.models import File


def user_id(name: str) -> int:
    return db.session.scalars(sa.select(User.id).where(User.username == name)).one()


@pytest.fixture
def two(act) -> tuple[int, int]:
    """Bob's two customers, with what hangs on each."""
    with act("bob"):
        one = crud.create(
            Customer, {"name": "Bright Tea", "phone": "010-62751234", "note": "Pays late", "tags": ["big"]}
        )
        two = crud.create(
            Customer,
            {
                "name": "Bright Tea Ltd",
                "email": "t@bright.cn",
                "note": "Likes tea",
                "tags": ["Big", "old"],
                "level": "A",
            },
        )
        crud.create(Contact, {"customer": one.id, "name": "Kim", "mobile": "13800138000"})
        crud.create(Contact, {"customer": one.id, "name": "Lee", "mobile": "13800138001"})
        crud.create(Contact, {"customer": two.id, "name": "Moe", "wechat": "moe"})
        crud.create(Contact, {"customer": two.id, "name": "Kim", "job_title": "Buyer"})
        crud.create(Contact, {"customer": two.id, "name": "Lee", "mobile": "13900139000"})
        crud.create(CustomerShare, {"customer": one.id, "user": user_id("cleo"), "until": "2099-01-01"})
        crud.create(
            CustomerShare, {"customer": two.id, "user": user_id("cleo"), "access": "write", "until": "2098-01-01"}
        )
        crud.create(CustomerShare, {"customer": two.id, "user": user_id("wei")})
        remarks.add(two, "They moved")
        crud.create(File, {"title": "Offer", "record": f"customers/{two.id}"})
        return one.id, two.id


def everything() -> dict[str, list[tuple]]:
    """All that a merge may touch, as it is, besides versions and who changed it last."""
    found = {}
    names = ("customers", "contacts", "customer_shares", "remarks", "taggings", "match_keys", "files")
    for name in names:
        table = db.db.metadata.tables[name]
        columns = [each for each in table.c if each.name not in ("version", "changed_on", "changed_by_id")]
        if name in ("taggings", "match_keys"):
            columns = [each for each in columns if each.name != "id"]
        rows = db.session.connection().execute(sa.select(*columns)).all()
        found[name] = sorted(tuple(str(value) for value in row) for row in rows)
    return found


class TestMerging:
    def test_everything_moves_and_nothing_is_lost(self, two, act):
        one, other = two
        with act("bob"):
            row = crud.fetch(Customer, one, lock=True)
            done = merging.merge(row, other, {"name": "other"})
            assert (row.name, row.phone, row.email, row.level) == ("Bright Tea Ltd", "010-62751234", "t@bright.cn", "A")
            assert row.note == "Pays late\n\nLikes tea"
            assert [tag.name for tag in row.tags] == ["big", "old"]
            assert db.session.get(Customer, other) is None
            contacts = db.session.scalars(sa.select(Contact).order_by(Contact.name, Contact.id)).all()
            assert [(each.name, each.customer_id, each.is_primary) for each in contacts] == [
                ("Kim", one, True),
                ("Lee", one, False),
                ("Lee", one, False),  # with another number: somebody else, for all we know
                ("Moe", one, False),
            ]
            assert (contacts[0].mobile, contacts[0].job_title) == ("13800138000", "Buyer")
            shares = db.session.scalars(sa.select(CustomerShare).order_by(CustomerShare.id))
            assert [(each.user.username, each.access, str(each.until)) for each in shares] == [
                ("cleo", "write", "2099-01-01"),
                ("wei", "read", "None"),
            ]
            assert [each.text for each in remarks.of(row)[0]] == ["They moved"]
            paper = db.session.scalars(sa.select(File)).one()
            assert (paper.record, paper.record_id, paper.customer_id) == (f"customers/{one}", one, one)
            (came,) = db.session.scalars(sa.select(CustomerTransfer).where(CustomerTransfer.kind == "merge"))
            assert (came.customer_id, came.reason) == (one, "C00002 Bright Tea Ltd into C00001 Bright Tea")
            assert done.united == 2 and str(done.run).startswith("Merged: ")
            keys = match_keys.KEYS
            assert set(db.session.connection().execute(sa.select(keys.c.row_id)).scalars()) == {one}
        with act(None):
            told = sa.select(AuditEntry.action, AuditEntry.comment).where(
                AuditEntry.record.in_([f"customers/{one}", f"customers/{other}"]), AuditEntry.comment.is_not(None)
            )
            entries = dict(db.session.execute(told).tuples().all())
            assert "C00002 Bright Tea Ltd into C00001 Bright Tea" in entries["merge"]
            assert "C00002 Bright Tea Ltd into C00001 Bright Tea" in entries["delete"]

    def test_one_undo_puts_all_of_it_back(self, two, act):
        with act("bob"):
            before = everything()
        with act("bob"):
            run_id = merging.merge(crud.fetch(Customer, two[0], lock=True), two[1], {"name": "other"}).run.id
            assert everything() != before
            assert merging.followed(Customer, two[1]) == two[0]
        with act("bob"):
            outcome = undo(crud.fetch(ImportRun, run_id, lock=True))
            assert outcome.kept == []
        with act("bob"):
            assert everything() == before
            assert merging.followed(Customer, two[1]) is None

    def test_the_code_of_the_other_may_be_kept_and_given_back(self, two, act):
        with act("bob"):
            run_id = merging.merge(crud.fetch(Customer, two[0], lock=True), two[1], {"code": "other"}).run.id
            assert crud.fetch(Customer, two[0]).code == "C00002"
        with act("bob"):
            undo(crud.fetch(ImportRun, run_id, lock=True))
            codes = db.session.execute(sa.select(Customer.id, Customer.code).order_by(Customer.id)).all()
            assert [tuple(each) for each in codes] == [(two[0], "C00001"), (two[1], "C00002")]

    def test_links_of_fields_that_a_company_added(self, two, act):
        with act(None):
            crud.create(
                registry["custom-fields"],
                {"resource": "contacts", "label": "Agent", "kind": "link", "points_at": "customers", "for_all": True},
            )
        with act("bob"):
            (field,) = [each for each in crud.writable(Contact).values() if each.attribute.startswith("custom_")]
            third = crud.create(Customer, {"name": "Third"})
            crud.create(Contact, {"customer": third.id, "name": "Pat", field.name: two[1]})
            run_id = merging.merge(crud.fetch(Customer, two[0], lock=True), two[1]).run.id
            pat = db.session.scalars(sa.select(Contact).where(Contact.name == "Pat")).one()
            assert getattr(pat, field.attribute) == two[0]
        with act("bob"):
            undo(crud.fetch(ImportRun, run_id, lock=True))
            pat = db.session.scalars(sa.select(Contact).where(Contact.name == "Pat")).one()
            assert getattr(pat, field.attribute) == two[1]


class TestRefusals:
    def test_what_makes_no_sense(self, two, act):
        with act("bob"):
            row = crud.fetch(Customer, two[0], lock=True)
            for other, take, field in (
                (two[0], {}, "other"),
                (987_654, {}, "other"),
                (None, {}, "other"),
                (two[1], {"nonsense": "this"}, "nonsense"),
                (two[1], {"name": "mine"}, "name"),
                (two[1], {"name": "both"}, "name"),
            ):
                with pytest.raises(Invalid) as refused:
                    merging.merge(row, other, take)
                assert list(refused.value.errors) == [field]

    def test_both_must_be_ones_own(self, two, act):
        with act("ann"):
            mine = crud.create(Customer, {"name": "Bright Tea"}).id
        with act("wei"), pytest.raises(NotPermitted):
            merging.merge(crud.fetch(Customer, two[0], lock=True), two[1])
        with act(None):
            crud.create(CustomerShare, {"customer": two[1], "user": user_id("ann"), "access": "read"})
        with act("ann"), pytest.raises(NotPermitted, match="Both must be yours"):
            merging.merge(crud.fetch(Customer, mine, lock=True), two[1])
