"""The console's addresses: hundreds of rules, of which few are ever built from a name.

Werkzeug compiles a function for each rule's address when the rule is added, two thirds of a second for 600 rules; ours
compiles it when it is first called for.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from werkzeug.routing import Rule


class LazyRule(Rule):
    """A rule whose address is compiled when it is first built."""

    def _compile_builder(self, append_unknown: bool = True) -> Callable[..., tuple[str, str]]:
        compiler = super()._compile_builder
        name = "_build_unknown" if append_unknown else "_build"

        def build(rule: Any, *args: Any, **kwargs: Any) -> tuple[str, str]:
            compiled = compiler(append_unknown).__get__(rule, None)
            setattr(rule, name, compiled)
            return compiled(*args, **kwargs)

        return build
