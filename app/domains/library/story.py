"""What papers tell of the story of a customer and of an opportunity: each file as it came."""

from __future__ import annotations

from app.core.i18n import gettext as _
from app.core.timeline import related
from app.domains.library.models import File

for resource, key, where in (
    ("customers", File.customer_id, None),
    ("opportunities", File.record_id, File.record_resource == "opportunities"),
):
    related(
        resource,
        File,
        key,
        lambda row: _("File: %(title)s", title=row.title),
        text=lambda row: row.name or "",
        icon="folder",
        where=where,
    )
