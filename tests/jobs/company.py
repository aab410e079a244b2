"""A small company for the tests of jobs: its cast, its warehouse, and the processes that the tests start.

Dora directs; Bob leads Ann in the north, nobody leads Cleo's south, Wei keeps the warehouse, Lin buys.  There are no
pages and no requests here, as in a job.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from flask import Flask
from flask_appbuilder.security.sqla.models import Role
from flask_babel import Babel

import app.models
from app.core import clock, crud, db, identity
from app.core.entity import User
from app.core.i18n import compile_catalogues
from app.domains.activities.models import WeeklyPlan
from app.domains.catalog.models import Product, Unit
from app.domains.people.models import Department, Employee, Holiday, Leave
from app.domains.stock.models import SafetyStock, StockAdjustment, Warehouse
from app.jobs import sync_jobs
from app.ledger import triggers
from config import Settings

NOON = datetime(2026, 11, 24, 12)  # a Tuesday, when the timetable was set up
CAST = {
    # username: (first name, last name, department, role, language)
    "ann": ("Ann", "Lee", "North", "Salesperson", "en"),
    "bob": ("Bob", "Ito", "North", "Sales manager", "en"),
    "cleo": ("Cleo", "Roy", "South", "Salesperson", "en"),
    "wei": ("伟", "王", "Logistics", "Warehouse keeper", "zh"),
    "lin": ("Lin", "Wu", "Logistics", "Purchaser", "en"),
    "dora": ("Dora", "Key", "Company", "Director", "en"),
}


def make_app(url: str, **settings: Any) -> Flask:
    """An application around the database at ``url``, without pages."""
    application = Flask("kehu")
    application.config["SQLALCHEMY_DATABASE_URI"] = url
    values = {"base_url": "https://kehu.example.com", "mail_from": "Kehu <kehu@kehu.example.com>"} | settings
    application.extensions["kehu.settings"] = Settings(**values)
    compile_catalogues()
    Babel(application, default_translation_directories=str(Path(app.models.__file__).parent / "translations"))
    db.db.init_app(application)
    return application


@contextmanager
def at_work(application: Flask) -> Iterator[Flask]:
    """Within the block the system acts, outside of any request."""
    with application.app_context(), identity.acting_as(identity.system()):
        try:
            yield application
        finally:
            db.session.remove()
            db.db.engine.dispose()


def build() -> None:
    """The tables, the cast in its departments, the timetable, and the warehouse MAIN with its keeper."""
    db.db.metadata.create_all(db.db.engine)
    with db.db.engine.begin() as connection:
        triggers.create(connection)
    with db.transaction() as session:
        roles = {
            name: Role(name=name) for name in {role for *_rest, role, _locale in CAST.values()} | {"Administrator"}
        }
        session.add_all(roles.values())
        users = {}
        for name, (first, last, _department, role, locale) in CAST.items():
            user = User(username=name, first_name=first, last_name=last, email=f"{name}@example.com", active=True)
            user.locale, user.roles = locale, [roles[role]]
            session.add(user)
            users[name] = user
        admin = User(
            username="admin",
            first_name="Ada",
            last_name="Min",
            email="ada@example.com",
            active=True,
            roles=[roles["Administrator"]],
        )
        session.add(admin)
        session.flush()
        company = crud.create(Department, {"name": "Company", "manager": users["dora"].id})
        departments = {"Company": company.id}
        for name, manager in (("North", "bob"), ("South", None), ("Logistics", None)):
            data = {"name": name, "parent": company.id, "manager": users[manager].id if manager else None}
            departments[name] = crud.create(Department, data).id
        for name, (_first, _last, department, _role, _locale) in CAST.items():
            crud.create(Employee, {"user": users[name].id, "department": departments[department]})
        crud.create(Unit, {"name": "pcs", "decimals": 0})
        crud.create(Warehouse, {"code": "MAIN", "name": "Main", "keeper": users["wei"].id})
        with clock.stopped(NOON):
            sync_jobs()


def user(name: str) -> int:
    """The id of the user ``name``."""
    return db.session.scalars(sa.select(User.id).where(User.username == name)).one()


def make_holiday(day: date, is_workday: bool = False) -> None:
    crud.create(Holiday, {"date": day, "name": "Exchange" if is_workday else "Holiday", "is_workday": is_workday})


def make_leave(name: str, starts_on: date, ends_on: date) -> None:
    crud.create(Leave, {"owner": user(name), "starts_on": starts_on, "ends_on": ends_on})


def make_plan(name: str, week: date, state: str = "submitted") -> WeeklyPlan:
    plan: WeeklyPlan = crud.create(WeeklyPlan, {"owner": user(name), "week": week, "plan": "Visits"})
    if state != "draft":
        plan.state = state
        db.session.flush()
    return plan


def make_product(code: str, **fields: Any) -> Product:
    data = {"code": code, "name": f"Valve {code}", "tax_rate": "0.13", "list_price": "10", "unit": 1}
    return crud.create(Product, data | fields)  # type: ignore[no-any-return]


def make_warehouse(code: str, keeper: str | None = None, **fields: Any) -> Warehouse:
    data = {"code": code, "name": code.title(), "keeper": user(keeper) if keeper else None}
    return crud.create(Warehouse, data | fields)  # type: ignore[no-any-return]


def make_safety_stock(warehouse: str, product: Product, minimum: str) -> None:
    crud.create(SafetyStock, {"warehouse": place(warehouse), "product": product.id, "minimum": minimum})


def place(code: str = "MAIN") -> int:
    """The id of the warehouse ``code``."""
    return db.session.scalars(sa.select(Warehouse.id).where(Warehouse.code == code)).one()


def stock(product: Product, quantity: str, warehouse: str = "MAIN") -> None:
    """Let ``quantity`` (signed) come to or leave the warehouse, by a posted adjustment."""
    stock_all([product], quantity, warehouse)


def stock_all(products: list[Product], quantity: str, warehouse: str = "MAIN") -> None:
    """Let ``quantity`` (signed) of each product come to or leave the warehouse, by one posted adjustment."""
    from app.core.document import take

    line = {"quantity": quantity} | ({"unit_cost": "5"} if not quantity.startswith("-") else {})
    lines = [line | {"product": product.id} for product in products]
    adjustment = crud.create(StockAdjustment, {"date": clock.today(), "warehouse": place(warehouse), "lines": lines})
    take(adjustment, "post")


def send(url: str, smtp_url: str) -> None:
    """What a process does that sends what is in the outbox."""
    from app.core import outbox

    with at_work(make_app(url, smtp_url=smtp_url)):
        outbox.send_due()


def run(url: str, seconds: float, ready: Any) -> None:
    """What a process does that runs the timetable for so long; it says when it is ``ready`` (a queue)."""
    from app.jobs.runner import start_runner

    runner = start_runner(make_app(url))
    ready.put("ready")
    time.sleep(seconds)
    runner.stop()
