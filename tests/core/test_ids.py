"""An id is given once."""

from __future__ import annotations

import sqlalchemy as sa
from flask_appbuilder import Model

from app.core import db
from app.core.entity import scoped
from tests.app_fixtures import Api, acting


def test_a_new_row_has_no_history_of_one_that_is_gone(any_app):
    admin = Api(any_app, "admin")
    gone = admin.add("customers", name="Acme")["id"]
    assert admin.delete(f"customers/{gone}").status_code == 200
    new = admin.add("customers", name="Apex")["id"]
    assert new > gone
    told = admin.rows("audit-entries", filters=[{"col": "record", "opr": "eq", "value": f"customers/{new}"}])
    assert [entry["action"] for entry in told] == ["create"]


def test_every_table_of_ours_gives_its_ids_once(app):
    with acting(app) as session:
        made = dict(
            session.connection().exec_driver_sql("SELECT name, sql FROM sqlite_master WHERE type = 'table'").all()
        )
    for model in scoped:
        assert "AUTOINCREMENT" in made[model.__table__.name], model.__table__.name
    assert "AUTOINCREMENT" not in made["counters"], "its key is no id"


def test_a_table_that_a_migration_makes_anew_keeps_it(app):
    from alembic.migration import MigrationContext
    from alembic.operations import Operations

    with acting(app):
        connection = db.session.connection()
        operations = Operations(MigrationContext.configure(connection))
        with operations.batch_alter_table("brands", recreate="always") as batch:
            batch.add_column(sa.Column("country", sa.String(2)))
        sql = "SELECT sql FROM sqlite_master WHERE name = 'brands'"
        made = connection.exec_driver_sql(sql).scalar_one()
        assert "country" in made and "AUTOINCREMENT" in made
    assert Model.metadata.tables["brands"] is not None
