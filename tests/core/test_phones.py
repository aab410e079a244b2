"""What surely is no telephone number is refused at its field, whichever way it comes; what people write is kept."""

from __future__ import annotations

import csv

import pytest
import sqlalchemy as sa

from app.core import db, phones
from app.core.entity import entity_for

WRONG = ["12", "abc", "12ab", "+86", "0000000", "1" * 21, "ask Li", "x12", "-", "+999 12345678", "138 0013 8000; abc"]
RIGHT = [
    "030-0074321",
    "(5) 555-4729",
    "400-800-1234",
    "010 8888 1234 转 8012",
    "010-88881234 分机：12",
    "021-5555 1000 ext. 12",
    "(021) 5555 1000 x12",
    "010-8888 1234 / 35",
    "138 0013 8000; +86 139 0013 9000",
    "138 0013 8000 或 13900139000",
    "８８８８－１２３４",
    "tel:+86-10-88881234;ext=12",
    "+1 (212) 555-0123",
    "110",
]


@pytest.mark.parametrize("text", WRONG)
def test_what_is_no_number(text):
    assert not phones.is_possible(text)


@pytest.mark.parametrize("text", RIGHT)
def test_what_people_write(text):
    assert phones.is_possible(text)


@pytest.mark.parametrize("resource", ["customers", "contacts", "leads", "employees"])
def test_the_api_says_so_at_the_field(api, resource):
    name = "phone" if resource == "customers" else "mobile"
    answer = api("admin").post(f"{resource}/", {name: "12ab"})
    assert answer.status_code == 422 and "“12ab” is not a telephone number" in answer.json["errors"][name][0]


def test_what_stands_there_already_hinders_no_other_change(api, pages, act):
    ann = api("ann")
    row = ann.add("customers", name="Harbour", phone="138 0013 8000")
    with act():
        table = entity_for("customers").__table__
        db.session.connection().execute(sa.update(table).where(table.c.id == row["id"]).values(phone="ask Li"))
    assert ann.put(f"customers/{row['id']}", {"phone": "ask Li", "region": "North"}).status_code == 200
    form = {"name": "Harbour & Sons", "code": row["code"], "status": "potential", "kind": "company"}
    saved = pages("ann").post(f"/customers/edit/{row['id']}", form | {"phone": "ask Li"})
    assert saved.status_code == 302
    told = ann.get(f"customers/{row['id']}").json["result"]
    assert (told["name"], told["region"], told["phone"]) == ("Harbour & Sons", None, "ask Li")
    assert ann.put(f"customers/{row['id']}", {"phone": "ask Lo"}).status_code == 422


def test_the_form_keeps_everything_else_typed(pages):
    answer = pages("ann").post("/customers/add", {"name": "Harbour", "phone": "12", "note": "Not to be lost"})
    assert answer.status_code == 422
    assert "“12” is not a telephone number" in answer.text and "Not to be lost" in answer.text


def test_an_import_tells_the_cell(act, tmp_path):
    from app.core.exchange.importer import run_import

    path = tmp_path / "in.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([["name", "phone"], ["Acme", "0000000"], ["Best", "010 8888 1234 转 8012"]])
    with act("ann"):
        result = run_import(entity_for("customers"), path, path.name, mode="commit", on_error="skip")
        assert (result.created, [(each.row, each.column) for each in result.errors]) == (1, [(2, "phone")])
