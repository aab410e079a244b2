"""Who is like whom is kept with every write, and made anew when the rules change."""

from __future__ import annotations

import sqlalchemy as sa

from app.core import crud, db, match_keys, state
from app.core.match_keys import KEYS
from app.domains.crm.models import Contact, Customer


def kept() -> set[tuple[str, str, int, str]]:
    columns = (KEYS.c.kind, KEYS.c.key, KEYS.c.row_id, KEYS.c.source)
    return {tuple(row) for row in db.session.connection().execute(sa.select(*columns))}


def test_every_write_keeps_them(act, statements):
    with act("ann"):
        acme = crud.create(Customer, {"name": "Acme Ltd", "phone": "010-62751234"})
        kim = crud.create(Contact, {"customer": acme.id, "name": "Kim", "mobile": "13800138000", "email": "K@x.cn"})
        one = acme.id
        assert kept() == {
            ("name", "acme", one, "customers"),
            ("phone", "+861062751234", one, "customers"),
            ("phone", "+8613800138000", one, "contacts"),
            ("email", "k@x.cn", one, "contacts"),
        }
        crud.update(acme, {"name": "Bright", "phone": None})
        other = crud.create(Customer, {"name": "Other"}).id
        crud.update(kim, {"customer": other})
        assert kept() == {
            ("name", "bright", one, "customers"),
            ("name", "other", other, "customers"),
            ("phone", "+8613800138000", other, "contacts"),
            ("email", "k@x.cn", other, "contacts"),
        }
        with statements() as executed:
            crud.update(acme, {"region": "North"})
        assert not [each for each in executed if "match_keys" in each]
    with act(None):
        for model in (Contact, Customer):
            for row in db.session.scalars(sa.select(model)):
                crud.delete(row)
        assert kept() == set()


def test_they_are_made_anew_when_the_rules_change(act):
    with act("ann"):
        acme = crud.create(Customer, {"name": "Acme Ltd"})
        crud.create(Contact, {"customer": acme.id, "name": "Kim", "mobile": "13800138000"})
        connection = db.session.connection()
        before = kept()
        assert match_keys.keep_up(connection) == 0
        connection.execute(sa.delete(KEYS))
        state.remember(connection, match_keys.STATE, "older rules")
        assert match_keys.keep_up(connection) == 2
        assert kept() == before


def test_who_is_like_what_is_typed(act, statements):
    with act("ann"):
        acme = crud.create(Customer, {"name": "Acme Ltd", "email": "a@x.cn"})
        crud.create(Contact, {"customer": acme.id, "name": "Kim", "mobile": "13800138000"})
        connection = db.session.connection()
        with statements() as executed:
            given = {"name": "ACME", "phone": "+86 138 0013 8000", "email": "b@x.cn"}
            assert match_keys.like(connection, Customer, given) == {acme.id: {"name", "phone"}}
        assert len(executed) == 1
        assert match_keys.like(connection, Customer, {"name": "…", "phone": ""}) == {}
