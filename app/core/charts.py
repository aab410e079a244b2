"""A chart, declared as data: what is counted, by what, and where a point leads.

A domain gives a ``Chart``; ``core.web.chart`` makes the figure of it (a picture, and a table of the same numbers for
whoever can't see it), and ``static/kehu/charts.js`` draws it.  What a chart counts is read within the scope, as any list
is: a figure never tells of rows that the reader does not see.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

KINDS = ("bar", "stacked", "line", "doughnut")
TONES = ("accent", "green", "amber", "blue", "red", "grey")  # of series, in this order unless they say otherwise
Number = int | Decimal


@dataclass(frozen=True)
class Series:
    """One row of bars, one line, or the one ring of a doughnut: a number for each of the chart's labels.

    ``urls`` are where each point leads (None: nowhere); ``tone`` one of ``TONES``.
    """

    name: Any
    values: Sequence[Number]
    urls: Sequence[str | None] = ()
    tone: str = ""


@dataclass(frozen=True)
class Chart:
    """What is drawn.  ``kind``: one of ``KINDS``; ``by`` heads the labels («Week»); ``scale`` is the number of decimals
    (None for whole numbers, 2 for money), ``unit`` what is counted («CNY»); ``total`` adds a last row to the table.

    Raises ValueError for a kind that there is not, or a series that has not a number for each label.
    """

    kind: str
    by: Any
    labels: Sequence[str]
    series: Sequence[Series]
    unit: str = ""
    scale: int | None = None
    total: bool = False
    titles: Sequence[str] = field(default_factory=tuple)  # labels in full, where they are cut short

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise ValueError(f"{self.kind} is no kind of chart")
        if self.kind == "doughnut" and len(self.series) != 1:
            raise ValueError("a doughnut has one series")
        for series in self.series:
            if len(series.values) != len(self.labels) or len(series.urls) not in (0, len(self.labels)):
                raise ValueError(f"{series.name} has not a value for each label")

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to see: every number is 0, or there is none."""
        return not any(value for series in self.series for value in series.values)
