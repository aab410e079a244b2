"""Two save over one another: nothing typed is lost, both versions stand side by side, and one saves on top of the other.

Without scripts: each form is sent as the page holds it.
"""

from __future__ import annotations

import io
import re
from html import unescape
from typing import Any

import pytest
import sqlalchemy as sa
from flask_appbuilder.security.sqla.models import Role
from PIL import Image

from tests.app_fixtures import Api, Pages
from tests.support.forms import as_sent

WEEK = "2026-11-23"


class Editor:
    """Somebody at the form of one row."""

    def __init__(self, browser: Pages, path: str) -> None:
        self.browser, self.path = browser, path
        self.page = browser.get(path)
        assert self.page.status_code == 200, self.page.text
        self.form = as_sent(self.page.text)

    def save(self, **typed: str) -> int:
        """Send the form with what is ``typed``; the status.  A refused one shows the form that came back."""
        sent = self.form | typed
        self.page = self.browser.client.post(self.path, data=sent, headers={"Accept-Language": "en"})
        if self.page.status_code != 302:
            self.form = as_sent(self.page.text)
        return int(self.page.status_code)

    @property
    def differences(self) -> dict[str, tuple[str, str, str]]:
        """By label: what is mine, what is theirs with who, and whose is shown."""
        table = re.search(r"data-differences>(.*?)</section>", self.page.text, re.DOTALL)
        found = {}
        for row in re.findall(r"<tr role=\"row\"><th scope=\"row\".*?</tr>", table[1] if table else "", re.DOTALL):
            label, mine, theirs = (_plain(cell) for cell in re.findall(r"<t[hd].*?</t[hd]>", row, re.DOTALL))
            shown = re.search(r'value="(\w+)" checked', row)
            found[label] = (mine, theirs, shown[1] if shown else "")
        return found


def _plain(html: str) -> str:
    return " ".join(unescape(re.sub("<[^>]+>", " ", html)).split())


@pytest.fixture
def ann(api) -> Api:
    return api("ann")


class TestFields:
    def test_what_was_typed_stays_and_what_only_they_changed_is_taken(self, ann, api, pages):
        row = ann.add("customers", name="Harbour", level="A", region="North", phone="110")
        path = f"/customers/edit/{row['id']}"
        mine, again = Editor(pages("ann"), path), Editor(pages("ann"), path)
        api("bob").put(f"customers/{row['id']}", {"level": "B", "region": "South", "version": 1})
        assert mine.save(level="C", phone="120", note="not to be lost") == 409
        assert "Bob Ito changed this on" in mine.page.text
        assert {
            label: (own, theirs.split(" Bob Ito, 20")[0], shown)
            for label, (own, theirs, shown) in mine.differences.items()
        } == {
            "Level": ("C", "B", "mine"),
            "Region": ("North", "South", "theirs"),
        }
        assert all("Bob Ito, 20" in theirs for _own, theirs, _shown in mine.differences.values())
        form = mine.form
        assert (form["level"], form["region"], form["phone"], form["note"]) == ("C", "South", "120", "not to be lost")
        assert mine.save() == 302
        saved = ann.get(f"customers/{row['id']}").json["result"]
        assert (saved["level"], saved["region"], saved["phone"], saved["version"]) == ("C", "South", "120", 3)
        # Chosen the other way round, and once more overtaken before that is sent.
        assert again.save(level="C", phone="130") == 409
        api("bob").put(f"customers/{row['id']}", {"phone": "140"})
        assert again.save(**{"take:phone": "theirs"}) == 409
        assert again.differences["Phone"][2] == "theirs", "what was chosen was theirs, and is overtaken"
        assert again.save() == 302
        assert ann.get(f"customers/{row['id']}").json["result"]["phone"] == "140"

    def test_either_can_be_chosen(self, ann, api, pages):
        row = ann.add("customers", name="Harbour", level="A", region="North")
        mine = Editor(pages("ann"), f"/customers/edit/{row['id']}")
        api("bob").put(f"customers/{row['id']}", {"level": "B", "region": "South"})
        mine.save(level="C")
        assert mine.save(**{"take:level": "theirs", "take:region": "mine", "name": "Harbour Ltd"}) == 302
        saved = ann.get(f"customers/{row['id']}").json["result"]
        assert (saved["level"], saved["region"], saved["name"]) == ("B", "North", "Harbour Ltd")

    def test_a_choice_that_is_shown_already_does_not_undo_what_is_typed_then(self, ann, api, pages):
        row = ann.add("customers", name="Harbour", region="North")
        mine = Editor(pages("ann"), f"/customers/edit/{row['id']}")
        api("bob").put(f"customers/{row['id']}", {"region": "South"})
        mine.save(name="Harbour Ltd")
        assert mine.differences["Region"][2] == "theirs"
        assert mine.save(region="East") == 302
        assert ann.get(f"customers/{row['id']}").json["result"]["region"] == "East"

    def test_the_same_said_by_both_is_no_difference(self, ann, api, pages):
        row = ann.add("customers", name="Harbour")
        mine = Editor(pages("ann"), f"/customers/edit/{row['id']}")
        api("bob").put(f"customers/{row['id']}", {"region": "South"})
        assert mine.save(region="South") == 409
        assert mine.differences == {}
        assert mine.save() == 302

    def test_a_refusal_after_it_loses_neither(self, ann, api, pages):
        row = ann.add("customers", name="Harbour", region="North")
        mine = Editor(pages("ann"), f"/customers/edit/{row['id']}")
        api("bob").put(f"customers/{row['id']}", {"region": "South"})
        assert mine.save(region="East") == 409
        assert mine.save(name="", email="nonsense") == 422
        assert (mine.form["version"], mine.form["region"]) == ("2", "East")
        assert mine.save(name="Harbour", email="") == 302


@pytest.fixture
def admin_and_goods(api) -> tuple[Api, dict[str, Any]]:
    """The administrator; a warehouse with three products."""
    admin = api("admin")
    unit = admin.add("units", name="box")["id"]
    goods = [
        admin.add("products", name=name, unit=unit, tax_rate="0.13", list_price="8")["id"]
        for name in ("Green tea", "Black tea", "White tea")
    ]
    return admin, {"warehouse": admin.add("warehouses", name="Main")["id"], "goods": goods}


class TestLines:
    @pytest.fixture
    def document(self, admin_and_goods) -> dict[str, Any]:
        admin, found = admin_and_goods
        lines = [{"product": each, "quantity": "1", "unit_cost": "2"} for each in found["goods"]]
        return admin.add("stock-adjustments", warehouse=found["warehouse"], reason="Count", lines=lines)

    def lines(self, admin: Api, document: dict[str, Any]) -> list[tuple[str, str]]:
        rows = admin.get(f"stock-adjustments/{document['id']}").json["result"]["lines"]
        return [(row["product"]["label"].split(" ", 1)[1], row["quantity"]) for row in rows]

    def put(self, admin: Api, document: dict[str, Any], *lines: dict[str, Any]) -> None:
        assert admin.put(f"stock-adjustments/{document['id']}", {"lines": list(lines)}).status_code == 200

    def test_each_cell_for_itself(self, admin_and_goods, pages, document):
        admin, found = admin_and_goods
        mine = Editor(pages("wei"), f"/stock-adjustments/edit/{document['id']}")
        first, second, third = document["lines"]
        ids = [{"id": each["id"]} for each in (first, second, third)]
        self.put(admin, document, {**ids[0], "quantity": "5"}, {**ids[1], "quantity": "6"}, ids[2])
        assert mine.save(**{"lines-0-quantity": "7", "lines-2-quantity": "1.0000"}) == 409
        assert {label: (own, theirs[:1], shown) for label, (own, theirs, shown) in mine.differences.items()} == {
            "Line 1 · Quantity": ("7", "5", "mine"),
            "Line 2 · Quantity": ("1", "6", "theirs"),
        }
        assert mine.save(**{"take:lines-0-quantity": "theirs"}) == 302
        assert [quantity for _name, quantity in self.lines(admin, document)] == ["5.0000", "6.0000", "1.0000"]

    def test_lines_that_came_and_went(self, admin_and_goods, pages, document):
        admin, found = admin_and_goods
        path = f"/stock-adjustments/edit/{document['id']}"
        mine = Editor(pages("wei"), path)
        other = Editor(pages("wei"), path)
        first, second, third = document["lines"]
        new = {"product": found["goods"][2], "quantity": "9", "unit_cost": "2"}
        # The first is changed, the second and third are gone, one is new.
        self.put(admin, document, {"id": first["id"], "quantity": "5"}, new)
        # Wei takes the first away, changes the second, and leaves the third.
        assert mine.save(**{"lines-0-delete": "1", "lines-1-quantity": "8"}) == 409
        told = {label: shown for label, (_own, _theirs, shown) in mine.differences.items()}
        assert told == {"Removed line": "theirs", "Line 1": "mine", "Added line": "theirs"}
        assert mine.page.text.count("Removed line") == 2
        assert mine.save() == 302
        assert self.lines(admin, document) == [("Black tea", "8.0000"), ("White tea", "9.0000")]
        # And with every choice the other way: what either had is gone but the line that Wei had left alone.
        assert other.save(**{"lines-0-delete": "1", "lines-1-quantity": "8"}) == 409
        keys = [key for key in other.form if str(key).startswith("shown:")]
        flipped = {key.replace("shown", "take"): "mine" if other.form[key] == "theirs" else "theirs" for key in keys}
        assert other.save(**flipped) == 302
        assert self.lines(admin, document) == [("White tea", "1.0000")]

    def test_what_one_may_not_see_is_neither_shown_nor_lost(self, act, admin_and_goods, pages, api, document):
        """Wei without the grant to see costs."""
        admin, _found = admin_and_goods
        with act() as session:
            role = session.scalars(sa.select(Role).where(Role.name == "Warehouse keeper")).unique().one()
            role.permissions = [each for each in role.permissions if each.permission.name != "can_see_cost"]
        mine = Editor(pages("wei"), f"/stock-adjustments/edit/{document['id']}")
        first, *rest = document["lines"]
        new = {"id": first["id"], "unit_cost": "7654.32", "quantity": "5"}
        self.put(admin, document, new, *({"id": each["id"]} for each in rest))
        assert mine.save(**{"lines-0-quantity": "7"}) == 409
        assert set(mine.differences) == {"Line 1 · Quantity"} and "7654" not in mine.page.text
        body = {"lines": [{"id": first["id"], "quantity": "7"}], "version": 1}
        refused = api("wei").put(f"stock-adjustments/{document['id']}", body)
        assert refused.status_code == 409 and "7654" not in refused.text
        assert mine.save() == 302
        saved = admin.get(f"stock-adjustments/{document['id']}").json["result"]["lines"][0]
        assert (saved["quantity"], saved["unit_cost"]) == ("7.0000", "7654.320000")

    def test_the_api_says_what_differs(self, admin_and_goods, api, document):
        admin, found = admin_and_goods
        first, second, third = document["lines"]
        put = {"reason": "Damage", "lines": [{"id": first["id"], "quantity": "5"}, {"id": second["id"]}]}
        assert admin.put(f"stock-adjustments/{document['id']}", put).status_code == 200
        stale = {
            "reason": "Loss",
            "note": None,
            "lines": [{"id": first["id"], "quantity": 7}, {"id": second["id"], "quantity": "1"}, {"id": third["id"]}],
            "version": 1,
        }
        answer = api("wei").put(f"stock-adjustments/{document['id']}", stale)
        assert answer.status_code == 409
        assert answer.json["version"] == 2
        assert answer.json["differs"] == {
            "reason": {"yours": "Loss", "theirs": "Damage"},
            "lines.0.quantity": {"yours": 7, "theirs": "5.0000"},
            "lines": {"yours": [first["id"], second["id"], third["id"]], "theirs": [first["id"], second["id"]]},
        }
        again = api("wei").put(f"stock-adjustments/{document['id']}", {**stale, "lines": [], "version": 2})
        assert again.status_code == 200


class TestWhatAStateHasClosed:
    def test_is_shown_to_be_copied(self, api, pages):
        ann = api("ann")
        lines = [{"planned_on": "2026-11-24", "kind": "call", "goal": "Show the valves"}]
        plan = ann.add("weekly-plans", week=WEEK, plan="Visit Beijing Tech", lines=lines)
        mine = Editor(pages("ann"), f"/weekly-plans/edit/{plan['id']}")
        ann.post(f"weekly-plans/{plan['id']}/submit")
        assert mine.save(plan="Visit Shanghai", summary="Sold two") == 409
        assert mine.differences["Plan"] == ("Visit Shanghai Can no longer be changed", mine.differences["Plan"][1], "")
        assert mine.form["summary"] == "Sold two"
        assert mine.save() == 302
        saved = ann.get(f"weekly-plans/{plan['id']}").json["result"]
        assert (saved["plan"], saved["summary"]) == ("Visit Beijing Tech", "Sold two")


def test_pictures_that_came_with_it_are_asked_for_again(admin_and_goods, pages):
    admin, found = admin_and_goods
    product = found["goods"][0]
    mine = Editor(pages("lin"), f"/products/edit/{product}")
    admin.put(f"products/{product}", {"spec": "50 g"})
    out = io.BytesIO()
    Image.new("RGB", (4, 4)).save(out, "PNG")
    sent = mine.form | {"name": "Sencha", "pictures": (io.BytesIO(out.getvalue()), "tea.png")}
    answer = mine.browser.client.post(mine.path, data=sent, content_type="multipart/form-data")
    assert answer.status_code == 409
    assert "Choose the files again" in answer.text and 'value="Sencha"' in answer.text


class TestOddForms:
    @pytest.mark.parametrize(
        "was", ["", "x", "[]", "null", '{"fields":3,"lines":[]}', "{" * 5000, '{"fields":{"name":[[{}]]},"lines":{}}']
    )
    def test_are_compared_as_far_as_they_go(self, ann, pages, was):
        row = ann.add("customers", name="Harbour", region="North")
        mine = Editor(pages("ann"), f"/customers/edit/{row['id']}")
        ann.put(f"customers/{row['id']}", {"region": "South"})
        assert mine.save(was=was, name="Harbour Ltd") == 409
        assert mine.form["name"] == "Harbour Ltd" and "Region" in mine.differences

    @pytest.mark.parametrize(
        "choices",
        ["x", "[]", '{"name":3}', '{"name":[{"a":1},[["x"]]]}', '{"lines-0":["x","y"]}', '{"version":["1","\\ud800"]}'],
    )
    def test_choices_that_can_not_be_are_none(self, ann, pages, choices):
        row = ann.add("customers", name="Harbour")
        mine = Editor(pages("ann"), f"/customers/edit/{row['id']}")
        keys = {f"take:{key}": "theirs" for key in ("name", "lines-0", "version")}
        assert mine.save(choices=choices, **keys) in (302, 422)
