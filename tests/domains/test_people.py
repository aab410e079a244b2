"""People: the tree of departments and what follows from it."""

from __future__ import annotations

from datetime import date

import pytest

from app.core import crud, db, identity
from app.core.errors import Invalid, NotPermitted, NotVisible
from app.domains.people import queries
from app.domains.people.models import Department, Employee, Holiday, Leave


class TestDepartment:
    def test_it_is_not_its_own_ancestor(self, company):
        top = crud.fetch(Department, company.departments["Kehu"])
        with pytest.raises(Invalid) as refusal:
            crud.update(top, {"parent": company.departments["Key accounts"]})
        assert list(refusal.value.errors) == ["parent"]

    def test_it_is_not_its_own_parent(self, company):
        top = crud.fetch(Department, company.departments["Kehu"])
        with pytest.raises(Invalid):
            crud.update(top, {"parent": top.id})

    def test_it_moves_elsewhere_in_the_tree(self, company):
        row = crud.fetch(Department, company.departments["Key accounts"])
        crud.update(row, {"parent": company.departments["Export"]})
        assert row.parent.name == "Export"

    def test_its_name_is_taken_once(self, company):
        with pytest.raises(Invalid) as refusal:
            crud.create(Department, {"name": "Sales"})
        assert list(refusal.value.errors) == ["name"]


class TestEmployee:
    def test_it_is_called_and_found_by_its_user(self, company):
        row = db.session.query(Employee).filter_by(user_id=company.users["Ann"]).one()
        assert str(row) == "Ann"
        assert "ann" in row.search_text

    def test_each_user_is_one_employee_at_most(self, company):
        with pytest.raises(Invalid) as refusal:
            crud.create(Employee, {"user": company.users["Ann"], "department": company.departments["Sales"]})
        assert list(refusal.value.errors) == ["user"]


class TestLeads:
    def leads(self, company, actor: str, user: str) -> bool:
        return queries.leads(company.actor(actor), company.users[user])

    def test_a_manager_leads_the_whole_tree_below(self, company):
        assert self.leads(company, "Bob", "Ann")
        assert self.leads(company, "Dora", "Ann")
        assert self.leads(company, "Dora", "Bob")
        assert self.leads(company, "Dora", "Cleo")

    def test_nobody_leads_beside_or_above(self, company):
        assert not self.leads(company, "Bob", "Cleo")
        assert not self.leads(company, "Bob", "Dora")
        assert not self.leads(company, "Ann", "Bob")
        assert not self.leads(company, "Wei", "Ann")

    def test_who_has_left_is_still_led(self, company):
        row = db.session.query(Employee).filter_by(user_id=company.users["Ann"]).one()
        crud.update(row, {"active": False})
        assert self.leads(company, "Bob", "Ann")

    def test_a_circle_of_departments_ends(self, company):
        # A rule refuses it, but a database may come with one.
        db.session.connection().exec_driver_sql(
            "UPDATE departments SET parent_id = ? WHERE id = ?",
            (company.departments["Key accounts"], company.departments["Kehu"]),
        )
        assert self.leads(company, "Bob", "Ann")

    def test_the_departments_are_read_once(self, company):
        actor = company.actor("Bob")
        assert set(queries.departments_led(actor)) == {company.departments[name] for name in ("Sales", "Key accounts")}
        assert queries.departments_led(actor) is queries.departments_led(actor)


class TestLeave:
    def test_it_does_not_end_before_it_starts(self, company):
        with company.acting("Ann"), pytest.raises(Invalid) as refusal:
            crud.create(Leave, {"starts_on": "2026-11-24", "ends_on": "2026-11-23"})
        assert list(refusal.value.errors) == ["ends_on"]

    def test_one_sees_ones_own_and_those_of_whom_one_leads(self, company):
        with company.acting("Ann"):
            row = crud.create(Leave, {"starts_on": "2026-11-24", "ends_on": "2026-11-24"})
        with company.acting("Bob"):
            assert crud.fetch(Leave, row.id).owner_id == company.users["Ann"]
        with company.acting("Cleo"), pytest.raises(NotVisible):
            crud.fetch(Leave, row.id)

    def test_one_takes_leave_for_oneself(self, company):
        with company.acting("Ann"), pytest.raises(NotPermitted):
            crud.create(Leave, {"owner": company.users["Bob"], "starts_on": "2026-11-24", "ends_on": "2026-11-24"})


class TestHoliday:
    def test_a_day_is_entered_once(self, company):
        row = crud.create(Holiday, {"date": "2026-10-01", "name": "National Day"})
        assert (row.date, row.is_workday) == (date(2026, 10, 1), False)
        with pytest.raises(Invalid):
            crud.create(Holiday, {"date": "2026-10-01", "name": "Again"})


def test_mobile_numbers_need_the_grant(company):
    db.session.commit()
    plain = identity.Actor(company.users["Wei"], "Wei", permissions=frozenset({("can_add", "Employee")}))
    with identity.acting_as(plain), pytest.raises(Invalid) as refusal:
        crud.create(
            Employee,
            {
                "user": company.users["Wei"],
                "department": company.departments["Kehu"],
                "mobile": "13800138000",
            },
        )
    assert list(refusal.value.errors) == ["mobile"]
