"""Values as people read them: prices in brief, days in words where that helps, sums of what is alike."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from types import SimpleNamespace

import pytest
from flask_babel import force_locale
from werkzeug.datastructures import MultiDict

from app.core import clock
from app.core.entity import entity_for
from app.core.fields import fields_of
from app.core.web import present
from app.core.web.inputs import form_class, typed
from app.core.web.page import Cell, Row, Table


@pytest.fixture
def acting(act):
    """Somebody who may see everything."""
    with act():
        yield


def field(resource: str, name: str):
    return fields_of(entity_for(resource))[name]


@pytest.mark.usefixtures("acting")
@pytest.mark.parametrize(
    ("value", "brief", "full"),
    [
        ("12", "12.00", ""),
        ("12.5", "12.50", ""),
        ("1234.567", "1,234.567", ""),
        ("12.345678", "12.3457", "12.345678"),
        ("0.00005", "0.0001", "0.00005"),
    ],
)
def test_a_price_has_two_to_four_decimals(value, brief, full):
    cell = present.cell(field("products", "list_price"), SimpleNamespace(list_price=Decimal(value)))
    assert (cell.text, cell.title) == (brief, full)


@pytest.mark.parametrize(
    ("resource", "name", "value", "text"),
    [
        ("products", "list_price", "12.500000", "12.50"),
        ("products", "list_price", "12.345678", "12.345678"),
        ("products", "safety_stock", "12.5000", "12.5"),
        ("products", "tax_rate", "0.130000", "13%"),
        ("opportunities", "probability", "0.125000", "12.5%"),
        ("opportunities", "probability", "1", "100%"),
        ("customers", "credit_limit", "5000", "5000.00"),
    ],
)
def test_an_input_has_the_decimals_that_matter(resource, name, value, text):
    assert typed(field(resource, name), Decimal(value)) == text


@pytest.mark.parametrize(
    ("typed_in", "value"),
    [("25%", "0.25"), ("12.5 ％", "0.125"), ("25", "0.25"), ("0.25", "0.25"), ("100", "1"), ("1", "1"), ("0", "0")],
)
def test_a_rate_is_taken_as_it_is_shown(typed_in, value):
    form = form_class([field("opportunities", "probability")])(MultiDict({"probability": typed_in}))
    assert form.validate(), form.errors
    assert form.data["probability"] == Decimal(value)


@pytest.mark.usefixtures("acting")
def test_only_a_rate_is_of_a_hundred_and_the_api_takes_fractions():
    rate, amount = field("opportunities", "probability"), field("opportunities", "amount")
    assert {rate.parse("25%"), rate.parse("0.25"), rate.parse(0.25)} == {Decimal("0.25")}
    with pytest.raises(ValueError, match="At most 100%"):
        rate.parse("25")
    for source, text in ((amount, "25%"), (rate, "%"), (rate, "5%%"), (rate, "0.00001%")):
        with pytest.raises(ValueError):
            source.parse(text)


@pytest.mark.usefixtures("acting")
def test_a_week_is_no_day():
    yesterday = clock.today() - timedelta(days=1)
    assert present.text(field("weekly-plans", "week"), yesterday) == yesterday.isoformat()
    assert present.text(field("weekly-plans", "date"), yesterday) == "Yesterday"


@pytest.mark.usefixtures("acting")
def test_a_month_is_no_day():
    first = clock.today().replace(day=1)
    month = field("targets", "month")
    shown = {"en": f"{first:%b %Y}", "zh": f"{first.year}年{first.month}月"}
    for locale, words in shown.items():
        with force_locale(locale):
            assert present.text(month, first) == words
            assert present.cell(month, SimpleNamespace(month=first)).text == words
    assert present.text(month, first + timedelta(days=1)) == (first + timedelta(days=1)).isoformat()


def test_points_stand_below_one_another():
    texts = ("29.472", "-38.69", "1,420.7123", "5", "")
    table = Table([], [Row(at, None, [Cell("number" if text else "empty", text)]) for at, text in enumerate(texts)])
    assert [row.cells[0].pad for row in table.rows] == ["0", "00", "", ".0000", ""]
    # Neither what is whole throughout nor what is no number leaves room.
    table = Table(
        [],
        [
            Row(1, None, [Cell("number", "5"), Cell("text", "7")]),
            Row(2, None, [Cell("number", "12"), Cell("text", "7.5")]),
        ],
    )
    assert {cell.pad for row in table.rows for cell in row.cells} == {""}


def test_document_numbers_are_codes():
    for resource in ("weekly-plans", "stock-adjustments"):
        assert field(resource, "number").kind == "code"


class TestRecord:
    @pytest.fixture
    def admin(self, api):
        return api("admin")

    def posted(self, admin, *units: str) -> int:
        made = {name: admin.add("units", name=name, decimals=2)["id"] for name in dict.fromkeys(units)}
        goods = [
            admin.add("products", name=f"Tea {at}", unit=made[unit], tax_rate="0.13", list_price="8")["id"]
            for at, unit in enumerate(units)
        ]
        lines = [{"product": each, "quantity": "2.5", "unit_cost": "3"} for each in goods]
        warehouse = admin.add("warehouses", name="Main")["id"]
        return admin.add("stock-adjustments", warehouse=warehouse, reason="Count", lines=lines)["id"]

    def test_quantities_of_one_unit_are_added(self, admin, pages):
        page = pages("admin").get(f"/stock-adjustments/show/{self.posted(admin, 'kg', 'kg')}").text
        foot = page.split("<tfoot")[1].split("</tfoot>")[0]
        assert ">5<" in foot
        assert 'class="al-left first">Total</th>' in foot

    def test_pieces_and_kilograms_make_no_sum(self, admin, pages):
        page = pages("admin").get(f"/stock-adjustments/show/{self.posted(admin, 'kg', 'box')}").text
        foot = page.split("<tfoot")[1].split("</tfoot>")[0]
        assert '<td role="cell" class="al-right k-number is-empty" data-label="Quantity"></td>' in foot
        assert ">15.00<" in foot  # what they are worth does

    def test_what_is_only_ever_written_is_no_fact(self, admin, pages):
        user = admin.get("users/").json["result"][0]["id"]
        assert "New password" not in pages("admin").get(f"/users/show/{user}").text
        assert "New password" in pages("admin").get(f"/users/edit/{user}").text


class TestInASentence:
    @pytest.mark.usefixtures("acting")
    def test_a_near_day_begins_small_there(self):
        at = clock.now() - timedelta(days=1)
        assert present.moment(at).startswith("Yesterday ")
        assert present.moment(at, inside=True).startswith("yesterday ")


@pytest.mark.usefixtures("acting")
@pytest.mark.parametrize(("count", "text"), [(12, "12 B"), (5_120, "5 KB"), (3_670_016, "3.5 MB")])
def test_the_size_of_a_file_in_brief(count, text):
    assert present.text(field("files", "size"), count) == text
