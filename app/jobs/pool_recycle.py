"""The job that returns customers to the public pool, and warns their owners before."""

from __future__ import annotations

from app.core import clock
from app.core.i18n import gettext as _
from app.domains.crm import pool
from app.jobs.job import Occasion


def run(_occasion: Occasion) -> str:
    """Warn and return what is due today: a missed run is made up by the next, and one that is repeated does no more."""
    warned, returned = pool.recycle(clock.today())
    return _("%(warned)s customers warned of, %(returned)s returned to the pool.", warned=warned, returned=returned)
