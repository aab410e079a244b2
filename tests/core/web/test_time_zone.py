"""Moments in the zone of whoever looks; days of documents in the company's."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from app.core import clock
from app.core.entity import entity_for
from app.core.fields import fields_of
from app.core.web import present
from app.core.web.inputs import typed

LATE = datetime(2026, 11, 23, 20, 30, tzinfo=UTC)  # 04:30 of the 24th in Shanghai, 15:30 of the 23rd in New York


@pytest.fixture
def zone_of_ann(pages):
    """Ann chooses her zone, as she does on her page."""

    def choose(name):
        return pages("ann").post("/account/time-zone", {"time_zone": name})

    return choose


def test_a_moment_is_shown_and_typed_where_one_is(act, zone_of_ann):
    created = fields_of(entity_for("customers"))["created_on"]
    with clock.stopped(LATE + timedelta(hours=1)):
        with act("ann"):
            assert (present.moment(LATE), typed(created, LATE)) == ("Today 04:30", "2026-11-24T04:30")
        assert zone_of_ann("America/New_York").status_code == 302
        with act("ann"):
            assert (present.moment(LATE), typed(created, LATE)) == ("Today 15:30", "2026-11-23T15:30")
            assert created.parse("2026-11-23T15:30") == LATE
            assert created.to_cell(LATE) == datetime(2026, 11, 23, 15, 30)
            assert present.day(clock.today()) == "Today" and clock.today().day == 24
        with act("bob"):
            assert present.moment(LATE) == "Today 04:30"


def test_a_day_that_is_filtered_by_is_ones_own(api, zone_of_ann):
    with clock.stopped(LATE):
        api("ann").add("customers", name="Acme")
    q = {"filters": [{"col": "created_on", "opr": "eq", "value": "2026-11-23"}]}
    assert api("ann").get("customers/", q).json["count"] == 0
    zone_of_ann("America/New_York")
    assert api("ann").get("customers/", q).json["count"] == 1
    assert api("bob").get("customers/", q).json["count"] == 0


def test_what_is_no_zone_is_told_and_kept(zone_of_ann):
    answer = zone_of_ann("Mars/Olympus")
    assert answer.status_code == 422
    assert "“Mars/Olympus” is not a time zone" in answer.text and 'value="Mars/Olympus"' in answer.text
    assert zone_of_ann("").status_code == 302


def test_the_system_acts_in_the_companys_zone(act):
    with act():
        assert clock.reader_zone() == clock.zone()
