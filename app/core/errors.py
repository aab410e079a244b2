"""What can go wrong in the business, each with a sentence for people.

A refusal is an exception; the edge (a page, the API, an import, a job) rolls back and tells it.  ``status`` is the
answer's HTTP status in the order of the web contract: 404 not visible, 403 not permitted, 409 the state or version does
not allow it, 422 a
rule refuses.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from app.core.i18n import gettext as _
from app.core.i18n import listed


def about(label: str, message: str) -> str:
    """``message`` with the ``label`` of what it is about, if that has one."""
    return _("%(label)s: %(message)s", label=label, message=message) if label else message


class BusinessError(Exception):
    """A rule refuses.  ``errors`` maps field names to messages; "" holds what concerns the whole; ``more`` is what the
    API answers besides.
    """

    status = 422
    more: Mapping[str, Any] = {}

    def __init__(self, message: str = "", errors: dict[str, list[str]] | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.errors = errors or {}

    @property
    def texts(self) -> list[str]:
        """What it says of fields and of the whole, one sentence each, without the fields' names."""
        return [text for messages in self.errors.values() for text in messages]

    @property
    def words(self) -> str:
        """All of it as one text: what it says of fields, or else its message."""
        return " ".join(self.texts) or self.message


class Invalid(BusinessError):
    """Fields that can't be taken as they are: ``Invalid({"email": ["…"]})``."""

    def __init__(self, errors: dict[str, list[str]], message: str = "") -> None:
        super().__init__(message or _("Please correct what is marked."), errors)


class NotVisible(BusinessError):
    """There is no such row, or none that the actor may see: the same answer for both."""

    status = 404

    def __init__(self, message: str = "") -> None:
        super().__init__(message or _("There is nothing here under this number, or it is not yours to see."))


class NotPermitted(BusinessError):
    """The actor sees the row but may not do this."""

    status = 403

    def __init__(self, message: str = "") -> None:
        super().__init__(message or _("Your role does not allow this. Ask an administrator if you need it."))


class Conflict(BusinessError):
    """The state or the version of the row does not allow it now."""

    status = 409


class Stale(Conflict):
    """Somebody saved the row since it was read; ``more`` says which version stands now, and what differs."""

    def __init__(self, who: str, when: str, changes: list[str], more: Mapping[str, Any]) -> None:
        self.more = more
        what = listed(changes)
        super().__init__(
            _(
                "%(who)s changed this on %(when)s (%(what)s). Look at the new version and save again.",
                who=who,
                when=when,
                what=what,
            )
            if what
            else _("%(who)s changed this on %(when)s. Look at the new version and save again.", who=who, when=when)
        )


class InUse(Conflict):
    """The row can't go: others refer to it, which ``by`` tells; ``may_rest`` when it can be made inactive."""

    def __init__(self, what: str, by: str, more: Mapping[str, Any], *, may_rest: bool) -> None:
        self.more = more
        super().__init__(
            _(
                "%(what)s can't be deleted: it is used by %(by)s. Make it inactive instead, or remove those first.",
                what=what,
                by=by,
            )
            if may_rest
            else _("%(what)s can't be deleted: it is used by %(by)s. Remove those first.", what=what, by=by)
        )


class Busy(BusinessError):
    """Others hold what is needed, for longer than we wait."""

    status = 503

    def __init__(self) -> None:
        super().__init__(_("Many are saving at once. Please try again."))
