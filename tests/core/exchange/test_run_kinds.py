"""A deed on rows of several kinds is one run, and one undo: what it added, changed, moved and removed."""

from __future__ import annotations

from dataclasses import replace

import pytest
import sqlalchemy as sa

from app.core import crud, db, identity, remarks
from app.core.audit import AuditEntry
from app.core.entity import User
from app.core.errors import Conflict, NotPermitted
from app.core.exchange import run_kinds
from app.core.exchange.keeping import added, changed, held, keep_run, moved, removed
from app.core.exchange.models import ImportRun
from app.core.exchange.run_kinds import RunKind
from app.core.exchange.undo import Undone, undo
from app.domains.crm.models import Contact, Customer, CustomerShare


@pytest.fixture
def deed(monkeypatch):
    """A kind of runs that only this test knows: ``deed(gives_away=…)``."""
    monkeypatch.setattr(run_kinds, "KINDS", dict(run_kinds.KINDS))
    monkeypatch.setattr(run_kinds, "LABELS", run_kinds.LABELS)

    def make(**options) -> RunKind:
        kind = RunKind("handover", "Handover", lambda run: f"Handover: {run.file}", **options)
        run_kinds.KINDS[kind.name] = kind
        return kind

    return make


def user_id(name: str) -> int:
    return db.session.scalars(sa.select(User.id).where(User.username == name)).one()


def undone(run_id: int) -> Undone:
    return undo(crud.fetch(ImportRun, run_id, lock=True))


class TestDeedsOnSeveralKinds:
    def test_all_that_was_done_is_taken_back(self, act, deed):
        kind = deed()
        with act("ann"):
            acme, other = (crud.create(Customer, {"name": name, "credit_limit": "9.50"}) for name in ("Acme", "Other"))
            crud.update(other, {"tags": ["big"]})
            remarks.add(other, "They pay late")
            kim = crud.create(Contact, {"customer": other.id, "name": "Kim", "birthday": "1990-01-02"})
            lee = crud.create(Contact, {"customer": other.id, "name": "Lee"})
            before = {"name": held(acme, "name")}
            crud.update(acme, {"name": "Acme and others"})
            share = crud.create(CustomerShare, {"customer": acme.id, "user": user_id("cleo")})
            ids = acme.id, other.id, kim.id, lee.id
            contacts, pair = Contact.__table__, ({"customer_id": other.id}, {"customer_id": acme.id})
            wrote = [added(share), moved(contacts, lee.id, *pair), removed(kim), removed(other), changed(acme, before)]
            db.session.connection().execute(
                sa.update(contacts).where(contacts.c.id == lee.id).values(customer_id=acme.id)
            )
            db.session.connection().execute(sa.delete(contacts).where(contacts.c.id == kim.id))
            db.session.expire_all()
            db.session.delete(other)
            crud.flush()
            run = keep_run(kind, Customer, wrote, "Other")
            assert (str(run), run.rows, run.created, run.updated) == ("Handover: Other", 5, 1, 4)
            run_id = run.id
        with act("ann"):
            outcome = undone(run_id)
            assert (outcome.deleted, outcome.restored, outcome.kept) == (1, 4, [])
            acme, other = (crud.fetch(Customer, pk) for pk in ids[:2])
            assert (acme.name, other.name, str(other.credit_limit)) == ("Acme", "Other", "9.50")
            assert [tag.name for tag in other.tags] == ["big"]
            assert [each.text for each in remarks.of(other)[0]] == ["They pay late"]
            assert {row.id: row.customer_id for row in db.session.scalars(sa.select(Contact))} == {
                ids[2]: other.id,
                ids[3]: other.id,
            }
            assert str(crud.fetch(Contact, ids[2]).birthday) == "1990-01-02"
            assert db.session.scalars(sa.select(CustomerShare)).all() == []
        with act(None):
            told = sa.select(AuditEntry.action).where(AuditEntry.record == f"customers/{ids[1]}")
            assert list(db.session.scalars(told.order_by(AuditEntry.id)))[-2:] == ["delete", "undo"]

    def test_what_was_given_away_comes_back_only_by_a_deed_that_gives_away(self, act, deed):
        def give(kind: RunKind) -> int:
            with act("ann"):
                acme = crud.create(Customer, {"name": "Acme"})
                before = {"owner_id": acme.owner_id}
                with identity.moving_ownership():
                    acme.owner_id = user_id("cleo")
                    crud.flush()
                return keep_run(kind, Customer, [changed(acme, before)]).id

        run_id = give(deed())
        with act("ann"):
            assert [each.reason for each in undone(run_id).kept] == ["It is not yours to change."]
        run_id = give(deed(gives_away=True))
        with act("ann"):
            assert undone(run_id).restored == 1
            ann = user_id("ann")
            assert [row.owner_id for row in db.session.scalars(sa.select(Customer))] == [ann]
        with act(None):
            by = sa.select(AuditEntry.user_id).where(AuditEntry.action == "undo").order_by(AuditEntry.id.desc())
            assert db.session.scalars(by).first() == ann

    def test_anothers_takes_what_the_kind_says(self, act, deed):
        deed(own="can_edit", others="can_delete")
        with act("bob"):
            acme = crud.create(Customer, {"name": "Acme"})
            kind = run_kinds.KINDS["handover"]
            run = keep_run(kind, Customer, [added(acme)])
            db.session.expunge(run)
        with act("ann"), pytest.raises(NotPermitted):
            undo(run)

    def test_a_place_that_was_taken_since(self, act, deed):
        def remove(kind: RunKind) -> int:
            with act(None):
                acme = crud.create(Customer, {"code": "K1", "name": "Acme"})
                wrote = [removed(acme)]
                crud.delete(acme)
                run_id = keep_run(kind, Customer, wrote).id
                crud.create(Customer, {"code": "K1", "name": "New"})
                return run_id

        run_id = remove(deed())
        with act(None):
            (kept,) = undone(run_id).kept
            assert (kept.label, "something else has its place" in kept.reason) == ("K1 Acme", True)
            kind = replace(run_kinds.KINDS["handover"], whole=True)
            run_kinds.KINDS["handover"] = kind
            crud.delete(db.session.scalars(sa.select(Customer)).one())
        run_id = remove(kind)
        with act(None), pytest.raises(Conflict, match="K1 Acme"):
            undone(run_id)

    def test_what_somebody_pointed_elsewhere_since_stays(self, act, deed):
        kind = deed()
        with act(None):
            one, two, three = (crud.create(Customer, {"name": name}) for name in ("One", "Two", "Three"))
            kim, lee = (crud.create(Contact, {"customer": one.id, "name": name}) for name in ("Kim", "Lee"))
            contacts, pair = Contact.__table__, ({"customer_id": one.id}, {"customer_id": two.id})
            db.session.connection().execute(sa.update(contacts).values(customer_id=two.id))
            run_id = keep_run(kind, Customer, [moved(contacts, each.id, *pair) for each in (kim, lee)]).id
            db.session.expire_all()
            crud.update(lee, {"customer": three.id})
            ids = one.id, three.id
        with act(None):
            assert undone(run_id).restored == 1
            rows = db.session.scalars(sa.select(Contact).order_by(Contact.name))
            assert [row.customer_id for row in rows] == list(ids)
