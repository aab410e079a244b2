"""Northwind's files as tables, with the columns added that the import needs: user names, whole addresses, owners.

Each table keeps its file's headers and the order of its rows, so that what is told of a row can be found in the file.
"""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from app.core.errors import BusinessError

NEEDED = ("employees.csv", "customers.csv", "categories.csv", "products.csv", "orders.csv")
Row = dict[str, str]


@dataclass(frozen=True)
class Table:
    """Rows by header, all of them texts."""

    headers: list[str]
    rows: list[Row]

    def with_columns(self, added: Mapping[str, list[str]]) -> Table:
        """The table with further columns."""
        rows = [{**row, **{name: values[i] for name, values in added.items()}} for i, row in enumerate(self.rows)]
        return Table([*self.headers, *added], rows)

    def write(self, path: Path) -> None:
        """Write the table as CSV."""
        with path.open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, self.headers)
            writer.writeheader()
            writer.writerows(self.rows)


class Source:
    """The files of the company, each read once.  Raises BusinessError when one is missing."""

    def __init__(self, folder: Path) -> None:
        missing = [name for name in NEEDED if not (folder / name).is_file()]
        if missing:
            raise BusinessError(f"Nothing was imported: {folder} has no {', '.join(missing)}.")
        self.folder = folder

    @cached_property
    def employees(self) -> Table:
        """employees.csv, each with the user name given to them."""
        table = self._read("employees.csv")
        return table.with_columns({"username": [username(row) for row in table.rows]})

    @cached_property
    def customers(self) -> Table:
        """customers.csv."""
        return self._read("customers.csv")

    @cached_property
    def categories(self) -> Table:
        """categories.csv."""
        return self._read("categories.csv")

    @cached_property
    def products(self) -> Table:
        """products.csv."""
        return self._read("products.csv")

    @cached_property
    def sellers(self) -> dict[str, str]:
        """Customer → the user name of the employee with most of its orders (of several, the lowest number)."""
        names = {row["employee_id"]: row["username"] for row in self.employees.rows}
        counts = Counter((row["customer_id"], row["employee_id"]) for row in self._read("orders.csv").rows)
        best: dict[str, str] = {}
        for (customer, employee), _count in sorted(counts.items(), key=lambda item: (-item[1], int(item[0][1]))):
            if employee in names:
                best.setdefault(customer, names[employee])
        return best

    def _read(self, name: str) -> Table:
        with (self.folder / name).open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file)
            headers = list(reader.fieldnames or ())
            # A line break in an address is written as the two characters \n.
            rows = [{key: (row[key] or "").replace("\\n", "\n") for key in headers} for row in reader]
        return Table(headers, rows)


def username(employee: Row) -> str:
    """How the employee logs in: «nancy.davolio»."""
    return f"{employee['first_name']}.{employee['last_name']}".lower()


def department(head: Row) -> str:
    """What the department of an employee that others report to is called: the files have no name for it."""
    return f"{head['first_name']} {head['last_name']}'s department"


def users(source: Source) -> Table:
    """The employees' accounts."""
    return source.employees


def departments(source: Source) -> Table:
    """One department for each employee that others report to, within that of the employee it reports to itself."""
    people = {row["employee_id"]: row for row in source.employees.rows}
    reported_to = {row["reports_to"] for row in people.values()}
    heads = [people[number] for number in people if number in reported_to]
    rows = [
        {
            "department": department(head),
            "parent": department(people[head["reports_to"]]) if head["reports_to"] in people else "",
            "manager": head["username"],
        }
        for head in heads
    ]
    return Table(["department", "parent", "manager"], rows)


def employees(source: Source) -> Table:
    """The employees, each in the department of whom they report to; who reports to nobody is in its own."""
    people = {row["employee_id"]: row for row in source.employees.rows}
    places = [department(people.get(row["reports_to"], row)) for row in source.employees.rows]
    return source.employees.with_columns({"department": places})


def customers(source: Source) -> Table:
    """The customers with whole addresses and owners; one that never ordered is a prospect."""
    rows = source.customers.rows
    owners = [source.sellers.get(row["customer_id"], "") for row in rows]
    return source.customers.with_columns(
        {
            "whole_address": [_whole_address(row) for row in rows],
            "owner": owners,
            "status": ["active" if owner else "potential" for owner in owners],
        }
    )


def contacts(source: Source) -> Table:
    """The one contact of each customer."""
    return source.customers


def categories(source: Source) -> Table:
    """The categories of products."""
    return source.categories


def products(source: Source) -> Table:
    """The products, each with its category's name."""
    names = {row["category_id"]: row["category_name"] for row in source.categories.rows}
    return source.products.with_columns(
        {"category": [names.get(row["category_id"], "") for row in source.products.rows]}
    )


def opening_stock(source: Source, moved: Collection[str]) -> Table:
    """The products that lie in the warehouse, without those whose codes are in ``moved``."""
    rows = [row for row in source.products.rows if row["product_id"] not in moved and int(row["units_in_stock"])]
    return Table(source.products.headers, rows)


def _whole_address(row: Row) -> str:
    town = " ".join(part for part in (row["city"], row["region"], row["postal_code"]) if part)
    return "\n".join(part for part in (row["address"], town, row["country"]) if part)
