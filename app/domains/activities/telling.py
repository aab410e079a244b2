"""Who is told of guidance, answers and suggestions.

What was said stands in the text of a mail, never in its subject, which more people come to read.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import sqlalchemy as sa

from app.core import events, identity, notices
from app.core.entity import User, entity_for
from app.core.i18n import gettext as _
from app.core.i18n import lazy_gettext as _l
from app.core.users import full_name
from app.domains.activities.models import Review, Suggestion
from app.domains.people.telling import Message, tell

REVIEWS: Any = sa.inspect(Review).local_table

GUIDANCE, WAITING, ANSWERED, SUGGESTED = "guidance", "guidance-waiting", "guidance-answered", "suggestion-answered"
notices.KINDS |= {
    GUIDANCE: _l("A superior gives you guidance"),
    WAITING: _l("Guidance of yours waits for an answer"),
    ANSWERED: _l("Your guidance is answered"),
    SUGGESTED: _l("Your suggestion is answered"),
}


@events.on_records
def tell_of_new(connection: sa.Connection, happened: Sequence[events.RecordEvent]) -> None:
    """Tell of guidance that was just given, or has come to ask for an answer; what no longer does lets go of both."""
    mine = [each for each in happened if each.resource == Review.resource]
    asked = {
        each.record for each in mine if each.deed not in ("create", "import") and "requires_answer" in each.changes
    }
    new = {each.record for each in mine if each.deed in ("create", "import")}
    for each in mine:
        if each.deed == "delete":
            notices.settle(each.record, (GUIDANCE, WAITING))
    ids = [int(record.partition("/")[2]) for record in new | asked]
    for review in connection.execute(sa.select(REVIEWS).where(REVIEWS.c.id.in_(ids))) if ids else ():
        record = f"{Review.resource}/{review.id}"
        if record in asked and not review.requires_answer:
            notices.settle(record, (GUIDANCE, WAITING))
            continue
        tell_of_guidance(connection, review)
        if record in asked:
            notices.wait(record, GUIDANCE)
            notices.wait(record, WAITING)


def tell_of_guidance(connection: sa.Connection, review: Any) -> None:
    """Tell the one whose work it is about; what asks for an answer stays with both until it is given.  ``review`` is a row
    of its table: nothing is read through a session that is about to write it.
    """
    people: Any = sa.inspect(User).local_table
    found = connection.execute(
        sa.select(people.c.id, people.c.username, people.c.first_name, people.c.last_name).where(
            people.c.id.in_((review.author_id, review.to_id))
        )
    )
    names = {row.id: full_name(row) for row in found}
    record, path = f"{Review.resource}/{review.id}", f"/reviews/show/{review.id}"
    about = _about(review)
    messages = {
        review.to_id: Message(
            lambda: _("%(who)s gives you guidance on a %(what)s", who=names[review.author_id], what=about()),
            [],
            path,
            lambda: review.body + ("\n\n" + _("Please answer.") if review.requires_answer else ""),
            record,
            review.requires_answer,
        )
    }
    tell(GUIDANCE, messages, f"guidance {review.id}")
    if review.requires_answer:

        def owed() -> str:
            return _("%(who)s has to answer your guidance on a %(what)s", who=names[review.to_id], what=about())

        tell(WAITING, {review.author_id: Message(owed, [], path, None, record, True)}, f"guidance {review.id}, waiting")


def tell_of_answer(review: Review) -> None:
    """Take it out of both inboxes, and tell who asked."""
    record = f"{Review.resource}/{review.id}"
    notices.settle(record, (GUIDANCE, WAITING))
    to = full_name(review.to)
    if review.author_id == identity.user_id():
        return
    answer = review.answer or ""
    message = Message(
        lambda: _("%(who)s answers your guidance", who=to),
        [],
        f"/reviews/show/{review.id}",
        lambda: answer,
        record,
    )
    tell(ANSWERED, {review.author_id: message}, f"guidance {review.id}, answered")


def tell_of_suggestion(suggestion: Suggestion) -> None:
    """Tell who made it what management says."""
    answer = suggestion.answer or ""
    message = Message(
        lambda: _("Your suggestion is answered"),
        [],
        f"/suggestions/show/{suggestion.id}",
        lambda: f"{suggestion.body}\n\n{answer}",
        f"{Suggestion.resource}/{suggestion.id}",
    )
    tell(SUGGESTED, {suggestion.owner_id: message}, f"suggestion {suggestion.id}, version {suggestion.version}")


def _about(review: Any) -> Callable[[], str]:
    model = entity_for(review.record_resource)
    return lambda: str(model.label if model is not None else "").lower()
