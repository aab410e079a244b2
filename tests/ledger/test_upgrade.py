"""A book that was written before entries were sealed is sealed by the migration, on both databases."""

from __future__ import annotations

import datetime
from decimal import Decimal

import pytest
import sqlalchemy as sa
from alembic import command

from app import create_app, setup
from app.core import clock, crud, db, identity
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


def test_entries_are_sealed_and_balances_know_their_day(before):
    warehouse = crud.create(Warehouse, {"code": "MAIN", "name": "Main"})
    unit = crud.create(Unit, {"name": "kg", "decimals": 4})
    data = {"code": "P1", "name": "阀门", "tax_rate": "0.13", "list_price": "10", "unit": unit.id}
    product = crud.create(Product, data)
    document = StockAdjustment(warehouse_id=warehouse.id, date=DAY)
    db.session.add(document)
    db.session.flush()
    number = document.take_number()
    db.session.flush()
    connection, moment = db.session.connection(), clock.now()
    stamps = {"version": 1, "created_on": moment, "changed_on": moment}
    same = {"warehouse_id": warehouse.id, "product_id": product.id, **stamps}
    entry = {
        "at": moment,
        "date": DAY,
        "quantity": Decimal("2.5"),
        "unit_cost": Decimal("3.333333"),
        "amount": Decimal("8.33"),
        "document_kind": document.resource,
        "document_id": document.id,
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
    stock.reverse(document)
    assert verify.differences() == []
    db.session.commit()
    with db.db.engine.connect() as other:
        assert triggers.missing(other) == []
