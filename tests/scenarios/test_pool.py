"""The public pool warns, takes customers back and lets others claim them: Ann's quiet customers, in the autumn of 2026."""

from __future__ import annotations

import threading
from datetime import datetime, timedelta

import pytest
import sqlalchemy as sa

from app.core import clock, crud, db, giving
from app.core.errors import BusinessError
from app.domains.activities.models import ContactRecord
from app.domains.crm import owning, pool
from app.domains.crm.models import Customer
from app.domains.crm.models.pool import PoolRule
from app.jobs import execution
from tests.app_fixtures import Api, acting
from tests.scenarios.company import Company, text_of

START = datetime(2026, 9, 1, 9)


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


class TestTakingBackARelease:
    """Ann gives customers up, and thinks better of it."""

    def open(self, company: Company, **rule: int) -> None:
        Api(company.app, "admin").add("pool-rules", **{"claim_back_days": 10, "claim_limit": 2} | rule)

    def release(self, company: Company, *names: str) -> tuple[int, list[int]]:
        """The run, and the customers' ids."""
        ann = Api(company.app, "ann")
        ids = [ann.add("customers", name=name)["id"] for name in names]
        answer = ann.post("customers/release", {"ids": ids, "reason": "No budget"})
        assert answer.status_code == 200, answer.text
        return answer.json["run"], ids

    def owners(self, company: Company) -> list[str | None]:
        rows = Api(company.app, "admin").rows("customers", order_column="id", order_direction="asc")
        return [row["owner"] and row["owner"]["label"] for row in rows]

    def test_on_the_same_day_it_comes_back(self, company: Company) -> None:
        with clock.stopped(START):
            self.open(company)
            run, _ids = self.release(company, "Acme", "Best")
        with clock.stopped(START.replace(hour=23)):
            ann = Api(company.app, "ann")
            assert ann.post(f"customers/{_ids[0]}/claim").status_code == 409, "claiming it is another matter"
            told = ann.post(f"import-runs/{run}/undo").json
            assert (told["restored"], told["result"]["undone"]) == (2, True)
        assert self.owners(company) == ["Ann Lee", "Ann Lee"]

    def test_from_the_next_day_on_it_is_claimed_as_any_other(self, company: Company) -> None:
        with clock.stopped(START):
            self.open(company)
            run, (pk,) = self.release(company, "Acme")
        with clock.stopped(START + timedelta(days=1)):
            refused = Api(company.app, "ann").post(f"import-runs/{run}/undo")
            assert (refused.status_code, refused.json["message"]) == (
                409,
                "You gave up C00001 Acme on another day, and others have seen it since: you can claim it again from "
                "2026-09-11.",
            )
            assert self.owners(company) == [None]
            # Her manager may give it to her, and so may undo it for her.
            assert Api(company.app, "bob").post(f"import-runs/{run}/undo").status_code == 200
        assert self.owners(company) == ["Ann Lee"]
        with clock.stopped(START):
            run, _ids = self.release(company, "Best")
        with clock.stopped(START + timedelta(days=10)):
            ann = Api(company.app, "ann")
            refused = ann.post(f"import-runs/{run}/undo")
            assert (refused.status_code, "you can claim it again from 2026-09-11" in refused.text) == (409, True)
            assert ann.post(f"customers/{_ids[0]}/claim").status_code == 200

    def test_what_others_have_by_now_does_not(self, company: Company) -> None:
        with clock.stopped(START):
            self.open(company)
            run, (one, two) = self.release(company, "Acme", "Best")
            ann, cleo = Api(company.app, "ann"), Api(company.app, "cleo")
            assert cleo.post(f"customers/{one}/claim").status_code == 200
            told = ann.post(f"import-runs/{run}/undo").json
            assert (told["restored"], [each["record"] for each in told["kept"]]) == (1, [f"customers/{one}"])
            assert self.owners(company) == ["Cleo Roy", "Ann Lee"]
            run, (three,) = self.release(company, "Cure")
            assert cleo.post(f"customers/{three}/claim").status_code == 200
            refused = ann.post(f"import-runs/{run}/undo")
            assert (refused.status_code, refused.json["message"]) == (
                409,
                "What you gave up is no longer in the public pool.",
            )

    def test_nor_what_there_is_no_room_for(self, company: Company) -> None:
        with clock.stopped(START):
            self.open(company)
            run, _ids = self.release(company, "Acme", "Best")
            admin, ann = Api(company.app, "admin"), Api(company.app, "ann")
            other = admin.add("customers", name="Other", owner=None)["id"]
            assert ann.post(f"customers/{other}/claim").status_code == 200
            refused = ann.post(f"import-runs/{run}/undo")
            assert (refused.status_code, "You hold 1 customers" in refused.json["message"]) == (409, True)
            assert self.owners(company) == [None, None, "Ann Lee"]

    def test_without_rules_nothing_is_in_the_way(self, company: Company) -> None:
        with clock.stopped(START):
            run, _ids = self.release(company, "Acme")
        with clock.stopped(START + timedelta(days=5)):
            assert Api(company.app, "ann").post(f"import-runs/{run}/undo").status_code == 200

    def test_it_is_no_contact(self, company: Company) -> None:
        """Who gives up and takes back has had it all along: the day on which it returns to the pool stays."""
        with clock.stopped(START):
            self.open(company, idle_days=30, warn_days=3)
            pk = Api(company.app, "ann").add("customers", name="Acme")["id"]

        def words() -> str:
            with acting(company.app):
                return pool.words(db.session.get(Customer, pk))

        with clock.stopped(START + timedelta(days=20)):
            before = words()
            ann = Api(company.app, "ann")
            run = ann.post(f"customers/{pk}/release", {"reason": "No budget"}).json["run"]
            assert ann.post(f"import-runs/{run}/undo").status_code == 200
            assert "2026-10-01" in before and words() == before
            # Given back to her by her manager, it is hers from that day: as he assigns it, or undoes what she did.
            run = ann.post(f"customers/{pk}/release", {"reason": "No budget"}).json["run"]
        with clock.stopped(START + timedelta(days=21)):
            ann, bob = Api(company.app, "ann"), Api(company.app, "bob")
            assert bob.post(f"import-runs/{run}/undo").status_code == 200
            assert "2026-10-22" in words()
            assert ann.post(f"customers/{pk}/release", {"reason": "No budget"}).status_code == 200
        with clock.stopped(START + timedelta(days=22)):
            bob = Api(company.app, "bob")
            to = bob.get(f"customers/{pk}").json["result"]["created_by"]["id"]
            assert bob.post("customers/assign", {"ids": [pk], "to": to}).status_code == 200
            assert "2026-10-23" in words()


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
