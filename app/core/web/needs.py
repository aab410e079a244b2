"""What must be there before a row can be made: said on the empty list, the board and the form, with the button that
helps.
"""

from __future__ import annotations

from urllib.parse import urlencode

import sqlalchemy as sa

from app.core import db, identity
from app.core.i18n import gettext as _
from app.core.web import reach
from app.core.web.page import Action
from app.core.web.page_lists import Lack
from app.core.web.view import EntityView, Need, views


def lack(view: type[EntityView], back: str) -> Lack | None:
    """The first thing that rows of ``view`` need and that is not there, with what the actor may do about it; None when
    all is there.  ``back`` is where that leads back to.
    """
    for need in view.needs:
        if db.session.scalars(sa.select(views[need.resource].model.id).limit(1)).first() is None:
            ways = _ways(views[need.resource], need, back)
            return Lack(str(need.text), ways, "" if ways else _("Ask an administrator to add them."))
    return None


def _ways(view: type[EntityView], need: Need, back: str) -> list[Action]:
    base, found = f"/{need.resource}", []
    action = view.resource_action(need.action)
    if action is not None and identity.require().may(action.permission, view.model.permission_key()):
        url = f"{base}/do/{action.name}?{urlencode({'next': back})}"
        found.append(Action(action.name, str(action.label), url, rank="primary", icon="plus"))
    if reach.may(view, "add") and reach.may(view, "list"):
        found.append(Action("list", str(view.model.labels), f"{base}/list/", method="get", icon=view.icon))
    return found
