"""Lists: what can be edited from a row is what may be edited at all, and it costs no statement."""

from __future__ import annotations

import re

from app.core import crud
from app.core.entity import entity_for
from tests.app_fixtures import counted


def headings(answer) -> list[str]:
    assert answer.status_code == 200, answer.text
    return re.findall(r'class="sort[^"]*" href="[^"]*">([^<]+)', answer.text)


def chosen(text: str) -> str:
    """Where the chooser of columns and page sizes sends what somebody likes."""
    found = re.search(r'action="(/list-views/[a-z-]+/layout\?[^"]*)"', text)
    assert found is not None
    return found[1].replace("&amp;", "&")


class TestRowActions:
    def test_only_what_is_ones_own_to_change(self, api, pages):
        mine = api("ann").add("customers", name="Ann's own")["id"]
        pool = api("admin").add("customers", name="Nobody's yet", owner=None)["id"]
        page = pages("ann").get("/customers/list/").text
        assert f'href="/customers/show/{pool}?list="' in page
        assert f'href="/customers/edit/{mine}?next=%2Fcustomers%2Flist%2F%23row-{mine}"' in page
        assert f"/customers/edit/{pool}" not in page

    def test_who_may_not_edit_is_offered_nothing(self, api, pages):
        api("admin").add("units", name="box")
        assert "/units/edit/" not in pages("ann").get("/units/list/").text

    def test_many_rows_cost_no_more_than_one(self, app, api, pages):
        browser = pages("ann")
        costs = []
        for count in (1, 9):
            for each in range(count):
                api("ann").add("customers", name=f"Customer {count} {each}")
            browser.get("/customers/list/")
            with counted(app) as statements:
                browser.get("/customers/list/")
            costs.append(len(statements))
        assert costs[0] == costs[1]

    def test_from_a_tab_it_leads_back_to_the_tab(self, api, pages):
        customer = api("ann").add("customers", name="Harbour Trading")["id"]
        contact = api("ann").add("contacts", customer=customer, name="Zhang")["id"]
        page = pages("ann").get(f"/customers/show/{customer}").text
        assert f'href="/contacts/edit/{contact}?next=%2Fcustomers%2Fshow%2F{customer}%23contacts"' in page


class TestLayout:
    """Columns and rows a page are kept for whoever chose them, without a view."""

    def test_columns_are_kept_in_their_order_until_they_are_reset(self, api, pages):
        api("admin").add("customers", name="Harbour Trading", owner=None)
        ann, cleo = pages("ann"), pages("cleo")
        own = headings(cleo.get("/customers/list/"))
        page = ann.get("/customers/list/?f=status:eq:potential&sort=name")
        answer = ann.post(chosen(page.text), {"cols": "region,name,nonsense,code"})
        assert answer.location == "/customers/list/?f=status%3Aeq%3Apotential&sort=name"
        for path in ("/customers/list/", "/customers/list/?q=Harbour", "/customers/list/?view=all"):
            assert headings(ann.get(path)) == ["Region", "Name", "Code"]
        # The file holds what the list shows; nobody else's list and no other list is touched.
        file = ann.get("/customers/export?format=csv")
        assert file.text.lstrip("\ufeff").splitlines()[0].replace('"', "") == "Region,Name,Code"
        file.close()
        assert headings(cleo.get("/customers/list/")) == own
        # What an address or a view says goes before it.
        assert headings(ann.get("/customers/list/?cols=name")) == ["Name"]
        view = api("ann").add("saved-views", resource="customers", name="Levels", columns=["level"])["id"]
        plain = api("ann").add("saved-views", resource="customers", name="Plain")["id"]
        assert headings(ann.get(f"/customers/list/?view={view}")) == ["Level"]
        assert headings(ann.get(f"/customers/list/?view={plain}")) == ["Region", "Name", "Code"]
        ann.post(chosen(ann.get("/customers/list/").text), {"cols": "code", "reset": "1"})
        assert headings(ann.get("/customers/list/")) == own

    def test_a_view_that_is_saved_holds_the_columns_that_one_sees(self, api, pages):
        ann = pages("ann")
        ann.post(chosen(ann.get("/customers/list/").text), {"cols": "name,region"})
        state = re.search(r'action="(/list-views/customers/save\?[^"]*)"', ann.get("/customers/list/?sort=name").text)
        ann.post(state[1].replace("&amp;", "&"), {"name": "Mine"})
        assert api("ann").rows("saved-views")[0]["columns"] == ["name", "region"]

    def test_rows_a_page_are_kept(self, act, pages):
        with act("ann"):
            for number in range(27):
                crud.create(entity_for("customers"), {"name": f"Customer {number}"})
        ann = pages("ann")
        page = ann.get("/customers/list/?q=Customer&page=2")
        assert "26–27 of 27" in page.text
        answer = ann.post(chosen(page.text), {"size": "50"})
        assert answer.location == "/customers/list/?q=Customer"
        assert "1–27 of 27" in ann.get("/customers/list/").text
        assert "1–25 of 27" in ann.get("/customers/list/?size=25").text
        ann.post(chosen(page.text), {"size": "1000000"})
        assert "1–25 of 27" in ann.get("/customers/list/").text

    def test_whose_list_it_is_not_keeps_nothing(self, pages, api):
        assert pages("wei").post("/list-views/party-entries/layout?state=", {"cols": "amount"}).status_code == 403
        assert pages("wei").post("/list-views/nonsense/layout?state=", {"cols": "amount"}).status_code == 404


class TestStars:
    def test_views_with_a_star_are_tabs_and_come_first(self, api, pages):
        ann, bob = pages("ann"), api("bob")
        mine = api("ann").add("saved-views", resource="customers", name="Mine", order="name")["id"]
        shared = bob.add("saved-views", resource="customers", name="Team", shared=True)["id"]
        page = ann.get("/customers/list/?q=x").text
        assert "view-tabs" not in page
        assert re.search(r"Team<span class=\"views-owner\">Bob Ito</span>", page)
        answer = ann.post(f"/list-views/{shared}/star?state=q%3Dx")
        assert answer.location == "/customers/list/?q=x"
        ann.post(f"/list-views/{mine}/star?state=")
        page = ann.get(f"/customers/list/?view={mine}").text
        tabs = re.search(r'<nav class="view-tabs".*?</nav>', page, re.S)[0]
        assert re.findall(r">([A-Z]\w+)</a>", tabs) == ["All", "Team", "Mine"]
        assert f'href="/customers/list/?view={mine}" aria-current="page"' in tabs
        # Nobody else's list has them, and what is no longer shared is gone.
        assert "view-tabs" not in pages("cleo").get("/customers/list/").text
        bob.post(f"saved-views/{shared}/unshare", {})
        tabs = re.search(r'<nav class="view-tabs".*?</nav>', ann.get("/customers/list/").text, re.S)[0]
        assert re.findall(r">([A-Z]\w+)</a>", tabs) == ["All", "Mine"]
        ann.post(f"/list-views/{mine}/unstar?state=")
        assert "view-tabs" not in ann.get("/customers/list/").text
        assert ann.post(f"/list-views/{shared}/star?state=").status_code == 404


class TestWithoutScript:
    """A filter is added in two steps: the field, then its operator and value in an editor of its kind."""

    def test_a_condition_in_parts(self, api, pages):
        ann = api("ann")
        for name, status, day in (
            ("Alpha", "active", "2026-03-02"),
            ("Beta", "lost", None),
            ("Gamma", "dormant", "2026-03-09"),
        ):
            ann.add("customers", name=name, status=status, next_contact_on=day, credit_limit="10")
        owner = ann.rows("customers")[0]["owner"]
        browser = pages("ann")
        page = browser.get("/customers/list/?q=a&ff=status").text
        assert re.search(r'<details class="menu filter"[^>]* open>', page)
        editor = page[page.index("<div data-filter-value>") : page.index("data-filter-foot")]
        assert 'name="fo"' in editor and 'name="fm" value="dormant"' in editor

        def found(said: str) -> tuple[list[str], list[str]]:
            text = browser.get(f"/customers/list/?sort=name&{said}").text
            chips = re.findall(r'class="chip-text" title="([^"]*)"', text)
            return sorted(set(re.findall(r"Alpha|Beta|Gamma", text))), chips

        for said, names, chip in (
            ("ff=status&fo=in&fm=active&fm=lost", ["Alpha", "Beta"], "Status is one of Active, Lost"),
            ("ff=status&fo=nin&fm=active", ["Beta", "Gamma"], "Status is not Active"),
            ("ff=next_contact_on&fo=within&fs=between&fa=2026-03-01&fb=2026-03-05", ["Alpha"], None),
            ("ff=next_contact_on&fo=within&fs=last&fn=7", [], "Next contact: the last 7 days"),
            ("ff=next_contact_on&fo=empty", ["Beta"], "Next contact is empty"),
            ("ff=credit_limit&fo=within&fa=5&fb=", ["Alpha", "Beta", "Gamma"], "Credit limit: from 5.00"),
            ("ff=owner&fo=in&fm-text=Ann Lee", ["Alpha", "Beta", "Gamma"], f"Owner is {owner['label']}"),
            ("ff=name&fo=ct&fv=et", ["Beta"], "Name contains et"),
        ):
            rows, chips = found(said)
            assert rows == names, said
            assert chip is None or chips == [chip], said
        # What lacks its value is no condition.
        for half in ("ff=status&fo=in", "ff=credit_limit&fo=within&fa=&fb=", "ff=name&fo=ct&fv="):
            assert found(half) == (["Alpha", "Beta", "Gamma"], []), half

    def test_choices_that_the_company_extends_are_ticked_too(self, api, pages):
        ann = api("ann")
        for name, region in (("Alpha", "North"), ("Beta", "South"), ("Gamma", "East, upper")):
            ann.add("customers", name=name, region=region)
        page = pages("ann").get("/customers/list/?ff=region&fo=in&fm=North&fm=East, upper").text
        assert 'title="Region is one of North, East, upper"' in page
        assert [name for name in ("Alpha", "Beta", "Gamma") if name in page] == ["Alpha", "Gamma"]
        chip = page.split('<li class="chip">')[1].split("</details>")[0]
        assert 'value="East, upper" checked' in chip and 'value="South">' in chip
        one = pages("ann").get("/customers/list/?f=region:eq:South").text
        assert 'title="Region is South"' in one and 'value="South" checked' in one

    def test_each_chip_has_an_editor_that_holds_its_value(self, api, pages):
        api("ann").add("customers", name="Alpha", status="active")
        page = pages("ann").get("/customers/list/?f=status:neq:lost&f=created_on:within:last-9-days&f=name:in:a,b").text
        first, second, third = page.split('<li class="chip">')[1:]
        assert 'value="nin" data-shape="many" selected' in first and 'value="lost" checked' in first
        assert 'value="last" selected' in second and 'name="fn" value="9"' in second
        assert 'name="fv" value="a,b"' in third
        # Its contrary is a link, and what is sent keeps the others.
        assert "f=status%3Aeq%3Alost" in first
        assert 'name="f" value="created_on:within:last-9-days"' in first
        assert 'name="f" value="status:neq:lost"' not in first.split("</details>")[0]


def test_the_help_is_true_for_whoever_sees_everything(pages):
    assert "Yours, those of the people you lead" in pages("ann").get("/customers/list/").text
    page = pages("admin").get("/customers/list/").text
    assert "Yours, those of the people you lead" not in page and "All customers of the company" in page


class TestPlaceOfTheMap:
    """A page of the map that is a list of some of the rows has its own name, and its own entry in the menu."""

    def marked(self, page):
        return re.findall(r'aria-current="(page|true)"><span class="nav-text" title="([^"]+)"', page)

    def test_the_public_pool_is_called_so(self, pages):
        page = pages("ann").get("/customers/list/?f=in_pool:eq:1").text
        assert "<h1>Public pool</h1>" in page and "Customers that nobody looks after" in page
        assert '<span class="views-name">Public pool</span>' in page and "Not saved" not in page
        assert self.marked(page) == [("page", "Public pool")]

    def test_searched_through_it_still_is(self, pages):
        page = pages("ann").get("/customers/list/?f=in_pool:eq:1&q=tech").text
        assert "<h1>Public pool</h1>" in page and self.marked(page) == [("page", "Public pool")]

    def test_without_its_condition_it_is_the_list(self, pages):
        page = pages("ann").get("/customers/list/?f=status:eq:active").text
        assert "<h1>Customers</h1>" in page and self.marked(page) == [("page", "Customers")]
        assert self.marked(pages("ann").get("/customers/list/").text) == [("page", "Customers")]
