"""A company in a database of its own, and its cast.

Ann sells, Bob is her manager, Cleo sells in another team, Wei keeps the warehouse, Dora directs.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from flask_babel import Babel

import app.models  # noqa: F401 (every table)
from app.core import crud, db, identity
from app.core.entity import User, registry
from app.domains.people.models import Department, Employee
from tests.app_fixtures import settings_for

NAMES = ("Ann", "Bob", "Cleo", "Wei", "Dora")
DETAILS = frozenset((identity.SEE_DETAILS, domain) for domain in ("crm", "people"))
COSTS = frozenset((identity.SEE_COST, domain) for domain in ("catalog", "stock"))


def everything() -> frozenset[tuple[str, str]]:
    """Every permission on every entity, and no grant: what is left to tell is scope."""
    found = {
        (f"can_{operation}", model.permission_key())
        for model in registry.values()
        for operation in ("list", "show", "add", "edit", "delete")
    }
    for model in registry.values():
        if model.workflow is not None:
            found |= {(step.permission, model.permission_key()) for step in model.workflow.transitions}
    return frozenset(found)


@dataclass
class Company:
    """Who is there, and a way to act as them."""

    users: dict[str, int] = field(default_factory=dict)
    departments: dict[str, int] = field(default_factory=dict)

    def actor(self, name: str, *grants: tuple[str, str]) -> identity.Actor:
        """``name`` as somebody who has just come: nothing read yet."""
        permissions = everything() | DETAILS | frozenset(grants)
        return identity.Actor(self.users[name], name, permissions=permissions)

    def acting(self, name: str, *grants: tuple[str, str]) -> Any:
        """Let ``name`` act within a block, on a fresh session.  What was done before is kept."""
        db.session.flush()
        db.session.expunge_all()  # first, so that rows at hand keep what they were
        db.session.commit()
        return identity.acting_as(self.actor(name, *grants))


@pytest.fixture
def company(tmp_path: Path) -> Iterator[Company]:
    application = Flask("kehu")
    application.config["SQLALCHEMY_DATABASE_URI"] = f"sqlite:///{tmp_path / 'kehu.db'}"
    application.extensions["kehu.settings"] = settings_for(tmp_path)
    Babel(application)
    db.db.init_app(application)
    with application.test_request_context():
        db.db.metadata.create_all(db.db.engine)
        found = Company()
        with identity.acting_as(identity.system()):
            for name in NAMES:
                user = User(first_name=name, last_name="", username=name.lower(), email=f"{name.lower()}@kehu.test")
                db.session.add(user)
                db.session.flush()
                found.users[name] = user.id
            _places(found)
            db.session.commit()
            yield found
            db.session.rollback()
        db.session.remove()
        db.db.engine.dispose()


def _places(company: Company) -> None:
    """Sales (Bob) is below the company (Dora); Export, where Cleo sells, stands beside it."""
    for name, parent, manager in (
        ("Kehu", None, "Dora"),
        ("Sales", "Kehu", "Bob"),
        ("Key accounts", "Sales", None),
        ("Export", "Kehu", None),
    ):
        row = crud.create(
            Department,
            {
                "name": name,
                "parent": company.departments.get(parent or ""),
                "manager": company.users.get(manager or ""),
            },
        )
        company.departments[name] = row.id
    for name, department in (("Ann", "Key accounts"), ("Bob", "Sales"), ("Cleo", "Export"), ("Dora", "Kehu")):
        crud.create(Employee, {"user": company.users[name], "department": company.departments[department]})


def count(model: type[Any]) -> int:
    """How many rows of ``model`` the actor sees."""
    return db.session.scalar(sa.select(sa.func.count()).select_from(model)) or 0
