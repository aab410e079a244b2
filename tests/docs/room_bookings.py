"""The room booking of docs/adding-an-entity.md: a row is its owner's.

Run in the copy of Kehu that the page's blocks were put into.
"""

from __future__ import annotations

from datetime import timedelta

import pytest
import sqlalchemy as sa
from flask_appbuilder.security.sqla.models import Permission, PermissionView, Role, ViewMenu

from app.core import clock


@pytest.fixture
def room(act, api):
    """A room; everybody who sells may book it."""
    with act() as session:
        wanted = sa.select(PermissionView).join(Permission).join(ViewMenu)
        may = sa.or_(
            ViewMenu.name == "RoomBooking",
            sa.and_(ViewMenu.name == "MeetingRoom", Permission.name.in_(("can_list", "can_show"))),
        )
        found = list(session.scalars(wanted.where(may)).unique())
        for role in session.scalars(sa.select(Role).where(Role.name.in_(("Salesperson", "Sales manager")))).unique():
            role.permissions = [*role.permissions, *found]
    return api("admin").add("meeting-rooms", name="Blue room", seats=8)["id"]


def test_it_is_its_owners_and_the_managers_above(room, api, pages):
    day = clock.today() + timedelta(days=1)
    booking = api("ann").add("room-bookings", room=room, day=day.isoformat(), purpose="Interviews")
    assert booking["owner"]["label"] == "Ann Lee"
    assert [row["purpose"] for row in api("ann").rows("room-bookings")] == ["Interviews"]
    assert [row["purpose"] for row in api("bob").rows("room-bookings")] == ["Interviews"]  # Ann's manager
    assert api("cleo").rows("room-bookings") == []
    assert api("cleo").get(f"room-bookings/{booking['id']}").status_code == 404
    assert api("cleo").put(f"room-bookings/{booking['id']}", {"purpose": "Mine"}).status_code == 404
    assert pages("cleo").get(f"/room-bookings/show/{booking['id']}").status_code == 404
    assert "Interviews" not in pages("cleo").get("/room-bookings/list/").text
    assert "Interviews" not in api("cleo").get("room-bookings/export?format=csv").text


def test_an_owner_gives_nothing_away_alone(room, api, act):
    cleo = next(row["owner"]["id"] for row in [api("cleo").add("room-bookings", room=room, purpose="Lunch")])
    day = (clock.today() + timedelta(days=2)).isoformat()
    assert (
        api("ann").post("room-bookings/", {"room": room, "day": day, "purpose": "Talk", "owner": cleo}).status_code
        == 403
    )


def test_a_room_is_taken_once_a_day_and_not_in_the_past(room, api):
    api("ann").add("room-bookings", room=room, purpose="Interviews")
    taken = api("cleo").post("room-bookings/", {"room": room, "purpose": "Lunch"})
    assert (taken.status_code, set(taken.json["errors"])) == (422, {"room", "day"})
    past = (clock.today() - timedelta(days=1)).isoformat()
    refused = api("ann").post("room-bookings/", {"room": room, "day": past, "purpose": "Talk"})
    assert refused.json["errors"] == {"day": ["A room can't be booked for a day that has passed."]}
    assert refused.status_code == 422


def test_its_pages_open(room, pages):
    ann = pages("ann")
    for path in ("/room-bookings/list/", "/room-bookings/add", "/room-bookings/import"):
        assert ann.get(path).status_code == 200
