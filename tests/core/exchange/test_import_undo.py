"""Taking an import back: what it added goes, what it changed is as it was, what was touched since is kept and named."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from app.core import clock, crud, db, remarks
from app.core.audit import AuditEntry
from app.core.document import take
from app.core.entity import User
from app.core.errors import Conflict, NotPermitted
from app.core.exchange import runs
from app.core.exchange.importer import run_import
from app.core.exchange.models import ImportRun
from app.core.exchange.undo import Undone, undo
from app.domains.activities.models import WeeklyPlan
from app.domains.catalog.models import Category, Product, Unit
from app.domains.crm.models import Contact, Customer
from app.domains.stock.models import StockAdjustment, Warehouse


@pytest.fixture
def load(tmp_path: Path) -> Callable[..., int]:
    """``load(model, rows, **options)``: imports and gives the run's id."""

    def run(model: type[Any], rows: list[list[Any]], **options: Any) -> int:
        path = tmp_path / "rows.csv"
        with path.open("w", encoding="utf-8", newline="") as file:
            csv.writer(file).writerows(rows)
        result = run_import(model, path, path.name, mode="commit", **options)
        assert result.errors == []
        assert result.run_id is not None
        return result.run_id

    return run


def undone(run_id: int) -> Undone:
    return undo(crud.fetch(ImportRun, run_id, lock=True))


def codes() -> list[str]:
    return list(db.session.scalars(sa.select(Customer.code).order_by(Customer.code)))


class TestUndo:
    def test_what_was_added_goes_and_what_was_changed_comes_back(self, act, load):
        with act("ann"):
            data = {
                "code": "K1",
                "name": "Acme",
                "credit_limit": "12.50",
                "next_contact_on": "2026-12-24",
                "note": " a\nb",
            }
            acme = crud.create(Customer, {**data, "latitude": "1.5"})
            rows = [
                ["code", "name", "credit_limit", "next_contact_on", "note", "latitude"],
                ["K1", "New", "1", "", "c", ""],
                ["K2", "Two"],
            ]
            run_id = load(Customer, rows, on_match="update")
            assert (acme.name, codes()) == ("New", ["K1", "K2"])
        with act("ann"):
            outcome = undone(run_id)
            assert (outcome.deleted, outcome.restored, outcome.kept) == (1, 1, [])
            acme = db.session.scalars(sa.select(Customer)).one()
            assert (acme.name, str(acme.credit_limit), str(acme.next_contact_on)) == ("Acme", "12.50", "2026-12-24")
            assert (acme.note, str(acme.latitude)) == ("a\nb", "1.500000")
            run = db.session.get(ImportRun, run_id)
            assert (run.undone, run.state) == (True, "undone")
        with act(None):
            told = db.session.scalars(sa.select(AuditEntry.action).where(AuditEntry.record == "customers/1"))
            assert list(told) == ["create", "import", "undo"]

    def test_only_once(self, act, load):
        with act("ann"):
            run_id = load(Customer, [["name"], ["A"]])
            undone(run_id)
            with pytest.raises(Conflict):
                undone(run_id)

    def test_what_changed_since_stays_and_is_named(self, act, load):
        with act("ann"):
            run_id = load(Customer, [["code", "name"], ["K1", "A"], ["K2", "B"]])
        with act("ann"):
            number = db.session.scalars(sa.select(Customer.id).where(Customer.code == "K1")).one()
            crud.update(crud.fetch(Customer, number, lock=True), {"name": "Better"})
        with act("ann"):
            outcome = undone(run_id)
            assert (outcome.deleted, codes()) == (1, ["K1"])
            assert outcome.as_json()["kept"] == [
                {"record": f"customers/{number}", "label": "K1 Better", "message": "It has been changed since."}
            ]

    def test_what_is_used_stays(self, act, load):
        with act("ann"):
            run_id = load(Customer, [["code", "name"], ["K1", "A"], ["K2", "B"]])
            first = db.session.scalars(sa.select(Customer).where(Customer.code == "K1")).one()
            crud.create(Contact, {"customer": first.id, "name": "Kim"})
            outcome = undone(run_id)
            assert (outcome.deleted, codes(), [each.label for each in outcome.kept]) == (1, ["K1"], ["K1 A"])

    def test_what_somebody_else_commented_on_stays(self, act, load):
        with act("ann"):
            run_id = load(Customer, [["code", "name"], ["K1", "A"], ["K2", "B"]])
            first, second = db.session.scalars(sa.select(Customer).order_by(Customer.code))
            remarks.add(second, "My own note")
            number = first.id
        with act("bob"):
            remarks.add(crud.fetch(Customer, number), "", [remarks.Upload("contract.txt", io.BytesIO(b"signed"))])
        with act("ann"):
            outcome = undone(run_id)
            assert (outcome.deleted, codes()) == (1, ["K1"])
            assert [each.reason for each in outcome.kept] == ["Somebody else has commented on it."]
            assert [file.name for file in remarks.of(crud.fetch(Customer, number))[0][0].files] == ["contract.txt"]

    def test_a_tree_goes_from_its_leaves(self, act, load):
        with act("lin"):
            rows = [["name", "parent"], ["Food", ""], ["Tea", "Food"], ["Green", "Tea"], ["Tools", ""]]
            run_id = load(Category, rows)
            crud.create(
                Category,
                {
                    "name": "Hammers",
                    "parent": db.session.scalars(sa.select(Category.id).where(Category.name == "Tools")).one(),
                },
            )
            outcome = undone(run_id)
            assert (outcome.deleted, [each.label for each in outcome.kept]) == (3, ["Tools"])

    def test_what_others_took_over_or_deleted(self, act, load):
        with act("ann"):
            run_id = load(Customer, [["code", "name"], ["K1", "A"], ["K2", "B"]])
        with act(None):
            cleo = db.session.scalars(sa.select(User.id).where(User.username == "cleo")).one()
            one, two = db.session.scalars(sa.select(Customer).order_by(Customer.id))
            db.session.execute(sa.update(Customer).where(Customer.id == one.id).values(owner_id=cleo))
            crud.delete(two)
        with act("ann"):
            outcome = undone(run_id)
            assert (outcome.deleted, [each.reason for each in outcome.kept]) == (0, ["It is not yours to change."])
            run = db.session.get(ImportRun, run_id)
            assert (run.undone, run.state) == (False, "done"), "nothing was taken back"

    def test_what_is_somebody_elses_stays_open_for_who_leads_them(self, act, load):
        with act("ann"):
            run_id = load(Customer, [["code", "name"], *([f"K{number}", "A"] for number in range(4))])
        with act(None):
            cleo = db.session.scalars(sa.select(User.id).where(User.username == "cleo")).one()
            db.session.execute(sa.update(Customer).where(Customer.code == "K0").values(owner_id=cleo))
        with act("ann"):
            crud.update(db.session.scalars(sa.select(Customer).where(Customer.code == "K1")).one(), {"phone": "110"})
        with act("ann"):
            outcome = undone(run_id)
            pk = outcome.foreign[0].record.partition("/")[2]
            assert (outcome.deleted, codes()) == (2, ["K1"])
            said = (
                f"Not taken back, because they are not yours to change: Customer #{pk}. Whoever leads those who have them "
                "can undo the rest. Kept, because they were changed or used since: "
            )
            run = db.session.get(ImportRun, run_id)
            assert (run.undone, run.state) == (False, "partly")
            assert outcome.words == said + "K1 A: It has been changed since."
            said += f"Customer #{outcome.final[0].record.partition('/')[2]}"
            assert run.error == said, "others who read of the run may not see the rows"
        with act("ann"):
            again = undone(run_id)
            assert ([each.record for each in again.foreign], again.taken) == ([f"customers/{pk}"], 0)
            run = db.session.get(ImportRun, run_id)
            assert (run.state, run.error) == ("partly", said)
        with act(None):
            rest = undone(run_id)
            assert (rest.deleted, [each.label for each in rest.kept], codes()) == (1, ["K1 A"], ["K1"])
            run = db.session.get(ImportRun, run_id)
            assert (run.undone, run.state) == (True, "undone")
            assert run.error == f"Kept, because they were changed or used since: Customer #{int(pk) + 1}"
            with pytest.raises(Conflict):
                undone(run_id)

    def test_a_later_row_with_the_same_number_is_not_taken_for_it(self, act, load, monkeypatch):
        """SQLite gives the number of the last row out again when that row has gone."""
        with act(None):
            run_id = load(Customer, [["code", "name"], ["K1", "A"]])
            row = db.session.scalars(sa.select(Customer)).one()
            number = row.id
            crud.delete(row)
        later = clock.now() + timedelta(minutes=5)
        monkeypatch.setattr(clock, "now", lambda: later)
        with act(None):
            row = crud.create(Customer, {"code": "K1", "name": "Another"})
            row.id = number
            outcome = undone(run_id)
            assert (outcome.deleted, codes()) == (0, ["K1"])

    def test_ones_own_without_the_permission_to_delete_but_not_anothers(self, act, load):
        with act("ann"):
            run_id = load(Customer, [["name"], ["A"]])
        with act("bob"):
            # Bob leads Ann and may delete.
            assert undone(run_id).deleted == 1
        with act("bob"):
            run_id = load(Customer, [["name"], ["A"]])
        with act(None):
            run = crud.fetch(ImportRun, run_id)
            db.session.expunge(run)
        with act("ann"), pytest.raises(NotPermitted):
            undo(run)

    def test_documents_and_their_lines(self, act, load):
        with act(None):
            unit = crud.create(Unit, {"name": "pc"})
            crud.create(Product, {"code": "P1", "name": "P1", "unit": unit.id, "tax_rate": 0, "list_price": 1})
            crud.create(Warehouse, {"code": "W1", "name": "Main"})
            head = ["warehouse", "reason", "lines.product", "lines.quantity", "lines.unit_cost"]
            run_id = load(
                StockAdjustment, [head, ["W1", "a", "P1", 1, 1], ["W1", "a", "P1", 2, 1], ["W1", "b", "P1", 3, 1]]
            )
            take(db.session.scalars(sa.select(StockAdjustment).where(StockAdjustment.reason == "b")).one(), "post")
        with act(None):
            outcome = undone(run_id)
            assert (outcome.deleted, outcome.reversed, outcome.kept) == (1, 1, [])
            assert db.session.scalars(sa.select(StockAdjustment)).one().state == "cancelled"

    def test_lines_that_were_changed(self, act, load):
        with act(None):
            lines = [
                {"planned_on": "2026-11-23", "goal": "One"},
                {"planned_on": "2026-11-24", "goal": "Two", "done": True},
            ]
            ann = db.session.scalars(sa.select(User.id).where(User.username == "ann")).one()
            plan = crud.create(WeeklyPlan, {"owner": ann, "week": "2026-11-23", "plan": "p", "lines": lines})
            head = ["owner", "week", "lines.planned_on", "lines.goal"]
            run_id = load(WeeklyPlan, [head, ["ann", "2026-11-23", "2026-11-23", "Other"]], on_match="update")
            db.session.expire_all()
            assert [line.goal for line in plan.lines] == ["Other"]
        with act(None):
            assert undone(run_id).restored == 1
            plan = db.session.scalars(sa.select(WeeklyPlan)).one()
            assert [(line.goal, line.done, line.position) for line in plan.lines] == [
                ("One", False, 0),
                ("Two", True, 1),
            ]

    def test_many_cost_little(self, act, load, statements):
        def cost(count: int) -> int:
            with act("ann"):
                run_id = load(Customer, [["name"], *([f"{count} {number}"] for number in range(count))])
            with act("ann"), statements() as executed:
                assert undone(run_id).deleted == count
            return len(executed)

        assert cost(500) - cost(10) <= 5

    def test_accounts_stay_and_it_is_said_why(self, act):
        with act(None):
            db.session.add(ImportRun(target="users", file="staff.csv", on_match="skip", on_error="stop", state="done"))
            db.session.flush()
            run = db.session.scalars(sa.select(ImportRun)).one()
            with pytest.raises(Conflict, match="Deactivate"):
                undo(run)

    def test_one_that_still_runs_is_waited_for(self, act):
        values = {"file": "a.csv", "on_match": "skip", "on_error": "skip", "state": "running", "worker": runs.ME}
        with act(None):
            db.session.add(ImportRun(target="customers", **values))
            db.session.flush()
            run = db.session.scalars(sa.select(ImportRun)).one()
            runs.active.add(run.id)
            try:
                with pytest.raises(Conflict, match="still running"):
                    undo(run)
            finally:
                runs.active.discard(run.id)
            with pytest.raises(Conflict, match="Nothing was written"):
                undo(run)
            run.created = 1  # a row that somebody has deleted since
            assert undo(run).deleted == 0
            assert run.undone
