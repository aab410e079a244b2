"""The job that removes what nobody needs any more."""

from __future__ import annotations

from app.core import files, idempotency, notices, tags
from app.core.exchange import runs
from app.core.i18n import gettext as _
from app.jobs.job import Occasion


def run(_occasion: Occasion) -> str:
    """Forget old keys of requests, notices read long ago and taggings of rows that are gone, tell of imports whose
    process has gone, and remove files that no record names.
    """
    keys = idempotency.forget_old()
    notices.forget_old()
    tags.sweep()
    runs.settle_lost()
    return _("%(files)s files removed, %(keys)s keys of requests forgotten.", files=files.sweep(), keys=keys)
