"""Customers: who sees them, and the rules of contacts and shares."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import pytest
import sqlalchemy as sa

from app.core import bulk_edit, clock, crud, db, identity
from app.core.audit import AuditEntry
from app.core.errors import Invalid, NotPermitted, NotVisible
from app.core.exchange.undo import undo
from app.domains.crm import queries
from app.domains.crm.models import Contact, Customer, CustomerShare
from tests.domains.conftest import count


def make_customer(**fields) -> Customer:
    return crud.create(Customer, {"name": "Beijing Tech"} | fields)


def share(company, customer: Customer, user: str, **fields) -> CustomerShare:
    with company.acting("Ann"):
        return crud.create(CustomerShare, {"customer": customer.id, "user": company.users[user]} | fields)


@pytest.fixture
def anns(company) -> Customer:
    with company.acting("Ann"):
        return make_customer()


class TestScope:
    def test_the_owner_sees_and_writes_it(self, company, anns):
        with company.acting("Ann"):
            row = crud.fetch(Customer, anns.id)
            crud.update(row, {"level": "A"})
            assert (row.level, row.code, row.owner_id) == ("A", "C00001", company.users["Ann"])

    @pytest.mark.parametrize("superior", ["Bob", "Dora"])
    def test_every_superior_sees_and_writes_it(self, company, anns, superior):
        with company.acting(superior):
            crud.update(crud.fetch(Customer, anns.id), {"level": "B"})

    @pytest.mark.parametrize("other", ["Cleo", "Wei"])
    def test_it_hides_customers_of_other_teams(self, company, anns, other):
        with company.acting(other):
            assert count(Customer) == 0
            with pytest.raises(NotVisible):
                crud.fetch(Customer, anns.id)

    def test_ann_does_not_see_her_managers(self, company):
        with company.acting("Bob"):
            make_customer()
        with company.acting("Ann"):
            assert count(Customer) == 0

    def test_a_manager_sees_what_is_owned_below_from_the_next_request_on(self, company, anns):
        with identity.acting_as(identity.system()):
            from app.domains.people.models import Department

            crud.update(crud.fetch(Department, company.departments["Export"]), {"manager": company.users["Wei"]})
            crud.update(
                crud.fetch(Department, company.departments["Sales"]),
                {"parent": company.departments["Export"]},
            )
        with company.acting("Wei"):
            assert count(Customer) == 1

    def test_the_pool_is_seen_by_all_and_written_by_none(self, company):
        with company.acting("Ann", (identity.ASSIGN, "crm"), (identity.CHANGE_ALL, "crm")):
            row = make_customer(owner=None)
        with company.acting("Cleo"):
            assert db.session.scalars(queries.pool()).one().id == row.id
            with pytest.raises(NotPermitted):
                crud.update(crud.fetch(Customer, row.id), {"level": "A"})

    def test_contacts_go_with_their_customer(self, company, anns):
        with company.acting("Ann"):
            crud.create(Contact, {"customer": anns.id, "name": "Mr Li"})
        with company.acting("Bob"):
            assert count(Contact) == 1
        with company.acting("Cleo"):
            assert count(Contact) == 0
            with pytest.raises(Invalid) as refusal:
                crud.create(Contact, {"customer": anns.id, "name": "Mr Wang"})
            assert list(refusal.value.errors) == ["customer"]


class TestShare:
    def test_a_read_share_lets_see_and_not_write(self, company, anns):
        share(company, anns, "Cleo")
        with company.acting("Cleo"):
            row = crud.fetch(Customer, anns.id)
            with pytest.raises(NotPermitted):
                crud.update(row, {"level": "A"})

    def test_a_write_share_lets_write(self, company, anns):
        share(company, anns, "Cleo", access="write")
        with company.acting("Cleo"):
            crud.update(crud.fetch(Customer, anns.id), {"level": "A"})
            crud.create(Contact, {"customer": anns.id, "name": "Mr Wang"})

    def test_it_ends_after_its_last_day(self, company, anns):
        with clock.stopped(datetime(2026, 11, 24, 9)):
            share(company, anns, "Cleo", until="2026-11-25")
        with clock.stopped(datetime(2026, 11, 25, 23, 59)), company.acting("Cleo"):
            assert count(Customer) == 1
        with clock.stopped(datetime(2026, 11, 26, 0, 1)), company.acting("Cleo"):
            assert count(Customer) == 0

    def test_a_new_one_does_not_end_in_the_past(self, company, anns):
        with pytest.raises(Invalid) as refusal:
            share(company, anns, "Cleo", until=(clock.today() - timedelta(days=1)).isoformat())
        assert list(refusal.value.errors) == ["until"]

    def test_an_old_one_may_be_ended(self, company, anns):
        row_id = share(company, anns, "Cleo", until=clock.today().isoformat()).id
        with company.acting("Ann"):
            row = crud.fetch(CustomerShare, row_id)
            crud.update(row, {"until": "2020-01-01"})
            assert row.until == date(2020, 1, 1)

    def test_a_customer_is_shared_with_each_once(self, company, anns):
        share(company, anns, "Cleo")
        with pytest.raises(Invalid):
            share(company, anns, "Cleo", access="write")


class TestContact:
    def contact(self, customer: Customer, name: str, **fields) -> Contact:
        return crud.create(Contact, {"customer": customer.id, "name": name} | fields)

    def test_the_first_is_primary_and_the_next_is_not(self, company):
        customer = make_customer()
        assert self.contact(customer, "Mr Li").is_primary
        assert not self.contact(customer, "Ms Wang").is_primary
        assert self.contact(make_customer(name="Other"), "Mr Zhao").is_primary

    def test_a_new_primary_takes_the_place_of_the_old_and_the_history_tells(self, company):
        customer = make_customer()
        old = self.contact(customer, "Mr Li")
        new = self.contact(customer, "Ms Wang", is_primary=True)
        assert (old.is_primary, new.is_primary, old.version) == (False, True, 2)
        entries = db.session.scalars(sa.select(AuditEntry).where(AuditEntry.record == old.record_name()))
        assert [entry.changes.get("is_primary") for entry in entries] == [[None, True], [True, False]]

    def test_it_can_be_marked_later(self, company):
        customer = make_customer()
        old, new = self.contact(customer, "Mr Li"), self.contact(customer, "Ms Wang")
        crud.update(new, {"is_primary": True})
        assert (old.is_primary, new.is_primary) == (False, True)
        assert [row.name for row in db.session.scalars(queries.contacts(customer))] == ["Ms Wang", "Mr Li"]

    def test_of_several_saved_at_once_the_first_is_primary(self, company):
        customer = make_customer()
        rows = [Contact(customer_id=customer.id, name=name) for name in ("Mr Li", "Ms Wang", "Mr Zhao")]
        db.session.add_all(rows)
        db.session.flush()
        assert [row.is_primary for row in rows] == [True, False, False]

    def test_it_gives_way_when_moved_to_a_customer_that_has_one(self, company):
        one, other = make_customer(), make_customer(name="Other")
        self.contact(one, "Mr Li")
        moved = self.contact(other, "Ms Wang")
        crud.update(moved, {"customer": one.id})
        assert not moved.is_primary

    def test_there_is_always_one(self, company):
        """Nobody unmarks the only one, and whoever goes, to another customer or for good, leaves the next behind."""
        customer = make_customer()
        first, second, third = (self.contact(customer, name) for name in ("Mr Li", "Ms Wang", "Mr Zhao"))
        db.session.commit()
        with pytest.raises(Invalid) as refused:
            crud.update(first, {"is_primary": False})
        assert list(refused.value.errors) == ["is_primary"]
        db.session.rollback()
        crud.delete(first)
        assert (second.is_primary, third.is_primary) == (True, False)
        crud.update(second, {"customer": make_customer(name="Other").id})
        assert (second.is_primary, third.is_primary) == (True, True), "each the one of its customer"
        crud.delete(third)
        assert self.contact(customer, "Mr Sun").is_primary

    def test_an_undone_mark_goes_back_to_one(self, company):
        customer = make_customer()
        first, second = self.contact(customer, "Mr Li"), self.contact(customer, "Ms Wang")
        edited = bulk_edit.edit(Contact, [second.id], {"is_primary": True})
        assert not first.is_primary and edited.run is not None
        assert undo(edited.run).kept == []
        db.session.expire_all()
        assert (first.is_primary, second.is_primary) == (True, False)


class TestCustomer:
    def test_its_tags_are_kept_once_each(self, company):
        assert [str(tag) for tag in make_customer(tags="vip，export, vip,").tags] == ["export", "vip"]

    def test_degrees_have_bounds(self, company):
        with pytest.raises(Invalid) as refusal:
            make_customer(latitude="90.5", longitude="120.123456")
        assert list(refusal.value.errors) == ["latitude"]

    def test_names_and_addresses_are_all_that_a_keeper_sees(self, company):
        from app.core.fields import SYSTEM, readable

        wei = identity.Actor(company.users["Wei"], "Wei")
        seen = set(readable(Customer, wei)) - set(SYSTEM)
        assert seen == {"code", "name", "short_name", "kind", "status", "region", "address", "owner"}

    def test_pinyin_finds_it(self, company):
        row = make_customer(name="北京科技")
        assert "bjkj" in row.search_text and "beijingkeji" in row.search_text
