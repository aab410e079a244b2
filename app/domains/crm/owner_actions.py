"""The buttons with which customers change hands, of one customer and of many, and what they ask for."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from app.core import identity
from app.core.entity import User
from app.core.fields import Field, declared
from app.core.i18n import lazy_gettext as _l
from app.core.web.view import Asked, Done, RecordAction, ResourceAction
from app.domains.crm import owning
from app.domains.crm.companions import Labels
from app.domains.crm.models import Customer, CustomerShare

Deed = Callable[[list[int], Mapping[str, Any]], owning.Handed]


def _ids() -> Field:
    return Field(Customer, "ids", "ids", "relations", _l("Customers"), target=Customer, stored=False)


def _to() -> Field:
    return Field(Customer, "to", "to", "relation", _l("New owner"), target=User, stored=False)


def _reason() -> Field:
    return Field(Customer, "reason", "reason", "longtext", _l("Reason"), stored=False)


def _with() -> Field:
    help = _l("What is closed stays with whoever closed it; who wrote what stays as it is.")
    return Field(Customer, "with", "with", "choices", _l("Take along"), help, choices=Labels(), stored=False)


def _user() -> Field:
    return Field(Customer, "user", "user", "relation", _l("Share with"), target=User, stored=False)


def _access() -> Field:
    return _of_share("access")


def _until() -> Field:
    return _of_share("until")


def _of_share(name: str) -> Field:
    return declared(CustomerShare)[name]


def _transfer(ids: list[int], values: Mapping[str, Any]) -> owning.Handed:
    return owning.transfer(ids, values["to"], values["with"] or (), values["reason"])


DEEDS: tuple[tuple[str, Any, Deed, tuple[Asked, ...], tuple[str, ...], Callable[[Any], bool]], ...] = (
    (
        "claim",
        _l("Claim"),
        lambda ids, _values: owning.claim(ids),
        (),
        (),
        lambda row: row.owner_id is None,
    ),
    (
        "assign",
        _l("Assign"),
        lambda ids, values: owning.assign(ids, values["to"]),
        (_to,),
        ("to",),
        lambda row: row.owner_id is None,
    ),
    (
        "transfer",
        _l("Transfer"),
        _transfer,
        (_to, _with, _reason),
        ("to",),
        lambda row: row.owner_id is not None,
    ),
    (
        "share",
        _l("Share"),
        lambda ids, values: owning.share(ids, values["user"], values["access"], values["until"]),
        (_user, _access, _until),
        ("user",),
        lambda row: row.owner_id is not None,
    ),
    (
        "release",
        _l("Release"),
        lambda ids, values: owning.release(ids, values["reason"]),
        (_reason,),
        ("reason",),
        lambda row: row.owner_id is not None and row.owner_id == identity.user_id(),
    ),
)
"""(name, label, what does it, what it asks for, what of that is required, where its button stands)."""


def _one(deed: Deed) -> Callable[[Any, Mapping[str, Any]], Done]:
    def run(row: Any, values: Mapping[str, Any]) -> Done:
        handed = deed([row.id], values)
        return Done(row, handed.message, {"run": handed.run.id})

    return run


def _many(deed: Deed) -> Callable[[Mapping[str, Any]], Done]:
    def run(values: Mapping[str, Any]) -> Done:
        handed = deed(values["ids"] or [], values)
        return Done(handed.run, handed.message, {"run": handed.run.id, "done": handed.count})

    return run


TAKING = ("claim", "assign")  # what is done with a customer of the pool
ACTIONS = tuple(
    RecordAction(
        name,
        label,
        _one(deed),
        fields=fields,
        required=required,
        shown=shown,
        primary=name == "claim",
        locks=False,
        takes=name in TAKING,
    )
    for name, label, deed, fields, required, shown in DEEDS
)
RESOURCE_ACTIONS = tuple(
    ResourceAction(name, label, _many(deed), fields=(_ids, *fields), required=("ids", *required), most=owning.MOST)
    for name, label, deed, fields, required, _shown in DEEDS
)
