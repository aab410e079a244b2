"""A row as a name card: a file to download, and a QR code that a telephone's camera takes it from."""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import Any

from flask import send_file
from markupsafe import Markup
from werkzeug.datastructures import MultiDict
from werkzeug.wrappers import Response

from app.core import bulk, qr
from app.core.errors import NotVisible
from app.core.exchange import vcard
from app.core.exchange.exporter import card_of
from app.core.fields import readable
from app.core.i18n import gettext as _
from app.core.web import query, reach, selection
from app.core.web.deeds import export_response
from app.core.web.panels import Panel
from app.core.web.view import EntityView, views

FORMAT = "vcf"
CHOSEN = "export-vcf"  # what is done to chosen rows


@dataclass(frozen=True)
class CardShown:
    """The code («» when the card is too long for one), and where the card is a file («» for whoever takes none)."""

    code: Markup
    url: str


def download(view: type[EntityView], pk: int) -> Response:
    """The row ``pk`` as a vCard.  Raises NotVisible, NotPermitted."""
    if not view.model.card:
        raise NotVisible()
    row = reach.row(view, pk, "export")
    file = io.BytesIO(vcard.text(_told(row)).encode())
    return send_file(
        file, mimetype=vcard.MEDIA_TYPE, as_attachment=True, download_name=f"{' '.join(str(row).split())}.{FORMAT}"
    )


def chosen(view: type[EntityView], form: MultiDict[str, str]) -> Response:
    """The rows chosen on the list as one file of vCards.  Raises NotVisible, NotPermitted, Invalid."""
    if not view.model.card:
        raise NotVisible()
    reach.enter(view, "export")
    ids = bulk.read_ids(selection.chosen(view, form))
    order, descending = query.default_order(view.model, view.sort)
    asked = query.ListQuery(view.model, order=order, descending=descending)
    return export_response(view, asked, FORMAT, only=ids)


def panel(row: Any) -> Panel | None:
    """The row's card as a code, for its page."""
    view = views.get(type(row).resource)
    code = qr.svg(vcard.text(_told(row), folded=False), _("QR code of %(what)s", what=row))
    url = f"/{type(row).resource}/card/{row.id}" if view is not None and reach.may(view, "export") else ""
    if not code and not url:
        return None
    # Made of figures alone: what the card says is in its modules, and its title is escaped.
    return Panel("card", _("Name card"), "kehu/panel_card.html", CardShown(Markup(code), url))


def _told(row: Any) -> dict[str, Any]:
    known = readable(type(row))
    return card_of({header: known[name] for name, header in type(row).card.items() if name in known}, row)
