"""Which of Northwind's files goes into which kind of rows, and the mapping that is kept for it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from app.core.entity import User
from app.domains.catalog.models import Category, Product
from app.domains.crm.models import Contact, Customer
from app.domains.people.models import Department, Employee
from app.domains.stock.models import StockAdjustment
from app.northwind import tables

UNIT = "piece"
WAREHOUSE = {"code": "MAIN", "name": "Main"}
PRICE_DECIMALS = 2  # the files hold 21.35 as 21.3500004


@dataclass(frozen=True)
class Step:
    """A file's import into ``model``: ``columns`` maps headers to fields, ``options`` the rest of a ``ColumnMap``."""

    model: type[Any]
    file: str
    prepare: Callable[[tables.Source], tables.Table]
    columns: dict[str, str]
    options: dict[str, Any] = field(default_factory=dict)

    @property
    def mapping_name(self) -> str:
        """The name that the mapping is kept under."""
        return f"Northwind {self.file}"


STEPS = (
    Step(
        User,
        "employees.csv",
        tables.users,
        {"username": "username", "first_name": "first_name", "last_name": "last_name", "title": "roles"},
        {
            "constants": {"active": False},
            "choices": {
                "roles": {
                    "Vice President, Sales": "Sales manager",
                    "Sales Manager": "Sales manager",
                    "Sales Representative": "Salesperson",
                    "Inside Sales Coordinator": "Salesperson",
                }
            },
        },
    ),
    Step(
        Department,
        "employees.csv",
        tables.departments,
        {"department": "name", "parent": "parent", "manager": "manager"},
    ),
    Step(
        Employee,
        "employees.csv",
        tables.employees,
        {"username": "user", "department": "department", "title": "job_title", "hire_date": "hired_on"},
    ),
    Step(
        Customer,
        "customers.csv",
        tables.customers,
        {
            "customer_id": "code",
            "company_name": "name",
            "whole_address": "address",
            "country": "region",
            "phone": "phone",
            "owner": "owner",
            "status": "status",
        },
    ),
    Step(
        Contact,
        "customers.csv",
        tables.contacts,
        {"customer_id": "customer", "contact_name": "name", "contact_title": "job_title"},
    ),
    Step(Category, "categories.csv", tables.categories, {"category_name": "name"}),
    Step(
        Product,
        "products.csv",
        tables.products,
        {
            "product_id": "code",
            "product_name": "name",
            "quantity_per_unit": "spec",
            "category": "category",
            "unit_price": "list_price",
            "reorder_level": "safety_stock",
            "discontinued": "active",
        },
        {
            "constants": {"unit": UNIT, "tax_rate": "0"},
            "choices": {"active": {"0": True, "1": False}},
            "round": {"list_price": PRICE_DECIMALS},
        },
    ),
)
OPENING = Step(
    StockAdjustment,
    "products.csv",
    lambda source: tables.opening_stock(source, ()),
    {"product_id": "lines.product", "units_in_stock": "lines.quantity", "unit_price": "lines.unit_cost"},
    {
        "constants": {"warehouse": WAREHOUSE["code"], "reason": "Northwind: opening stock"},
        "round": {"lines.unit_cost": PRICE_DECIMALS},
    },
)
