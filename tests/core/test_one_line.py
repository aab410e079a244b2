"""What stands on one line stays there, in every entity and whoever sends it."""

from __future__ import annotations

import pytest

from app.core import readers
from app.core.entity import registry
from app.core.fields import TEXTS, writable


@pytest.mark.parametrize(
    "text, line",
    [
        ("Li\nEND:VCARD", "Li END:VCARD"),
        ("Li \r\n  Wei\t1", "Li Wei 1"),
        ("Li\u2028Wei\x85Zhu", "Li Wei Zhu"),
        ("\x1b[31mLi\x7f\x07", "[31mLi"),
        ("Li  Wei 李　伟", "Li  Wei 李　伟"),
        ("\n\t", ""),
    ],
)
def test_breaks_are_spaces_and_other_orders_go(text, line):
    assert readers.one_line(text) == line


def test_every_field_of_one_line_keeps_to_it(act):
    asked = 0
    with act(None):
        for model in registry.values():
            for field in writable(model).values():
                if field.kind not in TEXTS - {"longtext", "email", "url", "phone"}:
                    continue
                found = field.parse("a\nb\x07\u2029c")
                assert found == "a b c", (model.resource, field.name)
                asked += 1
    assert asked > 40


def test_a_note_keeps_its_lines_and_a_name_does_not(api):
    ann = api("ann")
    customer = ann.add("customers", name="Acme\nBCC: all@x.cn", note="one\ntwo")
    assert (customer["name"], customer["note"]) == ("Acme BCC: all@x.cn", "one\ntwo")
    contact = ann.add("contacts", customer=customer["id"], name="Li\r\nEND:VCARD", email="li@x.cn")
    assert contact["name"] == "Li END:VCARD"
    refused = ann.post("contacts/", {"customer": customer["id"], "name": "Wu", "email": "wu@x.cn\nBcc: all@x.cn"})
    assert refused.status_code == 422 and list(refused.json["errors"]) == ["email"]
    assert ann.put(f"customers/{customer['id']}", {"tags": ["a\x07b"]}).json["result"]["tags"] == ["ab"]


def test_a_birthday_lies_in_the_past(api):
    ann = api("ann")
    customer = ann.add("customers", name="Acme")
    born = {"customer": customer["id"], "name": "Wu"}
    refused = ann.post("contacts/", {**born, "birthday": "2999-01-01"})
    assert refused.status_code == 422 and list(refused.json["errors"]) == ["birthday"]
    assert ann.add("contacts", **born, birthday="1990-02-28")["birthday"] == "1990-02-28"
