"""The guard against formulas: a text that a spreadsheet would run is exported with an apostrophe before it.

An import takes off exactly what an export added: ``unguard_text(guard_text(text)) == text`` for every text.
One that already reads «apostrophes, then a dangerous character» gets one more, so that it never loses its
own.
"""

from __future__ import annotations

import re

# What a spreadsheet takes for the beginning of a formula, and the white space it skips before one.
_RUNS = re.compile(r"'*[=+\-@\t\r\n]")


def guard_text(text: str) -> str:
    """``text``, with a leading apostrophe if a spreadsheet might run it.  Never for numbers."""
    return f"'{text}" if _RUNS.match(text) else text


def unguard_text(text: str) -> str:
    """``text`` without the apostrophe that ``guard_text`` put before it; any other text as it is."""
    return text[1:] if text.startswith("'") and _RUNS.match(text) else text
