"""The page of a role's permissions: everything in words, and nothing twice."""

from __future__ import annotations

import pytest

from app.core.web import permissions


@pytest.fixture
def groups(app, act):
    with act():
        yield permissions.groups(set())


def test_how_far_it_reaches_names_each_part_once(groups):
    reaches = groups[0]
    assert reaches.rows
    for row in reaches.rows:
        labels = [tick.label for tick in row.ticks]
        assert sorted(labels) == sorted(set(labels)), row.label
    names = {tick.name: tick.label for tick in reaches.rows[0].ticks}
    # The notices stand among the activities, and are the system's.
    assert names["can_see_all system"] != names["can_see_all activities"] == "Activities"


def test_no_permission_is_shown_by_its_raw_name(groups):
    raw = {
        f"{row.label}: {tick.label}"
        for group in groups
        for row in group.rows
        for tick in row.ticks
        if tick is not None and ("_" in tick.label or tick.label == tick.label.lower())
    }
    assert raw == set()
    labels = [
        tick.label for group in groups for row in group.rows if row.label == "Notices" for tick in row.ticks if tick
    ]
    assert "Mark all as read" in labels
