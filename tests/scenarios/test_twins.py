"""A list with twins in it: 5,000 customers come from a spreadsheet, 300 of them a second time in five disguises; they are
found, each pair becomes one, and one merge is taken back.
"""

from __future__ import annotations

import csv
import io
from datetime import datetime

from app.core import clock
from tests.app_fixtures import Api, Pages
from tests.scenarios.company import Company

START = datetime(2026, 9, 1, 9)
ALL, TWINS = 5000, 300
PLACES = ["北京", "上海", "广州", "深圳", "成都", "杭州", "武汉", "西安", "南京", "重庆"]
WORDS = ["Amber", "Birch", "Cedar", "Delta", "Ember", "Falcon", "Garnet", "Harbor", "Indigo", "Jasper"]
WIDE = str.maketrans({chr(code): chr(code + 0xFEE0) for code in range(0x21, 0x7F)} | {" ": "\u3000"})


def name_of(number: int) -> str:
    """«北京星河123科技有限公司» and «Amber Works 123 Trading Ltd» in turn."""
    if number % 2:
        return f"{PLACES[number % 10]}星河{number}科技有限公司"
    return f"{WORDS[number // 2 % 10]} Works {number} Trading Ltd"


def phone_of(number: int) -> str:
    return f"010-6{number:04d}{number % 1000:03d}"


def disguised(number: int) -> dict[str, str]:
    """The customer ``number`` as somebody else typed it."""
    name = name_of(number)
    match number // 2 % 5:
        case 0:
            return {"name": name.translate(WIDE)}
        case 1:
            return {"name": name.upper() if number % 2 == 0 else name.replace("星河", "星河 ").lower()}
        case 2:
            spaced = name.replace(" ", " - ") if number % 2 == 0 else " ".join(name.replace("科技", "·科技"))
            return {"name": f" {spaced}. "}
        case 3:
            other = name.replace("Ltd", "Co., Limited") if number % 2 == 0 else name.replace("有限公司", "股份有限公司")
            return {"name": other}
        case _:
            local = phone_of(number).removeprefix("010-")
            return {"name": f"Branch {number}", "phone": f"+86 (10) {local[:4]} {local[4:]}"}


def spreadsheet() -> bytes:
    out = io.StringIO()
    writer = csv.DictWriter(out, ("name", "phone", "note", "level"))
    writer.writeheader()
    for number in range(ALL - TWINS):
        writer.writerow({"name": name_of(number), "phone": phone_of(number), "level": "AB"[number % 2]})
    for number in range(TWINS):
        writer.writerow({"note": f"Twin of {number}", **disguised(number)})
    return out.getvalue().encode()


def groups(api: Api) -> list[dict]:
    """Every group of the scan, page by page."""
    found: list[dict] = []
    while True:
        answer = api.get(f"customers/duplicates/groups?page={len(found) // 20}{'' if found else '&again=1'}")
        assert answer.status_code == 200, answer.text
        found += answer.json["result"]
        if len(found) >= answer.json["count"]:
            return found


def test_twins_are_found_and_become_one(company: Company) -> None:
    with clock.stopped(START):
        ann = Api(company.app, "ann")
        answer = ann.upload("customers", spreadsheet(), "customers.csv", mode="commit", on_error="stop")
        assert (answer.status_code, answer.json["created"], answer.json["failed"]) == (200, ALL, 0), answer.text

        # -- The scan finds each of them, and nothing else.
        found = groups(ann)
        ids = {row["name"]: row["id"] for row in pick(ann, range(TWINS))}
        assert len(found) == TWINS
        pairs = {group["rows"][0]["id"]: group["rows"][1]["id"] for group in found}
        assert all(len(group["rows"]) == 2 and not group["hidden"] for group in found)
        kinds = [group["kinds"] for group in found]
        assert (kinds.count(["name"]), kinds.count(["phone"])) == (TWINS * 4 // 5, TWINS // 5)
        assert set(ids.values()) == set(pairs)
        assert Pages(company.app, "cleo").get("/customers/duplicates").text.count("<tbody") == 0, "none is hers to see"

        # -- Each becomes one: what the twin says besides comes along.
        runs = {}
        for one, other in pairs.items():
            answer = ann.post(f"customers/{one}/merge", {"other": other})
            assert answer.status_code == 200, answer.text
            runs[one] = answer.json["run"]
        assert ann.get("customers/", {"page_size": 1}).json["count"] == ALL - TWINS
        assert groups(ann) == []
        first = ids[name_of(7)]
        row = ann.get(f"customers/{first}").json["result"]
        assert (row["name"], row["note"]) == (name_of(7), "Twin of 7")

        # -- One of them was no twin after all.
        assert ann.post(f"import-runs/{runs[first]}/undo").status_code == 200
        assert ann.get("customers/", {"page_size": 1}).json["count"] == ALL - TWINS + 1
        assert ann.get(f"customers/{first}").json["result"]["note"] is None
        assert ann.get(f"customers/{pairs[first]}").json["result"]["note"] == "Twin of 7"
        (again,) = groups(ann)
        assert [row["id"] for row in again["rows"]] == [first, pairs[first]]


def pick(api: Api, numbers: range) -> list[dict]:
    """The customers of the list that have a twin: the first ones of the spreadsheet."""
    rows: list[dict] = []
    while len(rows) < len(numbers):
        rows += api.rows(
            "customers",
            order_column="id",
            order_direction="asc",
            page_size=100,
            page=len(rows) // 100,
            columns=["id", "name"],
        )
    return rows[: len(numbers)]
