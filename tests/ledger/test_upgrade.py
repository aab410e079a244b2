"""A book that was written before entries were sealed is sealed by the migration, on both databases."""

from __future__ import annotations

import datetime
from decimal import Decimal

import pytest
import sqlalchemy as sa
from alembic import command

from app import create_app, setup
from app.core import clock, db, identity
from app.domains.catalog.models import Product, Unit
from app.domains.stock.models import StockAdjustment, Warehouse
from app.ledger import stock, triggers, verify
from app.ledger.models import StockBalance, StockEntry
from tests.app_fixtures import settings_for

DAY = datetime.date(2026, 3, 2)
ENTRIES = StockEntry.__table__


@pytest.fixture(params=["sqlite", "postgresql"])
def before(request, tmp_path):
    """The application over a database of the release before, with triggers; in its context, as the system."""
    url = "" if request.param == "sqlite" else request.getfixturevalue("postgres_url")
    app = create_app(settings_for(tmp_path, url))
    with app.app_context(), identity.acting_as(identity.system()):
        command.upgrade(setup.alembic_config(), "0004")
        with db.db.engine.begin() as connection:
            triggers.create(connection)
        yield
        db.session.remove()
        db.db.engine.dispose()


def put(model, **values) -> int:
    """A row as that release wrote it, with what its tables had; its id."""
    moment = clock.now()
    stamps = {"version": 1, "created_on": moment, "changed_on": moment, "search_text": ""}
    statement = sa.insert(model.__table__).values(**stamps, **values).returning(model.__table__.c.id)
    return int(db.session.connection().execute(statement).scalar_one())


def test_entries_are_sealed_and_balances_know_their_day(before):
    warehouse = put(Warehouse, code="MAIN", name="Main")
    unit = put(Unit, name="kg", decimals=4)
    product = put(Product, code="P1", name="阀门", tax_rate=Decimal("0.13"), list_price=Decimal(10), unit_id=unit)
    number = "SA2026-00001"
    document = put(StockAdjustment, number=number, state="posted", date=DAY, warehouse_id=warehouse)
    connection, moment = db.session.connection(), clock.now()
    stamps = {"version": 1, "created_on": moment, "changed_on": moment}
    same = {"warehouse_id": warehouse, "product_id": product, **stamps}
    entry = {
        "at": moment,
        "date": DAY,
        "quantity": Decimal("2.5"),
        "unit_cost": Decimal("3.333333"),
        "amount": Decimal("8.33"),
        "document_kind": StockAdjustment.resource,
        "document_id": document,
        "document_number": number,
    }
    connection.execute(sa.insert(ENTRIES), [entry | same] * 1500)
    worth = {"on_hand": Decimal(3750), "value": Decimal("12495"), "average_cost": Decimal("3.332")}
    connection.execute(sa.insert(StockBalance.__table__).values(**worth, **same))
    db.session.commit()

    setup._migrate()

    assert verify.differences() == []
    assert db.session.scalar(sa.select(StockBalance.moved_on)) == DAY
    # It goes on from here.
    stock.reverse(db.session.get_one(StockAdjustment, document))
    assert verify.differences() == []
    db.session.commit()
    with db.db.engine.connect() as other:
        assert triggers.missing(other) == []
