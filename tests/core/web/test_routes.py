"""Addresses are compiled when they are first built, and are right then."""

from __future__ import annotations

import pytest
from flask import url_for
from werkzeug.routing import Map, Rule

from app.core.web.routes import LazyRule

RULES = ("/customers/list/", "/customers/show/<int:pk>", "/a/<path:way>/<name>", "/static/<path:filename>")
CALLS = (
    ("/customers/list/", {}),
    ("/customers/list/", {"q": "a b&c", "f": ["x", "y"]}),
    ("/customers/show/<int:pk>", {"pk": 7}),
    ("/customers/show/<int:pk>", {"pk": 7, "next": "/x?y=1"}),
    ("/a/<path:way>/<name>", {"way": "b/c", "name": "北京 %"}),
    ("/static/<path:filename>", {"filename": "a/ä.css"}),
)


@pytest.mark.parametrize(("rule", "values"), CALLS)
def test_it_builds_what_werkzeug_builds(rule, values):
    built = []
    for kind in (Rule, LazyRule):
        adapter = Map([kind(each, endpoint=each) for each in RULES]).bind("localhost", "/")
        built.append([adapter.build(rule, dict(values)) for _turn in range(2)])
    assert built[0] == built[1]


def test_the_console_uses_it(app):
    with app.test_request_context():
        lazy = [rule for rule in app.url_map.iter_rules() if isinstance(rule, LazyRule)]
        assert len(lazy) > 500
        assert url_for("CustomerPages.show", pk=3) == "/customers/show/3"
