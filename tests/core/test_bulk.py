"""The same done to many rows: each by itself, in order, and what came of it told as for the one alone."""

from __future__ import annotations

import threading

import pytest
import sqlalchemy as sa

from app.core import bulk, crud, db
from app.core.audit import AuditEntry
from app.core.entity import entity_for
from app.core.errors import Conflict, Invalid
from tests.app_fixtures import acting

MISSING = 987_654
UPDATES = sa.select(AuditEntry.record).where(AuditEntry.action == "update", AuditEntry.record.startswith("units/"))


def rename(name):
    """A change of a unit's name by its id."""
    return lambda row: crud.update(row, {"name": name.format(row.id)})


@pytest.fixture
def units(act):
    """The ids of five units."""
    with act():
        return [crud.create(entity_for("units"), {"name": f"unit {number}"}).id for number in range(5)]


def names(act):
    with act() as session:
        return dict(session.execute(sa.select(entity_for("units").id, entity_for("units").name)).tuples().all())


class TestEach:
    def test_a_refusal_hinders_no_other_and_leaves_nothing(self, act, units):
        Unit = entity_for("units")
        first, second, third, fourth, fifth = units

        def change(row):
            row.name = f"new {row.id}"
            if row.id == second:
                db.session.flush()
                raise Conflict("Not this one.")
            if row.id == fourth:
                row.name = f"new {first}"  # taken: the database refuses it when it is flushed
            return row.id

        with act("lin"):
            outcomes = bulk.each([fifth, first, second, MISSING, fourth, third, first], Unit, change)
        assert [(each.id, each.status) for each in outcomes] == [
            (fifth, 200),
            (first, 200),
            (second, 409),
            (MISSING, 404),
            (fourth, 422),
            (third, 200),
        ]
        assert [each.result for each in outcomes if each.ok] == [fifth, first, third]
        assert outcomes[2].error.message == "Not this one."
        assert set(outcomes[4].error.errors) == {"name"}
        found = names(act)
        assert {pk: found[pk].split()[0] for pk in units} == {
            first: "new",
            second: "unit",
            third: "new",
            fourth: "unit",
            fifth: "new",
        }
        with act() as session:
            told = session.scalars(UPDATES).all()
        assert sorted(told) == sorted(f"units/{pk}" for pk in (first, third, fifth))

    def test_a_foreign_row_is_as_a_missing_one_and_a_forbidden_one_is_not(self, act, people_of):
        Customer = entity_for("customers")
        mine, foreign, pooled = people_of
        with act("ann"):
            outcomes = bulk.each([mine, foreign, MISSING, pooled], Customer, rename("Renamed {}"))
        assert [each.status for each in outcomes] == [200, 404, 404, 403]
        assert outcomes[1].error.message == outcomes[2].error.message

    def test_the_rows_are_read_anew(self, act, units):
        def change(row):
            if row.id == units[-1]:
                raise Conflict("Not this one.")
            return rename("new {}")(row)

        with act("lin"):
            outcomes = bulk.each(units, entity_for("units"), change)
            rows = bulk.rows(outcomes, entity_for("units"))
            assert [rows[pk].name for pk in units] == [*(f"new {pk}" for pk in units[:-1]), "unit 4"]

    def test_what_nobody_foresaw_ends_the_whole(self, act, units):
        def crash(row):
            row.name = "changed"
            if row.id == units[1]:
                raise ZeroDivisionError

        with pytest.raises(ZeroDivisionError), act("lin"):
            bulk.each(units, entity_for("units"), crash)
        assert "changed" not in names(act).values()

    def test_a_deadlock_is_told_of_the_row_alone(self, postgres_app):
        """Each of two holds a row that the other one's action goes on to."""
        Unit = entity_for("units")
        with acting(postgres_app):
            ids = [crud.create(Unit, {"name": f"unit {number}"}).id for number in range(2)]
        both = threading.Barrier(2, timeout=20)
        seen = []

        def work(mine, other):
            met = []

            def change(row):
                row.name = f"new {row.id} {mine}"
                db.session.flush()
                if not met:
                    met.append(both.wait())
                crud.fetch(Unit, other, lock=True)

            with acting(postgres_app, "lin"):
                seen.extend(bulk.each([mine], Unit, change))

        threads = [threading.Thread(target=work, args=pair) for pair in (ids, ids[::-1])]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(30)
        assert sorted(each.status for each in seen) in ([200, 200], [200, 503])


@pytest.fixture
def people_of(act):
    """A customer of Ann's, one of Cleo's, and one of the pool."""
    Customer = entity_for("customers")
    with act("ann"):
        mine = crud.create(Customer, {"name": "Harbour Trading"}).id
    with act("cleo"):
        foreign = crud.create(Customer, {"name": "Northern Lights"}).id
        pooled = crud.create(Customer, {"name": "Left alone"}).id
    with act() as session:
        session.execute(sa.update(Customer).where(Customer.id == pooled).values(owner_id=None))
    return mine, foreign, pooled


class TestReadIds:
    def test_numbers_and_texts_of_digits_once(self, act):
        with act("ann"):
            assert bulk.read_ids([3, "4", 3, "0009", 10**9 * 9]) == [3, 4, 9, 2**31]

    @pytest.mark.parametrize(
        "raw", [None, [], "3", {"3": 4}, [True], ["²"], ["1.5"], [None], [[1]], [-1], [1.5], [10**40], ["x"]]
    )
    def test_anything_else_is_refused(self, act, raw):
        with act("ann"), pytest.raises(Invalid) as refused:
            bulk.read_ids(raw)
        assert set(refused.value.errors) == {"ids"}

    def test_there_is_a_bound(self, act, units):
        with act("ann"):
            assert len(bulk.read_ids(list(range(1, bulk.MOST + 1)))) == bulk.MOST
            for asked in (
                lambda: bulk.read_ids(list(range(1, bulk.MOST + 2))),
                lambda: bulk.each(range(bulk.MOST + 1), entity_for("units"), rename("x")),
            ):
                with pytest.raises(Invalid, match="correct"):
                    asked()
