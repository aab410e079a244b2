"""What the console keeps for each person: their own alone, of a bounded size, in one statement."""

from __future__ import annotations

import pytest

from app.core import db, identity, preferences
from app.core.errors import Invalid, NotPermitted
from tests.app_fixtures import acting


def test_a_value_is_its_owners_alone_until_it_is_forgotten(any_app):
    wish = {"starred": ["/customers/list/"], "name": "北京"}
    with acting(any_app, "ann"):
        preferences.put("menu", wish)
        preferences.put("menu", {**wish, "n": 2})
    with acting(any_app, "ann"):
        assert preferences.get("menu") == {**wish, "n": 2}
        assert preferences.get("list/customers", "none yet") == "none yet"
        preferences.put("list/customers", False)
    with acting(any_app, "cleo"):
        assert preferences.get("menu", []) == []
    with acting(any_app, "ann"):
        assert preferences.get("list/customers", True) is False
        preferences.put("menu", None)
        assert preferences.get("menu", "gone") == "gone"
    with acting(any_app, "ann"):
        assert preferences.get("menu", "gone") == "gone"


def test_what_every_page_needs_is_read_along(act, statements, monkeypatch):
    monkeypatch.setattr(preferences, "every_page", {"menu"})
    with act("ann"):
        preferences.put("menu", [1])
        preferences.put("list/customers", [2])
    with act("ann"):
        db.session.connection()
        with statements() as executed:
            assert preferences.get("list/customers") == [2]
            assert preferences.get("menu") == [1]
            assert preferences.get("list/customers") == [2]
        assert len(executed) == 1


def test_it_keeps_a_bounded_amount(act, monkeypatch):
    with act("ann"):
        with pytest.raises(Invalid):
            preferences.put("menu", "x" * preferences.LONGEST)
        with pytest.raises(Invalid):
            preferences.put("k" * 121, 1)
        monkeypatch.setattr(preferences, "MOST", 2)
        for key in ("a", "b", "b"):
            preferences.put(key, 1)
        with pytest.raises(Invalid):
            preferences.put("c", 1)
    with act("cleo"):
        preferences.put("c", 1)


def test_there_is_nothing_to_keep_for_nobody(act):
    with act():
        assert preferences.get("menu", 0) == 0
        with pytest.raises(NotPermitted):
            preferences.put("menu", 1)
        with identity.acting_as(None), pytest.raises(NotPermitted):
            preferences.put("menu", 1)
