"""How imports are shown."""

from __future__ import annotations

from app.core.exchange.models import ImportRun
from app.core.i18n import lazy_gettext as _l
from app.core.web.view import EntityView


class ImportRunView(EntityView, model=ImportRun):
    icon = "upload"
    help = _l("Every import: the file, what it added and changed, and what was refused.")
    empty = _l("Nothing was imported yet. Every list has an Import button.")
