"""Forms without scripts: pickers take what is typed, what a state closes stays, refusals are told once and in place."""

from __future__ import annotations

import re
from typing import Any

import pytest

from tests.app_fixtures import Api, Pages

WEEK = "2026-11-23"


@pytest.fixture
def admin(api) -> Api:
    return api("admin")


@pytest.fixture
def browser(pages) -> Pages:
    return pages("admin")


@pytest.fixture
def goods(admin) -> dict[str, Any]:
    """A unit, a warehouse, and three products of which two are called alike."""
    unit = admin.add("units", name="box")["id"]
    warehouse = admin.add("warehouses", name="Main")
    fields = {"unit": unit, "tax_rate": "0.13", "list_price": "8"}
    small, large, other = (
        admin.add("products", name=name, spec=spec, **fields)
        for name, spec in (("Silver needle", "50 g"), ("Silver needle", "100 g"), ("Jasmine", ""))
    )
    return {"warehouse": warehouse, "small": small, "large": large, "other": other}


def summary(page: Any) -> list[str]:
    """The messages at the top of a refused form."""
    block = re.search(r"data-error-summary>(.*?)</ul>", page.text, re.DOTALL)
    assert block is not None, page.text
    return [re.sub("<[^>]+>", "", each) for each in re.findall(r"<li>(.*?)</li>", block[1])]


def adjustment(goods: dict[str, Any], *lines: dict[str, str], **fields: str) -> dict[str, str]:
    """A new adjustment as a form sends it."""
    form = {"date": WEEK, "warehouse": str(goods["warehouse"]["id"]), "reason": "Count", **fields}
    for index, line in enumerate(lines):
        form |= {f"lines-{index}-id": "", **{f"lines-{index}-{name}": value for name, value in line.items()}}
    return form


class TestTextInAPicker:
    def test_a_name_is_taken(self, admin, browser, goods):
        form = {"customer": "", "name": "Zhang"}
        customer = admin.add("customers", name="Harbour Trading")
        answer = browser.post("/contacts/add", form | {"customer-text": "harbour trading"})
        assert answer.status_code == 302
        (contact,) = admin.get("contacts/").json["result"]
        assert contact["customer"]["id"] == customer["id"]

    def test_what_names_nothing_is_refused_and_kept(self, admin, browser):
        answer = browser.post("/contacts/add", {"customer": "", "customer-text": "zzzz", "name": "Zhang"})
        assert answer.status_code == 422
        assert summary(answer) == ["Customer: “zzzz” was not found. Please choose from the list."]
        assert re.search(r'id="f-customer" name="customer-text" value="zzzz"[^>]*aria-invalid="true"', answer.text)
        assert admin.get("contacts/").json["count"] == 0

    def test_it_never_falls_back_to_what_was_chosen_before(self, admin, browser):
        customer = admin.add("customers", name="Harbour Trading")
        form = {"customer": str(customer["id"]), "customer-text": "zzzz", "name": "Zhang"}
        assert browser.post("/contacts/add", form).status_code == 422

    def test_an_unchanged_text_is_the_row_it_shows(self, admin, browser, goods):
        large = goods["large"]
        form = {"warehouse": str(goods["warehouse"]["id"]), "minimum": "5", "product": str(large["id"])}
        answer = browser.post("/safety-stocks/add", form | {"product-text": f"{large['code']} Silver needle 100 g"})
        assert answer.status_code == 302
        (stock,) = admin.get("safety-stocks/").json["result"]
        assert stock["product"]["id"] == large["id"]

    def test_an_emptied_text_empties_the_field(self, admin, browser):
        department = admin.add("departments", name="Field force")
        above = admin.add("departments", name="Far east")
        admin.put(f"departments/{department['id']}", {"parent": above["id"]})
        form = {"name": "Field force", "parent": str(above["id"]), "parent-text": "", "manager": ""}
        assert browser.post(f"/departments/edit/{department['id']}", form).status_code == 302
        assert admin.get(f"departments/{department['id']}").json["result"]["parent"] is None

    def test_what_several_are_called_is_refused(self, browser, goods):
        line = {"product": "", "product-text": "Silver needle", "quantity": "2", "unit_cost": "3"}
        answer = browser.post("/stock-adjustments/add", adjustment(goods, line))
        assert summary(answer) == ["Line 1, Product: Several match “Silver needle”. Please choose from the list."]

    def test_a_line_with_such_a_text_alone_is_a_line(self, admin, browser, goods):
        empty = {"product": "", "product-text": "", "quantity": "", "unit_cost": ""}
        line = empty | {"product-text": "no such tea"}
        answer = browser.post("/stock-adjustments/add", adjustment(goods, empty, line))
        assert answer.status_code == 422
        assert 'value="no such tea"' in answer.text
        assert admin.get("stock-adjustments/").json["count"] == 0

    def test_lines_take_codes(self, admin, browser, goods):
        line = {"product": "", "product-text": goods["small"]["code"], "quantity": "2", "unit_cost": "3"}
        assert browser.post("/stock-adjustments/add", adjustment(goods, line)).status_code == 302
        (made,) = admin.get("stock-adjustments/").json["result"]
        full = admin.get(f"stock-adjustments/{made['id']}").json["result"]
        assert full["lines"][0]["product"]["id"] == goods["small"]["id"]

    def test_a_picker_of_many_takes_one_more_and_refuses_what_is_not_there(self, admin, browser):
        watch = admin.add("roles", name="Night watch")["id"]
        seller = next(each["id"] for each in admin.get("roles/").json["result"] if each["name"] == "Salesperson")
        user = next(each for each in admin.get("users/").json["result"] if each["username"] == "ann")
        form = {"username": "ann", "first_name": "Ann", "last_name": "Lee", "email": "ann@example.com", "active": "1"}
        form |= {"roles": str(seller), "new_password": "", "locale": ""}
        answer = browser.post(f"/users/edit/{user['id']}", form | {"roles-text": "zzzz"})
        assert summary(answer) == ["Roles: “zzzz” was not found. Please choose from the list."]
        assert browser.post(f"/users/edit/{user['id']}", form | {"roles-text": "night watch"}).status_code == 302
        held = admin.get(f"users/{user['id']}").json["result"]["roles"]
        assert {role["id"] for role in held} == {seller, watch}


class TestPick:
    def test_each_row_says_what_it_will_be_called(self, browser, goods):
        found = browser.get("/products/pick?q=silver").json["result"]
        assert [(row["label"], row["name"], row["code"]) for row in found] == [
            (f"{product['code']} Silver needle {product['spec']}", "Silver needle", product["code"])
            for product in (goods["small"], goods["large"])
        ]


class TestErrorSummary:
    def test_each_message_once_and_none_about_the_marks(self, browser):
        answer = browser.post("/contacts/add", {"customer": "", "name": ""})
        assert summary(answer) == ["Customer: This is required.", "Name: This is required."]

    def test_a_line_names_its_column(self, browser, goods):
        line = {"product": str(goods["other"]["id"]), "quantity": "many", "unit_cost": "3"}
        answer = browser.post("/stock-adjustments/add", adjustment(goods, line))
        assert summary(answer) == ["Line 1, Quantity: “many” is not a number."]

    def test_a_conflict_is_told_as_well(self, admin, browser):
        unit = admin.add("units", name="box")
        admin.put(f"units/{unit['id']}", {"name": "crate"})
        answer = browser.post(f"/units/edit/{unit['id']}", {"name": "case", "decimals": "0", "version": "1"})
        assert answer.status_code == 409
        (message,) = summary(answer)
        assert "changed this on" in message


class TestSubmittedPlan:
    @pytest.fixture
    def plan(self, api) -> dict[str, Any]:
        lines = [{"planned_on": "2026-11-24", "kind": "call", "goal": "Show the valves"}]
        plan = api("ann").add("weekly-plans", week=WEEK, plan="Visit Beijing Tech", lines=lines)
        api("ann").post(f"weekly-plans/{plan['id']}/submit")
        return api("ann").get(f"weekly-plans/{plan['id']}").json["result"]

    def test_only_what_is_still_written_is_open(self, pages, plan):
        page = pages("ann").get(f"/weekly-plans/edit/{plan['id']}").text
        inputs = re.findall(r"<(?:input|textarea|select)\b[^>]*\bid=\"((?:f|lines)-[^\"]+)\"[^>]*>", page)
        shut = re.findall(
            r"<(?:input|textarea|select)\b[^>]*\bid=\"((?:f|lines)-[^\"]+)\"[^>]* (?:readonly|disabled)", page
        )
        blank = {each for each in inputs if "__index__" in each}
        assert set(inputs) - set(shut) - blank == {
            "f-summary",
            "f-suggestion",
            "f-note",
            "lines-0-done",
            "lines-0-result",
        }
        assert "data-line-add" not in page
        assert "is submitted: what is grey can no longer be changed." in page
        assert not re.search(r'name="lines-0-delete"', page)

    def test_it_is_saved_as_the_page_sends_it(self, api, pages, plan):
        # A browser sends read-only inputs, and leaves out what is disabled.
        form = {
            "week": WEEK,
            "date": plan["date"],
            "plan": "Visit Beijing Tech",
            "summary": "Sold two",
            "suggestion": "",
            "note": "",
            "lines-0-id": str(plan["lines"][0]["id"]),
            "lines-0-planned_on": "2026-11-24",
            "lines-0-goal": "Show the valves",
            "lines-0-done": "1",
            "lines-0-result": "They want two",
        }
        answer = pages("ann").post(f"/weekly-plans/edit/{plan['id']}", form)
        assert answer.status_code == 302, summary(answer)
        saved = api("ann").get(f"weekly-plans/{plan['id']}").json["result"]
        line = saved["lines"][0]
        assert (saved["summary"], line["done"], line["result"]) == ("Sold two", True, "They want two")
        assert (line["kind"], line["goal"], saved["plan"]) == ("call", "Show the valves", "Visit Beijing Tech")


class TestRefusals:
    def test_of_a_delete_are_told_on_the_records_page(self, admin, browser, goods):
        unit = goods["other"]["unit"]["id"]
        answer = browser.post(f"/units/delete/{unit}")
        assert (answer.status_code, answer.location) == (302, f"/units/show/{unit}")
        page = browser.get(answer.location)
        assert page.status_code == 200
        assert "can&#39;t be deleted: it is used by" in page.text

    def test_of_an_edit_are_told_on_the_records_page(self, admin, browser, goods):
        lines = [{"product": goods["other"]["id"], "quantity": 2, "unit_cost": "3"}]
        made = admin.add("stock-adjustments", warehouse=goods["warehouse"]["id"], reason="Count", lines=lines)
        admin.post(f"stock-adjustments/{made['id']}/post")
        answer = browser.get(f"/stock-adjustments/edit/{made['id']}")
        assert (answer.status_code, answer.location) == (302, f"/stock-adjustments/show/{made['id']}")
        assert "it can no longer be edited" in browser.get(answer.location).text
        # What was typed meanwhile is still there to be copied.
        answer = browser.post(f"/stock-adjustments/edit/{made['id']}", adjustment(goods, note="not to be lost"))
        assert answer.status_code == 409
        assert "not to be lost" in answer.text
        assert len(summary(answer)) == 1

    def test_an_error_leads_back_to_where_one_was(self, browser):
        page = browser.get("/units/show/999", headers={"Referer": "http://localhost/units/list/?q=b"})
        assert page.status_code == 404
        assert re.search(r'href="/units/list/\?q=b">Back<', page.text)
        for elsewhere in ("http://example.com/units/list/", "http://localhost/units/show/999", ""):
            assert ">Back<" not in browser.get("/units/show/999", headers={"Referer": elsewhere}).text


class TestComingBack:
    @pytest.fixture
    def customer(self, admin) -> dict[str, Any]:
        return admin.add("customers", name="Harbour Trading")

    def test_what_is_added_in_a_tab_leads_back_to_it(self, browser, customer):
        page = browser.get(f"/customers/show/{customer['id']}").text
        add = re.search(r'href="(/contacts/add\?[^"]+)"', page)
        assert add is not None
        path = add[1].replace("&amp;", "&")
        form = browser.get(path).text
        back = f"/customers/show/{customer['id']}#contacts"
        assert f'href="{back}" data-cancel' in form
        answer = browser.post(path, {"customer": str(customer["id"]), "name": "Zhang"})
        assert (answer.status_code, answer.location) == (302, back)

    @pytest.mark.parametrize("target", ["https://example.com/", "//example.com", "/\\example.com", "/\t/example.com"])
    def test_no_address_leads_out_of_the_console(self, browser, customer, target):
        data = {"customer": str(customer["id"]), "name": "Zhang"}
        answer = browser.client.post(
            "/contacts/add", query_string={"next": target}, data={"csrf_token": browser.token(), **data}
        )
        assert re.fullmatch(r"/contacts/show/\d+", answer.location)


class TestFigures:
    """What the page reckoned against what is stored."""

    FIELDS = ("lines-0-value-seen", "lines-total-value-seen", "lines-total-quantity-seen")

    @pytest.fixture
    def sent(self, api) -> dict[str, str]:
        admin = api("admin")
        unit = admin.add("units", name="kg", decimals=1)["id"]
        tea = admin.add("products", name="Tea", unit=unit, tax_rate="0.13", list_price="8")["id"]
        warehouse = admin.add("warehouses", name="Main")["id"]
        lines = {"lines-0-product": str(tea), "lines-0-quantity": "0.1", "lines-0-unit_cost": "0.35"}
        return {"warehouse": str(warehouse), "date": "2026-11-24", "reason": "What was typed", **lines}

    def test_what_the_page_reckoned_right_is_saved(self, api, pages, sent):
        seen = dict(zip(self.FIELDS, ("0.04", "0.04", "0.1000"), strict=True))
        assert pages("admin").post("/stock-adjustments/add", {**sent, **seen}).status_code == 302
        admin = api("admin")
        made = admin.rows("stock-adjustments")[0]["id"]
        assert admin.get(f"stock-adjustments/{made}").json["result"]["lines"][0]["value"] == "0.04"

    def test_what_it_reckoned_wrong_is_told_with_the_right_figure_and_all_that_was_typed(self, api, pages, sent):
        seen = dict(zip(self.FIELDS, ("0.03", "0.03", "0.2"), strict=True))
        admin = pages("admin")
        answer = admin.post("/stock-adjustments/add", {**sent, **seen})
        assert answer.status_code == 422
        assert api("admin").rows("stock-adjustments") == []
        text = answer.text
        assert "Line 1, Value: This page made it 0.03, but it is 0.04." in text
        assert "Total, Value: This page made it 0.03, but it is 0.04." in text
        assert "Total, Quantity: This page made it 0.2, but it is 0.1." in text
        assert 'value="What was typed"' in text
        assert 'value="0.35"' in text
        told = dict(re.findall(r'name="(lines-[a-z0-9]+-[a-z]+-told)" value="([^"]+)"', text))
        assert told == {
            "lines-0-value-told": "0.04",
            "lines-total-value-told": "0.04",
            "lines-total-quantity-told": "0.1000",
        }
        # Whoever saves again has seen it.
        assert admin.post("/stock-adjustments/add", {**sent, **seen, **told}).status_code == 302

    def test_a_pasted_column_is_named_by_one_question(self, api, pages, sent, statements):
        admin = api("admin")
        unit = admin.rows("units")[0]["id"]
        made = [
            admin.add("products", name=f"Green {at}", unit=unit, tax_rate="0.13", list_price="8") for at in range(8)
        ]
        browser = pages("admin")
        browser.get("/products/pick?q=")
        asked = "&".join(f"name={each['code']}" for each in made)
        with statements() as executed:
            answer = browser.get(f"/products/pick?{asked}&name=green&name=Green 3&name=none such").json["result"]
        assert [each["row"]["id"] for each in answer[:8]] == [each["id"] for each in made]
        assert answer[8]["row"] is None and "Several match" in answer[8]["message"]
        assert answer[9]["row"]["id"] == made[3]["id"]
        assert answer[10]["row"] is None and "was not found" in answer[10]["message"]
        assert len(executed) <= 8


def test_what_is_wrong_in_the_head_and_in_lines_is_told_in_one_round(admin, browser, goods):
    line = {"product": "", "product-text": "no such tea", "quantity": "many", "unit_cost": "3"}
    data = {"warehouse": "", "warehouse-text": "nowhere", "date": "someday"}
    data |= {f"lines-0-{name}": value for name, value in line.items()}
    answer = browser.post("/stock-adjustments/add", data)
    assert answer.status_code == 422
    summary = answer.text.split("data-error-summary")[1].split("</ul>")[0]
    for told in (
        "“someday” is not a date",
        "“nowhere” was not found",
        "“no such tea” was not found",
        "“many” is not a number",
    ):
        assert summary.count(told) == 1, told
    assert "This is required" not in summary
    assert admin.rows("stock-adjustments") == []


class TestWhatIsTold:
    def test_a_transition_says_which_state_it_led_to(self, admin, browser, goods):
        lines = [{"product": goods["small"]["id"], "quantity": 1, "unit_cost": "2"}]
        pk = admin.add("stock-adjustments", warehouse=goods["warehouse"]["id"], lines=lines)["id"]
        browser.post(f"/stock-adjustments/action/post/{pk}", {})
        page = browser.get(f"/stock-adjustments/show/{pk}").text
        assert re.search(r"<p>SA\d{4}-\d+: posted</p>", page) and "Done: " not in page

    def test_every_entry_of_a_menu_has_an_icon(self, browser, goods):
        page = browser.get("/products/list/").text
        panel = page[page.index("data-menu-panel") :].partition("</details>")[0]
        entries = re.findall(r'class="menu-item[^"]*"[^>]*>(.{4})', panel)
        assert len(entries) >= 2 and set(entries) == {"<svg"}
