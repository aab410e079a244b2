"""What makes two texts the same, and what keeps them apart."""

from __future__ import annotations

import pytest

from app.core import likeness


@pytest.fixture(autouse=True)
def _in_china(app):
    with app.app_context():
        yield


@pytest.mark.parametrize(
    "one, other",
    [
        ("北京明亮科技有限公司", "北京 明亮 科技"),
        ("北京明亮科技有限公司", "北京明亮科技有限责任公司"),
        ("北京明亮科技股份有限公司", "北京明亮科技公司"),
        ("ＡＢＣ　Ｔｒａｄｉｎｇ", "abc trading"),
        ("Acme Trading Co., Ltd.", "ACME-Trading"),
        ("Acme Trading Limited", "Acme Trading, Inc."),
        ("Müller & Söhne GmbH & Co. KG", "Muller und Sohne"),
        ("Müller & Söhne GmbH & Co. KG", "Müller Söhne"),
        ("Johnson and Johnson", "Johnson & Johnson, Inc."),
        ("Société Générale S.A.", "societe generale"),
        ("华为（北京）有限公司", "华为(北京)有限公司"),
        ("O'Neil LLC", "ONeil"),
        ("Straße AG", "STRASSE"),
    ],
)
def test_the_same_name_in_disguise(one, other):
    assert likeness.keys("name", one) == likeness.keys("name", other) != []


@pytest.mark.parametrize(
    "one, other",
    [
        ("华为（北京）有限公司", "华为有限公司"),
        ("北京华为有限公司", "华为（北京）有限公司"),
        ("明亮集团有限公司", "明亮有限公司"),
        ("明亮有限公司北京分公司", "明亮有限公司"),
        ("Acme 1", "Acme 2"),
        ("Company", "Limited"),
        ("カキ", "ガギ"),
        ("Co Pilot", "Pilot"),
        ("And", "Und"),
        ("Sand Co.", "S Ltd"),
    ],
)
def test_names_that_differ_stay_apart(one, other):
    assert not set(likeness.keys("name", one)) & set(likeness.keys("name", other))


@pytest.mark.parametrize(
    "text, start",
    [
        ("Zephyrus Tool", "zephyrustool"),
        ("Zephyrus Tools Co.", "zephyrustools"),
        ("Zep", ""),
        ("Zeph", "zeph"),
        ("北", ""),
        ("北京", "北京"),
        ("北A", ""),
        ("···", ""),
        ("", ""),
        ("z" * 500, ""),
    ],
)
def test_what_a_name_begins_with(text, start):
    assert likeness.beginning(text) == start


@pytest.mark.parametrize(
    "kind, text, keys",
    [
        ("phone", "010-6275 1234 ext. 12", ["+861062751234"]),
        ("phone", "+86 (10) 62751234", ["+861062751234"]),
        ("phone", "１３８ ００１３ ８０００", ["+8613800138000"]),
        ("phone", "0086 138-0013-8000；010-62751234", ["+8613800138000", "+861062751234"]),
        ("phone", "+49 30 901820", ["+4930901820"]),
        ("phone", "62751234", []),  # without its town's number
        ("phone", "ask Kim", []),
        ("email", " Ann@Example.COM", ["ann@example.com"]),
        ("email", "nobody", []),
        ("number", "91 1100-00MA 01", ["91110000ma01"]),
        ("number", "-", []),
        ("name", "···", []),
        ("name", None, []),
    ],
)
def test_numbers_and_addresses(kind, text, keys):
    assert likeness.keys(kind, text) == keys


def test_a_long_name_has_a_key_of_its_own():
    one, other = (likeness.keys("name", "测" * 230 + end)[0] for end in "一二")
    assert one != other and len(one) == likeness.LONGEST
