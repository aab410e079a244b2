"""Choices that the company extends: offered again, in an order, renamed and merged on every row, retired; and imports."""

from __future__ import annotations

import re

import pytest


@pytest.fixture
def rows(api) -> dict[str, int]:
    """Ann's customers with an industry each, and one of Cleo's."""
    found = {}
    for who, name, industry in (
        ("ann", "Alpha", "Mfg"),
        ("ann", "Beta", "Manufacturing"),
        ("cleo", "Delta", "Mfg"),
        ("ann", "Gamma", "Trade"),
    ):
        found[name] = api(who).add("customers", name=name, industry=industry)["id"]
    return found


def ids(admin) -> dict[str, int]:
    return {row["value"]: row["id"] for row in admin.rows("choices", page_size=100) if row["field"] == "industry"}


def add(admin, field: str, value: str):
    answer = admin.post("choices/", {"resource": "customers", "field": field, "value": value})
    assert answer.status_code == 201, answer.text
    return answer.json["result"]


def offered(pages) -> list[str]:
    """What the form of a new customer offers as industry, in its order."""
    text = pages("ann").get("/customers/add").text
    return re.findall(
        r'<option value="([^"]*)"', re.search(r'<datalist id="f-industry-sug.*?</datalist>', text, re.S)[0]
    )


def industries(client) -> dict[str, str]:
    return {row["name"]: row["industry"] for row in client.rows("customers")}


class TestKeeping:
    def test_one_that_is_renamed_changes_on_every_row_by_one_run(self, rows, api, pages):
        admin = api("admin")
        answer = admin.post("choices/rename", {"ids": [ids(admin)["Mfg"]], "to": "Making"})
        assert answer.status_code == 200, answer.text
        told = answer.json
        assert (told["result"]["value"], told["changed"], told["kept"]) == ("Making", 2, [])
        assert industries(admin) == {"Alpha": "Making", "Beta": "Manufacturing", "Delta": "Making", "Gamma": "Trade"}
        assert sorted(ids(admin)) == ["Making", "Manufacturing", "Trade"]
        assert "renamed a choice" in pages("ann").get(f"/customers/show/{rows['Alpha']}").text
        run = admin.get(f"import-runs/{told['run']}").json["result"]
        assert (run["kind"], run["file"], run["updated"]) == ("choice", "industry", 2)
        assert admin.post(f"import-runs/{told['run']}/undo", {}).json["restored"] == 2
        assert industries(admin)["Delta"] == "Mfg" and "Mfg" in ids(admin)

    def test_two_become_one(self, rows, api):
        admin = api("admin")
        known = ids(admin)
        chosen = [known["Mfg"], known["Manufacturing"]]
        answer = admin.post("choices/rename", {"ids": chosen, "to": "Manufacturing"})
        assert (answer.json["id"], answer.json["changed"]) == (known["Manufacturing"], 2)
        assert sorted(ids(admin)) == ["Manufacturing", "Trade"]
        answer = admin.post("choices/rename", {"ids": list(ids(admin).values()), "to": "Everything"})
        assert set(industries(admin).values()) == {"Everything"} and list(ids(admin)) == ["Everything"]
        region = add(admin, "region", "North")["id"]
        for body, field in (
            ({"ids": [], "to": "x"}, "ids"),
            ({"ids": [region, *ids(admin).values()], "to": "x"}, "ids"),
            ({"ids": [region]}, "to"),
            ({"ids": [region], "to": "x" * 200}, "to"),
        ):
            answer = admin.post("choices/rename", body)
            assert (answer.status_code, list(answer.json["errors"])) == (422, [field]), body

    def test_what_is_posted_keeps_it(self, api, act, rows):
        admin = api("admin")
        unit = admin.add("units", name="pc")["id"]
        product = admin.add("products", name="Tea", unit=unit, tax_rate="0.13", list_price="1")["id"]
        warehouse = admin.add("warehouses", name="Main")["id"]
        line = {"product": product, "quantity": "1", "unit_cost": "1"}
        posted, draft = (
            admin.add("stock-adjustments", warehouse=warehouse, reason="Brake", lines=[line])["id"]
            for _each in range(2)
        )
        admin.post(f"stock-adjustments/{posted}/post")
        [choice] = [row["id"] for row in admin.rows("choices") if row["field"] == "reason"]
        told = admin.post("choices/rename", {"ids": [choice], "to": "Breakage"}).json
        assert (told["changed"], [each["record"] for each in told["kept"]]) == (1, [f"stock-adjustments/{posted}"])
        reasons = {row["id"]: row["reason"] for row in admin.rows("stock-adjustments")}
        assert reasons == {posted: "Brake", draft: "Breakage"}
        kept = {row["value"]: row["retired"] for row in admin.rows("choices") if row["field"] == "reason"}
        assert kept == {"Brake": True, "Breakage": False}

    def test_an_order_and_what_is_retired(self, rows, api, pages):
        admin = api("admin")
        known = ids(admin)
        assert offered(pages) == ["Manufacturing", "Mfg", "Trade"]
        admin.put(f"choices/{known['Trade']}", {"position": 1})
        admin.put(f"choices/{known['Mfg']}", {"retired": True})
        add(admin, "industry", "Services")
        assert offered(pages) == ["Trade", "Manufacturing", "Services"]
        assert industries(admin)["Alpha"] == "Mfg"
        refused = admin.put(f"choices/{known['Trade']}", {"value": "Trading"})
        assert (refused.status_code, list(refused.json["errors"])) == (422, ["value"])
        assert admin.post("choices/", {"resource": "customers", "field": "name", "value": "x"}).status_code == 422
        assert admin.post("choices/", {"resource": "nonsense", "field": "level", "value": "x"}).status_code == 422
        page = pages("admin").get(f"/choices/show/{known['Trade']}").text
        assert "/customers/list/?f=industry%3Aeq%3ATrade" in page

    def test_it_is_the_administrators(self, rows, api, pages):
        ann = api("ann")
        assert ann.get("choices/").status_code == 403
        assert ann.post("choices/rename", {"ids": [1], "to": "x"}).status_code == 403
        page = pages("admin").post("/choices/do/rename", {"ids": ["1"], "to": "Making"}, follow_redirects=True)
        assert "rows changed" in page.text


class TestImporting:
    FILE = b"Name,Industry,Region\nNew,Fishing,Coast\nOther,Trade,Coast\n"

    def test_an_unknown_choice_fails_its_row_unless_the_import_says_that_it_adds_them(self, rows, api):
        ann = api("ann")
        told = ann.upload("customers", self.FILE, "x.csv", on_error="skip", mode="preview").json
        assert [(each["row"], each["column"]) for each in told["errors"]] == [(2, "Industry")]
        assert "Fishing" in told["errors"][0]["message"]
        # Nobody has ever filled a region: there is no choice yet that this one would not be among.
        told = ann.upload("customers", self.FILE, "x.csv", on_error="skip", mode="commit").json
        assert (told["created"], told["failed"]) == (1, 1)
        told = ann.upload("customers", self.FILE, "x.csv", mode="commit", new_choices="add").json
        assert (told["created"], told["failed"]) == (2, 0)
        assert "Fishing" in ids(api("admin"))
        assert ann.upload("customers", self.FILE, "x.csv", new_choices="maybe").status_code == 422

    def test_the_page_asks_where_there_are_open_fields(self, rows, pages, api):
        assert 'name="new_choices"' in pages("ann").get("/customers/import").text
        assert 'name="new_choices"' not in pages("lin").get("/units/import").text


def test_one_that_rows_have_is_retired_and_not_deleted(rows, api):
    admin = api("admin")
    spare = add(admin, "industry", "Spare")["id"]
    refused = admin.delete(f"choices/{ids(admin)['Mfg']}")
    assert (refused.status_code, "2 rows have this choice" in refused.json["message"]) == (409, True)
    assert admin.delete(f"choices/{spare}").status_code == 200
    api("ann").put(f"customers/{rows['Gamma']}", {"industry": None})
    assert admin.delete(f"choices/{ids(admin)['Trade']}").status_code == 200
