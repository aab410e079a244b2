"""Any history of postings, back-datings, reversals, closings and reopenings leaves both books right at every step."""

from __future__ import annotations

import datetime
from collections import defaultdict
from contextlib import suppress
from decimal import Decimal

import sqlalchemy as sa
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from app.core import clock, db
from app.core.errors import Conflict, Invalid
from app.ledger import explain, party, periods, stock, verify
from app.ledger.models import PartyBalance, PartyEntry, StockBalance, StockEntry
from tests.ledger.warehouse import coming, going, make_document, moving, owe, place, product

TODAY = datetime.date(2026, 3, 25)
PLACES = ("MAIN", "EAST", "LOOSE")
CODES = st.sampled_from(["P1", "P2"])
WHERE = st.sampled_from(PLACES)
DAYS = st.one_of(st.just(TODAY), st.integers(1, 24).map(lambda number: datetime.date(2026, 3, number)))
QUANTITIES = st.decimals("0.0001", "50", places=4)
COSTS = st.decimals("0", "20", places=6)
AMOUNTS = st.decimals("-500", "500", places=2).filter(bool)
REFUSALS = (stock.NotEnoughStock, stock.AlreadyReversed, periods.PeriodClosed, Invalid, Conflict)


class Books(RuleBasedStateMachine):
    """Both books in a transaction that is never committed."""

    @initialize()
    def begin(self):
        self.posted = []
        self.until = None
        self.closed = None

    def teardown(self):
        db.session.rollback()

    def attempt(self, act):
        """Do ``act``; what is refused has left nothing behind, as the edge sees to."""
        with suppress(*REFUSALS), db.session.begin_nested():
            act()
            return True
        return False

    def write(self, day, *movements, charges=()):
        document = make_document()

        def act():
            if charges:
                party.lock({charge.party for charge in charges})
            stock.post(document, movements, date=day)
            party.post_party(document, charges, date=day)

        if self.attempt(act):
            assert self.until is None or day > self.until
            self.posted.append(document)

    @rule(code=CODES, where=WHERE, quantity=QUANTITIES, cost=COSTS, day=DAYS)
    def come_in(self, code, where, quantity, cost, day):
        self.write(day, coming(quantity, cost, code=code, warehouse=where))

    @rule(code=CODES, where=WHERE, quantity=QUANTITIES, day=DAYS, amount=AMOUNTS)
    def sell(self, code, where, quantity, day, amount):
        self.write(day, going(quantity, code=code, warehouse=where), charges=[owe(amount)])

    @rule(code=CODES, where=st.permutations(PLACES), quantity=QUANTITIES, day=DAYS)
    def move(self, code, where, quantity, day):
        self.write(day, *moving(quantity, code=code, source=where[0], target=where[1]))

    @rule(code=CODES, where=WHERE, day=DAYS)
    def empty(self, code, where, day):
        same = (StockBalance.warehouse_id == place(where), StockBalance.product_id == product(code))
        on_hand = db.session.scalar(sa.select(StockBalance.on_hand).where(*same))
        if on_hand and on_hand > 0:
            self.write(day, going(on_hand, code=code, warehouse=where))

    @rule(amounts=st.lists(st.tuples(AMOUNTS, st.integers(1, 3)), min_size=1, max_size=3), day=DAYS)
    def charge(self, amounts, day):
        self.write(day, charges=[owe(amount, customer) for amount, customer in amounts])

    @rule(which=st.integers(0, 50), day=st.one_of(st.none(), DAYS))
    def reverse(self, which, day):
        if not self.posted:
            return
        document = self.posted[which % len(self.posted)]

        def act():
            stock.reverse(document, date=day)
            party.reverse_party(document, date=day)

        if self.attempt(act):
            assert self.until is None or (day or TODAY) > self.until

    @rule(day=DAYS)
    def close(self, day):
        if self.attempt(lambda: periods.close(day)):
            self.until, self.closed = day, frozen(day)

    @rule(day=DAYS)
    def reopen(self, day):
        if self.attempt(lambda: periods.reopen(day)):
            self.until = periods.closed_until()
            self.closed = frozen(self.until) if self.until else None

    @invariant()
    def the_check_finds_nothing(self):
        assert verify.differences() == []

    @invariant()
    def every_balance_is_the_sum_of_its_entries(self):
        held, owed = defaultdict(lambda: [Decimal(0), Decimal(0)]), defaultdict(Decimal)
        for entry in rows(StockEntry):
            sums = held[entry.warehouse_id, entry.product_id]
            sums[0] += entry.quantity
            sums[1] += entry.amount
        for entry in rows(PartyEntry):
            owed[entry.party] += entry.amount
        for row in rows(StockBalance):
            assert [row.on_hand, row.value] == held[row.warehouse_id, row.product_id]
        for row in rows(PartyBalance):
            assert row.balance == owed[row.party]

    @invariant()
    def nothing_was_ever_below_zero_where_it_may_not_be(self):
        ends = defaultdict(Decimal)
        loose = place("LOOSE")
        by_day = defaultdict(list)
        for entry in rows(StockEntry):
            by_day[entry.date].append(entry)
        for day in sorted(by_day):
            for entry in by_day[day]:
                ends[entry.warehouse_id, entry.product_id] += entry.quantity
            assert all(on_hand >= 0 for (where, _what), on_hand in ends.items() if where != loose), day
        for row in rows(StockBalance):
            assert row.on_hand * row.value >= 0 and (row.on_hand or not row.value)

    @invariant()
    def a_closed_period_stays_as_it_was(self):
        if getattr(self, "until", None):
            assert frozen(self.until) == self.closed

    @invariant()
    def a_balance_can_be_explained(self):
        for model, numbers in ((StockBalance, {"on_hand", "value"}), (PartyBalance, {"balance"})):
            for row in db.session.scalars(sa.select(model)):
                count, entries = explain.history(row, offset=0, limit=1000)
                assert len(entries) == count
                if entries:
                    db.session.refresh(row)
                    assert {name: getattr(entries[0], f"left_{name}") for name in numbers} == {
                        name: getattr(row, name) for name in numbers
                    }


def rows(model):
    """Every row of the table, as it stands there."""
    return db.session.connection().execute(sa.select(model.__table__).order_by(model.id)).all()


def frozen(until):
    """What there is of both books up to ``until``, to the byte, and what was in stock on its last day."""
    entries = [tuple(row) for model in (StockEntry, PartyEntry) for row in rows(model) if row.date <= until]
    stood = db.session.execute(explain.stock_at(until)).all()
    return repr(entries), sorted(
        (row.warehouse_id, row.product_id, on_hand, value) for row, on_hand, value in stood if on_hand or value
    )


def test_whatever_happens(work):
    # The rules are the same on both; on PostgreSQL each step waits for a server.
    histories = 25 if work.startswith("sqlite") else 10
    with clock.stopped(datetime.datetime(2026, 3, 25, 12)):
        run_state_machine_as_test(
            Books, settings=settings(max_examples=histories, stateful_step_count=25, deadline=None, database=None)
        )
