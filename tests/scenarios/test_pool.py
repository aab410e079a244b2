"""The public pool warns, takes customers back and lets others claim them: Ann's quiet customers, in the autumn of 2026."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from app.core import clock, crud, db, giving
from app.core.errors import BusinessError
from app.domains.activities.models import ContactRecord
from app.domains.crm import owning, pool
from app.domains.crm.models import Customer
from app.domains.crm.models.pool import PoolRule
from app.jobs import execution
from tests.app_fixtures import Api, acting, fill_cast
from tests.scenarios.company import Company, open_company, text_of
from tests.support.smtp import SmtpServer

START = datetime(2026, 9, 1, 9)


@pytest.fixture
def company(tmp_path: Path, smtp: SmtpServer) -> Iterator[Company]:
    with open_company(tmp_path, "", smtp, START) as app:
        with clock.stopped(START), app.app_context(), acting(app):
            fill_cast()
        yield Company(app, smtp)


def night(company: Company, days: int) -> dict[str, str]:
    """Let the job run in the night ``days`` after the start, and the mail go; what each address got."""
    with clock.stopped(START + timedelta(days=days)):
        with company.app.app_context():
            assert execution.run_job("pool-recycle")
        return {str(mail["To"]): text_of(mail) for mail in company.letters()}


def test_the_pool_warns_recycles_and_lets_claim(company: Company) -> None:
    app = company.app
    with clock.stopped(START):
        admin, ann, cleo = (Api(app, name) for name in ("admin", "ann", "cleo"))
        assert admin.post("pool-rules/usual").status_code == 200
        (usual,) = admin.rows("pool-rules")
        strict = {"idle_days": 30, "claim_back_days": 10, "claim_limit": 5}
        tag = admin.add("tags", name="Key account")["id"]
        assert admin.put(f"pool-rules/{usual['id']}", strict | {"exempt": [tag]}).status_code == 200
        again = admin.post("pool-rules/", {"idle_days": 1})
        assert (again.status_code, list(again.json["errors"])) == (422, ["level"])
        assert "Returns to the pool after 30 days without contact." in ann.rows("pool-rules")[0]["words"]

        quiet, busy, hoped, exempt = (ann.add("customers", name=name) for name in ("Quiet", "Busy", "Hoped", "Key"))
        assert ann.put(f"customers/{exempt['id']}", {"tags": ["Key account"]}).status_code == 200
        admin.add("stages", name="First", position=1)
        ann.add("opportunities", customer=hoped["id"], name="Line 2", amount="10", expected_close_on="2026-12-31")
        with acting(app):
            note = pool.words(db.session.get(Customer, quiet["id"]))
        assert note == "Returns to the pool on 2026-10-01 unless there is contact; warned from 2026-09-28"

    # -- Three days before, Ann is warned, once, in one mail for both.
    assert night(company, 26) == {}
    (letter,) = night(company, 27).values()
    assert "C00001 Quiet" in letter
    assert "C00002 Busy" in letter
    assert "2026-10-01" in letter
    assert "Hoped" not in letter, "it has an open opportunity"
    assert "Key" not in letter.replace("Key account", ""), "its tag is exempt"
    assert night(company, 27) == {}
    assert night(company, 28) == {}

    # -- On the last day she calls one of them.
    with clock.stopped(START + timedelta(days=29)):
        told = {"way": "phone", "outcome": "Interested", "summary": "They want ten"}
        Api(app, "ann").add("contact-records", customer=busy["id"], **told)
    letters = night(company, 30)
    assert set(letters) == {"ann@example.com", "bob@example.com"}, "who had it, and her manager"
    assert "C00001 Quiet" in letters["bob@example.com"]
    assert night(company, 30) == {}
    with clock.stopped(START + timedelta(days=30, hours=1)):
        ann, cleo, admin = (Api(app, name) for name in ("ann", "cleo", "admin"))
        owners = {row["name"]: row["owner"] and row["owner"]["label"] for row in admin.rows("customers")}
        assert owners == {"Quiet": None, "Busy": "Ann Lee", "Hoped": "Ann Lee", "Key": "Ann Lee"}
        (told,) = admin.rows("customer-transfers")
        assert (told["kind"], told["from_owner"]["label"], told["to_owner"]) == ("recycle", "Ann Lee", None)
        (lying,) = cleo.rows("customers", filters=[{"col": "in_pool", "opr": "eq", "value": True}])
        assert lying["name"] == "Quiet"

        # -- Ann lost it: she can't claim it back at once.  Cleo can, unless she holds too many.
        refused = ann.post(f"customers/{quiet['id']}/claim")
        assert (refused.status_code, refused.json["message"]) == (
            409,
            "You gave up C00001 Quiet: you can claim it again from 2026-10-11.",
        )
        assert admin.put(f"pool-rules/{usual['id']}", {"claim_limit": 0}).status_code == 200
        full = cleo.post("customers/claim", {"ids": [quiet["id"]]})
        assert (full.status_code, "may hold 0" in full.json["message"]) == (409, True)
        assert admin.put(f"pool-rules/{usual['id']}", {"claim_limit": 1}).status_code == 200
        assert cleo.post(f"customers/{quiet['id']}/claim").json["result"]["owner"]["label"] == "Cleo Roy"
    with acting(app):
        assert db.session.scalar(sa.select(Customer.owner_id).where(Customer.id == quiet["id"])) is not None


def test_who_is_under_a_new_rule_is_warned_first(company: Company) -> None:
    with clock.stopped(START):
        Api(company.app, "ann").add("customers", name="Old")
    with clock.stopped(START + timedelta(days=100)):
        Api(company.app, "admin").add("pool-rules", idle_days=30)
    assert "2026-12-13" in night(company, 100)["ann@example.com"]
    assert night(company, 102) == {}
    assert "Back in the public pool" in night(company, 103)["ann@example.com"]


class TestTwoAtOnce:
    def test_the_second_is_told_that_somebody_was_quicker(self, postgres_app) -> None:
        with acting(postgres_app):
            customer = Customer(name="Acme", code="K1")
            db.session.add(customer)
            db.session.flush()
            pk = customer.id
        told: list[str] = []

        def cleo_claims() -> None:
            try:
                with acting(postgres_app, "cleo"):
                    owning.claim([pk])
            except BusinessError as error:
                told.append(error.message)

        with acting(postgres_app, "ann"):
            owning.claim([pk])
            other = threading.Thread(target=cleo_claims)
            other.start()
            other.join(1)  # she waits for Ann
        other.join()
        assert told == ["Somebody else has just claimed K1 Acme."]

    @pytest.mark.parametrize("is_told", [True, False])
    def test_who_has_contact_while_the_job_runs_stays(self, any_app, monkeypatch, is_told) -> None:
        with clock.stopped(START), acting(any_app):
            db.session.add(PoolRule(idle_days=30, warn_days=0))
        with clock.stopped(START), acting(any_app, "ann"):
            pk = crud.create(Customer, {"name": "Acme"}).id
        found: list[tuple[int, int]] = []
        is_due, find = threading.Event(), giving.find

        def about_to_lock(*arguments):
            is_due.set()
            return find(*arguments)

        def night_comes() -> None:
            with acting(any_app):
                found.append(pool.recycle(clock.today()))

        monkeypatch.setattr(giving, "find", about_to_lock)
        with clock.stopped(START + timedelta(days=40)):
            with acting(any_app, "ann"):
                if is_told:
                    crud.create(ContactRecord, {"customer": pk, "outcome": "Interested", "summary": "Ten"})
                job = threading.Thread(target=night_comes)
                job.start()
                # On PostgreSQL it has found the customer due by now; SQLite lets nobody begin before Ann is done.
                is_due.wait(1)
            job.join()
        assert found == [(0, 0 if is_told else 1)]
        with acting(any_app):
            assert (db.session.scalar(sa.select(Customer.owner_id).where(Customer.id == pk)) is None) is not is_told
