"""The demo company: a mid-size trading house, invented from end to end, for looking around and for trying things out.

Everything goes through the same services as a user's own work, as the people whose work it is, so that every
rule holds and every record has a history.  The seed is fixed: the same day gives the same company.  Its people
have accounts without a password, which nobody can log in with until the administrator gives them one
(``python run.py set-password NAME``).
"""

from __future__ import annotations

import json
import random
from collections.abc import Callable

import sqlalchemy as sa

from app import setup
from app.core import clock, db, identity, state
from app.core.audit import AuditEntry
from app.core.entity import User, registry
from app.demo import customers, goods, papers, people, plans, selling, stock, week
from app.demo.cast import Cast

SEED = 20260101
MARK = (
    "demo"  # what the database remembers of it: until where the audit trail is the demo's own, and since when it is not
)
PARTS = (people, customers, goods, stock, selling, plans, papers, week)


def fill_if_empty(progress: Callable[[int], None] = lambda _parts: None) -> bool:
    """Fill an empty company, in one transaction; ``progress`` is told how many of the ``PARTS`` are done.

    False, and nothing done, when there is more than the first administrator.
    """
    with setup.alone(), db.transaction(identity.system()) as session:
        if not is_empty():
            return False
        cast = Cast(random.Random(SEED))
        for done, part in enumerate(PARTS):
            progress(done)
            part.fill(cast)
        session.flush()
        last = session.scalar(sa.select(sa.func.max(AuditEntry.id))) or 0
        mark = {"audit": last, "at": clock.now().isoformat()}
        state.remember(session.connection(), MARK, json.dumps(mark))
    return True


def is_empty() -> bool:
    """Whether there is nothing but the first administrator: one user, and no row of any domain.  One statement."""
    tables = [model.__table__ for model in registry.values() if model.domain() != "system"]
    anything = sa.or_(
        sa.select(sa.func.count()).select_from(User.__table__).scalar_subquery() > 1,
        *(sa.exists(sa.select(table.c.id)) for table in tables),
    )
    return not db.session.connection().execute(sa.select(anything)).scalar()
