"""Telling sellers once a week what does not move, and owners and superiors what returned to the pool."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
import sqlalchemy as sa

from app.core import clock, crud, db
from app.core.entity import User
from app.core.notices import Notice
from app.core.outbox import OutboxMail
from app.domains.crm.models import Customer, Opportunity, PoolRule, Stage
from app.jobs import pool_recycle, stale_opportunities
from app.jobs.job import Occasion
from tests.jobs.company import user

START = datetime(2026, 9, 1, 9)  # a Tuesday


def tell(days: int) -> str:
    """Let the job run so many days after the start."""
    with clock.stopped(START + timedelta(days=days)):
        said = stale_opportunities.tell(Occasion(None))
        db.session.commit()
        return said


def mails() -> dict[str, OutboxMail]:
    """The mails by recipient, the newest of each."""
    return {mail.to: mail for mail in db.session.scalars(sa.select(OutboxMail).order_by(OutboxMail.id))}


@pytest.fixture
def stages(either) -> dict[str, int]:
    """An open stage of ten days, one without a limit, and one in which all is won."""
    rows = (
        {"name": "First", "position": 1, "max_days": 10},
        {"name": "Talks", "position": 2},
        {"name": "Won", "position": 3, "is_won": True, "probability": 1, "max_days": 1},
    )
    with clock.stopped(START):
        return {row["name"]: crud.create(Stage, row).id for row in rows}


def opportunity(name: str, owner: str, stage: int, **more) -> Opportunity:
    with clock.stopped(START):
        customer = crud.create(Customer, {"name": f"{name} Ltd", "owner": user(owner)})
        data = {"customer": customer.id, "name": name, "owner": user(owner), "stage": stage, "amount": "1200"}
        made = crud.create(Opportunity, {**data, "expected_close_on": "2026-12-31", **more})
        db.session.commit()
        return made


class TestWhatDoesNotMove:
    def test_each_owner_is_told_of_their_own_after_the_stages_days(self, stages):
        opportunity("Line 1", "ann", stages["First"])
        opportunity("Line 2", "ann", stages["First"])
        opportunity("Plant", "cleo", stages["First"])
        opportunity("Open end", "ann", stages["Talks"])
        assert tell(10) == "0 opportunities do not move, 0 owners told.", "the last day is one of them"
        assert tell(11) == "3 opportunities do not move, 2 owners told."
        told = mails()
        assert set(told) == {"ann@example.com", "cleo@example.com"}
        letter = told["ann@example.com"]
        assert letter.subject == "Opportunities that do not move: 2"
        assert "Line 1 · Line 1 Ltd · First · Days in stage 11 / 10 · 1,200" in letter.body
        assert "Plant" not in letter.body and "Open end" not in letter.body
        assert "https://kehu.example.com/opportunities/list/?f=stale:eq:1" in letter.body
        assert db.session.scalar(sa.select(sa.func.count(Notice.id))) == 2

    def test_nobody_is_told_twice_in_a_week_and_again_in_the_next(self, stages):
        opportunity("Line 1", "ann", stages["First"])
        assert tell(13).endswith("1 owners told.")  # a Monday
        assert tell(13).endswith("0 owners told.")
        assert tell(19).endswith("0 owners told."), "the Sunday of the same week"
        assert tell(20).endswith("1 owners told.")
        keys = [mail.dedup_key for mail in db.session.scalars(sa.select(OutboxMail).order_by(OutboxMail.id))]
        assert keys == [f"stale-opportunities, {week}, user {user('ann')}" for week in ("2026-09-14", "2026-09-21")]

    def test_what_moved_or_is_won_is_left_out(self, stages):
        moved = opportunity("Moved", "ann", stages["First"])
        opportunity("Won", "ann", stages["Won"])
        with clock.stopped(START + timedelta(days=9)):
            moved.stage_id = stages["Talks"]
            moved.__dict__["_reason"] = "x"
            crud.flush()
            db.session.commit()
        assert tell(30) == "0 opportunities do not move, 0 owners told."

    def test_who_is_no_longer_active_is_not_told(self, stages):
        opportunity("Line 1", "ann", stages["First"])
        db.session.get(User, user("ann")).active = False
        db.session.commit()
        assert tell(20) == "1 opportunities do not move, 0 owners told."


class TestWhoIsToldOfTheReturnToThePool:
    @pytest.mark.parametrize(
        ("owner", "told"),
        [
            ("ann", {"ann", "bob"}),  # her manager
            ("bob", {"bob", "dora"}),  # he manages his department: whoever manages the one above
            ("cleo", {"cleo", "dora"}),  # her department has no manager
        ],
    )
    def test_the_owner_and_the_nearest_superior(self, company, owner, told):
        with clock.stopped(START):
            crud.create(PoolRule, {"idle_days": 30, "warn_days": 0})
            crud.create(Customer, {"name": "Quiet", "owner": user(owner)})
            db.session.commit()
        with clock.stopped(START + timedelta(days=31)):
            pool_recycle.run(Occasion(None))
            db.session.commit()
        letters = {to: mail for to, mail in mails().items() if mail.subject.startswith("Back in the public pool")}
        assert set(letters) == {f"{name}@example.com" for name in told}
        assert all("Quiet" in mail.body for mail in letters.values())
