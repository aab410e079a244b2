"""What is somebody's stays theirs when customers are merged, and when that is undone."""

from __future__ import annotations

import json
from datetime import date, datetime, timedelta

import pytest
import sqlalchemy as sa

from app.core import clock, db
from app.core.entity import User
from app.domains.crm import pool
from app.domains.crm.mergers import united_share
from app.domains.crm.models import Customer, CustomerShare, CustomerTransfer, PoolRule, PoolWarning


@pytest.fixture
def users(act) -> dict[str, int]:
    with act():
        return dict(list(db.session.execute(sa.select(User.username, User.id)).tuples()))


def add(client, *names: str) -> list[int]:
    return [client.add("customers", name=name)["id"] for name in names]


class TestWhatIsShared:
    def test_is_not_merged_away_by_whom_it_is_shared_with(self, api, users):
        ann, cleo = api("ann"), api("cleo")
        (mine,), (hers,) = add(ann, "Mine"), add(cleo, "Hers")
        cleo.add("customer-shares", customer=hers, user=users["ann"], access="write")
        for row, other in ((mine, hers), (hers, mine)):
            refused = ann.post(f"customers/{row}/merge", {"other": other})
            assert refused.status_code == 403, refused.text
        assert cleo.get(f"customers/{hers}").json["result"]["owner"]["label"] == "Cleo Roy"

    @pytest.mark.parametrize(
        ("one", "other", "both"),
        [
            (("read", "2099-01-01"), ("read", "2098-01-01"), ("read", "2099-01-01")),
            (("read", None), ("read", "2098-01-01"), ("read", None)),
            (("write", "2099-01-01"), ("write", None), ("write", None)),
            (("write", None), ("read", "2099-01-01"), ("write", None)),
            (("write", "2098-01-01"), ("read", None), ("write", "2098-01-01")),
            (("read", "2099-01-01"), ("write", "2098-01-01"), ("write", "2098-01-01")),
        ],
    )
    def test_on_no_day_is_more_than_one_of_them_gave(self, api, users, one, other, both):
        ann = api("ann")
        mine, gone = add(ann, "Mine", "Gone")
        for pk, (access, until) in ((mine, one), (gone, other)):
            ann.add("customer-shares", customer=pk, user=users["cleo"], access=access, until=until)
        assert ann.post(f"customers/{mine}/merge", {"other": gone}).status_code == 200
        (share,) = ann.rows("customer-shares")
        assert (share["access"], share["until"]) == both

    def test_a_share_that_is_over_takes_nothing_from_the_other(self):
        over, open_ = CustomerShare(access="write", until=date(2020, 1, 1)), CustomerShare(access="read", until=None)
        assert united_share(over, open_) == united_share(open_, over) == {"access": "read", "until": None}

    def test_whoever_loses_one_by_their_managers_merge_is_told(self, api, users):
        admin, ann, cleo = api("admin"), api("ann"), api("cleo")
        (mine,), (hers,) = add(ann, "Mine"), add(cleo, "Hers")
        assert admin.post(f"customers/{mine}/merge", {"other": hers}).status_code == 200
        assert any("Hers" in row["subject"] for row in cleo.rows("notices"))


class TestUndoing:
    def test_reaches_no_row_that_has_become_somebody_elses(self, api, users):
        ann, admin = api("ann"), api("admin")
        one, two = add(ann, "One", "Two")
        run = ann.post(f"customers/{one}/merge", {"other": two}).json["run"]
        assert admin.post("customers/transfer", {"ids": [one], "to": users["cleo"]}).status_code == 200
        refused = ann.post(f"import-runs/{run}/undo")
        assert refused.status_code in (403, 404), refused.text
        assert admin.get(f"customers/{two}").status_code == 404, "nothing came back"
        assert admin.post(f"import-runs/{run}/undo").status_code == 200

    def test_goes_from_the_last_merge_to_the_first(self, api, users):
        ann = api("ann")
        a, b, d = add(ann, "A", "B", "D")
        contact = ann.add("contacts", customer=b, name="Li")["id"]
        first = ann.post(f"customers/{a}/merge", {"other": b}).json["run"]
        second = ann.post(f"customers/{d}/merge", {"other": a}).json["run"]
        refused = ann.post(f"import-runs/{first}/undo")
        assert (refused.status_code, "Undo that first" in refused.json["message"]) == (409, True)
        assert ann.post(f"import-runs/{second}/undo").status_code == 200
        assert ann.post(f"import-runs/{first}/undo").status_code == 200
        assert ann.get(f"contacts/{contact}").json["result"]["customer"]["id"] == b

    def test_of_a_transfer_is_for_who_leads_one_of_them_still(self, api, act, users):
        bob, admin = api("bob"), api("admin")
        (one,) = add(api("ann"), "One")
        run = bob.post("customers/transfer", {"ids": [one], "to": users["cleo"]}).json["run"]
        north = next(row for row in admin.rows("departments") if row["name"] == "Sales north")
        assert admin.put(f"departments/{north['id']}", {"manager": None}).status_code == 200
        assert api("bob").post(f"import-runs/{run}/undo").status_code == 403
        assert admin.get(f"customers/{one}").json["result"]["owner"]["label"] == "Cleo Roy"


class TestThePool:
    def test_two_that_were_warned_of_become_one(self, api, act, users):
        ann = api("ann")
        one, two = add(ann, "One", "Two")
        with act() as session:
            since = clock.today() - timedelta(days=20)
            session.add_all(
                PoolWarning(customer_id=pk, owner_id=users["ann"], since=since, warned_on=clock.today())
                for pk in (one, two)
            )
        assert ann.post(f"customers/{one}/merge", {"other": two}).status_code == 200

    def test_a_merge_is_no_contact(self, act, users):
        with clock.stopped(datetime(2026, 1, 1, 9)), act("ann") as session:
            session.add_all(Customer(name=name, code=name, owner_id=users["ann"]) for name in ("Old", "Twin"))
        with clock.stopped(datetime(2026, 6, 1, 9)), act() as session:
            session.add(PoolRule(idle_days=30, warn_days=3))
            old = session.scalars(sa.select(Customer).where(Customer.name == "Old")).one()
            session.add(
                CustomerTransfer(customer_id=old.id, from_owner_id=users["ann"], to_owner_id=users["ann"], kind="merge")
            )
            session.flush()
            assert old.id in {each.id for each in pool.due(clock.today())}


@pytest.mark.parametrize("other", [1e999, 6.9, "x", None, True, -1])
def test_what_is_no_row_is_refused_in_words(api, other):
    ann = api("ann")
    (one,) = add(ann, "One")
    text = json.dumps({"other": other}).replace("Infinity", "1e999")
    answer = ann.client.post(
        f"/api/v1/customers/{one}/merge", data=text, headers=ann.headers, content_type="application/json"
    )
    assert (answer.status_code, list(answer.json["errors"])) == (422, ["other"])
