"""Searching everything: by name, code and pinyin, kind by kind; nothing foreign, and at a cost that stays the same."""

from __future__ import annotations

import re

import pytest
import sqlalchemy as sa
from flask_appbuilder.security.sqla.models import User

from app.core import crud
from app.core.entity import entity_for
from app.core.web import finding
from app.core.web.frame import console
from app.core.web.view import views

MOST = 5 + finding.KINDS  # statements: who asks, what matches, and the rows of each kind


@pytest.fixture
def goods(act):
    """Ann's customer and its contact, one of Cleo's, and a product."""
    with act("ann"):
        mine = crud.create(entity_for("customers"), {"name": "北京科技有限公司", "region": "North", "level": "A"})
        crud.create(entity_for("contacts"), {"customer": mine.id, "name": "张科技", "job_title": "采购经理"})
    with act("cleo"):
        crud.create(entity_for("customers"), {"name": "南京科技有限公司"})
    with act():
        unit = crud.create(entity_for("units"), {"name": "盒"})
        crud.create(
            entity_for("products"),
            {"name": "科技茶 100% tea", "code": "KJ-7", "unit": unit.id, "tax_rate": "0.13", "list_price": "9"},
        )


def names(answer) -> dict[str, list[str]]:
    assert answer.status_code == 200, answer.text
    return {kind["resource"]: [row["name"] for row in kind["rows"]] for kind in answer.json["result"]}


class TestRows:
    def test_it_finds_rows_of_every_kind_within_the_scope_alone(self, goods, api, pages):
        ann = api("ann")
        for text in ("科技", "keji", "kj"):
            found = names(ann.get(f"search/?q={text}"))
            assert found["customers"] == ["北京科技有限公司"], text
            assert (found["contacts"], found["products"]) == (["张科技"], ["科技茶 100% tea"])
        assert names(ann.get("search/?q=南京")) == {}
        assert names(api("dora").get("search/?q=南京"))["customers"] == ["南京科技有限公司"]
        # Everyone finds what their list of customers holds, and nothing where they have none; so does the page.
        for who in ("bob", "cleo", "wei", "fang", "dora"):
            listed = api(who).get("customers/", {"search": "科技"})
            rows = [row["name"] for row in listed.json["result"]] if listed.status_code == 200 else []
            assert sorted(names(api(who).get("search/?q=科技")).get("customers", [])) == sorted(rows), who
        text = pages("ann").get("/search?q=科技").text
        assert "北京科技有限公司" in text and "南京科技有限公司" not in text

    def test_what_begins_with_it_or_is_its_code_comes_first(self, act, api):
        with act("ann"):
            for name in ("Old Harbour", "Harbour Light", "Bharbour"):
                crud.create(entity_for("customers"), {"name": name})
            crud.create(entity_for("customers"), {"name": "Zed", "code": "HARB"})
        found = names(api("ann").get("search/?q=harb"))["customers"]
        assert found[0] == "Zed"
        assert found[-1] == "Bharbour"

    def test_it_tells_what_a_row_is(self, goods, api):
        [kind] = [each for each in api("ann").get("search/?q=北京").json["result"] if each["resource"] == "customers"]
        [row] = kind["rows"]
        assert row["code"] and row["label"] == f"{row['code']} 北京科技有限公司"
        assert (row["fact"], row["kind"], row["state"]) == ("North", "Customer", None)
        assert row["url"] == f"/{row['record'].replace('/', '/show/')}"
        api("ann").add("weekly-plans", week="2040-01-02", plan="Visit the harbour")
        [kind] = api("ann").get("search/?q=harbour").json["result"]
        assert kind["rows"][0]["state"] == {"text": "Draft", "tone": "grey"}

    def test_odd_texts_are_taken_as_they_are(self, goods, pages):
        admin = pages("admin")
        for text in ("", " ", "a", "%", "_", "100%", "' or 1=1", "\\", "\ud800x", "x" * 5000, "%%%"):
            answer = admin.get("/search", query_string={"q": text.encode("utf-8", "surrogatepass")})
            assert answer.status_code == 200, text
            assert ("科技茶" in answer.text) == (text == "100%"), text

    def test_many_of_a_kind_are_left_to_its_list(self, act, api):
        with act("ann"):
            for number in range(finding.SHOWN + 2):
                crud.create(entity_for("customers"), {"name": f"Many {number}"})
        [kind] = api("ann").get("search/?q=many").json["result"]
        assert (len(kind["rows"]), kind["more"], kind["url"]) == (finding.SHOWN, True, "/customers/list/?q=many")

    def test_the_cost_is_bounded_whatever_is_found(self, goods, act, api, statements):
        with act():
            for number in range(4):
                for resource in ("brands", "categories", "warehouses", "departments", "tags"):
                    crud.create(entity_for(resource), {"name": f"科技 {number}"})
        admin = api("admin")
        admin.get("search/?q=kj")
        with statements() as executed:
            found = names(admin.get("search/?q=kj"))
        assert len(found) == finding.KINDS
        assert len(executed) <= MOST, executed


class TestRecent:
    def test_rows_are_named_as_they_are_now_and_foreign_ones_are_as_if_they_were_not_there(
        self, goods, api, statements
    ):
        ann = api("ann")
        ids = {row["name"]: row["id"] for row in api("dora").rows("customers")}
        mine, other = ids["北京科技有限公司"], ids["南京科技有限公司"]
        ann.put(f"customers/{mine}", {"name": "Renamed"})
        asked = [
            f"customers/{other}",
            "products/1",
            f"customers/{mine}",
            "customers/999",
            "nonsense/1",
            "x",
            "audit/../1",
        ]
        with statements() as executed:
            answer = ann.get("search/?" + "&".join(f"record={each}" for each in asked))
        assert [row["record"] for row in answer.json["result"]] == ["products/1", f"customers/{mine}"]
        assert answer.json["result"][1]["name"] == "Renamed"
        assert len(executed) <= MOST


class TestCommands:
    def test_they_are_what_the_role_may_do_found_in_both_languages_and_pinyin(self, api):
        found = {each["id"]: each for each in api("ann").get("search/commands").json["result"]}
        customers = found["list/customers"]
        assert (customers["label"], customers["url"], customers["hint"]) == (
            "Customers",
            "/customers/list/",
            "Customers",
        )
        for word in ("customers", "客户", "kehu", "kh"):
            assert word in customers["words"].split(" | ")
        assert found["add/customers"]["label"] == "New customer"
        assert "add/brands" not in found and "list/audit-entries" not in found
        assert {"do/theme-dark", "do/logout", "page/password"} <= set(found)
        everything = {each["id"] for each in api("admin").get("search/commands").json["result"]}
        assert {f"list/{name}" for name in views} <= everything
        assert {"import/products", "export/customers", "look/stock-balances/at", "act/periods/close"} <= everything

    def test_boards_and_what_is_done_with_rows_are_among_them(self, api):
        found = {each["id"]: each for each in api("admin").get("search/commands").json["result"]}
        assert found["board/opportunities"]["url"] == "/opportunities/board/"
        submit, post = found["step/weekly-plans/submit"], found["step/stock-adjustments/post"]
        assert "submit weekly plans" in submit["words"] and "post stock adjustments" in post["words"]
        assert post["url"] == "/stock-adjustments/list/?f=state%3Ain%3Adraft"
        assert found["page/library"]["label"] == "Knowledge base"
        assert "step/stock-adjustments/post" not in {
            each["id"] for each in api("ann").get("search/commands").json["result"]
        }

    def test_switches_are_found_by_what_they_concern(self, api):
        found = {each["id"]: each for each in api("ann").get("search/commands").json["result"]}
        for word in ("language", "语言"):
            assert any(name.startswith(word) for name in found["do/locale-zh"]["words"].split(" | "))
        assert "appearance" in found["do/theme-dark"]["words"] and "外观" in found["do/theme-dark"]["words"]
        assert found["page/time-zone"]["url"] == "/account/time-zone"

    def test_a_choice_says_of_which_list_it_is(self, act, api):
        with act("ann"):
            crud.create(entity_for("customers"), {"name": "Harbour", "region": "上海"})
            crud.create(entity_for("leads"), {"name": "Chen", "region": "上海"})
        answer = api("admin").get("search/?q=上海").json["result"]
        facts = [row["fact"] for kind in answer if kind["resource"] == "choices" for row in kind["rows"]]
        assert sorted(facts) == ["Customers · Region", "Leads · Region"]

    def test_every_address_of_theirs_is_one(self, app, pages, api):
        browser, known = pages("admin"), app.url_map.bind("localhost")
        for each in api("admin").get("search/commands").json["result"]:
            path, _sharp, what = each["url"].partition("#")
            if not path:
                assert each["deed"], each
            elif each["id"].startswith(("page/", "look/", "act/")):
                answer = browser.get(path)
                assert answer.status_code == 200, each
                assert not what or f'/do/{what.removeprefix("do-")}"' in answer.text, each
            else:
                assert known.match(path.partition("?")[0])[0].partition(".")[0].endswith("Pages"), each

    def test_saved_views_are_among_them_for_whoever_sees_them(self, api):
        for name, shared in (("Mine", False), ("Ours", True)):
            view = api("bob").add("saved-views", name=name, resource="customers", filter={"filters": []})
            if shared:
                api("bob").post(f"saved-views/{view['id']}/share", {})

        def seen(who: str) -> list[str]:
            return [each["label"] for each in api(who).get("search/commands").json["result"] if each["kind"] == "view"]

        assert seen("bob") == ["Mine", "Ours"]
        assert seen("ann") == ["Ours"]


def test_without_a_script_it_is_a_page(goods, pages):
    browser = pages("ann", locale="zh")
    home = browser.get("/customers/list/").text
    assert 'action="/search"' in home
    page = browser.get("/search?q=kh").text
    assert 'href="/customers/list/"' in page and 'href="/customers/add"' in page
    assert "没有" in browser.get("/search?q=nothinglikethis").text


def test_nobody_finds_anything(app, api, pages):
    assert api().get("search/?q=x").status_code == 401
    assert api().get("search/commands").status_code == 401
    answer = app.test_client().get("/search?q=x")
    assert (answer.status_code, answer.location) == (302, "/login/?next=/search?q%3Dx")


def test_each_section_of_the_menu_has_an_icon_of_its_own(app):
    drawn = app.jinja_env.get_template("kehu/_icons.html").module.PATHS
    strokes = [drawn[section.icon] for section in console]
    assert len(set(strokes)) == len(strokes)
    assert {view.icon for view in views.values()} <= set(drawn)


class TestFavourites:
    def test_they_are_one_s_own_in_their_order_and_only_what_one_may_list(self, pages, api):
        ann, wei = pages("ann"), pages("wei")

        def shelf(browser) -> list[str]:
            part = browser.get("/").text.split("data-favourites")[1].split("</details>")[0]
            return re.findall(r'data-entry="([\w-]+)"', part)

        for page in ("customers", "products", "contacts", "products"):
            assert ann.post("/account/starred", {"page": page, "on": "1"}).status_code == 200
        answer = ann.post("/account/starred", {"order": "contacts,nonsense,customers"})
        assert answer.json == {"starred": ["contacts", "customers", "products"]}
        assert shelf(ann) == ["contacts", "customers", "products"]
        assert shelf(wei) == []
        assert ann.post("/account/starred", {"page": "customers", "on": "0"}).json == {
            "starred": ["contacts", "products"]
        }
        for page in ("audit-entries", "nonsense", ""):
            assert ann.post("/account/starred", {"page": page, "on": "1"}).status_code == 404
        # What the role no longer shows is not shown here either.
        admin = pages("admin")
        admin.post("/account/starred", {"page": "users", "on": "1"})
        assert shelf(admin) == ["users"] and shelf(ann) == ["contacts", "products"]

    def test_whoever_looks_as_somebody_changes_nothing_of_theirs(self, pages, act):
        with act() as session:
            ann = session.scalars(sa.select(User.id).where(User.username == "ann")).one()
        admin = pages("admin")
        admin.post(f"/preview/{ann}")
        assert "You look as" in admin.get("/").text
        assert admin.post("/account/starred", {"page": "customers", "on": "1"}).status_code == 403


def test_the_page_one_is_on_is_marked_in_the_menu(pages, api):
    admin = pages("admin")
    unit = api("admin").add("units", name="盒")["id"]
    for path, entry, mark in (
        ("/units/list/", "units", "page"),
        (f"/units/show/{unit}", "units", "true"),
        ("/products/import", "products", "true"),
        ("/stock-balances/look/at", "stock-balances", "true"),
        ("/role-permissions/2", "roles", "true"),
    ):
        nav = admin.get(path).text.split("<nav", 1)[1].split("</nav>")[0]
        marked = re.findall(r'data-entry="([\w-]+)"><a class="nav-item" href="[^"]+" aria-current="(\w+)"', nav)
        assert marked == [(entry, mark)], path
    assert 'class="nav-title nav-home" href="/" aria-current="page"' in admin.get("/").text


class TestNumbersAndAddresses:
    """Whoever calls or writes is found by the number or address that is theirs."""

    @pytest.fixture
    def people(self, act):
        with act("ann"):
            calder = crud.create(
                entity_for("customers"),
                {"name": "Calder & Sons", "phone": "021-5555 1000", "email": "Office@calder.example"},
            )
            crud.create(
                entity_for("contacts"),
                {"customer": calder.id, "name": "Ivy", "mobile": "+44 7700 900166", "email": "ivy@calder.example"},
            )
            crud.create(entity_for("leads"), {"name": "Tom", "mobile": "(0)7700.900701", "email": "tom@hale.example"})
            crud.create(entity_for("customers"), {"name": "Another", "phone": "010-6666 2000"})

    @pytest.mark.parametrize(
        ("typed", "resource", "name"),
        [
            ("021-5555 1000", "customers", "Calder & Sons"),
            ("5555 1000", "customers", "Calder & Sons"),
            ("02155551000", "customers", "Calder & Sons"),
            ("＋86 21 5555-1000", "customers", "Calder & Sons"),
            ("0086 (21) 55551000", "customers", "Calder & Sons"),
            ("51000", "customers", "Calder & Sons"),
            ("office@calder", "customers", "Calder & Sons"),
            ("OFFICE@CALDER.EXAMPLE", "customers", "Calder & Sons"),
            ("+44 7700 900166", "contacts", "Ivy"),
            ("07700900166", "contacts", "Ivy"),
            ("07700 900 166", "contacts", "Ivy"),
            ("900166", "contacts", "Ivy"),
            ("ivy@", "contacts", "Ivy"),
            ("07700900701", "leads", "Tom"),
            ("+447700900701", "leads", "Tom"),
            ("tom@hale", "leads", "Tom"),
        ],
    )
    def test_they_are_found_everywhere(self, people, api, typed, resource, name):
        ann = api("ann")
        assert names(ann.get("search/", query_string={"q": typed})) == {resource: [name]}
        listed = ann.get(f"{resource}/", {"search": typed}).json["result"]
        assert [row["name"] for row in listed] == [name]
        picked = ann.get(f"{resource}/pick", query_string={"q": typed})
        assert name in picked.text

    def test_what_is_too_short_or_not_a_number_finds_nobody(self, people, api):
        ann = api("ann")
        for typed in ("1000", "02155551001", "5555 10001", "55%1000", "@nowhere", "_@calder"):
            assert names(ann.get("search/", query_string={"q": typed})) == {}, typed

    def test_who_may_not_see_them_does_not_find_by_them(self, people, api):
        cleo = api("cleo")
        assert names(cleo.get("search/?q=02155551000")) == {}
        for who in ("wei", "dora", "fang"):
            other = api(who)
            rows = other.get("customers/", {"search": "calder"})
            seen = rows.json["result"] if rows.status_code == 200 else []
            found = names(other.get("search/?q=02155551000")).get("customers", [])
            assert bool(found) == any("phone" in row for row in seen), who

    def test_it_costs_the_country_at_most(self, people, api, statements):
        ann = api("ann")
        with statements() as words:
            ann.get("search/?q=calder")
        with statements() as number:
            ann.get("search/?q=02155551000")
        assert len(number) <= len(words) + 1 <= MOST
