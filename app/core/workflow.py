"""State is data: a workflow names its states and the transitions between them.

Every transition is by itself a button, an API call and a permission; what it does is registered by the domain's
services with ``effect``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from app.core.i18n import lazy_gettext as _l

Effect = Callable[..., None]
CANCEL = "cancel"  # the transition that takes a document back, with all that hangs on it


@dataclass(frozen=True)
class Transition:
    """One way from a state to another.

    ``fields`` are the document's fields that may be given with it (``required`` ones must); a ``comment`` may always be
    given: «asked» for it in the dialog, or «required»; ``allowed`` says whether the actor may do it to this document at
    all (refused with 403); ``primary`` is the button that stands out; ``confirm`` is asked first.
    """

    name: str
    source: str | tuple[str, ...]
    target: str
    label: Any
    fields: tuple[str, ...] = ()
    required: tuple[str, ...] = ()
    comment: Literal["", "asked", "required"] = ""
    allowed: Callable[[Any], bool] | None = None
    primary: bool = False
    confirm: Any = ""
    tone: str = ""

    @property
    def sources(self) -> tuple[str, ...]:
        """The states it starts from."""
        return (self.source,) if isinstance(self.source, str) else self.source

    @property
    def permission(self) -> str:
        """The permission it needs: «can_submit»."""
        return f"can_{self.name}"


@dataclass(frozen=True)
class Workflow:
    """States (value → label) with their colours, and the transitions between them; the first state is the initial one.

    ``over`` are the states, besides the cancelled one, in which a document has no effect any more (lost, rejected):
    what it hangs on can be cancelled without it.
    """

    states: Mapping[str, Any]
    tones: Mapping[str, str]
    transitions: tuple[Transition, ...]
    editable: tuple[str, ...] = ("draft",)
    over: tuple[str, ...] = ()
    effects: dict[str, list[Effect]] = field(default_factory=dict)

    @property
    def initial(self) -> str:
        """The state a document begins in."""
        return next(iter(self.states))

    def find(self, name: str) -> Transition | None:
        """The transition called ``name``."""
        return next((transition for transition in self.transitions if transition.name == name), None)

    def is_in_force(self, state: str) -> bool:
        """Whether a document in ``state`` has an effect, or may come to have one."""
        cancel = self.find(CANCEL)
        return state not in self.over and (cancel is None or state != cancel.target)

    def effect(self, name: str) -> Callable[[Effect], Effect]:
        """Register what the transition ``name`` does: a function of the document, called with the state still as it
        was.
        """
        if self.find(name) is None:
            raise LookupError(f"no transition {name!r}")

        def register(function: Effect) -> Effect:
            self.effects.setdefault(name, []).append(function)
            return function

        return register

    def reachable(self) -> set[str]:
        """The states that can be come to from the initial one."""
        found, before = {self.initial}, set[str]()
        while found != before:
            before = set(found)
            found |= {step.target for step in self.transitions if set(step.sources) & found}
        return found


def posting() -> Workflow:
    """The workflow of a document that is posted once and reversed as a whole: draft → posted → cancelled."""
    return Workflow(
        states={"draft": _l("Draft"), "posted": _l("Posted"), "cancelled": _l("Cancelled")},
        tones={"draft": "grey", "posted": "green", "cancelled": "red"},
        transitions=(
            Transition("post", "draft", "posted", _l("Post"), primary=True),
            Transition(
                "cancel",
                "posted",
                "cancelled",
                _l("Cancel document"),
                comment="asked",
                tone="danger",
                confirm=_l("What was posted is reversed with entries of the opposite sign. The number stays used."),
            ),
        ),
    )
