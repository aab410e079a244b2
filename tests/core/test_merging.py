"""Two customers that are one become one: everything that hung on the other comes along, and one undo puts it all back."""

from __future__ import annotations

import threading
import time

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
from tests.app_fixtures import Api, acting


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

    def test_what_stands_in_a_table_between_two_comes_along_and_goes_back(self, act):
        def pairs(name: str) -> set[tuple]:
            return set(map(tuple, db.session.connection().execute(sa.select(db.db.metadata.tables[name]))))

        with act(None):
            piece = crud.create(registry["units"], {"name": "piece", "decimals": 0}).id
            tea, mate = (
                crud.create(
                    registry["products"], {"code": code, "name": code, "unit": piece, "list_price": "1", "tax_rate": 0}
                ).id
                for code in ("Tea", "Mate")
            )
            stage = crud.create(registry["stages"], {"name": "First", "position": 1}).id
            tick = crud.create(registry["stage-criteria"], {"stage": stage, "name": "Budget", "kind": "manual"}).id
            customer = crud.create(Customer, {"name": "Acme"}).id
            deal = {"customer": customer, "owner": user_id("ann"), "amount": "1", "expected_close_on": "2099-01-01"}
            one, two = (
                crud.create(registry["opportunities"], {**deal, "name": name, "products": products}).id
                for name, products in (("One", [tea, mate]), ("Two", [mate]))
            )
            crud.fetch(registry["opportunities"], two).ticked = [crud.fetch(registry["stage-criteria"], tick)]
        with act(None):
            before = pairs("opportunity_products"), pairs("opportunity_ticks")
            run = merging.merge(crud.fetch(registry["products"], tea), mate).run.id
            assert pairs("opportunity_products") == {(one, tea), (two, tea)}
        with act(None):
            deals = merging.merge(crud.fetch(registry["opportunities"], one), two).run.id
            assert pairs("opportunity_products") == {(one, tea)}
            assert pairs("opportunity_ticks") == {(one, tick)}
        with act(None):
            for resource, stays, gone in (("products", tea, mate), ("opportunities", one, two)):
                with pytest.raises(merging.MergedAway) as refusal:
                    crud.fetch(registry[resource], gone)
                assert (refusal.value.status, refusal.value.row.id) == (404, stays)
        with act(None):
            for each in (deals, run):
                assert undo(crud.fetch(ImportRun, each, lock=True)).kept == []
        with act(None):
            assert (pairs("opportunity_products"), pairs("opportunity_ticks")) == before

    def test_views_that_name_the_other_name_the_one_that_stays(self, two, act):
        one, other = two
        conditions = [
            {"col": "customer", "opr": "rel_o_m", "value": other},
            {"col": "customer", "opr": "in", "value": [str(one), str(other), "987654"]},
            {"col": "id", "opr": "eq", "value": other},
            {"col": "name", "opr": "eq", "value": str(other)},
        ]
        with act("cleo"):
            kept = crud.create(
                registry["saved-views"], {"resource": "contacts", "name": "Mine", "filter": {"filters": conditions}}
            ).id

        def told() -> list:
            with act("cleo"):
                return [each["value"] for each in crud.fetch(registry["saved-views"], kept).filter["filters"]]

        with act("bob"):
            run = merging.merge(crud.fetch(Customer, one), other).run.id
        assert told() == [one, [str(one), "987654"], other, str(other)]
        with act("bob"):
            assert undo(crud.fetch(ImportRun, run, lock=True)).kept == []
        assert told() == [each["value"] for each in conditions]


def waits_for_a_lock() -> bool:
    """Whether another connection comes to wait for what this one holds, within half a minute."""
    waiting = sa.text(
        "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
    )
    for _turn in range(300):
        with db.db.engine.connect() as watching:
            if watching.execute(waiting).scalar_one():
                return True
        time.sleep(0.1)
    return False


class TestTwoAtOnce:
    @pytest.mark.parametrize("way", ["the same", "the other way round", "into a third"])
    def test_one_wins_and_the_other_is_told(self, postgres_app, way):
        with acting(postgres_app):
            one, two, three = (crud.create(Customer, {"name": name}).id for name in ("One", "Two", "Three"))
            crud.create(Contact, {"customer": two, "name": "Kim"})
        into, gone = {"the same": (one, two), "the other way round": (two, one), "into a third": (three, two)}[way]
        answers: list[tuple[int, str]] = []

        def second() -> None:
            answer = Api(postgres_app, "admin").post(f"customers/{into}/merge", {"other": gone})
            answers.append((answer.status_code, answer.json["message"]))

        with acting(postgres_app, "admin"):
            merging.merge(crud.fetch(Customer, one), two)
            other = threading.Thread(target=second)
            other.start()
            assert waits_for_a_lock(), "it waits for the first"
            assert answers == []
        other.join()
        assert answers == [(409, "Somebody has merged one of them already. Look for the row that is left.")]
        with acting(postgres_app):
            assert set(db.session.scalars(sa.select(Customer.id))) == {one, three}
            assert db.session.scalars(sa.select(Contact.customer_id)).all() == [one]
            assert db.session.scalar(sa.select(sa.func.count(ImportRun.id))) == 1


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
