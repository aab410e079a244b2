"""Previous and next on a record's page: the list that it was opened from, in its order, within the scope."""

from __future__ import annotations

import html
import re
from urllib.parse import quote, unquote

import pytest

from app.core import crud, db
from app.core.entity import entity_for
from app.core.web import query, trail
from app.core.web.view import views
from tests.app_fixtures import acting
from tests.core.web.test_conditions import rows


@pytest.fixture
def customers(act):
    """Ann's four customers, and one of Cleo's in the middle of them."""
    found = {}
    for who, name, level in (
        ("ann", "Alpha", "A"),
        ("ann", "Beta", "B"),
        ("cleo", "Between", "A"),
        ("ann", "Gamma", "A"),
        ("ann", "Omega", "A"),
    ):
        with act(who):
            found[name] = crud.create(entity_for("customers"), {"name": name, "level": level}).id
    return found


def place(answer) -> tuple[str, str | None, str | None, str]:
    """«3 of 60», where previous and next lead, and the way back."""
    assert answer.status_code == 200, answer.text
    found = re.search(r'<nav class="place".*?</nav>', answer.text, re.S)
    if found is None:
        return ("", None, None, "")
    nav = html.unescape(found[0])
    beside = [re.search(rf'rel="{name}" href="([^"]+)"', nav) for name in ("prev", "next")]
    told = re.search(r'class="place-list" href="([^"]+)".*?>([^<]+)</a>', nav)
    previous, following = (each[1] if each else None for each in beside)
    return (told[2], previous, following, told[1])


def opened(name: str, customers, state: str) -> str:
    return f"/customers/show/{customers[name]}?list={quote(state, safe='')}"


def test_it_follows_the_list_with_its_filter_order_and_search(customers, pages):
    ann = pages("ann")
    state = "f=level%3Aeq%3AA&sort=name"
    page = ann.get(f"/customers/list/?{state}").text
    assert f'data-href="{opened("Alpha", customers, state)}"' in page
    told, previous, following, back = place(ann.get(opened("Alpha", customers, state)))
    assert (told, previous, following) == ("1 of 3", None, opened("Gamma", customers, state))
    assert back == f"/customers/list/?{state}#row-{customers['Alpha']}"
    assert place(ann.get(following))[:2] == ("2 of 3", opened("Alpha", customers, state))
    assert place(ann.get(opened("Omega", customers, state)))[:3] == ("3 of 3", opened("Gamma", customers, state), None)
    assert place(ann.get(opened("Beta", customers, "q=beta")))[:3] == ("1 of 1", None, None)
    # Downwards, and as the plain list has it: the newest first.
    assert place(ann.get(opened("Gamma", customers, "sort=-name")))[0] == "2 of 4"
    assert place(ann.get(opened("Omega", customers, "")))[:3] == ("1 of 4", None, opened("Gamma", customers, ""))
    # The way back leads to the page that the record is on.
    many = place(ann.get(opened("Alpha", customers, "size=25&page=4")))
    assert many[0] == "4 of 4" and many[3].startswith("/customers/list/?size=25#row-")


def test_it_stays_within_the_scope(customers, pages):
    told, previous, following, _back = place(pages("ann").get(opened("Beta", customers, "sort=name")))
    assert (told, following) == ("2 of 4", opened("Gamma", customers, "sort=name"))
    assert previous == opened("Alpha", customers, "sort=name")
    # Backwards too: what lies between the two is not hers to see.
    assert place(pages("ann").get(opened("Gamma", customers, "sort=name")))[1] == opened("Beta", customers, "sort=name")
    assert place(pages("dora").get(opened("Beta", customers, "sort=name")))[0] == "2 of 5"
    assert pages("ann").get(opened("Between", customers, "sort=name")).status_code == 404


def test_from_nowhere_there_are_none(customers, pages):
    ann = pages("ann")
    assert place(ann.get(f"/customers/show/{customers['Beta']}")) == ("", None, None, "")
    for wrong in ("f=nonsense:eq:1", "view=987654", "view=x"):
        assert place(ann.get(opened("Beta", customers, wrong)))[0] == "", wrong


def test_a_view_is_followed_and_what_left_the_list_is_told(customers, pages, api):
    view = api("ann").add(
        "saved-views",
        resource="customers",
        name="Best",
        order="name",
        filter={"filters": [{"col": "level", "opr": "eq", "value": "A"}]},
    )["id"]
    ann = pages("ann")
    state = f"view={view}"
    assert place(ann.get(opened("Gamma", customers, state)))[0] == "2 of 3"
    # It no longer is what the view shows: the others are still at hand.
    api("ann").put(f"customers/{customers['Gamma']}", {"level": "C"})
    told, previous, following, _back = place(ann.get(opened("Gamma", customers, state)))
    assert told == "No longer in the list"
    assert (previous, following) == (opened("Alpha", customers, state), opened("Omega", customers, state))


def test_what_is_done_on_the_page_keeps_it(customers, pages):
    ann = pages("ann")
    here = opened("Gamma", customers, "sort=name&q=a")
    page = html.unescape(ann.get(here).text)
    assert f'href="/customers/edit/{customers["Gamma"]}?next={quote(here, safe="")}"' in page
    answer = ann.post(
        f"/customers/comments/{customers['Gamma']}", {"text": "Called."}, headers={"Referer": f"http://localhost{here}"}
    )
    assert unquote(answer.location) == unquote(here) + "#comments"
    foreign = {"Referer": f"http://elsewhere.example{here}"}
    answer = ann.post(f"/customers/comments/{customers['Gamma']}", {"text": "Again."}, headers=foreign)
    assert answer.location == f"/customers/show/{customers['Gamma']}#comments"
    admin = pages("admin")
    url = re.search(r'action="(/customers/delete/\d+\?list=[^"]+)"', html.unescape(admin.get(here).text))
    assert admin.post(url[1]).location == "/customers/list/?sort=name&q=a"


def test_every_order_on_both_databases(any_app):
    """Whatever the order, each row's neighbours are those beside it in the list, also among those that have nothing."""
    view = views["customers"]
    with acting(any_app):
        found = {row.id: row for row in rows(view.model)}
        for name in query.sortable(view.model):
            for descending in (False, True):
                asked = query.ListQuery(view.model, order=name, descending=descending, size=100)
                ids = [row.id for row in asked.rows([])]
                for at in (0, 1, 5, len(ids) - 1):
                    where = trail._place(view, found[ids[at]], asked, "")
                    beside = [ids[at - 1] if at else None, ids[at + 1] if at + 1 < len(ids) else None]
                    urls = [f"/customers/show/{each}?list=" if each else None for each in beside]
                    assert (where.position, where.count) == (at + 1, len(ids)), (name, descending, at)
                    assert [where.prev_url, where.next_url] == urls, (name, descending, at)
        assert db.session.is_active


def test_it_costs_two_statements_more(customers, pages, statements):
    ann = pages("ann")
    ann.get(opened("Beta", customers, "sort=name"))
    with statements() as plain:
        ann.get(f"/customers/show/{customers['Beta']}")
    with statements() as led:
        ann.get(opened("Beta", customers, "sort=name"))
    assert len(led) <= len(plain) + 3
    assert not any(" LIMIT " not in each and "count(*)" not in each for each in led[-2:])
