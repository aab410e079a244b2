"""What happens to records is told once, within the transaction, to whoever listens."""

from __future__ import annotations

import pytest

from app.core import events
from app.core.entity import registry
from app.core.errors import Conflict


@pytest.fixture
def heard():
    """The events told while the test runs, by name."""
    found: list[events.RecordEvent] = []

    def listener(_connection, told):
        found.extend(told)

    events.on_records(listener)
    yield found
    events.forget(listener)


def test_each_change_is_told_once_with_what_changed(heard, api):
    admin = api("admin")
    key = admin.add("brands", name="Hill")["id"]
    admin.put(f"brands/{key}", {"name": "Valley"})
    admin.put(f"brands/{key}", {"name": "Valley"})
    admin.delete(f"brands/{key}")
    mine = [each for each in heard if each.resource == "brands"]
    assert [each.name for each in mine] == ["brands.create", "brands.update", "brands.delete"]
    assert {each.record for each in mine} == {f"brands/{key}"}
    assert mine[1].changes == {"name": ["Hill", "Valley"]}
    assert mine[1].user_id is not None
    assert mine[1].at.tzinfo is not None


def test_a_transition_is_told_by_its_name(heard, api):
    ann = api("ann")
    plan = ann.add("weekly-plans", week="2040-01-02", plan="Visit the north")["id"]
    heard.clear()
    assert ann.post(f"weekly-plans/{plan}/submit", {"comment": "Please look"}).status_code == 200
    (told,) = [each for each in heard if each.resource == "weekly-plans"]
    assert (told.name, told.comment) == ("weekly-plans.submit", "Please look")
    assert told.changes["state"] == ["draft", "submitted"]


def test_who_tells_people_hears_at_the_end_of_what_is_done_together(heard, act):
    parts: list[list[str]] = []

    def patient(_connection, told):
        parts.append([each.name for each in told if each.resource == "brands"])

    events.on_deeds(patient)
    try:
        with act() as session:
            with events.together(), events.together():
                for name in ("Hill", "Valley"):
                    session.add(registry["brands"](name=name))
                    session.flush()
                assert parts == [] and len(heard) == 2, "others hear each flush"
            assert parts == [["brands.create", "brands.create"]]
            session.add(registry["brands"](name="Brook"))
            session.flush()
            assert parts[1:] == [["brands.create"]]
            with pytest.raises(Conflict), events.together():
                session.add(registry["brands"](name="Shore"))
                session.flush()
                raise Conflict("not now")
            assert len(parts) == 2, "nothing is said of what ended in a refusal"
    finally:
        events.forget(patient)


def test_what_is_refused_is_not_told(heard, api):
    assert api("ann").post("customers/", {"name": ""}).status_code == 422
    assert api("ann").post("brands/", {"name": "Mine"}).status_code == 403
    assert heard == []


def test_a_listener_that_raises_undoes_the_change(api):
    def refusing(_connection, _told):
        raise Conflict("not now")

    admin = api("admin")
    events.on_records(refusing)
    try:
        assert admin.post("brands/", {"name": "Hill"}).status_code == 409
    finally:
        events.forget(refusing)
    assert admin.rows("brands") == []
