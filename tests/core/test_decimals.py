"""Numbers as people write them: a comma groups thousands or is refused, wherever a number is given."""

from __future__ import annotations

from decimal import Decimal

import pytest

from app.core import decimals

NUMBERS = {
    "12.5": "12.5",
    "-0.50": "-0.5",
    ".5": "0.5",
    "5.": "5",
    "+2e3": "2000",
    "1,234.50": "1234.5",
    "1,234,567": "1234567",
    "1，234.5": "1234.5",
    "1 234.5": "1234.5",
    "1\u00a0234": "1234",
    "１２": "12",
    "１，２３４．５": "1234.5",
    "－３": "-3",
    "￥12.00": "12",
    "¥ 1,200": "1200",
    "-$5": "-5",
    "€7.10": "7.1",
}
NONE = ("", " ", ".", "-", "abc", "1_000", "١٢", "NaN", "Infinity", "1e", "12-", "¥", "1.2.3", "12.5%")
MISPLACED = (
    "12,5",
    "1,23",
    "1234,5",
    "1.234,5",
    "1,2345",
    "12,34,567",
    "12，5",
    "1,",
    ",5",
    "1 234,5",
    "１２，５",
    "￥12,5",
)


@pytest.mark.parametrize(("text", "number"), NUMBERS.items())
def test_numbers_are_read(text, number):
    assert decimals.read(text) == Decimal(number)


@pytest.mark.parametrize("text", NONE)
def test_no_number_is_none(text):
    with pytest.raises(ValueError, match="is not a number"):
        decimals.read(text)


@pytest.mark.parametrize("text", MISPLACED)
def test_a_comma_that_groups_nothing_is_refused(text):
    with pytest.raises(ValueError, match="a comma only groups thousands"):
        decimals.read(text)


class TestEverywhere:
    @pytest.fixture
    def admin(self, api):
        return api("admin")

    def test_in_a_form(self, admin, pages):
        page = pages("admin").post("/customers/add", {"name": "Acme", "kind": "company", "credit_limit": "12,5"})
        assert page.status_code == 422
        assert "a comma only groups thousands" in page.text
        assert admin.get("customers/").json["count"] == 0

    def test_in_the_api_and_for_whole_numbers(self, admin):
        refused = admin.post("customers/", {"name": "Acme", "credit_limit": "12,5", "payment_days": "3,0"})
        assert refused.status_code == 422
        assert set(refused.json["errors"]) == {"credit_limit", "payment_days"}
        made = admin.add("customers", name="Acme", credit_limit="￥1,234.5", payment_days="３０")
        assert (made["credit_limit"], made["payment_days"]) == ("1234.50", 30)

    def test_in_a_filter(self, admin, pages):
        admin.add("customers", name="Acme", credit_limit="100")
        asked = [("gt", "12,5"), ("within", "1,5..2"), ("lt", "1,000")]
        refused, between, grouped = (
            admin.get("customers/", {"filters": [{"col": "credit_limit", "opr": operator, "value": value}]})
            for operator, value in asked
        )
        for answer in (refused, between):
            assert answer.status_code == 400
            assert "comma" in answer.text
        assert grouped.json["count"] == 1
        assert "a comma only groups thousands" in pages("admin").get("/customers/list/?f=credit_limit:gt:12,5").text
