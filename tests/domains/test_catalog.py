"""The catalog: what a product may say of itself."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from app.core import crud
from app.core.errors import InUse, Invalid
from app.domains.catalog.models import Brand, Category, Product, Unit
from tests.domains.conftest import COSTS


def make_unit(name: str = "piece", decimals: int = 0) -> Unit:
    return crud.create(Unit, {"name": name, "decimals": decimals})


def make_product(**fields: Any) -> Product:
    data: dict[str, Any] = {"name": "Valve", "tax_rate": "0.13", "list_price": "10"}
    if "unit" not in fields:
        data["unit"] = make_unit(f"piece {fields.get('name', '')}").id
    return crud.create(Product, data | fields)


class TestCategory:
    def test_it_is_not_its_own_ancestor(self, company):
        top = crud.create(Category, {"name": "Valves"})
        below = crud.create(Category, {"name": "Ball valves", "parent": top.id})
        with pytest.raises(Invalid) as refusal:
            crud.update(top, {"parent": below.id})
        assert list(refusal.value.errors) == ["parent"]

    @pytest.mark.parametrize("nested", [False, True])
    def test_its_name_is_taken_once_within_its_parent(self, company, nested):
        top = crud.create(Category, {"name": "Valves"})
        parent = top.id if nested else None
        crud.create(Category, {"name": "Parts", "parent": parent})
        with pytest.raises(Invalid) as refusal:
            crud.create(Category, {"name": "Parts", "parent": parent})
        assert "name" in refusal.value.errors

    def test_the_same_name_may_stand_elsewhere(self, company):
        top = crud.create(Category, {"name": "Parts"})
        assert crud.create(Category, {"name": "Parts", "parent": top.id}).parent is top


class TestUnit:
    def test_it_has_four_decimals_at_most(self, company):
        with pytest.raises(Invalid):
            make_unit(decimals=5)

    @pytest.mark.parametrize(
        ("decimals", "quantity", "takes"),
        [(0, "3.0000", True), (0, "2.5", False), (2, "2.5", True), (2, "0.125", False)],
    )
    def test_it_takes_as_many_decimals_as_it_says(self, decimals, quantity, takes):
        assert Unit(decimals=decimals).takes(Decimal(quantity)) is takes


class TestProduct:
    def test_it_needs_little_and_takes_the_next_code(self, company):
        row = make_product()
        assert (row.code, row.spec, row.kind, row.cost, row.pictures, row.active) == (
            "P00001",
            "",
            "goods",
            0,
            [],
            True,
        )

    @pytest.mark.parametrize(
        ("fields", "wrong"),
        [
            ({"tax_rate": "13"}, "tax_rate"),
            ({"tax_rate": "-0.1"}, "tax_rate"),
            ({"min_price": "10.000001"}, "min_price"),
            ({"safety_stock": "5", "max_stock": "4"}, "max_stock"),
            ({"kind": "service", "safety_stock": "5"}, "safety_stock"),
            ({"list_price": "-1"}, "list_price"),
            ({"cost": "3"}, "cost"),
        ],
    )
    def test_it_refuses(self, company, fields, wrong):
        with pytest.raises(Invalid) as refusal:
            make_product(**fields)
        assert list(refusal.value.errors) == [wrong]

    def test_a_list_price_below_the_lowest_is_told_at_the_list_price(self, company):
        row = make_product(min_price="8")
        with pytest.raises(Invalid) as refusal:
            crud.update(row, {"list_price": "7"})
        assert list(refusal.value.errors) == ["list_price"]

    def test_name_and_specification_are_unique_together(self, company):
        row = make_product(spec="DN50")
        make_product(unit=row.unit_id, spec="DN80")
        with pytest.raises(Invalid) as refusal:
            make_product(unit=row.unit_id, spec="DN50")
        assert set(refusal.value.errors) == {"name", "spec"}

    def test_prices_below_the_list_need_the_grant(self, company):
        unit = make_unit()
        with company.acting("Ann"), pytest.raises(Invalid) as refusal:
            make_product(unit=unit.id, min_price="8")
        assert list(refusal.value.errors) == ["min_price"]
        with company.acting("Ann", *COSTS):
            assert make_product(unit=unit.id, min_price="8").min_price == 8

    def test_a_unit_or_brand_in_use_stays(self, company):
        row = make_product(brand=crud.create(Brand, {"name": "Acme"}).id)
        for used in (row.unit, row.brand):
            with pytest.raises(InUse):
                crud.delete(used)
