"""The job that reads the text inside files, so that it is found."""

from __future__ import annotations

from app.core.i18n import gettext as _
from app.domains.library import services
from app.jobs.job import Occasion


def read(_occasion: Occasion) -> str:
    """Read a portion of the files that wait for it; each is done once it is done, whatever becomes of the next."""
    read, failed = services.read_waiting()
    if not read and not failed:
        return ""
    return _("%(read)s files read, %(failed)s could not be read.", read=read, failed=failed)
