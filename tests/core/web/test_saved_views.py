"""Saved views: a list's filter, columns and order under a name; whose they are, who sees them, what a list opens with."""

from __future__ import annotations

import re

import pytest
import sqlalchemy as sa

from app.core import crud, db, references
from app.core.entity import entity_for
from app.core.saved_views import SavedView


@pytest.fixture
def customers(act):
    """Ann's three customers and one of Cleo's."""
    with act("ann"):
        model = entity_for("customers")
        for name, status, region in (
            ("Alpha", "active", "North"),
            ("Beta", "potential", "South"),
            ("Gamma", "active", "South"),
        ):
            crud.create(model, {"name": name, "status": status, "region": region, "level": "A"})
    with act("cleo"):
        crud.create(entity_for("customers"), {"name": "Delta", "status": "active"})


ACTIVE = {"filters": [{"col": "status", "opr": "eq", "value": "active"}]}


def add_view(client, **said):
    data = {"resource": "customers", "name": "Active", "filter": ACTIVE, "order": "-name"} | said
    answer = client.post("saved-views/", data)
    assert answer.status_code == 201, answer.text
    return answer.json["result"]


def names(text: str) -> list[str]:
    """The customers that a page lists, in their order."""
    return re.findall(r"\b(Alpha|Beta|Gamma|Delta)\b", " ".join(re.findall(r"<tbody.*?</tbody>", text, re.S)))[::1]


def shown(answer) -> list[str]:
    assert answer.status_code == 200, answer.text
    return list(dict.fromkeys(names(answer.text)))


def headings(answer) -> list[str]:
    return re.findall(r'class="sort[^"]*" href="[^"]*">([^<]+)', answer.text)


class TestMaking:
    def test_the_list_saves_what_it_shows_and_shows_what_was_saved(self, customers, pages, api):
        ann = pages("ann")
        state = "f=status%3Aeq%3Aactive&sort=-name&cols=name%2Cregion"
        page = ann.get(f"/customers/list/?{state}")
        assert shown(page) == ["Gamma", "Alpha"]
        assert headings(page) == ["Name", "Region"]
        url = re.search(r'action="(/list-views/customers/save\?[^"]+)"', page.text)
        answer = ann.post(url[1].replace("&amp;", "&"), {"name": "Best"})
        [kept] = api("ann").rows("saved-views")
        assert (kept["filter"], kept["columns"], kept["order"]) == (ACTIVE, ["name", "region"], "-name")
        assert answer.location == f"/customers/list/?view={kept['id']}"
        again = ann.get(answer.location)
        assert (shown(again), headings(again)) == (["Gamma", "Alpha"], ["Name", "Region"])
        # Everything that leads on keeps it: an order, a search, a file.
        assert f"/customers/export?format=csv&amp;view={kept['id']}" in again.text
        file = ann.get(f"/customers/export?format=csv&view={kept['id']}")
        text = file.text
        file.close()
        assert text.lstrip("\ufeff").replace('"', "").split() == ["Name,Region", "Gamma,South", "Alpha,North"]
        assert shown(ann.get(f"/customers/list/?view={kept['id']}&f=region:eq:South")) == ["Gamma", "Beta"]
        assert len(shown(ann.get(f"/customers/list/?view={kept['id']}&f="))) == 3

    def test_what_no_list_could_show_is_refused(self, customers, api):
        ann, wei = api("ann"), api("wei")
        for said, field in (
            ({"resource": "nonsense"}, "resource"),
            ({"resource": "audit-entries"}, "resource"),
            ({"filter": {"filters": [{"col": "nonsense", "opr": "eq", "value": 1}]}}, "filter"),
            ({"filter": {"filters": "x"}}, "filter"),
            ({"filter": {"more": 1}}, "filter"),
            ({"filter": {"filters": [{"col": "name", "opr": "eq", "value": ""}]}}, "filter"),
            ({"filter": {"filters": [{"col": "name", "opr": "ct"}]}}, "filter"),
            ({"filter": {"filters": [{"col": "name", "opr": "in", "value": []}]}}, "filter"),
            ({"filter": {"filters": [{"col": "tags", "opr": "rel_m_m", "value": ""}]}}, "filter"),
            ({"columns": ["nonsense"]}, "columns"),
            ({"columns": {"a": 1}}, "columns"),
            ({"order": "owner"}, "order"),
            ({"name": ""}, "name"),
        ):
            answer = ann.post("saved-views/", {"resource": "customers", "name": "V"} | said)
            assert (answer.status_code, list(answer.json["errors"])) == (422, [field]), said
        # A field that does not exist for the keeper can't be filtered by, as on the list itself.
        secret = {"filters": [{"col": "level", "opr": "eq", "value": "A"}]}
        assert wei.post("saved-views/", {"resource": "customers", "name": "V", "filter": secret}).status_code == 422
        assert ann.rows("saved-views") == []

    def test_two_of_a_name_are_refused_and_told_once(self, customers, api, pages):
        ann, browser = api("ann"), pages("ann")
        view = add_view(ann)["id"]
        add_view(api("cleo"))
        answer = ann.post("saved-views/", {"resource": "customers", "name": "Active"})
        assert (answer.status_code, list(answer.json["errors"])) == (422, ["name"])
        again = browser.post("/list-views/customers/save?state=", {"name": "Active"}, follow_redirects=True)
        assert again.text.count("There is one with this value already.") == 1
        assert ann.put(f"saved-views/{view}", {"name": "Active", "order": "name"}).status_code == 200


class TestSharing:
    def test_a_view_is_its_owners_alone_until_it_is_shared(self, customers, api, pages):
        bob, cleo = api("bob"), api("cleo")
        view = add_view(bob)["id"]
        assert cleo.get(f"saved-views/{view}").status_code == 404
        assert cleo.post(f"saved-views/{view}/default", {}).status_code == 404
        assert cleo.get(f"customers/?view={view}").status_code == 404
        page = pages("cleo").get(f"/customers/list/?view={view}")
        missing = pages("cleo").get("/customers/list/?view=987654")
        assert "There is no such view" in page.text and "There is no such view" in missing.text
        assert bob.post(f"saved-views/{view}/share", {}).json["result"]["shared"] is True
        # What it shows is within the scope of whoever looks.
        assert shown(pages("cleo").get(f"/customers/list/?view={view}")) == ["Delta"]
        assert [row["name"] for row in cleo.rows("customers", view=view)] == ["Delta"]
        assert [row["name"] for row in bob.rows("customers", view=view)] == ["Gamma", "Alpha"]
        assert cleo.put(f"saved-views/{view}", {"name": "Mine"}).status_code == 403
        assert cleo.delete(f"saved-views/{view}").status_code == 403
        # Whoever may not list customers has no use for it.
        assert bob.post(f"saved-views/{view}/unshare", {}).status_code == 200
        assert cleo.get(f"saved-views/{view}").status_code == 404

    def test_sharing_needs_the_permission(self, customers, api, pages):
        ann = api("ann")
        view = add_view(ann)["id"]
        assert ann.post(f"saved-views/{view}/share", {}).status_code == 403
        assert ann.put(f"saved-views/{view}", {"shared": True}).status_code == 403
        assert ann.post("saved-views/", {"resource": "customers", "name": "V", "shared": True}).status_code == 403
        assert pages("ann").post(f"/list-views/{view}/share").status_code == 403
        assert pages("cleo").post(f"/list-views/{view}/rename", {"name": "X"}).status_code == 404
        assert [row["shared"] for row in ann.rows("saved-views")] == [False]
        assert "Share with everyone" not in pages("ann").get(f"/customers/list/?view={view}").text
        assert "Share with everyone" in pages("bob").get(f"/customers/list/?view={add_view(api('bob'))['id']}").text

    def test_who_may_not_list_the_rows_does_not_see_it(self, customers, api):
        dora = api("dora")
        view = add_view(dora, resource="periods", filter={}, order="", shared=True)["id"]
        assert api("fang").get(f"saved-views/{view}").status_code == 200
        assert api("ann").get(f"saved-views/{view}").status_code == 404

    def test_a_field_that_does_not_exist_for_the_reader_is_told_and_nothing_leaks(self, customers, api, pages):
        dora = api("dora")
        filtered = add_view(
            dora, name="A", filter={"filters": [{"col": "level", "opr": "eq", "value": "A"}]}, shared=True
        )["id"]
        with_column = add_view(dora, name="Columns", columns=["name", "level", "region"], shared=True)["id"]
        wei = pages("wei")
        page = wei.get(f"/customers/list/?view={filtered}")
        assert "can&#39;t be shown" in page.text and len(shown(page)) == 4
        assert api("wei").get(f"customers/?view={filtered}").status_code == 400
        page = wei.get(f"/customers/list/?view={with_column}")
        assert headings(page) == ["Name", "Region"] and "lacks something" in page.text

    def test_a_field_that_has_gone_is_told(self, customers, api, pages, act):
        ann = api("ann")
        view = add_view(ann)["id"]
        with act() as session:
            gone = {"filters": [{"col": "gone", "opr": "eq", "value": "1"}]}
            session.execute(sa.update(SavedView).where(SavedView.id == view).values(filter=gone, columns=["gone"]))
        browser = pages("ann")
        page = browser.get(f"/customers/list/?view={view}")
        assert len(shown(page)) == 3 and "can&#39;t be shown" in page.text
        # No file of all rows is taken for one of some, and no view is kept without its filter.
        for address, status in ((f"view={view}", 400), ("f=gone:eq:1", 400), ("view=987654", 404)):
            answer = browser.get(f"/customers/export?format=csv&{address}")
            assert (answer.status_code, answer.mimetype) == (status, "text/html"), address
        browser.post("/list-views/customers/save?state=f%3Dgone%3Aeq%3A1", {"name": "Less"})
        browser.post(f"/list-views/{view}/update?state=f%3Dgone%3Aeq%3A1")
        assert "There is nothing called “gone” to filter by." in browser.get("/customers/list/").text
        assert [(row["name"], row["filter"]) for row in ann.rows("saved-views")] == [("Active", gone)]
        assert ann.put(f"saved-views/{view}", {"name": "Old"}).status_code == 200
        with act() as session:
            session.execute(sa.update(SavedView).where(SavedView.id == view).values(filter={}))
        with ann.get(f"customers/export?view={view}") as file:  # without a column that is left: the list's own
            assert file.status_code == 200 and "Name" in file.text.splitlines()[0]
        assert "name" in ann.rows("customers", view=view)[0]
        with act() as session:
            bare = {"filters": [{"col": "name", "opr": "eq", "value": ""}]}
            session.execute(sa.update(SavedView).where(SavedView.id == view).values(filter=bare, columns=[]))
        # One that was kept before values were asked for is told too.
        page = pages("ann").get(f"/customers/list/?view={view}")
        assert len(shown(page)) == 3 and "can&#39;t be shown: Name: A value is needed." in page.text

    def test_what_the_api_shows_by_a_view_the_page_shows_too(self, customers, api, pages):
        ann, browser = api("ann"), pages("ann")
        odd = [ann.add("customers", name=name, status="active") for name in ("Alpha, Beta", "Gamma\\")]
        owner = odd[0]["owner"]
        for number, (col, opr, value, found) in enumerate(
            (
                ("name", "in", ["Alpha, Beta", "Gamma\\"], {"Alpha, Beta", "Gamma\\"}),
                ("name", "in", "Alpha,Beta", {"Alpha", "Beta"}),
                ("owner", "eq", {"id": owner["id"]}, {"Alpha", "Beta", "Gamma", "Alpha, Beta", "Gamma\\"}),
            )
        ):
            kept = {"filters": [{"col": col, "opr": opr, "value": value}]}
            view = add_view(ann, name=f"V{number}", filter=kept)["id"]
            assert {row["name"] for row in ann.rows("customers", view=view)} == found
            page = browser.get(f"/customers/list/?view={view}")
            assert page.status_code == 200 and "can&#39;t be shown" not in page.text
            with browser.get(f"/customers/export?format=csv&view={view}") as file:
                assert file.text.count("\n") == len(found) + 1, (value, file.text)


class TestDefault:
    def test_the_plain_address_opens_ones_own_and_every_row_stays_in_reach(self, customers, api, pages):
        ann, browser = api("ann"), pages("ann")
        view = add_view(ann)["id"]
        assert len(shown(browser.get("/customers/list/"))) == 3
        assert browser.post(f"/list-views/{view}/default").location == f"/customers/list/?view={view}"
        page = browser.get("/customers/list/")
        assert shown(page) == ["Gamma", "Alpha"]
        assert len(shown(browser.get("/customers/list/?view=all"))) == 3
        assert len(shown(browser.get("/customers/list/?size=50"))) == 3
        assert 'href="/customers/list/?view=all"' in page.text
        assert browser.post("/list-views/customers/default-all").status_code == 302
        assert len(shown(browser.get("/customers/list/"))) == 3

    def test_an_administrator_says_what_it_is_for_those_who_chose_none(self, customers, api, pages):
        ann, admin, browser = api("ann"), api("admin"), pages("ann")
        own, common = add_view(ann)["id"], add_view(admin, name="Common", filter={}, order="name")["id"]
        assert api("bob").post(f"saved-views/{common}/preset", {}).status_code == 404
        assert admin.post(f"saved-views/{common}/preset", {}).json["result"]["shared"] is True
        assert api("bob").post(f"saved-views/{common}/preset", {}).status_code == 403
        assert shown(browser.get("/customers/list/")) == ["Alpha", "Beta", "Gamma"]
        ann.post(f"saved-views/{own}/default", {})
        assert shown(browser.get("/customers/list/")) == ["Gamma", "Alpha"]
        ann.delete(f"saved-views/{own}")
        assert shown(browser.get("/customers/list/")) == ["Alpha", "Beta", "Gamma"]
        browser.post("/list-views/customers/default-all")
        assert shown(browser.get("/customers/list/")) == ["Gamma", "Beta", "Alpha"]

    def test_the_menu_changes_renames_and_removes(self, customers, api, pages):
        ann, browser = api("ann"), pages("ann")
        view = add_view(ann)["id"]
        browser.post(f"/list-views/{view}/update?state=f%3Dregion%253Aeq%253ASouth%26q%3Dgam")
        browser.post(f"/list-views/{view}/rename", {"name": "South"})
        kept = ann.get(f"saved-views/{view}").json["result"]
        south = {"filters": [{"col": "region", "opr": "eq", "value": "South"}], "search": "gam"}
        assert (kept["name"], kept["filter"], kept["order"]) == ("South", south, "")
        assert shown(browser.get(f"/customers/list/?view={view}")) == ["Gamma"]
        refused = browser.post(f"/list-views/{view}/rename", {"name": ""}, follow_redirects=True)
        assert "This is required" in refused.text
        assert browser.post(f"/list-views/{view}/nonsense").status_code == 404
        browser.post(f"/list-views/{view}/delete")
        assert ann.rows("saved-views") == []

    def test_a_private_view_of_somebody_is_not_in_the_menu_of_who_sees_everything(self, customers, api, pages):
        add_view(api("ann"), name="Anns own thing")
        assert "Anns own thing" not in pages("admin").get("/customers/list/").text

    def test_an_account_takes_its_views_along(self, customers, api, act):
        add_view(api("cleo"))
        with act() as session:
            user = session.scalars(sa.select(SavedView.owner_id)).one()
            uses = references.of(db.session.get(type(session.get(SavedView, 1).owner), user))
            assert uses
            assert SavedView not in [each.model for each in uses.seen]
